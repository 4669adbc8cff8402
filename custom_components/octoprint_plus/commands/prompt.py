"""The questions that a printer asks, and answering them."""

from ..api import action_command
from ..coordinator import OctoPrintCoordinator
from .execute import octoprint_command
from .refusals import refusal


def choice_names(prompt: action_command.Prompt) -> list[str]:
    """Return the answers to a question, each with a name of its own."""
    names: list[str] = []
    for number, choice in enumerate(prompt.choices, start=1):
        name = choice or f"#{number}"
        names.append(f"{name} ({number})" if name in names else name)
    return names


async def async_answer_prompt(
    coordinator: OctoPrintCoordinator, answer: str, label: str
) -> None:
    """Answer what the printer asks, by the name of a choice (POST /api/plugin/<plugin>).

    The label is what people call the command, for errors.
    """
    # Another question may have come while this waited for its turn.
    prompt = coordinator.data.plugins.prompt
    names = choice_names(prompt) if prompt else []
    if prompt is None or answer not in names:
        raise refusal("button_not_offered", coordinator.name, command=label)
    async with octoprint_command(coordinator, label):
        await coordinator.client.plugins.action_command.select(
            prompt, names.index(answer)
        )
