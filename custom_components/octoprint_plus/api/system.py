"""System: the commands that the server offers for itself and its machine."""

from dataclasses import dataclass
from urllib.parse import quote

from . import patience
from .errors import ConnectionCause, OctoPrintConnectionError
from .parsing import identifier, items, label, members, texts
from .permissions import Permission
from .quantities import byte_size
from .transport import ApiFamily

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


class SystemApi(ApiFamily):
    """Calls of the family system."""

    async def commands(self) -> tuple[SystemCommand, ...]:
        """Return the commands that are configured (GET /api/system/commands)."""
        answer = await self._transport.get(COMMANDS, permission=Permission.SYSTEM)
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
            await self._transport.post(
                f"{COMMANDS}/{quote(command.source, safe='')}/{quote(command.action, safe='')}",
                {},
                permission=Permission.SYSTEM,
                timeout=patience.SYSTEM_COMMAND,
            )
        except OctoPrintConnectionError as err:
            if command.source != "core" or err.cause not in ENDED:
                raise
            # OctoPrint's own commands end it, sometimes before it has answered, and a
            # proxy in front of it answers then that nobody is there.

    async def usage(self) -> dict[str, Usage]:
        """Return the disks by folder, for example uploads (GET /api/system/usage)."""
        answer = await self._transport.get(
            f"{ENDPOINT}/usage", permission=Permission.SYSTEM
        )
        return {
            name: Usage(free=free, total=total)
            for name, each in members(answer.get("usage"), MAX_DISKS)
            if (free := byte_size(each.get("free"))) is not None
            and (total := byte_size(each.get("total"))) is not None
        }
