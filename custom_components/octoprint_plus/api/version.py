"""Version: which OctoPrint answers, and what is peculiar to it."""

from dataclasses import dataclass
import re

VERSION = re.compile(r"([0-9]{1,4})\.([0-9]{1,4})")


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerInfo:
    """The server."""

    version: str
    safe_mode: str | None
    """Why it runs in safe mode, None where it does not."""

    @property
    def keeps_connections(self) -> bool:
        """Return whether it survives a command on a connection that was used before.

        Up to OctoPrint 1.10 a command that follows a request without a body on the same
        connection is reset before it is executed.
        """
        return self.is_at_least(1, 11)

    @property
    def printer_storage(self) -> str:
        """Return what the printer's own storage is called; it is not always a card any more."""
        return "printer" if self.is_at_least(2, 0) else "sdcard"

    def is_at_least(self, major: int, minor: int) -> bool:
        """Return whether it is that version, a candidate for it, or a later one."""
        if (found := VERSION.match(self.version)) is None:
            return False
        return (int(found[1]), int(found[2])) >= (major, minor)
