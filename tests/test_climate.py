"""Tests for the OctoPrint heaters."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.octoprint_plus.const import CONF_MAX_TEMPS
from custom_components.octoprint_plus.sync.publisher import TEMPERATURE_PACE
from homeassistant.components.climate import (
    ATTR_HVAC_ACTION,
    ATTR_HVAC_MODE,
    ATTR_PRESET_MODE,
    ATTR_PRESET_MODES,
    DOMAIN as CLIMATE_DOMAIN,
    SERVICE_SET_HVAC_MODE,
    SERVICE_SET_PRESET_MODE,
    SERVICE_SET_TEMPERATURE,
)
from homeassistant.const import (
    ATTR_ENTITY_ID,
    ATTR_TEMPERATURE,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    Platform,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceNotSupported,
    ServiceValidationError,
)

from .conftest import CheckPlatform
from .fake_octoprint import FakeOctoPrint
from .waiting import refresh, until

TOOL = "climate.prusa_tool"
BED = "climate.prusa_bed"


def heater(fake: FakeOctoPrint, name: str, actual: Any, target: Any) -> None:
    """Let the server report temperatures of a heater."""
    printer = fake.json("GET", "/api/printer")
    printer["temperature"][name] = {"actual": actual, "target": target, "offset": 0}
    fake.answer("GET", "/api/printer", json=printer)


async def call(hass: HomeAssistant, service: str, entity: str, **data: Any) -> None:
    """Call an action of a heater."""
    await hass.services.async_call(
        CLIMATE_DOMAIN, service, {ATTR_ENTITY_ID: entity, **data}, blocking=True
    )


@pytest.mark.parametrize("recorded", ["heating", "multi_heating"])
async def test_climates(
    fake: FakeOctoPrint,
    check_platform: CheckPlatform,
    recorded: str,
) -> None:
    """Test all heaters of a printer."""
    fake.load(recorded)
    await check_platform(Platform.CLIMATE)


@pytest.mark.usefixtures("init_integration")
@pytest.mark.parametrize(
    ("actual", "target", "mode", "action", "preset"),
    [
        (21.3, 0.0, "off", "off", None),
        (60.0, 0.0, "off", "off", None),
        (100.0, 180.0, "heat", "heating", "PLA"),
        (179.4, 180.0, "heat", "idle", "PLA"),
        (181.2, 180.0, "heat", "idle", "PLA"),
        (100.0, 215.0, "heat", "heating", None),
        (100.0, None, STATE_UNKNOWN, None, None),
        (None, 210.0, "heat", None, "ABS"),
    ],
)
async def test_state(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    actual: float | None,
    target: float | None,
    mode: str,
    action: str | None,
    preset: str | None,
) -> None:
    """Test what the temperatures mean; a target that is not reported is not off."""
    heater(fake, "tool0", actual, target)
    freezer.tick(TEMPERATURE_PACE)
    await refresh(hass, config_entry)
    state = hass.states.get(TOOL)
    assert state.state == mode
    assert state.attributes.get(ATTR_HVAC_ACTION) == action
    assert state.attributes.get(ATTR_PRESET_MODE) == preset
    assert state.attributes[ATTR_PRESET_MODES] == ["ABS", "PLA"]
    assert state.attributes[ATTR_TEMPERATURE] == target
    assert state.attributes["current_temperature"] == actual


@pytest.mark.usefixtures("init_integration")
@pytest.mark.parametrize(
    ("entity", "service", "data", "command"),
    [
        (
            TOOL,
            SERVICE_SET_TEMPERATURE,
            {ATTR_TEMPERATURE: 205},
            ("/api/printer/tool", {"command": "target", "targets": {"tool0": 205}}),
        ),
        (
            BED,
            SERVICE_SET_TEMPERATURE,
            {ATTR_TEMPERATURE: 60.5, ATTR_HVAC_MODE: "heat"},
            ("/api/printer/bed", {"command": "target", "target": 60.5}),
        ),
        (
            BED,
            SERVICE_SET_TEMPERATURE,
            {ATTR_TEMPERATURE: 60, ATTR_HVAC_MODE: "off"},
            ("/api/printer/bed", {"command": "target", "target": 0}),
        ),
        (
            BED,
            SERVICE_SET_PRESET_MODE,
            {ATTR_PRESET_MODE: "ABS"},
            ("/api/printer/bed", {"command": "target", "target": 100}),
        ),
        (
            TOOL,
            SERVICE_SET_HVAC_MODE,
            {ATTR_HVAC_MODE: "off"},
            ("/api/printer/tool", {"command": "target", "targets": {"tool0": 0}}),
        ),
        (
            TOOL,
            SERVICE_SET_HVAC_MODE,
            {ATTR_HVAC_MODE: "heat"},
            ("/api/printer/tool", {"command": "target", "targets": {"tool0": 210}}),
        ),
    ],
)
async def test_commands(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    entity: str,
    service: str,
    data: dict[str, Any],
    command: tuple[str, Any],
) -> None:
    """Test what each action sends."""
    fake.clear()
    await call(hass, service, entity, **data)
    assert fake.commands() == [command]


@pytest.mark.usefixtures("init_integration")
async def test_turn_on_again(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """Test that switching on heats to the last target, also after a restart."""
    heater(fake, "bed", 40, 73)
    await refresh(hass, config_entry)
    fake.clear()
    await call(hass, SERVICE_SET_HVAC_MODE, BED, hvac_mode="heat")
    assert fake.commands() == []

    heater(fake, "bed", 40, 0)
    await refresh(hass, config_entry)
    await hass.config_entries.async_reload(config_entry.entry_id)
    await hass.async_block_till_done()
    fake.clear()
    await call(hass, SERVICE_SET_HVAC_MODE, BED, hvac_mode="heat")
    assert fake.commands() == [
        ("/api/printer/bed", {"command": "target", "target": 73})
    ]


@pytest.mark.usefixtures("init_integration")
@pytest.mark.parametrize("service", ["turn_on", "turn_off", "toggle"])
async def test_no_turning_on(
    hass: HomeAssistant, fake: FakeOctoPrint, service: str
) -> None:
    """Test that "turn on" and "turn off" are for no heater, whoever says it."""
    fake.clear()
    with pytest.raises(ServiceNotSupported):
        await call(hass, service, BED)
    await call(hass, service, "all")
    assert fake.commands() == []


@pytest.mark.usefixtures("init_integration")
async def test_heaters_do_not_wait_for_each_other(
    hass: HomeAssistant, fake: FakeOctoPrint
) -> None:
    """Test that the bed is switched off while the tool's command hangs, and in order."""
    fake.clear()
    fake.held.add("/api/printer/tool")
    for target in (205, 0):
        hass.async_create_task(
            call(hass, SERVICE_SET_TEMPERATURE, TOOL, temperature=target)
        )
    await until(lambda: len(fake.commands()) == 1)
    await call(hass, SERVICE_SET_HVAC_MODE, BED, hvac_mode="off")
    assert [path for path, _ in fake.commands()] == [
        "/api/printer/tool",
        "/api/printer/bed",
    ]
    fake.held.clear()
    await hass.async_block_till_done()
    assert [
        data["targets"]["tool0"] for _, data in fake.commands() if "targets" in data
    ] == [205, 0]


