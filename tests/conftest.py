"""What the tests share."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from unittest.mock import patch

from freezegun.api import real_monotonic
from hypothesis import settings
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from syrupy.assertion import SnapshotAssertion

# Importing it here comes before Home Assistant finds the harness's own package of
# the name custom_components.
from custom_components.octoprint_plus.const import DOMAIN
from custom_components.octoprint_plus.coordinator import OctoPrintConfigEntry
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_API_KEY, CONF_URL, CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant

from .fake_octoprint import FakeOctoPrint

# Seconds, on machines that have much else to do.
PATIENCE = 60

# The same examples in each run, wherever it is: what is found once is found again.
settings.register_profile("steady", derandomize=True, deadline=None, database=None)
settings.load_profile("steady")

UUID = "0c2f7b4e-5a1d-4f0b-9c3e-7d8a6b5c4d3e"


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(enable_custom_integrations: None) -> None:
    """Let Home Assistant find the integration."""


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Return snapshots that leave out what differs from run to run."""
    return snapshot.use_extension(HomeAssistantSnapshotExtension)


@pytest.fixture
async def fake(socket_enabled: None) -> AsyncGenerator[FakeOctoPrint]:
    """Return a server that answers as OctoPrint does."""
    async with FakeOctoPrint() as server:
        yield server


@pytest.fixture
def config_entry(fake: FakeOctoPrint) -> MockConfigEntry:
    """Return a config entry for the server, not yet added."""
    return MockConfigEntry(
        domain=DOMAIN,
        title="Prusa",
        unique_id=UUID,
        data={
            CONF_API_KEY: fake.key,
            CONF_URL: fake.url,
            CONF_VERIFY_SSL: True,
        },
    )


@pytest.fixture
async def init_integration(
    hass: HomeAssistant, config_entry: MockConfigEntry
) -> AsyncGenerator[MockConfigEntry]:
    """Set the printer up, and unload it at the end."""
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await hass.async_block_till_done()
    yield config_entry
    if config_entry.state is ConfigEntryState.LOADED:
        await hass.config_entries.async_unload(config_entry.entry_id)
        await hass.async_block_till_done()


@pytest.fixture
def entity_registry_enabled_by_default() -> Generator[None]:
    """Enable the entities that are disabled by default."""
    with patch(
        "homeassistant.helpers.entity.Entity.entity_registry_enabled_default",
        return_value=True,
    ):
        yield


async def refresh(hass: HomeAssistant, entry: OctoPrintConfigEntry) -> None:
    """Let the coordinator poll now."""
    await entry.runtime_data.async_refresh()
    await hass.async_block_till_done()


async def until(condition: Callable[[], object]) -> None:
    """Let everything run until a condition holds, also where the clock stands still."""
    given_up_at = real_monotonic() + PATIENCE
    while not condition():
        assert real_monotonic() < given_up_at, "It did not come to hold"
        await asyncio.sleep(0)
