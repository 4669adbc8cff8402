"""Test the publisher: what of a printer is shown, and when."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
import random
from types import SimpleNamespace
from typing import Any, cast

import pytest

from custom_components.octoprint_plus.api import State
from custom_components.octoprint_plus.api.connection import parse_connection
from custom_components.octoprint_plus.api.job import (
    NO_PROGRESS,
    Job,
    JobFile,
    PrintResult,
    Progress,
)
from custom_components.octoprint_plus.api.printer import Heater, PrinterError
from custom_components.octoprint_plus.climate import (
    OctoPrintClimateDescription,
    OctoPrintClimateEntity,
)
from custom_components.octoprint_plus.coordinator import OctoPrintCoordinator
from custom_components.octoprint_plus.model.heaters import AT_TARGET
from custom_components.octoprint_plus.model.prints import (
    LastPrint,
    Memory,
    RunningPrint,
)
from custom_components.octoprint_plus.model.snapshot import Snapshot
from custom_components.octoprint_plus.sync.publisher import (
    COMPLETION_STEP,
    PROGRESS_PACE,
    TEMPERATURE_PACE,
    TEMPERATURE_STEP,
    TIME_STEP,
    UPLOAD_PACE,
    Z_STEP,
    Publisher,
    same_facts,
)
from homeassistant.components.climate import HVACAction

from ..api.replay import CONNECTION, SERVER, START

FILE = JobFile(name="boat.gcode", path="boat.gcode", origin="local", size=1000)

RUNNING = RunningPrint(
    file=FILE,
    started_at=START,
    finish_at=START + timedelta(hours=1),
    print_time=100,
)

SHOWN = Snapshot(
    server=SERVER,
    connection=CONNECTION,
    job=Job(
        state="Printing",
        error=None,
        file=FILE,
        user="admin",
        estimated_print_time=3600.0,
        progress=Progress(
            completion=50.0,
            print_time=1000,
            print_time_left=1000,
            print_time_left_origin="linear",
        ),
    ),
    state=State.PRINTING,
    heaters={
        "bed": Heater(actual=60.0, target=60.0, offset=0.0),
        "tool0": Heater(actual=200.0, target=200.0, offset=0.0),
    },
    sd_ready=True,
    z=3.0,
    memory=Memory(
        running=RUNNING,
        last_targets={"bed": 60.0, "tool0": 200.0},
        heaters=frozenset({"bed", "tool0"}),
    ),
)


def with_job(**changes: Any) -> Snapshot:
    """Return what is shown with another job."""
    return replace(SHOWN, job=replace(SHOWN.job, **changes))


def with_progress(**changes: Any) -> Snapshot:
    """Return what is shown with another progress."""
    return with_job(progress=replace(SHOWN.job.progress, **changes))


def with_heater(heater: str, base: Snapshot = SHOWN, **changes: Any) -> Snapshot:
    """Return a snapshot with another temperature."""
    changed = replace(base.heaters[heater], **changes)
    return replace(base, heaters={**base.heaters, heater: changed})


def with_memory(**changes: Any) -> Snapshot:
    """Return what is shown with another memory."""
    return replace(SHOWN, memory=replace(SHOWN.memory, **changes))


def actual(snapshot: Snapshot, heater: str = "tool0") -> float | None:
    """Return the temperature that a snapshot tells."""
    return snapshot.heaters[heater].actual


ERROR = PrinterError(error="X", reason=None, consequence=None, faq_url=None)

LAST_PRINT = LastPrint(
    name="cube.gcode", result=PrintResult.DONE, ended_at=START, print_time=3
)

FACTS = {
    "state": replace(SHOWN, state=State.PAUSED),
    "unknown state": replace(SHOWN, state=State.OTHER),
    "server": replace(SHOWN, server=replace(SERVER, commands=(), profiles={})),
    "connection": replace(SHOWN, connection=parse_connection({})),
    "error": replace(SHOWN, error=ERROR),
    "sd not ready": replace(SHOWN, sd_ready=False),
    "no sd": replace(SHOWN, sd_ready=None),
    "no z": replace(SHOWN, z=None),
    "upload": replace(SHOWN, upload=0),
    "file": with_job(file=replace(FILE, name="cube.gcode")),
    "no file": with_job(file=None),
    "job's error": with_job(error="X"),
    "user": with_job(user=None),
    "analysis": with_job(estimated_print_time=None),
    "no progress": with_job(progress=NO_PROGRESS),
    "no completion": with_progress(completion=None),
    "no print time": with_progress(print_time=None),
    "no time left": with_progress(print_time_left=None),
    "target": with_heater("tool0", target=0.0),
    "no target": with_heater("tool0", target=None),
    "offset": with_heater("tool0", offset=5.0),
    "no temperature": with_heater("tool0", actual=None),
    "heater gone": replace(SHOWN, heaters={"bed": SHOWN.heaters["bed"]}),
    "no heater": replace(SHOWN, heaters={}),
    "another heater": replace(
        SHOWN, heaters={**SHOWN.heaters, "chamber": SHOWN.heaters["bed"]}
    ),
    "print ended": with_memory(running=None),
    "another print": with_memory(
        running=replace(RUNNING, started_at=START + timedelta(seconds=1))
    ),
    "finish": with_memory(
        running=replace(RUNNING, finish_at=START + timedelta(hours=2))
    ),
    "no finish": with_memory(running=replace(RUNNING, finish_at=None)),
    "last print": with_memory(last_print=LAST_PRINT),
    "last target": with_memory(last_targets={"bed": 60.0, "tool0": 210.0}),
    "known heaters": with_memory(heaters=frozenset({"bed", "tool0", "tool1"})),
}

DRIFTS = {
    "temperature": with_heater("tool0", actual=150.0),
    "completion": with_progress(completion=90.0),
    "print time": with_progress(print_time=9000),
    "time left": with_progress(print_time_left=1),
    "origin": with_progress(print_time_left_origin="analysis"),
    "z": replace(SHOWN, z=30.0),
    "print time in memory": with_memory(running=replace(RUNNING, print_time=7)),
    "how it will end": with_memory(running=replace(RUNNING, completed=True)),
    "state's text": with_job(state="Printing from SD"),
    "tool of a print": replace(SHOWN, active_tool=1),
}


@pytest.fixture
def publisher() -> Publisher:
    """Return a publisher that has shown something at 0 seconds."""
    publisher = Publisher()
    assert publisher.show(None, SHOWN, 0) is SHOWN
    return publisher


# Facts.


@pytest.mark.parametrize("fact", FACTS)
def test_fact(publisher: Publisher, fact: str) -> None:
    """It is shown at once, in both directions, and everything else with it."""
    latest = replace(
        FACTS[fact],
        z=FACTS[fact].z and 3.3,
        heaters={
            name: replace(heater, actual=heater.actual and heater.actual + 0.1)
            for name, heater in FACTS[fact].heaters.items()
        },
    )
    assert not same_facts(SHOWN, latest)
    assert not same_facts(latest, SHOWN)
    assert publisher.show(SHOWN, latest, 0.1) is latest
    assert publisher.show(latest, SHOWN, 0.2) is SHOWN


@pytest.mark.parametrize("drift", DRIFTS)
def test_drift(publisher: Publisher, drift: str) -> None:
    latest = DRIFTS[drift]
    assert latest != SHOWN
    assert same_facts(SHOWN, latest)
    assert same_facts(latest, SHOWN)
    assert publisher.show(SHOWN, latest, 0.1) is SHOWN


@pytest.mark.parametrize(
    "snapshot", [SHOWN, *FACTS.values()], ids=["shown", *FACTS.keys()]
)
def test_facts_of_equal_snapshots(snapshot: Snapshot) -> None:
    """Equal parts need not be the same objects."""
    copied = replace(
        snapshot,
        job=replace(snapshot.job, progress=replace(snapshot.job.progress)),
        memory=replace(snapshot.memory),
        heaters=dict(snapshot.heaters),
        server=replace(snapshot.server),
    )
    assert same_facts(snapshot, snapshot)
    assert same_facts(snapshot, copied)


def test_fact_brings_everything(publisher: Publisher) -> None:
    latest = replace(
        with_heater("tool0", actual=200.1),
        z=3.1,
        job=replace(SHOWN.job, progress=replace(SHOWN.job.progress, completion=50.1)),
        state=State.PAUSED,
    )
    shown = publisher.show(SHOWN, latest, 1)
    assert shown is latest
    # All paces begin anew with it.
    warmer = replace(with_heater("tool0", latest, actual=210.0), z=9.0)
    for now in (1.1, 1 + TEMPERATURE_PACE - 0.1):
        assert publisher.show(shown, warmer, now) is shown
    now = 1 + TEMPERATURE_PACE
    after = publisher.show(shown, warmer, now)
    assert (actual(after), after.z) == (210.0, 3.1)
    for later in (now, 1 + PROGRESS_PACE - 0.1):
        assert publisher.show(after, warmer, later) is after
    assert publisher.show(after, warmer, 1 + PROGRESS_PACE).z == 9.0


def test_first(publisher: Publisher) -> None:
    """Nothing was shown: everything is, and the paces begin."""
    warmer = with_heater("tool0", actual=250.0)
    assert publisher.show(SHOWN, warmer, 0.1) is SHOWN
    assert publisher.show(None, warmer, 0.2) is warmer


# Tools.


def test_tool(publisher: Publisher) -> None:
    """While nothing is printed, somebody waits to see it."""
    idle = replace(SHOWN, state=State.OPERATIONAL)
    latest = replace(idle, active_tool=1)
    assert publisher.show(idle, latest, 0.1) is latest
    assert publisher.show(latest, replace(latest, active_tool=None), 0.2) is not latest


# Uploads.


def test_upload(publisher: Publisher) -> None:
    """It has a pace of its own, and its end does not wait for it."""
    shown = publisher.show(SHOWN, replace(SHOWN, upload=0), 1)
    assert shown.upload == 0
    latest = replace(shown, upload=7, z=30.0)
    assert publisher.show(shown, latest, 1 + UPLOAD_PACE - 0.1) is shown
    shown = publisher.show(shown, latest, 1 + UPLOAD_PACE)
    assert (shown.upload, shown.z) == (7, SHOWN.z)
    assert publisher.show(shown, latest, 9) is shown
    shown = publisher.show(shown, replace(latest, upload=8), 9)
    assert shown.upload == 8
    shown = publisher.show(shown, replace(latest, upload=100), 9.1)
    assert shown.upload == 100
    assert publisher.show(shown, SHOWN, 9.2) is SHOWN


# Temperatures.


@pytest.mark.parametrize("way", [1, -1])
def test_temperature_step(publisher: Publisher, way: int) -> None:
    less = with_heater("tool0", actual=200.0 + way * (TEMPERATURE_STEP - 0.01))
    assert publisher.show(SHOWN, less, 1000) is SHOWN
    step = with_heater("tool0", actual=200.0 + way * TEMPERATURE_STEP)
    assert publisher.show(SHOWN, step, 1000) == step


def test_temperature_pace(publisher: Publisher) -> None:
    warmer = with_heater("tool0", actual=220.0)
    assert publisher.show(SHOWN, warmer, TEMPERATURE_PACE - 0.01) is SHOWN
    shown = publisher.show(SHOWN, warmer, TEMPERATURE_PACE)
    assert shown == warmer
    # The next pace begins when something was shown.
    warmest = with_heater("tool0", actual=240.0)
    now = TEMPERATURE_PACE * 2
    assert publisher.show(shown, warmest, now - 0.01) is shown
    assert publisher.show(shown, warmest, now) == warmest


def test_calm_time_makes_no_wait(publisher: Publisher) -> None:
    for now in range(100):
        assert publisher.show(SHOWN, SHOWN, now) is SHOWN
    warmer = with_heater("tool0", actual=220.0)
    assert publisher.show(SHOWN, warmer, 100.5) == warmer


def test_only_what_moved(publisher: Publisher) -> None:
    latest = with_heater("bed", with_heater("tool0", actual=202.0), actual=60.5)
    shown = publisher.show(SHOWN, latest, 10)
    assert (actual(shown, "bed"), actual(shown, "tool0")) == (60.0, 202.0)
    assert shown.heaters["bed"] is SHOWN.heaters["bed"]
    assert shown.job is SHOWN.job


@pytest.mark.parametrize(
    ("before", "after", "has_arrived"),
    [
        (190.0, 199.0, True),
        (198.9, 199.1, True),
        (198.9, 205.0, True),
        (190.0, 198.9, False),
        (199.0, 199.9, False),
        (215.0, 200.0, False),
    ],
)
def test_arrival(before: float, after: float, *, has_arrived: bool) -> None:
    """It is shown at once: people wait for it."""
    publisher = Publisher()
    shown = publisher.show(None, with_heater("tool0", actual=before), 0)
    latest = with_heater("tool0", actual=after)
    assert (publisher.show(shown, latest, 0.1) == latest) is has_arrived


def test_arrival_of_one_heater(publisher: Publisher) -> None:
    """What else has moved comes with it, what has not stays."""
    heaters = {
        "bed": Heater(actual=50.0, target=60.0),
        "chamber": Heater(actual=30.0, target=0.0),
        "tool0": Heater(actual=198.9, target=200.0),
    }
    shown = publisher.show(None, replace(SHOWN, heaters=heaters), 0)
    latest = {
        "bed": replace(heaters["bed"], actual=52.0),
        "chamber": replace(heaters["chamber"], actual=30.9),
        "tool0": replace(heaters["tool0"], actual=199.0),
    }
    after = publisher.show(shown, replace(shown, heaters=latest), 0.1)
    assert after.heaters == {**latest, "chamber": heaters["chamber"]}
    # The pace begins anew with it.
    later = {**after.heaters, "bed": replace(heaters["bed"], actual=55.0)}
    moved = replace(after, heaters=later)
    assert publisher.show(after, moved, TEMPERATURE_PACE) is after
    assert publisher.show(after, moved, TEMPERATURE_PACE + 0.1) == moved


@pytest.mark.parametrize("target", [0.0, None])
def test_no_arrival_without_a_target(target: float | None) -> None:
    publisher = Publisher()
    cold = with_heater("tool0", actual=-20.0, target=target)
    shown = publisher.show(None, cold, 0)
    latest = with_heater("tool0", cold, actual=30.0)
    assert publisher.show(shown, latest, 0.1) is shown


def test_no_temperature_moves_nothing(publisher: Publisher) -> None:
    nothing = with_heater("tool0", actual=None)
    shown = publisher.show(SHOWN, nothing, 1)
    assert publisher.show(shown, nothing, 1000) is shown


# Progress and Z.


@pytest.mark.parametrize(
    ("value", "step"),
    [
        ("completion", COMPLETION_STEP),
        ("print_time", TIME_STEP),
        ("print_time_left", TIME_STEP),
    ],
)
@pytest.mark.parametrize("way", [1, -1])
def test_progress_step(publisher: Publisher, value: str, step: float, way: int) -> None:
    known = getattr(SHOWN.job.progress, value)
    less = type(known)(known + way * (step - (0.01 if step < 2 else 1)))
    assert less != known
    latest = with_progress(**{value: less})
    assert publisher.show(SHOWN, latest, 1000) is SHOWN
    latest = with_progress(**{value: type(known)(known + way * step)})
    assert publisher.show(SHOWN, latest, 1000) == latest


@pytest.mark.parametrize(
    "end", [{"completion": 100.0}, {"print_time_left": 0}, {"print_time": 1061}]
)
def test_end_of_progress(publisher: Publisher, end: dict[str, Any]) -> None:
    """The end of a print is shown at once, and wholly."""
    latest = with_progress(**{"completion": 50.1, "print_time": 1002} | end)
    shown = publisher.show(SHOWN, latest, 0.5)
    is_end = "print_time" not in end
    assert (shown == latest) is is_end
    assert (shown is SHOWN) is not is_end


def test_progress_of_just_what_moved(publisher: Publisher) -> None:
    latest = with_progress(
        completion=50.9, print_time=1060, print_time_left_origin="analysis"
    )
    shown = publisher.show(SHOWN, latest, 1000)
    assert shown == with_progress(print_time=1060, print_time_left_origin="analysis")


def test_progress_pace(publisher: Publisher) -> None:
    latest = with_progress(completion=55.0)
    assert publisher.show(SHOWN, latest, PROGRESS_PACE - 0.01) is SHOWN
    shown = publisher.show(SHOWN, latest, PROGRESS_PACE)
    assert shown == latest
    later = with_progress(completion=60.0)
    assert publisher.show(shown, later, 2 * PROGRESS_PACE - 0.01) is shown
    assert publisher.show(shown, later, 2 * PROGRESS_PACE) == later


def test_z_pace(publisher: Publisher) -> None:
    """A few layers count, and no hops between them."""
    shown, rows = replace(SHOWN, z=3.0), 0
    for tick in range(1, 601):
        layers = 0.2 * (tick // 40)
        hopping = replace(SHOWN, z=3.0 + tick % 2 * 0.2 + layers)
        after = publisher.show(shown, hopping, tick / 2)
        rows += after is not shown
        if after is not shown:
            assert after.z == hopping.z
        shown = after
    assert 3 <= rows <= 3.0 / Z_STEP
    assert publisher.show(shown, replace(shown, z=shown.z), 1000) is shown


def test_paces_are_apart(publisher: Publisher) -> None:
    """Temperatures do not delay the progress."""
    shown = SHOWN
    for tick in range(1, 31):
        latest = replace(
            with_heater("tool0", actual=200.0 + 2 * tick), z=3.0 + tick / 10
        )
        shown = publisher.show(shown, latest, tick / 2)
    assert (actual(shown), shown.z) == (260.0, 6.0)


# Minutes of a printer.

type Curve = Callable[[float], float]


def play(publisher: Publisher, shown: Snapshot, curve: Curve, seconds: float) -> int:
    """Return how many rows ten minutes of temperatures make, two of them a second."""
    rows = 0
    for tick in range(1, int(seconds * 2) + 1):
        now = tick / 2
        latest = with_heater("tool0", shown, actual=curve(now))
        after = publisher.show(shown, latest, now)
        rows += after is not shown
        shown = after
    return rows


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("first", [-0.4, 0.0, 0.4])
def test_noise_around_the_target(seed: int, first: float) -> None:
    """Ten minutes of it are not worth a single row."""
    noise = random.Random(seed)
    publisher = Publisher()
    shown = publisher.show(None, with_heater("tool0", actual=200.0 + first), 0)
    assert play(publisher, shown, lambda _: 200 + noise.uniform(-0.4, 0.4), 600) == 0


def test_noise_of_all_heaters(publisher: Publisher) -> None:
    noise = random.Random(7)
    for tick in range(1, 1201):
        heaters = {
            name: replace(
                heater, actual=(heater.target or 0) + noise.uniform(-0.4, 0.4)
            )
            for name, heater in SHOWN.heaters.items()
        }
        latest = replace(SHOWN, heaters=heaters)
        assert publisher.show(SHOWN, latest, tick / 2) is SHOWN


def test_heating_up() -> None:
    """A row with each pace, and one for the arrival."""
    publisher = Publisher()
    shown = publisher.show(None, with_heater("tool0", actual=20.0), 0)
    rows = play(publisher, shown, lambda now: min(20 + 2 * now, 200), 600)
    assert rows == 90 / TEMPERATURE_PACE + 1


def action(snapshot: Snapshot) -> HVACAction | None:
    """Return what the climate entity tells of the heater."""

    class Coordinator:
        """As much of it as the entity asks for."""

        client = SimpleNamespace(url="http://127.0.0.1")
        config_entry = SimpleNamespace(
            data={"url": "http://127.0.0.1"}, title="Prusa", unique_id="prusa"
        )
        data = snapshot
        last_update_success = True
        instance_id = "prusa"

        def max_temp(self, heater: str) -> float:
            return 300.0

    entity = OctoPrintClimateEntity(
        cast("OctoPrintCoordinator", Coordinator()),
        OctoPrintClimateDescription(key="tool0", heater="tool0"),
    )
    return entity.hvac_action


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("settles_at", [-0.5, 0.0, 0.5])
@pytest.mark.parametrize("overshoot", [0.0, 4.0])
@pytest.mark.parametrize("pace", [0.5, 1.0, 2.0])
def test_never_stuck_at_heating(
    seed: int, settles_at: float, overshoot: float, pace: float
) -> None:
    """A heater settles at its target, at whatever pace its temperatures are told."""
    noise = random.Random(seed)
    publisher = Publisher()
    shown = publisher.show(None, with_heater("tool0", actual=20.0), 0)
    slope = noise.uniform(0.5, 4.0)
    end = 200 + settles_at
    now = 0.0
    has_arrived = False
    while now < 600:
        now += pace
        risen = 20 + slope * now
        over = max(0.0, overshoot * (1 - abs(risen - end - overshoot) / 20))
        clean = risen if risen < end else end + over
        told = clean + noise.uniform(-0.4, 0.4)
        shown = publisher.show(shown, with_heater("tool0", shown, actual=told), now)
        if not has_arrived and told >= 200 - AT_TARGET:
            has_arrived = True
            assert action(shown) is HVACAction.IDLE
    assert has_arrived
    assert action(shown) is HVACAction.IDLE


def test_heating_anew() -> None:
    """A new target is a fact, so that the action is right at once."""
    publisher = Publisher()
    shown = publisher.show(None, SHOWN, 0)
    assert action(shown) is HVACAction.IDLE
    shown = publisher.show(shown, with_heater("tool0", target=220.0), 0.1)
    assert action(shown) is HVACAction.HEATING
    latest = with_heater("tool0", shown, actual=219.5)
    shown = publisher.show(shown, latest, 0.2)
    assert action(shown) is HVACAction.IDLE
    shown = publisher.show(shown, with_heater("tool0", shown, target=0.0), 0.3)
    assert action(shown) is HVACAction.OFF


# What a pace held back.


def at_rest(publisher: Publisher, shown: Snapshot, latest: Snapshot) -> Snapshot:
    """Return what is shown once nothing comes any more, and all that is due was looked at."""
    for _ in range(10):
        if publisher.due_at is None:
            return shown
        shown = publisher.show(shown, latest, publisher.due_at)
    raise AssertionError("It is never over")


def is_about(shown: Snapshot, latest: Snapshot) -> bool:
    """Return whether what is shown differs from what is by less than a step each."""
    before, after = shown.job.progress, latest.job.progress
    return (
        all(
            abs((heater.actual or 0) - (shown.heaters[name].actual or 0))
            < TEMPERATURE_STEP
            for name, heater in latest.heaters.items()
        )
        and abs((before.completion or 0) - (after.completion or 0)) < COMPLETION_STEP
        and abs((before.print_time or 0) - (after.print_time or 0)) < TIME_STEP
        and abs((before.print_time_left or 0) - (after.print_time_left or 0))
        < TIME_STEP
        and abs((shown.z or 0) - (latest.z or 0)) < Z_STEP
        and shown.upload == latest.upload
    )


@pytest.mark.parametrize("seed", range(200))
def test_last_change_is_shown(seed: int) -> None:
    """Test that whatever drifted and then stands still is shown when the pace is over."""
    chance = random.Random(seed)
    publisher = Publisher()
    latest = replace(SHOWN, upload=0)
    shown = publisher.show(None, latest, 0)
    now = 0.0
    for _ in range(chance.randrange(1, 30)):
        now += chance.choice([0.1, 0.5, 1.5, 4.0, 20.0])
        match chance.randrange(4):
            case 0:
                name = chance.choice(list(latest.heaters))
                actual = chance.uniform(20, 199)
                latest = with_heater(name, latest, actual=actual)
            case 1:
                progress = replace(
                    latest.job.progress,
                    completion=chance.uniform(1, 99),
                    print_time=chance.randrange(1, 5000),
                    print_time_left=chance.randrange(1, 5000),
                )
                latest = replace(latest, job=replace(latest.job, progress=progress))
            case 2:
                latest = replace(latest, z=chance.uniform(0.2, 200))
            case 3:
                latest = replace(latest, upload=chance.randrange(100))
        shown = publisher.show(shown, latest, now)
        assert publisher.due_at is None or publisher.due_at > now
    assert is_about(at_rest(publisher, shown, latest), latest)
    assert publisher.due_at is None


def test_nothing_is_due_where_nothing_is_held_back(publisher: Publisher) -> None:
    """Test that calm and unchanged values make no timer."""
    shown = publisher.show(None, SHOWN, 1000)
    assert publisher.due_at is None
    publisher.show(shown, SHOWN, 1001)
    assert publisher.due_at is None
    publisher.show(shown, with_heater("tool0", actual=200.4), 2000)
    assert publisher.due_at is None
