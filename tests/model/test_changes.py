"""Test changes: what happened between two moments."""

from dataclasses import replace
from datetime import timedelta
import re
from typing import Any, override

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.octoprint_plus.api.printer import PrinterError
from custom_components.octoprint_plus.api.socket.events import Occurrence
from custom_components.octoprint_plus.api.state import State
from custom_components.octoprint_plus.model.changes import Told, next_told, occurred
from custom_components.octoprint_plus.model.prints import Memory
from custom_components.octoprint_plus.model.snapshot import Snapshot
from custom_components.octoprint_plus.sync.stored import Reader, to_dict

from ..api.replay import IDLE, START, Replay, polled, recording
from .test_ends import CUBE, a_current, follow
from .test_properties import WAITS, Follower, disturbed, frames


class Teller(Replay):
    """Notes what is told of each step, over restarts of ours."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot | None = None
    ) -> None:
        """Begin with nothing told."""
        self.told: Told | None = None
        self.occurred: list[Occurrence] = []
        super().__init__(monkeypatch, snapshot)

    @property
    def types(self) -> list[str]:
        """Return what it was, in its order."""
        return [each.type for each in self.occurred]

    @property
    def of_prints(self) -> list[str]:
        """Return what happened to prints, in its order."""
        return [each.type for each in self.occurred if each.subject == "print"]

    @override
    def note(self, previous: Snapshot) -> None:
        """Tell what happened in a step."""
        super().note(previous)
        told = self.told or next_told(None, previous)
        # As a restart would read it.
        told = Reader([]).told(to_dict(told))
        self.occurred.extend(occurred(told, self.snapshot))
        self.told = next_told(told, self.snapshot)
        assert list(occurred(self.told, self.snapshot)) == []


class TellingFollower(Follower, Teller):
    """Notes what is told of a model."""


# What was recorded.

PAUSED_AND_CANCELLED = ["started", "paused", "resumed", "cancelled"]

LIFECYCLES = {
    "lifecycle_errors": [
        *("started", "disconnected", "failed", "error", "connected"),
        *("disconnected", "error", "connected"),
        *("started", "disconnected", "failed", "error", "connected"),
        *("disconnected", "error", "connected"),
        *("disconnected", "error", "connected"),
        *("disconnected", "connected"),
        *PAUSED_AND_CANCELLED,
        *("started", "disconnected", "failed", "error"),
    ],
    # The second pause ends with a restart of the print.
    "lifecycle_local_pause_resume_cancel": [
        *("started", "paused", "resumed", "paused", "cancelled"),
        *("started", "cancelled"),
    ],
    "lifecycle_local_pause_resume_done": ["started", "finished"],
    "lifecycle_misc_gcode_events": [
        *("started", "disconnected", "cancelled", "error", "connected"),
        *("started", "cancelled"),
        *("started", "cancelled"),
    ],
    "lifecycle_nonfatal_firmware_error_disconnectOnErrors_false": ["started", "failed"],
    "lifecycle_sd_upload_print_pause_cancel": [
        *("started", "paused", "resumed", "finished"),
        *("started", "finished"),
    ],
    "lifecycle_timelapse": [
        *("started", "finished"),
        *("started", "cancelled"),
        *("started", "finished"),
    ],
    "lifecycle_timelapse_success": ["started", "finished"],
    "misc_gcode_events_idle": ["started", "cancelled"],
    "multi_tool_print": ["started", "finished"],
}


@pytest.mark.parametrize(("name", "types"), LIFECYCLES.items())
def test_recording(
    monkeypatch: pytest.MonkeyPatch, name: str, types: list[str]
) -> None:
    """Test that a recording gives exactly what happened, in its order."""
    lines = recording(name)
    teller = Teller(monkeypatch, polled(IDLE))
    teller.play(lines)
    assert teller.types == types


# What is told of it.

PRINTING = a_current("Printing", completion=50, time=100, left=90)
PAUSED = a_current("Paused", completion=50, time=100)
OTHER = a_current("Printing", CUBE, completion=1, time=3)
DONE = a_current("Operational", completion=100, time=190)
OFF: dict[str, Any] = {"state": {"text": "Offline", "flags": {}}, "temps": []}


def told_from(data: dict[str, Any]) -> tuple[Told, Memory]:
    """Return what a store has kept of a printer."""
    told = next_told(None, polled(data))
    kept = Reader([]).told(to_dict(told))
    assert kept == told
    return kept, kept.memory


def away(before: dict[str, Any], after: dict[str, Any]) -> list[Occurrence]:
    """Return what is told of what happened in ten minutes without us."""
    told, memory = told_from(before)
    return list(occurred(told, polled(after, memory=memory, after=600)))


@pytest.mark.parametrize(
    ("before", "after", "types"),
    [
        (DONE, DONE, []),
        (DONE, PRINTING, ["started"]),
        (DONE, PAUSED, ["started", "paused"]),
        (DONE, OFF, ["disconnected"]),
        (OFF, OFF, []),
        (OFF, PRINTING, ["connected", "started"]),
        (PRINTING, PRINTING, []),
        (PRINTING, PAUSED, ["paused"]),
        (PRINTING, DONE, ["finished"]),
        (PRINTING, OTHER, ["cancelled", "started"]),
        (PRINTING, OFF, ["disconnected", "failed"]),
        (PAUSED, PAUSED, []),
        (PAUSED, PRINTING, ["resumed"]),
        (PAUSED, DONE, ["finished"]),
        (PAUSED, OTHER, ["cancelled", "started"]),
        (PAUSED, a_current("Cancelling"), []),
        (PAUSED, a_current("Finishing", completion=100, time=190), ["resumed"]),
    ],
)
def test_away(before: Any, after: Any, types: list[str]) -> None:
    """Test that what happened while nobody listened is told as far as it is seen."""
    assert [each.type for each in away(before, after)] == types


def test_data() -> None:
    """Test what is told beside the name of it."""
    boat = {"file": "boat.gcode", "path": "boat.gcode", "location": "local"}
    began = (START + timedelta(seconds=500)).isoformat()
    ended = (START + timedelta(seconds=600)).isoformat()
    [started, paused] = away(DONE, PAUSED)
    assert (started.subject, started.data) == ("print", boat | {"started_at": began})
    assert (paused.subject, paused.data) == ("print", boat)
    [finished] = away(PRINTING, DONE)
    assert finished.data == boat | {"print_time": 190, "ended_at": ended}
    [disconnected, failed] = away(PRINTING, OFF)
    assert (disconnected.subject, disconnected.data) == ("printer", {})
    assert failed.data == boat | {"print_time": 100, "ended_at": ended, "reason": None}


@pytest.mark.parametrize("data", [OFF, DONE, PRINTING, PAUSED])
def test_nothing_is_told_of_what_was_there(data: dict[str, Any]) -> None:
    """Test that a new printer, and one from before there were events, is not told."""
    told = next_told(None, polled(data))
    assert list(occurred(told, polled(data, memory=told.memory))) == []
    old = to_dict(told)
    del old["connected"], old["errors"]
    if "running" in old:
        del old["running"]["paused"]
    kept = Reader([]).told(old)
    failed = {**data, "state": {**data["state"], "error": "Thermal Runaway"}}
    assert list(occurred(kept, polled(failed, memory=kept.memory))) == []


def test_end_that_is_not_settled() -> None:
    """Test that prints wait for it, and the printer does not."""
    told, memory = told_from(PRINTING)
    off = polled(OFF, memory=memory, after=9)
    types = [each.type for each in occurred(told, off, is_settled=False)]
    assert types == ["disconnected"]
    waiting = next_told(told, off, is_settled=False)
    assert waiting.memory is memory
    assert [each.type for each in occurred(waiting, off)] == ["failed"]


def test_reason_of_an_end_that_is_not_settled() -> None:
    """Test that it is kept where the printer is connected again before it is."""
    told, memory = told_from(PRINTING)
    off = dropped(polled(OFF, memory=memory, after=9))
    told = next_told(told, off, is_settled=False)
    assert told.reason == "SerialTimeoutException: "
    other = replace(off, job=replace(off.job, error="Another"))
    told = next_told(told, other, is_settled=False)
    on = polled(IDLE, memory=off.memory, after=12)
    [connected, failed] = occurred(told, on)
    assert (connected.type, failed.type) == ("connected", "failed")
    assert failed.data["reason"] == "SerialTimeoutException: "
    assert next_told(told, on).reason is None


def test_state_that_nobody_knows() -> None:
    """Test that it tells nothing of the connection."""
    told, memory = told_from(DONE)
    unknown = polled(a_current("Unknown State (42)"), memory=memory)
    unknown = replace(unknown, state=State.OTHER)
    assert list(occurred(told, unknown)) == []
    told = next_told(told, unknown)
    assert list(occurred(told, polled(DONE, memory=memory))) == []
    assert next_told(None, unknown).is_connected is None


# Errors.


def an_error(text: str, reason: str | None = None) -> PrinterError:
    """Return the last error."""
    return PrinterError(error=text, reason=reason, consequence=None, faq_url=None)


def told_errors(*snapshots: Snapshot) -> list[tuple[str | None, str | None]]:
    """Return text and reason of all errors that are told."""
    told = next_told(None, snapshots[0])
    errors = []
    for snapshot in snapshots[1:]:
        errors += [
            (each.data["error"], each.data["reason"])
            for each in occurred(told, snapshot)
            if each.type == "error"
        ]
        told = next_told(told, snapshot)
    return errors


FINE = polled(IDLE)
COLD = replace(FINE, error=an_error("Heating failed", "firmware"))
AFTER_ERROR = replace(FINE, state=State.OFFLINE_AFTER_ERROR)


def dropped(snapshot: Snapshot) -> Snapshot:
    """Return a snapshot with an error of the connection."""
    job = replace(snapshot.job, error="SerialTimeoutException: ")
    return replace(snapshot, job=job, state=State.OFFLINE_AFTER_ERROR)


@pytest.mark.parametrize(
    ("snapshots", "errors"),
    [
        ((FINE, COLD, COLD, FINE), [("Heating failed", "firmware")]),
        ((COLD, COLD), []),
        ((FINE, COLD, FINE, COLD), [("Heating failed", "firmware")] * 2),
        # Another one, while the last one is still there.
        ((COLD, dropped(COLD)), [("SerialTimeoutException: ", None)]),
        (
            (COLD, replace(COLD, error=an_error("Probing failed"))),
            [("Probing failed", None)],
        ),
        # One text from two families is one error.
        (
            (FINE, COLD, replace(COLD, job=replace(COLD.job, error="Heating failed"))),
            [("Heating failed", "firmware")],
        ),
        # The state comes before the text.
        ((FINE, AFTER_ERROR, dropped(FINE)), [(None, None)]),
        ((FINE, replace(FINE, state=State.ERROR)), []),
    ],
)
def test_errors(snapshots: Any, errors: list[Any]) -> None:
    """Test that each error is told once."""
    assert told_errors(*snapshots) == errors


# Whatever comes, in whichever order.

PRINTS = re.compile(
    r"( started( paused resumed)*( paused)?( (finished|cancelled|failed))?)*"
)
CONNECTIONS = re.compile(r"( disconnected connected)*( disconnected)?")


def check_order(teller: Teller) -> None:
    """Look whether each print begins once and ends once, and nothing is told twice."""
    prints = "".join(f" {each}" for each in teller.of_prints)
    assert PRINTS.fullmatch(prints), prints
    connections = "".join(
        f" {each}" for each in teller.types if each.endswith("connected")
    )
    assert CONNECTIONS.fullmatch(connections), connections


ENDS = {"done": "finished", "cancelled": "cancelled", "failed": "failed"}


@given(st.data())
@settings(max_examples=150)
def test_each_print_is_told_once(data: st.DataObject) -> None:
    """Test that no start and no end is lost or told twice, over restarts of ours too."""
    with pytest.MonkeyPatch.context() as patch:
        teller = TellingFollower(patch)
        follow(teller, data)
        check_order(teller)
        ends = [each for each in teller.of_prints if each in ENDS.values()]
        assert ends == [ENDS[result] for _, result in teller.model.ends]
        is_running = teller.snapshot.memory.running is not None
        assert teller.of_prints.count("started") == len(ends) + is_running


@given(st.data())
@settings(max_examples=100)
def test_each_print_is_told_once_where_much_is_lost(data: st.DataObject) -> None:
    """Test that what is told stays in its order where frames are lost, late or doubled."""
    with pytest.MonkeyPatch.context() as patch:
        teller = TellingFollower(patch)
        for kind, content in disturbed(data, list(frames(teller, data))):
            teller.wait(data.draw(WAITS))
            if kind != "poll":
                teller.send(kind, content)
        teller.poll(is_full=True)
        check_order(teller)
        assert (teller.snapshot.memory.running is None) is (
            teller.of_prints[-1:] == [] or teller.of_prints[-1] in ENDS.values()
        )
