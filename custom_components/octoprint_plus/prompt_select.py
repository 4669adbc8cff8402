"""The select that answers a question of the printer."""

from collections.abc import Iterable
from typing import override

from homeassistant.components.select import SelectEntity, SelectEntityDescription

from .api import Snapshot
from .api.plugins.action_command import INTERACT, PROMPT_PLUGIN, Prompt
from .entity import OctoPrintControlEntity
from .helpers import octoprint_command, refusal

PROMPT = SelectEntityDescription(key="prompt", translation_key="prompt")


def describe_prompt(snapshot: Snapshot) -> Iterable[SelectEntityDescription]:
    """Yield the selects that the server has and the key may use."""
    server = snapshot.server
    installed = server.settings.plugins if server.settings else frozenset()
    if PROMPT_PLUGIN in installed and server.user.may(INTERACT):
        yield PROMPT


def choice_names(prompt: Prompt) -> list[str]:
    """Return the answers to a question, each with a name of its own."""
    names: list[str] = []
    for number, choice in enumerate(prompt.choices, start=1):
        name = choice or f"#{number}"
        names.append(f"{name} ({number})" if name in names else name)
    return names


class OctoPrintPromptSelect(OctoPrintControlEntity, SelectEntity):
    """Defines the answer to a question of the printer."""

    _attr_current_option = None

    @property
    def prompt(self) -> Prompt | None:
        """Return the question."""
        return self.snapshot.plugins.prompt

    @property
    @override
    def available(self) -> bool:
        """Return whether there is a question that can be answered."""
        return (
            super().available
            and self.coordinator.may(INTERACT)
            and self.prompt is not None
            and bool(self.prompt.choices)
        )

    @property
    @override
    def options(self) -> list[str]:
        """Return the answers."""
        return choice_names(self.prompt) if self.prompt else []

    @property
    @override
    def extra_state_attributes(self) -> dict[str, str] | None:
        """Return the question's text."""
        return {"question": self.prompt.text} if self.prompt else None

    @override
    async def async_select_option(self, option: str) -> None:
        """Answer the question."""
        # Another question may have come while it waited for its turn.
        if (prompt := self.prompt) is None or option not in self.options:
            raise refusal(
                "button_not_offered", self.coordinator.name, command=self.label
            )
        async with octoprint_command(self.coordinator, self.label):
            await self.coordinator.client.plugins.action_command.select(
                prompt, self.options.index(option)
            )

    @override
    def shows(self) -> object:
        """Return all that the state is made of."""
        return self.prompt
