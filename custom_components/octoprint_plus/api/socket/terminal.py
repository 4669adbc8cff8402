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

from ..bodies import LARGE
from ..client import OctoPrintClient
from ..errors import ConnectionCause, OctoPrintConnectionError, OctoPrintError
from ..parsing import Json, flag, mapping, texts
from .connection import (
    ENDPOINT,
    HANDSHAKE_TIMEOUT,
    HISTORY_PATIENCE,
    close_socket,
    send,
)
from .frames import decoded, decoded_large

# OctoPrint 2 draws arrows.
SENT = re.compile(r"(?:Send:|>>>) (?:N[0-9]+ ?)?(.*?)(?:\*[0-9]+)?$")
RECEIVED = re.compile(r"(?:Recv:|<<<)\s?(.*)")

ACKNOWLEDGED = re.compile(r"ok\b(.*)")
RESEND = re.compile(r"(?:Resend|rs)\b", re.IGNORECASE)
IDLE = ("", "wait")

# A printer that waits for a person may do so for ever.
BUSY = re.compile(r"(?:echo:)?\s*busy:(?!\s*paused for)", re.IGNORECASE)
WAITS = re.compile(r"(?:echo:)?\s*busy:", re.IGNORECASE)

# The firmware has started anew, and forgotten all that it was sent.
RESTARTED = "start"

# OctoPrint keeps these to itself: its own commands, and by default unconditional stops.
KEPT = re.compile(r"@|M[01]\b")

# OctoPrint may add an offset to these temperatures.
HEATING = re.compile(r"M(?:104|109|140|141|190|191)\b")
WAITING = re.compile(r"M(?:109|116|190|191|303)\b")

# What a printer tells by itself every few seconds, and the commands that ask for it.
TEMPERATURES = re.compile(r"(?:T[0-9]*|[BCLP])\s*:\s*-?[0-9]")
REPORTS = (
    (TEMPERATURES, re.compile(r"M(?:105|109|116|190|191|303)\b")),
    (
        re.compile(r"(?:Not )?SD printing\b|Done printing file", re.IGNORECASE),
        re.compile(r"M27\b"),
    ),
    (
        re.compile(r"X:\s*-?[0-9.]+\s*Y:\s*-?[0-9.]+\s*Z:.*(?:E:|Count)"),
        re.compile(r"G|M(?:48|114|428|665|852)\b"),
    ),
    (re.compile(r"E[0-9]:\s*[0-9]+ RPM"), re.compile(r"M123\b|PRUSA")),
    (
        re.compile(r"(?:NORMAL|SILENT) MODE: Percent done"),
        re.compile(r"M73\b"),
    ),
    (re.compile(r"//\s*action:"), None),
    (re.compile(r"(?:echo:)?\s*enqueu?e?ing\b", re.IGNORECASE), None),
)

# What OctoPrint asks by itself, and may have asked in between.
POLLED = re.compile(r"M(?:20|27|105|110|115|154|155)\b")

# The first word of a command: M117, G1, T0 or SET_FAN.
CODE = re.compile(r"[GMT][0-9]+(?:\.[0-9]+)?|\S+", re.IGNORECASE)

# OctoPrint writes a question mark for what it cannot send.
REPLACED = re.compile(r"[^!-~]|\?")

# Seconds to wait for a command that was passed over: it comes at once or never.
GRACE = 3


class FirmwareSilentError(OctoPrintError):
    """The printer did not answer a command, or not to its end, and is not busy."""

    def __init__(self, command: str) -> None:
        """Take the command."""
        super().__init__(f"The printer did not answer {command}")
        self.command = command


class PrinterLostError(OctoPrintError):
    """The printer was disconnected before it had answered."""


