"""Listens to a push, for the tests."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path

from custom_components.octoprint_plus.api import OctoPrintConnectionError
from custom_components.octoprint_plus.api.errors import ConnectionCause
from custom_components.octoprint_plus.api.socket.messages import (
    PushMessage,
    StateChanged,
)
from custom_components.octoprint_plus.api.socket.push import (
    OctoPrintPush,
    PushLost,
    PushStarted,
)
from tests.fake_octoprint import FakeOctoPrint

Yielded = PushStarted | PushLost | PushMessage


class Listener:
    """Keeps what a push yields."""

    def __init__(self, push: OctoPrintPush) -> None:
        """Begin to listen."""
        self.push = push
        self.messages: list[Yielded] = []
        self.task = asyncio.create_task(self._listen())
        self._changed = asyncio.Event()

    def of[M: Yielded](self, kind: type[M]) -> list[M]:
        """Return the messages of a kind."""
        return [each for each in self.messages if isinstance(each, kind)]

    async def until(self, condition: Callable[[], bool], timeout: float = 60) -> None:
        """Wait until a condition holds, which is asked after each message."""
        async with asyncio.timeout(timeout):
            while not condition():
                if self.task.done():
                    await self.task
                await self._changed.wait()
                self._changed.clear()

    async def next[M: Yielded](self, kind: type[M], count: int = 1) -> M:
        """Wait until so many messages of a kind came, and return the last of these."""
        await self.until(lambda: len(self.of(kind)) >= count)
        return self.of(kind)[count - 1]

    async def stop(self) -> None:
        """End it."""
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task

    async def _listen(self) -> None:
        try:
            async with aclosing(self.push.listen()) as messages:
                async for message in messages:
                    self.messages.append(message)
                    self._changed.set()
        finally:
            self._changed.set()


@asynccontextmanager
async def listening(push: OctoPrintPush) -> AsyncGenerator[Listener]:
    """Listen for a while."""
    listener = Listener(push)
    try:
        yield listener
    finally:
        await listener.stop()


def descriptors() -> int:
    """Return how many files and sockets are open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def cause(lost: PushLost) -> ConnectionCause:
    """Return why no usable answer came."""
    assert isinstance(lost.error, OctoPrintConnectionError)
    return lost.error.cause


async def heard(listener: Listener, fake: FakeOctoPrint) -> None:
    """Wait until all that was sent so far has come, over the socket that is open."""
    lost, count = len(listener.of(PushLost)), len(listener.of(StateChanged))
    await fake.push.event("PrinterStateChanged", {"state_id": "OFFLINE"})
    await listener.next(StateChanged, count + 1)
    assert len(listener.of(PushLost)) == lost
