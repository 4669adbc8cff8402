"""Test the socket byte by byte: cut anywhere, and with what no OctoPrint sends."""

import asyncio
from collections.abc import AsyncGenerator
import json
from typing import Any

import aiohttp
import pytest
from yarl import URL

from custom_components.octoprint_plus.api import (
    OctoPrintClient,
    OctoPrintConnectionError,
    State,
)
from custom_components.octoprint_plus.api.bodies import LARGE
from custom_components.octoprint_plus.api.errors import ConnectionCause
from custom_components.octoprint_plus.api.socket.messages import (
    Current,
    Hello,
    StateChanged,
)
from custom_components.octoprint_plus.api.socket.push import (
    OctoPrintPush,
    PushLost,
    PushStarted,
)
from tests.fake_octoprint import FakeOctoPrint
from tests.raw_server import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    RawServer,
    deflated,
    frame,
)
from tests.recorded import FIXTURES
from tests.waiting import until

from .listening import cause, descriptors, heard, listening

PUSH = "custom_components.octoprint_plus.api.socket.push"

CLIENT = "custom_components.octoprint_plus.api.transport"


def sample(name: str) -> bytes:
    """Return a recorded message, without spaces as OctoPrint sends it."""
    data = json.loads((FIXTURES / f"push/sample_{name}.json").read_bytes())
    return json.dumps(data, separators=(",", ":")).encode()


HELLO = sample("connected_permissions_trimmed")
HISTORY = sample("history_trimmed")
CURRENT = sample("current_printing_no_logs")
PAUSED = (
    b'{"event": {"type": "PrinterStateChanged", "payload": {"state_id": "PAUSED"}}}'
)
LAST = b'{"event": {"type": "PrinterStateChanged", "payload": {"state_id": "ERROR"}}}'

OPENING = frame(HELLO) + frame(HISTORY)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each attempt follow the last one at once, however it ended."""
    monkeypatch.setattr(f"{PUSH}.reconnect_pause", lambda _: 0)
    monkeypatch.setattr(
        "custom_components.octoprint_plus.api.transport.SOCKET_TIMEOUT",
        aiohttp.ClientWSTimeout(ws_close=0.05),
    )


@pytest.fixture
async def server(socket_enabled: None) -> AsyncGenerator[RawServer]:
    """Return a server that sends any bytes."""
    async with RawServer() as server:
        yield server


@pytest.fixture
def raw_push(session: aiohttp.ClientSession, server: RawServer) -> OctoPrintPush:
    """Return a push of that server."""
    return OctoPrintPush(OctoPrintClient(session, URL(server.url), "KEY"))


@pytest.mark.parametrize(
    ("is_deflated", "is_reset", "step"),
    [(True, False, 1), (True, True, 3), (False, False, 5)],
)
async def test_cut_at_every_byte(
    raw_push: OctoPrintPush,
    server: RawServer,
    is_deflated: bool,
    is_reset: bool,
    step: int,
) -> None:
    """Test a server that goes away at any byte, and that the next attempt works."""
    # asyncio's debug mode would take ten times as long.
    asyncio.get_running_loop().set_debug(False)

    def framed(messages: tuple[bytes, ...]) -> bytes:
        return deflated(messages) if is_deflated else b"".join(map(frame, messages))

    messages = (HELLO, HISTORY, PAUSED)
    server.streams = [framed(messages)]
    server.is_reset = is_reset
    head = len(RawServer.switch(b""))
    server.listens_after = head + len(framed(messages[:1]))
    opened = head + len(framed(messages[:2]))
    whole = head + len(framed(messages))
    cuts = [*range(0, whole, step), whole]
    # Where no answer came, aiohttp itself asks a second time.
    server.cuts = [
        length
        for cut in cuts
        for length in ((cut, cut, whole) if cut < head else (cut, whole))
    ]
    async with listening(raw_push) as listener:
        await listener.until(lambda: len(server.cuts) < server.opened)
        tasks, files = len(asyncio.all_tasks()), descriptors()
    lost = listener.of(PushLost)
    assert len(lost) == 2 * len(cuts)
    assert {type(each.error) for each in lost} == {OctoPrintConnectionError}
    assert {cause(each) for each in lost} == {ConnectionCause.BROKEN}
    # A reset overtakes what was sent before it.
    if not is_reset:
        up = len(cuts) + sum(cut >= opened for cut in cuts)
        assert len(listener.of(PushStarted)) in (up, up + 1)
        assert len(listener.of(StateChanged)) in (len(cuts) + 1, len(cuts) + 2)
        assert [each.attempts > 0 for each in lost[::2]] == [
            cut < opened for cut in cuts
        ]
    assert server.logins == 1
    # The test, the listener, the server, and the last connection at both its ends.
    assert tasks <= 4
    assert files < 40


async def test_half_open(
    push: OctoPrintPush, fake: FakeOctoPrint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that a connection that is dead without a word is found out."""
    monkeypatch.setattr("custom_components.octoprint_plus.api.transport.HEARTBEAT", 0.1)
    async with listening(push) as listener:
        await listener.next(PushStarted)
        fake.push.freeze()
        assert cause(await listener.next(PushLost)) is ConnectionCause.TIMEOUT
        await listener.next(PushStarted, 2)
        await fake.push.wait_for_sockets(1)


