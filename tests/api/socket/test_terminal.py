"""Test reading the firmware's answers off the terminal."""

import asyncio
from collections.abc import Iterable

import aiohttp
import pytest
from yarl import URL

from custom_components.octoprint_plus.api import (
    OctoPrintClient,
    OctoPrintConnectionError,
)
from custom_components.octoprint_plus.api.socket.terminal import (
    AnswerReader,
    FirmwareSilentError,
    PrinterLostError,
    ask_gcode,
)
from tests.fake_octoprint import FakeOctoPrint
from tests.waiting import until

from ..conftest import Clock


def read(commands: list[str], lines: Iterable[str]) -> AnswerReader:
    """Return a reader that has read lines."""
    reader = AnswerReader(commands)
    for line in lines:
        reader.read(line)
    return reader


def answers(reader: AnswerReader) -> list[tuple[str, ...]]:
    """Return the lines of all answers of a reader that has them all."""
    assert reader.is_done
    return [answer.lines for answer in reader.answers()]


def test_answer_among_others() -> None:
    """What belongs to others, and what says nothing, is left out."""
    reader = read(
        ["M115", "M105"],
        [
            "Recv: ok",
            "Send: N7 M105*36",
            "Recv: ok T:20.0 /0.0",
            "Send: N8 M115*38",
            "Recv: FIRMWARE_NAME:Marlin",
            "Recv: echo:busy: processing",
            "Recv: Cap:EEPROM:1",
            "Recv: wait",
            "Recv: ok",
            "Send: G1 X1",
            "Recv: ok",
            "Send: M105",
            "Recv: ok T:21.3 /0.0 B:21.3 /0.0",
            "Changing monitoring state from this to that",
        ],
    )
    assert answers(reader) == [
        ("FIRMWARE_NAME:Marlin", "Cap:EEPROM:1"),
        ("ok T:21.3 /0.0 B:21.3 /0.0",),
    ]


def test_acknowledged_later() -> None:
    """Commands may be sent before the last one is acknowledged."""
    reader = read(
        ["M114"],
        ["Send: G1 X1", "Send: M114", "Recv: ok", "Recv: X:1.00 Y:0.00", "Recv: ok"],
    )
    assert answers(reader) == [("X:1.00 Y:0.00",)]


def test_sent_again() -> None:
    """A command that arrived broken is answered when it was sent again."""
    broken = ["Send: N5 M115*1", "Recv: Error:checksum mismatch", "Recv: Resend: 5"]
    reader = read(["M115"], [*broken, "Recv: ok"])
    assert not reader.is_done
    reader = read(
        ["M115"], [*broken, "Recv: ok", "Send: N5 M115*39", "Recv: A:1", "Recv: ok"]
    )
    assert answers(reader) == [("A:1",)]


def test_suppressed() -> None:
    """What OctoPrint keeps to itself or suppresses has no answer."""
    reader = read(["@pause", "M0", "M114"], ["Send: M114", "Recv: X:1", "Recv: ok"])
    assert answers(reader) == [(), (), ("X:1",)]


def test_offset() -> None:
    """OctoPrint may send another temperature than was asked for."""
    reader = read(["M109 S50"], ["Send: M109 S55", "Recv: T:54.9 /55", "Recv: ok"])
    assert answers(reader) == [("T:54.9 /55",)]


@pytest.mark.parametrize(
    ("command", "line", "alive"),
    [
        ("G29", "Recv: echo:busy: processing", True),
        ("G29", "Recv: busy: processing", True),
        ("G29", "Recv: Bed X: 1 Y: 2 Z: 0.1", True),
        ("G29", "Recv: T:21.3 /0.0 B:21.3 /0.0", False),
        ("G29", "Recv: wait", False),
        ("G29", "Something of OctoPrint's own", False),
        ("M109 S50", "Recv: T:40.0 /50.0", True),
        ("M190 S50", "Recv: T:40.0 /50.0", True),
    ],
)
def test_signs_of_life(command: str, line: str, alive: bool) -> None:
    """Being busy lets it wait on, what a printer always says does not."""
    reader = AnswerReader([command])
    assert reader.read("Recv: echo:busy: processing")
    assert reader.read(f"Send: {command}")
    assert reader.read(line) is alive
    assert not reader.is_done
    assert reader.pending == command


