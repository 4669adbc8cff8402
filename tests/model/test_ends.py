"""Test that each print ends once, whatever is told of it when, and in which order."""

from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from ..api.replay import Replay, polled, recording
from .model import JOB_TEXTS
from .test_properties import PATHS, TURNS, WAITS, Follower, check_poll

# OctoPrint composes a `current` so long after something changed at the latest, and
# holds none back for longer.
HELD_BACK = 0.5

BOAT: dict[str, Any] = {"name": "boat.gcode", "path": "boat.gcode", "origin": "local"}
CUBE: dict[str, Any] = {"name": "cube.gcode", "path": "cube.gcode", "origin": "local"}


def a_current(
    text: str,
    file: dict[str, Any] = BOAT,
    *,
    completion: float | None = None,
    time: float | None = None,
    left: float | None = None,
) -> dict[str, Any]:
    """Return a `current`."""
    return {
        "state": {
            "text": text,
            "flags": {"operational": True, "sdReady": True},
            "error": "",
        },
        "job": {"file": file},
        "progress": {
            "completion": completion,
            "printTime": time,
            "printTimeLeft": left,
        },
        "temps": [],
    }


@pytest.fixture
def printing(monkeypatch: pytest.MonkeyPatch) -> Replay:
    """Return a print of 100 seconds so far."""
    data = a_current("Printing", completion=50, time=100, left=90)
    return Replay(monkeypatch, polled(data))


def test_time_of_an_end_that_rounds_up(printing: Replay) -> None:
    """Test 190.6 s at the end, after which OctoPrint goes on telling 190."""
    printing.state("PAUSED", "Paused")
    printing.state("PRINTING", "Printing", after=60)
    late = a_current("Printing", completion=99, time=190)
    printing.send("current", late, after=90.2)
    printing.state("FINISHING", "Finishing", after=0.4)
    printing.event("PrintDone", **BOAT, time=190.6)
    done = a_current("Finishing", completion=100, time=190)
    printing.send("current", done, after=0.3)
    printing.state("OPERATIONAL", "Operational", after=2)
    assert printing.results == [("boat.gcode", "done", 191)]


def test_end_is_told_before_the_state(printing: Replay) -> None:
    """Test that the time of the job, which is older, is not taken."""
    printing.event("PrintDone", **BOAT, time=190.4, after=90)
    printing.state("FINISHING", "Finishing", after=0.01)
    printing.state("OPERATIONAL", "Operational", after=2)
    assert printing.results == [("boat.gcode", "done", 190)]


def test_paused_on_an_sd_card(monkeypatch: pytest.MonkeyPatch) -> None:
    """Test that less time after a pause, which OctoPrint had counted, is the same print."""
    lines = recording("lifecycle_sd_upload_print_pause_cancel")
    replay = Replay(monkeypatch, polled(lines[1].data))
    replay.play(lines)
    assert [result for _, result, _ in replay.results] == ["done", "done"]


def test_current_from_before_a_poll(printing: Replay) -> None:
    """Test a `current` that was held back while a poll told more."""
    printing.at += 1
    printing.snapshot = polled(
        a_current("Printing", completion=51, time=101, left=89),
        previous=printing.snapshot,
        memory=printing.snapshot.memory,
        after=printing.at,
    )
    late = a_current("Printing", completion=50, time=100, left=90)
    printing.send("current", late, after=0.4)
    assert printing.results == []


@pytest.mark.parametrize(
    ("gap", "time", "results"),
    [
        (30, 20, [("boat.gcode", "cancelled", 100)]),
        (30, 28, []),
        (30, 35, []),
        (3600, 90, [("boat.gcode", "cancelled", 100)]),
    ],
)
def test_restarted_between_two_polls(
    printing: Replay, gap: float, time: int, results: list[Any]
) -> None:
    """Test that less time is another print where that can have begun since."""
    before, printing.at = printing.snapshot, gap
    printing.snapshot = polled(
        a_current("Printing", completion=1, time=time),
        previous=before,
        memory=before.memory,
        after=gap,
    )
    printing.note(before)
    assert printing.results == results


