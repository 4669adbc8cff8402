"""Test that every moment that OctoPrint tells is brought from its clock to ours."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
import json
from time import time
from typing import Any

import pytest

from custom_components.octoprint_plus.api import OctoPrintClient, clock as clock_module
from custom_components.octoprint_plus.api.clock import (
    LASTING,
    NOTICEABLE,
    WORTH_TELLING,
    ServerClock,
)
from custom_components.octoprint_plus.api.job import JobFile, PrintResult
from custom_components.octoprint_plus.api.socket.messages import (
    CLOCK_PACE,
    MessageReader,
)
from custom_components.octoprint_plus.api.socket.push import (
    OctoPrintPush,
    PushLost,
    PushStarted,
)
from custom_components.octoprint_plus.model.prints import (
    LastPrint,
    RunningPrint,
    settle,
)
from tests.fake_octoprint import FakeOctoPrint

from .socket.listening import listening

DAY = 24 * 3600.0
HOUR = 3600.0
OFF = [3 * DAY, HOUR, -30 * HOUR, -48 * HOUR]

off = pytest.mark.parametrize(
    "ahead", OFF, ids=["3 days", "1 hour", "-30 hours", "-48 hours"]
)

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)

# Wi-Fi, and what is rounded.
PRECISION = timedelta(seconds=NOTICEABLE)


class Time:
    """Our own clocks, which go on only when they are told to."""

    def __init__(self) -> None:
        """Start."""
        self.now = NOW.timestamp()
        self.uptime = 1000.0

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
        self.uptime += seconds


@pytest.fixture
def ours(monkeypatch: pytest.MonkeyPatch) -> Time:
    """Stop our own clocks."""
    ours = Time()
    monkeypatch.setattr(clock_module, "time", lambda: ours.now)
    monkeypatch.setattr(clock_module, "monotonic", lambda: ours.uptime)
    return ours


def dated(ours: Time, ahead: float, **headers: str) -> Mapping[str, str]:
    """Return the headers of an answer that a proxy with such a clock dated."""
    return {"Date": formatdate(ours.now + ahead, usegmt=True), **headers}


# What the socket tells.


@off
def test_a_clock_that_is_off(ours: Time, ahead: float) -> None:
    clock = ServerClock()
    assert (clock.ahead, clock.is_known) == (0, False)
    clock.hear(ours.now + ahead)
    assert (clock.ahead, clock.is_known) == (ahead, True)


@pytest.mark.parametrize("ahead", [0, 4.9, -4.9])
def test_clocks_that_are_right(ours: Time, ahead: float) -> None:
    """What transport and rounding make is none."""
    clock = ServerClock()
    clock.hear(ours.now + ahead)
    assert (clock.ahead, clock.is_known) == (0, True)


@off
def test_messages_that_come_late(ours: Time, ahead: float) -> None:
    """The quickest message tells best, and one that was held up is made good by the next."""
    clock = ServerClock()
    for late, believed in ((3, 3), (0.5, 0.5), (4, 0.5), (0.1, 0.1), (60, 60), (1, 1)):
        clock.hear(ours.now + ahead - late)
        assert clock.ahead == pytest.approx(ahead - believed)


def test_a_clock_that_is_set(ours: Time) -> None:
    """A Raspberry Pi is told the time a while after it was switched on."""
    clock = ServerClock()
    clock.hear(ours.now - 48 * HOUR)
    ours.wait(20)
    clock.hear(ours.now)
    assert clock.ahead == 0


def test_our_own_clock_is_set(ours: Time) -> None:
    clock = ServerClock()
    clock.hear(ours.now)
    ours.now -= HOUR
    clock.hear(ours.now + HOUR)
    assert clock.ahead == HOUR


@pytest.mark.parametrize(
    "told", [None, "now", True, [], float("nan"), float("inf"), 1e300, 10**400]
)
def test_no_time_is_told(ours: Time, told: object) -> None:
    clock = ServerClock()
    clock.hear(told)
    assert (clock.ahead, clock.is_known) == (0, False)


def test_a_clock_that_begins_in_1970(ours: Time) -> None:
    """So does one that has never been told the time."""
    clock = ServerClock()
    clock.hear(7)
    assert clock.ahead == 7 - ours.now


def test_messages_are_looked_at_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """There are many, and a clock is rarely set."""
    now = 1000.0
    monkeypatch.setattr(
        "custom_components.octoprint_plus.api.socket.messages.monotonic", lambda: now
    )
    told: list[object] = []
    clock = ServerClock()
    monkeypatch.setattr(clock, "hear", told.append)
    reader = MessageReader(json.loads, clock)
    state = {"state": {"text": "Operational"}}
    reader.read(json.dumps({"history": {**state, "serverTime": 1.5}}).encode())
    for number in range(1, 41):
        now += CLOCK_PACE / 20
        current = {**state, "serverTime": number}
        reader.read(json.dumps({"current": current}).encode())
    assert told == [1.5, 20, 40]


# What the headers of answers tell.


@off
def test_dated_answers(ours: Time, ahead: float) -> None:
    clock = ServerClock()
    clock.read(dated(ours, ahead))
    # It may be an old answer that a proxy repeats.
    assert not clock.is_known
    ours.wait(2)
    clock.read(dated(ours, ahead))
    assert clock.ahead == ahead


def test_date_that_stands_still(ours: Time) -> None:
    clock = ServerClock()
    headers = dated(ours, -HOUR)
    for _ in range(10):
        clock.read(headers)
        ours.wait(30)
    assert not clock.is_known


def test_dates_that_differ_from_each_other(ours: Time) -> None:
    """Some answers are old ones that a proxy repeats without saying so."""
    clock = ServerClock()
    for old in (600, 0, 400, 700, 20):
        clock.read(dated(ours, -old))
        ours.wait(10)
    assert not clock.is_known


def test_answer_from_a_cache(ours: Time) -> None:
    clock = ServerClock()
    for _ in range(3):
        clock.read(dated(ours, -HOUR, Age="3600"))
        ours.wait(30)
    assert not clock.is_known


@pytest.mark.parametrize("date", ["", "now", "Fri, 99 Nov 2026 10:00:00 GMT", "0"])
def test_date_that_is_none(ours: Time, date: str) -> None:
    clock = ServerClock()
    clock.read({"Date": date})
    assert not clock.is_known


def test_the_socket_is_believed_first(ours: Time) -> None:
    """A proxy may stand on another computer, whose clock says nothing of OctoPrint's."""
    clock = ServerClock()
    clock.hear(ours.now + HOUR)
    for _ in range(3):
        ours.wait(10)
        clock.read(dated(ours, 0))
    assert clock.ahead == HOUR
    # Its last word is old by then.
    clock.forget_heard()
    for _ in range(2):
        ours.wait(10)
        clock.read(dated(ours, 0))
    assert clock.ahead == 0


