"""What tests on real servers hear, with the moment in which they heard it."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing, asynccontextmanager, suppress
from time import monotonic
from typing import Any, NamedTuple

import aiohttp

from custom_components.octoprint_plus.api.socket.messages import PushMessage
from custom_components.octoprint_plus.api.socket.push import (
    OctoPrintPush,
    PushLost,
    PushStarted,
)
from scripts.lab import HomeAssistant

type Heard = PushStarted | PushLost | PushMessage


class Moment[T](NamedTuple):
    """One thing that was heard."""

    at: float
    """Seconds of time.monotonic()."""

    what: T


class Change(NamedTuple):
    """A state that Home Assistant told."""

    entity_id: str
    state: str
    attributes: dict[str, Any]


class Record[T]:
    """All that was heard."""

    def __init__(self) -> None:
        """Start with nothing heard."""
        self.moments: list[Moment[T]] = []
        self._added = asyncio.Event()

    def add(self, what: T) -> None:
        """Note what was just heard."""
        self.moments.append(Moment(monotonic(), what))
        self._added.set()

    def after(self, since: float = 0) -> list[T]:
        """Return what was heard after a moment."""
        return [what for at, what in self.moments if at > since]

    async def wait_for(
        self, check: Callable[[T], bool], since: float = 0, *, timeout: float = 180
    ) -> Moment[T]:
        """Return the first that passes a check after a moment; wait until it is heard."""
        seen = 0
        try:
            async with asyncio.timeout(timeout):
                while True:
                    for moment in self.moments[seen:]:
                        if moment.at > since and check(moment.what):
                            return moment
                    seen = len(self.moments)
                    self._added.clear()
                    await self._added.wait()
        except TimeoutError:
            heard = "\n".join(str(what) for what in self.after(since))
            raise AssertionError(
                f"not heard within {timeout} s, but:\n{heard}"
            ) from None


@asynccontextmanager
async def listening(push: OctoPrintPush) -> AsyncGenerator[Record[Heard]]:
    """Listen to OctoPrint's socket meanwhile."""
    record = Record[Heard]()

    async def listen() -> None:
        async with aclosing(push.listen()) as messages:
            async for message in messages:
                record.add(message)

    async with _meanwhile(listen()):
        yield record


@asynccontextmanager
async def watching(hass: HomeAssistant) -> AsyncGenerator[Record[Change]]:
    """Listen to the states of a Home Assistant meanwhile, as its pages do."""
    record = Record[Change]()
    async with (
        aiohttp.ClientSession(hass.url) as session,
        session.ws_connect("/api/websocket", max_msg_size=0) as socket,
    ):
        await socket.receive_json()
        await socket.send_json({"type": "auth", "access_token": hass.token})
        assert (await socket.receive_json())["type"] == "auth_ok"
        await socket.send_json(
            {"id": 1, "type": "subscribe_events", "event_type": "state_changed"}
        )
        assert (await socket.receive_json())["success"]

        async def listen() -> None:
            async for message in socket:
                if (state := message.json()["event"]["data"]["new_state"]) is not None:
                    record.add(
                        Change(state["entity_id"], state["state"], state["attributes"])
                    )

        async with _meanwhile(listen()):
            yield record


@asynccontextmanager
async def _meanwhile(listening: Coroutine[Any, Any, None]) -> AsyncGenerator[None]:
    task = asyncio.create_task(listening)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(check: Callable[[], object], *, timeout: float = 180) -> None:
    """Wait until a check is true."""
    async with asyncio.timeout(timeout):
        while not check():
            await asyncio.sleep(0.05)
