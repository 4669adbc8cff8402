"""Test how the socket is opened, logged in, and opened again."""

import json
import time
from typing import Any

import aiohttp
import pytest
from yarl import URL

from custom_components.octoprint_plus.api import OctoPrintClient, State
from custom_components.octoprint_plus.api.errors import ConnectionCause
from custom_components.octoprint_plus.api.plugins.psu_control import PsuState
from custom_components.octoprint_plus.api.socket.messages import (
    EVENTS,
    PLUGINS,
    Current,
    PluginTold,
    PrintEnding,
    ReauthRequired,
    StateChanged,
    TimelapseChanged,
)
from custom_components.octoprint_plus.api.socket.push import (
    HURRY,
    OctoPrintPush,
    PushLost,
    PushStarted,
)
from custom_components.octoprint_plus.api.timelapse import (
    TIMELAPSE_OFF,
    TimelapseConfig,
)
from tests.fake_octoprint import FakeOctoPrint
from tests.insides import break_connection
from tests.raw_server import CLOSE, RawServer, frame
from tests.recorded import Answer
from tests.waiting import until

from .listening import cause, heard, listening

PUSH = "custom_components.octoprint_plus.api.socket.push"


def sent(fake: FakeOctoPrint, socket: int) -> list[Any]:
    """Return what came in by a socket."""
    return [each.message for each in fake.push.received if each.socket == socket]


def logins(fake: FakeOctoPrint) -> int:
    """Return how often the key was exchanged for a session."""
    return sum(request.path == "/api/login" for request in fake.requests)


async def test_in_order(push: OctoPrintPush, fake: FakeOctoPrint) -> None:
    """Test what is said to open a socket, and that what is pushed comes typed."""
    fake.push.z = 4.2
    async with listening(push) as listener:
        await listener.next(PushStarted)
        history, started, *_ = listener.messages
        assert isinstance(history, Current)
        assert history.is_history
        assert history.job.state == "Operational"
        assert history.z == 4.2
        assert history.heaters is not None
        assert history.heaters["tool0"].actual is not None
        assert isinstance(started, PushStarted)

        fake.load("printing_local")
        await fake.push.event("PrinterStateChanged", {"state_id": "PRINTING"})
        await fake.push.current()
        await fake.push.event("PrintDone", {"path": "a.gcode", "time": 12.5})
        ending = await listener.next(PrintEnding)
        assert ending.print_time == 12.5
        assert listener.messages[2] == TimelapseChanged(
            config=TimelapseConfig(type=TIMELAPSE_OFF)
        )
        assert listener.of(StateChanged) == [StateChanged(state=State.PRINTING)]
        assert listener.of(Current)[-1].job.state == "Printing"
        assert not listener.of(Current)[-1].is_history

    (login,) = fake.requests
    assert (login.path, login.json) == ("/api/login", {"passive": True})
    subscribe, throttle, auth = sent(fake, 0)
    assert subscribe == {
        "subscribe": {
            "state": {"logs": False, "messages": False},
            "events": list(EVENTS),
            "plugins": list(PLUGINS),
        }
    }
    assert throttle == {"throttle": 3}
    assert auth["auth"].startswith("admin:DUMMY_SESSION_")
    (handshake,) = fake.push.handshakes
    assert fake.key not in str(handshake)
    assert "permessage-deflate" in handshake["Sec-WebSocket-Extensions"]
    await fake.push.wait_closed()


async def test_plugins(push: OctoPrintPush, fake: FakeOctoPrint) -> None:
    async with listening(push) as listener:
        await listener.next(PushStarted)
        data = {"hasGPIO": False, "isPSUOn": True}
        await fake.push.send({"plugin": {"plugin": "psucontrol", "data": data}})
        told = await listener.next(PluginTold)
        assert told.message == PsuState(is_on=True)
        await fake.push.event("plugin_psucontrol_psu_state_changed", {"isPSUOn": False})
        told = await listener.next(PluginTold, 2)
        assert told.message == PsuState(is_on=False)


async def test_below_a_path(
    session: aiohttp.ClientSession, socket_enabled: None
) -> None:
    async with FakeOctoPrint("/octo print") as fake:
        fake.push.enabled = True
        client = OctoPrintClient(session, URL(fake.url), fake.key)
        # The prefix is compared as it is sent.
        fake.prefix = client.url.raw_path
        async with listening(OctoPrintPush(client)) as listener:
            await listener.next(PushStarted)


@pytest.mark.parametrize("code", [1000, 1001, 1011])
async def test_closed_in_order(
    push: OctoPrintPush, fake: FakeOctoPrint, no_pauses: None, code: int
) -> None:
    async with listening(push) as listener:
        await listener.next(PushStarted)
        await fake.push.close(code)
        assert cause(await listener.next(PushLost)) is ConnectionCause.BROKEN
        await listener.next(PushStarted, 2)


