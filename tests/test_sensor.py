"""Tests for the OctoPrint sensors."""

from datetime import timedelta

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.octoprint_plus.sync.print_end import ATTEMPTS as SETTLE_ATTEMPTS
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN, Platform
from homeassistant.core import HomeAssistant

from .conftest import CheckPlatform
from .fake_octoprint import FakeOctoPrint
from .waiting import refresh, until

STATES = {
    "after_cancel": "operational",
    "after_print_done": "operational",
    "cancelling": "cancelling",
    "disconnected": "offline",
    "error_connection_dropped_while_printing": "offline_after_error",
    "error_fatal_while_idle": "offline_after_error",
    "error_fatal_while_printing": "offline_after_error",
    "finishing": "finishing",
    "heating": "printing",
    "just_connected_no_temps_yet": "operational",
    "operational_idle_no_file": "operational",
    "paused": "paused",
    "paused_sd": "paused",
    "pausing": "pausing",
    "printing_local": "printing",
    "printing_sd": "printing",
    "resuming": "resuming",
    "starting": "starting",
    "transferring_to_sd": "transferring_file",
}


@pytest.mark.freeze_time("2026-11-21 12:00:00+00:00")
@pytest.mark.usefixtures("entity_registry_enabled_by_default")
@pytest.mark.parametrize(
    "state", ["printing_local", "operational_idle_no_file", "multi_printing"]
)
async def test_sensors(
    fake: FakeOctoPrint,
    check_platform: CheckPlatform,
    state: str,
) -> None:
    """Test all sensors of a printer."""
    fake.load(state)
    await check_platform(Platform.SENSOR)


@pytest.mark.usefixtures("init_integration")
@pytest.mark.parametrize(("recorded", "state"), STATES.items())
async def test_state(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    config_entry: MockConfigEntry,
    recorded: str,
    state: str,
) -> None:
    """Test that every state is told, those without a printer included."""
    fake.load(recorded)
    await refresh(hass, config_entry)
    assert hass.states.get("sensor.prusa_state").state == state


