"""Test what OctoPrint or a plugin names that is in none of our lists.

It is shown as it is, or as other: never as if there were nothing. An unknown state may be
a print, so that nothing is done that would harm one.
"""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.octoprint_plus.api import EVENT_TYPES
from custom_components.octoprint_plus.api.job import PrintResult
from custom_components.octoprint_plus.api.plugins.cancel_objects import ActiveObject
from custom_components.octoprint_plus.api.socket.events import (
    OCCURRENCE_PARSERS,
    Subject,
)
from custom_components.octoprint_plus.api.socket.messages import PluginTold
from custom_components.octoprint_plus.const import DOMAIN
from custom_components.octoprint_plus.event import DESCRIPTIONS as EVENTS, LAYER
from custom_components.octoprint_plus.model.changes import RESULTS
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er

from .api.plugins.test_cancel_objects import ENTRY as OBJECT
from .api.plugins.test_spoolman import ENTRY as SPOOL
from .fake_octoprint import FakeOctoPrint
from .pushed import pushing
from .waiting import refresh, until

SPOOLS = "/plugin/Spoolman/spoolman/spools"
TIMELAPSE = "/api/timelapse?unrendered=true"
TOOL = "select.prusa_active_tool"

pytestmark = pytest.mark.usefixtures("entity_registry_enabled_by_default")


@pytest.fixture
def strange(
    entity_registry_enabled_by_default: None, fake: FakeOctoPrint
) -> FakeOctoPrint:
    """Return a server of which each closed list has a value that nobody knows."""
    fake.load("printing_local")
    job = fake.json("GET", "/api/job")
    job["state"] = "Contemplating"
    job["progress"]["printTimeLeftOrigin"] = "oracle"
    job["job"]["file"]["origin"] = None
    fake.answer("GET", "/api/job", json=job)
    printer = fake.json("GET", "/api/printer")
    printer["state"] = {"text": "Contemplating", "flags": {"operational": True}}
    printer["temperature"]["pinda"] = {"actual": 30.0, "target": None}
    fake.answer("GET", "/api/printer", json=printer)
    error = {"error": "Too bright", "reason": "sun", "consequence": "shade"}
    fake.answer("GET", "/api/printer/error", json=error)
    timelapse = fake.json("GET", TIMELAPSE)
    timelapse["config"] = {"type": "clever"}
    fake.answer("GET", TIMELAPSE, json=timelapse)
    command = {"action": "drain", "name": "Drain", "source": "cluster"}
    commands = fake.json("GET", "/api/system/commands")
    fake.answer("GET", "/api/system/commands", json=commands | {"cluster": [command]})
    settings = fake.json("GET", "/api/settings")
    settings["plugins"] |= {
        "Spoolman": {"selectedSpoolIds": {"0": {"spoolId": "99"}}},
        "cancelobject": {},
        "psucontrol": {"switchingMethod": "MIND", "sensingMethod": "MIND"},
    }
    fake.answer("GET", "/api/settings", json=settings)
    fake.answer("GET", SPOOLS, json={"data": {"spools": [SPOOL]}})
    requirements = "/plugin/Spoolman/self/current-job-requirements"
    fake.answer("GET", requirements, json={"data": {"tools": {}}})
    fake.answer("GET", "/api/plugin/psucontrol", json={"isPSUOn": True})
    fake.answer("POST", "/api/plugin/cancelobject", json={"list": [OBJECT]})
    return fake


@pytest.fixture
async def entry(
    hass: HomeAssistant, strange: FakeOctoPrint, init_integration: MockConfigEntry
) -> MockConfigEntry:
    """Return the entry of that server."""
    coordinator = init_integration.runtime_data
    await refresh(hass, init_integration)
    assert coordinator.last_update_success
    # Plugins are read by and by.
    plugins = ("sensor.prusa_spool", "switch.prusa_power_supply")
    await until(lambda: all(map(hass.states.get, plugins)))
    return init_integration


def told(hass: HomeAssistant, name: str) -> Any:
    """Return the state of an entity, or one of its attributes."""
    entity, _, attribute = name.partition("@")
    state = hass.states.get(entity)
    assert state is not None, name
    return state.attributes.get(attribute) if attribute else state.state


