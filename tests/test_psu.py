"""Tests of the kind "hot and alone": power is cut only where the nozzle is known to be cool."""

from collections.abc import AsyncGenerator
from copy import deepcopy
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.octoprint_plus.api import State
from custom_components.octoprint_plus.const import DOMAIN
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util

from .fake_octoprint import FakeOctoPrint
from .waiting import refresh, until

PSU = "switch.prusa_power_supply"
PATH = "/api/plugin/psucontrol"
OFF = [(PATH, {"command": "turnPSUOff"})]


@pytest.fixture
async def entry(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> AsyncGenerator[MockConfigEntry]:
    """Return a polled printer with PSU Control, which is on, idle and cool."""
    settings = fake.json("GET", "/api/settings")
    settings["plugins"]["psucontrol"] = {
        "switchingMethod": "GCODE",
        "sensingMethod": "INTERNAL",
    }
    fake.answer("GET", "/api/settings", json=settings)
    fake.answer("GET", PATH, json={"isPSUOn": False})
    fake.answer("POST", PATH, status=204)
    show(fake, 25.0, 0.0)
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await until(lambda: config_entry.runtime_data.data.plugins.psu is not None)
    await hass.async_block_till_done()
    fake.clear()
    yield config_entry
    await hass.config_entries.async_unload(config_entry.entry_id)


@pytest.mark.parametrize(
    ("permission", "is_there"),
    [("PLUGIN_PSUCONTROL_CONTROL", True), ("CONTROL", False)],
)
async def test_permission(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    fake: FakeOctoPrint,
    permission: str,
    is_there: bool,
) -> None:
    """The switch is there for those whom the plugin lets switch, and for no others."""
    account = fake.json("GET", "/api/currentuser")
    account["permissions"] = ["STATUS", "SETTINGS_READ", permission]
    fake.answer("GET", "/api/currentuser", json=account)
    await refresh(hass, entry)
    await hass.config_entries.async_reload(entry.entry_id)
    await until(lambda: entry.runtime_data.data.plugins.psu is not None)
    await hass.async_block_till_done()
    assert hass.states.get(PSU).state == ("off" if is_there else STATE_UNAVAILABLE)
    if is_there:
        fake.clear()
        await hass.services.async_call(
            "switch", "turn_off", {"entity_id": PSU}, blocking=True
        )
        assert fake.commands() == OFF


def show(fake: FakeOctoPrint, actual: float | None, target: float | None) -> None:
    """Let the tool be as hot as that, and the bed be cool."""
    printer = fake.json("GET", "/api/printer")
    printer["temperature"] = {
        "bed": {"actual": 24.0, "target": 0.0, "offset": 0},
        "tool0": {"actual": actual, "target": target, "offset": 0},
    }
    fake.answer("GET", "/api/printer", json=printer)


async def turn_off(hass: HomeAssistant, **data: Any) -> str | None:
    """Cut the power by the action, by the switch and by the plugin; return why not."""
    ways: list[tuple[str, str, dict[str, Any]]] = [(DOMAIN, "turn_off_psu", data)]
    if not data:
        command = {"plugin": "psucontrol", "command": "turnPSUOff"}
        ways.append(("switch", "turn_off", {"entity_id": PSU}))
        ways.append((DOMAIN, "plugin_command", command))
    keys = set()
    for domain, service, fields in ways:
        try:
            await hass.services.async_call(domain, service, fields, blocking=True)
        except ServiceValidationError as err:
            keys.add(str(err.translation_key))
        else:
            keys.add("")
    assert len(keys) == 1
    return keys.pop() or None


async def test_power_of_a_cool_printer(
    hass: HomeAssistant, entry: MockConfigEntry, fake: FakeOctoPrint
) -> None:
    """An idle and cool printer loses its power when asked to."""
    assert await turn_off(hass) is None
    assert fake.commands() == OFF * 3


@pytest.mark.parametrize(
    ("actual", "target", "minutes", "expected"),
    [
        (210.0, 0.0, 0, "psu_off_last_hot"),
        (210.0, 0.0, 59, "psu_off_last_hot"),
        # By then it must have cooled.
        (210.0, 0.0, 61, None),
        # The firmware goes on to heat.
        (210.0, 210.0, 24 * 60, "psu_off_last_hot"),
        (30.0, 210.0, 24 * 60, "psu_off_last_hot"),
        (30.0, 0.0, 0, None),
        (None, 0.0, 0, "psu_off_last_hot"),
        (None, 0.0, 61, None),
    ],
)
async def test_power_of_a_printer_that_was_disconnected(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    fake: FakeOctoPrint,
    freezer: FrozenDateTimeFactory,
    actual: float | None,
    target: float,
    minutes: int,
    expected: str | None,
) -> None:
    """The last temperature and its time count until it must have cooled."""
    show(fake, actual, target)
    await refresh(hass, entry)
    fake.load("disconnected")
    await refresh(hass, entry)
    assert not entry.runtime_data.data.heaters
    freezer.tick(timedelta(minutes=minutes))
    assert await turn_off(hass) == expected
    assert fake.commands() == ([] if expected else OFF * 3)
    if expected:
        assert await turn_off(hass, force=True) is None
        assert fake.commands() == OFF


@pytest.mark.parametrize("end", ["reload", "kill"])
@pytest.mark.parametrize(
    ("actual", "target", "minutes", "expected"),
    [
        (210.0, 0.0, 1, "psu_off_last_hot"),
        (210.0, 0.0, 59, "psu_off_last_hot"),
        (210.0, 0.0, 61, None),
        (210.0, 210.0, 24 * 60, "psu_off_last_hot"),
        (30.0, 0.0, 1, None),
        # A clock that was set back tells nothing.
        (210.0, 0.0, -24 * 60, "psu_off_last_hot"),
    ],
)
async def test_power_of_a_printer_seen_before_a_restart(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
    entry: MockConfigEntry,
    fake: FakeOctoPrint,
    actual: float,
    target: float,
    minutes: int,
    expected: str | None,
    end: str,
) -> None:
    """The last temperature and its time are kept, also where nothing could be put in order."""
    show(fake, actual, target)
    await refresh(hass, entry)
    freezer.tick(timedelta(seconds=2))
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    key = f"{DOMAIN}.{entry.entry_id}"
    killed = deepcopy(hass_storage[key])
    fake.load("disconnected")
    await hass.config_entries.async_unload(entry.entry_id)
    if end == "kill":
        hass_storage[key] = killed
    # The monotonic clock begins anew with the machine.
    freezer.move_to(dt_util.utcnow() + timedelta(minutes=minutes))
    await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: hass.states.get(PSU).state in ("on", "off"))
    fake.clear()
    assert await turn_off(hass) == expected
    assert fake.commands() == ([] if expected else OFF * 3)


