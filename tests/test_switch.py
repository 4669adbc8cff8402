"""Tests for the OctoPrint switch."""

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    mock_restore_cache_with_extra_data,
)

from homeassistant.components.switch import DOMAIN as SWITCH_DOMAIN
from homeassistant.const import (
    ATTR_ENTITY_ID,
    SERVICE_TURN_OFF,
    SERVICE_TURN_ON,
    Platform,
)
from homeassistant.core import HomeAssistant, State
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .conftest import CheckPlatform
from .fake_octoprint import FakeOctoPrint
from .waiting import refresh

SWITCH = "switch.prusa_printer_connection"


async def call(hass: HomeAssistant, service: str) -> None:
    """Turn the switch."""
    await hass.services.async_call(
        SWITCH_DOMAIN, service, {ATTR_ENTITY_ID: SWITCH}, blocking=True
    )


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_switches(
    check_platform: CheckPlatform,
) -> None:
    """Test all switches of a printer."""
    await check_platform(Platform.SWITCH)


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_mesh_leveling(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """Test levelling by the mesh, which no printer tells back, and not in a print."""
    switch = {ATTR_ENTITY_ID: "switch.prusa_mesh_leveling"}
    # A print runs when Home Assistant stops.
    before = State(switch[ATTR_ENTITY_ID], "unavailable")
    mock_restore_cache_with_extra_data(hass, [(before, {"sent": True})])
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await hass.async_block_till_done()
    assert hass.states.get(switch[ATTR_ENTITY_ID]).state == "on"
    for service, command in (
        (SERVICE_TURN_OFF, "M420 S0"),
        (SERVICE_TURN_ON, "M420 S1"),
    ):
        fake.clear()
        await hass.services.async_call(SWITCH_DOMAIN, service, switch, blocking=True)
        assert fake.commands() == [("/api/printer/command", {"commands": [command]})]
        expected = service.removeprefix("turn_")
        assert hass.states.get(switch[ATTR_ENTITY_ID]).state == expected
    fake.load("printing_local")
    fake.clear()
    with pytest.raises(ServiceValidationError) as err:
        await hass.services.async_call(
            SWITCH_DOMAIN, SERVICE_TURN_OFF, switch, blocking=True
        )
    assert err.value.translation_key == "button_not_offered"
    assert fake.commands() == []
    # Nobody knows what the firmware comes up with.
    for recorded in ("disconnected", "operational_idle_no_file"):
        fake.load(recorded)
        await refresh(hass, config_entry)
    assert hass.states.get(switch[ATTR_ENTITY_ID]).state == "unknown"


@pytest.mark.usefixtures("init_integration")
async def test_turn(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """Test disconnecting and connecting, and that it stays usable in between."""
    assert hass.states.get(SWITCH).state == "on"
    fake.clear()
    await call(hass, SERVICE_TURN_OFF)
    assert fake.commands() == [("/api/connection", {"command": "disconnect"})]

    fake.load("disconnected")
    await refresh(hass, config_entry)
    assert hass.states.get(SWITCH).state == "off"
    fake.clear()
    await call(hass, SERVICE_TURN_ON)
    assert fake.commands() == [("/api/connection", {"command": "connect"})]

    job = fake.json("GET", "/api/job")
    job["state"] = "Connecting"
    fake.answer("GET", "/api/job", json=job)
    await refresh(hass, config_entry)
    assert hass.states.get(SWITCH).state == "on"
    assert hass.states.get("binary_sensor.prusa_printer_connected").state == "off"


@pytest.mark.usefixtures("init_integration")
async def test_connect_while_connected(
    hass: HomeAssistant, fake: FakeOctoPrint
) -> None:
    """Test that connecting again, which would abort a print, is not sent."""
    fake.load("printing_local")
    fake.clear()
    await call(hass, SERVICE_TURN_ON)
    assert fake.commands() == []


@pytest.mark.usefixtures("init_integration")
@pytest.mark.parametrize("recorded", ["printing_local", "paused", "transferring_to_sd"])
async def test_disconnect_while_busy(
    hass: HomeAssistant, fake: FakeOctoPrint, recorded: str
) -> None:
    """Test that a print that began a moment ago is not lost to one tap."""
    fake.load(recorded)
    fake.clear()
    with pytest.raises(ServiceValidationError) as err:
        await call(hass, SERVICE_TURN_OFF)
    assert err.value.translation_key == "disconnect_while_busy"
    assert fake.commands() == []


@pytest.mark.usefixtures("init_integration")
@pytest.mark.parametrize("service", [SERVICE_TURN_ON, SERVICE_TURN_OFF])
async def test_server_gone(
    hass: HomeAssistant, fake: FakeOctoPrint, service: str
) -> None:
    """Test that a server that does not answer is told, not taken for what it was before."""
    await fake.stop()
    with pytest.raises(HomeAssistantError) as err:
        await call(hass, service)
    assert str(err.value.translation_key).startswith("connection_")
    await fake.start()