async def test_silence_is_no_death(
    push: OctoPrintPush, fake: FakeOctoPrint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that a printer that is off, of which nothing is told, keeps its socket."""
    monkeypatch.setattr("custom_components.octoprint_plus.api.transport.HEARTBEAT", 0.2)
    async with listening(push) as listener:
        await listener.next(PushStarted)
        # A machine that stalls spoils one measurement, but not all.
        async with asyncio.timeout(60):
            lost = None
            while lost != len(listener.of(PushLost)):
                lost = len(listener.of(PushLost))
                fake.push.pings = 0
                await until(lambda: fake.push.pings >= 3)
        await fake.push.wait_for_sockets(1)
        assert fake.push.opened == lost + 1


@pytest.mark.parametrize(
    "junk",
    [
        b"",
        b"\x00" * 100,
        b"no JSON",
        b"null",
        b"[]",
        b'"text"',
        b"17",
        b"NaN",
        b"{}",
        b'{"current"',
        b'{"current": null}',
        b'{"current": []}',
        b'{"current": {"state": 5}}',
        b'{"current": {"state": {"text": "Operational", "flags": 7}, "temps": [1]}}',
        b'{"event": "PrintDone"}',
        b'{"event": {"type": ["PrintDone"], "payload": 3}}',
        b'{"event": {"type": "ToBeInvented", "payload": {}}}',
        b'{"event": {"type": "PrintDone", "payload": null}}',
        b'{"event": {"type": "PrinterStateChanged", "payload": {"state_id": "NEW"}}}',
        b'{"connected": {}}',
        b'{"history": {}}',
        b'{"history": "none"}',
        b'{"timelapse": null}',
        b'{"plugin": {"plugin": "x", "data": [1]}}',
        b'{"slicingProgress": {}}',
        b'{"somethingNew": {"a": 1}}',
        b"[" * 200_000,
        b'{"a":' * 100_000,
        CURRENT[:-100],
        CURRENT * 2,
        '{"current": "\N{PILE OF POO}"}'.encode(),
    ],
    ids=lambda junk: repr(junk[:40]),
)
async def test_junk(raw_push: OctoPrintPush, server: RawServer, junk: bytes) -> None:
    """Test that what is not to be understood, before and after the log-in, is passed over."""
    server.streams = [
        frame(junk) + frame(HELLO) + frame(junk) + frame(HISTORY) + frame(junk)
        + frame(PAUSED)
    ]  # fmt: skip
    async with listening(raw_push) as listener:
        await listener.next(StateChanged)
        assert len(listener.of(PushStarted)) == 1
        assert listener.of(PushLost) == []
        assert not {"text", "NEW"} & {str(each) for each in listener.messages}


async def test_invalid_texts(raw_push: OctoPrintPush, server: RawServer) -> None:
    """Test bytes that are no UTF-8, as of a proxy that mangles them."""
    server.streams = [OPENING + frame(b'{"event": "\xff\xfe\x80"}') + frame(PAUSED)]
    async with listening(raw_push) as listener:
        await listener.next(StateChanged)
        assert listener.of(PushLost) == []


async def test_other_kinds_of_frames(
    raw_push: OctoPrintPush, server: RawServer
) -> None:
    """Test binary frames, pings and frames in parts, in all phases."""
    between = frame(b"\x00\x01", BINARY) + frame(b"?", PING) + frame(b"", PONG)
    parts = [HISTORY[start : start + 400] for start in range(0, len(HISTORY), 400)]
    fragments = [
        frame(part, CONTINUATION if index else TEXT, fin=index == len(parts) - 1)
        # Control frames may stand between parts.
        + frame(b"", PING)
        for index, part in enumerate(parts)
    ]
    stream = between + frame(HELLO) + between + b"".join(fragments) + between
    server.streams = [stream + frame(PAUSED)]
    async with listening(raw_push) as listener:
        await listener.next(StateChanged)
        assert len(listener.of(PushStarted)) == 1
        assert listener.of(PushLost) == []


@pytest.mark.parametrize(
    "broken",
    [
        frame(b"", CLOSE),
        frame((1001).to_bytes(2) + b"Going away", CLOSE),
        frame(b"\x00", CLOSE),
        frame(b"?", 3),
        frame(b"?", 11),
        frame(b"?", fin=False) + frame(b"?"),
        frame(b"?", CONTINUATION),
        frame(b"?" * 200, PING),
        frame(b"\xff\xff\xff\xff", rsv1=True),
        b"\xff" * 64,
        b"HTTP/1.1 502 Bad Gateway\r\n\r\n",
    ],
    ids=lambda broken: broken[:12].hex(),
)
@pytest.mark.parametrize(
    "opening", [b"", frame(HELLO), OPENING], ids=["first", "login", "later"]
)
async def test_broken_frames(
    raw_push: OctoPrintPush, server: RawServer, opening: bytes, broken: bytes
) -> None:
    """Test what is no WebSocket any more, in all phases, and that all is well after it."""
    server.streams = [opening + broken, OPENING + frame(LAST)]
    async with listening(raw_push) as listener:
        lost = await listener.next(PushLost)
        assert cause(lost) is ConnectionCause.BROKEN
        assert str(lost.error)
        assert await listener.next(StateChanged) == StateChanged(state=State.ERROR)
        assert len(listener.of(PushLost)) == 1


@pytest.mark.parametrize(
    "head",
    [
        b"\x00" * 500,
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
        (
            b"HTTP/1.1 101 Switching Protocols\r\n"
            b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: wrong\r\n\r\n"
        ),
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 999 ???\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://[\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: ftp://127.0.0.1/\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: /sockjs/websocket\r\n\r\n",
        b"HTTP/1.1 302 Found\r\n\r\n",
    ],
    ids=lambda head: head[:60].decode().strip(),
)
async def test_broken_heads(
    raw_push: OctoPrintPush,
    server: RawServer,
    monkeypatch: pytest.MonkeyPatch,
    head: bytes,
) -> None:
    """Test answers that are no switch to a socket; nothing secret follows them."""
    monkeypatch.setattr(
        "custom_components.octoprint_plus.api.transport.REQUEST_TIMEOUT",
        aiohttp.ClientTimeout(total=0.3),
    )
    server.head, server.streams = head, [OPENING]
    async with listening(raw_push) as listener:
        lost = await listener.next(PushLost, 2)
        assert isinstance(lost.error, OctoPrintConnectionError)
        assert server.logins == 0
        server.head = None
        await listener.next(PushStarted)


async def test_switch_without_compression(
    raw_push: OctoPrintPush, server: RawServer
) -> None:
    """Test a head in which a server offers something that was not asked for."""
    server.streams = [OPENING + deflated([PAUSED])]
    async with listening(raw_push) as listener:
        await listener.next(StateChanged)


async def test_large_history(push: OctoPrintPush, fake: FakeOctoPrint) -> None:
    """Test the history of half an hour of a printer with many sensors."""
    content = json.loads(HISTORY)["history"]
    names = ["bed", "chamber", *(f"tool{number}" for number in range(5))]
    content["temps"] = [
        {"time": second} | {name: {"actual": second / 7, "target": 0} for name in names}
        for second in range(900)
    ]
    message = json.dumps({"history": content})
    assert len(message) > 230_000
    fake.push.silent.add("history")
    async with listening(push) as listener:
        await fake.push.wait_for_sockets(1)
        await fake.push.send(message)
        await listener.next(PushStarted)
        (history,) = listener.of(Current)
        assert history.heaters is not None
        assert history.heaters["tool4"].actual == 899 / 7
        await heard(listener, fake)


@pytest.mark.parametrize(
    "opening", [b"", frame(HELLO), OPENING], ids=["first", "login", "later"]
)
async def test_endless_frame(
    raw_push: OctoPrintPush, server: RawServer, opening: bytes
) -> None:
    """Test the announcement of a message that would never end."""
    server.streams = [opening + b"\x81\x7f" + b"\xff" * 8, OPENING]
    async with listening(raw_push) as listener:
        assert cause(await listener.next(PushLost)) is ConnectionCause.TOO_LARGE
        await listener.next(PushStarted, 2 if opening == OPENING else 1)


@pytest.mark.parametrize(
    "content",
    ["x" * 10 * 1024 * 1024, "x" * 5 * 1024 * 1024, [[]] * 500_000, [{}] * 500_000],
    ids=["10 MB", "5 MB", "lists", "objects"],
)
async def test_huge_frame(
    client: OctoPrintClient, fake: FakeOctoPrint, content: object
) -> None:
    """Test that a message beyond all reason is passed over, and so what would become one."""
    parsed = []

    def loads(frame: bytes) -> Any:
        parsed.append(len(frame))
        return json.loads(frame)

    fake.push.enabled = True
    async with listening(OctoPrintPush(client, loads)) as listener:
        await listener.next(PushStarted)
        await fake.push.send(json.dumps({"plugin": content}))
        await heard(listener, fake)
    assert parsed
    assert max(parsed) < LARGE


async def test_frame_beyond_the_limit(
    push: OctoPrintPush, fake: FakeOctoPrint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that a message that is not even received ends the socket, and is named as the cause."""
    monkeypatch.setattr(f"{CLIENT}.MAX_MESSAGE", 1024 * 1024)
    async with listening(push) as listener:
        await listener.next(PushStarted)
        await fake.push.send(json.dumps({"plugin": "x" * 1024 * 1024}))
        lost = await listener.next(PushLost)
        assert cause(lost) is ConnectionCause.TOO_LARGE
        assert "graph cutoff" in str(lost.error)
        await listener.next(PushStarted, 2)
        await heard(listener, fake)


async def test_huge_frame_that_is_small_on_the_wire(
    raw_push: OctoPrintPush, server: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{CLIENT}.MAX_MESSAGE", 4 * 1024 * 1024)
    bomb = deflated([HELLO, HISTORY, b'"' + b" " * 10 * 1024 * 1024 + b'"'])
    assert len(bomb) < 20_000
    server.streams = [bomb, OPENING]
    async with listening(raw_push) as listener:
        assert cause(await listener.next(PushLost)) is ConnectionCause.TOO_LARGE
        await listener.next(PushStarted, 2)


async def test_unknown_hello_comes_again(
    raw_push: OctoPrintPush, server: RawServer
) -> None:
    """Test that a second hello, as of a plugin that mimics it, opens nothing anew."""
    server.streams = [OPENING + frame(HELLO) + frame(PAUSED)]
    async with listening(raw_push) as listener:
        await listener.next(StateChanged)
        assert len(listener.of(Hello)) == 1
        assert server.logins == 1
