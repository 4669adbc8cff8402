"""Tests of OctoPrint's socket on every OctoPrint that is supported."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from time import monotonic

import aiohttp
import pytest
import pytest_asyncio
from pytest_socket import enable_socket
from yarl import URL

from custom_components.octoprint_plus.api import (
    ConnectionCause,
    OctoPrintClient,
    OctoPrintConnectionError,
    State,
)
from custom_components.octoprint_plus.api.job import PrintResult
from custom_components.octoprint_plus.api.socket.connection import ENDPOINT
from custom_components.octoprint_plus.api.socket.messages import (
    Current,
    ErrorOccurred,
    FileSelected,
    PrintEnding,
    PrintStarted,
    ReauthRequired,
    StateChanged,
)
from custom_components.octoprint_plus.api.socket.push import (
    OctoPrintPush,
    PushLost,
    PushStarted,
)
from scripts.lab import OctoPrintServer
from scripts.lab.octoprint_config import ADMIN_KEY, OPERATOR_KEY
from scripts.lab.sample_print import sample_print

from .matrix import NEWEST, VERSIONS
from .proxy import Sockets, TcpProxy, reverse_proxy
from .record import Heard, Record, listening

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]


only_newest = pytest.mark.parametrize("server", [NEWEST], indirect=True)


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=VERSIONS)
async def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[OctoPrintServer]:
    """Return a running OctoPrint of each version."""
    # The harness forbids sockets before the fixtures of a module are made.
    enable_socket()
    folder = tmp_path_factory.mktemp("octoprint")
    async with OctoPrintServer(folder, version=request.param) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="module")
async def octoprint(server: OctoPrintServer) -> OctoPrintServer:
    """Return the OctoPrint with its printer connected and idle."""
    if await server.state() != "Operational":
        await server.request("POST", "/api/connection", json={"command": "connect"})
        await server.wait_state("Operational")
    return server


@pytest_asyncio.fixture(loop_scope="module")
async def proxy(octoprint: OctoPrintServer) -> AsyncGenerator[TcpProxy]:
    """Return a proxy in front of it."""
    async with TcpProxy(octoprint) as proxy:
        yield proxy


@pytest_asyncio.fixture(loop_scope="module")
async def client(proxy: TcpProxy) -> AsyncGenerator[OctoPrintClient]:
    """Return a client that talks through the proxy."""
    async with aiohttp.ClientSession() as session:
        yield OctoPrintClient(session, URL(proxy.url), ADMIN_KEY)


def is_state(state: State) -> Callable[[Heard], bool]:
    """Return a check for the event of a state."""
    return lambda x: isinstance(x, StateChanged) and x.state is state


def is_current(text: str) -> Callable[[Heard], bool]:
    """Return a check for a `current` that tells a state."""
    return lambda x: (
        isinstance(x, Current) and x.job is not None and x.job.state == text
    )


def is_a(kind: type[Heard]) -> Callable[[Heard], bool]:
    """Return a check for a kind of message."""
    return lambda x: isinstance(x, kind)


def events(record: Record[Heard], since: float) -> list[Heard]:
    """Return the events of a print."""
    kinds = (ErrorOccurred, FileSelected, PrintEnding, PrintStarted, StateChanged)
    return [x for x in record.after(since) if isinstance(x, kinds)]


def states(events: list[Heard]) -> list[State]:
    """Return the states in the order in which they were told."""
    return [x.state for x in events if isinstance(x, StateChanged)]


def endings(events: list[Heard]) -> list[PrintEnding]:
    """Return what was told of how a print ends."""
    return [x for x in events if isinstance(x, PrintEnding)]


async def started(record: Record[Heard], since: float = 0) -> float:
    """Wait until the socket is logged in, and return when it was."""
    return (await record.wait_for(is_a(PushStarted), since)).at


async def start_print(octoprint: OctoPrintServer, name: str, seconds: float) -> None:
    """Upload a file and print it, with next to no time for heating."""
    gcode = sample_print(seconds, nozzle=25, bed=25)
    await octoprint.upload(name, gcode, print_=True)


def logins(proxy: TcpProxy) -> int:
    """Return how often the client logged in."""
    return proxy.requests.count("POST /api/login")


async def test_print(octoprint: OctoPrintServer, client: OctoPrintClient) -> None:
    """Test the history, and a print that is paused, resumed and finished."""
    async with listening(OctoPrintPush(client)) as record:
        since = await started(record)
        [history, up] = record.after()[:2]
        assert isinstance(history, Current)
        assert history.is_history
        assert history.job
        assert history.job.state == "Operational"
        assert isinstance(up, PushStarted)

        await start_print(octoprint, "Größe 1.gcode", 10)
        await record.wait_for(is_state(State.PRINTING))
        await client.job.pause()
        paused = await record.wait_for(is_state(State.PAUSED))
        await client.job.resume()
        await record.wait_for(is_state(State.OPERATIONAL), since)
        current = (await record.wait_for(is_current("Operational"), paused.at)).what

    told = events(record, since)
    assert states(told) == [
        State.STARTING,
        State.PRINTING,
        State.PAUSING,
        State.PAUSED,
        State.RESUMING,
        State.PRINTING,
        State.FINISHING,
        State.OPERATIONAL,
    ]
    # 2.0 tells it a second time.
    [selected, *_] = [x for x in told if isinstance(x, FileSelected)]
    [start] = [x for x in told if isinstance(x, PrintStarted)]
    [end] = endings(told)
    assert selected.file
    assert start.file
    assert (
        selected.file.path,
        start.file.name,
        start.file.path,
        start.file.origin,
        end.path,
    ) == ("Größe 1.gcode", "Größe 1.gcode", "Größe 1.gcode", "local", "Größe 1.gcode")
    assert end.result is PrintResult.DONE
    assert end.print_time
    assert told.index(selected) < told.index(start)
    assert told.index(start) < told.index(StateChanged(state=State.PAUSING))
    # It is told before the printer has finished.
    assert told.index(end) < told.index(StateChanged(state=State.OPERATIONAL))
    assert isinstance(current, Current)
    assert current.job.progress.completion == 100
    assert any(
        {"bed", "tool0"} <= set(x.heaters or ())
        for x in record.after()
        if isinstance(x, Current)
    )
    assert [x for x in record.after() if isinstance(x, PushLost)] == []


async def test_cancel(octoprint: OctoPrintServer, client: OctoPrintClient) -> None:
    """Test a print that is cancelled, which OctoPrint tells twice."""
    async with listening(OctoPrintPush(client)) as record:
        since = await started(record)
        await start_print(octoprint, "Ring.gcode", 60)
        await record.wait_for(is_state(State.PRINTING))
        await client.job.cancel()
        operational = await record.wait_for(is_state(State.OPERATIONAL), since)
        await record.wait_for(is_current("Operational"), operational.at)
        # The second one is told by a thread of its own.
        first_end = await record.wait_for(is_a(PrintEnding), since)
        await record.wait_for(is_a(PrintEnding), first_end.at)

    told = events(record, since)
    assert states(told) == [
        State.STARTING,
        State.PRINTING,
        State.CANCELLING,
        State.OPERATIONAL,
    ]
    [first, second] = endings(told)
    assert first == second
    assert (first.result, first.path) == (PrintResult.CANCELLED, "Ring.gcode")
    assert told.index(first) < told.index(StateChanged(state=State.OPERATIONAL))


async def test_firmware_error(
    octoprint: OctoPrintServer, client: OctoPrintClient
) -> None:
    """Test an error that ends a print and the connection to the printer, then silence."""
    async with listening(OctoPrintPush(client)) as record:
        since = await started(record)
        await start_print(octoprint, "Vase.gcode", 60)
        await record.wait_for(is_state(State.PRINTING))
        await octoprint.debug("trigger_fatal_error_marlin")
        await record.wait_for(is_a(PrintEnding))
        # The `current` that would tell this may be held back, and be the last one.
        async with asyncio.timeout(60):
            while (job := await client.job.get()).state != "Offline after error":
                await asyncio.sleep(0.2)
        assert job.file is None

        # Before 2.0 the event just says offline.
        is_2 = octoprint.version.startswith("2.")
        offline = State.OFFLINE_AFTER_ERROR if is_2 else State.OFFLINE
        await record.wait_for(is_state(offline), since)
        await record.wait_for(is_a(ErrorOccurred), since)
        await record.wait_for(lambda x: x == FileSelected(file=None), since)
        told = events(record, since)
        assert states(told) == [
            State.STARTING,
            State.PRINTING,
            State.ERROR,
            offline,
        ]
        [error] = [x.error for x in told if isinstance(x, ErrorOccurred)]
        assert "Thermal Runaway" in error.error
        assert error.reason == "firmware"
        assert [x.result for x in endings(told)] == [PrintResult.FAILED]
        assert FileSelected(file=None) in told

        # The socket lives on and tells when the printer is back.
        since = monotonic()
        await octoprint.request("POST", "/api/connection", json={"command": "connect"})
        await record.wait_for(is_state(State.OPERATIONAL), since)
        assert states(events(record, since))[0] in (
            State.OPEN_SERIAL,
            State.DETECT_SERIAL,
            State.CONNECTING,
        )


async def test_throttle(octoprint: OctoPrintServer, client: OctoPrintClient) -> None:
    """Test that another throttle arrives: OctoPrint tells as often as it is asked to."""
    push = OctoPrintPush(client)
    async with listening(push) as record:
        since = await started(record)
        for throttle, shortest, longest in ((1, 0.3, 1.3), (4, 1.7, 5)):
            push.throttle = throttle
            pace = 0.0
            async with asyncio.timeout(60):
                # A machine that stalls spoils one measurement, but not all.
                while not shortest < pace < longest:
                    # OctoPrint is told after the next message.
                    first = since = (await record.wait_for(is_a(Current), since)).at
                    for _ in range(2):
                        since = (await record.wait_for(is_a(Current), since)).at
                    pace = (since - first) / 2


async def test_session_is_used_again(
    octoprint: OctoPrintServer, client: OctoPrintClient, proxy: TcpProxy
) -> None:
    """Test that a lost socket needs no other log-in, and a restarted server one."""
    async with listening(OctoPrintPush(client)) as record:
        up = await started(record)
        proxy.drop_sockets()
        lost = await record.wait_for(is_a(PushLost), up)
        assert isinstance(lost.what, PushLost)
        assert lost.what.attempts == 0
        up = await started(record, lost.at)
        assert logins(proxy) == 1
        assert proxy.sockets == 1

        await octoprint.restart()
        lost = await record.wait_for(is_a(PushLost), up)
        up = await started(record, lost.at)
        assert logins(proxy) == 2
        assert proxy.sockets == 1
        attempts = [
            x.attempts for x in record.after(lost.at) if isinstance(x, PushLost)
        ]
        assert attempts == list(range(1, len(attempts) + 1))
        # The server asks for a new session, which is none of the listener's business.
        assert [x for x in record.after() if isinstance(x, ReauthRequired)] == []

        # Events come over the new one.
        await start_print(octoprint, "Pot.gcode", 60)
        await record.wait_for(is_state(State.PRINTING), up)
        await client.job.cancel()
        await record.wait_for(is_state(State.OPERATIONAL), up)


async def test_compressed(client: OctoPrintClient) -> None:
    """Test that OctoPrint agrees to compress what it sends."""
    socket = await client.open_socket(ENDPOINT)
    try:
        assert socket.compress
    finally:
        await socket.close()


@only_newest
async def test_permissions_change(octoprint: OctoPrintServer, proxy: TcpProxy) -> None:
    """Test that changed permissions are told, and the same socket goes on with them."""
    async with aiohttp.ClientSession() as session:
        client = OctoPrintClient(session, URL(proxy.url), OPERATOR_KEY)
        assert not (await client.access.current_user()).may("SYSTEM")
        async with listening(OctoPrintPush(client)) as record:
            up = await started(record)
            await octoprint.request(
                "PUT",
                "/api/access/users/operator",
                json={"active": True, "groups": ["users"], "permissions": ["SYSTEM"]},
            )
            asked = await record.wait_for(is_a(ReauthRequired), up)
            assert asked.what == ReauthRequired(reason="modified")
            # The history follows the log-in.
            history = (await record.wait_for(is_a(Current), asked.at)).what
            assert logins(proxy) == 2
            assert isinstance(history, Current)
            await record.wait_for(is_current("Operational"), asked.at)
            assert [x for x in record.after() if isinstance(x, PushLost)] == []
            assert proxy.requests.count(f"GET /{ENDPOINT}") == 1
        assert (await client.access.current_user()).may("SYSTEM")


@only_newest
async def test_under_a_path(octoprint: OctoPrintServer) -> None:
    """Test a proxy that serves OctoPrint under a path."""
    async with (
        reverse_proxy(octoprint, "/printer") as url,
        aiohttp.ClientSession() as session,
    ):
        client = OctoPrintClient(session, url, ADMIN_KEY)
        async with listening(OctoPrintPush(client)) as record:
            since = await started(record)
            await start_print(octoprint, "Pot.gcode", 60)
            await record.wait_for(is_state(State.PRINTING), since)
            await client.job.cancel()
            await record.wait_for(is_state(State.OPERATIONAL), since)


@only_newest
@pytest.mark.parametrize(
    "sockets", [Sockets.PASSED_AS_PLAIN_REQUEST, Sockets.NOT_FOUND, Sockets.PAGE]
)
async def test_proxy_without_sockets(
    octoprint: OctoPrintServer, sockets: Sockets
) -> None:
    """Test proxies that pass on all but WebSockets."""
    async with (
        reverse_proxy(octoprint, "/printer", sockets) as url,
        aiohttp.ClientSession() as session,
    ):
        client = OctoPrintClient(session, url, ADMIN_KEY)
        async with listening(OctoPrintPush(client)) as record:
            first = await record.wait_for(lambda x: True)
            second = await record.wait_for(lambda x: True, first.at)
            assert (await client.job.get()).state == "Operational"
        for attempts, (_, lost) in enumerate((first, second), start=1):
            assert isinstance(lost, PushLost)
            assert lost.attempts == attempts
            assert isinstance(lost.error, OctoPrintConnectionError)
            assert lost.error.cause is ConnectionCause.NOT_OCTOPRINT
