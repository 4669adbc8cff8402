"""Tests for how the coordinator polls."""

from datetime import timedelta
from time import time

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.octoprint_plus.coordinator import (
    POLL_ACTIVE,
    POLL_IDLE,
    POLL_TRANSIENT,
    REFRESH_DELAY,
)
from custom_components.octoprint_plus.sync.print_end import ATTEMPTS as SETTLE_ATTEMPTS
from homeassistant.core import HomeAssistant

from .fake_octoprint import FakeOctoPrint
from .waiting import refresh, until


def gets(fake: FakeOctoPrint) -> list[str]:
    """Return the paths that were read, without attempts to open the socket."""
    return [
        request.path
        for request in fake.requests
        if request.method == "GET" and not request.path.startswith("/sockjs/")
    ]


@pytest.mark.parametrize(
    ("recorded", "interval"),
    [
        ("operational_idle_file_selected", POLL_IDLE),
        ("disconnected", POLL_IDLE),
        ("printing_local", POLL_ACTIVE),
        ("paused", POLL_ACTIVE),
        ("heating", POLL_ACTIVE),
        ("transferring_to_sd", POLL_ACTIVE),
        ("pausing", POLL_TRANSIENT),
        ("cancelling", POLL_TRANSIENT),
    ],
)
async def test_interval(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
    recorded: str,
    interval: timedelta,
) -> None:
    """Test that the pace follows what happens."""
    fake.load(recorded)
    await refresh(hass, init_integration)
    assert init_integration.runtime_data.update_interval == interval