@pytest.mark.parametrize(
    "report",
    [
        "Not SD printing",
        "SD printing byte 123/12345",
        "//action:pause",
        "// action:notification Heating",
        'echo:enqueueing "M117 Hi"',
        "enqueing M600",
        "echo:busy: processing",
        "echo:busy: paused for user",
        "T:21.3 /0.0 B:21.3 /0.0 @:0 B@:0",
        " T:21.3 /0.0 P:23.1 A:25.0",
        "B:21.3 /0.0",
        "X:0.00 Y:0.00 Z:0.00 E:0.00 Count X:0 Y:0 Z:0",
        "E0:0 RPM PRN1:0 RPM E0@:0 PRN1@:0",
        "NORMAL MODE: Percent done: 3; print time remaining in mins: 9",
        "wait",
    ],
)
def test_reports_are_no_answers(report: str) -> None:
    """What a printer tells by itself is in no answer, and no sign of one to come."""
    reader = AnswerReader(["M300"])
    assert reader.read("Send: N5 M300*36")
    assert reader.read(f"Recv: {report}") is (report == "echo:busy: processing")
    assert not reader.read(f"Recv: {report}") or "processing" in report
    assert reader.read("Recv: played")
    assert reader.read("Recv: ok")
    assert answers(reader) == [("played",)]


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("M105", "T:21.3 /0.0 B:21.3 /0.0"),
        ("M27", "Not SD printing"),
        ("M27", "SD printing byte 123/12345"),
        ("M114", "X:0.00 Y:0.00 Z:0.00 E:0.00 Count X:0 Y:0 Z:0"),
        ("G28", "X:0.00 Y:0.00 Z:0.00 E:0.00 Count X:0 Y:0 Z:0"),
        ("M109 S50", "T:40.0 /50.0"),
        ("M73", "NORMAL MODE: Percent done: 3"),
    ],
)
def test_reports_that_are_asked_for(command: str, line: str) -> None:
    """What a printer tells by itself is an answer to who asks for it."""
    reader = read([command], [f"Send: {command}", f"Recv: {line}", "Recv: ok"])
    assert answers(reader) == [(line,)]


@pytest.mark.parametrize(
    ("command", "sent"),
    [
        ("M118 Größe", "M118 Gr??e"),
        ("M118 ✓ a ✓", "M118 ? a ?"),
        ("M118 why?", "M118 why?"),
        ("G29", "G29 P1"),
        ("M118 a  b", "M118 A B"),
        ("M600", "M600 X0"),
    ],
)
def test_changed_on_the_way(command: str, sent: str) -> None:
    """A command that OctoPrint or a plugin changes is known by its place."""
    reader = read(
        [command, "M114"],
        [
            "Send: M105",
            "Recv: ok T:20.0 /0.0",
            f"Send: N5 {sent}*36",
            "Recv: first",
            "Recv: ok",
            "Send: M114",
            "Recv: second",
            "Recv: ok",
        ],
    )
    assert answers(reader) == [("first",), ("second",)]


PRINT = ["Send: N6 G1 X10 E2*36", "Recv: ok"]


@pytest.mark.parametrize(
    ("commands", "lines"),
    [
        # Behind one that is recognized, before one, and several.
        (["M114", "G29"], ["Send: N7 M114*5", "Send: N8 G80*6"]),
        (["G29", "M114"], ["Send: N7 G80*5", "Send: N8 M114*6"]),
        (["M114", "G29", "M300"], ["Send: N7 M114*5", "Send: G80", "Send: M301"]),
    ],
)
@pytest.mark.parametrize("is_pipelined", [False, True])
def test_changed_beyond_recognition_in_a_print(
    commands: list[str], lines: list[str], is_pipelined: bool
) -> None:
    """A command is known by its place beside another one, and no answer is lost or shifted."""
    reader = AnswerReader(commands)
    reader.is_printing = True
    ours = list(lines)
    for index in reversed(range(len(lines))):
        # Right behind its command, or once all are sent.
        end = len(lines) if is_pipelined else index + 1
        ours[end:end] = [f"Recv: answer {index}", "Recv: ok"]
    for line in [*PRINT, *ours, *PRINT, "Send: M105", "Recv: ok T:20.0 /0.0"]:
        reader.read(line)
    assert reader.is_enough
    assert [each.lines for each in reader.answers()] == [
        (f"answer {index}",) for index in range(len(lines))
    ]


