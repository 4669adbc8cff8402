"""Test that a file has one name from the start to the end of its print, the shown one."""

from collections.abc import AsyncGenerator
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.octoprint_plus.const import DOMAIN
from custom_components.octoprint_plus.sync import naming
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.event import async_track_state_change_event

from ..fake_octoprint import FakeOctoPrint
from ..pushed import Pushed, pushing
from ..waiting import until

STORED = "Why Part 23.gcode"
SHOWN = "Why? Part: 2*3.gcode"

# OctoPrint's events have no `display`, and FileSelected no size.
EVENT = {"name": STORED, "path": STORED, "origin": "local", "size": 1000}
FILE = EVENT | {"display": SHOWN, "date": 1700000000}


@pytest.fixture
async def named(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> AsyncGenerator[Pushed]:
    """Return an idle printer with another file, of which the server tells by itself."""
    fake.load("operational_idle_file_selected")
    async with pushing(hass, fake, config_entry) as pushed:
        yield pushed


def names(pushed: Pushed) -> list[str]:
    """Return the names that the sensor has from now on."""
    found: list[str] = []

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        if (state := event.data["new_state"]) is not None:
            found.append(state.state)

    for sensor in ("sensor.prusa_file", "sensor.prusa_last_print"):
        async_track_state_change_event(pushed.hass, sensor, note)
    return found


def told(pushed: Pushed) -> list[tuple[Any, ...]]:
    """Return what is told of prints and timelapses from now on, with the file of each."""
    found: list[tuple[Any, ...]] = []

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        state = event.data["new_state"]
        if state is not None and (attributes := state.attributes).get("event_type"):
            found.append(
                (
                    attributes["event_type"],
                    attributes.get("file"),
                    attributes.get("path"),
                )
            )

    for entity in ("event.prusa_print", "event.prusa_timelapse"):
        async_track_state_change_event(pushed.hass, entity, note)
    return found


def answer(pushed: Pushed, state: str = "Printing") -> None:
    """Let the server answer that the file is selected or printed."""
    for path in ("/api/job", "/api/printer"):
        recording = pushed.fake.json("GET", path)
        if path == "/api/job":
            recording["job"]["file"] = FILE
            recording["state"] = state
        else:
            flags = recording["state"]["flags"]
            flags |= {"printing": state == "Printing", "ready": state != "Printing"}
            recording["state"]["text"] = state
        pushed.fake.answer("GET", path, json=recording)


async def begin(pushed: Pushed) -> None:
    """Push that a file is selected and printed, as OctoPrint 1.11.8 tells it."""
    await pushed.event("FileSelected", **(EVENT | {"size": None}))
    await pushed.state("STARTING", "Starting")
    await pushed.event("PrintStarted", **EVENT)
    await pushed.state("PRINTING", "Printing")
    answer(pushed)


async def test_one_name_from_start_to_end(named: Pushed) -> None:
    """Test that sensors and events have the shown name only, and the path beside it."""
    found, events = names(named), told(named)
    await begin(named)
    assert named.state_of("sensor.state") == "printing"
    assert (found, events) == ([], [])
    await named.current()
    assert (found, events) == ([SHOWN], [("started", SHOWN, STORED)])
    await named.event("PrintDone", **EVENT, time=60)
    await named.state("OPERATIONAL", "Operational")
    answer(named, "Operational")
    await named.current()
    await named.event("MovieRendering", gcode=STORED, movie_basename="movie.mp4")
    await named.event("MovieDone", gcode=STORED, movie_basename="movie.mp4")
    assert found == [SHOWN, SHOWN]
    assert events == [
        ("started", SHOWN, STORED),
        ("finished", SHOWN, STORED),
        ("rendering", SHOWN, None),
        ("rendered", SHOWN, None),
    ]


async def test_name_that_never_comes(
    named: Pushed, freezer: FrozenDateTimeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that the stored name does after a while, and the start is told with it."""
    monkeypatch.setattr(naming, "PATIENCE", 0.2)
    found, events = names(named), told(named)
    await begin(named)
    assert (found, events) == ([], [])
    freezer.tick(5)
    async_fire_time_changed(named.hass)
    await until(lambda: found and events)
    assert (found, events) == ([STORED], [("started", STORED, STORED)])


async def test_name_of_a_print_that_ends_at_once(named: Pushed) -> None:
    """Test that what ends before its name came was told to have started, in its order."""
    events = told(named)
    await begin(named)
    await named.event("PrintCancelled", **EVENT, time=1, reason="cancelled")
    await named.state("OPERATIONAL", "Operational")
    await named.idle()
    assert [type_ for type_, _, _ in events] == ["started", "cancelled"]


async def test_what_happens_in_a_print_without_a_name(named: Pushed) -> None:
    """Test that a print is told to have started before anything of it is."""
    events = told(named)
    await begin(named)
    await named.event("FilamentChange")
    assert [type_ for type_, *_ in events] == ["started", "filament_change"]


async def test_stopped_before_the_name_came(named: Pushed) -> None:
    """Test that a print that ends while Home Assistant is away is known, and told."""
    await begin(named)
    hass = named.hass
    hass.bus.async_fire_internal(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()
    events = told(named)
    await hass.config_entries.async_unload(named.entry.entry_id)
    named.fake.load("after_print_done")
    await hass.config_entries.async_setup(named.entry.entry_id)
    await until(lambda: events)
    assert events == [("cancelled", STORED, STORED)]
    assert named.state_of("sensor.last_print") == STORED


async def test_problem_waits_for_no_name(named: Pushed) -> None:
    """Test that an error is shown while a name is awaited."""
    await begin(named)
    await named.event("Error", error="Thermal runaway")
    await named.state("ERROR", "Error")
    assert named.state_of("sensor.state") == "error"


async def test_what_is_printed_is_known_before_its_name(named: Pushed) -> None:
    """Test that the file that is printed cannot be deleted while its name is awaited."""
    await begin(named)
    with pytest.raises(ServiceValidationError) as err:
        await named.hass.services.async_call(
            DOMAIN, "delete_file", {"path": STORED}, blocking=True
        )
    assert err.value.translation_key == "file_in_use"
    assert not [each for each in named.fake.requests if each.method == "DELETE"]


@pytest.mark.parametrize("stored", [None, "", "other.gcode"])
async def test_timelapse_of_another_file(named: Pushed, stored: Any) -> None:
    """Test that the timelapse of a print that is not known keeps what is told."""
    events = told(named)
    await named.event("MovieRendering", gcode=stored, movie_basename="movie.mp4")
    assert events == [("rendering", stored or None, None)]
