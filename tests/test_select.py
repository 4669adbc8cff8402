"""Tests for the OctoPrint selects."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.components.select import (
    ATTR_OPTION,
    ATTR_OPTIONS,
    DOMAIN as SELECT_DOMAIN,
    SERVICE_SELECT_OPTION,
)
from homeassistant.const import (
    ATTR_ENTITY_ID,
    SERVICE_TURN_ON,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    Platform,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er

from .conftest import CheckPlatform
from .fake_octoprint import FakeOctoPrint
from .pushed import Pushed
from .waiting import refresh

PORT = "select.prusa_port_for_connecting"
BAUDRATE = "select.prusa_baud_rate_for_connecting"
PROFILE = "select.prusa_printer_profile_for_connecting"
TOOL = "select.prusa_active_tool"

pytestmark = pytest.mark.usefixtures("entity_registry_enabled_by_default")


async def select(hass: HomeAssistant, entity: str, option: str) -> None:
    """Choose an option."""
    await hass.services.async_call(
        SELECT_DOMAIN,
        SERVICE_SELECT_OPTION,
        {ATTR_ENTITY_ID: entity, ATTR_OPTION: option},
        blocking=True,
    )


async def connect(hass: HomeAssistant) -> None:
    """Turn the switch on."""
    await hass.services.async_call(
        "switch",
        SERVICE_TURN_ON,
        {ATTR_ENTITY_ID: "switch.prusa_printer_connection"},
        blocking=True,
    )


def offer(fake: FakeOctoPrint, **options: Any) -> None:
    """Let the server offer other ports, baud rates or profiles."""
    connection = fake.json("GET", "/api/connection")
    connection["options"] |= options
    fake.answer("GET", "/api/connection", json=connection)


@pytest.mark.parametrize("recorded", ["disconnected", "multi_idle_custom_sensors"])
async def test_selects(
    fake: FakeOctoPrint,
    check_platform: CheckPlatform,
    recorded: str,
) -> None:
    """Test all selects of a printer."""
    fake.load(recorded)
    await check_platform(Platform.SELECT)


async def test_connection(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test that choices send nothing, are used by the next connection, and are kept."""
    # Choosing is harmless at any time, so also during a print.
    fake.load("printing_local")
    await refresh(hass, init_integration)
    fake.clear()
    await select(hass, PORT, "auto")
    await select(hass, BAUDRATE, "250000")
    await select(hass, PROFILE, "Default")
    assert fake.requests == []
    assert hass.states.get(BAUDRATE).state == "250000"

    fake.load("disconnected")
    await hass.config_entries.async_reload(init_integration.entry_id)
    await hass.async_block_till_done()
    assert hass.states.get(PORT).state == "auto"
    assert hass.states.get(PROFILE).state == "Default"
    fake.clear()
    await connect(hass)
    assert fake.commands() == [
        (
            "/api/connection",
            {
                "command": "connect",
                "port": "AUTO",
                "baudrate": 250000,
                "printerProfile": "_default",
            },
        )
    ]

    for entity in (PORT, BAUDRATE, PROFILE):
        await select(hass, entity, "preferred")
    fake.clear()
    await connect(hass)
    assert fake.commands() == [("/api/connection", {"command": "connect"})]


@pytest.mark.parametrize("is_loaded", [True, False])
async def test_choice_of_a_select_that_is_disabled(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
    entity_registry: er.EntityRegistry,
    is_loaded: bool,
) -> None:
    """Test that what nobody can see any more is not used, whenever it was disabled."""
    fake.load("disconnected")
    await refresh(hass, init_integration)
    await select(hass, BAUDRATE, "250000")
    if not is_loaded:
        await hass.config_entries.async_unload(init_integration.entry_id)
    entity_registry.async_update_entity(
        BAUDRATE, disabled_by=er.RegistryEntryDisabler.USER
    )
    if not is_loaded:
        await hass.config_entries.async_setup(init_integration.entry_id)
    await hass.async_block_till_done()
    fake.clear()
    await connect(hass)
    assert fake.commands() == [("/api/connection", {"command": "connect"})]


