"""What the tests of the commands share: no Home Assistant, and a server that replays."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from yarl import URL

from custom_components.octoprint_plus.api import OctoPrintClient
from tests.fake_octoprint import FakeOctoPrint

from .actions import ACTIONS
from .stub import StubCoordinator

type Call = Callable[..., Awaitable[Any]]


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations() -> None:
    """Leave Home Assistant out: commands need none of it to refuse something."""


@pytest.fixture
async def stub(fake: FakeOctoPrint) -> AsyncGenerator[StubCoordinator]:
    """Return a printer that was polled."""
    # The end of a connection that is kept would arrive a moment after the server went.
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(connector=connector) as session:
        stub = StubCoordinator(OctoPrintClient(session, URL(fake.url), fake.key))
        await stub.async_refresh()
        fake.clear()
        yield stub


@pytest.fixture
def call(stub: StubCoordinator) -> Call:
    """Return what calls the command of an action, by the names of the action's fields."""

    async def call_command(action: str, /, **data: Any) -> Any:
        return await ACTIONS[action](stub.typed, data)

    return call_command
