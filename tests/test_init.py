"""Tests for setting a printer up and taking it down."""

from datetime import timedelta
import logging
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)
from syrupy.assertion import SnapshotAssertion

from custom_components.octoprint_plus.api import OctoPrintConflictError
from custom_components.octoprint_plus.api.profiles import Volume
from custom_components.octoprint_plus.commands.execute import octoprint_command
from custom_components.octoprint_plus.const import DOMAIN
from custom_components.octoprint_plus.device import volume_text
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, issue_registry as ir

from .conftest import UUID
from .fake_octoprint import FakeOctoPrint
from .waiting import refresh, until


async def setup(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Set the printer up."""
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


def reauth_flows(hass: HomeAssistant) -> int:
    """Return how often the user is asked for another key."""
    flows = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    return sum(flow["context"]["source"] == SOURCE_REAUTH for flow in flows)


async def test_load_and_unload(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """Test that nothing is sent to the printer by loading, unloading and removing."""
    fake.load("printing_local")
    await setup(hass, config_entry)
    assert config_entry.state is ConfigEntryState.LOADED
    await hass.config_entries.async_unload(config_entry.entry_id)
    assert config_entry.state is ConfigEntryState.NOT_LOADED
    await hass.config_entries.async_remove(config_entry.entry_id)
    await hass.async_block_till_done()
    assert fake.commands() == []


async def test_remove_forgets(
    hass: HomeAssistant,
    init_integration: MockConfigEntry,
    hass_storage: dict[str, Any],
) -> None:
    """Test that a removed printer leaves nothing behind."""
    key = f"{DOMAIN}.{init_integration.entry_id}"
    await init_integration.runtime_data.store.async_save()
    assert key in hass_storage
    await hass.config_entries.async_remove(init_integration.entry_id)
    await hass.async_block_till_done()
    assert key not in hass_storage


async def test_device(
    device_registry: dr.DeviceRegistry,
    fake: FakeOctoPrint,
    hass: HomeAssistant,
    init_integration: MockConfigEntry,
    snapshot: SnapshotAssertion,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test the device, which follows an update of OctoPrint."""
    device = device_registry.async_get_device_by_identifier(
        (DOMAIN, UUID), init_integration.entry_id
    )
    assert device
    assert device.configuration_url == fake.url
    assert {
        "hw_version": device.hw_version,
        "manufacturer": device.manufacturer,
        "model": device.model,
        "name": device.name,
        "sw_version": device.sw_version,
    } == snapshot

    fake.answer("GET", "/api/server", json={"version": "1.12.0", "safemode": None})
    freezer.tick(timedelta(minutes=6))
    await refresh(hass, init_integration)
    device = device_registry.async_get_device_by_identifier(
        (DOMAIN, UUID), init_integration.entry_id
    )
    assert device
    assert device.sw_version == "1.12.0"


@pytest.mark.parametrize(
    ("volume", "text"),
    [
        ({"width": 220, "depth": 210.5, "height": 250}, "220 × 210.5 × 250 mm"),
        (
            {"width": 180, "depth": 180, "height": 300, "form_factor": "circular"},
            "⌀ 180 × 300 mm",
        ),
        ({"width": 220, "height": 250}, None),
        ({}, None),
    ],
)
def test_volume_text(volume: dict[str, Any], text: str | None) -> None:
    """Test how the device tells how large a print can be."""
    nothing = dict.fromkeys(("width", "depth", "height", "form_factor", "origin"))
    assert volume_text(Volume(**(nothing | volume))) == text


async def test_server_off_at_start(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that set-up is tried again by itself until the server is there."""
    await fake.stop()
    await setup(hass, config_entry)
    assert config_entry.state is ConfigEntryState.SETUP_RETRY
    await fake.start()
    freezer.tick(60)
    async_fire_time_changed(hass)
    await until(lambda: config_entry.state is ConfigEntryState.LOADED)


@pytest.mark.parametrize("guests_may_read", [False, True])
async def test_key_unknown_at_start(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    config_entry: MockConfigEntry,
    guests_may_read: bool,
) -> None:
    """Test that an unknown key asks for another, also where guests may read."""
    fake.key = "ANOTHER"
    if guests_may_read:
        for path in ("/api/job", "/api/printer"):
            fake.answer("GET", path, json=fake.json("GET", path))
    await setup(hass, config_entry)
    assert config_entry.state is ConfigEntryState.SETUP_ERROR
    assert reauth_flows(hass) == 1


@pytest.mark.parametrize("is_old", [False, True])
async def test_key_revoked(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
    is_old: bool,
) -> None:
    """Test that a key that is revoked while running asks for another, once."""
    fake.refuses_unknown_keys = is_old
    fake.key = "ANOTHER"
    await refresh(hass, init_integration)
    await refresh(hass, init_integration)
    assert reauth_flows(hass) == 1
    assert hass.states.get("sensor.prusa_state").state == "unavailable"


async def test_key_without_status(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    config_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that a key that may see nothing is no wrong key: another would not help."""
    fake.user("none")
    await setup(hass, config_entry)
    assert config_entry.state is ConfigEntryState.SETUP_RETRY
    assert reauth_flows(hass) == 0
    assert "STATUS" in caplog.text


async def test_not_found(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that another server at the address is told as that."""
    fake.answer("GET", "*", status=404, body="<h1>Not Found</h1>")
    await refresh(hass, init_integration)
    assert hass.states.get("sensor.prusa_state").state == "unavailable"
    assert "not as OctoPrint does" in caplog.text


async def test_pages_instead_of_octoprint(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that a proxy's page for a server that starts is told, not raised."""
    for path in ("/api/job", "/api/printer"):
        fake.answer(
            "GET",
            path,
            body=b"<html>Starting up</html>",
            headers={"Content-Type": "text/html"},
        )
    await refresh(hass, init_integration)
    assert hass.states.get("sensor.prusa_state").state == "unavailable"
    assert not any(
        record.exc_info for record in caplog.records if record.levelname != "DEBUG"
    )


@pytest.mark.parametrize("what", ["device", "entry"])
async def test_renamed(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
    device_registry: dr.DeviceRegistry,
    caplog: pytest.LogCaptureFixture,
    what: str,
) -> None:
    """Test that a printer that is renamed has its new name everywhere at once.

    Its entry is renamed as an integration's, its device on its own page.
    """
    caplog.set_level(logging.DEBUG)
    fake.user("limited")
    init_integration.runtime_data.async_expire()
    await refresh(hass, init_integration)
    coordinator = init_integration.runtime_data
    identifier = (DOMAIN, UUID)
    device = device_registry.async_get_device_by_identifier(
        identifier, init_integration.entry_id
    )
    assert device
    if what == "entry":
        hass.config_entries.async_update_entry(init_integration, title="Ender")
    else:
        device_registry.async_update_device(device.id, name_by_user="Ender")
    await hass.async_block_till_done()
    assert coordinator.name == "Ender"
    device = device_registry.async_get_device_by_identifier(
        identifier, init_integration.entry_id
    )
    assert device
    assert device.name == ("Ender" if what == "entry" else "Prusa")
    issues = ir.async_get(hass).issues.values()
    names = [(each.translation_placeholders or {})["printer"] for each in issues]
    assert names
    assert set(names) == {"Ender"}
    with pytest.raises(HomeAssistantError) as caught:
        async with octoprint_command(coordinator, "x"):
            raise OctoPrintConflictError("Busy")
    assert (caught.value.translation_placeholders or {})["printer"] == "Ender"
    caplog.clear()
    fake.answer("GET", "/api/printer/error", status=500, json={"error": "Odd"})
    coordinator.async_expire()
    await refresh(hass, init_integration)
    with coordinator.uploads.follow("vase.gcode", 100) as note:
        note(50)
    await fake.stop()
    await refresh(hass, init_integration)
    lines = [
        each.getMessage()
        for each in caplog.records
        if each.name.startswith("custom_components.octoprint_plus")
    ]
    assert "Ender: 50 % of vase.gcode uploaded" in lines
    assert any("Ender" in each and "failed to answer" in each for each in lines)
    assert any("Error fetching Ender data" in each for each in lines)
    assert not any("Prusa" in each for each in lines)
    await fake.start()
    device_registry.async_update_device(device.id, name_by_user=None)
    assert coordinator.name == init_integration.title
