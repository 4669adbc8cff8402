"""Tests for the OctoPrint binary sensors."""

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.const import Platform
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers.event import async_track_state_change_event

from .conftest import CheckPlatform
from .fake_octoprint import FakeOctoPrint
from .waiting import refresh


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_binary_sensors(
    fake: FakeOctoPrint,
    check_platform: CheckPlatform,
) -> None:
    """Test all binary sensors of a printer."""
    fake.load("printing_local")
    await check_platform(Platform.BINARY_SENSOR)


@pytest.mark.usefixtures("init_integration")
@pytest.mark.parametrize(
    ("recorded", "connected", "printing", "paused", "problem"),
    [
        ("operational_idle_file_selected", "on", "off", "off", "off"),
        ("printing_local", "on", "on", "off", "off"),
        ("printing_sd", "on", "on", "off", "off"),
        ("pausing", "on", "on", "off", "off"),
        ("paused", "on", "off", "on", "off"),
        ("cancelling", "on", "on", "off", "off"),
        ("transferring_to_sd", "on", "off", "off", "off"),
        ("disconnected", "off", "off", "off", "off"),
        ("error_fatal_while_printing", "off", "off", "off", "on"),
        ("error_fatal_while_idle", "off", "off", "off", "on"),
        ("error_connection_dropped_while_printing", "off", "off", "off", "on"),
        ("error_connection_dropped_while_idle", "off", "off", "off", "on"),
        ("after_m112", "off", "off", "off", "on"),
        ("after_nonfatal_firmware_error_cancelled_job", "on", "off", "off", "on"),
    ],
)
async def test_states(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    config_entry: MockConfigEntry,
    recorded: str,
    connected: str,
    printing: str,
    paused: str,
    problem: str,
) -> None:
    """Test what each state of the printer means, errors without a printer included."""
    fake.load("resuming")
    await refresh(hass, config_entry)
    fake.load(recorded)
    await refresh(hass, config_entry)
    states = {
        key: hass.states.get(f"binary_sensor.prusa_{key}").state
        for key in ("printer_connected", "printing", "paused", "problem")
    }
    assert states == {
        "printer_connected": connected,
        "printing": printing,
        "paused": paused,
        "problem": problem,
    }


@pytest.mark.usefixtures("init_integration")
@pytest.mark.parametrize(
    "entity_id", ["binary_sensor.prusa_problem", "sensor.prusa_state"]
)
async def test_error_is_written_before(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    config_entry: MockConfigEntry,
    entity_id: str,
) -> None:
    """Test that whoever reacts at once to a problem finds the error's text."""
    fake.load("printing_local")
    await refresh(hass, config_entry)
    errors = []

    @callback
    def react(_: Event[EventStateChangedData]) -> None:
        errors.append(hass.states.get("sensor.prusa_error").state)

    async_track_state_change_event(hass, entity_id, react)
    fake.load("error_fatal_while_printing")
    await refresh(hass, config_entry)
    assert len(errors) == 1
    assert errors[0].startswith("Thermal Runaway")


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_sd_card(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """Test that there is an SD card only where OctoPrint supports one."""
    fake.load("shared_nozzle_no_bed_no_sd")
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await hass.async_block_till_done()
    assert hass.states.get("binary_sensor.prusa_sd_card_ready") is None

    fake.load("sd_released")
    await refresh(hass, config_entry)
    assert hass.states.get("binary_sensor.prusa_sd_card_ready").state == "off"

    fake.load("operational_idle_file_selected")
    await refresh(hass, config_entry)
    assert hass.states.get("binary_sensor.prusa_sd_card_ready").state == "on"

    fake.load("disconnected")
    await refresh(hass, config_entry)
    assert hass.states.get("binary_sensor.prusa_sd_card_ready").state == "unavailable"
