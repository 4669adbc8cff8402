"""Test the terminal: what the printer answers to G-code."""

import asyncio
from collections.abc import Sequence

import pytest

from custom_components.octoprint_plus.api import (
    OctoPrintClient,
    OctoPrintConflictError,
    OctoPrintConnectionError,
    OctoPrintPermissionError,
    OctoPrintRequestError,
)
from custom_components.octoprint_plus.api.errors import ConnectionCause
from custom_components.octoprint_plus.api.terminal import Reply
from tests.fake_octoprint import FakeOctoPrint

TERMINAL = "custom_components.octoprint_plus.api.terminal"


@pytest.fixture(autouse=True)
def push(fake: FakeOctoPrint) -> None:
    """Let the server have its socket."""
    fake.push.enabled = True


def sent(fake: FakeOctoPrint) -> list[str]:
    """Return the G-code that was sent so far."""
    return [
        line
        for path, command in fake.commands()
        if path == "/api/printer/command"
        for line in command["commands"]
    ]


async def say(fake: FakeOctoPrint, *batches: Sequence[str]) -> None:
    """Say on the terminal what belongs to each command once it has been sent."""
    for number, batch in enumerate(batches):
        async with asyncio.timeout(10):
            while len(sent(fake)) <= number:
                await asyncio.sleep(0.01)
        await fake.push.current(logs=list(batch))


async def ask(
    client: OctoPrintClient,
    fake: FakeOctoPrint,
    commands: Sequence[str],
    *batches: Sequence[str],
    timeout: float = 10,
) -> list[Reply]:
    """Ask while the terminal says what it has to."""
    async with asyncio.TaskGroup() as group:
        group.create_task(say(fake, *batches))
        asked = group.create_task(client.terminal.ask(commands, timeout=timeout))
    return list(asked.result())


async def test_answers(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    assert await ask(
        client,
        fake,
        ["M503 S0 ; all of it", "m105"],
        [
            "Recv: ok",
            "Send: M105",
            "Recv: ok T:20.0 /0.0",
            "Send: N12 M503 S0*37",
            "Recv: echo:  M92 X80.00",
            "Recv:  T:21.3 /0.0 B:21.0 /0.0",
            "Recv: T0: 21.3 / 0.0",
            "Recv: echo:busy: processing",
            "Recv: wait",
            "Changed monitoring filter",
            "Recv:  G21    ; mm ",
            "Recv: ok N12 P15 B3",
            "Recv: too late",
        ],
        ["Recv: too early", "Send: M105", "Recv: T:21.3 /0.0", "Recv: ok T:21.4 /0.0"],
    ) == [
        Reply(
            command="M503 S0 ; all of it",
            lines=("echo:  M92 X80.00", " G21    ; mm"),
            is_complete=True,
        ),
        Reply(
            command="m105",
            lines=("T:21.3 /0.0", "ok T:21.4 /0.0"),
            is_complete=True,
        ),
    ]
    assert sent(fake) == ["M503 S0 ; all of it", "m105"]
    subscribe, _ = (each.message for each in fake.push.received)
    assert subscribe == {"subscribe": {"state": {"logs": True, "messages": False}}}
    await fake.push.wait_closed()


async def test_octoprint_2(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    """It draws arrows instead of words."""
    lines = [">>> N1 M115*3", "<<< FIRMWARE_NAME:Marlin", "<<< wait", "<<< ok"]
    (reply,) = await ask(client, fake, ["M115"], lines)
    assert (reply.lines, reply.is_complete) == (("FIRMWARE_NAME:Marlin",), True)


async def test_answer_in_pieces(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    async def talk() -> None:
        await say(fake, ["Send: M115"])
        await fake.push.send(b"nothing to read")
        await fake.push.send("nor JSON")
        await fake.push.send({"event": {"type": "ZChange"}})
        await fake.push.current(logs=["Recv: FIRMWARE_NAME:Marlin"])
        await fake.push.current(logs=["Recv: ok"])

    async with asyncio.TaskGroup() as group:
        group.create_task(talk())
        asked = group.create_task(client.terminal.ask(["M115"]))
    (reply,) = asked.result()
    assert (reply.lines, reply.is_complete) == (("FIRMWARE_NAME:Marlin",), True)


@pytest.mark.parametrize(
    ("said", "lines"),
    [([], ()), (["Send: G29", "Recv: 1 of 9", "Recv: okay"], ("1 of 9", "okay"))],
)
async def test_too_long(
    client: OctoPrintClient, fake: FakeOctoPrint, said: list[str], lines: tuple[str]
) -> None:
    """What comes after it is not sent."""
    replies = await ask(client, fake, ["G29", "M500"], said, timeout=0.3)
    assert replies == [Reply(command="G29", lines=lines, is_complete=False)]
    assert sent(fake) == ["G29"]


async def test_too_many_lines(
    client: OctoPrintClient, fake: FakeOctoPrint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{TERMINAL}.MAX_LINES", 3)
    (reply,) = await ask(
        client, fake, ["M20"], ["Send: M20", *["Recv: a file"] * 9, "Recv: ok"]
    )
    assert reply == Reply(command="M20", lines=("a file",) * 3, is_complete=False)


@pytest.mark.parametrize("command", ["", "; note", "@pause", "M117 a\nM112", "28"])
async def test_no_gcode(
    client: OctoPrintClient, fake: FakeOctoPrint, command: str
) -> None:
    with pytest.raises(OctoPrintRequestError, match="no G-code"):
        await client.terminal.ask(["M115", command])
    assert not fake.requests


async def test_not_allowed(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    user = {"name": "viewer", "permissions": ["STATUS", "CONTROL"]}
    fake.answer("GET", "/api/currentuser", json=user)
    with pytest.raises(OctoPrintPermissionError) as caught:
        await client.terminal.ask(["M115"])
    assert caught.value.permission == "MONITOR_TERMINAL"
    assert not sent(fake)


async def test_printer_is_off(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.load("disconnected")
    with pytest.raises(OctoPrintConflictError):
        await client.terminal.ask(["M115"])
    await fake.push.wait_closed()


@pytest.mark.parametrize("kind", ["connected", "history"])
async def test_silent(
    client: OctoPrintClient,
    fake: FakeOctoPrint,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    monkeypatch.setattr(f"{TERMINAL}.HANDSHAKE_TIMEOUT", 0.1)
    fake.push.silent = {kind}
    with pytest.raises(OctoPrintConnectionError) as caught:
        await client.terminal.ask(["M115"])
    assert caught.value.cause is ConnectionCause.TIMEOUT
    assert not sent(fake)


async def test_lost(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    async def talk() -> None:
        await say(fake, ["Send: M115"])
        await fake.push.drop()

    talking = asyncio.create_task(talk())
    with pytest.raises(OctoPrintConnectionError) as caught:
        await client.terminal.ask(["M115"])
    await talking
    assert caught.value.cause is ConnectionCause.BROKEN
