"""Terminal: what the printer answers to G-code, read off OctoPrint's terminal."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
import json
import re
from typing import TYPE_CHECKING

import aiohttp

from .answers import connection_errors
from .errors import OctoPrintPermissionError, OctoPrintRequestError
from .sockets import ENDPOINT, HANDSHAKE_TIMEOUT, close_socket, socket_end
from .wire import Json, mapping, texts

if TYPE_CHECKING:
    from .client import OctoPrintClient

type Socket = aiohttp.ClientWebSocketResponse[bool]

PERMISSION = "MONITOR_TERMINAL"

# Seconds for the answer to one command. Heating, homing and levelling take longer.
TIMEOUT = 30.0

# Lines of an answer. The longest, all settings of a large firmware, has some hundreds.
MAX_LINES = 5000

GCODE = re.compile(r"\s*([A-Za-z][0-9]*(?:\.[0-9]+)?)[^\r\n]*")

# Send: N12 M115*37, and from OctoPrint 2 on >>> N12 M115*37
SENT = re.compile(r"(?:Send:|>>>) (?:N[0-9]+\s*)?([A-Za-z][0-9]*(?:\.[0-9]+)?)")
RECEIVED = re.compile(r"(?:Recv:|<<<) ")

# What ends an answer; M105 puts the temperatures behind it.
DONE = re.compile(r"ok\b")
BARE_DONE = re.compile(r"ok(\s+[NPB][0-9]+)*")

# What the firmware says by itself while it works: that it lives, and how hot it is.
BUSY = re.compile(r"(echo:\s*)?busy:|wait\b")
TEMPERATURES = re.compile(r"T[0-9]?:\s*[0-9.-]+\s*/")


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What the printer answered to one command."""

    command: str
    lines: tuple[str, ...]
    """As the firmware wrote them; what it says by itself meanwhile is left out."""

    is_complete: bool
    """False where the printer has not acknowledged the command in time."""


class TerminalApi:
    """Calls of OctoPrint's terminal, which is a part of the socket."""

    def __init__(self, client: OctoPrintClient) -> None:
        """Keep the client that sends the requests."""
        self._client = client

    async def ask(
        self, commands: Sequence[str], *, timeout: float = TIMEOUT
    ) -> tuple[Reply, ...]:
        """Send lines of G-code one after the other and return what is answered.

        `timeout` is in seconds for each of them. What is not acknowledged in time is
        the last that was sent. OctoPrint holds back some commands, and while it prints
        it may be long until one is sent. Raises OctoPrintPermissionError without
        MONITOR_TERMINAL or CONTROL, and OctoPrintConflictError while the printer is
        not connected.
        """
        if not all(map(_code, commands)):
            raise OctoPrintRequestError("There is a line that is no G-code")
        if not (await self._client.access.current_user()).may(PERMISSION):
            raise OctoPrintPermissionError(
                f"The API key lacks the permission {PERMISSION}", PERMISSION
            )
        socket = await self._client.open_socket(ENDPOINT)
        replies: list[Reply] = []
        try:
            await self._log_in(socket)
            for command in commands:
                await self._client.printer.send_gcode([command])
                replies.append(await _reply(socket, command, timeout))
                if not replies[-1].is_complete:
                    break
        finally:
            await close_socket(socket)
        return tuple(replies)

    async def _log_in(self, socket: Socket) -> None:
        login = await self._client.access.login()
        subscription = {"state": {"logs": True, "messages": False}}
        with connection_errors():
            await _expect(socket, "connected")
            await socket.send_json({"subscribe": subscription})
            await socket.send_json({"auth": f"{login.name}:{login.session}"})
            await _expect(socket, "history")


async def _expect(socket: Socket, kind: str) -> None:
    async with asyncio.timeout(HANDSHAKE_TIMEOUT):
        while kind not in await _message(socket):
            pass


async def _message(socket: Socket) -> Json:
    """Return what a socket says next; its end raises OctoPrintConnectionError."""
    while True:
        with connection_errors():
            frame = await socket.receive()
        if frame.type is aiohttp.WSMsgType.TEXT:
            with suppress(ValueError, RecursionError):
                return mapping(json.loads(frame.data))
        elif frame.type is not aiohttp.WSMsgType.BINARY:
            raise socket_end(frame.data)


async def _reply(socket: Socket, command: str, timeout: float) -> Reply:
    """Collect what comes between a command and its acknowledgement."""
    collector = _Collector(_code(command))
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout):
            while not collector.is_full:
                message = await _message(socket)
                for line in texts(mapping(message.get("current")).get("logs")):
                    collector.take(line)
    return Reply(
        command=command,
        lines=tuple(collector.lines),
        is_complete=collector.is_complete,
    )


class _Collector:
    """The answer to one command, as the lines of the terminal come."""

    def __init__(self, code: str | None) -> None:
        self.lines: list[str] = []
        self.is_complete = False
        self._code = code
        self._is_sent = False

    @property
    def is_full(self) -> bool:
        """Return whether no more is waited for."""
        return self.is_complete or len(self.lines) >= MAX_LINES

    def take(self, line: str) -> None:
        """Take a line, which may be one from before the command, or after its answer."""
        if self.is_full:
            return
        if (sent := SENT.match(line)) is not None:
            self._is_sent = self._is_sent or sent[1].upper() == self._code
        elif self._is_sent and (received := RECEIVED.match(line)) is not None:
            said = line[received.end() :].rstrip()
            self.is_complete = DONE.match(said) is not None
            if not BARE_DONE.fullmatch(said) and not self._is_aside(said.strip()):
                self.lines.append(said)

    def _is_aside(self, said: str) -> bool:
        return BUSY.match(said) is not None or (
            self._code != "M105" and TEMPERATURES.match(said) is not None
        )


def _code(command: str) -> str | None:
    """Return the first word of a line of G-code, None where it is none."""
    found = GCODE.fullmatch(command)
    return found[1].upper() if found else None
