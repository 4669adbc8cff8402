"""Tests that nothing harms a print that somebody does to the whole room, or to everything."""

from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from custom_components.octoprint_plus.const import DOMAIN
from custom_components.octoprint_plus.entity import PRIMARY_CONTROLS
from homeassistant.components.homeassistant.const import DATA_EXPOSED_ENTITIES
from homeassistant.components.homeassistant.exposed_entities import async_should_expose
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
    floor_registry as fr,
    label_registry as lr,
)
from homeassistant.setup import async_setup_component

from .conftest import UUID
from .fake_octoprint import FakeOctoPrint
from .waiting import until

# Entities of these platforms tell something; those of all others do something.
READ_ONLY = {"binary_sensor", "camera", "event", "image", "notify", "sensor"}

# What people say, or what an editor offers first for a device.
ACTIONS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("button", "press", {}),
    ("climate", "set_hvac_mode", {"hvac_mode": "heat"}),
    ("climate", "set_hvac_mode", {"hvac_mode": "off"}),
    ("climate", "set_preset_mode", {"preset_mode": "PLA"}),
    ("climate", "set_temperature", {"temperature": 21}),
    ("climate", "toggle", {}),
    ("climate", "turn_off", {}),
    ("climate", "turn_on", {}),
    ("fan", "set_percentage", {"percentage": 50}),
    ("fan", "toggle", {}),
    ("fan", "turn_off", {}),
    ("fan", "turn_on", {}),
    ("homeassistant", "toggle", {}),
    ("homeassistant", "turn_off", {}),
    ("homeassistant", "turn_on", {}),
    ("number", "set_value", {"value": 100}),
    ("select", "select_first", {}),
    ("select", "select_next", {}),
    ("switch", "toggle", {}),
    ("switch", "turn_off", {}),
    ("switch", "turn_on", {}),
    ("update", "install", {}),
)

type SetUp = Callable[[], Awaitable[None]]


@pytest.fixture
def set_up(hass: HomeAssistant, config_entry: MockConfigEntry) -> SetUp:
    """Return a function that sets the printer up, in a home that has Assist's settings."""

    async def set_up() -> None:
        config_entry.add_to_hass(hass)
        await hass.config_entries.async_setup(config_entry.entry_id)
        await hass.async_block_till_done()

    return set_up


@pytest.fixture(autouse=True)
async def core(hass: HomeAssistant) -> None:
    """Set up what every Home Assistant has."""
    assert await async_setup_component(hass, "homeassistant", {})


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
@pytest.mark.parametrize("recorded", ["printing_local", "multi_heating", "paused"])
async def test_no_control_is_primary(
    fake: FakeOctoPrint,
    entity_registry: er.EntityRegistry,
    set_up: SetUp,
    recorded: str,
) -> None:
    """Test that whatever acts has a category, unless it does no harm pressed blindly."""
    fake.load(recorded)
    await set_up()
    primary = {
        entry.unique_id.removeprefix(f"{UUID}_")
        for entry in entity_registry.entities.values()
        if entry.platform == DOMAIN
        and entry.domain not in READ_ONLY
        and entry.entity_category is None
    }
    assert primary == PRIMARY_CONTROLS


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
@pytest.mark.parametrize(
    "recorded", ["printing_local", "operational_idle_file_selected"]
)
async def test_the_whole_room(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    config_entry: MockConfigEntry,
    set_up: SetUp,
    recorded: str,
) -> None:
    """Test that no action on a device, an area, a floor or a label reaches the printer."""
    fake.load(recorded)
    await set_up()
    floor = fr.async_get(hass).async_create("Upstairs")
    area = ar.async_get(hass).async_create("Office", floor_id=floor.floor_id)
    label = lr.async_get(hass).async_create("Workshop")
    area_label = lr.async_get(hass).async_create("Quiet")
    ar.async_get(hass).async_update(area.id, labels={area_label.label_id})
    devices = dr.async_get(hass)
    [device] = dr.async_entries_for_config_entry(devices, config_entry.entry_id)
    devices.async_update_device(device.id, area_id=area.id, labels={label.label_id})
    for target in (
        {"device_id": device.id},
        {"area_id": area.id},
        {"floor_id": floor.floor_id},
        {"label_id": label.label_id},
        {"label_id": area_label.label_id},
    ):
        for domain, service, data in ACTIONS:
            fake.clear()
            await hass.services.async_call(
                domain, service, {**target, **data}, blocking=True
            )
            sent = fake.commands()
            if (domain, recorded) == ("button", "printing_local"):
                # Pause or resume is all that is left.
                assert sent == [("/api/job", {"action": "pause", "command": "pause"})]
            else:
                assert sent == [], (target, domain, service)


def exposed(hass: HomeAssistant) -> set[str]:
    """Return what Assist may be asked for."""
    return {
        entity_id
        for entity_id in hass.states.async_entity_ids()
        if async_should_expose(hass, "conversation", entity_id)
    }


