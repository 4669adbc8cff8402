"""Push: OctoPrint's socket, opened again whenever it is lost."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
import json
import random
from time import monotonic
from typing import Any

import aiohttp

from ..access import Login
from ..bodies import LARGE
from ..client import OctoPrintClient
from ..errors import ConnectionCause, OctoPrintConnectionError, OctoPrintError
from .connection import (
    ENDPOINT,
    HANDSHAKE_TIMEOUT,
    HISTORY_PATIENCE,
    close_socket,
    send,
    socket_end,
)
from .messages import (
    EVENTS,
    PLUGINS,
    Current,
    Hello,
    MessageReader,
    PushMessage,
    ReauthRequired,
)

# Seconds between two attempts: they grow by half, so that a server that was away for
# long is seen again soon after. A random part keeps many printers, or many clients of
# one, from coming back in the same moment.
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 120.0
GROWTH = 1.5

# A socket that was lost sooner than this many seconds after it was opened is likely
# to be lost as soon again.
STABLE_AFTER = 30

# What is too large stays so until somebody changes a setting or restarts OctoPrint, and each
# attempt costs OctoPrint the making of it. So the pauses double each time, so many times.
DOUBLED = 8

# Seconds after which a socket that was lost again counts as one that worked.
PROVEN_AFTER = 600

# A `current` comes at most every half second times this.
THROTTLE_QUICK = 1
THROTTLE_CALM = 3

# So many seconds after a command somebody waits for its effect.
HURRY = 3.0


@dataclass(frozen=True, kw_only=True, slots=True)
class PushStarted:
    """The socket is logged in; all that is told from now on is told in time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PushLost:
    """The socket was lost, or could not be opened."""

    error: OctoPrintError
    attempts: int
    """How many attempts failed since the socket was last up, 0 where it just was."""


