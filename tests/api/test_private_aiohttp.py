"""Test the parts of aiohttp that are not public, of which there is one room.

Each of these fails once the part is gone; that of the heartbeat also once it is needed no more.
"""

import re

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from custom_components.octoprint_plus.api.private_aiohttp import (
    stop_heartbeat,
    was_redirected,
)
from tests.insides import heartbeat
from tests.test_floors import MODULES


async def answer(request: web.Request) -> web.WebSocketResponse:
    """Open a WebSocket, and close it when the client does."""
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    await socket.receive()
    return socket


async def redirect(_: web.Request) -> web.Response:
    """Send the client elsewhere."""
    raise web.HTTPFound("/there")


async def test_redirected(socket_enabled: None, session: aiohttp.ClientSession) -> None:
    app = web.Application()
    app.add_routes([web.get("/here", redirect), web.get("/there", answer)])
    async with TestServer(app, host="127.0.0.1") as server:
        for path, is_redirected in (("/here", True), ("/there", False)):
            async with session.ws_connect(server.make_url(path)) as socket:
                assert was_redirected(socket) is is_redirected


async def test_heartbeat(socket_enabled: None, session: aiohttp.ClientSession) -> None:
    """The heartbeat of a socket that is closed goes on, until it is stopped."""
    app = web.Application()
    app.add_routes([web.get("/", answer)])
    async with TestServer(app, host="127.0.0.1") as server:
        socket = await session.ws_connect(server.make_url("/"), heartbeat=15)
        await socket.close()
        timer = heartbeat(socket)
        assert timer is not None
        assert not timer.cancelled()
        stop_heartbeat(socket)
        assert timer.cancelled()


def test_no_other_private_part_is_used() -> None:
    """Other objects' private parts are used in that one room only."""
    private = re.compile(r"noqa: SLF001")
    using = {
        ".".join(module)
        for module, path in MODULES.items()
        if private.search(path.read_text(encoding="utf-8"))
    }
    assert using == {"api.private_aiohttp"}
