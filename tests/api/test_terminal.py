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
from custom_components.octoprint_plus.api.terminal import (
    AnswerReader,
    FirmwareSilentError,
    PrinterLostError,
    ask,
)
from tests.fake_octoprint import FakeOctoPrint


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


def client_of(session: aiohttp.ClientSession, fake: FakeOctoPrint) -> OctoPrintClient:
    """Return a client, of a server that pushes."""
    fake.push.enabled = True
    return OctoPrintClient(session, URL(fake.url), fake.key)


async def wait_for_gcode(fake: FakeOctoPrint) -> None:
    """Wait until the G-code has come in."""
    async with asyncio.timeout(5):
        while not fake.commands():
            await asyncio.sleep(0.005)


async def test_ask(session: aiohttp.ClientSession, fake: FakeOctoPrint) -> None:
    """An answer may come in several messages; afterwards the socket is closed."""
    task = asyncio.create_task(ask(client_of(session, fake), ["M115"], timeout=5))
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


async def test_ask_with_parameters(
    session: aiohttp.ClientSession, fake: FakeOctoPrint
) -> None:
    """The command is known as OctoPrint fills it."""
    task = asyncio.create_task(
        ask(client_of(session, fake), ["M117 %(a)s"], {"a": "x"}, timeout=5)
    )
    await wait_for_gcode(fake)
    await fake.push.current(logs=["Send: M117 x", "Recv: ok"])
    [answer] = await task
    assert answer.command == "M117 x"


async def test_busy(session: aiohttp.ClientSession, fake: FakeOctoPrint) -> None:
    """It waits as long as the printer is busy, and no longer."""
    task = asyncio.create_task(ask(client_of(session, fake), ["G29"], timeout=1.5))
    await wait_for_gcode(fake)
    await fake.push.current(logs=["Send: G29"])
    for _ in range(5):
        await asyncio.sleep(0.4)
        await fake.push.current(logs=["Recv: echo:busy: processing"])
    assert not task.done()
    with pytest.raises(FirmwareSilentError) as err:
        await task
    assert err.value.command == "G29"
    await fake.push.wait_closed()


async def test_lost(session: aiohttp.ClientSession, fake: FakeOctoPrint) -> None:
    """Nobody waits for a printer that is gone."""
    task = asyncio.create_task(ask(client_of(session, fake), ["M112"], timeout=5))
    await wait_for_gcode(fake)
    await fake.push.current(state={"flags": {"closedOrError": True}})
    with pytest.raises(PrinterLostError):
        await task


@pytest.mark.parametrize("end", ["close", "drop"])
async def test_socket_lost(
    session: aiohttp.ClientSession, fake: FakeOctoPrint, end: str
) -> None:
    """A lost socket is told."""
    task = asyncio.create_task(ask(client_of(session, fake), ["M115"], timeout=5))
    await wait_for_gcode(fake)
    await getattr(fake.push, end)()
    with pytest.raises(OctoPrintConnectionError):
        await task


async def test_no_socket(session: aiohttp.ClientSession, fake: FakeOctoPrint) -> None:
    """Nothing is sent where the answer could not be heard."""
    client = OctoPrintClient(session, URL(fake.url), fake.key)
    with pytest.raises(OctoPrintConnectionError):
        await ask(client, ["M115"], timeout=5)
    assert fake.commands() == []