async def test_power_of_a_printer_never_seen(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    entry: MockConfigEntry,
    fake: FakeOctoPrint,
) -> None:
    """A printer of which nobody has seen a temperature may be hot."""
    fake.load("disconnected")
    await hass.config_entries.async_unload(entry.entry_id)
    hass_storage.clear()
    await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: hass.states.get(PSU).state in ("on", "off"))
    fake.clear()
    assert await turn_off(hass) == "psu_off_temperature_unknown"
    assert fake.commands() == []


@pytest.mark.parametrize("temperatures", [{}, {"tool0": {"actual": None}}])
async def test_power_of_a_printer_without_temperatures(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    fake: FakeOctoPrint,
    temperatures: dict[str, Any],
) -> None:
    """A printer that was just connected has not told how hot it is."""
    printer = fake.json("GET", "/api/printer")
    printer["temperature"] = temperatures
    fake.answer("GET", "/api/printer", json=printer)
    await refresh(hass, entry)
    assert await turn_off(hass) == "psu_off_temperature_unknown"
    assert fake.commands() == []


async def test_power_in_an_unknown_state(
    hass: HomeAssistant, entry: MockConfigEntry, fake: FakeOctoPrint
) -> None:
    """What nobody knows the meaning of may be a print."""
    job = fake.json("GET", "/api/job")
    job["state"] = "Contemplating"
    fake.answer("GET", "/api/job", json=job)
    printer = fake.json("GET", "/api/printer")
    printer["state"] = {"text": "Contemplating", "flags": {"operational": False}}
    fake.answer("GET", "/api/printer", json=printer)
    await refresh(hass, entry)
    assert entry.runtime_data.data.state is State.OTHER
    assert await turn_off(hass) == "psu_off_state_unknown"
    assert fake.commands() == []


