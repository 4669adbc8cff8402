"""What there is no public way to in aiohttp, each with its reason.

`tests/api/test_private_aiohttp.py` fails where one of these goes, or is needed no more.
"""

import aiohttp


def was_redirected(socket: aiohttp.ClientWebSocketResponse[bool]) -> bool:
    """Return whether a WebSocket was opened elsewhere than was asked for.

    aiohttp follows redirects of a WebSocket, cannot be told not to, and does not say so.
    """
    return bool(socket._response.history)  # noqa: SLF001


def stop_heartbeat(socket: aiohttp.ClientWebSocketResponse[bool]) -> None:
    """Let nothing of a socket that is closed wake up any more.

    aiohttp 3.14 takes the server's answer to a close for a sign of life, and starts the timer
    of its heartbeat anew.
    """
    socket._cancel_heartbeat()  # noqa: SLF001