SHOWN = {
    "sensor.prusa_state": "other",
    "sensor.prusa_state@reported": "Contemplating",
    "sensor.prusa_estimate_origin": "other",
    "sensor.prusa_estimate_origin@reported": "oracle",
    "sensor.prusa_error": "Too bright",
    "sensor.prusa_error@reason": "sun",
    "sensor.prusa_error@consequence": "shade",
    "sensor.prusa_sensor_pinda_temperature": "30.0",
    "sensor.prusa_spool": "#99",
    "select.prusa_timelapse": "clever",
    "select.prusa_timelapse@options": ["off", "timed", "zchange", "clever"],
    "switch.prusa_power_supply": "on",
    "switch.prusa_power_supply@assumed_state": True,
    # It tells its temperatures.
    "binary_sensor.prusa_printer_connected": "on",
    # These are not known.
    "binary_sensor.prusa_printing": STATE_UNKNOWN,
    "binary_sensor.prusa_paused": STATE_UNKNOWN,
    # It would harm a print.
    "button.prusa_drain": STATE_UNAVAILABLE,
    "button.prusa_start_print": STATE_UNAVAILABLE,
    "button.prusa_home_all_axes": STATE_UNAVAILABLE,
    # It helps whatever goes on.
    "button.prusa_emergency_stop": STATE_UNKNOWN,
}


@pytest.mark.usefixtures("entry")
async def test_closed_list(hass: HomeAssistant) -> None:
    """Test that what is in no list is shown, and taken for a print that may run."""
    assert {name: told(hass, name) for name in SHOWN} == SHOWN


async def test_closed_list_is_shown_while_it_is_news(
    hass: HomeAssistant, strange: FakeOctoPrint, entry: MockConfigEntry
) -> None:
    """Test that the attribute follows what is reported, and goes with it."""
    job = strange.json("GET", "/api/job")
    strange.answer("GET", "/api/job", json=job | {"state": "Meditating"})
    await refresh(hass, entry)
    assert told(hass, "sensor.prusa_state@reported") == "Meditating"
    endless = "Levitating " * 1000
    strange.answer("GET", "/api/job", json=job | {"state": endless})
    await refresh(hass, entry)
    assert told(hass, "sensor.prusa_state@reported") == endless[:255]
    job["state"] = "Printing"
    job["progress"]["printTimeLeftOrigin"] = "linear"
    strange.answer("GET", "/api/job", json=job)
    await refresh(hass, entry)
    assert told(hass, "sensor.prusa_state") == "printing"
    assert told(hass, "sensor.prusa_state@reported") is None
    assert told(hass, "sensor.prusa_estimate_origin") == "linear"
    assert told(hass, "sensor.prusa_estimate_origin@reported") is None


# What is not told by the server, but was never there, or was chosen.
UNTOLD = {
    "last_print_result",
    *("tool", "prompt"),
    *("event_print", "event_printer", "event_timelapse"),
}


