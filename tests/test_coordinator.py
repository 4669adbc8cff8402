"""Tests for how the coordinator polls."""

from datetime import timedelta

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.octoprint_plus.coordinator import (
    POLL_ACTIVE,
    POLL_IDLE,
    POLL_TRANSIENT,
)
from homeassistant.core import HomeAssistant

from .conftest import refresh
from .fake_octoprint import FakeOctoPrint


def gets(fake: FakeOctoPrint) -> list[str]:
    """Return the paths that were read."""
    return [request.path for request in fake.requests if request.method == "GET"]


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


async def test_what_is_read(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that a poll reads two paths, one of a printer that is off, more when due."""
    fake.clear()
    await refresh(hass, init_integration)
    assert gets(fake) == ["/api/job", "/api/printer"]

    fake.load("disconnected")
    await refresh(hass, init_integration)
    fake.clear()
    await refresh(hass, init_integration)
    assert gets(fake) == ["/api/job"]

    freezer.tick(timedelta(minutes=6))
    fake.clear()
    await refresh(hass, init_integration)
    assert gets(fake) == [
        "/api/job",
        "/api/currentuser",
        "/api/server",
        "/api/settings",
        "/api/printerprofiles",
        "/api/system/commands",
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
    await refresh(hass, init_integration)
    assert hass.states.get("sensor.prusa_last_print_result").state == "cancelled"


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
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test that a revoked key is noticed in time where everybody may read."""
    guest = {"name": None, "groups": ["guests"], "permissions": ["STATUS"]}
    fake.answer("GET", "/api/currentuser", json=guest)
    await refresh(hass, init_integration)
    assert init_integration.runtime_data.last_update_success
    init_integration.runtime_data._server_read_at = None
    await refresh(hass, init_integration)
    assert not init_integration.runtime_data.last_update_success
    assert len(hass.config_entries.flow.async_progress()) == 1
