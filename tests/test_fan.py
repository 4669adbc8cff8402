"""Tests for the part cooling fan."""

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    mock_restore_cache_with_extra_data,
)

from homeassistant.core import HomeAssistant, State
from homeassistant.exceptions import ServiceValidationError

from .fake_octoprint import FakeOctoPrint
from .waiting import refresh

FAN = "fan.prusa_part_cooling_fan"


async def call(hass: HomeAssistant, service: str, **data: object) -> None:
    """Set the fan."""
    await hass.services.async_call(
        "fan", service, {"entity_id": FAN, **data}, blocking=True
    )


@pytest.mark.usefixtures("init_integration")
@pytest.mark.parametrize(
    ("service", "data", "command", "state", "percentage"),
    [
        ("turn_on", {}, "M106 S255", "on", 100),
        ("turn_on", {"percentage": 50}, "M106 S128", "on", 50),
        ("set_percentage", {"percentage": 1}, "M106 S3", "on", 1),
        ("set_percentage", {"percentage": 0}, "M107", "off", 0),
        ("turn_off", {}, "M107", "off", 0),
    ],
)
async def test_set(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    service: str,
    data: dict[str, int],
    command: str,
    state: str,
    percentage: int,
) -> None:
    """Test that the speed is sent and shown, in a print too."""
    assert hass.states.get(FAN).state == "unknown"
    fake.load("printing_local")
    await call(hass, service, **data)
    assert fake.commands() == [("/api/printer/command", {"commands": [command]})]
    shown = hass.states.get(FAN)
    assert (shown.state, shown.attributes["percentage"]) == (state, percentage)
    assert shown.attributes["assumed_state"] is True


@pytest.mark.parametrize(
    ("state", "sent"),
    # It is unavailable where the server was away when Home Assistant stopped.
    [("on", 40), ("off", 0), ("unavailable", 40), ("unknown", None), ("on", "junk")],
)
async def test_restored(
    hass: HomeAssistant,
    config_entry: MockConfigEntry,
    fake: FakeOctoPrint,
    state: str,
    sent: object,
) -> None:
    """Test that the speed is known after a restart, until the printer was off."""
    mock_restore_cache_with_extra_data(hass, [(State(FAN, state), {"sent": sent})])
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await hass.async_block_till_done()
    percentage = sent if isinstance(sent, int) else None
    assert hass.states.get(FAN).attributes.get("percentage") == percentage
    fake.load("disconnected")
    await refresh(hass, config_entry)
    assert hass.states.get(FAN).state == "unavailable"
    fake.load("printing_local")
    await refresh(hass, config_entry)
    assert hass.states.get(FAN).state == "unknown"


async def test_speed_of_another_print(
    hass: HomeAssistant, init_integration: MockConfigEntry, fake: FakeOctoPrint
) -> None:
    """Test that what was set before a print, or in it, is not told of what comes after."""
    fake.load("operational_idle_no_file")
    for recorded in ("printing_local", "after_print_done"):
        await refresh(hass, init_integration)
        await hass.services.async_call(
            "fan", "turn_on", {"entity_id": FAN}, blocking=True
        )
        await refresh(hass, init_integration)
        assert hass.states.get(FAN).state == "on"
        fake.load(recorded)
        await refresh(hass, init_integration)
        assert hass.states.get(FAN).state == "unknown"


async def test_not_restored(
    hass: HomeAssistant, config_entry: MockConfigEntry, fake: FakeOctoPrint
) -> None:
    """Test that a printer that was off meanwhile is not believed to have the speed."""
    mock_restore_cache_with_extra_data(hass, [(State(FAN, "on"), {"sent": 40})])
    fake.load("disconnected")
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await hass.async_block_till_done()
    fake.load("printing_local")
    await refresh(hass, config_entry)
    assert hass.states.get(FAN).state == "unknown"


@pytest.mark.usefixtures("init_integration")
async def test_refused(hass: HomeAssistant, fake: FakeOctoPrint) -> None:
    """Test that a speed that was not sent is not shown."""
    fake.load("disconnected")
    with pytest.raises(ServiceValidationError) as err:
        await call(hass, "turn_on")
    assert err.value.translation_key == "button_not_offered"
    assert fake.commands() == []
