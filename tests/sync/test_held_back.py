"""Tests that the last change within a pace is shown when the pace is over, without another message or poll."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.octoprint_plus.sync.publisher import PROGRESS_PACE
from homeassistant.core import CALLBACK_TYPE, HomeAssistant
from homeassistant.helpers.event import async_call_later

from ..fake_octoprint import FakeOctoPrint
from ..pushed import Pushed, pushing
from ..waiting import until


@pytest.fixture
async def pushed(
    freezer: FrozenDateTimeFactory,
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    config_entry: MockConfigEntry,
    no_heartbeat: None,
    entity_registry_enabled_by_default: None,
) -> AsyncGenerator[Pushed]:
    """Return a printer of which the server tells what changes, in a print."""
    fake.load("printing_local")
    async with pushing(hass, fake, config_entry) as pushed:
        await pushed.state("PRINTING", "Printing")
        await pushed.current()
        freezer.tick(60)
        fake.clear()
        yield pushed


def temps(actual: float) -> list[dict[str, Any]]:
    """Return a point of temperatures."""
    return [{"time": 1, "tool0": {"actual": actual, "target": 0.0}}]


def progress(completion: float, left: int) -> dict[str, Any]:
    """Return how far a print is."""
    return {
        "completion": completion,
        "printTime": 100,
        "printTimeLeft": left,
        "printTimeLeftOrigin": "linear",
    }


@pytest.mark.parametrize(
    ("entity", "values", "expected"),
    [
        (
            "sensor.tool_temperature",
            [{"temps": temps(each)} for each in (80.0, 50.0, 21.8)],
            ["50.0", "21.8"],
        ),
        (
            "sensor.progress",
            [{"progress": progress(each, 5000)} for each in (10, 20, 30)],
            ["20", "30"],
        ),
        (
            "sensor.z_height",
            [{"currentZ": each} for each in (1.0, 2.0, 5.0)],
            ["2.0", "5.0"],
        ),
    ],
)
async def test_pushed(
    pushed: Pushed,
    freezer: FrozenDateTimeFactory,
    entity: str,
    values: list[dict[str, Any]],
    expected: list[str],
) -> None:
    """Test what moves twice within a pace and then stands still."""
    calm = {"temps": temps(80.0), "progress": progress(10, 5000), "currentZ": 1.0}
    first, second, last = values
    await pushed.current(**calm | first)
    freezer.tick(timedelta(seconds=PROGRESS_PACE + 1))
    await pushed.current(**calm | second)
    freezer.tick(0.5)
    await pushed.current(**calm | last)
    assert float(pushed.state_of(entity) or 0) == float(expected[0])
    freezer.tick(timedelta(seconds=PROGRESS_PACE + 1))
    async_fire_time_changed(pushed.hass)
    await until(lambda: float(pushed.state_of(entity) or 0) == float(expected[1]))
    assert pushed.gets() == []


async def test_upload(pushed: Pushed, freezer: FrozenDateTimeFactory) -> None:
    """Test an upload that comes to a halt."""
    with pushed.coordinator.uploads.follow("vase.gcode", 100) as note:
        note(10)
        freezer.tick(2)
        note(20)
        note(37)
        assert pushed.state_of("sensor.upload") == "20"
        freezer.tick(2)
        async_fire_time_changed(pushed.hass)
        await until(lambda: pushed.state_of("sensor.upload") == "37")


async def test_unload(
    pushed: Pushed, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that nothing is left of what was to be shown later."""
    waiting: list[CALLBACK_TYPE] = []

    def later(hass: HomeAssistant, delay: float, action: Any) -> CALLBACK_TYPE:
        stop = async_call_later(hass, delay, action)

        def stop_waiting() -> None:
            waiting.remove(stop_waiting)
            stop()

        waiting.append(stop_waiting)
        return stop_waiting

    monkeypatch.setattr(
        "custom_components.octoprint_plus.coordinator.async_call_later", later
    )
    for actual in range(200, 20, -5):
        # Something else may come meanwhile, and bring what was held back along.
        await pushed.current(temps=temps(float(actual)))
        freezer.tick(0.1)
        if waiting:
            break
    assert len(waiting) == 1
    await pushed.unload()
    assert waiting == []