def test_place_is_no_proof() -> None:
    """What stands beside one of ours is not taken for another one that comes later."""
    reader = AnswerReader(["M114", "M115"])
    reader.is_printing = True
    for line in ("Send: N7 M114*5", "Recv: X:1", "Recv: ok", *PRINT):
        reader.read(line)
    assert not reader.is_done
    for line in ("Send: N9 M115*5", "Recv: FIRMWARE_NAME:A", "Recv: ok"):
        reader.read(line)
    assert answers(reader) == [("X:1",), ("FIRMWARE_NAME:A",)]


def test_passed_over() -> None:
    """One that is never sent blocks none that follow it."""
    lines = ["Send: M114", "Recv: X:1", "Recv: ok"]
    reader = read(["M600", "M300", "M114"], lines)
    assert reader.is_settled
    assert not reader.is_done
    assert [each.lines for each in reader.answers()] == [(), (), ("X:1",)]
    # It comes late.
    assert reader.read("Send: M300")
    assert not reader.is_settled
    assert reader.read("Recv: ok")
    assert reader.is_settled


def test_polls_pass_nothing_over() -> None:
    """What OctoPrint asks by itself says nothing of the commands before it."""
    poll = ["Send: M105", "Recv: ok T:20.0 /0.0"]
    reader = read(["M600", "M105"], poll)
    assert not reader.is_settled
    assert reader.is_enough
    assert [each.lines for each in reader.answers()] == [(), ("ok T:20.0 /0.0",)]
    ours = ["Send: M600", "Recv: ok", "Send: M105", "Recv: ok T:21.0 /0.0"]
    reader = read(["M600", "M105"], [*poll, *ours])
    assert answers(reader) == [(), ("ok T:21.0 /0.0",)]


def test_print_of_the_same_kind() -> None:
    """In a print, a command of the same kind is the print's own."""
    reader = AnswerReader(["G1 X10"])
    reader.is_printing = True
    assert not reader.read("Send: N7 G1 X11 E3*12")
    assert reader.read("Send: N8 G1 X10*12")


def test_lost_acknowledgement() -> None:
    """An acknowledgement that got lost shifts no answer to another command."""
    reader = read(
        ["M300"],
        ["Send: M300", "Communication timeout", "Send: M105", "Recv: ok T:20.0 /0.0"],
    )
    assert not reader.is_done
    assert not reader.is_enough
    assert reader.pending == "M300"
    reader = read(
        ["M114"],
        [
            "Send: G4",
            "Send: M105",
            "Recv: ok T:20.0",
            "Send: M114",
            "Recv: a",
            "Recv: ok",
        ],
    )
    assert answers(reader) == [("a",)]


def test_firmware_starts_anew() -> None:
    """A firmware that starts anew answers nothing that it was sent before."""
    reader = read(["M999"], ["Send: M999", "Recv: start"])
    assert reader.is_restarted
    assert not read(["M114"], ["Send: M114", "Recv: ok", "Recv: start"]).is_restarted


def client_of(session: aiohttp.ClientSession, fake: FakeOctoPrint) -> OctoPrintClient:
    """Return a client, of a server that pushes."""
    fake.push.enabled = True
    return OctoPrintClient(session, URL(fake.url), fake.key)


async def wait_for_gcode(fake: FakeOctoPrint) -> None:
    """Wait until the G-code has come in."""
    async with asyncio.timeout(60):
        while not fake.commands():
            await asyncio.sleep(0.005)


