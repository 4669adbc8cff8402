"""What the tests on real servers share."""

from collections.abc import AsyncGenerator
from pathlib import Path

import aiohttp
import pytest

from custom_components.octoprint_plus.const import DOMAIN
from scripts.lab import HomeAssistant, OctoPrintOptions, OctoPrintServer

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
