"""Terminal: a short-lived socket that tells what the firmware answers to a command.

Of the two lists that the socket has, `logs` is read: `messages` leaves out what was sent,
which tells whose answer a line is, and that the printer is busy.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
import re

import aiohttp

from .client import OctoPrintClient
from .errors import ConnectionCause, OctoPrintConnectionError, OctoPrintError
from .frames import LARGE, decoded, decoded_large
from .sockets import ENDPOINT, HANDSHAKE_TIMEOUT, HISTORY_PATIENCE, close_socket, send
from .wire import Json, flag, mapping, texts

# OctoPrint 2 draws arrows.
SENT = re.compile(r"(?:Send:|>>>) (?:N[0-9]+ ?)?(.*?)(?:\*[0-9]+)?$")
RECEIVED = re.compile(r"(?:Recv:|<<<)\s?(.*)")

ACKNOWLEDGED = re.compile(r"ok\b(.*)")
BUSY = re.compile(r"(?:echo:)?\s*busy:", re.IGNORECASE)
RESEND = re.compile(r"(?:Resend|rs)\b", re.IGNORECASE)
IDLE = ("", "wait")

# What a printer tells by itself every few seconds, and while it waits for a heater.
TEMPERATURES = re.compile(r"T[0-9]*:|B:")

# OctoPrint keeps these to itself: its own commands, and by default unconditional stops.
KEPT = re.compile(r"@|M[01]\b")

# OctoPrint may add an offset to these temperatures.
HEATING = re.compile(r"M(?:104|109|140|141|190|191)\b")
WAITING = re.compile(r"M(?:109|116|190|191)\b")


class FirmwareSilentError(OctoPrintError):
    """The printer did not answer a command, or not to its end, and is not busy."""

    def __init__(self, command: str) -> None:
        """Take the command."""
        super().__init__(f"The printer did not answer {command}")
        self.command = command


class PrinterLostError(OctoPrintError):
    """The printer was disconnected before it had answered."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the firmware answered to one command."""

    command: str
    lines: tuple[str, ...]
    """As the printer wrote them; a bare `ok`, `wait` and that it is busy are left out."""


@dataclass(kw_only=True, slots=True)
class _Sent:
    """A command that was sent and not acknowledged yet."""

    text: str
    index: int | None
    """Which of ours it is, None for somebody else's."""

    lines: list[str] = field(default_factory=list)
    is_refused: bool = False


async def ask(
    client: OctoPrintClient,
    commands: Sequence[str],
    parameters: Json | None = None,
    *,
    timeout: float,
) -> tuple[Answer, ...]:
    """Queue lines of G-code and return what the firmware answers to each of them.

    It takes the permission MONITOR_TERMINAL, too. After `timeout` seconds without an
    answer and without the printer being busy it raises FirmwareSilentError; the
    commands were sent then. PrinterLostError comes where the printer disconnects.
    """
    reader = AnswerReader([_filled(command, parameters) for command in commands])
    async with open_terminal(client) as frames:
        await client.printer.send_gcode(commands, parameters)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout) as limit:
                while not reader.is_done:
                    current = mapping((await anext(frames)).get("current"))
                    is_alive = False
                    for line in texts(current.get("logs")):
                        is_alive |= reader.read(line)
                    if is_alive:
                        limit.reschedule(loop.time() + timeout)
                    if not reader.is_done and _is_closed(current):
                        raise PrinterLostError("The printer was disconnected")
        except TimeoutError as err:
            raise FirmwareSilentError(reader.pending) from err
    return reader.answers()


@asynccontextmanager
async def open_terminal(
    client: OctoPrintClient,
) -> AsyncGenerator[AsyncGenerator[Json]]:
    """Open a socket, log it in, and yield what yields its messages from then on."""
    socket = await client.open_socket(ENDPOINT)
    frames = _frames(socket)
    try:
        try:
            # The history is as large as the user lets OctoPrint's graph be long.
            async with asyncio.timeout(HANDSHAKE_TIMEOUT * HISTORY_PATIENCE):
                await send(
                    socket, {"subscribe": {"state": {"logs": True, "messages": False}}}
                )
                login = await client.access.login()
                await send(socket, {"auth": f"{login.name}:{login.session}"})
                # The history holds what was answered to others before.
                while "history" not in await anext(frames):
                    pass
        except TimeoutError as err:
            raise OctoPrintConnectionError(
                "OctoPrint's socket stayed silent", ConnectionCause.TIMEOUT
            ) from err
        except (aiohttp.ClientError, OSError) as err:
            raise _broken() from err
        yield frames
    finally:
        await frames.aclose()
        await close_socket(socket)


