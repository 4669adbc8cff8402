"""Version and server: what answers there."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .errors import ConnectionCause, OctoPrintConnectionError, OctoPrintNotFoundError
from .wire import text

if TYPE_CHECKING:
    from .client import OctoPrintClient


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerInfo:
    """The server."""

    version: str
    safe_mode: str | None
    """Why it runs in safe mode, None where it does not."""


class ServerApi:
    """Calls of the families version and server."""

    def __init__(self, client: OctoPrintClient) -> None:
        """Keep the client that sends the requests."""
        self._client = client

    async def get(self) -> ServerInfo:
        """Return version and safe mode (GET /api/server, else GET /api/version)."""
        try:
            answer = await self._client.get("api/server", permission="STATUS")
        except OctoPrintNotFoundError:
            answer = await self._client.get("api/version", permission="STATUS")
        version = text(answer.get("version")) or text(answer.get("server"))
        if version is None:
            raise OctoPrintConnectionError(
                "Something answered, but not OctoPrint", ConnectionCause.NOT_OCTOPRINT
            )
        return ServerInfo(version=version, safe_mode=text(answer.get("safemode")))
