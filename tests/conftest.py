"""What the tests share."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from unittest.mock import patch

from hypothesis import settings
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    snapshot_platform,
)
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from syrupy.assertion import SnapshotAssertion

# Importing it here comes before Home Assistant finds the harness's own package of
# the name custom_components.
from custom_components.octoprint_plus.const import DOMAIN
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_API_KEY, CONF_URL, CONF_VERIFY_SSL, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from .fake_octoprint import FakeOctoPrint
from .pushed import Pushed, pushing

# The same examples in each run, wherever it is: what is found once is found again.
settings.register_profile("steady", derandomize=True, deadline=None, database=None)
settings.load_profile("steady")

pytest_plugins = ["tests.given"]

type CheckPlatform = Callable[[Platform], Awaitable[None]]

UUID = "0c2f7b4e-5a1d-4f0b-9c3e-7d8a6b5c4d3e"


@pytest.fixture(autouse=True)
def enable_event_loop_debug() -> None:
    """Leave the loop's debug mode to --asyncio-debug, where the harness would always enable it.

    In this mode a stack is kept of each future and task, which takes as long as all the rest.
    """


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
async def pushed(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> AsyncGenerator[Pushed]:
    """Return a printer of which the server tells what changes."""
    async with pushing(hass, fake, config_entry) as pushed:
        yield pushed


@pytest.fixture
def no_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no heartbeat fire where the clock jumps."""
    monkeypatch.setattr(
        "custom_components.octoprint_plus.api.transport.HEARTBEAT", 10**6
    )


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, no_heartbeat: None) -> None:
    """Read again at once what has to be, and let no heartbeat fire where the clock jumps."""
    monkeypatch.setattr("custom_components.octoprint_plus.coordinator.REFRESH_DELAY", 0)


@pytest.fixture
def check_platform(
    hass: HomeAssistant,
    config_entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
) -> CheckPlatform:
    """Return what sets the printer up with one platform, and compares all its entities."""

    async def check(platform: Platform) -> None:
        config_entry.add_to_hass(hass)
        with patch("custom_components.octoprint_plus.PLATFORMS", [platform]):
            await hass.config_entries.async_setup(config_entry.entry_id)
            await hass.async_block_till_done()
        await snapshot_platform(hass, entity_registry, snapshot, config_entry.entry_id)

    return check


@pytest.fixture
def entity_registry_enabled_by_default() -> Generator[None]:
    """Enable the entities that are disabled by default."""
    with patch(
        "homeassistant.helpers.entity.Entity.entity_registry_enabled_default",
        return_value=True,
    ):
        yield
