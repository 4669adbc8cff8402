"""Tests of what all that is said over OctoPrint's socket has in common."""

from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
import pytest

from custom_components.octoprint_plus.api.socket.connection import send
from tests.insides import keeps_compressor


@pytest.mark.parametrize("is_compressed", [True, False])
@pytest.mark.usefixtures("socket_enabled")
async def test_send(is_compressed: bool) -> None:
    """Test that all is understood, and that no compressor is kept for it."""
    heard: list[Any] = []

    async def serve(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=is_compressed)
        await socket.prepare(request)
        heard.extend([await socket.receive_json() for _ in range(20)])
        await socket.close()
        return socket

    app = web.Application()
    app.router.add_get("/", serve)
    said = [
        {"throttle": number, "text": "again and again " * 20} for number in range(20)
    ]
    async with (
        TestServer(app) as server,
        aiohttp.ClientSession() as session,
        session.ws_connect(server.make_url("/"), compress=15) as socket,
    ):
        assert bool(socket.compress) is is_compressed
        for message in said:
            await send(socket, message)
        await socket.receive()
        assert not keeps_compressor(socket)
    assert heard == said
