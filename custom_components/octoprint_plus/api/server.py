"""Version and server: what answers there."""

from .errors import ConnectionCause, OctoPrintConnectionError, OctoPrintNotFoundError
from .parsing import label
from .permissions import Permission
from .transport import ApiFamily
from .version import ServerInfo


class ServerApi(ApiFamily):
    """Calls of the families version and server."""

    async def get(self) -> ServerInfo:
        """Return version and safe mode (GET /api/server, else GET /api/version).

        From then on the transport knows what is peculiar to that version.
        """
        try:
            answer = await self._transport.get(
                "api/server", permission=Permission.STATUS
            )
        except (OctoPrintNotFoundError, OctoPrintConnectionError) as err:
            # A proxy that fails for one path keeps no printer from being loaded.
            if (
                isinstance(err, OctoPrintConnectionError)
                and err.cause is not ConnectionCause.BAD_GATEWAY
            ):
                raise
            answer = await self._transport.get(
                "api/version", permission=Permission.STATUS
            )
        version = label(answer.get("version")) or label(answer.get("server"))
        if version is None:
            raise OctoPrintConnectionError(
                "Something answered, but not OctoPrint", ConnectionCause.NOT_OCTOPRINT
            )
        info = ServerInfo(version=version, safe_mode=label(answer.get("safemode")))
        self._transport.server_info = info
        return info