@pytest.mark.parametrize(
    ("state", "actual", "expected"),
    [
        ("Printing", 25.0, "psu_off_while_busy"),
        ("Operational", 90.0, "psu_off_while_hot"),
    ],
)
async def test_power_is_cut_by_what_is_so_now(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    fake: FakeOctoPrint,
    state: str,
    actual: float,
    expected: str,
) -> None:
    """What is known may be older than a print that has just begun."""
    coordinator = entry.runtime_data
    known = coordinator.data
    show(fake, actual, 0.0)
    printer = fake.json("GET", "/api/printer")
    printer["state"]["flags"]["printing"] = state == "Printing"
    printer["state"]["flags"]["ready"] = state != "Printing"
    printer["state"]["text"] = state
    fake.answer("GET", "/api/printer", json=printer)
    job = fake.json("GET", "/api/job")
    job["state"] = state
    fake.answer("GET", "/api/job", json=job)
    # What is pushed lags behind.
    with (
        patch("custom_components.octoprint_plus.commands.psu.async_refresh_or_raise"),
        pytest.raises(ServiceValidationError) as raised,
    ):
        await hass.services.async_call(DOMAIN, "turn_off_psu", blocking=True)
    assert raised.value.translation_key == expected
    assert coordinator.data is known
    assert fake.commands() == []


async def test_power_is_not_left_on_without_a_word(
    hass: HomeAssistant, entry: MockConfigEntry, fake: FakeOctoPrint
) -> None:
    """After a poll that failed cutting the power is tried, not skipped as unavailable."""
    fake.answer("GET", "/api/job", status=500, json={"error": "Broken"})
    await refresh(hass, entry)
    assert hass.states.get("sensor.prusa_state").state == "unavailable"
    assert hass.states.get(PSU).state == "unknown"
    with pytest.raises(HomeAssistantError) as raised:
        await hass.services.async_call(
            "switch", "turn_off", {"entity_id": PSU}, blocking=True
        )
    assert raised.value.translation_key == "request_failed"
    fake.load("operational_idle_file_selected")
    show(fake, 25.0, 0.0)
    await hass.services.async_call(
        "switch", "turn_off", {"entity_id": PSU}, blocking=True
    )
    assert fake.commands() == OFF
    assert hass.states.get(PSU).state == "off"


async def test_power_toggled_on(
    hass: HomeAssistant, entry: MockConfigEntry, fake: FakeOctoPrint
) -> None:
    """What gives power is never refused; toggling a supply that is on cuts it."""
    command = {"plugin": "psucontrol", "command": "togglePSU"}
    show(fake, 210.0, 0.0)
    await refresh(hass, entry)
    await hass.services.async_call(DOMAIN, "plugin_command", command, blocking=True)
    fake.answer("GET", PATH, json={"isPSUOn": True})
    entry.runtime_data.async_read_plugin("psucontrol")
    await until(lambda: hass.states.get(PSU).state == "on")
    with pytest.raises(ServiceValidationError) as raised:
        await hass.services.async_call(DOMAIN, "plugin_command", command, blocking=True)
    assert raised.value.translation_key == "psu_off_while_hot"
    assert fake.commands() == [(PATH, {"command": "togglePSU"})]
