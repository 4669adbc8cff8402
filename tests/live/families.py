"""What the tests of the families share: every OctoPrint, and how to wait and to expect."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from yarl import URL

from custom_components.octoprint_plus.api import OctoPrintClient, OctoPrintError
from scripts.lab import OctoPrintServer
from scripts.lab.octoprint_config import ADMIN_KEY

from .matrix import VERSIONS

ON_EVERY_VERSION = [pytest.mark.live, pytest.mark.parametrize("version", VERSIONS)]

GCODE = b"G28\nG1 X10 Y10 F3000\n" * 20


async def until(check: Callable[[], Awaitable[object]], timeout: float = 180) -> None:
    """Wait until an asynchronous check is true."""
    async with asyncio.timeout(timeout):
        while not await check():
            await asyncio.sleep(0.1)


async def connected(
    session: aiohttp.ClientSession, server: OctoPrintServer, key: str = ADMIN_KEY
) -> OctoPrintClient:
    """Return a client that knows the server's version."""
    client = OctoPrintClient(session, URL(server.url), key)
    await client.server.get()
    return client


async def refused(error: type[OctoPrintError], *calls: Awaitable[Any]) -> None:
    """Check that each call raises just that error."""
    for call in calls:
        with pytest.raises(OctoPrintError) as caught:
            await call
        assert isinstance(caught.value, error), repr(caught.value)
