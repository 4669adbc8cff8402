"""Action commands: the questions of the printer's own firmware."""

from dataclasses import dataclass

from ..errors import (
    OctoPrintConflictError,
    OctoPrintNotFoundError,
    OctoPrintPluginError,
)
from ..parsing import Json, label, mapping, message
from ..permissions import Permission
from .requests import PluginFamily

PROMPT_PLUGIN = "action_command_prompt"

# More than any printer has buttons for.
MAX_CHOICES = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompt:
    """A question of the printer."""

    text: str
    choices: tuple[str, ...]
    """The answers; there may be none, and two may read the same."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PromptShown:
    """The printer asks a question."""

    prompt: Prompt


@dataclass(frozen=True, kw_only=True, slots=True)
class PromptClosed:
    """There is no question any more: answered, taken back, or the printer is off."""


class ActionCommandApi(PluginFamily):
    """Calls of Action Command Prompt, which comes with OctoPrint."""

    async def prompt(self) -> Prompt | None:
        """Return the printer's question (GET /api/plugin/action_command_prompt).

        It may be one that the firmware is still putting together, or whose answer
        OctoPrint would not pass on: only PromptShown tells that it was asked. A new
        socket is not told a question that was asked before, so ask once after that.
        """
        answer = await self._plugins.get(
            PROMPT_PLUGIN, permission=Permission.PLUGIN_ACTION_COMMAND_PROMPT_INTERACT
        )
        if answer is not None and not isinstance(answer, dict):
            raise OctoPrintPluginError("Action Command Prompt did not answer a prompt")
        return _prompt(mapping(answer))

    async def select(self, prompt: Prompt, choice: int) -> None:
        """Answer a question with one of its choices, 0 for the first (POST select).

        Raises OctoPrintConflictError where the printer asks something else by now, or
        nothing, and where OctoPrint takes the answer without passing it on: it does
        so where the firmware has not said that it understands answers.
        """
        if not 0 <= choice < len(prompt.choices):
            raise OctoPrintNotFoundError(f"There is no choice {choice}")
        if await self.prompt() != prompt:
            raise OctoPrintConflictError("The printer does not ask that any more")
        await self._plugins.command(
            PROMPT_PLUGIN,
            "select",
            {"choice": choice},
            permission=Permission.PLUGIN_ACTION_COMMAND_PROMPT_INTERACT,
        )
        # What was passed on is closed before OctoPrint answers.
        if await self.prompt() == prompt:
            raise OctoPrintConflictError(
                "OctoPrint did not pass the answer on to the printer, whose firmware "
                "has not said that it takes any"
            )


def parse_prompt_message(data: Json) -> PromptShown | PromptClosed | None:
    """Read what Action Command Prompt pushes."""
    if data.get("action") == "close":
        return PromptClosed()
    if data.get("action") != "show" or (prompt := _prompt(data)) is None:
        return None
    return PromptShown(prompt=prompt)


def _prompt(data: Json) -> Prompt | None:
    if not isinstance(question := data.get("text"), str):
        return None
    choices = data.get("choices")
    return Prompt(
        text=message(question) or "",
        # An empty choice counts: an answer is the number of its place.
        choices=tuple(label(choice) or "" for choice in choices[:MAX_CHOICES])
        if isinstance(choices, list)
        else (),
    )