async def test_ask(session: aiohttp.ClientSession, fake: FakeOctoPrint) -> None:
    """An answer may come in several messages; afterwards the socket is closed."""
    task = asyncio.create_task(
        ask_gcode(client_of(session, fake), ["M115"], timeout=60)
    )
    await wait_for_gcode(fake)
    assert fake.push.subscription == {"state": {"logs": True, "messages": False}}
    await fake.push.send("no JSON")
    await fake.push.send(b"binary")
    await fake.push.current(logs=["Send: M115", "Recv: FIRMWARE_NAME:A"])
    await fake.push.current(logs=[])
    await fake.push.current(logs=["Recv: ok"])
    [answer] = await task
    assert (answer.command, answer.lines) == ("M115", ("FIRMWARE_NAME:A",))
    await fake.push.wait_closed()
    assert fake.commands() == [("/api/printer/command", {"commands": ["M115"]})]


async def test_busy(
    session: aiohttp.ClientSession,
    fake: FakeOctoPrint,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It waits as long as the printer is busy, and no longer."""
    seen: list[str] = []
    read_line = AnswerReader.read

    def read(reader: AnswerReader, line: str) -> bool:
        seen.append(line)
        return read_line(reader, line)

    monkeypatch.setattr(AnswerReader, "read", read)
    task = asyncio.create_task(ask_gcode(client_of(session, fake), ["G29"], timeout=10))
    await until(fake.commands)
    await fake.push.current(logs=["Send: G29"])
    for number in range(5):
        clock.now += 4
        await fake.push.current(logs=["Recv: echo:busy: processing"])
        await until(lambda: len(seen) == number + 2)  # noqa: B023
    assert not task.done()
    clock.now += 11
    with pytest.raises(FirmwareSilentError) as err:
        await task
    assert err.value.command == "G29"
    await fake.push.wait_closed()


async def test_lost(session: aiohttp.ClientSession, fake: FakeOctoPrint) -> None:
    """Nobody waits for a printer that is gone."""
    task = asyncio.create_task(
        ask_gcode(client_of(session, fake), ["M112"], timeout=60)
    )
    await wait_for_gcode(fake)
    await fake.push.current(state={"flags": {"closedOrError": True}})
    with pytest.raises(PrinterLostError):
        await task


@pytest.mark.parametrize("end", ["close", "drop"])
async def test_socket_lost(
    session: aiohttp.ClientSession, fake: FakeOctoPrint, end: str
) -> None:
    """A lost socket is told."""
    task = asyncio.create_task(
        ask_gcode(client_of(session, fake), ["M115"], timeout=60)
    )
    await wait_for_gcode(fake)
    await getattr(fake.push, end)()
    with pytest.raises(OctoPrintConnectionError):
        await task


async def test_no_socket(session: aiohttp.ClientSession, fake: FakeOctoPrint) -> None:
    """Nothing is sent where the answer could not be heard."""
    client = OctoPrintClient(session, URL(fake.url), fake.key)
    with pytest.raises(OctoPrintConnectionError):
        await ask_gcode(client, ["M115"], timeout=60)
    assert fake.commands() == []


async def test_reports_keep_nobody_waiting(
    session: aiohttp.ClientSession, fake: FakeOctoPrint
) -> None:
    """Without its own answer a command ends in time, whatever the printer reports."""
    task = asyncio.create_task(ask_gcode(client_of(session, fake), ["M300"], timeout=1))
    await wait_for_gcode(fake)
    await fake.push.current(logs=["Send: M300"])
    async with asyncio.timeout(60):
        while not task.done():
            await fake.push.current(logs=["Recv: Not SD printing", "Recv: T:21.0 /0.0"])
            await asyncio.wait([task], timeout=0.2)
    with pytest.raises(FirmwareSilentError):
        await task


async def test_answer_of_the_next(
    session: aiohttp.ClientSession, fake: FakeOctoPrint
) -> None:
    """The answers that came are returned where one command was never sent."""
    task = asyncio.create_task(
        ask_gcode(client_of(session, fake), ["M600", "M114"], timeout=60)
    )
    await wait_for_gcode(fake)
    await fake.push.current(logs=["Send: M114", "Recv: X:1", "Recv: ok"])
    assert [each.lines for each in await task] == [(), ("X:1",)]