async def test_a_hot_printer_is_watched(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test that a heater that is on keeps the quick pace without a print."""
    printer = fake.json("GET", "/api/printer")
    printer["temperature"]["bed"]["target"] = 60
    fake.answer("GET", "/api/printer", json=printer)
    await refresh(hass, init_integration)
    assert init_integration.runtime_data.update_interval == POLL_ACTIVE


async def test_requested(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that a poll that is asked for is made, and others after it."""
    coordinator = init_integration.runtime_data
    for recorded, state in (("paused", "paused"), ("printing_local", "printing")):
        fake.load(recorded)
        await coordinator.async_request_refresh()
        freezer.tick(REFRESH_DELAY + 0.1)
        async_fire_time_changed(hass)
        await until(lambda: hass.states.get("sensor.prusa_state").state == state)  # noqa: B023
        async with coordinator.poll_soon.async_lock():
            # The states are written before the poll has ended.
            pass
        # It may not be asked for again within the delay.
        freezer.tick(REFRESH_DELAY + 0.1)
        async_fire_time_changed(hass)
        await hass.async_block_till_done()


async def test_what_is_read(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    freezer: FrozenDateTimeFactory,
    init_integration: MockConfigEntry,
) -> None:
    """Test what a poll reads, less of a printer that is off, more when due."""
    fake.clear()
    await refresh(hass, init_integration)
    assert gets(fake) == [
        "/api/job",
        "/api/printer",
        "/api/connection",
        "/api/printer/error",
    ]

    fake.load("disconnected")
    await refresh(hass, init_integration)
    fake.clear()
    await refresh(hass, init_integration)
    assert gets(fake) == ["/api/job", "/api/connection", "/api/printer/error"]

    freezer.tick(timedelta(minutes=6))
    fake.clear()
    await refresh(hass, init_integration)
    assert gets(fake) == [
        "/api/job",
        "/api/connection",
        "/api/currentuser",
        "/api/server",
        "/api/settings",
        "/api/printerprofiles",
        "/api/system/commands",
        "/api/timelapse",
        "/api/system/usage",
        "/api/printer/command/custom",
        "/api/printer/error",
    ]


async def test_printer_leaves_between_two_answers(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test that a printer that is gone before it is read is told as what it is then."""
    fake.answer("GET", "/api/printer", status=409, json={"error": "Printer is off"})
    await refresh(hass, init_integration)
    assert init_integration.runtime_data.last_update_success
    assert hass.states.get("sensor.prusa_tool_temperature").state == "unavailable"


async def test_file_history_cannot_be_read(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test that the end of a print is told without its history, too."""
    fake.load("printing_local")
    await refresh(hass, init_integration)
    fake.load("operational_idle_no_file")
    fake.answer("GET", "/api/files/local/test_main.gcode", status=404, json={})
    for _ in range(5):
        await refresh(hass, init_integration)
    assert hass.states.get("sensor.prusa_last_print_result").state == "cancelled"
    # The history may come a moment late, so it is asked for a few times.
    assert gets(fake).count("/api/files/local/test_main.gcode") == SETTLE_ATTEMPTS


async def test_file_history_comes_late(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test that the history of the file corrects the end of a print, also a poll later."""
    fake.load("printing_local")
    await refresh(hass, init_integration)
    fake.load("operational_idle_no_file")
    await refresh(hass, init_integration)
    assert hass.states.get("sensor.prusa_last_print_result").state == "cancelled"
    last = {"success": True, "date": time(), "printTime": 12.4}
    fake.answer(
        "GET",
        "/api/files/local/test_main.gcode",
        json={
            "name": "test_main.gcode",
            "prints": {"success": 1, "failure": 0, "last": last},
        },
    )
    await refresh(hass, init_integration)
    assert hass.states.get("sensor.prusa_last_print_result").state == "done"


@pytest.mark.parametrize(
    "path",
    [
        "/api/settings",
        "/api/printerprofiles",
        "/api/system/commands",
        "/api/system/usage",
        "/api/timelapse",
        "/api/printer/command/custom",
    ],
)
async def test_optional_family_fails(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    path: str,
) -> None:
    """Test that what printing does not depend on takes nothing down, and is logged once."""
    fake.answer("GET", path, status=500, json={"error": "A plugin broke"})
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await hass.async_block_till_done()
    assert hass.states.get("sensor.prusa_state").state == "operational"
    freezer.tick(timedelta(minutes=6))
    await refresh(hass, config_entry)
    assert caplog.text.count("A plugin broke") == 1

    fake.restore("GET", path)
    freezer.tick(timedelta(minutes=6))
    await refresh(hass, config_entry)
    server = config_entry.runtime_data.data.server
    assert server.settings
    assert server.profiles
    assert server.commands


async def test_another_profile(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test connecting with a profile that was made a moment ago, between two polls."""
    assert hass.states.get("climate.prusa_chamber") is None
    fake.load("multi_idle_custom_sensors")
    profiles = fake.json("GET", "/api/printerprofiles")
    profiles["profiles"]["big"] = profiles["profiles"]["_default"] | {"id": "big"}
    fake.answer("GET", "/api/printerprofiles", json=profiles)
    connection = fake.json("GET", "/api/connection")
    connection["current"]["printerProfile"] = "big"
    fake.answer("GET", "/api/connection", json=connection)
    await refresh(hass, init_integration)
    assert hass.states.get("climate.prusa_chamber").state == "off"
    assert hass.states.get("climate.prusa_tool_1").state == "off"


async def test_changed_profile(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test a profile that is changed while the printer is off, moments before it is on."""
    fake.load("disconnected")
    await refresh(hass, init_integration)
    fake.load("multi_idle_custom_sensors")
    await refresh(hass, init_integration)
    assert hass.states.get("climate.prusa_chamber").state == "off"


async def test_an_error_while_idle(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test an error that changes nothing else, and that it goes away."""
    error = {"error": "Something odd", "reason": "firmware", "consequence": "cancel"}
    fake.answer("GET", "/api/printer/error", json=error)
    await refresh(hass, init_integration)
    assert hass.states.get("binary_sensor.prusa_problem").state == "on"
    fake.restore("GET", "/api/printer/error")
    await refresh(hass, init_integration)
    assert hass.states.get("binary_sensor.prusa_problem").state == "off"


async def test_dead_server_is_polled_calmly(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test that the pace of a passing state ends with the server."""
    fake.load("finishing")
    await refresh(hass, init_integration)
    await fake.stop()
    await refresh(hass, init_integration)
    assert init_integration.runtime_data.update_interval == POLL_IDLE
    await fake.start()


async def test_error_of_the_server(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that an error inside OctoPrint is told in its words."""
    fake.answer("GET", "/api/job", status=500, json={"error": "Something broke"})
    await refresh(hass, init_integration)
    assert hass.states.get("sensor.prusa_state").state == "unavailable"
    assert "Prusa answered with an error: Something broke" in caplog.text


async def test_guests_may_read(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    freezer: FrozenDateTimeFactory,
    init_integration: MockConfigEntry,
) -> None:
    """Test that a revoked key is noticed in time where everybody may read."""
    guest = {"name": None, "groups": ["guests"], "permissions": ["STATUS"]}
    fake.answer("GET", "/api/currentuser", json=guest)
    await refresh(hass, init_integration)
    assert init_integration.runtime_data.last_update_success
    freezer.tick(timedelta(minutes=6))
    await refresh(hass, init_integration)
    assert not init_integration.runtime_data.last_update_success
    assert len(hass.config_entries.flow.async_progress()) == 1
