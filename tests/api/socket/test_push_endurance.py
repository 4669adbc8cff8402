"""Test the pauses between two attempts, and that nothing is left of a socket that ended."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
import gc
import tracemalloc
from typing import Any

import aiohttp
import pytest

from custom_components.octoprint_plus.api.socket.messages import Current
from custom_components.octoprint_plus.api.socket.push import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    STABLE_AFTER,
    OctoPrintPush,
    PushLost,
    PushStarted,
    reconnect_pause,
)
from tests.fake_octoprint import FakeOctoPrint
from tests.insides import busy_connections
from tests.recorded import Answer
from tests.waiting import until

from .listening import descriptors, listening

PUSH = "custom_components.octoprint_plus.api.socket.push"

RECONNECTS = 1000

# Bytes in 200 reconnects, of which a small object that each leaves behind is more.
LEAK_LIMIT = 50_000


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Take down which pauses are asked for, all of which are short."""
    asked: list[int] = []

    def short(pauses: int) -> float:
        asked.append(pauses)
        return 0.001

    monkeypatch.setattr(f"{PUSH}.reconnect_pause", short)
    return asked


def test_pauses_grow() -> None:
    """Test that pauses grow by half, each with a random half, up to the longest."""
    for count in (*range(12), 1_000, 10**9):
        longest = min(LONGEST_PAUSE, FIRST_PAUSE * 1.5 ** min(count, 60))
        drawn = [reconnect_pause(count) for _ in range(300)]
        assert min(drawn) >= longest / 2
        assert max(drawn) <= longest
        # They fill the room that they have.
        assert min(drawn) < longest * 0.55
        assert max(drawn) > longest * 0.95


async def test_pauses_grow_with_each_attempt(
    push: OctoPrintPush, fake: FakeOctoPrint, pauses: list[int]
) -> None:
    fake.push.refusal = Answer(502)
    async with listening(push) as listener:
        await listener.next(PushLost, 5)
        await until(lambda: len(pauses) >= 5)
    assert pauses[:5] == [0, 1, 2, 3, 4]


async def test_pauses_begin_anew(
    push: OctoPrintPush,
    fake: FakeOctoPrint,
    monkeypatch: pytest.MonkeyPatch,
    pauses: list[int],
) -> None:
    """Test that pauses go on growing after a socket that was soon lost, and only then."""
    now = 1000.0
    monkeypatch.setattr(f"{PUSH}.monotonic", lambda: now)
    async with listening(push) as listener:
        await listener.next(PushStarted)
        await fake.push.drop()
        await listener.next(PushStarted, 2)
        now += STABLE_AFTER - 1
        await fake.push.drop()
        await listener.next(PushStarted, 3)
        assert pauses == [0, 1]
        now += STABLE_AFTER + 1
        await fake.push.drop()
        await listener.next(PushStarted, 4)
        assert pauses == [0, 1, 0]
        # The clock of attempts without a socket does not count.
        fake.push.refusal = Answer(502)
        await fake.push.drop()
        await listener.next(PushLost, 5)
        now += STABLE_AFTER + 1
        await listener.next(PushLost, 7)
        assert pauses[3:6] == [1, 2, 3]


class Rests:
    """How many pauses of a push began, and ended, of which none ends by itself."""

    def __init__(self, push: OctoPrintPush) -> None:
        """Count from the first one."""
        self.begun = 0
        self.ended = 0
        self._rest = push.rest

    async def rest(self, _: float) -> None:
        """Rest for long."""
        self.begun += 1
        await self._rest(1000)
        self.ended += 1


@pytest.fixture
def rests(push: OctoPrintPush, monkeypatch: pytest.MonkeyPatch) -> Rests:
    """Return what counts the pauses."""
    rests = Rests(push)
    monkeypatch.setattr(push, "rest", rests.rest)
    return rests


async def test_reconnect_now(
    push: OctoPrintPush, fake: FakeOctoPrint, rests: Rests
) -> None:
    """Test that a pause ends at once where it is asked to, and only that one."""
    fake.push.refusal = Answer(502)
    async with listening(push) as listener:
        await listener.next(PushLost)
        push.reconnect_now()
        await listener.next(PushLost, 2)
        await until(lambda: rests.begun == 2)
        assert rests.ended == 1
        assert len(fake.push.handshakes) == 2
        fake.push.refusal = None
        push.reconnect_now()
        await listener.next(PushStarted)


async def test_reconnect_now_while_up(
    push: OctoPrintPush, fake: FakeOctoPrint, rests: Rests
) -> None:
    """Test that a server that is seen while the socket is up spares no later pause."""
    async with listening(push) as listener:
        await listener.next(PushStarted)
        push.reconnect_now()
        await fake.push.drop()
        await listener.next(PushLost)
        await until(lambda: rests.begun == 1)
        assert rests.ended == 0
        assert len(fake.push.handshakes) == 1
        push.reconnect_now()
        await listener.next(PushStarted, 2)