@pytest.mark.usefixtures("init_integration")
async def test_printer_off(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """Test that a printer that is off is no error: only its heaters are gone."""
    assert hass.states.get("sensor.prusa_tool_temperature").state != STATE_UNAVAILABLE

    fake.load("disconnected")
    await refresh(hass, config_entry)
    assert hass.states.get("sensor.prusa_state").state == "offline"
    assert hass.states.get("sensor.prusa_tool_temperature").state == STATE_UNAVAILABLE
    assert hass.states.get("sensor.prusa_file").state == STATE_UNKNOWN
    assert hass.states.get("sensor.prusa_error").state == "no_error"

    fake.load("operational_idle_file_selected")
    await refresh(hass, config_entry)
    assert hass.states.get("sensor.prusa_tool_temperature").state == "21.3"


async def test_server_off(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that a server that is away is logged once each way, and comes back by itself."""
    coordinator = init_integration.runtime_data
    await fake.stop()
    for _ in range(3):
        coordinator.last_exception = None
        freezer.tick(31)
        async_fire_time_changed(hass)
        await until(lambda: coordinator.last_exception)
    assert hass.states.get("sensor.prusa_state").state == STATE_UNAVAILABLE
    assert caplog.text.count("Error fetching Prusa data") == 1

    await fake.start()
    freezer.tick(31)
    async_fire_time_changed(hass)
    await until(lambda: hass.states.get("sensor.prusa_state").state == "operational")
    assert caplog.text.count("Fetching Prusa data recovered") == 1
    assert fake.key not in caplog.text


@pytest.mark.usefixtures("init_integration")
async def test_error(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """Test that an error is told with its reason, and forgotten when it is over."""
    fake.load("error_fatal_while_printing")
    await refresh(hass, config_entry)
    error = hass.states.get("sensor.prusa_error")
    assert error.state.startswith("Thermal Runaway, system stopped!")
    assert error.attributes["reason"] == "firmware"
    assert error.attributes["consequence"] == "emergency"
    assert (
        error.attributes["faq_url"]
        == "https://faq.octoprint.org/firmware-thermal-runaway"
    )

    fake.load("operational_idle_file_selected")
    await refresh(hass, config_entry)
    error = hass.states.get("sensor.prusa_error")
    assert error.state == "no_error"
    assert "reason" not in error.attributes


@pytest.mark.usefixtures("init_integration")
async def test_long_texts(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """Test that a name or an error longer than a state can be is cut, not lost."""
    fake.load("printing_local")
    job = fake.json("GET", "/api/job")
    job["job"]["file"]["display"] = "x" * 300
    job["error"] = "y" * 300
    fake.answer("GET", "/api/job", json=job)
    await refresh(hass, config_entry)
    assert hass.states.get("sensor.prusa_file").state == "x" * 255
    assert hass.states.get("sensor.prusa_error").state == "y" * 255


@pytest.mark.usefixtures("init_integration")
async def test_new_heater(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that a tool and a chamber that appear later get entities without a reload."""
    assert hass.states.get("sensor.prusa_chamber_temperature") is None
    fake.load("multi_heating")
    freezer.tick(timedelta(minutes=6))
    await refresh(hass, config_entry)
    assert hass.states.get("sensor.prusa_chamber_temperature")
    assert hass.states.get("sensor.prusa_tool_1_temperature")


async def test_junk_heaters(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """Test that what is no heater, or not of this printer, gets no entities."""
    printer = fake.json("GET", "/api/printer")
    values = printer["temperature"]["tool0"]
    printer["temperature"] |= {"oooooT": values, "P": values, "tool7": values}
    fake.answer("GET", "/api/printer", json=printer)
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await hass.async_block_till_done()
    temperatures = [
        state.entity_id
        for state in hass.states.async_all("sensor")
        if state.entity_id.endswith("_temperature")
        and not state.entity_id.endswith("target_temperature")
    ]
    assert sorted(temperatures) == [
        "sensor.prusa_bed_temperature",
        "sensor.prusa_tool_temperature",
    ]


async def test_laser_without_heaters(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """Test a machine that reports no temperatures at all."""
    printer = fake.json("GET", "/api/printer")
    printer["temperature"] = {}
    fake.answer("GET", "/api/printer", json=printer)
    config_entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(config_entry.entry_id)
    await hass.async_block_till_done()
    assert not hass.states.async_all("climate")
    assert hass.states.get("sensor.prusa_state").state == "operational"


async def test_write_only_when_changed(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that only what changed is written."""
    printer = fake.json("GET", "/api/printer")
    printer["temperature"]["bed"]["actual"] = 58
    fake.answer("GET", "/api/printer", json=printer)
    await refresh(hass, init_integration)
    before = {each.entity_id: each.last_reported for each in hass.states.async_all()}
    printer["temperature"]["bed"]["actual"] = 59.96
    fake.answer("GET", "/api/printer", json=printer)
    freezer.tick(timedelta(seconds=5))
    await refresh(hass, init_integration)
    written = {
        each.entity_id
        for each in hass.states.async_all()
        if each.last_reported != before[each.entity_id]
    }
    assert written == {"climate.prusa_bed", "sensor.prusa_bed_temperature"}
    assert hass.states.get("sensor.prusa_bed_temperature").state == "60.0"


async def test_last_print(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
) -> None:
    """Test that a finished print is kept, over a restart too."""
    assert hass.states.get("sensor.prusa_last_print_result").state == STATE_UNKNOWN
    fake.load("printing_local")
    await refresh(hass, init_integration)
    job = fake.json("GET", "/api/job")
    job["state"] = "Operational"
    job["progress"]["completion"] = 100.0
    fake.load("after_print_done")
    fake.answer("GET", "/api/job", json=job)
    for _ in range(SETTLE_ATTEMPTS):
        await refresh(hass, init_integration)
    expected = {
        "sensor.prusa_last_print": "test_main.gcode",
        "sensor.prusa_last_print_result": "done",
    }
    assert {key: hass.states.get(key).state for key in expected} == expected
    ended = hass.states.get("sensor.prusa_last_print_end").state

    assert await hass.config_entries.async_reload(init_integration.entry_id)
    await hass.async_block_till_done()
    assert {key: hass.states.get(key).state for key in expected} == expected
    assert hass.states.get("sensor.prusa_last_print_end").state == ended


@pytest.mark.freeze_time("2026-11-21 12:00:00+00:00")
async def test_print_that_ended_while_away(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that a print that ended while Home Assistant was down is told as it ended."""
    fake.load("printing_local")
    await refresh(hass, init_integration)
    await hass.config_entries.async_unload(init_integration.entry_id)
    fake.load("operational_idle_no_file")
    fake.answer(
        "GET",
        "/api/files/local/test_main.gcode",
        json={
            "name": "test_main.gcode",
            "path": "test_main.gcode",
            "origin": "local",
            "type": "machinecode",
            "prints": {
                "success": 1,
                "failure": 0,
                "last": {
                    "success": True,
                    "date": 1795262700.5,
                    "printTime": 234.5,
                },
            },
        },
    )
    freezer.tick(600)
    await hass.config_entries.async_setup(init_integration.entry_id)
    # The first poll is before anything that would tell the server's clock.
    await refresh(hass, init_integration)
    assert hass.states.get("sensor.prusa_last_print_result").state == "done"
    assert (
        hass.states.get("sensor.prusa_last_print_end").state
        == "2026-11-21T12:05:00+00:00"
    )
    assert hass.states.get("sensor.prusa_last_print_duration").state == "3.9"


async def read_free_space(
    hass: HomeAssistant, fake: FakeOctoPrint, entry: MockConfigEntry, free: object
) -> str:
    """Return what is shown once OctoPrint has told the free space, either way."""
    usage = fake.json("GET", "/api/system/usage")
    usage["usage"]["uploads"]["free"] = free
    fake.answer("GET", "/api/system/usage", json=usage)
    files = fake.json("GET", "/api/files")
    fake.answer("GET", "/api/files", json=files | {"free": free})
    entry.runtime_data.async_expire(with_plugins=False)
    await refresh(hass, entry)
    return hass.states.get("sensor.prusa_free_space").state


@pytest.mark.parametrize("user", ["admin", "user1"])
async def test_free_space(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    config_entry: MockConfigEntry,
    user: str,
) -> None:
    """Test that it is read by any key that may, and moves by what matters."""
    fake.user(user)
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await hass.async_block_till_done()
    assert await read_free_space(hass, fake, config_entry, 50_000_000_000) == "50.0"
    assert await read_free_space(hass, fake, config_entry, 49_950_000_000) == "50.0"
    assert await read_free_space(hass, fake, config_entry, 49_900_000_000) == "49.9"
    assert await read_free_space(hass, fake, config_entry, 0) == "0.0"
    server = config_entry.runtime_data.data.server
    assert await read_free_space(hass, fake, config_entry, 99) == "0.0"
    # So nothing has changed, for which entities would be looked at.
    assert config_entry.runtime_data.data.server is server
    assert await read_free_space(hass, fake, config_entry, "much") == "unknown"
    await hass.config_entries.async_unload(config_entry.entry_id)
    await hass.async_block_till_done()


async def test_free_space_that_nobody_tells(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """Test that there is no sensor for a key that may not read it."""
    fake.user("limited")
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await hass.async_block_till_done()
    assert hass.states.get("sensor.prusa_free_space") is None
    await hass.config_entries.async_unload(config_entry.entry_id)
    await hass.async_block_till_done()
