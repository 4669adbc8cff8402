"""Tests for a server whose clock is hours or days off."""

from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from time import time
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.octoprint_plus.api.clock import LASTING
from custom_components.octoprint_plus.const import DOMAIN
from custom_components.octoprint_plus.coordinator import POLL_PUSHED
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from .fake_octoprint import FakeOctoPrint
from .pushed import Pushed, pushing
from .waiting import refresh, until

HOUR = 3600.0

off = pytest.mark.parametrize(
    "ahead",
    [72 * HOUR, HOUR, -30 * HOUR, -48 * HOUR],
    ids=["3 days", "1 hour", "-30 hours", "-48 hours"],
)

FILE = "/api/files/local/test_main.gcode"


@pytest.fixture
def ahead() -> float:
    """Return by how many seconds the server's clock is ahead."""
    return 0.0


@pytest.fixture
async def pushed(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    config_entry: MockConfigEntry,
    ahead: float,
) -> AsyncGenerator[Pushed]:
    """Return a printer whose server pushes, by such a clock."""
    fake.push.clock_ahead = ahead
    async with pushing(hass, fake, config_entry) as pushed:
        yield pushed


def a_file(date: float, print_time: float = 551.0) -> dict[str, Any]:
    """Return the file with the history of its last print."""
    last = {"success": True, "date": date, "printTime": print_time}
    prints = {"success": 1, "failure": 0, "last": last}
    return {"name": "test_main.gcode", "date": date, "prints": prints}


def moment_of(pushed: Pushed, name: str) -> datetime:
    """Return what a sensor shows as a moment."""
    found = dt_util.parse_datetime(pushed.state_of(f"sensor.{name}") or "")
    assert found is not None
    return found


def event_of(pushed: Pushed) -> str:
    """Return the last event of the print."""
    event: str = pushed.hass.states.get("event.prusa_print").attributes["event_type"]
    return event


@off
async def test_print_that_ended_while_home_assistant_was_away(
    freezer: FrozenDateTimeFactory, pushed: Pushed, ahead: float
) -> None:
    """Test that it is told as its file's history has it, at the time at which it ended."""
    pushed.fake.load("printing_local")
    await pushed.state("PRINTING", "Printing")
    await pushed.current()
    await pushed.unload()
    freezer.tick(551)
    ended_at = dt_util.utcnow()
    freezer.tick(HOUR)
    pushed.fake.load("operational_idle_no_file")
    pushed.fake.answer("GET", FILE, json=a_file(time() - HOUR + ahead))
    await pushed.load()
    await until(lambda: pushed.coordinator.update_interval == POLL_PUSHED)
    assert pushed.state_of("sensor.last_print_result") == "done"
    assert float(
        pushed.state_of("sensor.last_print_duration") or 0
    ) * 60 == pytest.approx(551)
    assert abs(moment_of(pushed, "last_print_end") - ended_at) <= timedelta(seconds=5)
    await until(lambda: event_of(pushed) == "finished")


@off
async def test_earlier_print_of_the_same_file(
    freezer: FrozenDateTimeFactory, pushed: Pushed, ahead: float
) -> None:
    """Test that a print that was canceled unseen is not told as finished by the one before."""
    earlier = time() - HOUR / 2
    pushed.fake.load("printing_local")
    await pushed.state("PRINTING", "Printing")
    await pushed.current()
    await pushed.unload()
    freezer.tick(551)
    pushed.fake.load("operational_idle_no_file")
    pushed.fake.answer("GET", FILE, json=a_file(earlier + ahead))
    await pushed.load()
    await until(lambda: pushed.coordinator.is_pushed)
    for _ in range(3):
        await refresh(pushed.hass, pushed.entry)
    assert pushed.state_of("sensor.last_print_result") == "cancelled"
    assert event_of(pushed) == "cancelled"
    assert abs(moment_of(pushed, "last_print_end") - dt_util.utcnow()) <= timedelta(
        seconds=5
    )