# What people are told.


@off
def test_error_that_lasts(ours: Time, ahead: float) -> None:
    """Who was just switched on may still be told the time."""
    clock = ServerClock()
    assert clock.lasting_error is None
    clock.hear(ours.now + ahead)
    assert clock.lasting_error is None
    ours.wait(LASTING)
    clock.hear(ours.now + ahead - 0.3)
    assert clock.lasting_error == ahead
    clock.hear(ours.now)
    assert clock.lasting_error == 0


@pytest.mark.parametrize("ahead", [0, 30, -WORTH_TELLING + 1])
def test_error_that_nobody_has_to_know(ours: Time, ahead: float) -> None:
    clock = ServerClock()
    clock.hear(ours.now + ahead)
    assert clock.lasting_error == 0


# What is read by it.


@pytest.fixture
async def told(client: OctoPrintClient, fake: FakeOctoPrint, ahead: float) -> float:
    """Let the socket tell a clock that is off, and return what it shows at noon."""
    fake.push.enabled = True
    fake.push.clock_ahead = ahead
    async with listening(OctoPrintPush(client)) as listener:
        await listener.next(PushStarted)
    return NOW.timestamp() + ahead


def a_file(told: float, **data: Any) -> dict[str, Any]:
    """Return a file that was printed at that time."""
    last = {"success": True, "date": told, "printTime": 551.0}
    prints = {"success": 1, "failure": 0, "last": last}
    return {"name": "a.gcode", "date": int(told), "prints": prints, **data}


def is_noon(moment: datetime | None) -> bool:
    """Return whether a moment is what was told as noon."""
    return moment is not None and abs(moment - NOW) <= PRECISION


@off
async def test_dates_of_a_file(
    client: OctoPrintClient, fake: FakeOctoPrint, told: float
) -> None:
    fake.answer("GET", "/api/files/local/a.gcode", json=a_file(told))
    entry = await client.files.info("local", "a.gcode")
    assert is_noon(entry.date)
    assert entry.prints
    assert entry.prints.last
    assert is_noon(entry.prints.last.date)