@pytest.mark.parametrize("silence", ["connected", "history"])
async def test_silence(
    push: OctoPrintPush,
    fake: FakeOctoPrint,
    monkeypatch: pytest.MonkeyPatch,
    no_pauses: None,
    silence: str,
) -> None:
    """Test a server that does not say what it says to open a socket."""
    monkeypatch.setattr(f"{PUSH}.HANDSHAKE_TIMEOUT", 0.05)
    fake.push.silent.add(silence)
    async with listening(push) as listener:
        lost = await listener.next(PushLost, 2)
        assert cause(lost) is ConnectionCause.TIMEOUT
        monkeypatch.undo()
        fake.push.silent.clear()
        await listener.next(PushStarted)


async def test_socket_takes_too_long(
    push: OctoPrintPush, fake: FakeOctoPrint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "custom_components.octoprint_plus.api.transport.REQUEST_TIMEOUT",
        aiohttp.ClientTimeout(total=0.05),
    )
    fake.delay = 10
    async with listening(push) as listener:
        assert cause(await listener.next(PushLost)) is ConnectionCause.TIMEOUT


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, ConnectionCause.NOT_OCTOPRINT),
        (400, ConnectionCause.NOT_OCTOPRINT),
        (401, ConnectionCause.PROXY_LOGIN),
        (403, ConnectionCause.NOT_OCTOPRINT),
        (404, ConnectionCause.NOT_OCTOPRINT),
        (407, ConnectionCause.PROXY_LOGIN),
        (426, ConnectionCause.NOT_OCTOPRINT),
        (500, ConnectionCause.NOT_OCTOPRINT),
        (502, ConnectionCause.BAD_GATEWAY),
        (504, ConnectionCause.BAD_GATEWAY),
    ],
)
async def test_refused(
    push: OctoPrintPush,
    fake: FakeOctoPrint,
    no_pauses: None,
    status: int,
    expected: ConnectionCause,
) -> None:
    """Test a proxy that does not let the socket through, and lets it through later."""
    fake.push.refusal = Answer(
        status, b"<html><input type=password></html>", {"Content-Type": "text/html"}
    )
    async with listening(push) as listener:
        lost = await listener.next(PushLost, 3)
        assert cause(lost) is expected
        assert lost.attempts == 3
        assert fake.url not in str(lost.error)
        assert fake.requests == []
        fake.push.refusal = None
        await listener.next(PushStarted)
        await fake.push.drop()
        # It counts anew.
        await listener.next(PushStarted, 2)
        assert listener.of(PushLost)[-1].attempts == 0


async def test_server_is_gone(
    push: OctoPrintPush, fake: FakeOctoPrint, no_pauses: None
) -> None:
    async with listening(push) as listener:
        await listener.next(PushStarted)
        await fake.stop()
        lost = await listener.next(PushLost, 3)
        assert cause(lost) is ConnectionCause.REFUSED
        await fake.start()
        await listener.next(PushStarted, 2)


async def test_host_has_no_valid_name(session: aiohttp.ClientSession) -> None:
    client = OctoPrintClient(session, URL.build(scheme="http", host="a" * 70), "KEY")
    async with listening(OctoPrintPush(client)) as listener:
        assert cause(await listener.next(PushLost)) is ConnectionCause.NOT_FOUND


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirected(
    push: OctoPrintPush,
    fake: FakeOctoPrint,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
) -> None:
    """Test that nothing is said on the socket that a server redirects to."""
    monkeypatch.setattr(
        "custom_components.octoprint_plus.api.transport.SOCKET_TIMEOUT",
        aiohttp.ClientWSTimeout(ws_close=0.01),
    )
    async with RawServer() as other:
        other.streams = [frame(b'{"connected": {}}')]
        location = f"{other.url}/sockjs/websocket"
        fake.push.refusal = Answer(status, b"", {"Location": location})
        async with listening(push) as listener:
            lost = await listener.next(PushLost)
            assert cause(lost) is ConnectionCause.REDIRECTED
        assert (other.opened, other.logins) == (1, 0)
    head, _, said = bytes(other.received).partition(b"\r\n\r\n")
    assert fake.key.encode() not in head
    # Only that it is closed again.
    assert len(said) == 8
    assert said[0] == 0x80 | CLOSE
    assert fake.requests == []


async def test_redirected_to_a_page(push: OctoPrintPush, fake: FakeOctoPrint) -> None:
    async with FakeOctoPrint() as other:
        fake.push.refusal = Answer(302, b"", {"Location": f"{other.url}/login"})
        async with listening(push) as listener:
            lost = await listener.next(PushLost)
            assert cause(lost) is ConnectionCause.NOT_OCTOPRINT
        (request,) = other.requests
        assert fake.key not in str(request)
        assert fake.requests == []