async def test_closed_list_of_every_entity(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that all entities with a list of states have one for what nobody knows."""
    walked = set()
    for each in er.async_entries_for_config_entry(entity_registry, entry.entry_id):
        state = hass.states.get(each.entity_id)
        assert state is not None, each.entity_id
        options = state.attributes.get("options", state.attributes.get("event_types"))
        if options is None or each.translation_key in UNTOLD or each.domain == "event":
            continue
        walked.add(each.translation_key)
        assert state.state in options, each.entity_id
    assert walked >= {"state", "estimate_origin", "timelapse", "port"}
    assert "Traceback" not in caplog.text
    assert "ValueError" not in caplog.text


def test_closed_list_of_every_event() -> None:
    """Test that all that can occur is among the types of an event entity."""
    types = EVENT_TYPES
    assert {each.subject for each in (*EVENTS, LAYER)} == types.keys()
    for parse in OCCURRENCE_PARSERS.values():
        occurrence = parse({"reason": "sun", "error": "sun", "gcode": "x", "new": 7})
        assert occurrence.type in types[occurrence.subject]
        assert occurrence.data.get("reason", "sun") == "sun"
    assert set(RESULTS) == set(PrintResult)
    assert {*RESULTS.values()} <= {*types[Subject.PRINT]}


@pytest.fixture
async def connecting(
    hass: HomeAssistant, strange: FakeOctoPrint, config_entry: MockConfigEntry
) -> AsyncGenerator[MockConfigEntry]:
    """Return a printer that is not connected, in a state that nobody knows."""
    strange.answer("GET", "/api/printer", status=409, json={"error": "not operational"})
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await hass.async_block_till_done()
    yield config_entry
    await hass.config_entries.async_unload(config_entry.entry_id)
    await hass.async_block_till_done()


@pytest.mark.usefixtures("connecting")
async def test_closed_list_of_states_without_a_printer(hass: HomeAssistant) -> None:
    """Test that nobody says that it is connected, or that it is not."""
    assert told(hass, "sensor.prusa_state") == "other"
    assert told(hass, "binary_sensor.prusa_printer_connected") == STATE_UNKNOWN


ACTIONS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "disconnect by switch": (
        "switch",
        "turn_off",
        {"entity_id": "switch.prusa_printer_connection"},
    ),
    "disconnect": (DOMAIN, "disconnect", {}),
    "connect": (DOMAIN, "connect", {}),
    "print": (DOMAIN, "print_file", {"path": "a.gcode"}),
    "select": (DOMAIN, "select_file", {"path": "a.gcode"}),
    "extrude": (DOMAIN, "extrude", {"amount": 5}),
    "jog": (DOMAIN, "jog", {"z": 5}),
    "home": (DOMAIN, "home", {"axes": ["z"]}),
    "load": (DOMAIN, "load_filament", {"length": 5, "temperature": 200}),
    "system": (
        DOMAIN,
        "run_system_command",
        {"source": "core", "action": "restart"},
    ),
    "timelapse": (
        "select",
        "select_option",
        {"entity_id": "select.prusa_timelapse", "option": "off"},
    ),
}


@pytest.mark.usefixtures("entry")
@pytest.mark.parametrize("action", ACTIONS)
async def test_closed_list_of_states_harms_no_print(
    hass: HomeAssistant, strange: FakeOctoPrint, action: str
) -> None:
    """Test that what would harm a print is not sent in a state that nobody knows."""
    domain, service, data = ACTIONS[action]
    strange.clear()
    with pytest.raises(ServiceValidationError) as caught:
        await hass.services.async_call(domain, service, data, blocking=True)
    assert caught.value.translation_key == "state_unknown"
    placeholders = caught.value.translation_placeholders
    assert placeholders == {"printer": "Prusa", "state": "Contemplating"}
    assert strange.commands() == []


async def test_closed_list_of_storages(
    hass: HomeAssistant, strange: FakeOctoPrint, entry: MockConfigEntry
) -> None:
    """Test that a print from an unknown storage is settled by no local file of that name."""
    job = strange.json("GET", "/api/job")
    strange.answer("GET", "/api/job", json=job | {"state": "Printing"})
    await refresh(hass, entry)
    assert told(hass, "sensor.prusa_state") == "printing"
    path = job["job"]["file"]["path"]
    job["progress"] = dict.fromkeys(job["progress"])
    strange.answer("GET", "/api/job", json=job | {"state": "Operational"})
    strange.clear()
    await refresh(hass, entry)
    assert told(hass, "sensor.prusa_last_print_result") == "cancelled"
    assert f"/api/files/local/{path}" not in {each.path for each in strange.requests}


async def test_closed_list_of_tools(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """Test that a tool beyond the profile's is shown, and cannot be chosen."""
    fake.load("multi_idle_custom_sensors")
    async with pushing(hass, fake, config_entry) as pushed:
        await pushed.event("ToolChange", old=0, new=7)
        assert told(hass, TOOL) == "tool7"
        assert told(hass, f"{TOOL}@options")[-1] == "tool7"
        fake.clear()
        with pytest.raises(ServiceValidationError):
            await hass.services.async_call(
                "select",
                "select_option",
                {"entity_id": TOOL, "option": "tool7"},
                blocking=True,
            )
        assert fake.commands() == []


async def test_closed_list_of_pushed_states(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """Test that a state of which only its name is told is looked up, and shown."""
    fake.load("printing_local")
    async with pushing(hass, fake, config_entry) as pushed:
        job = fake.json("GET", "/api/job")
        fake.answer("GET", "/api/job", json=job | {"state": "Contemplating"})
        printer = fake.json("GET", "/api/printer")
        printer["state"] = {"text": "Contemplating", "flags": {"operational": True}}
        fake.answer("GET", "/api/printer", json=printer)
        payload = {"state_id": "MUSING", "state_string": "Contemplating"}
        await pushed.event("PrinterStateChanged", **payload)
        name = "sensor.prusa_state@reported"
        await until(lambda: told(hass, name) == "Contemplating")


@pytest.mark.usefixtures("entry")
async def test_closed_list_of_objects(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """Test that an object that is not in the list is shown by its number."""
    entry.runtime_data.async_receive(PluginTold(message=ActiveObject(id=42)))
    await hass.async_block_till_done()
    assert told(hass, "sensor.prusa_active_object") == "#42"
