"""Tests for OctoPrint's plugins: what is shown of them, and what they can be told."""

from collections.abc import AsyncGenerator
from datetime import timedelta
import json
from time import monotonic
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.octoprint_plus.api import (
    ConnectionCause,
    OctoPrintConnectionError,
)
from custom_components.octoprint_plus.const import DOMAIN
from custom_components.octoprint_plus.model import plugins as states
from custom_components.octoprint_plus.model.plugins import PluginStates
from custom_components.octoprint_plus.sync import plugin_reader
from custom_components.octoprint_plus.sync.plugins import READERS
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .api.plugins.test_cancel_objects import ENTRY, NOT_STARTED
from .api.plugins.test_display_layer_progress import VALUES
from .api.plugins.test_software_update import NEWER, OFFLINE
from .api.plugins.test_spool_manager import (
    CHECKED,
    ENTRY as MANAGED,
    LIST as MANAGED_SPOOLS,
    RESULT,
)
from .api.plugins.test_spoolman import ENTRY as SPOOL, REQUIREMENTS
from .fake_octoprint import FakeOctoPrint, Request
from .pushed import Pushed, pushing
from .recorded import FIXTURES, Answer
from .waiting import refresh, until

PSU = "switch.prusa_power_supply"
PROMPT = "select.prusa_answer_to_the_printer"
UPDATE = "update.prusa_octoprint"

VERSIONS = {
    "status": "updatePossible",
    "information": {
        "octoprint": NEWER
        | {
            "displayName": "OctoPrint",
            "displayVersion": "1.11.7",
            "information": {
                "local": {"name": "1.11.7", "value": "1.11.7"},
                "remote": {"name": "1.11.8", "value": "1.11.8"},
            },
        },
        "psucontrol": NEWER,
        "other": OFFLINE | {"displayName": "Other"},
    },
    "timestamp": 1795228934,
}

SPOOLS = "/plugin/Spoolman/spoolman/spools"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, quick: None) -> None:
    """Let a supply that was switched be asked at once, too."""
    monkeypatch.setattr(
        "custom_components.octoprint_plus.api.plugins.psu_control.SENSE_TIMEOUT", 0
    )


@pytest.fixture
def server(fake: FakeOctoPrint) -> FakeOctoPrint:
    """Return a server that has all plugins, and a printer that is on and cold."""
    answer = fake.json("GET", "/api/settings")
    answer["plugins"] |= {
        "action_command_prompt": {},
        "bedlevelvisualizer": {
            "command": "G28\n@BEDLEVELVISUALIZER\nG29 T",
            "stored_mesh": [[0.1, -0.1], [0.3, 0.0]],
        },
        "cancelobject": {},
        "DisplayLayerProgress": {},
        "psucontrol": {"switchingMethod": "GCODE", "sensingMethod": "INTERNAL"},
        "softwareupdate": {},
        "Spoolman": {"selectedSpoolIds": {"0": {"spoolId": "7"}}},
    }
    fake.answer("GET", "/api/settings", json=answer)
    fake.answer("GET", "/api/plugin/action_command_prompt", json={})
    fake.answer("POST", "/api/plugin/action_command_prompt", status=204)
    fake.answer("POST", "/api/plugin/cancelobject", json={"list": [ENTRY, NOT_STARTED]})
    fake.answer("GET", "/plugin/DisplayLayerProgress/values", json=VALUES)
    fake.answer("GET", "/api/plugin/psucontrol", json={"isPSUOn": True})
    fake.answer("POST", "/api/plugin/psucontrol", status=204)
    fake.answer("GET", "/plugin/softwareupdate/check", json=VERSIONS)
    fake.answer("GET", SPOOLS, json={"data": {"spools": [SPOOL]}})
    fake.answer("POST", "/plugin/Spoolman/self/spool", json={"data": {}})
    needs = {"isFilamentUsageAvailable": True, "tools": {}}
    fake.answer("GET", REQUIREMENTS, json={"data": needs})
    return fake


@pytest.fixture
async def pushed(
    hass: HomeAssistant,
    server: FakeOctoPrint,
    config_entry: MockConfigEntry,
    entity_registry_enabled_by_default: None,
) -> AsyncGenerator[Pushed]:
    """Return a printer of which the plugins have been read."""
    async with pushing(hass, server, config_entry) as pushed:
        # They are read last.
        await until(lambda: pushed.coordinator.data.plugins.versions is not None)
        await hass.async_block_till_done()
        server.clear()
        yield pushed


