"""A socket that collects what plugins push."""

import asyncio
import base64
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
import json
from typing import Any

import aiohttp

from custom_components.octoprint_plus.api import OctoPrintClient
from custom_components.octoprint_plus.api.plugins.messages import (
    EVENT_PARSERS,
    MESSAGE_PARSERS,
    parse_plugin_event,
    parse_plugin_message,
)
from scripts.lab import OctoPrintServer

TIMEOUT = 60

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)

THUMBNAIL = f"""\
; thumbnail begin 1x1 {len(PIXEL)}
; {base64.b64encode(PIXEL).decode()}
; thumbnail end
"""


class Pushed:
    """The messages so far, as they were read."""

    def __init__(self) -> None:
        """Start with none."""
        self.messages: list[object] = []
        self._has_more = asyncio.Event()

    def read(self, frame: str | bytes) -> None:
        """Take a frame of the socket."""
        message: dict[str, Any] = json.loads(frame)
        found = None
        if "plugin" in message:
            found = parse_plugin_message(message["plugin"])
        elif "event" in message:
            event = message["event"]
            found = parse_plugin_event(event["type"], event["payload"])
        if found is not None:
            self.messages.append(found)
            self._has_more.set()

    def clear(self) -> None:
        """Forget the messages so far."""
        self.messages.clear()

    async def one[M](self, kind: type[M]) -> M:
        """Wait for a message of a kind, and take the first."""
        while True:
            for number, message in enumerate(self.messages):
                if isinstance(message, kind):
                    del self.messages[number]
                    return message
            await self._more(kind)

    async def until(self, expected: object) -> None:
        """Wait for a message, and take it.

        Messages and events overtake each other, so others stay.
        """
        while expected not in self.messages:
            await self._more(expected)
        self.messages.remove(expected)

    async def _more(self, expected: object) -> None:
        self._has_more.clear()
        try:
            async with asyncio.timeout(TIMEOUT):
                await self._has_more.wait()
        except TimeoutError:
            raise AssertionError(f"{expected} is not in {self.messages}") from None


@asynccontextmanager
async def plugin_socket(client: OctoPrintClient) -> AsyncGenerator[Pushed]:
    """Listen to all plugins and events that can be read."""
    socket = await client.open_socket("sockjs/websocket")
    pushed = Pushed()
    login = await client.access.login()
    await socket.send_json(
        {
            "subscribe": {
                "state": {"logs": False, "messages": False},
                "events": list(EVENT_PARSERS),
                "plugins": list(MESSAGE_PARSERS),
            }
        }
    )
    await socket.send_json({"auth": f"{login.name}:{login.session}"})
    while b'"history"' not in (await socket.receive()).data:
        pass

    async def listen() -> None:
        async for frame in socket:
            if frame.type is aiohttp.WSMsgType.TEXT:
                pushed.read(frame.data)

    listening = asyncio.create_task(listen())
    try:
        yield pushed
    finally:
        await socket.close()
        await listening


async def set_plugin(client: OctoPrintClient, plugin: str, **settings: Any) -> None:
    """Change settings of a plugin."""
    await client.post("api/settings", {"plugins": {plugin: settings}})


async def upload(
    server: OctoPrintServer, name: str, gcode: str, path: str = ""
) -> None:
    """Upload a file and wait until OctoPrint and its plugins have looked at it."""
    await server.upload(name, gcode, path=path)
    async with asyncio.timeout(60):
        while "gcodeAnalysis" not in await server.request(
            "GET", f"/api/files/local/{path}{name}"
        ):
            await asyncio.sleep(0.1)
