"""Test occurrences: what is made of events that tell of one moment."""

import json
from typing import Any

import pytest

from custom_components.octoprint_plus.api import PrintEventType
from custom_components.octoprint_plus.api.socket.events import (
    OCCURRENCE_PARSERS,
    Occurrence,
    Subject,
)
from custom_components.octoprint_plus.api.socket.messages import EVENTS, MessageReader
from custom_components.octoprint_plus.model.snapshot import advance_pushed

from ..replay import IDLE, START, polled, recording


def read(kind: str, payload: Any) -> Occurrence:
    """Return what is made of an event."""
    event = {"event": {"type": kind, "payload": payload}}
    message = MessageReader().read(json.dumps(event).encode())
    assert isinstance(message, Occurrence)
    return message


def recorded(name: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Return all that was told of single moments in a recording."""
    reader = MessageReader()
    messages = [reader.read(line.frame) for line in recording(name)]
    return [
        (each.subject.value, each.type, dict(each.data))
        for each in messages
        if isinstance(each, Occurrence)
    ]


def test_recorded_timelapse() -> None:
    movie = "tl_20261121024859.mp4"
    assert recorded("lifecycle_timelapse_success") == [
        ("timelapse", "rendering", {"file": "tl.gcode", "movie": movie}),
        ("timelapse", "rendered", {"file": "tl.gcode", "movie": movie}),
    ]


def test_recorded_failures() -> None:
    movie = {"file": "tl.gcode", "movie": "tl_20261121024820.mp4"}
    snap = "http://octopi.local/snap.jpg"
    reason = f"500 Server Error: Internal Server Error for url: {snap}"
    assert recorded("lifecycle_timelapse") == [
        ("timelapse", "capture_failed", {"reason": reason}),
        ("timelapse", "failed", {"file": "tl.gcode", "reason": "no_frames"}),
        ("timelapse", "rendering", movie),
        ("timelapse", "failed", {"file": "tl.gcode", "reason": "returncode"}),
    ]


def test_recorded_gcode() -> None:
    assert recorded("misc_gcode_events_idle") == [("print", "waiting", {})]


@pytest.mark.parametrize("payload", [None, {}, [], 3, {"name": "boat.gcode"}])
def test_filament_change(payload: Any) -> None:
    expected = Occurrence(subject=Subject.PRINT, type=PrintEventType.FILAMENT_CHANGE)
    assert read("FilamentChange", payload) == expected


@pytest.mark.parametrize("kind", OCCURRENCE_PARSERS)
@pytest.mark.parametrize(
    "payload",
    [None, [], 3, {"gcode": 3, "movie_basename": [], "reason": {}, "error": True}],
)
def test_junk(kind: str, payload: Any) -> None:
    """Test that what an event lacks is not known, and the event is told all the same."""
    assert set(read(kind, payload).data.values()) <= {None}


def test_paths_of_the_server_stay_there() -> None:
    payload = {"gcode": "boat.gcode", "movie": "/home/pi/x.mp4", "movie_basename": "x"}
    for kind in ("MovieRendering", "MovieDone", "MovieFailed"):
        assert "/home/pi" not in str(read(kind, payload))


def test_events_are_asked_for() -> None:
    assert set(OCCURRENCE_PARSERS) <= set(EVENTS)


def test_nothing_stays_of_it() -> None:
    before = polled(IDLE)
    assert advance_pushed(before, read("Waiting", {}), START) is before