@off
async def test_dates_of_all_files(
    client: OctoPrintClient, fake: FakeOctoPrint, told: float
) -> None:
    folder = {"name": "f", "type": "folder", "children": [a_file(told)]}
    card = a_file(told, origin="sdcard", date=NOW.timestamp())
    answer = {"files": [folder, a_file(told), card]}
    fake.answer("GET", "/api/files?recursive=true", json=answer)
    found = [each for each in (await client.files.list()).walk() if not each.is_folder]
    # The printer dates what is on its own storage, and the server what it printed of it.
    assert [is_noon(each.date) for each in found] == [True] * 3
    prints = [each.prints and each.prints.last for each in found]
    assert [last and is_noon(last.date) for last in prints] == [True] * 3


@off
async def test_date_of_a_name_that_is_taken(
    client: OctoPrintClient, fake: FakeOctoPrint, told: float
) -> None:
    answer = {"exists": True, "size": 1, "date": int(told)}
    fake.answer("POST", "/api/files/test", json=answer)
    taken = await client.files.taken("local", "a.gcode")
    assert taken
    assert is_noon(taken.date)


@off
async def test_date_of_a_film(
    client: OctoPrintClient, fake: FakeOctoPrint, told: float
) -> None:
    """What is written of it in words has no time zone, so it is not read."""
    film = {"name": "a.mp4", "timestamp": told, "date": "2026-11-21 10:00"}
    fake.answer("GET", "/api/timelapse?unrendered=true", json={"files": [film]})
    (found,) = (await client.timelapse.list()).films
    assert is_noon(found.date)


@off
async def test_time_of_a_check_for_updates(
    client: OctoPrintClient, fake: FakeOctoPrint, told: float
) -> None:
    answer = {"status": "current", "information": {}, "timestamp": told}
    fake.answer("GET", "/plugin/softwareupdate/check", json=answer)
    assert is_noon((await client.plugins.software_update.check()).time)


@off
async def test_clock_that_is_only_dated(
    client: OctoPrintClient, fake: FakeOctoPrint, ours: Time, ahead: float
) -> None:
    """Where the socket cannot be used, the answers of a proxy tell the clock."""
    told = NOW.timestamp() + ahead
    fake.answer("GET", "/api/files/local/a.gcode", json=a_file(told))
    for _ in range(2):
        ours.wait(10)
        date = formatdate(ours.now + ahead, usegmt=True)
        job = fake.json("GET", "/api/job")
        fake.answer("GET", "/api/job", json=job, headers={"Date": date})
        await client.job.get()
    assert is_noon((await client.files.info("local", "a.gcode")).date)


async def test_socket_that_was_lost(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    """From then on the answers tell the clock, which a restart may have set."""
    fake.push.enabled = True
    fake.push.clock_ahead = 3 * DAY
    async with listening(OctoPrintPush(client)) as listener:
        await listener.next(PushStarted)
        fake.push.enabled = False
        await fake.push.drop()
        await listener.next(PushLost)
        assert client.clock.ahead == pytest.approx(3 * DAY, abs=NOTICEABLE)
        for later in range(2):
            date = formatdate(time() + later, usegmt=True)
            job = fake.json("GET", "/api/job")
            fake.answer("GET", "/api/job", json=job, headers={"Date": date})
            await client.job.get()
    assert client.clock.ahead == 0


# The end of a print that nobody saw.

RUNNING = RunningPrint(
    file=JobFile(name="a.gcode", path="a.gcode", origin="local", size=1),
    started_at=NOW - timedelta(minutes=10),
    finish_at=None,
    print_time=4,
)
NOTICED = LastPrint(
    name="a.gcode",
    result=PrintResult.CANCELLED,
    ended_at=NOW + timedelta(seconds=30),
    print_time=4,
)


@off
async def test_end_by_a_clock_that_is_off(
    client: OctoPrintClient, fake: FakeOctoPrint, told: float
) -> None:
    """The history of the file tells how long it took and when it ended."""
    fake.answer("GET", "/api/files/local/a.gcode", json=a_file(told))
    entry = await client.files.info("local", "a.gcode")
    assert entry.prints
    assert entry.prints.last
    settled = settle(NOTICED, RUNNING, entry.prints.last)
    assert settled
    assert (settled.result, settled.print_time) == (PrintResult.DONE, 551)
    assert is_noon(settled.ended_at)


@off
async def test_end_of_an_earlier_print_by_a_clock_that_is_off(
    client: OctoPrintClient, fake: FakeOctoPrint, told: float
) -> None:
    """It ended before the last one began, whatever its clock showed."""
    earlier = a_file(told - HOUR)
    fake.answer("GET", "/api/files/local/a.gcode", json=earlier)
    entry = await client.files.info("local", "a.gcode")
    assert entry.prints
    assert entry.prints.last
    assert settle(NOTICED, RUNNING, entry.prints.last) is None
