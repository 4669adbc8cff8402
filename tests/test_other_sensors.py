"""Tests of what is seen and what can be set: nothing is guessed, and nothing reported is hidden."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.octoprint_plus.const import DOMAIN
from homeassistant.const import STATE_UNAVAILABLE, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from .conftest import UUID
from .fake_octoprint import FakeOctoPrint
from .pushed import Pushed, pushing
from .waiting import refresh, until

CHAMBER = "sensor.prusa_chamber_temperature"

IDLE = {"actual": 21.3, "target": 0.0}
NONE = {"actual": None, "target": None}


async def report(pushed: Pushed, **values: Any) -> None:
    """Let the printer report temperatures."""
    point = {"time": 1, "tool0": IDLE, "bed": IDLE, **values}
    await pushed.current(temps=[point])
    await pushed.hass.async_block_till_done()


def temperature(hass: HomeAssistant, entity_id: str) -> str | None:
    """Return the state of a sensor, None without one."""
    state = hass.states.get(entity_id)
    return state.state if state else None


def registered(hass: HomeAssistant, entry: MockConfigEntry, *words: str) -> set[str]:
    """Return the entities of an entry with any of some words in their unique id."""
    return {
        each.entity_id
        for each in er.async_entries_for_config_entry(
            er.async_get(hass), entry.entry_id
        )
        if any(word in each.unique_id for word in words)
    }


async def test_chamber_that_is_only_measured(
    hass: HomeAssistant, pushed: Pushed
) -> None:
    """A chamber that the profile does not heat is a temperature, once there is one."""
    await report(pushed, chamber=NONE)
    assert registered(hass, pushed.entry, "chamber") == set()
    await report(pushed, chamber={"actual": 31.06, "target": 0.0})
    assert temperature(hass, CHAMBER) == "31.1"
    # Nothing of it can be set, nor has it a target.
    assert registered(hass, pushed.entry, "chamber") == {CHAMBER}
    # A poll leaves it out, as OctoPrint does by REST.
    await refresh(hass, pushed.entry)
    assert temperature(hass, CHAMBER) == "31.1"
    await report(pushed, chamber={"actual": 33.0, "target": 0.0})
    await refresh(hass, pushed.entry)
    await pushed.state("OFFLINE", "Offline")
    await until(lambda: temperature(hass, CHAMBER) == STATE_UNAVAILABLE)


async def test_nobody_tells_it_any_more(hass: HomeAssistant, pushed: Pushed) -> None:
    """A temperature that only the socket tells is not shown as fresh without it."""
    await report(pushed, chamber={"actual": 31.06, "target": 0.0})
    assert temperature(hass, CHAMBER) == "31.1"
    pushed.fake.push.enabled = False
    await pushed.fake.push.drop()
    await until(lambda: not pushed.coordinator.is_pushed)
    await refresh(hass, pushed.entry)
    await until(lambda: temperature(hass, CHAMBER) == STATE_UNAVAILABLE)


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_whatever_is_reported(hass: HomeAssistant, pushed: Pushed) -> None:
    """Any other sensor is shown when it is first reported, and none can be set."""
    sensors = {name: {"actual": 30 + n, "target": 99} for n, name in enumerate("APRLW")}
    await report(
        pushed,
        **sensors,
        tool2={"actual": 25.0, "target": 0.0},
        Pinda_1={"actual": 40.0, "target": None},
        X=NONE,
        Y={"actual": "hot"},
    )
    for n, name in enumerate("aprlw"):
        found = temperature(hass, f"sensor.prusa_sensor_{name}_temperature")
        assert found == f"{30 + n}.0"
    assert temperature(hass, "sensor.prusa_sensor_pinda_1_temperature") == "40.0"
    assert temperature(hass, "sensor.prusa_tool_2_temperature") == "25.0"
    assert registered(hass, pushed.entry, "sensor_X", "sensor_Y") == set()
    assert registered(hass, pushed.entry, "tool2") == {
        "sensor.prusa_tool_2_temperature"
    }
    settable = {
        each.entity_id
        for each in er.async_entries_for_config_entry(
            er.async_get(hass), pushed.entry.entry_id
        )
        if each.domain in (Platform.CLIMATE, Platform.NUMBER)
    }
    assert not [each for each in settable if "sensor_" in each or "tool_2" in each]


async def test_off_by_default(hass: HomeAssistant, pushed: Pushed) -> None:
    """A letter of the firmware's says nothing to most people, a chamber does."""
    await report(pushed, A=IDLE, chamber=IDLE)
    [sensor] = registered(hass, pushed.entry, "sensor_A")
    entry = er.async_get(hass).async_get(sensor)
    assert entry
    assert entry.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    assert temperature(hass, CHAMBER) == "21.3"


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_hostile_sensors(hass: HomeAssistant, pushed: Pushed) -> None:
    """Sensors without number, and with names that are none, stay within bounds."""
    many = {f"S{n:04}": IDLE for n in range(2000)}
    odd = {"a b": IDLE, "<b>": IDLE, "x" * 99: IDLE, "": IDLE, "bed_target": IDLE}
    await report(pushed, **odd, **many)
    await report(pushed, **{f"R{n:04}": IDLE for n in range(2000)})
    assert len(registered(hass, pushed.entry, "sensor_")) == 20
    bed = hass.states.get("sensor.prusa_bed_target_temperature")
    assert bed
    assert bed.state == "0.0"


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_other_sensors_drift(hass: HomeAssistant, pushed: Pushed) -> None:
    """They are kept over a restart, and are no heaters for whatever acts on those."""
    await report(pushed, A={"actual": 80.0, "target": None})
    snapshot = pushed.coordinator.data
    assert snapshot.heaters.keys() == {"bed", "tool0"}
    assert snapshot.memory.heaters == {"bed", "tool0"}
    assert snapshot.memory.sensors == {"A"}
    pushed.fake.load("disconnected")
    await hass.config_entries.async_reload(pushed.entry.entry_id)
    await hass.async_block_till_done()
    assert temperature(hass, "sensor.prusa_sensor_a_temperature") == STATE_UNAVAILABLE