async def test_throttle_is_changed(push: OctoPrintPush, fake: FakeOctoPrint) -> None:
    """Test that a new pace is told with the next message, once."""
    async with listening(push) as listener:
        await listener.next(PushStarted)
        push.throttle = 1
        await heard(listener, fake)
        await heard(listener, fake)
        push.throttle = 4
        await heard(listener, fake)
        # What it sent is there when the answer to something later is.
        await fake.push.reauth("modified")
        await heard(listener, fake)
        await listener.until(lambda: len(listener.of(ReauthRequired)) == 1)
    throttles = [each for each in sent(fake, 0) if "throttle" in each]
    assert throttles == [{"throttle": 3}, {"throttle": 1}, {"throttle": 4}]


async def test_hurry(
    push: OctoPrintPush, fake: FakeOctoPrint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that the pace is quick at once and for a moment, and told just once."""
    now = 1000.0
    monkeypatch.setattr(f"{PUSH}.monotonic", lambda: now)
    # Who is not connected yet begins quickly.
    await push.hurry()
    async with listening(push) as listener:
        await listener.next(PushStarted)
        assert fake.push.throttle == 1
        now += HURRY
        await heard(listener, fake)
        await until(lambda: fake.push.throttle == 3)
        # No message is waited for.
        await push.hurry()
        await push.hurry()
        await until(lambda: fake.push.throttle == 1)
        await heard(listener, fake)
        now += HURRY
        await heard(listener, fake)
        await until(lambda: fake.push.throttle == 3)
    throttles = [each["throttle"] for each in sent(fake, 0) if "throttle" in each]
    assert throttles == [1, 3, 1, 3]


async def test_hurry_on_a_broken_socket(
    push: OctoPrintPush,
    client: OctoPrintClient,
    fake: FakeOctoPrint,
    no_pauses: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that a socket that breaks meanwhile is told to the one who listens, once."""
    opened: list[aiohttp.ClientWebSocketResponse[bool]] = []
    open_socket = client.open_socket

    async def note(path: str) -> aiohttp.ClientWebSocketResponse[bool]:
        opened.append(await open_socket(path))
        return opened[-1]

    monkeypatch.setattr(client, "open_socket", note)
    async with listening(push) as listener:
        await listener.next(PushStarted)
        await heard(listener, fake)
        break_connection(opened[0])
        await push.hurry()
        await listener.next(PushStarted, 2)
        assert len(listener.of(PushLost)) == 1


async def test_throttle_is_kept_over_a_reconnect(
    push: OctoPrintPush, fake: FakeOctoPrint, no_pauses: None
) -> None:
    async with listening(push) as listener:
        await listener.next(PushStarted)
        push.throttle = 1
        await heard(listener, fake)
        await fake.push.drop()
        await listener.next(PushStarted, 2)
        assert {"throttle": 1} in sent(fake, 1)


@pytest.mark.parametrize("hours", [-20_000, -3, 3, 20_000])
async def test_clock_jumps(
    push: OctoPrintPush,
    fake: FakeOctoPrint,
    monkeypatch: pytest.MonkeyPatch,
    no_pauses: None,
    hours: int,
) -> None:
    """Test that the time of day, which may jump, decides nothing."""
    now = time.time
    async with listening(push) as listener:
        await listener.next(PushStarted)
        fake.load("printing_local")
        await fake.push.event("PrinterStateChanged", {"state_id": "PRINTING"})
        fake.load("operational_idle_file_selected")
        await listener.next(StateChanged)
        monkeypatch.setattr(time, "time", lambda: now() + hours * 3600)
        # It was composed before the event, and is told after it.
        await fake.push.current()
        assert (await listener.next(Current, 2)).job is None
        await fake.push.drop()
        await listener.next(PushStarted, 2)
        assert listener.of(Current)[-1].job.state == "Operational"
    assert logins(fake) == 1


async def test_another_reader_of_json(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    """Test that what reads JSON can be chosen, and gets bytes."""
    fake.push.enabled = True
    read: list[bytes] = []

    def loads(data: bytes) -> Any:
        read.append(data)
        return json.loads(data)

    async with listening(OctoPrintPush(client, loads)) as listener:
        await listener.next(PushStarted)
    assert [type(each) for each in read[:2]] == [bytes, bytes]


async def test_redirected_to_a_socket_that_answers(
    push: OctoPrintPush, fake: FakeOctoPrint
) -> None:
    """Test that nothing of the other server's socket stays behind."""
    async with FakeOctoPrint() as other:
        other.push.enabled = True
        location = f"{other.url}/sockjs/websocket"
        fake.push.refusal = Answer(302, b"", {"Location": location})
        async with listening(push) as listener:
            lost = await listener.next(PushLost)
            assert cause(lost) is ConnectionCause.REDIRECTED
        await other.push.wait_closed()
        assert other.push.received == []
