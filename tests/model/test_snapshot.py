"""Test the snapshot: what follows from one answer after another."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.octoprint_plus.api import State
from custom_components.octoprint_plus.api.connection import parse_connection
from custom_components.octoprint_plus.api.entries import LastPrintOfFile
from custom_components.octoprint_plus.api.heaters import allowed_heaters
from custom_components.octoprint_plus.api.job import (
    Job,
    JobFile,
    PrintResult,
    parse_job,
)
from custom_components.octoprint_plus.api.permissions import CurrentUser
from custom_components.octoprint_plus.api.printer import (
    Flags,
    Heater,
    PrinterError,
    PrinterState,
)
from custom_components.octoprint_plus.api.profiles import parse_profile
from custom_components.octoprint_plus.api.state import STATES_BY_TEXT, parse_state
from custom_components.octoprint_plus.api.version import ServerInfo
from custom_components.octoprint_plus.model.prints import (
    LastPrint,
    Memory,
    RunningPrint,
    settle,
)
from custom_components.octoprint_plus.model.snapshot import (
    ServerData,
    Snapshot,
    advance,
)

START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

SERVER = ServerData(
    server=ServerInfo(version="1.11.8", safe_mode=None),
    user=CurrentUser(name="admin", permissions=frozenset({"ADMIN"})),
    settings=None,
    profiles={
        "_default": parse_profile("_default", {"default": True}),
        "dual": parse_profile("dual", {"extruder": {"count": 2}}),
    },
    commands=(),
)

BOAT = JobFile(name="boat.gcode", path="boat.gcode", origin="local", size=1000)
CUBE = JobFile(name="cube.gcode", path="cube.gcode", origin="local", size=2000)

FIRMWARE_ERROR = PrinterError(
    error="Something odd", reason="firmware", consequence="cancel", faq_url=None
)

OFF = Heater(actual=21.3, target=0)


def a_job(
    state: str,
    file: JobFile | None = BOAT,
    *,
    completion: float | None = None,
    time: int | None = None,
    left: int | None = None,
) -> Job:
    """Return a job as it is polled."""
    job = parse_job(
        {
            "state": state,
            "progress": {
                "completion": completion,
                "printTime": time,
                "printTimeLeft": left,
            },
        }
    )
    return replace(job, file=file)


class Printer:
    """A printer that is polled, with the memory kept from poll to poll."""

    def __init__(self) -> None:
        self.memory = Memory()
        self.snapshot: Snapshot | None = None

    def poll(
        self,
        after: float,
        job: Job,
        *,
        error: PrinterError | None = None,
        heaters: dict[str, Heater] | None = None,
    ) -> Snapshot:
        """Poll some seconds after the start."""
        self.snapshot = advance(
            self.snapshot,
            self.memory,
            server=SERVER,
            connection=parse_connection({}),
            job=job,
            printer=PrinterState(
                text=None,
                error=None,
                flags=Flags(),
                sd_ready=True,
                heaters=heaters or {},
            ),
            error=error,
            now=START + timedelta(seconds=after),
        )
        self.memory = self.snapshot.memory
        return self.snapshot

    def restart_home_assistant(self) -> None:
        """Forget what is only in memory, keep what is stored."""
        self.snapshot = None
        if running := self.memory.running:
            kept = replace(running, completed=False, cancelled=False)
            self.memory = replace(self.memory, running=kept)

    @property
    def running(self) -> RunningPrint:
        assert self.memory.running is not None
        return self.memory.running

    @property
    def last(self) -> LastPrint | None:
        return self.memory.last_print


@pytest.fixture
def printer() -> Printer:
    """Return an idle printer with a file selected."""
    printer = Printer()
    printer.poll(0, a_job("Operational"))
    assert printer.memory.running is None
    assert printer.last is None
    return printer


# A print from its start to its end.


def test_finished_print(printer: Printer) -> None:
    printer.poll(10, a_job("Starting"))
    assert printer.running == RunningPrint(
        file=BOAT,
        started_at=START + timedelta(seconds=10),
        finish_at=None,
        print_time=0,
    )
    printer.poll(20, a_job("Printing", completion=1, time=8, left=600))
    assert printer.running == RunningPrint(
        file=BOAT,
        started_at=START + timedelta(seconds=10),
        finish_at=START + timedelta(seconds=620),
        print_time=8,
    )
    printer.poll(600, a_job("Printing", completion=98, time=588, left=20))
    printer.poll(622, a_job("Finishing", completion=100, time=609, left=0))
    assert printer.running.completed
    assert printer.last is None
    printer.poll(624, a_job("Operational", completion=100, time=610, left=0))
    assert printer.memory.running is None
    assert printer.last == LastPrint(
        name="boat.gcode",
        result=PrintResult.DONE,
        ended_at=START + timedelta(seconds=624),
        print_time=610,
    )


def test_last_print_stays(printer: Printer) -> None:
    printer.poll(10, a_job("Printing", time=1))
    printer.poll(20, a_job("Operational"))
    ended = printer.last
    assert ended is not None
    printer.poll(900, a_job("Operational", CUBE))
    printer.poll(910, a_job("Printing", CUBE, time=1))
    assert printer.last is ended


def test_finished_between_two_polls(printer: Printer) -> None:
    printer.poll(10, a_job("Printing", completion=90, time=100, left=5))
    printer.poll(40, a_job("Operational", completion=100, time=107, left=0))
    assert printer.last
    assert printer.last.result is PrintResult.DONE
    assert printer.last.print_time == 107


def test_finished_and_another_file_selected_between_two_polls(
    printer: Printer,
) -> None:
    printer.poll(10, a_job("Finishing", completion=100, time=100))
    printer.poll(40, a_job("Operational", CUBE))
    assert printer.last
    assert (printer.last.name, printer.last.result, printer.last.print_time) == (
        "boat.gcode",
        PrintResult.DONE,
        100,
    )


def test_cancelled_print(printer: Printer) -> None:
    printer.poll(10, a_job("Printing", completion=50, time=100, left=100))
    printer.poll(20, a_job("Cancelling"))
    assert printer.running.cancelled
    assert printer.running.print_time == 100
    assert printer.running.started_at == START - timedelta(seconds=90)
    printer.poll(25, a_job("Operational"))
    assert printer.last == LastPrint(
        name="boat.gcode",
        result=PrintResult.CANCELLED,
        ended_at=START + timedelta(seconds=25),
        print_time=100,
    )


def test_cancelled_between_two_polls(printer: Printer) -> None:
    printer.poll(10, a_job("Printing", completion=50, time=100, left=100))
    printer.poll(20, a_job("Operational"))
    assert printer.last
    assert printer.last.result is PrintResult.CANCELLED


def test_cancelled_while_finishing(printer: Printer) -> None:
    printer.poll(10, a_job("Finishing", completion=100, time=100))
    printer.poll(12, a_job("Cancelling"))
    printer.poll(14, a_job("Operational"))
    assert printer.last
    assert printer.last.result is PrintResult.CANCELLED


@pytest.mark.parametrize("state", ["Offline", "Offline after error", "Error"])
def test_failed_by_a_lost_printer(printer: Printer, state: str) -> None:
    printer.poll(10, a_job("Printing", completion=50, time=100, left=100))
    printer.poll(20, a_job(state, None))
    assert printer.memory.running is None
    assert printer.last == LastPrint(
        name="boat.gcode",
        result=PrintResult.FAILED,
        ended_at=START + timedelta(seconds=20),
        print_time=100,
    )


def test_failed_by_the_firmware_which_stays_connected(printer: Printer) -> None:
    printer.poll(10, a_job("Printing", completion=50, time=100, left=100))
    printer.poll(20, a_job("Operational"), error=FIRMWARE_ERROR)
    assert printer.last
    assert printer.last.result is PrintResult.FAILED


def test_failed_by_the_firmware_and_cancelled_for_it(printer: Printer) -> None:
    """The error comes while the print is still being cancelled for it."""
    printer.poll(10, a_job("Printing", completion=50, time=100, left=100))
    printer.poll(12, a_job("Cancelling"), error=FIRMWARE_ERROR)
    printer.poll(14, a_job("Operational"), error=FIRMWARE_ERROR)
    assert printer.last
    assert printer.last.result is PrintResult.FAILED


def test_cancelled_and_switched_off(printer: Printer) -> None:
    printer.poll(10, a_job("Printing", completion=50, time=100, left=100))
    printer.poll(12, a_job("Cancelling"))
    printer.poll(14, a_job("Offline", None))
    assert printer.last
    assert printer.last.result is PrintResult.CANCELLED


def test_an_old_error_fails_no_later_print(printer: Printer) -> None:
    printer.poll(5, a_job("Operational"), error=FIRMWARE_ERROR)
    printer.poll(10, a_job("Printing", time=1), error=FIRMWARE_ERROR)
    printer.poll(20, a_job("Operational"), error=FIRMWARE_ERROR)
    assert printer.last
    assert printer.last.result is PrintResult.CANCELLED


# Pauses.


def test_pause_and_resume(printer: Printer) -> None:
    printer.poll(10, a_job("Printing", completion=50, time=100, left=200))
    started_at = printer.running.started_at
    finish_at = printer.running.finish_at
    for after, state in (
        (20, "Pausing"),
        (30, "Paused"),
        (200, "Paused"),
        (208, "Paused"),
        (212, "Resuming"),
    ):
        printer.poll(after, a_job(state, completion=50, time=100, left=200))
        assert printer.running.started_at == started_at
        assert printer.running.print_time == 100
        if state == "Paused":
            # It slips while nothing happens, which is worth no row in a recorder.
            assert printer.running.finish_at == finish_at
    assert printer.running.finish_at == START + timedelta(seconds=212 + 200)
    printer.poll(310, a_job("Printing", completion=51, time=101, left=199))
    assert printer.running.started_at == started_at
    assert printer.last is None


def test_long_pause_moves_the_finish(printer: Printer) -> None:
    printer.poll(0, a_job("Paused", completion=50, time=100, left=400))
    printer.poll(300, a_job("Paused", completion=50, time=100, left=400))
    assert printer.running.finish_at == START + timedelta(seconds=400)
    printer.poll(301, a_job("Paused", completion=50, time=100, left=400))
    assert printer.running.finish_at == START + timedelta(seconds=701)


# The finish time.


def test_finish_is_steady(printer: Printer) -> None:
    printer.poll(10, a_job("Printing", time=1, left=600))
    finish_at = START + timedelta(seconds=610)
    for after, left in ((20, 590), (30, 640), (40, 510), (50, 620), (60, None)):
        printer.poll(after, a_job("Printing", time=after, left=left))
        assert printer.running.finish_at == finish_at
    printer.poll(70, a_job("Printing", time=70, left=601))
    assert printer.running.finish_at == START + timedelta(seconds=671)
    printer.poll(80, a_job("Printing", time=80, left=100))
    assert printer.running.finish_at == START + timedelta(seconds=180)


@pytest.mark.parametrize(
    ("state", "minutes_apart"), [("Printing", 1), ("Paused", 5), ("Finishing", 1)]
)
@pytest.mark.parametrize("left", [0, 20])
def test_finish_is_never_over(
    printer: Printer, state: str, minutes_apart: int, left: int
) -> None:
    """A print takes longer than OctoPrint believed, which the finish time follows calmly."""
    printer.poll(0, a_job("Printing", time=1, left=120))
    shown = [printer.running.finish_at]
    for after in range(1, 1800):
        printer.poll(after, a_job(state, completion=99, time=100, left=left))
        finish_at = printer.running.finish_at
        assert finish_at
        assert finish_at >= START + timedelta(seconds=after)
        if finish_at != shown[-1]:
            shown.append(finish_at)
    assert len(shown) <= 1 + 30 / minutes_apart


def test_finish_that_nobody_tells_any_more(printer: Printer) -> None:
    """Without a new estimate the known finish time holds until it is over, then it is unknown."""
    printer.poll(10, a_job("Printing", time=1, left=600))
    printer.poll(600, a_job("Printing", time=590))
    assert printer.running.finish_at == START + timedelta(seconds=610)
    printer.poll(611, a_job("Printing", time=601))
    assert printer.running.finish_at is None


def test_finish_without_fractions(printer: Printer) -> None:
    printer.poll(10.75, a_job("Printing", time=1, left=600))
    assert printer.running.finish_at == START + timedelta(seconds=610)
    assert printer.running.started_at == START + timedelta(seconds=9)


def test_finish_unknown(printer: Printer) -> None:
    printer.poll(10, a_job("Printing", time=1))
    assert printer.running.finish_at is None


# One print after another.


def test_restarted(printer: Printer) -> None:
    printer.poll(10, a_job("Paused", completion=50, time=100, left=100))
    printer.poll(20, a_job("Starting"))
    assert printer.running.started_at == START + timedelta(seconds=20)
    assert printer.running.print_time == 0
    assert printer.running.finish_at is None
    assert printer.last == LastPrint(
        name="boat.gcode",
        result=PrintResult.CANCELLED,
        ended_at=START + timedelta(seconds=20),
        print_time=100,
    )


@pytest.mark.parametrize("ending", ["Cancelling", "Finishing"])
def test_restarted_before_any_time_was_told(printer: Printer, ending: str) -> None:
    printer.poll(10, a_job("Starting"))
    printer.poll(12, a_job(ending))
    printer.poll(14, a_job("Starting"))
    assert printer.last
    assert printer.running.started_at == START + timedelta(seconds=14)
    assert not printer.running.cancelled


def test_restarted_unseen(printer: Printer) -> None:
    printer.poll(10, a_job("Paused", completion=50, time=100, left=100))
    printer.poll(20, a_job("Printing", completion=2, time=4, left=196))
    assert printer.running.started_at == START + timedelta(seconds=16)
    assert printer.running.finish_at == START + timedelta(seconds=216)
    assert printer.last
    assert printer.last.print_time == 100


def test_starting_takes_several_polls(printer: Printer) -> None:
    printer.poll(10, a_job("Starting"))
    printer.poll(20, a_job("Starting"))
    printer.poll(30, a_job("Printing", completion=0.1, time=0))
    assert printer.running.started_at == START + timedelta(seconds=10)
    assert printer.last is None


@pytest.mark.parametrize("file", [BOAT, CUBE])
def test_ended_and_started_between_two_polls(printer: Printer, file: JobFile) -> None:
    printer.poll(10, a_job("Finishing", completion=100, time=500, left=0))
    printer.poll(40, a_job("Printing", file, completion=3, time=5, left=90))
    assert printer.running.file == file
    assert printer.running.started_at == START + timedelta(seconds=35)
    assert not printer.running.completed
    assert printer.last == LastPrint(
        name="boat.gcode",
        result=PrintResult.DONE,
        ended_at=START + timedelta(seconds=40),
        print_time=500,
    )


def test_same_file_on_the_other_storage(printer: Printer) -> None:
    printer.poll(10, a_job("Printing", time=10))
    printer.poll(20, a_job("Printing", replace(BOAT, origin="sdcard"), time=5))
    assert printer.running.file.origin == "sdcard"
    assert printer.last
    assert printer.last.name == "boat.gcode"


# Home Assistant away and back.


def test_found_in_the_middle() -> None:
    printer = Printer()
    printer.poll(0, a_job("Printing", completion=50, time=100, left=60))
    assert printer.running.started_at == START - timedelta(seconds=100)
    assert printer.last is None


def test_restart_during_a_print(printer: Printer) -> None:
    printer.poll(10, a_job("Printing", completion=50, time=100, left=60))
    before = printer.running
    printer.restart_home_assistant()
    printer.poll(20, a_job("Printing", completion=60, time=110, left=50))
    assert printer.running.started_at == before.started_at
    assert printer.running.finish_at == before.finish_at
    assert printer.last is None


def test_ended_during_a_restart(printer: Printer) -> None:
    printer.poll(10, a_job("Printing", completion=50, time=100, left=60))
    printer.restart_home_assistant()
    printer.poll(500, a_job("Operational", completion=100, time=161, left=0))
    assert printer.last
    assert (printer.last.result, printer.last.print_time) == (PrintResult.DONE, 161)


# The file's own history.

RUNNING = RunningPrint(file=BOAT, started_at=START, finish_at=None, print_time=90)
GUESS = LastPrint(
    name="boat.gcode",
    result=PrintResult.CANCELLED,
    ended_at=START + timedelta(seconds=130),
    print_time=90,
)


@pytest.mark.parametrize(
    ("guessed", "success", "expected"),
    [
        (PrintResult.CANCELLED, True, PrintResult.DONE),
        (PrintResult.FAILED, True, PrintResult.DONE),
        (PrintResult.DONE, True, PrintResult.DONE),
        (PrintResult.DONE, False, PrintResult.CANCELLED),
        (PrintResult.CANCELLED, False, PrintResult.CANCELLED),
        (PrintResult.FAILED, False, PrintResult.FAILED),
    ],
)
def test_settle(guessed: PrintResult, success: bool, expected: PrintResult) -> None:
    history = LastPrintOfFile(
        success=success,
        date=START + timedelta(seconds=101.5),
        print_time=100.6,
    )
    assert settle(replace(GUESS, result=guessed), RUNNING, history) == LastPrint(
        name="boat.gcode",
        result=expected,
        ended_at=START + timedelta(seconds=101),
        print_time=101,
    )


def test_settle_without_a_time() -> None:
    """OctoPrint tells no time of a print that did not succeed."""
    history = LastPrintOfFile(success=False, date=START, print_time=None)
    settled = settle(GUESS, RUNNING, history)
    assert settled
    assert settled.print_time == 90


@pytest.mark.parametrize("date", [None, START - timedelta(seconds=1)])
def test_settle_with_an_older_print(date: datetime | None) -> None:
    history = LastPrintOfFile(success=True, date=date, print_time=5)
    assert settle(GUESS, RUNNING, history) is None


@pytest.mark.parametrize(
    ("date", "print_time"),
    [
        # The server's clock is ahead: an earlier print of the file would have ended to come.
        (GUESS.ended_at + timedelta(minutes=30), 100),
        # It is behind, or ahead by less: an earlier print took another time.
        (START + timedelta(seconds=100), 5),
        (START + timedelta(seconds=100), 4000),
    ],
)
def test_settle_by_another_clock(date: datetime, print_time: float) -> None:
    """The history of an earlier print is not taken for that of the last one."""
    running = replace(RUNNING, print_time=90)
    history = LastPrintOfFile(success=True, date=date, print_time=print_time)
    assert settle(GUESS, running, history) is None


def test_no_print_ends_in_the_future() -> None:
    date = GUESS.ended_at + timedelta(seconds=40)
    history = LastPrintOfFile(success=True, date=date, print_time=100)
    settled = settle(GUESS, RUNNING, history)
    assert settled
    assert settled.result is PrintResult.DONE
    assert settled.ended_at == GUESS.ended_at


@pytest.mark.parametrize(
    ("told", "shown"), [(103.42, 100.0), (125, 100.0), (-3, 0.0), (42.5, 42.5)]
)
def test_progress_is_a_percentage(told: float, shown: float) -> None:
    progress = {"completion": told, "printTimeLeft": -195}
    job = parse_job({"state": "Printing", "job": {}, "progress": progress})
    assert job.progress.completion == shown
    assert job.progress.print_time_left is None


def test_a_believed_size_is_no_end() -> None:
    """A print from the SD card that shows 100 % and is canceled unseen has not finished."""
    printer = Printer()
    card = replace(BOAT, origin="sdcard", path="boat.gco")
    printer.poll(0, a_job("Printing", file=card, completion=103.4, time=90))
    printer.poll(30, a_job("Operational", file=card, completion=None, time=None))
    assert printer.last
    assert printer.last.result is PrintResult.CANCELLED


# States, heaters, profiles.


@pytest.mark.parametrize(("text", "state"), STATES_BY_TEXT.items())
def test_state_by_text(text: str, state: State) -> None:
    assert parse_state(text) is state
    assert parse_state(text, Flags(error=True)) is state


@pytest.mark.parametrize(
    ("flags", "state"),
    [
        (Flags(ready=True), State.OPERATIONAL),
        (Flags(printing=True), State.PRINTING),
        (Flags(paused=True), State.PAUSED),
        (Flags(printing=True, pausing=True), State.PAUSING),
        (Flags(printing=True, resuming=True), State.RESUMING),
        (Flags(printing=True, cancelling=True), State.CANCELLING),
        (Flags(printing=True, finishing=True), State.FINISHING),
        (Flags(error=True, closed_or_error=True), State.ERROR),
        (Flags(closed_or_error=True), State.OFFLINE),
        (Flags(), State.OTHER),
        (None, State.OTHER),
    ],
)
def test_state_by_flags(flags: Flags | None, state: State) -> None:
    """The texts are translated where OctoPrint itself runs in another language."""
    assert parse_state("Druckt", flags) is state
    assert parse_state(None, flags) is state


@pytest.mark.parametrize("text", ["Error: Something", "Error"])
def test_state_of_an_error(text: str) -> None:
    assert parse_state(text) is State.ERROR


def test_unknown_state(printer: Printer) -> None:
    snapshot = printer.poll(10, a_job("Unknown State (42)"))
    assert snapshot.state is State.OTHER
    assert snapshot.is_connected
    assert snapshot.is_busy


@pytest.mark.parametrize(
    ("profile", "allowed"),
    [
        (None, ["bed", "chamber", "tool0", "tool1", "tool10"]),
        ({}, ["bed", "tool0"]),
        ({"heatedBed": False, "heatedChamber": True}, ["chamber", "tool0"]),
        ({"extruder": {"count": 2}}, ["bed", "tool0", "tool1"]),
        ({"extruder": {"count": 2, "sharedNozzle": True}}, ["bed", "tool0"]),
    ],
)
def test_allowed_heaters(profile: dict[str, Any] | None, allowed: list[str]) -> None:
    names = "tool10 tool1 tool0 chamber bed A P W tool tool00 tool123 tool-1 Tool0 "
    names += "xtool0 tool0x tool٣ bed2"
    heaters = dict.fromkeys([*names.split(), "", "tool0 "], OFF)
    parsed = parse_profile("x", profile) if profile is not None else None
    assert list(allowed_heaters(heaters, parsed)) == allowed


def test_remembered_heaters(printer: Printer) -> None:
    hot = Heater(actual=50, target=60)
    printer.poll(10, a_job("Operational"), heaters={"tool0": OFF, "bed": hot})
    assert printer.memory.last_targets == {"bed": 60}
    assert printer.memory.heaters == {"bed", "tool0"}
    # Stored and compared, it must not be a set that something may change.
    assert type(printer.memory.heaters) is frozenset
    printer.poll(20, a_job("Offline", None))
    assert printer.memory.last_targets == {"bed": 60}
    assert printer.memory.heaters == {"bed", "tool0"}


@pytest.mark.parametrize(
    ("target", "is_heating"), [(60, True), (0.5, True), (0, False), (None, False)]
)
def test_is_heating(printer: Printer, target: float | None, is_heating: bool) -> None:
    heaters = {"bed": Heater(actual=50, target=target), "tool0": OFF}
    snapshot = printer.poll(10, a_job("Operational"), heaters=heaters)
    assert snapshot.is_heating is is_heating


@pytest.mark.parametrize(
    ("state", "job_error", "error", "text", "has_problem"),
    [
        ("Operational", None, None, None, False),
        ("Operational", None, FIRMWARE_ERROR, "Something odd", True),
        ("Offline", None, None, None, False),
        ("Offline after error", None, None, None, True),
        ("Offline after error", "M112", None, "M112", True),
        ("Offline after error", "M112", FIRMWARE_ERROR, "Something odd", True),
        ("Error", None, None, None, True),
    ],
)
def test_problem(
    printer: Printer,
    state: str,
    job_error: str | None,
    error: PrinterError | None,
    text: str | None,
    has_problem: bool,
) -> None:
    job = replace(a_job(state), error=job_error)
    snapshot = printer.poll(10, job, error=error)
    assert snapshot.error_text == text
    assert snapshot.has_problem is has_problem


@pytest.mark.parametrize(
    ("used", "expected"),
    [("dual", "dual"), ("gone", "_default"), (None, "_default")],
)
def test_profile(printer: Printer, used: str | None, expected: str) -> None:
    assert printer.snapshot
    connection = parse_connection({"current": {"printerProfile": used}})
    profile = replace(printer.snapshot, connection=connection).profile
    assert profile
    assert profile.id == expected


def test_without_profiles(printer: Printer) -> None:
    assert printer.snapshot
    assert (
        replace(printer.snapshot, server=replace(SERVER, profiles={})).profile is None
    )


def test_nothing_new_is_equal(printer: Printer) -> None:
    job = a_job("Printing", completion=50, time=100, left=100)
    first = printer.poll(10, job)
    assert printer.poll(10, job) == first