async def test_profile_that_cannot_be_read(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """Without a profile there is only what was reported, and only what is certain is set."""
    user = fake.json("GET", "/api/currentuser")
    permissions = ["STATUS", "CONTROL", "PRINT", "MONITOR_TERMINAL"]
    limited = user | {"permissions": permissions}
    fake.answer("GET", "/api/currentuser", json=limited)
    async with pushing(hass, fake, config_entry) as pushed:
        await report(pushed, chamber=NONE, tool1=NONE)
        assert registered(hass, config_entry, "chamber", "tool1") == set()
        assert registered(hass, config_entry, "tool0", "_bed")
        await report(pushed, chamber={"actual": 30.0, "target": None}, tool1=IDLE)
        # A second tool may be the only one, and a chamber have nothing but a sensor.
        found = registered(hass, config_entry, "chamber", "tool1")
        assert {each.partition(".")[0] for each in found} == {"sensor"}
        assert temperature(hass, CHAMBER) == "30.0"


@pytest.mark.parametrize("is_measured", [False, True])
async def test_ghosts(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    config_entry: MockConfigEntry,
    is_measured: bool,
) -> None:
    """What was registered by a guess is removed once the profile tells that it is none."""
    config_entry.add_to_hass(hass)
    registry = er.async_get(hass)
    for domain, keys in (
        ("climate", ("chamber", "tool3", "bed")),
        ("number", ("chamber_offset", "tool3_offset")),
        (
            "sensor",
            (
                *(
                    "chamber_temperature",
                    "chamber_target_temperature",
                    "bed_temperature",
                ),
                *("tool3_temperature", "tool3_target_temperature"),
            ),
        ),
    ):
        for key in keys:
            registry.async_get_or_create(
                domain,
                DOMAIN,
                f"{UUID}_{key}",
                config_entry=config_entry,
                suggested_object_id=f"prusa_{key}",
            )
    async with pushing(hass, fake, config_entry) as pushed:
        if is_measured:
            await report(pushed, chamber=IDLE)
            assert registered(hass, config_entry, "chamber") == {CHAMBER}
        else:
            await report(pushed, chamber=NONE)
            assert registered(hass, config_entry, "chamber") == set()
        assert registered(hass, config_entry, "tool3") == set()
        assert len(registered(hass, config_entry, "_bed")) >= 3


async def test_no_ghost_of_another_profile(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """What another of the printer's profiles has is kept, and so is all while none is known."""
    config_entry.add_to_hass(hass)
    registry = er.async_get(hass)
    registry.async_get_or_create(
        "climate", DOMAIN, f"{UUID}_chamber", config_entry=config_entry
    )
    profiles = fake.json("GET", "/api/printerprofiles")
    other = profiles["profiles"]["_default"] | {"heatedChamber": True, "default": False}
    fake.answer("GET", "/api/printerprofiles", status=502)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await hass.async_block_till_done()
    assert registered(hass, config_entry, "chamber")
    profiles["profiles"]["enclosed"] = other
    fake.answer("GET", "/api/printerprofiles", json=profiles)
    config_entry.runtime_data.async_expire(with_plugins=False)
    await refresh(hass, config_entry)
    assert len(config_entry.runtime_data.data.server.profiles) == 2
    assert registered(hass, config_entry, "chamber")
    await hass.config_entries.async_unload(config_entry.entry_id)
