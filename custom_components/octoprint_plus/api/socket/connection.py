"""Sockets: what all that is said over OctoPrint's socket begins and ends with."""

import aiohttp

from ..errors import ConnectionCause, OctoPrintConnectionError
from ..parsing import Json
from ..private_aiohttp import stop_heartbeat

ENDPOINT = "sockjs/websocket"

# Seconds for each of the two answers that open a socket: the hello and, after the
# log-in, the history.
HANDSHAKE_TIMEOUT = 10

# The history may take so many times as long as the hello: it is made and sent while we
# wait. A socket that has fallen silent is given up by aiohttp sooner.
HISTORY_PATIENCE = 6

# What is sent is short and rare, and a compressor that is kept for it would take more
# memory than all else of a socket.
SEND_WINDOW = 9


async def send(socket: aiohttp.ClientWebSocketResponse[bool], message: Json) -> None:
    """Send a message, with a compressor of its own where the server takes compressed ones."""
    window = SEND_WINDOW if socket.compress else None
    await socket.send_json(message, compress=window)


async def close_socket(socket: aiohttp.ClientWebSocketResponse[bool]) -> None:
    """Close a socket in order."""
    try:
        await socket.close()
    finally:
        stop_heartbeat(socket)


def too_large() -> OctoPrintConnectionError:
    """Say that a message is too large, which is nearly always the history of temperatures."""
    return OctoPrintConnectionError(
        "A message is larger than any that is read; lower the graph cutoff in "
        "OctoPrint's settings under Temperatures, or restart OctoPrint",
        ConnectionCause.TOO_LARGE,
    )


def socket_end(reason: object) -> OctoPrintConnectionError:
    """Name why a socket ended, by what came instead of a message."""
    match reason:
        case TimeoutError():
            return OctoPrintConnectionError(
                "OctoPrint's socket has fallen silent", ConnectionCause.TIMEOUT
            )
        case aiohttp.WebSocketError(code=aiohttp.WSCloseCode.MESSAGE_TOO_BIG):
            return too_large()
    return OctoPrintConnectionError("The socket was closed", ConnectionCause.BROKEN)
