"""Tests for what is pushed: how it is shown, and how little is polled beside it."""

from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.octoprint_plus.coordinator import POLL_PUSHED
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.setup import async_setup_component

from ..fake_octoprint import FakeOctoPrint
from ..pushed import FULL_POLL, Pushed, pushing
from ..waiting import until

MESSAGES = "custom_components.octoprint_plus.api.socket.messages"


pytestmark = pytest.mark.usefixtures("quick")


async def test_set_up(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """Test that the first poll shows everything, and that a poll follows the socket."""
    async with pushing(hass, fake, config_entry) as pushed:
        assert pushed.state_of("sensor.state") == "operational"
        assert pushed.coordinator.update_interval == POLL_PUSHED
        assert fake.push.throttle == 3
    await fake.push.wait_closed()


async def test_event_comes_first(
    pushed: Pushed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that an event alone changes the state, and that an older `current` does not."""
    monkeypatch.setattr(f"{MESSAGES}.CURRENT_MAX_AGE", 60)
    await pushed.state("PRINTING", "Printing")
    assert pushed.state_of("sensor.state") == "printing"
    assert pushed.state_of("binary_sensor.printing") == "on"
    # It was composed before.
    await pushed.current()
    assert pushed.state_of("sensor.state") == "printing"
    pushed.fake.load("printing_local")
    await pushed.current()
    assert pushed.state_of("sensor.state") == "printing"
    assert pushed.state_of("sensor.file") == "test_main.gcode"
    assert pushed.gets() == []


async def test_target_is_shown_with_the_next_current(pushed: Pushed) -> None:
    pushed.fake.load("heating")
    await pushed.current()
    assert pushed.hass.states.get("climate.prusa_bed").attributes["temperature"] == 45
    assert pushed.gets() == []


async def test_throttle_follows_what_happens(pushed: Pushed) -> None:
    """Test that the pace is quick while somebody waits, and calm otherwise."""
    fake = pushed.fake
    assert fake.push.throttle == 3
    await pushed.state("STARTING", "Starting")
    await until(lambda: fake.push.throttle == 1)
    fake.load("printing_local")
    await pushed.state("PRINTING", "Printing")
    await until(lambda: fake.push.throttle == 3)
    await pushed.current()
    assert fake.push.throttle == 3
    fake.load("heating")
    await pushed.state("OPERATIONAL", "Operational")
    await pushed.current()
    await until(lambda: fake.push.throttle == 1)


async def test_pace_after_a_command(pushed: Pushed) -> None:
    """Test that the effect of a command is told soon, also where nothing heats yet."""
    assert pushed.fake.push.throttle == 3
    await pushed.hass.services.async_call(
        "climate",
        "set_temperature",
        {"entity_id": "climate.prusa_bed", "temperature": 45},
        blocking=True,
    )
    await until(lambda: pushed.fake.push.throttle == 1)


async def test_rendering(pushed: Pushed) -> None:
    """Test that it is shown how far a timelapse is rendered, only while it is."""
    rendering = "sensor.timelapse_rendering"
    assert pushed.state_of(rendering) == "unknown"
    shown = []

    def note(event: Event[EventStateChangedData]) -> None:
        if event.data["entity_id"] == "event.prusa_timelapse":
            shown.append(pushed.state_of(rendering))

    pushed.hass.bus.async_listen(EVENT_STATE_CHANGED, callback(note))
    await pushed.event("MovieRendering", gcode="a.gcode", movie_basename="a.mp4")
    # What goes with an event is shown before it.
    assert shown == ["0"]
    await pushed.fake.push.send({"renderProgress": {"progress": 41.7}})
    await pushed.heard()
    assert pushed.state_of(rendering) == "41"
    await pushed.event("MovieDone", gcode="a.gcode", movie_basename="a.mp4")
    assert pushed.state_of(rendering) == "unknown"
    await pushed.fake.push.send({"renderProgress": {"progress": 5}})
    await pushed.heard()
    assert pushed.state_of(rendering) == "5"
    await pushed.fake.push.close()
    await until(lambda: pushed.state_of(rendering) == "unknown")


async def test_slicing(pushed: Pushed) -> None:
    """Test that it is shown how far a slicer is, where there turns out to be one."""
    slicing = "sensor.slicing"
    assert pushed.state_of(slicing) is None

    async def tell(progress: float) -> None:
        told = {"dest_path": "a.gcode", "progress": progress}
        await pushed.fake.push.send({"slicingProgress": told})
        await pushed.heard()
        await pushed.hass.async_block_till_done()

    await tell(3.5)
    assert pushed.state_of(slicing) == "3"
    await tell(100)
    assert pushed.state_of(slicing) == "unknown"


async def test_tool_change(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """Test that the active tool is known where the server tells that it changed."""
    fake.load("multi_idle_custom_sensors")
    async with pushing(hass, fake, config_entry) as pushed:
        tool = "select.active_tool"
        assert pushed.state_of(tool) == "unknown"
        await pushed.event("ToolChange", old=0, new=1)
        assert pushed.state_of(tool) == "tool1"
        await pushed.event("ToolChange", old=1, new=None)
        assert pushed.state_of(tool) == "tool1"
        # Also the changes of a print are told.
        await pushed.state("PRINTING", "Printing")
        await pushed.event("ToolChange", old=1, new=0)
        await pushed.state("OPERATIONAL", "Operational")
        assert pushed.state_of(tool) == "tool0"


async def test_tool_of_a_print_that_began_unseen(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """Test that nobody knows the tool after a print that began while the socket was lost."""
    fake.load("multi_idle_custom_sensors")
    async with pushing(hass, fake, config_entry) as pushed:
        await pushed.event("ToolChange", old=0, new=1)
        assert pushed.state_of("select.active_tool") == "tool1"
        await pushed.fake.push.drop()
        await until(lambda: not pushed.coordinator.is_pushed)
        await pushed.idle()
        assert pushed.state_of("select.active_tool") == "tool1"
        fake.load("multi_printing")
        pushed.coordinator.async_server_seen()
        await pushed.up()
        assert pushed.state_of("select.active_tool") == "unavailable"
        fake.load("multi_idle_custom_sensors")
        await pushed.state("OPERATIONAL", "Operational")
        assert pushed.state_of("select.active_tool") == "unknown"


async def test_z_appears(pushed: Pushed) -> None:
    """Test that the height of the head has a sensor once it is told, and loses its value."""
    assert pushed.state_of("sensor.z_height") is None
    pushed.fake.load("printing_local")
    pushed.fake.push.z = 1.25
    await pushed.current()
    await pushed.hass.async_block_till_done()
    assert pushed.state_of("sensor.z_height") == "1.25"
    await pushed.fake.push.drop()
    await until(lambda: not pushed.coordinator.is_pushed)
    await until(
        lambda: pushed.state_of("sensor.z_height") in {"unknown", "unavailable"}
    )
    pushed.fake.push.z = 2.5
    pushed.coordinator.async_server_seen()
    await pushed.up()
    assert pushed.state_of("sensor.z_height") == "2.5"


@pytest.mark.parametrize(
    "event",
    [
        "Connected",
        "PrinterProfileAdded",
        "PrinterProfileDeleted",
        "PrinterProfileModified",
        "SettingsUpdated",
    ],
)
async def test_read_again(pushed: Pushed, event: str) -> None:
    """Test that what an event tells too little of is read, once for a burst of them."""
    settings = pushed.fake.json("GET", "/api/settings")
    settings["webcam"] = settings.get("webcam", {}) | {"webcamEnabled": False}
    for _ in range(5):
        await pushed.fake.push.event(event, {})
    await pushed.heard()
    await until(lambda: pushed.gets()[-1:] == ["/api/printer/error"])
    await until(lambda: not pushed.coordinator.is_polling)
    assert pushed.gets() == FULL_POLL
    assert pushed.coordinator.is_pushed


async def test_profile_is_changed(pushed: Pushed) -> None:
    """Test that heaters which a profile gains are there without waiting for a poll."""
    assert pushed.state_of("climate.chamber") is None
    pushed.fake.load("multi_idle_custom_sensors")
    await pushed.event("PrinterProfileModified", identifier="_default")
    await until(lambda: pushed.state_of("climate.chamber") == "off")


async def test_permissions_are_changed(pushed: Pushed) -> None:
    """Test that a key that loses or gains a permission is known to at once."""
    assert pushed.state_of("button.home_all_axes") == "unknown"
    account = pushed.fake.json("GET", "/api/currentuser")
    less = account | {"permissions": ["STATUS", "SETTINGS_READ", "FILES_LIST"]}
    pushed.fake.answer("GET", "/api/currentuser", json=less)
    await pushed.fake.push.reauth("modified")
    await until(lambda: pushed.state_of("button.home_all_axes") == "unavailable")
    assert pushed.state_of("sensor.state") == "operational"
    assert pushed.coordinator.is_pushed

    pushed.fake.restore("GET", "/api/currentuser")
    await pushed.fake.push.reauth("modified")
    await until(lambda: pushed.state_of("button.home_all_axes") == "unknown")
    assert pushed.fake.push.opened == 1


async def test_error(pushed: Pushed) -> None:
    """Test an error that ends the connection in the middle of a print."""
    pushed.fake.load("printing_local")
    await pushed.state("PRINTING", "Printing")
    await pushed.current()
    pushed.fake.load("error_fatal_while_printing")
    text = "Kill() called!"
    await pushed.event("Error", error=text, reason="firmware", consequence="disconnect")
    assert pushed.state_of("sensor.error") == text
    assert pushed.state_of("binary_sensor.problem") == "on"
    await pushed.state("ERROR", f"Error: {text}")
    assert pushed.state_of("sensor.state") == "error"
    assert pushed.state_of("sensor.last_print_result") == "failed"
    assert pushed.state_of("sensor.tool_temperature") == "unavailable"
    assert pushed.gets() == []


async def test_error_of_the_firmware(pushed: Pushed) -> None:
    """Test a print that is cancelled for an error, after which the printer goes on."""
    pushed.fake.load("printing_local")
    await pushed.state("PRINTING", "Printing")
    await pushed.current()
    pushed.fake.load("after_nonfatal_firmware_error_cancelled_job")
    await pushed.event("PrintCancelling", firmwareError="Thermal runaway")
    await pushed.state("CANCELLING", "Cancelling")
    await pushed.state("OPERATIONAL", "Operational")
    assert pushed.state_of("sensor.last_print_result") == "failed"
    # What the error was, is read.
    await until(lambda: pushed.gets()[-1:] == ["/api/printer/error"])
    await until(lambda: pushed.state_of("binary_sensor.problem") == "on")


@pytest.mark.parametrize(
    ("domain", "service", "data", "command"),
    [
        ("button", "press", {"entity_id": "button.prusa_pause_print"}, "/api/job"),
        (
            "climate",
            "set_hvac_mode",
            {"entity_id": "climate.prusa_tool", "hvac_mode": "off"},
            "/api/printer/tool",
        ),
    ],
)
async def test_commands_need_no_poll(
    pushed: Pushed, domain: str, service: str, data: dict[str, str], command: str
) -> None:
    """Test that nothing is read before or after a command: its effect is pushed."""
    pushed.fake.load("printing_local")
    await pushed.state("PRINTING", "Printing")
    pushed.fake.clear()
    await pushed.hass.services.async_call(domain, service, data, blocking=True)
    await pushed.heard()
    await pushed.idle()
    assert [request.path for request in pushed.fake.requests] == [command]


async def test_switch_needs_no_poll(pushed: Pushed) -> None:
    target = {"entity_id": "switch.prusa_printer_connection"}
    # Whether a print has begun is asked right before, as what is known may be seconds old.
    for service in ("turn_off", "turn_on"):
        await pushed.hass.services.async_call("switch", service, target, blocking=True)
        await pushed.heard()
        await pushed.idle()
        paths = [each.path for each in pushed.fake.requests]
        assert paths == ["/api/job", "/api/connection"]
        pushed.fake.load("disconnected")
        await pushed.state("OFFLINE", "Offline")
        pushed.fake.clear()


async def test_mistake_of_ours(
    pushed: Pushed, caplog: pytest.LogCaptureFixture
) -> None:
    """Test that a mistake in taking messages is logged once, and that polls go on until it is gone."""
    with patch(
        "custom_components.octoprint_plus.coordinator.advance_pushed",
        side_effect=KeyError("ours"),
    ):
        await pushed.fake.push.current()
        await until(lambda: not pushed.coordinator.is_pushed)
        pushed.fake.load("disconnected")
        await pushed.coordinator.async_refresh()
        assert pushed.state_of("sensor.state") == "offline"
    assert caplog.text.count("Prusa: unexpected error while taking") == 1
    assert caplog.text.count("KeyError: 'ours'") == 1
    pushed.coordinator.async_server_seen()
    await until(lambda: pushed.coordinator.is_pushed)


async def test_diagnostics(pushed: Pushed, hass_client: ClientSessionGenerator) -> None:
    """Test that they tell how data arrives, and no secrets of the socket."""
    assert await async_setup_component(pushed.hass, "diagnostics", {})
    found = await get_diagnostics_for_config_entry(
        pushed.hass, hass_client, pushed.entry
    )
    assert found["is_pushed"] is True
    assert found["poll_interval"] == POLL_PUSHED.total_seconds()
    (session,) = pushed.fake.push.sessions
    assert session not in str(found)