async def test_earlier_print_by_a_clock_that_nobody_tells(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test that no print is told to have ended in the future, polled and without a Date."""
    fake.load("printing_local")
    await refresh(hass, init_integration)
    fake.load("operational_idle_no_file")
    fake.answer("GET", FILE, json=a_file(time() + HOUR / 2))
    for _ in range(4):
        await refresh(hass, init_integration)
    assert hass.states.get("sensor.prusa_last_print_result").state == "cancelled"
    shown = dt_util.parse_datetime(hass.states.get("sensor.prusa_last_print_end").state)
    assert shown
    assert shown <= dt_util.utcnow()


@off
async def test_print_that_ended_by_dated_answers(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    ahead: float,
) -> None:
    """Test that a proxy's headers tell the clock where there is no socket."""
    fake.has_dates = True
    fake.push.clock_ahead = ahead
    config_entry.add_to_hass(hass)
    fake.load("printing_local")
    await hass.config_entries.async_setup(config_entry.entry_id)
    await hass.async_block_till_done()
    freezer.tick(551)
    await refresh(hass, config_entry)
    fake.load("operational_idle_no_file")
    fake.answer("GET", FILE, json=a_file(time() + ahead))
    await refresh(hass, config_entry)
    assert hass.states.get("sensor.prusa_last_print_result").state == "done"
    duration = hass.states.get("sensor.prusa_last_print_duration").state
    assert float(duration) * 60 == pytest.approx(551)
    await hass.config_entries.async_unload(config_entry.entry_id)


@off
async def test_dates_of_files(
    hass: HomeAssistant, pushed: Pushed, ahead: float
) -> None:
    """Test that an action tells dates by Home Assistant's clock."""
    pushed.fake.answer("GET", FILE, json=a_file(time() + ahead))
    found = await hass.services.async_call(
        DOMAIN,
        "get_file",
        {"path": "test_main.gcode"},
        blocking=True,
        return_response=True,
    )
    file: Any = found
    for date in (file["date"], file["prints"]["last"]["date"]):
        told = dt_util.parse_datetime(date)
        assert told
        assert abs(told - dt_util.utcnow()) <= timedelta(seconds=5)


# The repair.


def issue_of(pushed: Pushed) -> ir.IssueEntry | None:
    """Return the repair that tells of the clock."""
    issue_id = f"wrong_clock_{pushed.entry.entry_id}"
    return ir.async_get(pushed.hass).async_get_issue(DOMAIN, issue_id)


@pytest.mark.parametrize(
    ("ahead", "difference"),
    [
        (72 * HOUR + 20, "3 d 0 h"),
        (HOUR, "1 h 0 min"),
        (-30 * HOUR, "1 d 6 h"),
        (-150, "2 min"),
    ],
)
async def test_repair(
    freezer: FrozenDateTimeFactory, pushed: Pushed, difference: str
) -> None:
    """Test that people are told of a clock that stays off, until it is right."""
    await refresh(pushed.hass, pushed.entry)
    assert issue_of(pushed) is None
    await pushed.tick(freezer, LASTING)
    await refresh(pushed.hass, pushed.entry)
    issue = issue_of(pushed)
    assert issue
    assert issue.translation_placeholders
    assert issue.translation_placeholders["difference"] == difference
    pushed.fake.push.clock_ahead = 1
    await pushed.tick(freezer, 15)
    await pushed.current()
    await refresh(pushed.hass, pushed.entry)
    assert issue_of(pushed) is None


@pytest.mark.parametrize("ahead", [0, 90, -90])
async def test_no_repair(freezer: FrozenDateTimeFactory, pushed: Pushed) -> None:
    """Test that nobody is told of what makes no difference to people."""
    await pushed.tick(freezer, LASTING)
    await refresh(pushed.hass, pushed.entry)
    assert issue_of(pushed) is None


@pytest.mark.parametrize("ahead", [72 * HOUR])
async def test_ignored_repair(freezer: FrozenDateTimeFactory, pushed: Pushed) -> None:
    """Test that it stays ignored after a restart, while it is not known whether it is right."""
    await pushed.tick(freezer, LASTING)
    await refresh(pushed.hass, pushed.entry)
    issue = issue_of(pushed)
    assert issue
    ir.async_ignore_issue(pushed.hass, DOMAIN, issue.issue_id, True)
    await pushed.unload()
    await pushed.load()
    await until(lambda: pushed.coordinator.is_pushed)
    await refresh(pushed.hass, pushed.entry)
    issue = issue_of(pushed)
    assert issue
    assert issue.dismissed_version


@pytest.mark.parametrize("ahead", [-48 * HOUR])
async def test_diagnostics(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, pushed: Pushed
) -> None:
    """Test that they tell how far the clock is off."""
    assert await async_setup_component(hass, "diagnostics", {})
    found = await get_diagnostics_for_config_entry(hass, hass_client, pushed.entry)
    assert found["clock_ahead"] == pytest.approx(-48 * HOUR, abs=5)