async def tell(pushed: Pushed, plugin: str, data: dict[str, Any]) -> None:
    """Let a plugin push something."""
    await pushed.fake.push.send({"plugin": {"plugin": plugin, "data": data}})
    await pushed.heard()
    await pushed.hass.async_block_till_done()


async def set_plugins(
    pushed: Pushed, *gone: str, is_told: bool = True, **settings: dict[str, Any]
) -> None:
    """Let OctoPrint have other settings of plugins, and others not at all, told or polled."""
    answer = pushed.fake.json("GET", "/api/settings")
    answer["plugins"] |= settings
    for plugin in gone:
        del answer["plugins"][plugin]
    pushed.fake.answer("GET", "/api/settings", json=answer)
    if is_told:
        await pushed.event("SettingsUpdated")
    else:
        pushed.coordinator.async_expire(with_plugins=False)
        await pushed.coordinator.async_refresh()
    await pushed.hass.async_block_till_done()


async def call(
    hass: HomeAssistant, service: str, *, respond: bool = False, **data: Any
) -> Any:
    """Call an action of ours."""
    return await hass.services.async_call(
        DOMAIN, service, data, blocking=True, return_response=respond
    )


async def switch(hass: HomeAssistant, entity_id: str, service: str) -> None:
    """Turn a switch on or off."""
    await hass.services.async_call(
        "switch", service, {"entity_id": entity_id}, blocking=True
    )


def key_of(caught: pytest.ExceptionInfo[HomeAssistantError]) -> str | None:
    """Return which of our texts an error has."""
    return caught.value.translation_key


# PSU Control.


async def test_psu(pushed: Pushed) -> None:
    """Test that the power supply is a switch, whose state is pushed."""
    hass = pushed.hass
    state = hass.states.get(PSU)
    assert state.state == "on"
    assert state.attributes["assumed_state"]
    await tell(pushed, "psucontrol", {"isPSUOn": False})
    assert hass.states.get(PSU).state == "off"
    pushed.fake.answer("GET", "/api/plugin/psucontrol", json={"isPSUOn": True})
    await switch(hass, PSU, "turn_on")
    assert pushed.fake.commands() == [
        ("/api/plugin/psucontrol", {"command": "turnPSUOn"})
    ]
    assert hass.states.get(PSU).state == "on"


async def test_psu_off(pushed: Pushed) -> None:
    pushed.fake.answer("GET", "/api/plugin/psucontrol", json={"isPSUOn": False})
    await switch(pushed.hass, PSU, "turn_off")
    assert pushed.fake.commands() == [
        ("/api/plugin/psucontrol", {"command": "turnPSUOff"})
    ]
    assert pushed.hass.states.get(PSU).state == "off"


async def test_psu_is_not_cut_just_like_that(pushed: Pushed) -> None:
    """Test that neither a print nor a hot nozzle loses power, unless it is forced."""
    pushed.fake.load("printing_local")
    await pushed.state("PRINTING", "Printing")
    with pytest.raises(ServiceValidationError) as caught:
        await switch(pushed.hass, PSU, "turn_off")
    assert key_of(caught) == "psu_off_while_busy"

    pushed.fake.load()
    await pushed.state("OPERATIONAL", "Operational")
    await pushed.current(temps=[{"tool0": {"actual": 180.4, "target": 0}}])
    with pytest.raises(ServiceValidationError) as caught:
        await switch(pushed.hass, PSU, "turn_off")
    assert key_of(caught) == "psu_off_while_hot"
    assert "tool0" in str(caught.value)
    assert "180" in str(caught.value)
    with pytest.raises(ServiceValidationError) as caught:
        await call(pushed.hass, "turn_off_psu")
    assert key_of(caught) == "psu_off_while_hot"
    assert pushed.fake.commands() == []

    pushed.fake.answer("GET", "/api/plugin/psucontrol", json={"isPSUOn": False})
    await call(pushed.hass, "turn_off_psu", force=True)
    assert pushed.fake.commands() == [
        ("/api/plugin/psucontrol", {"command": "turnPSUOff"})
    ]


