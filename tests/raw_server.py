"""A server that speaks as much HTTP as it takes to open a socket, then sends any bytes at all."""

import asyncio
from base64 import b64encode
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha1
import json
from typing import Self
import zlib

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10

# Subscribe, throttle, auth.
LOGIN_FRAMES = 3

LOGIN = {"name": "admin", "session": "DUMMY_SESSION", "permissions": ["ADMIN"]}


def frame(
    payload: bytes, opcode: int = TEXT, *, fin: bool = True, rsv1: bool = False
) -> bytes:
    """Return a frame as a server sends it."""
    length = len(payload)
    if length < 126:
        size = bytes([length])
    elif length < 65536:
        size = bytes([126]) + length.to_bytes(2)
    else:
        size = bytes([127]) + length.to_bytes(8)
    return bytes([fin << 7 | rsv1 << 6 | opcode]) + size + payload


def deflated(messages: Sequence[bytes]) -> bytes:
    """Return text frames that are compressed with what went before them in mind."""
    compressor = zlib.compressobj(wbits=-15)
    return b"".join(
        frame(
            (
                compressor.compress(message) + compressor.flush(zlib.Z_SYNC_FLUSH)
            ).removesuffix(b"\x00\x00\xff\xff"),
            rsv1=True,
        )
        for message in messages
    )


class RawServer:
    """Answers log-ins, and each request for a socket with the bytes that are next."""

    def __init__(self) -> None:
        """Prepare a server that does not listen yet."""
        self.streams: list[bytes] = []
        """What is sent after the switch to the socket; the last one again and again."""

        self.cuts: list[int] = []
        """After how many bytes, those of the switch included, each connection ends.

        Those that come after the last one stay open.
        """

        self.head: bytes | None = None
        """What is answered instead of switching to the socket."""

        self.listens_after: int | None = None
        """After how many bytes it waits for the messages that log a client in, if at all."""

        self.is_reset = False
        """Whether a connection ends by a reset."""

        self.opened = 0
        self.logins = 0
        self.received = bytearray()
        """All that clients sent."""

        self.port = 0
        self.writers: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        """Listen."""
        self._server = await asyncio.start_server(self._handle, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop listening, and drop all connections."""
        if self._server is not None:
            self._server.close()
            for writer in self.writers:
                writer.transport.abort()
            await self._server.wait_closed()

    @property
    def url(self) -> str:
        """Return the address."""
        return f"http://127.0.0.1:{self.port}"

    @staticmethod
    def switch(key: bytes) -> bytes:
        """Return the head with which OctoPrint switches to the socket."""
        accept = b64encode(sha1(key + MAGIC, usedforsecurity=False).digest())
        return (
            b"HTTP/1.1 101 Switching Protocols\r\n"
            b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n"
            b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
        )

    async def _handle(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.writers.append(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            request = await reader.readuntil(b"\r\n\r\n")
            self.received += request
            if request.startswith(b"POST "):
                await self._login(writer)
            else:
                await self._open(reader, writer, request)
        self.writers.remove(writer)
        if not writer.transport.is_closing():
            writer.close()

    async def _login(self, writer: asyncio.StreamWriter) -> None:
        self.logins += 1
        body = json.dumps(LOGIN).encode()
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        await writer.drain()

    async def _open(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        request: bytes,
    ) -> None:
        number = self.opened
        self.opened += 1
        key = next(
            line.partition(b":")[2].strip()
            for line in request.split(b"\r\n")
            if line.lower().startswith(b"sec-websocket-key")
        )
        stream = self.streams[min(number, len(self.streams) - 1)]
        data = (self.head or self.switch(key)) + stream
        end = self.cuts[number] if number < len(self.cuts) else len(data)
        start = 0
        if self.listens_after is not None and self.listens_after < end:
            start = self.listens_after
            writer.write(data[:start])
            for _ in range(LOGIN_FRAMES):
                await self._skip_frame(reader)
        writer.write(data[start:end])
        if number < len(self.cuts):
            if self.is_reset:
                await writer.drain()
                writer.transport.abort()
            return
        while data := await reader.read(65536):
            self.received += data

    @staticmethod
    async def _skip_frame(reader: asyncio.StreamReader) -> None:
        """Read a frame of a client, the sizes of which are small and masked."""
        _, size = await reader.readexactly(2)
        length = size & 0x7F
        if length == 126:
            length = int.from_bytes(await reader.readexactly(2))
        await reader.readexactly(4 + length)
