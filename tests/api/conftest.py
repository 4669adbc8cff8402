"""What the tests of the client share."""

import asyncio
from collections.abc import AsyncGenerator

import aiohttp
import pytest
from yarl import URL

from custom_components.octoprint_plus.api import OctoPrintClient
from tests.fake_octoprint import FakeOctoPrint


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations() -> None:
    """Leave Home Assistant out: the client knows nothing of it."""


class Clock:
    """The clock of the event loop, which goes on only when it is told to."""

    def __init__(self, now: float) -> None:
        """Start at a time, in seconds."""
        self.now = now

    def time(self) -> float:
        """Return the time as the loop does."""
        return self.now


@pytest.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Stop the clock of the event loop, so that no machine that stalls spoils a time-out."""
    loop = asyncio.get_running_loop()
    clock = Clock(loop.time())
    monkeypatch.setattr(loop, "time", clock.time)
    return clock


@pytest.fixture
async def session() -> AsyncGenerator[aiohttp.ClientSession]:
    """Return a session of our own, as a user of the client without Home Assistant has."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def client(session: aiohttp.ClientSession, fake: FakeOctoPrint) -> OctoPrintClient:
    """Return a client of the server."""
    return OctoPrintClient(session, URL(fake.url), fake.key)
