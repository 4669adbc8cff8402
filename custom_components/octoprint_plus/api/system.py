"""System: the commands that the server offers for itself and its machine."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from .wire import items, text

if TYPE_CHECKING:
    from .client import OctoPrintClient

ENDPOINT = "api/system/commands"
SOURCES = ("core", "plugin", "custom")


@dataclass(frozen=True, kw_only=True, slots=True)
class SystemCommand:
    """A command that the server offers."""

    source: str
    """core, plugin or custom."""

    action: str
    name: str


class SystemApi:
    """Calls of the family system."""

    def __init__(self, client: OctoPrintClient) -> None:
        """Keep the client that sends the requests."""
        self._client = client

    async def commands(self) -> tuple[SystemCommand, ...]:
        """Return the commands that are configured (GET /api/system/commands)."""
        answer = await self._client.get(ENDPOINT, permission="SYSTEM")
        return tuple(
            SystemCommand(
                source=source,
                action=action,
                name=text(command.get("name")) or action,
            )
            for source in SOURCES
            for command in items(answer.get(source))
            if (action := text(command.get("action"))) and action != "divider"
        )

    async def run(self, command: SystemCommand) -> None:
        """Run a command in the background (POST /api/system/commands/<source>/<action>)."""
        await self._client.post(
            f"{ENDPOINT}/{quote(command.source, safe='')}/{quote(command.action, safe='')}",
            {},
            permission="SYSTEM",
        )
