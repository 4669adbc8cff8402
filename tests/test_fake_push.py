"""Test the push socket of the fake, by a plain client that knows nothing of the integration."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

import aiohttp
from aiohttp import ClientWebSocketResponse, WSMsgType
import pytest

from .fake_octoprint import FakeOctoPrint
from .fake_push import Received
from .fake_push_messages import recording
from .recorded import FIXTURES, Answer, state_folders

STATE = {"logs": False, "messages": False}
SUBSCRIBE = {"state": STATE, "events": ["PrintDone", "ZChange"], "plugins": False}
STALE = {"reauthRequired": {"reason": "stale"}}
ALL_SILENT = 0.05


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations() -> None:
    """Leave Home Assistant out."""


class Client:
    """A plain client."""

    def __init__(self, fake: FakeOctoPrint, session: aiohttp.ClientSession) -> None:
        self.fake = fake
        self.session = session
        self.sockets: list[ClientWebSocketResponse] = []

    async def login(self, key: str | None = None) -> tuple[int, Any]:
        async with self.session.post(
            f"{self.fake.url}/api/login",
            json={"passive": True},
            headers={"X-Api-Key": key or self.fake.key},
        ) as response:
            return response.status, await response.json()

    async def auth(self) -> str:
        """Log in, and return what has to be sent."""
        _, user = await self.login()
        return f"{user['name']}:{user['session']}"

    async def open(self) -> ClientWebSocketResponse:
        socket = await self.session.ws_connect(
            f"{self.fake.url}/sockjs/websocket", compress=15
        )
        self.sockets.append(socket)
        return socket

    async def ready(self, subscribe: Any = SUBSCRIBE) -> ClientWebSocketResponse:
        """Open a socket, log in, and skip what is told then."""
        count = self.fake.push.sockets
        socket = await self.open()
        if subscribe is not None:
            await socket.send_json({"subscribe": subscribe})
        await socket.send_json({"auth": await self.auth()})
        await self.fake.push.wait_for_sockets(count + 1)
        await self.fake.push.send_anyway({"barrier": None})
        await until(socket, "barrier")
        return socket


@pytest.fixture
async def client(fake: FakeOctoPrint) -> AsyncGenerator[Client]:
    """Return a client of a fake that has its push socket."""
    fake.push.enabled = True
    async with aiohttp.ClientSession() as session:
        client = Client(fake, session)
        yield client
        for socket in client.sockets:
            await socket.close()


async def until(socket: ClientWebSocketResponse, name: str) -> list[Any]:
    """Return the messages up to one of this name."""
    messages: list[Any] = []
    async with asyncio.timeout(60):
        while not messages or name not in messages[-1]:
            messages.append(await socket.receive_json())
    return messages


async def one(socket: ClientWebSocketResponse) -> Any:
    """Return the next message."""
    return await socket.receive_json(timeout=60)


async def silence(socket: ClientWebSocketResponse) -> None:
    """See that nothing comes."""
    with pytest.raises(TimeoutError):
        await socket.receive(timeout=ALL_SILENT)


async def barrier(fake: FakeOctoPrint, socket: ClientWebSocketResponse) -> list[Any]:
    """Return what was told so far: a message that the fake sends now is the last."""
    await fake.push.send({"barrier": None})
    return (await until(socket, "barrier"))[:-1]


async def heard(fake: FakeOctoPrint, count: int) -> None:
    """Wait until so many messages of clients came in."""
    async with asyncio.timeout(60):
        while len(fake.push.received) < count:
            await asyncio.sleep(0.001)


async def test_off_by_default() -> None:
    assert FakeOctoPrint().push.enabled is False


@pytest.mark.parametrize(
    ("refuse", "status"),
    [
        (lambda fake: setattr(fake.push, "enabled", False), 404),
        (lambda fake: setattr(fake.push, "refusal", Answer(403, b"no")), 403),
        (lambda fake: fake.answer("GET", "*", status=502), 502),
        (lambda fake: fake.answer("GET", "/sockjs/websocket", status=503), 503),
    ],
)
async def test_refused(
    fake: FakeOctoPrint,
    client: Client,
    refuse: Callable[[FakeOctoPrint], None],
    status: int,
) -> None:
    refuse(fake)
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await client.open()
    assert caught.value.status == status
    assert fake.push.opened == 0
    assert len(fake.push.handshakes) == 1
    assert fake.requests == []


@pytest.mark.parametrize("user", ["admin", "user1", "readonly", "limited", "none"])
async def test_login(fake: FakeOctoPrint, client: Client, user: str) -> None:
    fake.user(user)
    status, first = await client.login()
    _, second = await client.login()
    assert status == 200
    assert first["name"] == user
    assert first["_login_mechanism"] == "apikey"
    assert first["session"] != second["session"]
    assert fake.commands() == []
    assert len(fake.requests) == 2


async def test_way_in(fake: FakeOctoPrint, client: Client) -> None:
    push = fake.push
    assert (push.subscription, push.throttle) == (None, 1)
    socket = await client.open()
    assert socket.compress
    hello = (await one(socket))["connected"]
    assert hello["version"] == "1.11.8"
    assert push.sockets == 0
    auth = await client.auth()
    await socket.send_json({"subscribe": SUBSCRIBE})
    await socket.send_json({"throttle": 4})
    await socket.send_json({"auth": auth})
    history = (await one(socket))["history"]
    assert await one(socket) == {"timelapse": None}
    await push.wait_for_sockets(1)
    assert push.received == [
        (0, {"subscribe": SUBSCRIBE}),
        (0, {"throttle": 4}),
        Received(0, {"auth": auth}),
    ]
    assert (push.subscription, push.throttle, push.opened) == (SUBSCRIBE, 4, 1)
    assert history["state"] == fake.json("GET", "/api/printer")["state"]
    assert history["job"] == fake.json("GET", "/api/job")["job"]
    assert history["progress"] == fake.json("GET", "/api/job")["progress"]
    assert history["logs"] == []
    first, last = history["temps"]
    assert first["time"] == last["time"] - 2
    assert last["bed"]["actual"] == first["bed"]["actual"] + 1
    await silence(socket)


@pytest.mark.parametrize("wrong", ["admin:nonsense", "joe:{session}"])
async def test_stale(fake: FakeOctoPrint, client: Client, wrong: str) -> None:
    socket = await client.ready()
    auth = await client.auth()
    await socket.send_json({"auth": wrong.format(session=auth.partition(":")[2])})
    assert await one(socket) == STALE
    await fake.push.wait_for_sockets(0)
    await fake.push.event("PrintDone")
    await fake.push.current()
    await silence(socket)


@pytest.mark.parametrize(
    ("subscribe", "current", "event", "plugin"),
    [
        (None, True, True, True),
        ({}, False, False, False),
        ({"state": True}, True, False, False),
        ({"state": STATE}, True, False, False),
        ({"events": True}, False, True, False),
        ({"events": ["PrintDone"]}, False, True, False),
        ({"events": ["ZChange"]}, False, False, False),
        ({"plugins": ["action_command_notification"]}, False, False, True),
        ({"plugins": ["action_command_prompt"]}, False, False, False),
        ({"plugins": True}, False, False, True),
        # These are not understood, but filtering begins.
        ({"events": 5}, False, False, False),
        ({"state": "x", "events": True}, False, False, False),
        ({"state": {"logs": "("}, "events": True}, False, False, False),
        ({"state": {"logs": 1}, "events": True}, False, False, False),
    ],
)
async def test_subscribe(
    fake: FakeOctoPrint,
    client: Client,
    subscribe: Any,
    current: bool,
    event: bool,
    plugin: bool,
) -> None:
    socket = await client.ready(subscribe)
    await fake.push.current()
    await fake.push.event("PrintDone")
    told = [next(iter(message)) for message in await barrier(fake, socket)]
    assert told == ["current"] * current + ["event"] * event
    await fake.push.replay("lifecycle_errors")
    told = [next(iter(message)) for message in await barrier(fake, socket)]
    assert ("current" in told) is current
    assert ("plugin" in told) is plugin


@pytest.mark.parametrize("user", ["none", "limited"])
async def test_permissions(fake: FakeOctoPrint, client: Client, user: str) -> None:
    fake.user(user)
    socket = await client.open()
    await socket.send_json({"auth": await client.auth()})
    await fake.push.wait_for_sockets(1)
    await fake.push.current()
    await fake.push.event("PrintDone")
    messages = await barrier(fake, socket)
    told = [next(iter(message)) for message in messages]
    if user == "none":
        assert told == ["connected"]
        return
    assert told == ["connected", "history", "timelapse", "event", "current", "event"]
    # As OctoPrint 1.11 does it: the terminal is kept from current, but not from history.
    assert len(messages[1]["history"]["logs"]) == 4
    assert "logs" not in messages[4]["current"]
    assert messages[3] == {"event": {"type": "ClientAuthed", "payload": {}}}


@pytest.mark.parametrize("lost", ["inactive", "key"])
async def test_key_lost(fake: FakeOctoPrint, client: Client, lost: str) -> None:
    """As measured: the socket goes on talking."""
    fake.user("user1")
    socket = await client.ready()
    if lost == "key":
        fake.key = "ANOTHER"
    else:
        fake.user("inactive")
    await fake.push.current()
    assert "current" in await one(socket)


async def test_send(fake: FakeOctoPrint, client: Client) -> None:
    sockets = [await client.ready({}), await client.ready({})]
    await fake.push.send({"unknown": float("nan")})
    await fake.push.send('{"truncated": ')
    await fake.push.send(b"\x00\xff")
    for socket in sockets:
        assert await socket.receive_str(timeout=60) == '{"unknown": NaN}'
        assert await socket.receive_str(timeout=60) == '{"truncated": '
        assert await socket.receive_bytes(timeout=60) == b"\x00\xff"


@pytest.mark.parametrize("folder", state_folders())
async def test_current(fake: FakeOctoPrint, client: Client, folder: str) -> None:
    fake.load(folder)
    fake.push.z = 1.5
    socket = await client.ready({"state": STATE})
    await fake.push.current()
    current = (await one(socket))["current"]
    job = fake.json("GET", "/api/job")
    printer = fake.json("GET", "/api/printer")
    assert (current["job"], current["progress"]) == (job["job"], job["progress"])
    assert current["state"]["text"] == job["state"]
    assert current["state"]["error"] == job.get("error", "")
    assert (current["logs"], current["messages"]) == ([], [])
    if "state" not in printer:
        assert (current["temps"], current["currentZ"]) == ([], None)
        flags = current["state"]["flags"]
        assert [name for name in flags if flags[name]] == ["closedOrError"]
        assert len(flags) == 11
        return
    assert current["state"]["flags"] == printer["state"]["flags"]
    assert current["currentZ"] == 1.5
    points = current["temps"]
    heaters = printer["temperature"]
    assert len(points) == bool(heaters)
    for name, heater in heaters.items():
        wanted = {key: heater[key] for key in ("actual", "target")}
        assert points[0][name] == wanted
    is_busy = {"printing", "paused"} & {
        name for name, is_set in printer["state"]["flags"].items() if is_set
    }
    assert bool(current["busyFiles"]) is bool(is_busy)


@pytest.mark.parametrize(
    "name", sorted(path.stem for path in (FIXTURES / "push").glob("*.jsonl"))
)
async def test_replay(fake: FakeOctoPrint, client: Client, name: str) -> None:
    socket = await client.ready({"state": STATE, "events": True, "plugins": True})
    await fake.push.replay(name)
    told = await barrier(fake, socket)
    expected = [
        {kind: content}
        for kind, content in recording(name)
        if kind not in ("connected", "history")
    ]
    assert told == expected
    assert len(told) >= 10


async def test_drop(fake: FakeOctoPrint, client: Client) -> None:
    sockets = [await client.ready(), await client.open()]
    await one(sockets[1])
    await fake.push.drop()
    await fake.push.wait_closed()
    assert fake.push.sockets == 0
    for socket in sockets:
        assert (await socket.receive(timeout=60)).type is WSMsgType.CLOSED
        assert socket.close_code == 1006
    await client.ready()
    assert fake.push.opened == 3


async def test_freeze(fake: FakeOctoPrint, client: Client) -> None:
    old = await client.ready()
    fake.push.freeze()
    assert fake.push.sockets == 0
    await fake.push.send({"any": 1})
    await fake.push.current()
    await fake.push.event("PrintDone")
    await fake.push.close()
    await old.send_json({"throttle": 7})
    await silence(old)
    assert (fake.push.throttle, len(fake.push.received)) == (1, 2)
    new = await client.ready()
    await fake.push.event("PrintDone")
    assert "event" in await one(new)
    fake.push.thaw()
    await heard(fake, 5)
    assert fake.push.received[-1] == (0, {"throttle": 7})
    assert fake.push.sockets == 2
    await fake.push.event("PrintDone")
    assert "event" in await one(old)


@pytest.mark.parametrize("reason", ["stale", "logout", "removed", "modified"])
async def test_reauth(fake: FakeOctoPrint, client: Client, reason: str) -> None:
    socket = await client.ready()
    auth = fake.push.received[-1].message
    await fake.push.reauth(reason)
    assert await one(socket) == {"reauthRequired": {"reason": reason}}
    # Only a modified user stays logged in, and the session stays, too.
    stays = reason == "modified"
    assert fake.push.sockets == int(stays)
    await fake.push.current()
    await socket.send_json(auth)
    assert await one(socket) == STALE if not stays else "current" in await one(socket)
    await socket.send_json({"auth": await client.auth()})
    await fake.push.wait_for_sockets(1)


async def test_restart(fake: FakeOctoPrint, client: Client) -> None:
    tasks = len(asyncio.all_tasks())
    sockets = [await client.ready(), await client.ready()]
    auth = await client.auth()
    await fake.stop()
    for lost in sockets:
        assert (await lost.receive(timeout=60)).type is WSMsgType.CLOSED
        assert lost.close_code == 1006
    with pytest.raises(aiohttp.ClientConnectorError):
        await client.open()
    await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) == tasks
    await fake.start()
    socket = await client.open()
    assert "connected" in await one(socket)
    await socket.send_json({"auth": auth})
    assert await one(socket) == STALE
    await socket.send_json({"auth": await client.auth()})
    assert "history" in await one(socket)
