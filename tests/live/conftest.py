"""What the tests on real servers share."""

from collections.abc import AsyncGenerator
from functools import partial
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from pytest_socket import enable_socket

from custom_components.octoprint_plus.const import DOMAIN
from scripts.lab import HomeAssistant, OctoPrintOptions, OctoPrintServer

from .home import STATE, Home, Log, add
from .proxy import TcpProxy
from .record import Change, Record, until, watching
from .reruns import pytest_sessionfinish, pytest_terminal_summary

__all__ = ["pytest_sessionfinish", "pytest_terminal_summary"]

UUID = "6f0a9c5d-3c0e-4b7d-8a54-0f1de2c3b4a5"


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations() -> None:
    """Leave Home Assistant's test harness out."""


@pytest.fixture(autouse=True)
def verify_cleanup(socket_enabled: None) -> None:
    """Allow sockets, and what the harness forbids its own tests: processes."""


@pytest.fixture
async def octoprint(tmp_path: Path) -> AsyncGenerator[OctoPrintServer]:
    """Return a running OctoPrint with its virtual printer."""
    options = OctoPrintOptions(name="Voron", upnp_uuid=UUID)
    async with OctoPrintServer(tmp_path / "octoprint", options=options) as server:
        yield server


@pytest.fixture
async def session() -> AsyncGenerator[aiohttp.ClientSession]:
    """Return an HTTP session."""
    async with aiohttp.ClientSession() as session:
        yield session


def complaints(hass: HomeAssistant) -> list[str]:
    """Return what is logged by or about the integration that is no mere information.

    That a custom integration is not tested by Home Assistant is always said.
    """
    return [
        line
        for line in hass.log().splitlines()
        if (" WARNING " in line or " ERROR " in line)
        and (
            f"[custom_components.{DOMAIN}" in line or f"integration '{DOMAIN}'" in line
        )
        and "We found a custom integration" not in line
    ]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lab(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Home]:
    """Return a Home Assistant with a printer."""
    # The harness forbids sockets before the fixtures of a module are made.
    enable_socket()
    folder = tmp_path_factory.mktemp("lab")
    options = OctoPrintOptions(name="Voron", upnp_uuid=UUID)
    async with (
        OctoPrintServer(folder / "octoprint", options=options) as octoprint,
        TcpProxy(octoprint) as proxy,
        HomeAssistant(folder / "hass") as hass,
    ):
        entry_id = await add(hass, proxy.url, "Voron")
        yield Home(hass, octoprint, proxy, entry_id)


@pytest_asyncio.fixture(loop_scope="module")
async def home(lab: Home) -> AsyncGenerator[Home]:
    """Return it while OctoPrint's socket is up, and see what it logged meanwhile."""
    if lab.hass.pid is None:
        await lab.hass.start()
    # The pauses between attempts grow with each socket that is lost soon, as in the
    # tests before.
    await lab.proxy.restore()
    await lab.reload()
    await lab.is_pushed()
    await lab.hass.wait_for(STATE, "operational")
    lab.log = Log(lab.hass)
    yield lab
    # Home Assistant writes its log beside all else.
    for text in lab.log.expected:
        await until(partial(lab.log.lines, text))
    lab.log.check()


@pytest_asyncio.fixture(loop_scope="module")
async def shown(home: Home) -> AsyncGenerator[Record[Change]]:
    """Return what Home Assistant shows."""
    async with watching(home.hass) as record:
        yield record


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ender(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncGenerator[OctoPrintServer]:
    """Return another OctoPrint, with the same keys."""
    enable_socket()
    options = OctoPrintOptions(name="Ender")
    folder = tmp_path_factory.mktemp("ender")
    async with OctoPrintServer(folder, options=options) as server:
        yield server