async def _frames(
    socket: aiohttp.ClientWebSocketResponse[bool],
) -> AsyncGenerator[Json]:
    """Yield messages until the socket ends, which raises OctoPrintConnectionError."""
    while True:
        try:
            frame = await socket.receive()
        except (aiohttp.ClientError, OSError) as err:
            raise _broken() from err
        if frame.type is aiohttp.WSMsgType.TEXT:
            message = mapping(
                decoded(frame.data)
                if len(frame.data) <= LARGE
                else await decoded_large(frame.data)
            )
            if "reauthRequired" in message:
                raise _broken()
            yield message
        elif frame.type is not aiohttp.WSMsgType.BINARY:
            raise _broken()


class AnswerReader:
    """Finds the answers to commands among the lines of the terminal."""

    def __init__(self, commands: Sequence[str]) -> None:
        """Take the commands in the order in which they are sent."""
        self._commands = commands
        self._found: list[tuple[str, ...] | None] = [None] * len(commands)
        self._expected = deque(
            index for index, each in enumerate(commands) if not KEPT.match(each)
        )
        self._sent: deque[_Sent] = deque()

    @property
    def is_done(self) -> bool:
        """Return whether all commands are answered."""
        return not self._expected and all(each.index is None for each in self._sent)

    @property
    def pending(self) -> str:
        """Return the first command that is not answered."""
        index = next(
            (each.index for each in self._sent if each.index is not None),
            self._expected[0] if self._expected else 0,
        )
        return self._commands[index]

    def answers(self) -> tuple[Answer, ...]:
        """Return what was answered; a command that was never sent has no lines."""
        return tuple(
            Answer(command=command, lines=lines or ())
            for command, lines in zip(self._commands, self._found, strict=True)
        )

    def read(self, line: str) -> bool:
        """Take a line, and return whether it shows that ours are being worked on."""
        if sent := SENT.match(line):
            return self._read_sent(_normal(sent[1]))
        if (received := RECEIVED.match(line)) is None:
            return False
        content = received[1].strip()
        if BUSY.match(content):
            return True
        if content in IDLE or not self._sent:
            return False
        running = self._sent[0]
        if acknowledged := ACKNOWLEDGED.match(content):
            return self._read_end(content if acknowledged[1].strip() else None)
        if RESEND.match(content):
            running.is_refused = True
            return False
        running.lines.append(content)
        if TEMPERATURES.match(content):
            return WAITING.match(running.text) is not None
        return running.index is not None

    def _read_sent(self, sent: str) -> bool:
        found = None
        if self._expected and _normal(self._commands[self._expected[0]]) == sent:
            found = self._expected.popleft()
        self._sent.append(_Sent(text=sent, index=found))
        return found is not None

    def _read_end(self, line: str | None) -> bool:
        running = self._sent.popleft()
        if running.index is None:
            return False
        if running.is_refused:
            # It arrived broken, and is sent again.
            self._expected.appendleft(running.index)
            return True
        if line is not None:
            running.lines.append(line)
        self._found[running.index] = tuple(running.lines)
        return True


def _normal(command: str) -> str:
    """Return a command as it is compared."""
    words = " ".join(command.split())
    if heating := HEATING.match(words):
        return heating[0]
    return SENT.sub(r"\1", f"Send: {words}").strip()


def _filled(command: str, parameters: Json | None) -> str:
    """Return a command as OctoPrint fills it."""
    return command % parameters if parameters else command


def _is_closed(current: Json) -> bool:
    return flag(
        mapping(mapping(current.get("state")).get("flags")).get("closedOrError")
    )


def _broken() -> OctoPrintConnectionError:
    return OctoPrintConnectionError("The socket was closed", ConnectionCause.BROKEN)
