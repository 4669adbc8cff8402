"""What the tests of the client share."""

from collections.abc import AsyncGenerator

import aiohttp
import pytest
from yarl import URL

from custom_components.octoprint_plus.api import OctoPrintClient
from tests.fake_octoprint import FakeOctoPrint


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations() -> None:
    """Leave Home Assistant out: the client knows nothing of it."""


@pytest.fixture
async def session() -> AsyncGenerator[aiohttp.ClientSession]:
    """Return a session of our own, as a user of the client without Home Assistant has."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def client(session: aiohttp.ClientSession, fake: FakeOctoPrint) -> OctoPrintClient:
    """Return a client of the server."""
    return OctoPrintClient(session, URL(fake.url), fake.key)
