"""A proxy in front of OctoPrint that breaks what passes through it, in any way that a rule says."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

from scripts.lab.server import HOST, Server, free_port

END_OF_HEAD = b"\r\n\r\n"

# What would make an answer unreadable for us, or keep a connection for the next request.
DROPPED_HEADERS = (b"accept-encoding", b"connection", b"sec-websocket-extensions")

CLOSE_FRAME = 8


@dataclass(eq=False)
class Exchange:
    """One request, and the way back to the client who sent it."""

    method: str
    path: str
    head: bytes
    client: asyncio.StreamWriter
    client_reader: asyncio.StreamReader
    server_port: int

    @property
    def is_socket(self) -> bool:
        """Return whether a WebSocket is asked for."""
        return b"\r\nupgrade: websocket" in self.head.lower()

    async def send(self, data: bytes) -> None:
        """Send bytes to the client as they are."""
        self.client.write(data)
        await self.client.drain()

    async def respond(
        self,
        body: bytes,
        status: str = "200 OK",
        type_: str = "application/json",
        headers: str = "",
    ) -> None:
        """Send a whole answer."""
        await self.send(head(len(body), status, type_, headers) + body)

    async def hang(self) -> None:
        """Say nothing until the client gives up."""
        with suppress(ConnectionError):
            while await self.client_reader.read(65536):
                pass

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Send the request on and return the streams of the server."""
        reader, writer = await asyncio.open_connection(HOST, self.server_port)
        lines = [
            line
            for line in self.head.removesuffix(END_OF_HEAD).split(b"\r\n")
            if line.partition(b":")[0].lower() not in DROPPED_HEADERS
        ]
        lines.append(b"Connection: " + (b"Upgrade" if self.is_socket else b"close"))
        writer.write(b"\r\n".join(lines) + END_OF_HEAD)
        await writer.drain()
        return reader, writer

    async def body(self) -> bytes:
        """Return what the server really answers to a request without a body."""
        reader, writer = await self.open()
        answer = await reader.read()
        writer.close()
        _, _, body = answer.partition(END_OF_HEAD)
        return body


type Break = Callable[[Exchange], Awaitable[None]]
"""What is done instead of passing a request on."""

type Rule = Callable[[Exchange], Break | None]
"""Returns how a request is broken, None where it is passed on."""


def head(
    length: int,
    status: str = "200 OK",
    type_: str = "application/json",
    headers: str = "",
) -> bytes:
    """Return the head of an answer."""
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: {type_}\r\n{headers}"
        f"Content-Length: {length}\r\nConnection: close\r\n\r\n"
    ).encode()


@dataclass(eq=False)
class SocketRelay:
    """A WebSocket that is passed on frame by frame, so that others fit in between."""

    exchange: Exchange
    passes_down: bool = True
    """Whether what the server sends still reaches the client."""

    drips: bool = False
    """Whether it does so a byte at a time."""

    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def inject(self, data: bytes) -> None:
        """Send the client bytes that the server did not send."""
        async with self._lock:
            await self.exchange.send(data)

    def cut(self) -> None:
        """End it without a word."""
        self.exchange.client.transport.abort()

    async def run(self) -> None:
        """Pass on until one side ends."""
        reader, writer = await self.exchange.open()
        try:
            await self.exchange.send(await reader.readuntil(END_OF_HEAD))
            up = asyncio.create_task(self._pass_up(writer))
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._pass_down(reader)
            up.cancel()
        finally:
            writer.transport.abort()

    async def _pass_up(self, server: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await self.exchange.client_reader.read(65536):
                server.write(data)
                await server.drain()
        server.transport.abort()

    async def _pass_down(self, reader: asyncio.StreamReader) -> None:
        while True:
            frame = await read_frame(reader)
            if not self.passes_down:
                continue
            async with self._lock:
                if not self.drips:
                    await self.exchange.send(frame)
                    continue
                for at in range(len(frame)):
                    await self.exchange.send(frame[at : at + 1])
                    await asyncio.sleep(1)


async def read_frame(reader: asyncio.StreamReader) -> bytes:
    """Return one whole frame, as servers send them: without a mask."""
    start = await reader.readexactly(2)
    size = start[1] & 0x7F
    if size == 126:
        more = await reader.readexactly(2)
    elif size == 127:
        more = await reader.readexactly(8)
    else:
        more = b""
    length = int.from_bytes(more) if more else size
    return start + more + await reader.readexactly(length)


class FaultProxy:
    """Passes all on to a server but what a rule breaks."""

    def __init__(self, server: Server) -> None:
        """Take the server behind it."""
        self.port = free_port()
        self.rule: Rule | None = None
        self.requests: list[str] = []
        """Method and path of all requests."""

        self.relays: set[SocketRelay] = set()
        """The WebSockets that are open."""

        self._server = server
        self._listener: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        """Return the address at which the server is reached through it."""
        return f"http://{HOST}:{self.port}"

    @property
    def commands(self) -> list[str]:
        """Return the requests that change something at the server."""
        return [
            request
            for request in self.requests
            if not request.startswith(("GET ", "POST /api/login"))
        ]

    async def __aenter__(self) -> Self:
        """Listen."""
        await self.restore()
        return self

    async def __aexit__(self, *_: object) -> None:
        """End."""
        await self.refuse()

    async def restore(self) -> None:
        """Pass all on again."""
        self.rule = None
        for relay in self.relays:
            if not relay.passes_down or relay.drips:
                relay.cut()
        if self._listener is None:
            self._listener = await asyncio.start_server(self._serve, HOST, self.port)

    async def refuse(self) -> None:
        """Refuse connections and drop those that are open."""
        if self._listener is None:
            return
        self._listener.close()
        self.cut()
        await self._listener.wait_closed()
        self._listener = None

    def cut(self) -> None:
        """Drop all connections that are open."""
        for writer in self._writers:
            writer.transport.abort()

    def cut_sockets(self) -> None:
        """Drop the WebSockets that are open, so that Home Assistant reads everything again."""
        for relay in self.relays:
            relay.cut()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._writers.add(writer)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._exchange(reader, writer)
        finally:
            self._writers.discard(writer)
            writer.transport.abort() if writer.is_closing() else writer.close()

    async def _exchange(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        request = await reader.readuntil(END_OF_HEAD)
        method, path, _ = request.split(b"\r\n", 1)[0].decode().split(" ", 2)
        exchange = Exchange(method, path, request, writer, reader, self._server.port)
        self.requests.append(f"{method} {path}")
        if self.rule is not None and (broken := self.rule(exchange)) is not None:
            await broken(exchange)
        elif exchange.is_socket:
            relay = SocketRelay(exchange)
            self.relays.add(relay)
            try:
                await relay.run()
            finally:
                self.relays.discard(relay)
        else:
            await _pass_on(exchange)


async def _pass_on(exchange: Exchange) -> None:
    """Pass one request with its body and its answer on."""
    try:
        reader, writer = await exchange.open()
    except OSError:
        # As near to refused as can be.
        exchange.client.transport.abort()
        return

    async def pass_up() -> None:
        while data := await exchange.client_reader.read(65536):
            writer.write(data)
            await writer.drain()

    up = asyncio.create_task(pass_up())
    try:
        while data := await reader.read(65536):
            await exchange.send(data)
    finally:
        up.cancel()
        with suppress(asyncio.CancelledError, ConnectionError):
            await up
        writer.transport.abort()
