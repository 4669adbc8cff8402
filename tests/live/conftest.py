"""What the tests on real servers share."""

from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from custom_components.octoprint_plus.const import APP_NAME, DOMAIN
from scripts.lab import HomeAssistant, OctoPrintOptions, OctoPrintServer

UUID = "6f0a9c5d-3c0e-4b7d-8a54-0f1de2c3b4a5"


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations() -> None:
    """Leave Home Assistant's test harness out."""


@pytest.fixture(autouse=True)
def verify_cleanup(socket_enabled: None) -> Generator[None]:
    """Allow sockets, and what the harness forbids its own tests: processes."""
    yield


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


async def add_printer(
    hass: HomeAssistant, octoprint: OctoPrintServer, *, name: str | None = None
) -> dict[str, Any]:
    """Add a printer as a user does, its key approved in OctoPrint; return the entry."""
    flow = await hass.flow_start(DOMAIN)
    assert flow["step_id"] == "user"
    flow = await hass.flow_step(
        flow["flow_id"],
        {"url": octoprint.url.removeprefix("http://"), "verify_ssl": True},
    )
    assert flow["step_id"] == "auth", flow
    flow = await hass.flow_step(flow["flow_id"], {"next_step_id": "app_key"})
    assert flow["type"] == "progress", flow
    assert octoprint.url in flow["description_placeholders"]["url"]
    assert await octoprint.approve_app_key() == APP_NAME
    flow = await hass.flow_after_progress(flow["flow_id"])
    assert flow["step_id"] == "name", flow
    flow = await hass.flow_step(
        flow["flow_id"], {"name": name or octoprint.options.name}
    )
    assert flow["type"] == "create_entry", flow
    entry: dict[str, Any] = flow["result"]
    await hass.wait_entry(entry["entry_id"])
    return entry


def complaints(hass: HomeAssistant) -> list[str]:
    """Return what Home Assistant logged of the integration that is no mere information.

    That a custom integration is not tested by Home Assistant is always said.
    """
    return [
        line
        for line in hass.log().splitlines()
        if DOMAIN in line
        and (" WARNING " in line or " ERROR " in line)
        and "We found a custom integration" not in line
    ]
