"""Version and server: what answers there."""

from dataclasses import dataclass
import re
from typing import TYPE_CHECKING

from .errors import ConnectionCause, OctoPrintConnectionError, OctoPrintNotFoundError
from .parsing import label

if TYPE_CHECKING:
    from .client import OctoPrintClient

VERSION = re.compile(r"([0-9]{1,4})\.([0-9]{1,4})")


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerInfo:
    """The server."""

    version: str
    safe_mode: str | None
    """Why it runs in safe mode, None where it does not."""

    def is_at_least(self, major: int, minor: int) -> bool:
        """Return whether it is that version, a candidate for it, or a later one."""
        if (found := VERSION.match(self.version)) is None:
            return False
        return (int(found[1]), int(found[2])) >= (major, minor)


class ServerApi:
    """Calls of the families version and server."""

    def __init__(self, client: OctoPrintClient) -> None:
        """Keep the client that sends the requests."""
        self._client = client

    async def get(self) -> ServerInfo:
        """Return version and safe mode (GET /api/server, else GET /api/version).

        From then on the client knows what is peculiar to that version.
        """
        try:
            answer = await self._client.get("api/server", permission="STATUS")
        except (OctoPrintNotFoundError, OctoPrintConnectionError) as err:
            # A proxy that fails for one path keeps no printer from being loaded.
            if (
                isinstance(err, OctoPrintConnectionError)
                and err.cause is not ConnectionCause.BAD_GATEWAY
            ):
                raise
            answer = await self._client.get("api/version", permission="STATUS")
        version = label(answer.get("version")) or label(answer.get("server"))
        if version is None:
            raise OctoPrintConnectionError(
                "Something answered, but not OctoPrint", ConnectionCause.NOT_OCTOPRINT
            )
        info = ServerInfo(version=version, safe_mode=label(answer.get("safemode")))
        self._client.keeps_connections = info.is_at_least(1, 11)
        is_new = info.is_at_least(2, 0)
        self._client.printer_storage = "printer" if is_new else "sdcard"
        return info
