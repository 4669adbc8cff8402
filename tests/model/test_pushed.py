"""Test the snapshot as it follows what is pushed: recordings, and one message at a time."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from custom_components.octoprint_plus.api import State
from custom_components.octoprint_plus.api.connection import parse_connection
from custom_components.octoprint_plus.api.job import NO_PROGRESS, JobFile, PrintResult
from custom_components.octoprint_plus.api.printer import (
    Flags,
    Heater,
    PrinterError,
    PrinterState,
)
from custom_components.octoprint_plus.api.socket.messages import (
    Current,
    ErrorOccurred,
    FileSelected,
    Hello,
    PrintEnding,
    PrintStarted,
    PushMessage,
    ReadAgain,
    ReauthRequired,
    StateChanged,
    TimelapseChanged,
)
from custom_components.octoprint_plus.api.state import (
    CONNECTING_STATES,
    JOB_STATES,
    OFFLINE_STATES,
)
from custom_components.octoprint_plus.api.timelapse import TimelapseConfig
from custom_components.octoprint_plus.model.prints import (
    Memory,
    RunningPrint,
    note_ending,
)
from custom_components.octoprint_plus.model.snapshot import (
    Snapshot,
    advance_aside,
    advance_pushed,
)

from ..api.replay import (
    CONNECTION,
    IDLE,
    NO_JOB,
    SERVER,
    START,
    Line,
    Replay,
    polled,
    recording,
)

BOAT = JobFile(name="boat.gcode", path="boat.gcode", origin="local", size=1000)
CUBE = JobFile(name="cube.gcode", path="cube.gcode", origin="local", size=2000)

BOAT_DATA: dict[str, Any] = {
    "name": "boat.gcode",
    "path": "boat.gcode",
    "origin": "local",
}
CUBE_DATA: dict[str, Any] = {
    "name": "cube.gcode",
    "path": "cube.gcode",
    "origin": "local",
}

RUNAWAY = PrinterError(
    error="Thermal Runaway", reason="firmware", consequence="emergency", faq_url=None
)

CONNECTS = ["open_serial", "connecting", "operational"]


def states(replay: Replay) -> list[str | None]:
    """Return the states that came one after another."""
    return [None if state is None else state.value for state in replay.states]


def last_current(lines: tuple[Line, ...]) -> Mapping[str, Any] | None:
    """Return the last of the lines that tells the printer as it is."""
    found = [line.data for line in lines if line.kind in {"current", "history"}]
    return found[-1] if found else None


# Recordings as a whole: a poll, and then nothing but what is pushed.


@pytest.mark.parametrize(
    ("name", "expected", "results"),
    [
        (
            "lifecycle_local_pause_resume_done",
            ["operational", "starting", "printing", "finishing", "operational"],
            [("Heater Test.gcode", "done", 9)],
        ),
        (
            "lifecycle_local_pause_resume_cancel",
            [
                "operational",
                *("starting", "printing", "pausing", "paused"),
                *("resuming", "printing", "pausing", "paused"),
                # Restarted from the pause, and cancelled then.
                *("starting", "printing", "cancelling", "operational"),
            ],
            [("test_main.gcode", "cancelled", 7), ("test_main.gcode", "cancelled", 3)],
        ),
        (
            "lifecycle_nonfatal_firmware_error_disconnectOnErrors_false",
            ["operational", "starting", "printing", "cancelling", "operational"],
            [("long.gcode", "failed", 2)],
        ),
        (
            # Cancelled while it finished.
            "misc_gcode_events_idle",
            [
                *("operational", "starting", "printing", "finishing", "cancelling"),
                "operational",
            ],
            [("short.gcode", "cancelled", 4)],
        ),
        (
            # Its `current`s come once a second, and some of them too late.
            "lifecycle_misc_gcode_events",
            [
                *("operational", "starting", "cancelling", "error"),
                *("offline_after_error", *CONNECTS),
                # From an SD card, and a file of the server at once after it.
                *("starting", "printing", "cancelling", "operational"),
                *("starting", "printing", "cancelling", "operational"),
            ],
            [
                ("short.gcode", "cancelled", 0),
                ("sdcanc~1.gco", "cancelled", 2),
                ("test_main.gcode", "cancelled", 2),
            ],
        ),
        (
            "multi_tool_print",
            ["operational", "starting", "printing", "finishing", "operational"],
            [("dual.gcode", "done", 4)],
        ),
        (
            # Without any `current`.
            "lifecycle_timelapse",
            [
                *("operational", "starting", "printing", "finishing", "operational"),
                *("starting", "printing", "cancelling", "operational"),
                *("starting", "printing", "finishing", "operational"),
            ],
            [
                ("tl.gcode", "done", 4),
                ("tl.gcode", "cancelled", 4),
                ("tl.gcode", "done", 4),
            ],
        ),
        (
            "lifecycle_timelapse_success",
            ["operational", "starting", "printing", "finishing", "operational"],
            [("tl.gcode", "done", 4)],
        ),
    ],
)
def test_recording(
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    expected: list[str],
    results: list[tuple[str, str, int]],
) -> None:
    lines = recording(name)
    before = last_current(lines[:3])
    replay = Replay(monkeypatch, polled(before) if before else None)
    replay.play(lines)
    assert states(replay) == expected
    assert replay.results == results
    assert replay.snapshot.memory.running is None
    assert replay.snapshot.error is None


SD_PRINTS = "lifecycle_sd_upload_print_pause_cancel"


def test_recording_of_an_sd_card(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = recording(SD_PRINTS)
    replay = Replay(monkeypatch, polled(last_current(lines[:3]) or {}))
    replay.play(lines)
    assert states(replay) == [
        *("operational", "transferring_file", "operational"),
        *("starting", "printing", "pausing", "paused", "resuming", "finishing"),
        *("operational", "starting", "printing", "finishing", "operational"),
        *("transferring_file", "operational"),
    ]
    assert replay.snapshot.memory.running is None


def test_transfer_is_no_print(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = recording(SD_PRINTS)
    for since, until in ((0, 2.6), (22.5, 99)):
        before = tuple(line for line in lines if line.at < since) or lines[:3]
        replay = Replay(monkeypatch, polled(last_current(before) or {}))
        for line in lines:
            if since <= line.at < until:
                replay.play((line,))
                assert replay.snapshot.memory.running is None
        assert states(replay) == ["operational", "transferring_file", "operational"]
        assert replay.ends == []


def test_short_print_of_an_sd_card(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = recording(SD_PRINTS)
    before = tuple(line for line in lines if line.at < 17)
    replay = Replay(monkeypatch, polled(last_current(before) or {}))
    assert replay.snapshot.job.progress.completion == 100
    replay.play(tuple(line for line in lines if 17 <= line.at < 22.6))
    assert replay.results == [("sdtest~1.gco", "done", 0)]
    assert replay.ends[0].ended_at == START + timedelta(seconds=21)


# The same of each of what went wrong.

ERRORS = {
    line.note: tuple(
        each for each in recording("lifecycle_errors") if each.note == line.note
    )
    for line in recording("lifecycle_errors")
    if line.note != "reconnect"
}

RUNAWAY_TEXT = (
    "Thermal Runaway, system stopped! Heater_ID: bed - Printer halted. kill() called!"
)
FATAL_TEXT = (
    "fatal: Heater/sensor error - Printer stopped and heaters disabled due to this "
    "error. Fix error and restart with M999."
)


@pytest.mark.parametrize(
    ("note", "expected", "results", "error", "text"),
    [
        (
            "fatal error (marlin) while printing",
            ["operational", "starting", "printing", "error", "offline_after_error"],
            [("test_main.gcode", "failed", 2)],
            ("firmware", "emergency"),
            RUNAWAY_TEXT,
        ),
        (
            "fatal error while idle",
            ["operational", "error", "offline_after_error"],
            [],
            ("firmware", "emergency"),
            FATAL_TEXT,
        ),
        (
            "drop_connection while printing",
            [
                *("operational", "starting", "printing"),
                *("offline", "offline_after_error"),
            ],
            [("test_main.gcode", "failed", 2)],
            None,
            "SerialTimeoutException",
        ),
        (
            "drop_connection while idle",
            ["operational", "offline_after_error"],
            [],
            None,
            "SerialTimeoutException",
        ),
        (
            "M112 while idle",
            ["operational", "offline", "offline_after_error"],
            [],
            None,
            "Closing serial port due to emergency stop M112.",
        ),
        ("action:disconnect", ["operational", "offline"], [], None, None),
        (
            "action:pause/resume/cancel host actions",
            [
                *("operational", "starting", "printing", "pausing", "paused"),
                *("resuming", "printing", "cancelling", "operational"),
            ],
            [("test_main.gcode", "cancelled", 6)],
            None,
            None,
        ),
        (
            "firmware error line, disconnectOnErrors=false, while printing",
            ["operational", "starting", "printing", "error", "offline_after_error"],
            [("test_main.gcode", "failed", 2)],
            ("firmware", "emergency"),
            FATAL_TEXT,
        ),
    ],
)
def test_error(
    monkeypatch: pytest.MonkeyPatch,
    note: str,
    expected: list[str],
    results: list[tuple[str, str, int]],
    error: tuple[str, str] | None,
    text: str | None,
) -> None:
    lines = ERRORS[note]
    everything = recording("lifecycle_errors")
    before = everything[: everything.index(lines[0])] or everything[:2]
    replay = Replay(monkeypatch, polled(last_current(before) or {}))
    replay.play(lines)
    assert states(replay) == expected
    assert replay.results == results
    snapshot = replay.snapshot
    found = snapshot.error
    assert (found and (found.reason, found.consequence)) == error
    assert snapshot.error_text == text
    assert snapshot.has_problem is (text is not None)
    assert snapshot.memory.running is None
    # All that is told is as a poll would find it now.
    now = polled(last_current(lines) or {}, error=found)
    assert (snapshot.job, snapshot.state) == (now.job, now.state)
    if not snapshot.is_connected:
        assert snapshot.job.file is None
        assert snapshot.heaters == {}
        assert (snapshot.z, snapshot.sd_ready) == (None, None)


def test_all_errors_one_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = recording("lifecycle_errors")
    replay = Replay(monkeypatch, polled(last_current(lines[:3]) or {}))
    replay.play(lines)
    before_it_connected = [
        states(replay)[at - 1]
        for at, state in enumerate(replay.states)
        if state is State.OPEN_SERIAL
    ]
    assert before_it_connected == ["offline_after_error"] * 5 + ["offline"]
    assert [result for _, result, _ in replay.results] == [
        *("failed", "failed", "cancelled", "failed")
    ]


def test_times_of_a_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = recording("lifecycle_local_pause_resume_done")
    replay = Replay(monkeypatch, polled(last_current(lines[:3]) or {}))
    started = set()
    for line in lines:
        replay.play((line,))
        if running := replay.snapshot.memory.running:
            started.add(running.started_at)
            assert running.file.name == "Heater Test.gcode"
    assert started == {START + timedelta(seconds=1)}
    assert replay.ends[0].ended_at == START + timedelta(seconds=13)
    assert replay.snapshot.job.progress.completion == 100


# One message after another, on a printer that prints.


def a_current(
    text: str,
    file: Mapping[str, Any] | None = BOAT_DATA,
    *,
    completion: float | None = None,
    time: int | None = None,
    left: int | None = None,
    error: str = "",
    **over: Any,
) -> dict[str, Any]:
    """Return the content of a `current`."""
    is_on = text not in {"Offline", "Offline after error", "Opening serial connection"}
    return {
        "state": {
            "text": text,
            "flags": {"operational": is_on, "sdReady": is_on},
            "error": error,
        },
        "job": {"file": file} if file else NO_JOB,
        "progress": {
            "completion": completion,
            "printTime": time,
            "printTimeLeft": left,
        },
        "currentZ": None,
        "offsets": {},
        "temps": [{"time": 1, "tool0": {"actual": 200.0, "target": 200.0}}],
    } | over


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> Replay:
    """Return a connected printer that does nothing, with a file that was printed."""
    return Replay(monkeypatch, polled(a_current("Operational", completion=100, time=7)))


@pytest.fixture
def printing(monkeypatch: pytest.MonkeyPatch) -> Replay:
    """Return a printer in the middle of a print."""
    data = a_current("Printing", completion=50, time=100, left=90, currentZ=3.0)
    replay = Replay(monkeypatch, polled(data))
    replay.send("current", data)
    return replay


def running_of(snapshot: Snapshot) -> RunningPrint:
    """Return the running print."""
    assert snapshot.memory.running is not None
    return snapshot.memory.running


STALE = a_current("Operational", completion=100, time=7)


@pytest.mark.parametrize("position", range(5))
def test_selected_and_started_at_once(idle: Replay, position: int) -> None:
    """A `current` of the file before may come anywhere in between."""
    events = (
        ("FileSelected", CUBE_DATA),
        ("PrinterStateChanged", {"state_id": "STARTING", "state_string": "Starting"}),
        ("PrintStarted", CUBE_DATA),
        ("PrinterStateChanged", {"state_id": "PRINTING", "state_string": "Printing"}),
    )
    for at, (name, payload) in enumerate(events):
        if at == position:
            idle.send("current", STALE, after=0.01)
        idle.event(name, after=0.01, **payload)
    if position == len(events):
        idle.send("current", STALE, after=0.01)
    running = running_of(idle.snapshot)
    assert running.file.path == "cube.gcode"
    started_at = running.started_at
    idle.send("current", a_current("Printing", CUBE_DATA, completion=1, time=0))
    idle.send(
        "current", a_current("Printing", CUBE_DATA, completion=2, time=1), after=1
    )
    assert running_of(idle.snapshot).started_at == started_at
    assert idle.ends == []
    assert states(idle)[-2:] == ["starting", "printing"]


def test_started_before_its_state_is_told(idle: Replay) -> None:
    """The order of neighbours varies."""
    idle.event("FileSelected", **CUBE_DATA)
    idle.event("PrintStarted", **CUBE_DATA)
    idle.state("STARTING", "Starting")
    idle.state("PRINTING", "Printing")
    idle.send("current", a_current("Printing", CUBE_DATA, time=0), after=0.3)
    assert running_of(idle.snapshot).file.path == "cube.gcode"
    assert idle.ends == []


def test_started_before_it_is_selected(idle: Replay) -> None:
    idle.state("STARTING", "Starting")
    idle.event("PrintStarted", **CUBE_DATA)
    idle.event("FileSelected", **CUBE_DATA)
    idle.state("PRINTING", "Printing")
    idle.send("current", a_current("Printing", CUBE_DATA, time=0), after=0.3)
    assert running_of(idle.snapshot).file.path == "cube.gcode"
    assert idle.ends == []


def test_started_again(idle: Replay) -> None:
    """The file is the one that was printed before, still at 100 %."""
    idle.state("STARTING", "Starting")
    assert idle.snapshot.job.progress == NO_PROGRESS
    assert idle.snapshot.memory.running is None
    idle.event("PrintStarted", **BOAT_DATA)
    running = running_of(idle.snapshot)
    assert (running.print_time, running.completed) == (0, False)
    assert running.started_at == START


def test_started_without_being_told(idle: Replay) -> None:
    """A `current` alone tells it, too."""
    idle.send("current", a_current("Printing", time=2, left=60), after=2.5)
    running = running_of(idle.snapshot)
    assert running.started_at == START
    assert running.finish_at == START + timedelta(seconds=62)


def test_start_of_an_unknown_file(idle: Replay) -> None:
    idle.state("STARTING", "Starting")
    idle.event("PrintStarted")
    assert running_of(idle.snapshot).file.path == "boat.gcode"


def test_start_of_a_file_on_the_other_storage(idle: Replay) -> None:
    idle.state("STARTING", "Starting")
    idle.event("PrintStarted", **BOAT_DATA | {"origin": "sdcard"})
    assert running_of(idle.snapshot).file.origin == "sdcard"
    assert idle.snapshot.job.file
    assert idle.snapshot.job.file.origin == "sdcard"


def test_start_keeps_what_is_known_of_the_file(idle: Replay) -> None:
    idle.send("current", a_current("Operational", {**BOAT_DATA, "size": 1000}))
    idle.state("STARTING", "Starting")
    idle.event("PrintStarted", **BOAT_DATA)
    assert idle.snapshot.job.file == BOAT


def test_done(printing: Replay) -> None:
    started_at = running_of(printing.snapshot).started_at
    printing.state("FINISHING", "Finishing", after=90)
    assert running_of(printing.snapshot).completed
    printing.event("PrintDone", **BOAT_DATA, time=190.4)
    running = running_of(printing.snapshot)
    assert running.is_told
    assert (running.started_at, running.print_time) == (started_at, 190)
    assert printing.ends == []
    printing.state("OPERATIONAL", "Operational", after=2)
    assert printing.results == [("boat.gcode", "done", 190)]
    assert printing.ends[0].ended_at == START + timedelta(seconds=92)
    # What follows does not end it once more.
    progress = a_current("Operational", completion=100, time=190)
    printing.send("current", progress, after=0.2)
    printing.event("PrintDone", **BOAT_DATA, time=190.4)
    assert len(printing.ends) == 1


def test_end_that_only_a_current_tells(printing: Replay) -> None:
    printing.send("current", a_current("Operational", completion=100, time=190))
    assert printing.results == [("boat.gcode", "done", 190)]


@pytest.mark.parametrize(
    "order",
    [
        ("CANCELLING", "PrintCancelled", "PrintFailed", "OPERATIONAL"),
        ("PrintCancelled", "CANCELLING", "PrintFailed", "OPERATIONAL"),
        ("PrintCancelled", "PrintFailed", "CANCELLING", "OPERATIONAL"),
        ("CANCELLING", "OPERATIONAL", "PrintCancelled", "PrintFailed"),
        ("CANCELLING", "PrintFailed", "OPERATIONAL", "PrintCancelled"),
        ("CANCELLING", "OPERATIONAL"),
    ],
)
@pytest.mark.parametrize("has_failed", [False, True])
def test_cancelled(
    printing: Replay, order: tuple[str, ...], *, has_failed: bool
) -> None:
    why: dict[str, Any] = {"firmwareError": "Something odd"} if has_failed else {}
    printing.event("PrintCancelling", **BOAT_DATA, **why)
    for name in order:
        if name.isupper():
            printing.state(name, name.capitalize())
        else:
            printing.event(name, **BOAT_DATA, time=100.2, reason="cancelled")
    result = "failed" if has_failed else "cancelled"
    assert printing.results == [("boat.gcode", result, 100)]
    assert printing.snapshot.memory.running is None


def test_cancelled_while_finishing(printing: Replay) -> None:
    printing.state("FINISHING", "Finishing")
    printing.event("PrintDone", **BOAT_DATA, time=190)
    printing.state("CANCELLING", "Cancelling")
    printing.event("PrintCancelled", **BOAT_DATA, time=191, reason="cancelled")
    printing.state("OPERATIONAL", "Operational")
    assert printing.results == [("boat.gcode", "cancelled", 191)]


def test_pause_is_no_end(printing: Replay) -> None:
    running = running_of(printing.snapshot)
    for state_id, text in (
        ("PAUSING", "Pausing"),
        ("PAUSED", "Paused"),
        ("RESUMING", "Resuming"),
        ("PRINTING", "Printing"),
    ):
        printing.state(state_id, text, after=10)
        data = a_current(text, completion=50, time=100, left=90)
        printing.send("current", data, after=1)
        assert running_of(printing.snapshot).started_at == running.started_at
        assert running_of(printing.snapshot).print_time == 100
    assert printing.ends == []


def test_restarted(printing: Replay) -> None:
    printing.state("PAUSED", "Paused")
    printing.state("STARTING", "Starting", after=60)
    assert printing.results == [("boat.gcode", "cancelled", 100)]
    printing.event("PrintStarted", **BOAT_DATA)
    printing.state("PRINTING", "Printing", after=1)
    printing.send(
        "current", a_current("Paused", completion=50, time=100, left=90), after=0.1
    )
    printing.send("current", a_current("Printing", completion=1, time=1), after=0.5)
    running = running_of(printing.snapshot)
    assert running.started_at == START + timedelta(seconds=60)
    assert running.print_time == 1
    assert len(printing.ends) == 1


@pytest.mark.parametrize(
    "events",
    [
        ("ERROR", "Error", "FileDeselected", "OFFLINE", "PrintFailed"),
        ("Error", "ERROR", "FileDeselected", "OFFLINE", "PrintFailed"),
        ("ERROR", "Error", "OFFLINE", "FileDeselected", "PrintFailed"),
        ("ERROR", "OFFLINE", "Error", "PrintFailed", "FileDeselected"),
        ("PrintFailed", "FileDeselected", "ERROR", "OFFLINE", "Error"),
        ("FileDeselected", "PrintFailed", "ERROR", "OFFLINE", "Error"),
    ],
)
def test_fatal_error(printing: Replay, events: tuple[str, ...]) -> None:
    for name in events:
        if name.isupper():
            printing.state(name, name.capitalize())
        elif name == "Error":
            printing.event(name, error="Thermal Runaway", reason="firmware")
        elif name == "PrintFailed":
            printing.event(name, **BOAT_DATA, time=100.2, reason="error")
        else:
            printing.event(name)
    assert printing.results == [("boat.gcode", "failed", 100)]
    assert states(printing)[-2:] == ["error", "offline_after_error"]
    assert printing.snapshot.error_text == "Thermal Runaway"
    assert printing.snapshot.has_problem


def test_current_between_the_events_of_a_loss(printing: Replay) -> None:
    """A `current` that was held back does not end the print another way."""
    printing.event("FileDeselected")
    warmer = [{"time": 2, "tool0": {"actual": 201.5, "target": 200.0}}]
    printing.send("current", a_current("Printing", None, temps=warmer))
    assert printing.results == []
    printing.state("OFFLINE", "Offline")
    printing.event("PrintFailed", **BOAT_DATA, time=100, reason="error")
    assert printing.results == [("boat.gcode", "failed", 100)]


def test_lost_with_the_last_commands(printing: Replay) -> None:
    """All of the file was read, and then the printer was lost: nothing was finished."""
    printing.send("current", a_current("Printing", completion=100, time=189, left=0))
    running = running_of(printing.snapshot)
    assert (running.at_end, running.is_told) == (True, False)
    printing.event("FileDeselected")
    printing.state("OFFLINE", "Offline")
    printing.event("PrintFailed", **BOAT_DATA, time=190, reason="error")
    assert printing.results == [("boat.gcode", "failed", 189)]


def test_end_of_a_file_that_was_read_to_its_end(printing: Replay) -> None:
    """It was finished, also where another file is selected at once."""
    printing.send("current", a_current("Printing", completion=100, time=189, left=0))
    printing.send("current", a_current("Operational", CUBE_DATA), after=3)
    assert printing.results == [("boat.gcode", "done", 189)]


def test_failed_while_it_was_cancelled(printing: Replay) -> None:
    printing.state("CANCELLING", "Cancelling")
    printing.event("Error", error="Thermal Runaway")
    printing.state("ERROR", "Error")
    assert printing.results == [("boat.gcode", "failed", 100)]


def test_emergency_stop(printing: Replay) -> None:
    printing.event("FileDeselected")
    printing.state("OFFLINE", "Offline")
    printing.event("PrintFailed", **BOAT_DATA, time=100, reason="error")
    stop = "Closing serial port due to emergency stop M112."
    printing.send(
        "current", a_current("Offline after error", None, error=stop), after=0.3
    )
    assert printing.results == [("boat.gcode", "failed", 100)]
    assert states(printing)[-2:] == ["offline", "offline_after_error"]
    assert printing.snapshot.error is None
    assert printing.snapshot.error_text == stop


def test_end_of_another_file(printing: Replay) -> None:
    printing.event("PrintDone", **CUBE_DATA, time=7)
    running = running_of(printing.snapshot)
    assert (running.is_told, running.print_time) == (False, 100)
    printing.state("OPERATIONAL", "Operational")
    assert printing.results == [("boat.gcode", "cancelled", 100)]


def test_end_of_nothing(idle: Replay) -> None:
    idle.event("PrintDone", **BOAT_DATA, time=7)
    idle.event("PrintFailed", **BOAT_DATA, time=7)
    assert idle.snapshot.memory == Memory(
        heaters=frozenset({"tool0"}), last_targets={"tool0": 200.0}
    )


def test_outdated_current_ends_nothing(idle: Replay) -> None:
    idle.state("STARTING", "Starting")
    idle.event("PrintStarted", **BOAT_DATA)
    idle.state("PRINTING", "Printing")
    temps = [{"tool0": {"actual": 190.0, "target": 200.0}}]
    idle.send("current", STALE | {"temps": temps, "currentZ": 0.3}, after=0.5)
    assert idle.snapshot.state is State.PRINTING
    assert idle.ends == []
    # All the rest of it is taken.
    assert idle.snapshot.heaters["tool0"].actual == 190
    assert idle.snapshot.z == 0.3


# The printer switched off and on.


@pytest.mark.parametrize("state", sorted(OFFLINE_STATES | CONNECTING_STATES))
def test_state_of_a_printer_that_is_off(printing: Replay, state: State) -> None:
    snapshot = printing.take(StateChanged(state=state))
    assert snapshot.state is state
    assert not snapshot.is_connected
    assert snapshot.job.file is None
    assert snapshot.job.progress == NO_PROGRESS
    assert snapshot.heaters == {}
    assert snapshot.z is None
    assert snapshot.memory.running is None
    assert snapshot.memory.heaters == {"tool0"}
    assert snapshot.memory.last_targets == {"tool0": 200.0}


@pytest.mark.parametrize(
    "text", ["Offline", "Offline after error", "Opening serial connection", "Error"]
)
def test_current_of_a_printer_that_is_off(printing: Replay, text: str) -> None:
    data = a_current(text, None, currentZ=3.0)
    snapshot = printing.send("current", data)
    assert not snapshot.is_connected
    assert snapshot.job.file is None
    assert snapshot.heaters == {}
    assert (snapshot.z, snapshot.sd_ready) == (None, None)
    assert printing.send("current", data) is snapshot


def test_only_a_time_is_no_temperature(printing: Replay) -> None:
    """It comes after the printer was disconnected, maybe before the state does."""
    snapshot = printing.send("current", a_current("Printing", temps=[{"time": 3}]))
    assert snapshot.heaters == {}
    assert snapshot.memory.heaters == {"tool0"}


def test_current_without_new_temperatures(printing: Replay) -> None:
    before = printing.snapshot.heaters
    snapshot = printing.send("current", a_current("Printing", time=101, temps=[]))
    assert snapshot.heaters is before
    assert snapshot.job.progress.print_time == 101


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("ERROR", "OFFLINE", State.OFFLINE_AFTER_ERROR),
        ("CLOSED_WITH_ERROR", "CLOSED", State.OFFLINE_AFTER_ERROR),
        ("OFFLINE", "OFFLINE", State.OFFLINE),
        ("OFFLINE", "ERROR", State.ERROR),
        ("OFFLINE", "CLOSED_WITH_ERROR", State.OFFLINE_AFTER_ERROR),
        ("CONNECTING", "OFFLINE", State.OFFLINE),
        ("PRINTING", "OFFLINE", State.OFFLINE),
    ],
)
def test_just_offline(idle: Replay, first: str, second: str, expected: State) -> None:
    idle.state(first, "")
    idle.state(second, "")
    assert idle.snapshot.state is expected


# Errors.


@pytest.mark.parametrize(
    "state_id", ["STARTING", "OPEN_SERIAL", "DETECT_SERIAL", "CONNECTING"]
)
def test_error_is_forgotten(idle: Replay, state_id: str) -> None:
    idle.event("Error", error="Thermal Runaway", reason="firmware")
    assert idle.snapshot.error
    idle.state(state_id, "")
    assert idle.snapshot.error is None


@pytest.mark.parametrize(
    "text",
    ["Starting", "Opening serial connection", "Detecting serial connection"],
)
def test_error_is_forgotten_by_a_current(idle: Replay, text: str) -> None:
    idle.event("Error", error="Thermal Runaway")
    idle.send("current", a_current(text))
    assert idle.snapshot.error is None


def test_error_while_it_connects(idle: Replay) -> None:
    """It is of this connection, so only another one makes it forgotten."""
    idle.state("CONNECTING", "Connecting")
    idle.event("Error", error="Thermal Runaway")
    idle.send("current", a_current("Connecting", None))
    assert idle.snapshot.error
    idle.state("CONNECTING", "Connecting")
    assert idle.snapshot.error


@pytest.mark.parametrize(
    "state_id",
    [
        state.name
        for state in sorted(set(State) - CONNECTING_STATES)
        if state is not State.STARTING
    ],
)
def test_error_stays(idle: Replay, state_id: str) -> None:
    idle.event("Error", error="Thermal Runaway")
    idle.state(state_id, "")
    assert idle.snapshot.error_text == "Thermal Runaway"


def test_error_without_a_print(idle: Replay) -> None:
    memory = idle.snapshot.memory
    snapshot = idle.take(ErrorOccurred(error=RUNAWAY))
    assert snapshot.error == RUNAWAY
    assert snapshot.memory is memory
    assert snapshot.state is State.OPERATIONAL


# What is told of the SD card, Z, and heaters.


def test_sd_ready(idle: Replay) -> None:
    snapshot = idle.take(
        Current(job=None, flags=Flags(), sd_ready=True, z=None, heaters=None)
    )
    assert snapshot.sd_ready is True
    for ready in (False, True):
        flags = {"operational": True, "sdReady": ready}
        state = {"text": "Operational", "flags": flags}
        idle.send("current", a_current("Operational", state=state))
        assert idle.snapshot.sd_ready is ready


def test_sd_ready_where_there_is_no_sd_support(monkeypatch: pytest.MonkeyPatch) -> None:
    """A `current` tells false there, which only a poll can tell from a missing card."""
    snapshot = replace(polled(a_current("Operational")), sd_ready=None)
    replay = Replay(monkeypatch, snapshot)
    for ready in (False, True):
        flags = {"operational": True, "sdReady": ready}
        state = {"text": "Operational", "flags": flags}
        replay.send("current", a_current("Operational", time=1, state=state))
        assert replay.snapshot.sd_ready is None


def test_z(printing: Replay) -> None:
    assert printing.snapshot.z == 3.0
    data = a_current("Printing", completion=50, time=100, left=90)
    assert printing.send("current", {**data, "currentZ": 3.3}).z == 3.3
    assert printing.send("current", {**data, "currentZ": None}).z is None
    printing.send("current", {**data, "currentZ": 0.0})
    assert printing.snapshot.z == 0
    # A poll does not know it and leaves it.
    assert polled(data, previous=printing.snapshot).z == 0
    off = a_current("Offline", None)
    assert polled(off, previous=printing.snapshot).z is None
    assert printing.state("OFFLINE", "Offline").z is None


def test_heaters_that_the_profile_allows(idle: Replay) -> None:
    temps = [
        {
            "time": 1,
            **{
                name: {"actual": 30.0, "target": 40.0}
                for name in ("tool2", "tool1", "tool0", "chamber", "bed", "A", "W")
            },
        }
    ]
    snapshot = idle.send("current", a_current("Operational", temps=temps))
    assert list(snapshot.heaters) == ["bed", "chamber", "tool0", "tool1"]
    assert snapshot.memory.heaters == set(snapshot.heaters)
    assert snapshot.memory.last_targets == dict.fromkeys(snapshot.heaters, 40.0)


def test_offsets(idle: Replay) -> None:
    snapshot = idle.send("current", a_current("Operational", offsets={"tool0": 5}))
    assert snapshot.heaters["tool0"] == Heater(actual=200, target=200, offset=5)
    snapshot = idle.send("current", a_current("Operational"))
    assert snapshot.heaters["tool0"].offset == 0


def test_state_by_the_flags_alone(idle: Replay) -> None:
    """The text may be one that we do not know, and stay the same."""
    for flag, state in (("printing", State.PRINTING), ("paused", State.PAUSED)):
        flags = {"operational": True, "sdReady": True, flag: True}
        told = {"text": "Beschäftigt", "flags": flags}
        snapshot = idle.send("current", a_current("", state=told))
        assert snapshot.state is state
        assert snapshot.memory.running


def test_unknown_state(printing: Replay) -> None:
    data = a_current("Unknown State (42)", completion=50, time=100, left=90)
    data["state"]["flags"] = {}
    snapshot = printing.send("current", data)
    assert snapshot.state is State.OTHER
    assert snapshot.is_connected
    assert snapshot.is_busy
    # What it is not known to be off from is kept.
    assert snapshot.heaters
    assert printing.state("UNHEARD_OF", "Unknown State (42)") is snapshot


# Files.


def test_file_selected(idle: Replay) -> None:
    job = idle.snapshot.job
    snapshot = idle.event("FileSelected", **CUBE_DATA)
    assert snapshot.job == replace(
        job, file=replace(CUBE, size=None), progress=NO_PROGRESS
    )
    assert idle.ends == []


def test_file_deselected(idle: Replay) -> None:
    snapshot = idle.event("FileDeselected")
    assert snapshot.job.file is None
    assert snapshot.job.progress == NO_PROGRESS


# Nothing follows.


@pytest.mark.parametrize(
    "message",
    [
        Hello(version="1.11.8"),
        ReauthRequired(reason="modified"),
        ReadAgain(event="SettingsUpdated"),
        ReadAgain(event="Connected"),
    ],
)
@pytest.mark.parametrize("state", ["Printing", "Operational"])
def test_nothing_follows(message: PushMessage, state: str) -> None:
    snapshot = polled(a_current(state))
    assert advance_pushed(snapshot, message, START) is snapshot


def test_nothing_follows_without_a_print(idle: Replay) -> None:
    snapshot = idle.snapshot
    assert idle.take(ReadAgain(event="PrintCancelling", has_failed=True)) is snapshot


def test_nothing_new(printing: Replay) -> None:
    data = a_current("Printing", completion=51, time=101, left=89, currentZ=3.0)
    snapshot = printing.send("current", data)
    assert printing.send("current", data, after=1) is snapshot
    assert printing.send("current", {**data, "temps": []}, after=1) is snapshot
    assert printing.send("history", data, after=1) is snapshot


@pytest.mark.parametrize(
    "over",
    [
        {"progress": {"completion": 51, "printTime": 100, "printTimeLeft": 90}},
        {"currentZ": 3.3},
        {"temps": [{"tool0": {"actual": 201.0, "target": 200.0}}]},
        {"offsets": {"tool0": 1}},
        {"job": {"file": {**BOAT_DATA, "size": 1000}}},
        {"state": {"text": "Paused", "flags": {"operational": True, "sdReady": True}}},
        {
            "state": {
                "text": "Printing",
                "flags": {"operational": True, "sdReady": False},
            }
        },
    ],
    ids=lambda over: next(iter(over)),
)
def test_something_new(printing: Replay, over: dict[str, Any]) -> None:
    data = a_current("Printing", completion=50, time=100, left=90, currentZ=3.0)
    snapshot = printing.snapshot
    assert printing.send("current", data) is snapshot
    assert printing.send("current", data | over) != snapshot


def test_server_is_left_alone(printing: Replay) -> None:
    before = printing.snapshot
    printing.play(recording("lifecycle_errors"))
    assert printing.snapshot.server is before.server
    assert printing.snapshot.connection is before.connection


# A poll during which something newer was pushed.


def test_poll_aside(printing: Replay) -> None:
    before = printing.snapshot
    server = replace(SERVER, commands=(), settings=None, profiles={})
    connection = parse_connection({"current": {"state": "Printing"}})
    printer = PrinterState(
        text="Operational",
        error=None,
        flags=Flags(ready=True),
        sd_ready=False,
        heaters={"bed": Heater(actual=1, target=1)},
    )
    after = advance_aside(
        before, server=server, connection=connection, printer=printer, error=RUNAWAY
    )
    assert after == replace(
        before, server=server, connection=connection, sd_ready=False, error=RUNAWAY
    )
    assert after.memory is before.memory
    assert after.job is before.job


@pytest.mark.parametrize("sd_ready", [True, False, None])
def test_poll_aside_tells_whether_there_is_sd_support(
    idle: Replay, *, sd_ready: bool | None
) -> None:
    printer = PrinterState(text=None, error=None, flags=Flags(), sd_ready=sd_ready)
    for known in (True, None):
        before = replace(idle.snapshot, sd_ready=known)
        after = advance_aside(
            before, server=SERVER, connection=CONNECTION, printer=printer, error=None
        )
        assert after.sd_ready is sd_ready


def test_poll_aside_of_a_printer_that_is_off(idle: Replay) -> None:
    """The printer was switched on or off while it was polled."""
    before = idle.snapshot
    after = advance_aside(
        before, server=SERVER, connection=CONNECTION, printer=None, error=None
    )
    assert after == before
    off = idle.send("current", a_current("Offline", None))
    printer = PrinterState(text=None, error=None, flags=Flags(), sd_ready=True)
    after = advance_aside(
        off, server=SERVER, connection=CONNECTION, printer=printer, error=None
    )
    assert after.sd_ready is None
    assert after == off


# What is noted of an end.

RUNNING = RunningPrint(file=BOAT, started_at=START, finish_at=None, print_time=100)


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (PrintResult.DONE, replace(RUNNING, completed=True)),
        (PrintResult.CANCELLED, replace(RUNNING, cancelled=True)),
        (PrintResult.FAILED, replace(RUNNING, failed=True)),
    ],
)
def test_noted_end(result: PrintResult, expected: RunningPrint) -> None:
    memory = note_ending(Memory(running=RUNNING), result, "boat.gcode", None)
    assert memory == Memory(running=expected)
    assert not RUNNING.is_told
    assert expected.is_told


@pytest.mark.parametrize(
    ("time", "expected"), [(None, 100), (9.4, 9), (0.0, 0), (101, 101)]
)
def test_noted_time(time: float | None, expected: int) -> None:
    memory = Memory(running=RUNNING)
    noted = note_ending(memory, PrintResult.DONE, "boat.gcode", time).running
    assert noted
    assert noted.print_time == expected
    assert type(noted.print_time) is int


def test_noted_ends_add_up() -> None:
    memory = Memory(running=RUNNING)
    for result in PrintResult:
        memory = note_ending(memory, result, "boat.gcode", None)
    assert memory.running == replace(
        RUNNING, completed=True, cancelled=True, failed=True
    )


@pytest.mark.parametrize("path", ["cube.gcode", "", None])
def test_not_noted(path: str | None) -> None:
    memory = Memory(running=RUNNING)
    assert note_ending(memory, PrintResult.DONE, path, 7) is memory
    assert note_ending(Memory(), PrintResult.DONE, path, 7) == Memory()


@pytest.mark.parametrize("state", sorted(set(State) - JOB_STATES - {State.OTHER}))
def test_running_print_ends_with_the_state(printing: Replay, state: State) -> None:
    snapshot = printing.take(StateChanged(state=state))
    assert snapshot.memory.running is None
    assert len(printing.ends) == 1


@pytest.mark.parametrize("state", sorted(JOB_STATES - {State.STARTING} | {State.OTHER}))
def test_running_print_goes_on_with_the_state(printing: Replay, state: State) -> None:
    before = running_of(printing.snapshot)
    snapshot = printing.take(StateChanged(state=state))
    assert running_of(snapshot).started_at == before.started_at
    assert printing.ends == []


@pytest.mark.parametrize(
    "message",
    [
        FileSelected(file=CUBE),
        FileSelected(file=None),
        PrintEnding(result=PrintResult.DONE, path="boat.gcode", print_time=1),
        ErrorOccurred(error=RUNAWAY),
        ReadAgain(event="PrintCancelling", has_failed=True),
    ],
)
def test_nothing_but_a_state_ends_a_print(
    printing: Replay, message: PushMessage
) -> None:
    snapshot = printing.take(message)
    assert snapshot.state is State.PRINTING
    assert running_of(snapshot).file.path == "boat.gcode"
    assert printing.ends == []


def test_start_of_another_file_ends_a_print(printing: Replay) -> None:
    printing.take(PrintStarted(file=CUBE))
    assert printing.results == [("boat.gcode", "cancelled", 100)]
    assert running_of(printing.snapshot).file == CUBE


@pytest.mark.parametrize(
    "message",
    [
        FileSelected(file=None),
        Hello(version="1.11.8"),
        PrintEnding(result=PrintResult.DONE, path="other.gcode", print_time=1),
        StateChanged(state=State.OPERATIONAL),
    ],
)
def test_same_snapshot_where_nothing_follows(message: PushMessage) -> None:
    """Test that a poll under way is not set aside for what is no news."""
    snapshot = polled(IDLE)
    assert advance_pushed(snapshot, message, START) is snapshot


def test_timelapse(printing: Replay) -> None:
    """What is told of a type is kept apart from what is not."""
    server = replace(
        SERVER, timelapse=TimelapseConfig(type="timed", fps=25, interval=5)
    )
    before = replace(printing.snapshot, server=server)

    def after(config: TimelapseConfig) -> Snapshot:
        return advance_pushed(before, TimelapseChanged(config=config), START)

    assert after(TimelapseConfig(type="timed")) is before
    assert after(TimelapseConfig(type="timed", interval=5)) is before
    told = after(TimelapseConfig(type="timed", interval=9))
    assert told.server.timelapse == TimelapseConfig(type="timed", fps=25, interval=9)
    zchange = TimelapseConfig(type="zchange", retraction_z_hop=0.5)
    assert after(zchange).server.timelapse == zchange
    off = after(TimelapseConfig(type="off"))
    assert off.server == replace(server, timelapse=TimelapseConfig(type="off"))
    assert replace(off, server=server) == before


def test_timelapse_of_a_key_that_may_not_read_it(printing: Replay) -> None:
    """What came of it would not be kept up to date by any poll."""
    before = printing.snapshot
    assert before.server.timelapse is None
    message = TimelapseChanged(config=TimelapseConfig(type="timed", interval=2))
    assert advance_pushed(before, message, START) is before
