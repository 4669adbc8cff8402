"""Tests for the OctoPrint numbers."""

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.components.number import (
    ATTR_VALUE,
    DOMAIN as NUMBER_DOMAIN,
    SERVICE_SET_VALUE,
)
from homeassistant.const import (
    ATTR_ASSUMED_STATE,
    ATTR_ENTITY_ID,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    Platform,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util.unit_system import US_CUSTOMARY_SYSTEM

from .conftest import CheckPlatform
from .fake_octoprint import FakeOctoPrint
from .waiting import refresh

FEED = "number.prusa_feed_rate"
FLOW = "number.prusa_flow_rate"
OFFSET = "number.prusa_tool_temperature_offset"

pytestmark = pytest.mark.usefixtures("entity_registry_enabled_by_default")


async def set_value(hass: HomeAssistant, entity: str, value: float) -> None:
    """Set a number."""
    await hass.services.async_call(
        NUMBER_DOMAIN,
        SERVICE_SET_VALUE,
        {ATTR_ENTITY_ID: entity, ATTR_VALUE: value},
        blocking=True,
    )


@pytest.mark.parametrize("recorded", ["heating", "multi_heating"])
async def test_numbers(
    fake: FakeOctoPrint,
    check_platform: CheckPlatform,
    recorded: str,
) -> None:
    """Test all numbers of a printer: only the heaters that its profile has."""
    fake.load(recorded)
    await check_platform(Platform.NUMBER)


async def test_offset(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test that an offset is sent, and shown as the server tells it."""
    assert hass.states.get(OFFSET).state == "0.0"
    fake.clear()
    await set_value(hass, OFFSET, -12)
    await set_value(hass, "number.prusa_bed_temperature_offset", 50)
    assert fake.commands() == [
        ("/api/printer/tool", {"command": "offset", "offsets": {"tool0": -12}}),
        ("/api/printer/bed", {"command": "offset", "offset": 50}),
    ]
    printer = fake.json("GET", "/api/printer")
    printer["temperature"]["tool0"]["offset"] = -12
    fake.answer("GET", "/api/printer", json=printer)
    await refresh(hass, init_integration)
    assert hass.states.get(OFFSET).state == "-12.0"
    printer["temperature"]["tool0"]["offset"] = None
    fake.answer("GET", "/api/printer", json=printer)
    await refresh(hass, init_integration)
    assert hass.states.get(OFFSET).state == STATE_UNKNOWN


async def test_offset_in_fahrenheit(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """Test that a difference is not taken for a temperature where people use Fahrenheit."""
    hass.config.units = US_CUSTOMARY_SYSTEM
    printer = fake.json("GET", "/api/printer")
    printer["temperature"]["tool0"]["offset"] = 10
    fake.answer("GET", "/api/printer", json=printer)
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await hass.async_block_till_done()
    state = hass.states.get(OFFSET)
    shown = float(state.state), state.attributes["unit_of_measurement"]
    assert shown in ((10.0, "°C"), (18.0, "°F"))


@pytest.mark.usefixtures("entity_registry_enabled_by_default", "init_integration")
@pytest.mark.parametrize(
    ("entity", "value"),
    [
        (OFFSET, 51),
        (OFFSET, -51),
        (OFFSET, float("nan")),
        (FEED, 9),
        (FEED, 201),
        (FEED, float("nan")),
        (FLOW, 74),
        (FLOW, 126),
    ],
)
async def test_out_of_range(
    hass: HomeAssistant, fake: FakeOctoPrint, entity: str, value: float
) -> None:
    """Test that nothing is sent that OctoPrint's own interface would not send."""
    fake.clear()
    with pytest.raises(ServiceValidationError):
        await set_value(hass, entity, value)
    assert fake.commands() == []


async def test_rates(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test that rates are assumed, kept over a restart, and forgotten with the connection."""
    for entity in (FEED, FLOW):
        state = hass.states.get(entity)
        assert (state.state, state.attributes[ATTR_ASSUMED_STATE]) == ("unknown", True)
    fake.load("printing_local")
    fake.clear()
    await set_value(hass, FEED, 120)
    await set_value(hass, FLOW, 95)
    assert fake.commands() == [
        ("/api/printer/printhead", {"command": "feedrate", "factor": 120}),
        ("/api/printer/tool", {"command": "flowrate", "factor": 95}),
    ]
    # A number with a point would be taken for a ratio.
    assert all(isinstance(data["factor"], int) for _, data in fake.commands())
    assert hass.states.get(FEED).state == "120.0"
    await hass.config_entries.async_reload(init_integration.entry_id)
    await hass.async_block_till_done()
    assert hass.states.get(FEED).state == "120.0"
    assert hass.states.get(FLOW).state == "95.0"

    fake.load("disconnected")
    await refresh(hass, init_integration)
    assert hass.states.get(FEED).state == STATE_UNAVAILABLE
    assert hass.states.get(OFFSET).state == STATE_UNAVAILABLE
    fake.load("operational_idle_no_file")
    await refresh(hass, init_integration)
    assert hass.states.get(FEED).state == STATE_UNKNOWN


async def test_rate_not_restored_while_off(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test that a printer that was off meanwhile is not believed to have the rate."""
    await set_value(hass, FEED, 150)
    await hass.config_entries.async_unload(init_integration.entry_id)
    fake.load("disconnected")
    await hass.config_entries.async_setup(init_integration.entry_id)
    fake.load("operational_idle_no_file")
    await refresh(hass, init_integration)
    assert hass.states.get(FEED).state == STATE_UNKNOWN


@pytest.mark.usefixtures("entity_registry_enabled_by_default", "init_integration")
async def test_refused(hass: HomeAssistant, fake: FakeOctoPrint) -> None:
    """Test that a rate that OctoPrint did not take is not shown."""
    fake.answer("POST", "/api/printer/printhead", status=409, json={"error": "No"})
    with pytest.raises(ServiceValidationError) as err:
        await set_value(hass, FEED, 120)
    assert err.value.translation_key == "command_conflict"
    assert hass.states.get(FEED).state == STATE_UNKNOWN


async def test_permissions(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """Test that a key that may only read has no numbers."""
    fake.user("readonly")
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await hass.async_block_till_done()
    assert not hass.states.async_all("number")