async def test_baudrate_found_out(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test that a baud rate of 0, which is a choice, is sent."""
    fake.load("disconnected")
    await refresh(hass, init_integration)
    await select(hass, BAUDRATE, "auto")
    assert hass.states.get(BAUDRATE).state == "auto"
    fake.clear()
    await connect(hass)
    assert fake.commands() == [
        ("/api/connection", {"command": "connect", "baudrate": 0})
    ]


async def test_port_away(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test that a chosen port that is unplugged is still shown, and named in the error."""
    fake.load("disconnected")
    await refresh(hass, init_integration)
    await select(hass, PORT, "VIRTUAL")
    offer(fake, ports=["/dev/ttyUSB1"])
    await refresh(hass, init_integration)
    state = hass.states.get(PORT)
    assert state.state == "VIRTUAL"
    assert state.attributes[ATTR_OPTIONS] == [
        "preferred",
        "auto",
        "/dev/ttyUSB1",
        "VIRTUAL",
    ]
    fake.clear()
    with pytest.raises(ServiceValidationError) as err:
        await connect(hass)
    assert err.value.translation_key == "port_unknown"
    assert err.value.translation_placeholders == {
        "port": "VIRTUAL",
        "ports": "AUTO, /dev/ttyUSB1",
        "printer": "Prusa",
    }
    assert fake.commands() == []


async def test_profiles_of_one_name(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test that profiles can be told apart, whatever they are called."""
    names = {"a": "Ender", "b": "Ender", "c": "preferred", "d": "MMU"}
    offer(
        fake,
        printerProfiles=[{"id": each, "name": name} for each, name in names.items()],
    )
    await refresh(hass, init_integration)
    assert hass.states.get(PROFILE).attributes[ATTR_OPTIONS] == [
        "preferred",
        "Ender (a)",
        "Ender (b)",
        "preferred (c)",
        "MMU",
    ]
    await select(hass, PROFILE, "Ender (b)")
    assert init_integration.runtime_data.choice.printer_profile == "b"
    assert hass.states.get(PROFILE).state == "Ender (b)"


async def test_tool(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test that the active tool is assumed, kept over a restart, and forgotten by a print."""
    assert hass.states.get(TOOL) is None
    fake.load("multi_idle_custom_sensors")
    await hass.config_entries.async_reload(init_integration.entry_id)
    await hass.async_block_till_done()
    assert hass.states.get(TOOL).state == STATE_UNKNOWN
    fake.clear()
    await select(hass, TOOL, "tool1")
    assert fake.commands() == [
        ("/api/printer/tool", {"command": "select", "tool": "tool1"})
    ]
    assert hass.states.get(TOOL).state == "tool1"
    await hass.config_entries.async_reload(init_integration.entry_id)
    await hass.async_block_till_done()
    assert hass.states.get(TOOL).state == "tool1"

    # The state is shown of what an action does, too.
    await hass.services.async_call(
        "octoprint_plus", "extrude", {"amount": 1, "tool": 0}, blocking=True
    )
    assert hass.states.get(TOOL).state == "tool0"

    fake.load("multi_printing")
    await refresh(hass, init_integration)
    assert hass.states.get(TOOL).state == STATE_UNAVAILABLE
    fake.load("multi_idle_custom_sensors")
    await refresh(hass, init_integration)
    assert hass.states.get(TOOL).state == STATE_UNKNOWN


@pytest.mark.parametrize("recorded", ["multi_printing", "disconnected"])
async def test_tool_kept_too_long(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
    recorded: str,
) -> None:
    """Test that a tool is kept only where nothing can have changed it since."""
    entry_id = init_integration.entry_id
    fake.load("multi_idle_custom_sensors")
    await hass.config_entries.async_reload(entry_id)
    await hass.async_block_till_done()
    await select(hass, TOOL, "tool1")

    # Home Assistant is restarted while the printer prints or is off.
    await hass.config_entries.async_unload(entry_id)
    fake.load(recorded)
    await hass.config_entries.async_setup(entry_id)
    await hass.async_block_till_done()
    fake.load("multi_idle_custom_sensors")
    await refresh(hass, init_integration)
    assert hass.states.get(TOOL).state == STATE_UNKNOWN
    await hass.config_entries.async_reload(entry_id)
    await hass.async_block_till_done()
    assert hass.states.get(TOOL).state == STATE_UNKNOWN


async def test_tool_of_a_print_that_nobody_followed(
    hass: HomeAssistant, fake: FakeOctoPrint, pushed: Pushed
) -> None:
    """Test that the tool of a print is forgotten for good where the socket is lost in it."""
    fake.load("multi_printing")
    await refresh(hass, pushed.entry)
    pushed.entry.runtime_data.async_note_tool(1)
    await pushed.lose()
    fake.load("multi_idle_custom_sensors")
    await refresh(hass, pushed.entry)
    await hass.config_entries.async_reload(pushed.entry.entry_id)
    await hass.async_block_till_done()
    assert hass.states.get(TOOL).state == STATE_UNKNOWN


async def test_tool_while_print_began(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test that no tool is changed under a print that began a moment ago."""
    fake.load("multi_idle_custom_sensors")
    await hass.config_entries.async_reload(init_integration.entry_id)
    await hass.async_block_till_done()
    fake.load("multi_printing")
    fake.clear()
    with pytest.raises(ServiceValidationError) as err:
        await select(hass, TOOL, "tool1")
    assert err.value.translation_key == "printer_busy"
    placeholders = err.value.translation_placeholders
    assert placeholders
    assert placeholders["command"] == "Active tool"
    assert fake.commands() == []


async def test_permissions(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """Test that a key that may only read has no selects."""
    fake.load("multi_idle_custom_sensors")
    fake.user("readonly")
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await hass.async_block_till_done()
    assert not hass.states.async_all("select")
