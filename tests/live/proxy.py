"""Proxies in front of OctoPrint, with the faults that real ones have."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum, auto
import re
from typing import Self

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from scripts.lab.server import HOST, Server, free_port

REQUEST = re.compile(rb"([A-Z]+ \S+) HTTP/1\.[01]\r\n")
SWITCHING = b"HTTP/1.1 101 "
REFUSAL = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

# What concerns one connection only, or what aiohttp has undone or does again.
NOT_PASSED_ON = {
    "connection",
    "content-encoding",
    "content-length",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}


@dataclass(eq=False)
class Connection:
    """A connection that is passed on."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    flowing: asyncio.Event
    is_socket: bool = False
    """Whether it became a WebSocket."""

    def abort(self) -> None:
        """End both halves without a word."""
        self.flowing.set()
        self.client.transport.abort()
        self.server.transport.abort()

    def close(self) -> None:
        """End both halves once all is sent."""
        self.client.close()
        self.server.close()


class TcpProxy:
    """Passes connections on to a server until it is told not to."""

    def __init__(self, server: Server) -> None:
        """Take the server behind it."""
        self.port = free_port()
        self.refuses_sockets = False
        """Whether it answers as a proxy that does not speak WebSocket."""

        self.cuts_at: int | None = None
        """The number of the refused socket with which it goes away itself."""

        self.requests: list[str] = []
        """Method and path of all requests."""

        self._target = server.port
        self._listener: asyncio.Server | None = None
        self._connections: set[Connection] = set()
        self._is_frozen = False
        self._refused = 0

    @property
    def url(self) -> str:
        """Return the address at which the server is reached through it."""
        return f"http://{HOST}:{self.port}"

    @property
    def sockets(self) -> int:
        """Return how many WebSockets are open."""
        return sum(connection.is_socket for connection in self._connections)

    async def __aenter__(self) -> Self:
        """Listen."""
        await self.restore()
        return self

    async def __aexit__(self, *_: object) -> None:
        """End."""
        await self.cut()

    async def cut(self) -> None:
        """Refuse connections and drop those that are open."""
        if self._listener is None:
            return
        self._vanish()
        await self._listener.wait_closed()
        self._listener = None

    def _vanish(self) -> None:
        if self._listener is not None:
            self._listener.close()
        for connection in self._connections:
            connection.abort()

    async def restore(self) -> None:
        """Pass all on again, whatever came between."""
        self.refuses_sockets = False
        self.cuts_at = None
        self._refused = 0
        self._is_frozen = False
        for connection in self._connections:
            connection.flowing.set()
        if self._listener is None:
            self._listener = await asyncio.start_server(self._serve, HOST, self.port)

    def drop_sockets(self) -> None:
        """Drop the WebSockets that are open."""
        for connection in self._connections:
            if connection.is_socket:
                connection.abort()

    def freeze(self, *, new: bool) -> None:
        """Pass nothing on and close nothing, as a router that forgot the connections.

        With `new` those that are opened from now on too, as a cable that was pulled.
        """
        self._is_frozen = new
        for connection in self._connections:
            connection.flowing.clear()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            server_reader, server_writer = await asyncio.open_connection(
                HOST, self._target
            )
        except OSError:
            # As near to refused as can be.
            writer.transport.abort()
            return
        if self._listener is None or not self._listener.is_serving():
            # It was cut meanwhile.
            writer.transport.abort()
            server_writer.transport.abort()
            return
        connection = Connection(writer, server_writer, asyncio.Event())
        if not self._is_frozen:
            connection.flowing.set()
        self._connections.add(connection)
        await asyncio.gather(
            self._pass_up(connection, reader),
            self._pass_down(connection, server_reader),
        )
        self._connections.remove(connection)

    async def _pass_up(
        self, connection: Connection, reader: asyncio.StreamReader
    ) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                await connection.flowing.wait()
                # A client sends the head of a request in one piece.
                if not connection.is_socket and (request := REQUEST.match(data)):
                    self.requests.append(request[1].decode())
                    if self.refuses_sockets and request[1].endswith(b"/websocket"):
                        self._refused += 1
                        if self._refused == self.cuts_at:
                            self._vanish()
                        else:
                            connection.client.write(REFUSAL)
                        break
                connection.server.write(data)
                await connection.server.drain()
        await connection.flowing.wait()
        connection.close()

    async def _pass_down(
        self, connection: Connection, reader: asyncio.StreamReader
    ) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                await connection.flowing.wait()
                connection.is_socket |= data.startswith(SWITCHING)
                connection.client.write(data)
                await connection.client.drain()
        await connection.flowing.wait()
        connection.close()