@pytest.mark.slow
async def test_a_thousand_reconnects(
    push: OctoPrintPush, fake: FakeOctoPrint, pauses: list[int]
) -> None:
    """Test that sockets that were lost leave no task, descriptor or memory behind."""
    # asyncio's debug mode would take ten times as long, and keeps where each was made.
    asyncio.get_running_loop().set_debug(False)

    async def lose(count: int) -> None:
        for _ in range(count):
            await until(lambda: fake.push.sockets == 1)
            started = len(listener.of(PushStarted))
            await until(lambda: listener.of(PushStarted))
            assert started <= 1
            listener.messages.clear()
            await fake.push.drop()
        await until(lambda: fake.push.sockets == 1)
        listener.messages.clear()
        fake.push.received.clear()
        fake.push.handshakes.clear()
        pauses.clear()
        gc.collect()

    async with listening(push) as listener:
        await lose(50)
        tasks, files = len(asyncio.all_tasks()), descriptors()
        await lose(RECONNECTS - 300)
        # It takes time, so just the last ones are traced.
        tracemalloc.start()
        try:
            await lose(100)
            memory = tracemalloc.get_traced_memory()[0]
            await lose(200)
            grown = tracemalloc.get_traced_memory()[0] - memory
        finally:
            tracemalloc.stop()
        assert fake.push.opened == RECONNECTS + 51
        assert len(asyncio.all_tasks()) <= tasks + 1
        assert descriptors() <= files + 1
        assert grown < LEAK_LIMIT
    assert sum(request.path == "/api/login" for request in fake.requests) == 1


async def connecting(fake: FakeOctoPrint) -> None:
    fake.delay = 60
    await until(lambda: len(fake.push.handshakes) == 1)


async def waiting_for_hello(fake: FakeOctoPrint) -> None:
    fake.push.silent.add("connected")
    await until(lambda: fake.push.opened == 1)


async def logging_in(fake: FakeOctoPrint) -> None:
    await waiting_for_hello(fake)
    fake.delay = 60
    await fake.push.send_anyway({"connected": {}})
    await until(lambda: [request.path for request in fake.requests] == ["/api/login"])


async def waiting_for_history(fake: FakeOctoPrint) -> None:
    fake.push.silent.add("history")
    await until(lambda: fake.push.sockets == 1)


async def up(fake: FakeOctoPrint) -> None:
    await until(lambda: fake.push.sockets == 1)


async def logging_in_again(fake: FakeOctoPrint) -> None:
    await up(fake)
    fake.clear()
    fake.delay = 60
    await fake.push.reauth("modified")
    await until(lambda: [request.path for request in fake.requests] == ["/api/login"])


async def half_open(fake: FakeOctoPrint) -> None:
    await up(fake)
    fake.push.freeze()


async def in_the_pause(fake: FakeOctoPrint) -> None:
    fake.push.refusal = Answer(502)
    await until(lambda: len(fake.push.handshakes) == 1)


PHASES = (
    connecting,
    waiting_for_hello,
    logging_in,
    waiting_for_history,
    up,
    logging_in_again,
    half_open,
    in_the_pause,
)


@pytest.mark.parametrize("steps", range(12))
@pytest.mark.parametrize("phase", PHASES)
async def test_cancelled(
    push: OctoPrintPush,
    fake: FakeOctoPrint,
    session: aiohttp.ClientSession,
    phase: Callable[[FakeOctoPrint], Awaitable[None]],
    steps: int,
) -> None:
    """Test that cancelling leaves nothing, in each phase and a few steps after it began."""
    before = asyncio.all_tasks()
    async with listening(push):
        await phase(fake)
        for _ in range(steps):
            await asyncio.sleep(0)
    await until(lambda: not busy_connections(session))
    await until(lambda: not mine(before))


def mine(before: set[asyncio.Task[Any]]) -> set[asyncio.Task[Any]]:
    """Return the tasks that came since, without those of the server."""
    return {
        task
        for task in asyncio.all_tasks() - before
        if "RequestHandler" not in repr(task) and "_accept" not in repr(task)
    }


async def test_closed_while_up(
    push: OctoPrintPush, fake: FakeOctoPrint, session: aiohttp.ClientSession
) -> None:
    """Test that a generator that is closed, not cancelled, closes its socket in order."""
    async with aclosing(push.listen()) as messages:
        async for message in messages:
            if isinstance(message, PushStarted):
                break
    await fake.push.wait_closed()
    assert not busy_connections(session)


async def test_closed_between(
    push: OctoPrintPush, fake: FakeOctoPrint, session: aiohttp.ClientSession
) -> None:
    """Test closing it with the history, and with the loss of a socket."""
    async with aclosing(push.listen()) as messages:
        async for message in messages:
            assert isinstance(message, Current)
            break
    await fake.push.wait_closed()
    fake.push.refusal = Answer(502)
    async with aclosing(push.listen()) as messages:
        async for message in messages:
            assert isinstance(message, PushLost)
            break
    assert not busy_connections(session)


async def test_closed_while_half_open(
    push: OctoPrintPush,
    fake: FakeOctoPrint,
    session: aiohttp.ClientSession,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that closing does not wait for a server that is silent."""
    monkeypatch.setattr(
        "custom_components.octoprint_plus.api.transport.SOCKET_TIMEOUT",
        aiohttp.ClientWSTimeout(ws_close=0.05),
    )
    async with aclosing(push.listen()) as messages:
        async for message in messages:
            if isinstance(message, PushStarted):
                fake.push.freeze()
                break
    assert not busy_connections(session)