async def test_psu_that_cannot_be_switched(pushed: Pushed) -> None:
    """Test that the plugin's settings are followed."""
    await set_plugins(pushed, psucontrol={"switchingMethod": ""})
    await until(lambda: pushed.hass.states.get(PSU).state == "unavailable")
    method = {"switchingMethod": "GPIO", "sensingMethod": "GPIO"}
    await set_plugins(pushed, psucontrol=method)
    await until(lambda: pushed.hass.states.get(PSU).state == "on")
    assert "assumed_state" not in pushed.hass.states.get(PSU).attributes


@pytest.mark.parametrize(
    ("service", "is_on", "key"),
    [("turn_on", False, "psu_still_off"), ("turn_off", True, "psu_still_on")],
)
async def test_psu_that_does_not_switch(
    pushed: Pushed, service: str, is_on: bool, key: str
) -> None:
    """Test that it is told, as the plugin answers the same."""
    pushed.fake.answer("GET", "/api/plugin/psucontrol", json={"isPSUOn": is_on})
    with pytest.raises(HomeAssistantError) as caught:
        await switch(pushed.hass, PSU, service)
    assert key_of(caught) == key
    assert len(pushed.fake.commands()) == 1
    assert pushed.hass.states.get(PSU).state == ("on" if is_on else "off")


# The printer's questions.


async def test_prompt(pushed: Pushed) -> None:
    """Test that a question can be answered as long as it is asked."""
    hass = pushed.hass
    assert hass.states.get(PROMPT).state == "unavailable"
    question = {"text": "Filament loaded?", "choices": ["Yes", "No", "", "No"]}
    await tell(pushed, "action_command_prompt", {"action": "show", **question})
    state = hass.states.get(PROMPT)
    assert state.state == "unknown"
    assert state.attributes["options"] == ["Yes", "No", "#3", "No (4)"]
    assert state.attributes["question"] == "Filament loaded?"

    prompt = "/api/plugin/action_command_prompt"
    answers = iter([question, {}])
    reply = pushed.fake.reply

    def answer(request: Request, target: str) -> Answer:
        if (request.method, request.path) == ("GET", prompt):
            pushed.fake.answer("GET", prompt, json=next(answers))
        return reply(request, target)

    pushed.fake.reply = answer
    await hass.services.async_call(
        "select",
        "select_option",
        {"entity_id": PROMPT, "option": "No (4)"},
        blocking=True,
    )
    assert pushed.fake.commands() == [(prompt, {"command": "select", "choice": 3})]
    await tell(pushed, "action_command_prompt", {"action": "close"})
    assert hass.states.get(PROMPT).state == "unavailable"


async def test_event_of_a_question(
    pushed: Pushed, hass_storage: dict[str, Any]
) -> None:
    """Test that each question is told once, also where it is still asked after a reload."""
    hass = pushed.hass
    event = "event.prusa_printer"
    assert hass.states.get(event).state == "unknown"
    question = {"text": "Filament loaded?", "choices": ["Yes", "No"]}
    shown = {"action": "show", **question}
    await tell(pushed, "action_command_prompt", shown)
    told = hass.states.get(event)
    assert told.attributes["event_type"] == "prompt"
    assert told.attributes["text"] == "Filament loaded?"
    assert told.attributes["choices"] == ["Yes", "No"]

    await tell(pushed, "action_command_prompt", shown)
    assert hass.states.get(event).state == told.state
    pushed.fake.answer("GET", "/api/plugin/action_command_prompt", json=question)
    await hass.config_entries.async_reload(pushed.entry.entry_id)
    kept = hass_storage[f"{DOMAIN}.{pushed.entry.entry_id}"]["data"]
    assert kept["prompt"] == ["Filament loaded?", "Yes", "No"]
    pushed.listen()
    await until(lambda: pushed.coordinator.data.plugins.prompt is not None)
    await pushed.up()
    assert hass.states.get(event).state == told.state

    await tell(pushed, "action_command_prompt", {"action": "close"})
    assert hass.states.get(event).state == told.state
    await tell(pushed, "action_command_prompt", shown)
    assert hass.states.get(event).state > told.state