@pytest.mark.parametrize(("time", "count"), [(99, 1), (100, 0), (170, 0)])
def test_after_a_restart_of_ours(printing: Replay, time: int, count: int) -> None:
    """Test that nothing but the time tells a print that goes on from another."""
    before, printing.at = printing.snapshot, 86400
    printing.snapshot = polled(
        a_current("Printing", completion=1, time=time),
        memory=before.memory,
        after=86400,
    )
    printing.note(before)
    assert len(printing.results) == count


@pytest.mark.parametrize("key", ["time", "left"])
@pytest.mark.parametrize("seconds", [-1e11, 3e11, 1e18, 1e300])
def test_absurd_times(
    monkeypatch: pytest.MonkeyPatch, key: str, seconds: float
) -> None:
    """Test times that no calendar has."""
    replay = Replay(monkeypatch)
    progress: Any = {key: seconds}
    replay.send("current", a_current("Printing", **progress))
    assert replay.snapshot.job.progress.print_time is None
    assert replay.snapshot.job.progress.print_time_left is None
    assert replay.snapshot.memory.running


def test_late_current_of_the_file_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Test a print that begins within the age of a `current` that tells the last one."""
    replay = Replay(monkeypatch, polled(a_current("Printing", completion=99, time=100)))
    replay.state("FINISHING", "Finishing")
    replay.event("PrintDone", **BOAT, time=100.2)
    replay.state("OPERATIONAL", "Operational", after=0.15)
    replay.event("FileSelected", **CUBE)
    replay.state("STARTING", "Starting")
    replay.event("PrintStarted", **CUBE)
    replay.state("PRINTING", "Printing", after=0.01)
    late = a_current("Printing", completion=99, time=100)
    replay.send("current", late, after=0.1)
    replay.send("current", a_current("Printing", CUBE, completion=1, time=0), after=0.4)
    assert replay.results == [("boat.gcode", "done", 100)]


# Whatever comes, in whichever order.


def check_ends(follower: Follower) -> None:
    """Look whether each print that ended was told once, in its order."""
    ends = [(name, result) for name, result, _ in follower.results]
    assert ends == follower.model.ends


@given(st.data())
@settings(max_examples=250)
def test_each_print_ends_once(data: st.DataObject) -> None:
    """Test that no end is lost or told twice, while `current`s are late and polls come."""
    with pytest.MonkeyPatch.context() as patch:
        follower = Follower(patch)
        follow(follower, data)
        check_ends(follower)
        check_poll(follower)
        check_ends(follower)


def follow(follower: Follower, data: st.DataObject) -> None:
    """Let things happen, and tell them as OctoPrint does."""
    model = follower.model
    held: tuple[float, dict[str, Any]] | None = None
    starts: dict[int, Any] = {}

    def flush() -> None:
        nonlocal held
        if held is not None:
            content, held = held[1], None
            follower.send("current", content)

    def wait(seconds: float) -> None:
        if held is not None and held[0] + HELD_BACK < follower.at + seconds:
            first = max(0.0, held[0] + HELD_BACK - follower.at)
            follower.wait(first)
            flush()
            seconds -= first
        follower.wait(seconds)

    for action in (step for path in data.draw(PATHS) for step in path):
        wait(data.draw(WAITS))
        if follower.has_to_read:
            follower.has_to_read = False
            follower.poll(is_full=True)
        is_start = action in {"start", "restart"}
        if is_start and held is not None and held[1]["state"]["text"] in JOB_TEXTS:
            # No print ends, and another begins, within the half of a second.
            wait(HELD_BACK + 0.01)
        if action == "restart":
            follower.send("current", model.content)
        for event, payload in model.act(action):
            follower.send("event", {"type": event, "payload": payload})
        turn = data.draw(TURNS)
        if turn == "tell":
            held = None
            follower.send("current", model.content)
        elif turn == "hold":
            held = (follower.at, model.content)
        elif turn in {"poll", "full poll"}:
            follower.poll(is_full=turn == "full poll")
        elif turn == "slow poll":
            follower.end_poll()
            follower.begin_poll(is_full=True)
        if running := follower.snapshot.memory.running:
            started_at = starts.setdefault(len(model.ends), running.started_at)
            assert running.started_at == started_at
    flush()
    follower.end_poll()
    follower.poll(is_full=True)
    follower.wait(1)
    follower.send("current", model.content)
