"""A TCP proxy that counts what Home Assistant and OctoPrint say to each other."""

import asyncio
from dataclasses import dataclass, fields, replace
import re
from typing import Self, override

from scripts.lab.server import HOST, free_port

_REQUEST = re.compile(rb"[A-Z]+ \S+ HTTP/1\.[01]\r\n")
_SWITCHING = b"HTTP/1.1 101"


@dataclass
class Counts:
    """What went through; bytes as TCP carries them, without the headers of its packets."""

    connections: int = 0
    websockets: int = 0
    requests: int = 0
    bytes_up: int = 0
    bytes_down: int = 0

    def __sub__(self, other: Self) -> Self:
        """Return what came since."""
        return replace(
            self,
            **{
                field.name: getattr(self, field.name) - getattr(other, field.name)
                for field in fields(self)
            },
        )

    @property
    def bytes(self) -> int:
        """Return the bytes of both directions."""
        return self.bytes_up + self.bytes_down

    def copy(self) -> Self:
        """Return the counts as they are now."""
        return replace(self)


class CountingProxy:
    """Listens on a port of its own and passes everything on to another."""

    def __init__(self, target: int) -> None:
        """Take the port to pass on to."""
        self.port = free_port()
        self.target = target
        self.counts = Counts()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Return the address for those who are to be counted."""
        return f"http://{HOST}:{self.port}"

    async def __aenter__(self) -> Self:
        """Listen."""
        self._server = await asyncio.get_running_loop().create_server(
            lambda: _Client(self), HOST, self.port
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop, and close what is open."""
        if self._server is not None:
            self._server.close()
            self._server.abort_clients()
            await self._server.wait_closed()


class _Side(asyncio.Protocol):
    """One end of a connection; what it hears its peer says."""

    transport: asyncio.Transport | None = None
    peer: _Side | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        if self.peer is not None and self.peer.transport is not None:
            # What was said last is still delivered.
            self.peer.transport.close()

    def say(self, data: bytes) -> None:
        """Send to this end."""
        if self.transport is not None:
            self.transport.write(data)


class _Client(_Side):
    """The end of the one who connected."""

    def __init__(self, proxy: CountingProxy) -> None:
        self._proxy = proxy
        self._waiting: list[bytes] = []
        self._connecting: asyncio.Task[None] | None = None
        self.is_websocket = False

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._proxy.counts.connections += 1
        self._connecting = asyncio.create_task(self._connect())

    async def _connect(self) -> None:
        upstream = _Upstream(self._proxy.counts, self)
        try:
            await asyncio.get_running_loop().create_connection(
                lambda: upstream, HOST, self._proxy.target
            )
        except OSError:
            # Nobody listens there. The caller sees its connection end at once, as near to refused as can be.
            if self.transport is not None:
                self.transport.abort()
            return
        self.peer = upstream
        if self.transport is None and upstream.transport is not None:
            upstream.transport.close()
        for data in self._waiting:
            upstream.say(data)
        self._waiting.clear()

    @override
    def data_received(self, data: bytes) -> None:
        counts = self._proxy.counts
        counts.bytes_up += len(data)
        # A client sends a request's head in one piece, and its next one only after the answer.
        if not self.is_websocket and _REQUEST.match(data):
            counts.requests += 1
        if self.peer is None:
            self._waiting.append(data)
        else:
            self.peer.say(data)


class _Upstream(_Side):
    """The end at OctoPrint."""

    def __init__(self, counts: Counts, client: _Client) -> None:
        self._counts = counts
        self._client = client
        self.peer = client

    @override
    def data_received(self, data: bytes) -> None:
        self._counts.bytes_down += len(data)
        if not self._client.is_websocket and data.startswith(_SWITCHING):
            self._client.is_websocket = True
            self._counts.websockets += 1
        self._client.say(data)