FOR_VOICE = {
    "sensor.prusa_finish_time",
    "sensor.prusa_print_time_left",
    "sensor.prusa_progress",
    "sensor.prusa_state",
}


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_exposed(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    config_entry: MockConfigEntry,
    set_up: SetUp,
) -> None:
    """Test that Assist may be asked for the print, and knows no heater as the room's."""
    fake.load("printing_local")
    await set_up()
    assert exposed(hass) == FOR_VOICE

    # What the user chooses stays.
    exposed_entities = hass.data[DATA_EXPOSED_ENTITIES]
    for entity_id, should in (
        ("sensor.prusa_state", False),
        ("sensor.prusa_tool_temperature", True),
    ):
        exposed_entities.async_set_assistant_option(
            "conversation", entity_id, "should_expose", should
        )
    chosen = FOR_VOICE - {"sensor.prusa_state"} | {"sensor.prusa_tool_temperature"}
    assert exposed(hass) == chosen
    await hass.config_entries.async_reload(config_entry.entry_id)
    await hass.async_block_till_done()
    assert exposed(hass) == chosen


async def test_exposed_before(
    hass: HomeAssistant,
    config_entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
    set_up: SetUp,
) -> None:
    """Test that what was registered before stays as it was."""
    config_entry.add_to_hass(hass)
    for key in ("state", "tool0_temperature"):
        entity_registry.async_get_or_create(
            "sensor", DOMAIN, f"{UUID}_{key}", config_entry=config_entry
        )
    await set_up()
    options = {
        entry.unique_id.removeprefix(f"{UUID}_"): entry.options
        for entry in entity_registry.entities.values()
    }
    assert "conversation" not in options["state"]
    assert "conversation" not in options["tool0_temperature"]
    assert options["progress"]["conversation"] == {"should_expose": True}
    # What Home Assistant itself keeps there is kept, too.
    assert options["print_time_left"]["conversation"] == {"should_expose": True}
    assert options["print_time_left"]["sensor.private"]


async def test_nothing_is_exposed(hass: HomeAssistant, set_up: SetUp) -> None:
    """Test that nothing is exposed where new entities are not to be."""
    hass.data[DATA_EXPOSED_ENTITIES].async_set_expose_new_entities(
        "conversation", expose_new=False
    )
    await set_up()
    assert exposed(hass) == set()


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
@pytest.mark.parametrize("recorded", ["printing_local", "operational_idle_no_file"])
async def test_everything(
    hass: HomeAssistant, fake: FakeOctoPrint, set_up: SetUp, recorded: str
) -> None:
    """Test that no action on all entities there are reaches the printer, and none fails."""
    fake.load(recorded)
    await set_up()
    for domain, service, data in ACTIONS:
        fake.clear()
        # Turning on whatever there is does not exist, and no number fits all.
        errors = {"homeassistant": vol.Invalid, "number": ServiceValidationError}
        with pytest.raises(errors[domain]) if domain in errors else nullcontext():
            await hass.services.async_call(
                domain, service, {"entity_id": "all", **data}, blocking=True
            )
        assert fake.commands() == [], (domain, service)


async def test_everything_by_an_automation(
    hass: HomeAssistant, fake: FakeOctoPrint, set_up: SetUp
) -> None:
    """Test the same where the call is announced later than it is carried out.

    And that what the same run names afterwards is meant.
    """
    fake.load("printing_local")
    await set_up()
    cool = {"service": "climate.set_hvac_mode", "data": {"hvac_mode": "off"}}
    sequence = [
        cool | {"target": {"entity_id": "all"}},
        cool | {"target": {"entity_id": "climate.prusa_bed"}},
    ]
    automation = {
        "id": "leave",
        "triggers": {"trigger": "state", "entity_id": "input.left"},
        "actions": sequence,
    }
    assert await async_setup_component(hass, "automation", {"automation": automation})
    fake.clear()
    hass.states.async_set("input.left", "on")
    await until(fake.commands)
    await hass.async_block_till_done()
    assert fake.commands() == [("/api/printer/bed", {"command": "target", "target": 0})]


@pytest.mark.parametrize("is_named_first", [False, True])
@pytest.mark.parametrize("by", ["script", "automation"])
async def test_everything_beside_a_name(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    set_up: SetUp,
    by: str,
    is_named_first: bool,
) -> None:
    """Test that of two actions at the same time the one that names the printer is meant."""
    fake.load("printing_local")
    await set_up()
    calls = [
        {
            "action": "climate.set_temperature",
            "target": {"entity_id": entity_id},
            "data": {"temperature": temperature},
        }
        for entity_id, temperature in (("all", 21), ("climate.prusa_bed", 65))
    ]
    actions = {"parallel": calls[::-1] if is_named_first else calls}
    automation = {
        "id": "leave",
        "triggers": {"trigger": "state", "entity_id": "input.left"},
        "actions": actions,
    }
    assert await async_setup_component(hass, "automation", {"automation": automation})
    script = {"leave": {"sequence": actions}}
    assert await async_setup_component(hass, "script", {"script": script})
    fake.clear()
    if by == "script":
        await hass.services.async_call("script", "leave", blocking=True)
    else:
        hass.states.async_set("input.left", "on")
    await hass.async_block_till_done()
    assert fake.commands() == [
        ("/api/printer/bed", {"command": "target", "target": 65})
    ]


async def test_by_name_after_everything(
    hass: HomeAssistant, fake: FakeOctoPrint, set_up: SetUp
) -> None:
    """Test that an action of ours in the same task is not taken for one on everything."""
    fake.load("printing_local")
    await set_up()
    fake.clear()
    await hass.services.async_call(
        "fan", "turn_off", {"entity_id": "all"}, blocking=True
    )
    await hass.services.async_call(DOMAIN, "emergency_stop", {}, blocking=True)
    assert fake.commands() == [("/api/printer/command", {"commands": ["M112"]})]