@dataclass
class Door:
    """Who is let through by HTTP's Basic authentication, and what was asked of the proxy."""

    login: str
    """User and password, with a colon between."""

    asked: list[tuple[str, bool]] = field(default_factory=list)
    """The path of each request, and whether it was let through."""

    def lets_through(self, request: web.Request) -> bool:
        """Return whether a request has the log-in, and note it."""
        wanted = "Basic " + b64encode(self.login.encode()).decode()
        is_known = request.headers.get("Authorization") == wanted
        self.asked.append((request.path, is_known))
        return is_known


class Sockets(Enum):
    """What a reverse proxy does with a request for a WebSocket."""

    PASSED = auto()
    PASSED_AS_PLAIN_REQUEST = auto()
    """OctoPrint itself refuses it then, with 400."""

    NOT_FOUND = auto()
    PAGE = auto()


@asynccontextmanager
async def reverse_proxy(
    server: Server,
    path: str,
    sockets: Sockets = Sockets.PASSED,
    door: Door | None = None,
) -> AsyncGenerator[URL]:
    """Serve a server under a path, and yield the address."""
    async with aiohttp.ClientSession() as session:

        async def handle(request: web.Request) -> web.StreamResponse:
            if door is not None and not door.lets_through(request):
                challenge = {"WWW-Authenticate": 'Basic realm="Printer"'}
                return web.Response(status=401, text="No", headers=challenge)
            target = URL(server.url).join(request.rel_url)
            target = target.with_path(
                target.raw_path.removeprefix(path), encoded=True, keep_query=True
            )
            if request.path.endswith("/websocket"):
                if sockets is Sockets.PASSED:
                    return await pass_socket(request, target)
                if sockets is Sockets.NOT_FOUND:
                    return web.Response(status=404, text="Not here")
                if sockets is Sockets.PAGE:
                    return web.Response(text="<h1>Hello</h1>", content_type="text/html")
            async with session.request(
                request.method,
                target,
                allow_redirects=False,
                data=await request.read(),
                headers=passed_on(request.headers),
            ) as answer:
                return web.Response(
                    status=answer.status,
                    headers=passed_on(answer.headers),
                    body=await answer.read(),
                )

        async def pass_socket(request: web.Request, target: URL) -> web.StreamResponse:
            client = web.WebSocketResponse()
            await client.prepare(request)
            async with session.ws_connect(target) as upstream:

                async def pass_up() -> None:
                    async for message in client:
                        await upstream.send_str(message.data)
                    await upstream.close()

                async def pass_down() -> None:
                    async for message in upstream:
                        await client.send_str(message.data)
                    await client.close()

                await asyncio.gather(pass_up(), pass_down())
            return client

        app = web.Application()
        app.router.add_route("*", f"{path}/{{rest:.*}}", handle)
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        port = free_port()
        await web.TCPSite(runner, HOST, port).start()
        try:
            yield URL(f"http://{HOST}:{port}{path}/")
        finally:
            await runner.cleanup()


def passed_on(headers: Mapping[str, str]) -> CIMultiDict[str]:
    """Return the headers that a proxy passes on."""
    return CIMultiDict(
        (name, value)
        for name, value in headers.items()
        if name.lower() not in NOT_PASSED_ON
    )