async def test_question_that_was_asked_before(
    hass: HomeAssistant, server: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """Test that what is asked already when the printer is added is shown, but no event."""
    question = {"text": "Filament loaded?", "choices": ["Yes", "No"]}
    server.answer("GET", "/api/plugin/action_command_prompt", json=question)
    async with pushing(hass, server, config_entry) as pushed:
        await until(lambda: pushed.coordinator.data.plugins.prompt is not None)
        await hass.async_block_till_done()
        assert pushed.state_of("select.answer_to_the_printer") == "unknown"
        assert pushed.state_of("event.printer") == "unknown"


async def test_question_without_answers(pushed: Pushed) -> None:
    await tell(pushed, "action_command_prompt", {"action": "show", "text": "Heating"})
    assert pushed.hass.states.get(PROMPT).state == "unavailable"


# Updates.


async def test_update(pushed: Pushed) -> None:
    """Test that OctoPrint's own update can be installed, and its end is seen."""
    hass = pushed.hass
    state = hass.states.get(UPDATE)
    assert state.state == "on"
    assert state.attributes["installed_version"] == "1.11.7"
    assert state.attributes["latest_version"] == "1.11.8"
    assert state.attributes["release_url"] == NEWER["releaseNotes"]
    assert pushed.state_of("sensor.plugin_updates") == "1"
    attributes = hass.states.get("sensor.prusa_plugin_updates").attributes
    assert attributes["plugins"] == ["PSU Control"]

    order = {"order": ["octoprint"], "queued": []}
    pushed.fake.answer("POST", "/plugin/softwareupdate/update", json=order)
    await hass.services.async_call(
        "update", "install", {"entity_id": UPDATE}, blocking=True
    )
    assert pushed.fake.commands() == [
        ("/plugin/softwareupdate/update", {"targets": ["octoprint"]})
    ]
    begun = {"type": "updating", "data": {"target": "octoprint", "version": "1.11.8"}}
    await tell(pushed, "softwareupdate", begun)
    assert hass.states.get(UPDATE).attributes["in_progress"] is True

    octoprint = VERSIONS["information"]["octoprint"] | {  # type: ignore[index]
        "displayVersion": "1.11.8",
        "updateAvailable": False,
    }
    versions = {"status": "current", "information": {"octoprint": octoprint}}
    pushed.fake.answer("GET", "/plugin/softwareupdate/check", json=versions)
    await tell(pushed, "softwareupdate", {"type": "success", "data": {}})
    await until(lambda: hass.states.get(UPDATE).state == "off")
    assert hass.states.get(UPDATE).attributes["in_progress"] is False
    assert pushed.state_of("sensor.plugin_updates") == "0"


async def test_no_update_during_a_print(pushed: Pushed) -> None:
    pushed.fake.load("printing_local")
    await pushed.state("PRINTING", "Printing")
    with pytest.raises(ServiceValidationError) as caught:
        await pushed.hass.services.async_call(
            "update", "install", {"entity_id": UPDATE}, blocking=True
        )
    assert key_of(caught) == "update_while_busy"
    assert pushed.fake.commands() == []


async def test_update_that_is_not_possible(
    hass: HomeAssistant, server: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """Test that what the server cannot do, and what it does not know, is not offered."""
    unknown = {"information": {"octoprint": OFFLINE}}
    server.answer("GET", "/plugin/softwareupdate/check", json=unknown)
    async with pushing(hass, server, config_entry):
        await until(lambda: hass.states.get(UPDATE))
        state = hass.states.get(UPDATE)
        assert state.state == "unknown"
        assert state.attributes["supported_features"] == 0


# Layers, objects, mesh.


def layers(current: int, **changes: Any) -> dict[str, Any]:
    """Return what DisplayLayerProgress pushes."""
    return {
        "updateReason": "layerChanged",
        "currentLayer": str(current),
        "totalLayer": "6",
        **changes,
    }


LAYERS = "DisplayLayerProgress-websocket-payload"


async def test_layers(pushed: Pushed) -> None:
    """Test that a new layer is shown at once, and what drifts beside it is not."""
    assert pushed.state_of("sensor.layer") == "6"
    assert pushed.state_of("sensor.total_layers") == "6"
    await tell(pushed, LAYERS, layers(3))
    assert pushed.state_of("sensor.layer") == "3"
    shown = pushed.coordinator.data
    await tell(pushed, LAYERS, layers(3, fanspeed="50%", currentHeight="0.6"))
    assert pushed.coordinator.data is shown


async def test_events_of_layers(pushed: Pushed) -> None:
    """Test that each new layer is told, and once that the first one is done."""
    happened = []

    def note(event: Event[EventStateChangedData]) -> None:
        state = event.data["new_state"]
        if state and state.entity_id in ("event.prusa_layer", "event.prusa_print"):
            happened.append((state.attributes["event_type"], state.attributes["layer"]))

    pushed.hass.bus.async_listen(EVENT_STATE_CHANGED, callback(note))
    for layer in (1, 1, 2, 3):
        await tell(pushed, LAYERS, layers(layer))
    assert happened == [
        ("changed", 1),
        ("first_layer_done", 2),
        ("changed", 2),
        ("changed", 3),
    ]
    # The plugin takes a move between two objects for another layer, or a number for one.
    for layer in (1, 2, 1, 2, 10017):
        await tell(pushed, LAYERS, layers(layer))
    assert [each for each in happened if each[0] == "first_layer_done"] == [
        ("first_layer_done", 2)
    ]
    assert happened[-1] == ("changed", 2)
    assert pushed.state_of("sensor.layer") == "2"
    happened.clear()
    # Without layers, as in a file that the plugin does not know.
    await tell(pushed, LAYERS, layers(3, currentLayer="-"))
    assert happened == []


async def test_objects(pushed: Pushed) -> None:
    hass = pushed.hass
    assert pushed.state_of("sensor.active_object") == "unknown"
    await tell(pushed, "cancelobject", {"ActiveID": 1})
    found = await call(hass, "list_objects", respond=True)
    assert found["objects"][0] == {
        "id": 0,
        "name": "Cube_1 id:0 copy 0",
        "cancelled": False,
        "ignored": False,
    }
    pushed.fake.clear()
    await call(hass, "cancel_object", object="Cube_2")
    await call(hass, "cancel_object", object=0)
    sent = [data for _, data in pushed.fake.commands() if data["command"] == "cancel"]
    assert [data["cancelled"] for data in sent] == [1, 0]


async def test_objects_of_another_file(pushed: Pushed) -> None:
    """Test that no object counts as printed for having the number of one before."""
    await tell(pushed, "cancelobject", {"ActiveID": 1})
    assert pushed.state_of("sensor.active_object") == "Cube_2"
    await tell(pushed, "cancelobject", {"objects": []})
    await tell(pushed, "cancelobject", {"objects": [ENTRY, NOT_STARTED]})
    assert pushed.state_of("sensor.active_object") == "unknown"


async def test_mesh(pushed: Pushed) -> None:
    """Test that the bed is measured on demand, and the newest mesh is shown."""
    hass = pushed.hass
    button = "button.prusa_measure_bed_mesh"
    assert pushed.state_of("sensor.bed_mesh_range") == "0.4"
    found = await call(hass, "get_bed_mesh", respond=True)
    assert found["mesh"] == [[0.1, -0.1], [0.3, 0.0]]
    assert found["range"] == pytest.approx(0.4)
    pushed.fake.answer("POST", "/api/printer/command", status=204)
    await hass.services.async_call(
        "button", "press", {"entity_id": button}, blocking=True
    )
    ((path, sent),) = pushed.fake.commands()
    assert path == "/api/printer/command"
    assert sent["commands"] == ["G28", "@BEDLEVELVISUALIZER", "G29 T"]
    # Its end is told only where there is a mesh or an error, so it can be pressed anew.
    await tell(pushed, "bedlevelvisualizer", {"processing": True})
    assert hass.states.get(button).state != "unavailable"
    mesh = {"mesh": [["+0.010", "-0.010"], ["+0.020", "+0.001"]], "bed": {}}
    await tell(pushed, "bedlevelvisualizer", mesh)
    assert pushed.state_of("sensor.bed_mesh_range") == "0.03"
    shown = hass.states.get("sensor.prusa_bed_mesh_range")
    assert shown.attributes["minimum"] == -0.01
    assert shown.attributes["collected_at"] is not None
    found = await call(hass, "get_bed_mesh", respond=True)
    assert (found["mean"], found["deviation"]) == (0.0053, 0.0111)
    # It is told as an event, too.
    await pushed.event("plugin_bedlevelvisualizer_mesh_data_collected", **mesh)
    assert hass.states.get("sensor.prusa_bed_mesh_range") is shown


async def test_same_mesh_again(pushed: Pushed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Test that a mesh is of the time when it was measured, however alike they are."""
    monkeypatch.setattr(states, "SAME_MESH", timedelta(0))
    mesh = {"mesh": [["+0.010", "-0.010"], ["+0.020", "+0.001"]], "bed": {}}
    times = []
    for _ in range(2):
        await tell(pushed, "bedlevelvisualizer", mesh)
        shown = pushed.hass.states.get("sensor.prusa_bed_mesh_range")
        times.append(shown.attributes["collected_at"])
    assert times[0] < times[1]


async def test_no_mesh_yet(pushed: Pushed) -> None:
    await set_plugins(pushed, bedlevelvisualizer={"command": "G29", "stored_mesh": []})
    await until(lambda: pushed.state_of("sensor.bed_mesh_range") == "unknown")
    with pytest.raises(ServiceValidationError) as caught:
        await call(pushed.hass, "get_bed_mesh", respond=True)
    assert key_of(caught) == "mesh_unknown"


# Spools.


async def test_spools(pushed: Pushed) -> None:
    hass = pushed.hass
    assert pushed.state_of("sensor.spool") == "Galaxy Black"
    assert pushed.state_of("sensor.filament_left") == "744.5"
    assert hass.states.get("sensor.prusa_spool").attributes["material"] == "PLA"
    found = await call(hass, "list_spools", respond=True)
    (spool,) = found["spools"]
    assert (spool["id"], spool["tools"]) == (7, [0])
    await call(hass, "select_spool", spool=7)
    await call(hass, "select_spool", spool=None)
    assert [data for _, data in pushed.fake.commands()] == [
        {"toolIdx": 0, "spoolId": 7},
        {"toolIdx": 0, "spoolId": None},
    ]
    await pushed.event("plugin_Spoolman_spool_selected", toolIdx=0, spoolId=None)
    assert pushed.state_of("sensor.spool") == "unknown"


async def test_spool_is_taken_off(pushed: Pushed) -> None:
    """Test what the interface sends where the field is left empty."""
    await call(pushed.hass, "select_spool")
    assert pushed.fake.commands() == [
        ("/plugin/Spoolman/self/spool", {"toolIdx": 0, "spoolId": None})
    ]


async def test_filament_of_another_file(pushed: Pushed) -> None:
    """Test that the spools are compared with each file that is selected."""
    assert pushed.state_of("binary_sensor.filament") == "unknown"
    for weight, state in ((745.0, "on"), (10.0, "off")):
        tools = {"0": {"spoolId": 7, "filamentLength": 1.0, "filamentWeight": weight}}
        needs = {"isFilamentUsageAvailable": True, "tools": tools}
        pushed.fake.answer("GET", REQUIREMENTS, json={"data": needs})
        file = {"name": f"{weight}.gcode", "path": f"{weight}.gcode", "origin": "local"}
        await pushed.event("FileSelected", **file)
        await until(lambda: pushed.state_of("binary_sensor.filament") == state)  # noqa: B023


async def test_spools_of_a_shared_nozzle(
    hass: HomeAssistant,
    server: FakeOctoPrint,
    config_entry: MockConfigEntry,
) -> None:
    """Test that each extruder has a spool, also where they have but one heater."""
    server.load("shared_nozzle_no_bed_no_sd")
    async with pushing(hass, server, config_entry) as pushed:
        await until(lambda: pushed.state_of("sensor.tool_1_spool") == "unknown")
        assert pushed.state_of("sensor.tool_0_spool") == "Galaxy Black"
        server.clear()
        await call(hass, "select_spool", spool=7, tool=1)
        assert server.commands() == [
            ("/plugin/Spoolman/self/spool", {"toolIdx": 1, "spoolId": 7})
        ]


async def test_spool_manager(
    hass: HomeAssistant,
    server: FakeOctoPrint,
    config_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that a spool that is selected elsewhere is found, of which nothing else is told."""
    ahead = 0.0

    def later(seconds: float) -> None:
        nonlocal ahead
        ahead += seconds

    monkeypatch.setattr(plugin_reader, "ECHO", 60)
    monkeypatch.setattr(plugin_reader, "monotonic", lambda: monotonic() + ahead)
    answer = server.json("GET", "/api/settings")
    del answer["plugins"]["Spoolman"]
    answer["plugins"]["SpoolManager"] = {}
    server.answer("GET", "/api/settings", json=answer)
    listed = {"allSpools": [MANAGED], "selectedSpools": [None]}
    server.answer("GET", MANAGED_SPOOLS, json=listed)
    async with pushing(hass, server, config_entry) as pushed:
        await until(lambda: pushed.state_of("sensor.spool") == "unknown")
        server.answer(
            "GET", MANAGED_SPOOLS, json=listed | {"selectedSpools": [MANAGED]}
        )
        plugins = pushed.coordinator.plugin_reader
        later(plugin_reader.ECHO)
        server.clear()
        await tell(pushed, "SpoolManager", CHECKED)
        await until(lambda: pushed.state_of("sensor.spool") == "Black PLA")
        assert pushed.state_of("binary_sensor.filament") == "off"
        # What it tells for being read, however often, is no reason to read it again.
        for _ in range(3):
            await tell(pushed, "SpoolManager", CHECKED)
            await refresh(hass, config_entry)
            await plugins.async_wait_idle()
        assert pushed.gets().count(MANAGED_SPOOLS) == 1
        # What it tells of another spool meanwhile is one, once.
        other = MANAGED | {"databaseId": 99, "displayName": "Red PLA"}
        listed = {"allSpools": [MANAGED, other], "selectedSpools": [other]}
        server.answer("GET", MANAGED_SPOOLS, json=listed)
        result = RESULT | {"spoolName": "Red PLA"}
        for _ in range(3):
            await tell(
                pushed, "SpoolManager", CHECKED | {"detailedSpoolResult": [result]}
            )
            await until(lambda: pushed.state_of("sensor.spool") == "Red PLA")
            await plugins.async_wait_idle()
        assert pushed.gets().count(MANAGED_SPOOLS) == 2
        # It may have been another spool, though, which is seen a while later.
        later(plugin_reader.RETRY)
        await refresh(hass, config_entry)
        await until(lambda: pushed.gets().count(MANAGED_SPOOLS) == 3)


# Any plugin.


async def test_plugin_command(pushed: Pushed) -> None:
    pushed.fake.answer("POST", "/api/plugin/any", json={"a": [1]})
    pushed.fake.answer("GET", "/api/plugin/any?x=1", json={"b": 2})
    found = await call(
        pushed.hass,
        "plugin_command",
        respond=True,
        plugin="any",
        command="do",
        parameters={"id": 3},
    )
    assert found == {"answer": {"a": [1]}}
    assert pushed.fake.commands() == [("/api/plugin/any", {"command": "do", "id": 3})]
    found = await call(
        pushed.hass, "plugin_command", respond=True, plugin="any", parameters={"x": 1}
    )
    assert found == {"answer": {"b": 2}}
    assert await call(pushed.hass, "plugin_command", plugin="any", command="do") is None


async def test_secrets_of_a_plugin(pushed: Pushed) -> None:
    """Test that what a plugin answers holds no key, our own in no case."""
    path = FIXTURES / "appkeys/7b_key_by_app.json"
    answer = json.loads(path.read_text(encoding="utf-8"))
    pushed.fake.answer("GET", "/api/plugin/appkeys?app=home", json=answer)
    pushed.fake.answer(
        "POST",
        "/api/plugin/any",
        json={"user": {"api_key": pushed.fake.key, "name": "me"}},
    )
    hass = pushed.hass
    found = await call(
        hass,
        "plugin_command",
        respond=True,
        plugin="appkeys",
        parameters={"app": "home"},
    )
    assert "api_key" not in str(found)
    found = await call(
        hass, "plugin_command", respond=True, plugin="any", command="whoami"
    )
    assert found == {"answer": {"user": {"name": "me"}}}


async def test_plugin_that_fails(
    hass: HomeAssistant,
    server: FakeOctoPrint,
    config_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that one plugin's failure harms nothing else, and is logged once."""
    server.answer("GET", "/api/plugin/psucontrol", status=500)
    async with pushing(hass, server, config_entry) as pushed:
        await until(lambda: pushed.coordinator.data.plugins.spools is not None)
        pushed.coordinator.plugin_reader.expire()
        pushed.coordinator.plugin_reader.async_read()
        await pushed.coordinator.async_wait_idle()
        assert hass.states.get(PSU) is None
        assert pushed.state_of("sensor.layer") == "6"
    warnings = [
        each.getMessage() for each in caplog.records if each.name.endswith(DOMAIN)
    ]
    assert [text for text in warnings if "psucontrol" in text] == [
        "Prusa: the plugin psucontrol failed to answer: HTTP 500"
    ]


async def test_plugin_that_hangs(
    hass: HomeAssistant,
    server: FakeOctoPrint,
    config_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that others are read beside one that waits for something, and it again soon."""
    read = READERS["Spoolman"]

    async def hang(*_: object) -> PluginStates:
        raise OctoPrintConnectionError("no answer in time", ConnectionCause.TIMEOUT)

    monkeypatch.setitem(READERS, "Spoolman", hang)
    monkeypatch.setattr(
        "custom_components.octoprint_plus.sync.plugin_reader.RETRY", 0.1
    )
    async with pushing(hass, server, config_entry) as pushed:
        await until(lambda: pushed.coordinator.data.plugins.versions is not None)
        assert pushed.state_of("sensor.spool") is None
        monkeypatch.setitem(READERS, "Spoolman", read)

        def is_read() -> bool:
            pushed.coordinator.plugin_reader.async_read()
            return pushed.state_of("sensor.spool") == "Galaxy Black"

        await until(is_read)


@pytest.mark.parametrize("is_told", [True, False])
async def test_plugins_that_are_removed(pushed: Pushed, is_told: bool) -> None:
    """Test that nothing is shown of plugins that are gone, until they are back."""
    hass = pushed.hass
    plugins = pushed.fake.json("GET", "/api/settings")["plugins"]
    shown = {
        "binary_sensor.filament": "unknown",
        "sensor.layer": "unknown",
        "sensor.spool": "unknown",
        "switch.power_supply": "unavailable",
        "update.octoprint": "unavailable",
    }
    kept = {key: pushed.state_of(key) for key in shown}
    gone = ("DisplayLayerProgress", "Spoolman", "psucontrol", "softwareupdate")
    await set_plugins(pushed, *gone, is_told=is_told)
    await until(lambda: hass.states.get(PSU).state == "unavailable")
    assert {key: pushed.state_of(key) for key in shown} == shown
    with pytest.raises(ServiceValidationError) as caught:
        await call(hass, "list_spools", respond=True)
    assert key_of(caught) == "plugin_not_installed"
    back = {plugin: plugins[plugin] for plugin in gone}
    await set_plugins(pushed, is_told=is_told, **back)
    await until(lambda: {key: pushed.state_of(key) for key in shown} == kept)


async def test_settings_that_may_not_be_read(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """Test that nobody is told to install a plugin that may be there."""
    fake.user("limited")
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await hass.async_block_till_done()
    with pytest.raises(ServiceValidationError) as caught:
        await call(hass, "list_spools", respond=True)
    assert key_of(caught) == "command_missing_permission"
    placeholders = caught.value.translation_placeholders or {}
    assert placeholders["permission"] == "Settings Access"


async def test_server_that_is_away(
    pushed: Pushed, caplog: pytest.LogCaptureFixture
) -> None:
    """Test that plugins of a server that is away are read when it is back."""
    reader = pushed.coordinator.plugin_reader
    reader.expire()
    await pushed.fake.stop()
    reader.async_read()
    await reader.async_wait_idle()
    assert not [each for each in caplog.records if "the plugin" in each.getMessage()]
    answer = VALUES | {"layer": {"current": "9", "total": "9"}}
    pushed.fake.answer("GET", "/plugin/DisplayLayerProgress/values", json=answer)
    await pushed.fake.start()
    pushed.coordinator.async_server_seen()
    await until(lambda: pushed.state_of("sensor.layer") == "9")


async def test_plugins_that_may_not_be_used(
    hass: HomeAssistant, server: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """Test that nothing is offered, nor asked for, that the key may not do."""
    answer = server.json("GET", "/api/settings")
    server.user("readonly")
    server.answer("GET", "/api/settings", json=answer)
    async with pushing(hass, server, config_entry):
        await hass.async_block_till_done()
        assert hass.states.get(PSU) is None
        assert hass.states.get(PROMPT) is None
        assert hass.states.get(UPDATE) is None