class PrinterRestartedError(FirmwareSilentError):
    """The printer started anew before it had answered."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GcodeAnswer:
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

    maybe: int | None = None
    """Which of ours it may be, though OctoPrint sends the like by itself, or by its place."""

    lines: list[str] = field(default_factory=list)
    is_refused: bool = False


async def ask_gcode(
    client: OctoPrintClient,
    commands: Sequence[str],
    *,
    timeout: float,
) -> tuple[GcodeAnswer, ...]:
    """Queue lines of G-code and return what the firmware answers to each of them.

    It takes the permission MONITOR_TERMINAL, too. A command that OctoPrint never sends
    has no lines. After `timeout` seconds without an answer and without the printer being
    busy it raises FirmwareSilentError; the commands were sent then.
    PrinterRestartedError comes where the printer starts anew, PrinterLostError where it
    is disconnected.
    """
    reader = AnswerReader(commands)
    async with open_terminal(client) as frames:
        await client.printer.send_gcode(commands)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout) as limit:
                while not reader.is_done:
                    current = mapping((await anext(frames)).get("current"))
                    was_settled = reader.is_settled
                    reader.is_printing = _is_printing(current)
                    is_alive = False
                    for line in texts(current.get("logs")):
                        is_alive |= reader.read(line)
                    if reader.is_restarted:
                        raise PrinterRestartedError(reader.pending)
                    if reader.is_settled and not was_settled:
                        limit.reschedule(loop.time() + min(GRACE, timeout))
                    elif is_alive and not reader.is_settled:
                        limit.reschedule(loop.time() + timeout)
                    if not reader.is_settled and _is_closed(current):
                        raise PrinterLostError("The printer was disconnected")
        except TimeoutError as err:
            if not reader.is_enough:
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
    """Finds the answers to commands among the lines of the terminal.

    OctoPrint sends the commands in their order, and others seldom in between. It changes
    some, or plugins do, so one that is not recognized by its text is by its place: it is the
    next one, or stands right beside another one of ours. In a print a single one that is
    changed beyond recognition cannot be told from the print's own.
    """

    def __init__(self, commands: Sequence[str]) -> None:
        """Take the commands in the order in which they are sent."""
        self._commands = commands
        self._found: list[tuple[str, ...] | None] = [None] * len(commands)
        self._expected = [
            index for index, each in enumerate(commands) if not KEPT.match(each)
        ]
        self._sent: deque[_Sent] = deque()
        self._before: _Sent | None = None
        self._lost: list[int] = []
        self._maybe: dict[int, tuple[str, ...]] = {}
        self._last = -1
        self.is_restarted = False
        """Whether the printer started anew while something was to be answered."""

        self.is_printing = False
        """Whether others' commands are sent in great number, as in a print."""

    @property
    def is_settled(self) -> bool:
        """Return whether only commands are left that later ones have passed."""
        return (
            not self._lost
            and all(index < self._last for index in self._expected)
            and all(each.index is None for each in self._sent)
        )

    @property
    def is_enough(self) -> bool:
        """Return whether it is all that can be had, once nothing more comes."""
        last = max([self._last, *self._maybe])
        return (
            not self._lost
            and all(index <= last for index in self._expected)
            and all(each.index is None for each in self._sent)
        )

    @property
    def is_done(self) -> bool:
        """Return whether all commands are answered."""
        return not self._expected and self.is_settled

    @property
    def pending(self) -> str:
        """Return the first command that is not answered."""
        running = [each.index for each in self._sent if each.index is not None]
        index = min([*self._lost, *running, *self._expected], default=0)
        return self._commands[index]

    def answers(self) -> tuple[GcodeAnswer, ...]:
        """Return what was answered; a command that was never sent has no lines."""
        return tuple(
            GcodeAnswer(
                command=command,
                lines=self._maybe.get(index, ()) if lines is None else lines,
            )
            for index, (command, lines) in enumerate(
                zip(self._commands, self._found, strict=True)
            )
        )

    def read(self, line: str) -> bool:
        """Take a line, and return whether it shows that ours are being worked on."""
        if sent := SENT.match(line):
            return self._read_sent(_normal(sent[1]))
        if (received := RECEIVED.match(line)) is None:
            return False
        content = received[1].strip()
        if content == RESTARTED:
            self.is_restarted = not self.is_done
            return False
        if WAITS.match(content):
            return BUSY.match(content) is not None
        if content in IDLE or not self._sent:
            return False
        if acknowledged := ACKNOWLEDGED.match(content):
            return self._read_end(content if acknowledged[1].strip() else None)
        running = self._sent[0]
        if RESEND.match(content):
            running.is_refused = True
            return False
        if TEMPERATURES.match(content) and WAITING.match(running.text):
            running.lines.append(content)
            return True
        if _is_report(content, running.text):
            return False
        running.lines.append(content)
        return running.index is not None

    def _read_sent(self, sent: str) -> bool:
        index = self._index(sent)
        if index is not None and index != self._expected[0] and POLLED.match(sent):
            # OctoPrint's own, unless all before it are never sent.
            self._sent.append(_Sent(text=sent, index=None, maybe=index))
            return False
        if index is not None:
            self._expected.remove(index)
            self._last = max(self._last, index)
        self._sent.append(_Sent(text=sent, index=index))
        if not POLLED.match(sent):
            self._place(self._sent[-1])
        return index is not None

    def _place(self, command: _Sent) -> None:
        """Note of what stands right beside one of ours which other one it may be."""
        before, self._before = self._before, command
        if before is None:
            return
        place = before.maybe if before.index is None else before.index
        if command.index is None:
            if place is not None and place + 1 in self._expected:
                command.maybe = place + 1
        elif place is None and command.index - 1 in self._expected:
            before.maybe = command.index - 1
            if all(each is not before for each in self._sent):
                self._maybe[before.maybe] = tuple(before.lines)

    def _index(self, sent: str) -> int | None:
        """Return which of the expected commands a sent one is."""
        for form in (_normal, _legible):
            wanted = form(sent)
            for index in self._expected:
                if form(self._commands[index]) == wanted:
                    return index
        # In a print one of the same kind is more likely the print's own.
        if self._expected and not self.is_printing and not POLLED.match(sent):
            first = self._expected[0]
            if _code(self._commands[first]) == _code(sent):
                return first
        return None

    def _read_end(self, line: str | None) -> bool:
        if line is not None and TEMPERATURES.match(line[2:].lstrip()):
            self._skip_to_temperatures()
        running = self._sent.popleft()
        if line is not None:
            running.lines.append(line)
        if running.maybe is not None:
            self._maybe[running.maybe] = tuple(running.lines)
        if running.index is None:
            return False
        if running.is_refused:
            # It arrived broken, and is sent again.
            self._before = None
            self._expected.insert(0, running.index)
            return True
        self._found[running.index] = tuple(running.lines)
        return True

    def _skip_to_temperatures(self) -> None:
        """Give up the commands before an M105 that is answered: theirs got lost.

        What is ours among them is expected still, so that it is told.
        """
        polls = [each.text.startswith("M105") for each in self._sent]
        if any(polls) and not WAITING.match(self._sent[0].text):
            for _ in range(polls.index(True)):
                lost = self._sent.popleft()
                if lost.index is not None:
                    self._lost.append(lost.index)


def _normal(command: str) -> str:
    """Return a command as it is compared."""
    words = " ".join(command.split())
    if heating := HEATING.match(words):
        return heating[0]
    return SENT.sub(r"\1", f"Send: {words}").strip()


def _legible(command: str) -> str:
    """Return what is left of a command however it is encoded."""
    return REPLACED.sub("", _normal(command))


def _code(command: str) -> str:
    """Return the first word of a command."""
    match = CODE.match(command)
    return match[0].upper() if match else ""


def _is_report(line: str, command: str) -> bool:
    """Return whether a line is what the printer tells by itself, not for a command."""
    return any(
        report.match(line) and (asks is None or not asks.match(command))
        for report, asks in REPORTS
    )


def _is_printing(current: Json) -> bool:
    flags = mapping(mapping(current.get("state")).get("flags"))
    return any(flag(flags.get(name)) for name in ("printing", "resuming", "finishing"))


def _is_closed(current: Json) -> bool:
    return flag(
        mapping(mapping(current.get("state")).get("flags")).get("closedOrError")
    )


def _broken() -> OctoPrintConnectionError:
    return OctoPrintConnectionError("The socket was closed", ConnectionCause.BROKEN)