async def test_nothing_to_heat_to(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """Test that no temperature is made up where there is none, nor presets shown."""
    settings = fake.json("GET", "/api/settings")
    settings["temperature"]["profiles"] = []
    fake.answer("GET", "/api/settings", json=settings)
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await hass.async_block_till_done()
    assert ATTR_PRESET_MODES not in hass.states.get(BED).attributes
    fake.clear()
    with pytest.raises(ServiceValidationError) as err:
        await call(hass, SERVICE_SET_HVAC_MODE, BED, hvac_mode="heat")
    assert err.value.translation_key == "no_usual_target"
    assert err.value.translation_placeholders == {"heater": "Bed", "printer": "Prusa"}
    assert fake.commands() == []


async def test_limits(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """Test that the options limit what may be set, presets included."""
    config_entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(
        config_entry, options={CONF_MAX_TEMPS: {"bed": 80}}
    )
    await hass.config_entries.async_setup(config_entry.entry_id)
    await hass.async_block_till_done()
    assert hass.states.get(TOOL).attributes["max_temp"] == 300
    bed = hass.states.get(BED)
    assert bed.attributes["max_temp"] == 80
    assert bed.attributes[ATTR_PRESET_MODES] == ["PLA"]
    fake.clear()
    with pytest.raises(ServiceValidationError):
        await call(hass, SERVICE_SET_TEMPERATURE, BED, temperature=81)
    assert fake.commands() == []


@pytest.mark.usefixtures("init_integration")
async def test_no_number(
    hass: HomeAssistant, fake: FakeOctoPrint, caplog: pytest.LogCaptureFixture
) -> None:
    """Test that a temperature that is none is refused, which Home Assistant lets pass."""
    # Its own debug line can't write such a number.
    caplog.set_level("INFO", "homeassistant.components.climate")
    fake.clear()
    with pytest.raises(ServiceValidationError) as err:
        await call(hass, SERVICE_SET_TEMPERATURE, BED, temperature=float("nan"))
    assert err.value.translation_key == "not_a_number"
    assert err.value.translation_placeholders == {
        "entity": "Bed",
        "printer": "Prusa",
        "value": "nan",
    }
    assert fake.commands() == []


async def test_off_is_tried_after_a_failed_poll(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test that switching off is never skipped without a word, and nothing stale is shown."""
    heater(fake, "tool0", 208.0, 210.0)
    await refresh(hass, init_integration)
    fake.answer("GET", "/api/job", status=500, json={"error": "Broken"})
    await refresh(hass, init_integration)
    assert hass.states.get("sensor.prusa_state").state == STATE_UNAVAILABLE
    state = hass.states.get(TOOL)
    assert state.state == STATE_UNKNOWN
    assert state.attributes["current_temperature"] is None
    assert state.attributes[ATTR_TEMPERATURE] is None
    fake.clear()
    await call(hass, SERVICE_SET_HVAC_MODE, TOOL, hvac_mode="off")
    await call(hass, SERVICE_SET_TEMPERATURE, TOOL, temperature=0)
    assert (
        fake.commands()
        == [("/api/printer/tool", {"command": "target", "targets": {"tool0": 0}})] * 2
    )
    await fake.stop()
    with pytest.raises(HomeAssistantError) as err:
        await call(hass, SERVICE_SET_HVAC_MODE, TOOL, hvac_mode="off")
    assert err.value.translation_key == "connection_refused"
    await fake.start()


@pytest.mark.usefixtures("init_integration")
async def test_printer_off(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """Test that heaters are unavailable while the printer is off, and stay known."""
    fake.load("disconnected")
    await refresh(hass, config_entry)
    assert hass.states.get(TOOL).state == STATE_UNAVAILABLE
    await hass.config_entries.async_reload(config_entry.entry_id)
    await hass.async_block_till_done()
    assert hass.states.get(TOOL).state == STATE_UNAVAILABLE
    fake.load("operational_idle_file_selected")
    await refresh(hass, config_entry)
    assert hass.states.get(TOOL).state == "off"


async def test_shared_nozzle(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """Test that two extruders with one nozzle have one heater."""
    fake.load("shared_nozzle_no_bed_no_sd")
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await hass.async_block_till_done()
    assert [state.entity_id for state in hass.states.async_all("climate")] == [TOOL]


async def test_fahrenheit(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """Test that the heaters speak Celsius to OctoPrint where people use Fahrenheit."""
    await hass.config.async_update(unit_system="us_customary")
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await hass.async_block_till_done()
    fake.clear()
    await call(hass, SERVICE_SET_TEMPERATURE, BED, temperature=140)
    assert fake.commands() == [
        ("/api/printer/bed", {"command": "target", "target": 60})
    ]