class OctoPrintPush:
    """Listens to the socket of one server."""

    def __init__(
        self, client: OctoPrintClient, loads: Callable[[bytes], Any] = json.loads
    ) -> None:
        """Take the client, and what reads JSON if there is something quicker."""
        self.throttle = THROTTLE_CALM
        """The pace to ask for; a new one is told to the server after the next message."""

        self._client = client
        self._loads = loads
        self._login: Login | None = None
        self._is_new_login = False
        self._hurry_until = float("-inf")
        self._sent_throttle: int | None = None
        self._socket: aiohttp.ClientWebSocketResponse[bool] | None = None
        self._wake = asyncio.Event()

    def reconnect_now(self) -> None:
        """End the pause before the next attempt: the server was just seen."""
        self._wake.set()

    async def hurry(self) -> None:
        """Ask for a quick pace now and for a moment: the effect of a command is to come."""
        self._hurry_until = monotonic() + HURRY
        if self._socket is not None and self._sent_throttle != THROTTLE_QUICK:
            # That a socket is broken the one who listens is told.
            with suppress(aiohttp.ClientError, OSError):
                await self._send_throttle(self._socket)

    async def listen(
        self,
    ) -> AsyncGenerator[PushStarted | PushLost | PushMessage]:
        """Yield what is pushed, for ever; a lost socket is told and opened again."""
        attempts = pauses = too_large = 0
        while True:
            attempts += 1
            started_at = None
            is_too_large = False
            try:
                async with aclosing(self._listen_once()) as messages:
                    async for message in messages:
                        if isinstance(message, PushStarted):
                            attempts = 0
                            started_at = monotonic()
                        yield message
            except OctoPrintError as err:
                if started_at is not None:
                    # Who saw the server while the socket was up asked for nothing.
                    self._wake.clear()
                is_too_large = (
                    isinstance(err, OctoPrintConnectionError)
                    and err.cause is ConnectionCause.TOO_LARGE
                )
                yield PushLost(error=err, attempts=attempts)
            lived = 0.0 if started_at is None else monotonic() - started_at
            if lived > STABLE_AFTER:
                pauses = 0
            if lived > PROVEN_AFTER:
                too_large = 0
            if is_too_large:
                too_large = min(too_large + 1, DOUBLED)
            await self.rest(
                reconnect_pause(pauses) * (2**too_large if is_too_large else 1)
            )
            pauses += 1

    async def rest(self, seconds: float) -> None:
        """Wait, or until the server is seen."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        self._wake.clear()

    async def _listen_once(
        self,
    ) -> AsyncGenerator[PushStarted | PushMessage]:
        """Open the socket and yield until it ends, which raises OctoPrintConnectionError."""
        socket = await self._client.open_socket(ENDPOINT)
        try:
            reader = MessageReader(self._loads, self._client.clock)
            yield await self._handshake(socket, reader)
            yield PushStarted()
            self._socket = socket
            while True:
                frame = await socket.receive()
                if frame.type is aiohttp.WSMsgType.TEXT:
                    message = (
                        reader.read(frame.data)
                        if len(frame.data) <= LARGE
                        else await self._read_large(reader, frame.data)
                    )
                    if isinstance(message, ReauthRequired):
                        await self._authenticate(socket, after=message.reason)
                    if message is not None:
                        yield message
                    if self._pace() != self._sent_throttle:
                        await self._send_throttle(socket)
                elif frame.type is not aiohttp.WSMsgType.BINARY:
                    raise socket_end(frame.data)
        except (aiohttp.ClientError, OSError) as err:
            raise OctoPrintConnectionError(
                "The socket broke", ConnectionCause.BROKEN
            ) from err
        finally:
            self._socket = None
            self._client.clock.forget_heard()
            await close_socket(socket)

    async def _handshake(
        self, socket: aiohttp.ClientWebSocketResponse[bool], reader: MessageReader
    ) -> Current:
        """Log in and return the history that OctoPrint then sends."""
        await self._expect(socket, reader, Hello, HANDSHAKE_TIMEOUT)
        # Before the log-in, so that no log lines come with it.
        await send(
            socket,
            {
                "subscribe": {
                    "state": {"logs": False, "messages": False},
                    "events": list(EVENTS),
                    "plugins": list(PLUGINS),
                }
            },
        )
        await self._send_throttle(socket)
        await self._authenticate(socket)
        return await self._expect(
            socket, reader, Current, HANDSHAKE_TIMEOUT * HISTORY_PATIENCE
        )

    async def _read_large(
        self, reader: MessageReader, frame: bytes
    ) -> PushMessage | None:
        """Read a large message; one that is too large is passed over."""
        try:
            return await reader.read_large(frame)
        except OctoPrintConnectionError:
            return None

    async def _expect[M: PushMessage](
        self,
        socket: aiohttp.ClientWebSocketResponse[bool],
        reader: MessageReader,
        expected: type[M],
        timeout: float,
    ) -> M:
        try:
            async with asyncio.timeout(timeout):
                while True:
                    frame = await socket.receive()
                    if frame.type is aiohttp.WSMsgType.TEXT:
                        message = (
                            reader.read(frame.data)
                            if len(frame.data) <= LARGE
                            else await reader.read_large(frame.data)
                        )
                        if isinstance(message, expected):
                            return message
                        if isinstance(message, ReauthRequired):
                            await self._authenticate(socket, after=message.reason)
                    elif frame.type is not aiohttp.WSMsgType.BINARY:
                        raise socket_end(frame.data)
        except TimeoutError as err:
            raise OctoPrintConnectionError(
                "OctoPrint's socket stayed silent", ConnectionCause.TIMEOUT
            ) from err

    async def _authenticate(
        self,
        socket: aiohttp.ClientWebSocketResponse[bool],
        after: str | None = None,
    ) -> None:
        """Log the socket in, with the session of the last one where it may still be good."""
        if after == "stale" and self._is_new_login:
            self._login = None
            raise OctoPrintConnectionError(
                "OctoPrint does not accept its own session",
                ConnectionCause.NOT_OCTOPRINT,
            )
        self._is_new_login = after is not None or self._login is None
        if self._is_new_login or self._login is None:
            self._login = None
            self._login = await self._client.access.login()
        await send(socket, {"auth": f"{self._login.name}:{self._login.session}"})

    def _pace(self) -> int:
        return THROTTLE_QUICK if monotonic() < self._hurry_until else self.throttle

    async def _send_throttle(
        self, socket: aiohttp.ClientWebSocketResponse[bool]
    ) -> None:
        self._sent_throttle = self._pace()
        await send(socket, {"throttle": self._sent_throttle})


def reconnect_pause(pauses: int) -> float:
    """Return how many seconds to wait after so many pauses that led nowhere."""
    # More than twenty are beyond the longest pause anyway.
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * GROWTH ** min(pauses, 20))
    return random.uniform(longest / 2, longest)
