"""Test what has to hold whatever comes, in whichever order."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
import json
from typing import Any, override

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.octoprint_plus.api.job import Job, JobFile, Progress
from custom_components.octoprint_plus.api.printer import Heater
from custom_components.octoprint_plus.api.socket.messages import (
    EVENTS,
    MessageReader,
    PushMessage,
    ReadAgain,
)
from custom_components.octoprint_plus.api.state import JOB_STATES, State
from custom_components.octoprint_plus.model.prints import Memory
from custom_components.octoprint_plus.model.snapshot import Snapshot, advance_aside
from custom_components.octoprint_plus.sync.publisher import (
    COMPLETION_STEP,
    PROGRESS_PACE,
    TEMPERATURE_PACE,
    TEMPERATURE_STEP,
    TIME_STEP,
    Z_STEP,
    Publisher,
    same_facts,
)
from homeassistant.util.json import json_loads

from ..api.replay import CONNECTION, SERVER, Replay, polled
from .model import ACTIONS, OctoPrintModel

# A printer, a socket, and polls.


@dataclass
class Poll:
    """A poll under way."""

    content: dict[str, Any]
    before: Snapshot
    error: Any
    taken: int


class Follower(Replay):
    """A snapshot that follows a model, as the coordinator makes it do."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        """Begin with a poll."""
        self.model = OctoPrintModel()
        super().__init__(patch, polled(self.model.content))
        self.taken = 0
        self.polling: Poll | None = None
        self.has_to_read = False

    @override
    def take(self, message: PushMessage | None) -> Snapshot:
        """Take a message and look whether all is as it has to be."""
        before = self.snapshot
        after = super().take(message)
        self.taken += after is not before
        self.has_to_read |= isinstance(message, ReadAgain)
        check_step(before, after)
        return after

    def begin_poll(self, *, is_full: bool) -> None:
        """Let the server answer a poll."""
        error = self.model.error if is_full else self.snapshot.error
        self.polling = Poll(self.model.content, self.snapshot, error, self.taken)

    def end_poll(self) -> None:
        """Take the answers to the poll under way."""
        if (poll := self.polling) is None:
            return
        self.polling = None
        before = self.snapshot
        answered = polled(
            poll.content,
            previous=before,
            memory=before.memory,
            error=poll.error,
            after=self.at,
        )
        if self.taken != poll.taken:
            is_new = before.error is not poll.before.error
            self.snapshot = advance_aside(
                before,
                server=SERVER,
                connection=CONNECTION,
                printer=None,
                error=before.error if is_new else poll.error,
            )
        else:
            self.snapshot = answered
        check_step(before, self.snapshot)
        self.note(before)

    def poll(self, *, is_full: bool) -> None:
        """Poll and take the answers at once, after those of the poll under way."""
        self.end_poll()
        self.begin_poll(is_full=is_full)
        self.end_poll()

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.at += seconds
        self.model.clock = self.at


def check_step(before: Snapshot, after: Snapshot) -> None:
    """Look whether the memory goes its way from one snapshot to the next."""
    old, new = before.memory, after.memory
    if new.running is not None:
        assert after.state in JOB_STATES
    # A print that ended is told, once, and nothing else is.
    has_ended = old.running is not None and (
        new.running is None or new.running.started_at != old.running.started_at
    )
    assert (new.last_print is not old.last_print) is has_ended
    if has_ended:
        assert new.last_print
        assert new.last_print.name == old.running.file.name
    elif new.running is not None and old.running is not None:
        assert new.running.file.path == old.running.file.path
    # What was known once stays known.
    assert new.heaters >= old.heaters
    assert new.last_targets.keys() >= old.last_targets.keys()


def check_poll(follower: Follower) -> None:
    """Look whether a last poll makes the same of all that came before as of nothing."""
    model = follower.model
    follower.poll(is_full=True)
    snapshot = follower.snapshot
    fresh = polled(model.content, error=model.error, after=follower.at)
    assert replace(snapshot, memory=Memory(), z=None) == replace(fresh, memory=Memory())
    running = snapshot.memory.running
    expected = fresh.memory.running
    assert (running and running.file) == (expected and expected.file)


# Long enough a list of what is likely to lead somewhere.
PATHS = st.lists(
    st.sampled_from(
        (
            ("select boat", "start", "go on", "print"),
            ("select cube", "start", "go on", "print", "print"),
            ("pause", "go on", "resume", "go on", "print"),
            ("pause", "go on", "restart", "go on", "print"),
            ("finish", "go on"),
            ("finish", "cancel", "go on"),
            ("cancel", "go on"),
            ("fail", "go on"),
            ("fatal", "connect", "go on", "go on"),
            ("drop", "connect", "go on", "go on"),
            ("disconnect", "connect", "go on", "go on"),
            ("heat", "print"),
            *((action,) for action in ACTIONS),
        )
    ),
    min_size=1,
    max_size=12,
)

WAITS = st.sampled_from((0.0, 0.01, 0.2, 0.45, 1.3, 20.0))

TURNS = st.sampled_from(("", "", "tell", "hold", "poll", "full poll", "slow poll"))


# Anything may be lost, come twice, or come before what was before it.


@given(st.data())
@settings(max_examples=150)
def test_a_poll_makes_up_for_all(data: st.DataObject) -> None:
    with pytest.MonkeyPatch.context() as patch:
        follower = Follower(patch)
        for frame in disturbed(data, list(frames(follower, data))):
            follower.wait(data.draw(WAITS))
            kind, content = frame
            if kind == "poll":
                follower.polling = replace(
                    content, before=follower.snapshot, taken=follower.taken
                )
                follower.end_poll()
            else:
                follower.send(kind, content)
        check_poll(follower)


type Frame = tuple[str, Any]


def frames(follower: Follower, data: st.DataObject) -> Iterator[Frame]:
    """Yield all that a model tells, and answers to polls."""
    model = follower.model
    for action in (step for path in data.draw(PATHS) for step in path):
        model.clock += data.draw(WAITS)
        for event, payload in model.act(action):
            yield "event", {"type": event, "payload": payload}
        turn = data.draw(TURNS)
        if turn in {"tell", "hold"}:
            yield "current", model.content
        elif turn:
            yield (
                "poll",
                Poll(model.content, follower.snapshot, model.error, follower.taken),
            )


def disturbed(data: st.DataObject, told: list[Frame]) -> list[Frame]:
    """Return the same with losses, repetitions, and neighbours that changed places."""
    faults = st.sampled_from(("", "", "", "lost", "twice", "later"))
    came: list[Frame] = []
    late: list[Frame] = []
    for frame in told:
        fault = data.draw(faults)
        if fault == "later":
            late.append(frame)
            continue
        came += {"lost": [], "twice": [frame, frame]}.get(fault, [frame])
        came += late
        late = []
    return came + late


# Anything as a frame.

KEYS = st.sampled_from(
    (
        *("current", "history", "event", "connected", "reauthRequired", "type"),
        *("payload", "state", "text", "flags", "error", "job", "file", "progress"),
        *("temps", "offsets", "tool0", "actual", "target", "currentZ", "printTime"),
        *("name", "path", "origin", "size", "completion", "reason", "faq", "version"),
        *("state_id", "state_string", "firmwareError", "time", "printing", "sdReady"),
    )
) | st.text(max_size=5)

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(
        (*EVENTS, "Operational", "Printing", "Error", "PRINTING", 10**400)
    ),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6)
    ),
    max_leaves=20,
)


def like(value: Any) -> st.SearchStrategy[Any]:
    """Return what looks like a value, but has anything somewhere in it."""
    if isinstance(value, dict):
        return VALUES | st.fixed_dictionaries(
            {}, optional={key: like(item) for key, item in value.items()}
        )
    if isinstance(value, list):
        return VALUES | st.lists(
            st.one_of([like(item) for item in value]) if value else VALUES, max_size=3
        )
    return st.just(value) | VALUES


PRINTING = OctoPrintModel()
for step in ("heat", "select boat", "start", "go on", "print"):
    PRINTING.act(step)

FRAMES = st.one_of(
    VALUES,
    *(
        st.fixed_dictionaries({kind: like(PRINTING.content)})
        for kind in ("current", "history")
    ),
    st.fixed_dictionaries(
        {
            "event": st.fixed_dictionaries(
                {
                    "type": st.sampled_from(EVENTS),
                    "payload": like(
                        {
                            "name": "boat.gcode",
                            "path": "boat.gcode",
                            "error": "X",
                            "firmwareError": "X",
                            "reason": "cancelled",
                            "state_id": "PRINTING",
                            "state_string": "Printing",
                            "time": 9.6,
                        }
                    ),
                }
            )
        }
    ),
)

READERS = st.sampled_from((json.loads, json_loads))


@given(READERS, st.lists(FRAMES, max_size=5))
@settings(max_examples=300)
def test_anything_is_read(loads: Any, values: list[Any]) -> None:
    reader = MessageReader(loads)
    for value in values:
        frame = json.dumps(value).encode()
        message = reader.read(frame)
        assert message is None or isinstance(message, PushMessage.__value__)
    # It goes on with what is right.
    after = reader.read(json.dumps({"history": PRINTING.content}).encode())
    fresh = MessageReader().read(json.dumps({"history": PRINTING.content}).encode())
    assert after == fresh


@given(READERS, st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
@settings(max_examples=200)
def test_any_bytes_are_read(loads: Any, frame: bytes) -> None:
    message = MessageReader(loads).read(frame)
    assert message is None or isinstance(message, PushMessage.__value__)


# What is shown.

DRIFTS = st.fixed_dictionaries(
    {
        "bed": st.none() | st.floats(20, 70),
        "tool0": st.floats(195, 205) | st.floats(20, 250),
        "z": st.none() | st.floats(0, 9),
        "completion": st.none() | st.floats(0, 100),
        "print_time": st.none() | st.integers(0, 400),
        "print_time_left": st.none() | st.integers(0, 400),
        "print_time_left_origin": st.sampled_from((None, "linear", "analysis")),
    }
)

FACTS = st.fixed_dictionaries(
    {
        "state": st.sampled_from((State.PRINTING, State.PRINTING, State.PAUSED, None)),
        "target": st.sampled_from((200.0, 200.0, 200.0, 0.0, None)),
        "sd_ready": st.sampled_from((True, True, False, None)),
        "file": st.sampled_from((None, "boat.gcode", "boat.gcode", "cube.gcode")),
        "known": st.sampled_from((("bed",), ("bed",), ("bed", "tool0"))),
    }
)


def a_snapshot(facts: dict[str, Any], drifts: dict[str, Any]) -> Snapshot:
    """Return a snapshot with these values."""
    name = facts["file"]
    return Snapshot(
        server=SERVER,
        connection=CONNECTION,
        job=Job(
            state="",
            error=None,
            file=name and JobFile(name=name, path=name, origin="local", size=1),
            user=None,
            estimated_print_time=None,
            progress=Progress(
                completion=drifts["completion"],
                print_time=drifts["print_time"],
                print_time_left=drifts["print_time_left"],
                print_time_left_origin=drifts["print_time_left_origin"],
            ),
        ),
        state=facts["state"],
        heaters={
            "bed": Heater(actual=drifts["bed"], target=60.0),
            "tool0": Heater(actual=drifts["tool0"], target=facts["target"]),
        },
        sd_ready=facts["sd_ready"],
        z=drifts["z"],
        memory=Memory(heaters=frozenset(facts["known"])),
    )


# Facts come now and then, and everything else with each snapshot.
SHOWS = st.lists(
    st.tuples(
        FACTS, st.lists(st.tuples(st.floats(0, 20), DRIFTS), min_size=1, max_size=6)
    ),
    min_size=1,
    max_size=4,
)


@given(SHOWS)
@settings(max_examples=250)
def test_what_is_shown_is_near_to_the_truth(
    shows: list[tuple[dict[str, Any], list[tuple[float, dict[str, Any]]]]],
) -> None:
    publisher = Publisher()
    shown: Snapshot | None = None
    now = 0.0
    for facts, drifting in shows:
        for passed, drifts in drifting:
            now += passed
            latest = a_snapshot(facts, drifts)
            before, shown = shown, publisher.show(shown, latest, now)
            assert same_facts(shown, latest)
            assert shown is before or shown != before
            assert publisher.show(shown, latest, now) is shown
            assert publisher.show(shown, replace(latest), now) is shown
    now += max(TEMPERATURE_PACE, PROGRESS_PACE) + 1
    settled = publisher.show(shown, latest, now)
    check_near(settled, latest)
    assert publisher.show(settled, latest, now + 1000) is settled


def check_near(shown: Snapshot, latest: Snapshot) -> None:
    """Look whether nothing that is shown is further off than its step."""
    one, other = shown.job.progress, latest.job.progress
    pairs = [
        (one.completion, other.completion, COMPLETION_STEP),
        (shown.z, latest.z, Z_STEP),
        (one.print_time, other.print_time, TIME_STEP),
        (one.print_time_left, other.print_time_left, TIME_STEP),
        *(
            (shown.heaters[name].actual, heater.actual, TEMPERATURE_STEP)
            for name, heater in latest.heaters.items()
        ),
    ]
    for known, real, step in pairs:
        if known is None or real is None:
            assert known is real
        else:
            assert abs(known - real) < step
    assert one.print_time_left_origin == other.print_time_left_origin
