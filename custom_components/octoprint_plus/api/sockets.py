"""Sockets: what all that is said over OctoPrint's socket begins and ends with."""

import aiohttp

from .errors import ConnectionCause, OctoPrintConnectionError

ENDPOINT = "sockjs/websocket"

# Seconds for each of the two answers that open a socket: the hello and, after the
# log-in, the history.
HANDSHAKE_TIMEOUT = 10


async def close_socket(socket: aiohttp.ClientWebSocketResponse[bool]) -> None:
    """Close a socket in order."""
    try:
        await socket.close()
    finally:
        # aiohttp 3.14 takes the server's answer for a sign of life and starts the
        # timer of its heartbeat anew.
        socket._cancel_heartbeat()  # noqa: SLF001


def socket_end(reason: object) -> OctoPrintConnectionError:
    """Name why a socket ended, by what came instead of a message."""
    match reason:
        case TimeoutError():
            return OctoPrintConnectionError(
                "OctoPrint's socket has fallen silent", ConnectionCause.TIMEOUT
            )
        case aiohttp.WebSocketError(code=aiohttp.WSCloseCode.MESSAGE_TOO_BIG):
            return OctoPrintConnectionError(
                "A message is larger than any of OctoPrint's",
                ConnectionCause.NOT_OCTOPRINT,
            )
    return OctoPrintConnectionError("The socket was closed", ConnectionCause.BROKEN)
