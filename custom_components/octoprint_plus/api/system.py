"""System: the commands that the server offers for itself and its machine."""

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import quote

from . import patience
from .errors import ConnectionCause, OctoPrintConnectionError
from .parsing import (
    MOST,
    identifier,
    items,
    label,
    mapping,
    members,
    message,
    number,
    texts,
)
from .quantities import byte_size

if TYPE_CHECKING:
    from .client import OctoPrintClient

ENDPOINT = "api/system"
COMMANDS = f"{ENDPOINT}/commands"
SOURCES = ("core", "plugin", "custom")

ENDED = (ConnectionCause.BAD_GATEWAY, ConnectionCause.BROKEN)

# More than a menu shows, and than a computer has.
MAX_COMMANDS = 200
MAX_DISKS = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class SystemCommand:
    """A command that the server offers."""

    source: str
    """core, plugin or custom, and whatever else OctoPrint comes to have."""

    action: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """The disk that a folder of OctoPrint's is on, in bytes."""

    free: int
    total: int


class SystemApi:
    """Calls of the family system."""

    def __init__(self, client: OctoPrintClient) -> None:
        """Keep the client that sends the requests."""
        self._client = client

    async def commands(self) -> tuple[SystemCommand, ...]:
        """Return the commands that are configured (GET /api/system/commands)."""
        answer = await self._client.get(COMMANDS, permission="SYSTEM")
        return tuple(
            SystemCommand(
                source=source,
                action=action,
                name=label(command.get("name")) or action,
            )
            for source in dict.fromkeys((*SOURCES, *texts(list(answer))))
            for command in items(answer.get(source), MAX_COMMANDS)
            if (action := identifier(command.get("action"))) and action != "divider"
        )

    async def run(self, command: SystemCommand) -> None:
        """Run a command (POST /api/system/commands/<source>/<action>).

        OctoPrint answers when it is done, unless its settings say that it runs in the
        background, as its own do.
        """
        try:
            await self._client.post(
                f"{COMMANDS}/{quote(command.source, safe='')}/{quote(command.action, safe='')}",
                {},
                permission="SYSTEM",
                timeout=patience.SYSTEM_COMMAND,
            )
        except OctoPrintConnectionError as err:
            if command.source != "core" or err.cause not in ENDED:
                raise
            # OctoPrint's own commands end it, sometimes before it has answered, and a
            # proxy in front of it answers then that nobody is there.

    async def usage(self) -> dict[str, Usage]:
        """Return the disks by folder, for example uploads (GET /api/system/usage)."""
        answer = await self._client.get(f"{ENDPOINT}/usage", permission="SYSTEM")
        return {
            name: Usage(free=free, total=total)
            for name, each in members(answer.get("usage"), MAX_DISKS)
            if (free := byte_size(each.get("free"))) is not None
            and (total := byte_size(each.get("total"))) is not None
        }

    async def info(self) -> dict[str, str]:
        """Return what OctoPrint knows of itself and its machine (GET /api/system/info).

        By names such as octoprint.version, python.version or printer.firmware.
        """
        answer = await self._client.get(f"{ENDPOINT}/info", permission="SYSTEM")
        return {
            name: found
            for key, value in islice(mapping(answer.get("systeminfo")).items(), MOST)
            if (name := identifier(key)) and (found := _told(value)) is not None
        }


def _told(value: object) -> str | None:
    """Return what is told of something as a text."""
    if isinstance(value, str):
        return message(value)
    return str(value) if isinstance(value, bool) or number(value) is not None else None
