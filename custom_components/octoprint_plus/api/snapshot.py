"""Snapshot: everything known of one printer at one moment, and how the next one comes.

All functions here are pure: an answer of the server and a snapshot make the next
snapshot. A part that did not change stays the same object.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
import re

from .access import CurrentUser
from .connection import Connection
from .files import LastPrintOfFile
from .job import Job, JobFile
from .printer import Flags, Heater, PrinterError, PrinterState
from .profiles import PrinterProfile
from .server import ServerInfo
from .settings import Settings
from .system import SystemCommand

TOOL = re.compile(r"tool(0|[1-9][0-9]?)")

# Estimates jitter. A finish time that moves with each of them is useless in an
# automation and fills the recorder, so it moves only when it is noticeably wrong.
FINISH_TOLERANCE = timedelta(minutes=1)
FINISH_TOLERANCE_PAUSED = timedelta(minutes=5)


class State(StrEnum):
    """The printer's state, after OctoPrint's own state ids."""

    CANCELLING = "cancelling"
    CONNECTING = "connecting"
    DETECT_SERIAL = "detect_serial"
    ERROR = "error"
    FINISHING = "finishing"
    OFFLINE = "offline"
    OFFLINE_AFTER_ERROR = "offline_after_error"
    OPEN_SERIAL = "open_serial"
    OPERATIONAL = "operational"
    PAUSED = "paused"
    PAUSING = "pausing"
    PRINTING = "printing"
    RESUMING = "resuming"
    STARTING = "starting"
    TRANSFERRING_FILE = "transferring_file"


STATES_BY_TEXT = {
    "Cancelling": State.CANCELLING,
    "Closed": State.OFFLINE,
    "Connecting": State.CONNECTING,
    "Detecting": State.DETECT_SERIAL,
    "Detecting serial connection": State.DETECT_SERIAL,
    "Error": State.ERROR,
    "Finishing": State.FINISHING,
    "Offline": State.OFFLINE,
    "Offline after error": State.OFFLINE_AFTER_ERROR,
    "Opening serial connection": State.OPEN_SERIAL,
    "Operational": State.OPERATIONAL,
    "Paused": State.PAUSED,
    "Pausing": State.PAUSING,
    "Printing": State.PRINTING,
    "Printing from SD": State.PRINTING,
    "Resuming": State.RESUMING,
    "Sending file to SD": State.TRANSFERRING_FILE,
    "Starting": State.STARTING,
    "Starting print from SD": State.STARTING,
    "Starting to send file to SD": State.TRANSFERRING_FILE,
    "Transferring file to SD": State.TRANSFERRING_FILE,
    "Transferring file to printer": State.TRANSFERRING_FILE,
}

OFFLINE_STATES = frozenset({State.ERROR, State.OFFLINE, State.OFFLINE_AFTER_ERROR})

CONNECTING_STATES = frozenset(
    {State.CONNECTING, State.DETECT_SERIAL, State.OPEN_SERIAL}
)

JOB_STATES = frozenset(
    {
        State.CANCELLING,
        State.FINISHING,
        State.PAUSED,
        State.PAUSING,
        State.PRINTING,
        State.RESUMING,
        State.STARTING,
    }
)

BUSY_STATES = JOB_STATES | {State.TRANSFERRING_FILE}


class PrintResult(StrEnum):
    """How a print ended."""

    CANCELLED = "cancelled"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class RunningPrint:
    """The print that runs or is paused."""

    file: JobFile
    started_at: datetime
    finish_at: datetime | None
    """When it will be finished, steady against small changes of the estimate."""

    print_time: int
    """Seconds so far, pauses excluded."""

    completed: bool = False
    """Whether all of the file has been sent."""

    cancelled: bool = False
    """Whether it was seen being cancelled."""

    failed: bool = False
    """Whether an error came while it ran, even if it is still being cancelled for it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LastPrint:
    """The print that ended last."""

    name: str
    result: PrintResult
    ended_at: datetime
    print_time: int | None
    """Seconds, pauses excluded."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Memory:
    """What OctoPrint forgets, so that it has to be kept, over restarts too."""

    running: RunningPrint | None = None
    last_print: LastPrint | None = None
    last_targets: Mapping[str, float] = field(default_factory=dict)
    """The last target of each heater that was not off, in degrees Celsius."""

    heaters: frozenset[str] = frozenset()
    """The heaters that the printer was ever seen with."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerData:
    """What changes rarely: who answers, and what it lets the key do."""

    server: ServerInfo
    user: CurrentUser
    settings: Settings | None
    """None where the key may not read them, as with the two below."""

    profiles: Mapping[str, PrinterProfile]
    commands: tuple[SystemCommand, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """Everything known of one printer at one moment."""

    server: ServerData
    connection: Connection
    job: Job
    state: State | None
    """None where OctoPrint names a state that we do not know."""

    heaters: Mapping[str, Heater] = field(default_factory=dict)
    """By OctoPrint's names, only those that the printer's profile allows."""

    sd_ready: bool | None = None
    z: float | None = None
    """The height of the print head in millimetres; only pushed, never polled."""

    error: PrinterError | None = None
    memory: Memory = Memory()

    @property
    def is_connected(self) -> bool:
        """Return whether the printer is connected to the server and ready to talk."""
        return self.state is not None and (
            self.state not in OFFLINE_STATES and self.state not in CONNECTING_STATES
        )

    @property
    def is_busy(self) -> bool:
        """Return whether a job runs, is paused, or a file is sent to the printer."""
        return self.state in BUSY_STATES

    @property
    def error_text(self) -> str | None:
        """Return the last error's text, from whichever family tells it."""
        return self.error.error if self.error else self.job.error

    @property
    def has_problem(self) -> bool:
        """Return whether an error stopped the print or the connection."""
        return self.error_text is not None or self.state in (
            State.ERROR,
            State.OFFLINE_AFTER_ERROR,
        )

    @property
    def is_heating(self) -> bool:
        """Return whether any heater is switched on."""
        return any(heater.target for heater in self.heaters.values())

    @property
    def profile(self) -> PrinterProfile | None:
        """Return the printer's profile: the one in use, else the default."""
        profiles = self.server.profiles
        used = self.connection.printer_profile
        if used is not None and used in profiles:
            return profiles[used]
        return next((p for p in profiles.values() if p.default), None)


def parse_state(text: str | None, flags: Flags | None = None) -> State | None:
    """Return the state by its text, else by the flags that a translation leaves alone."""
    if text in STATES_BY_TEXT:
        return STATES_BY_TEXT[text]
    if text is not None and text.startswith("Error"):
        return State.ERROR
    if flags is None:
        return None
    by_flag = (
        (flags.cancelling, State.CANCELLING),
        (flags.finishing, State.FINISHING),
        (flags.pausing, State.PAUSING),
        (flags.resuming, State.RESUMING),
        (flags.paused, State.PAUSED),
        (flags.printing, State.PRINTING),
        (flags.ready, State.OPERATIONAL),
        (flags.error, State.ERROR),
        (flags.closed_or_error, State.OFFLINE),
    )
    return next((state for is_set, state in by_flag if is_set), None)


def allowed_heaters(
    heaters: Mapping[str, Heater], profile: PrinterProfile | None
) -> dict[str, Heater]:
    """Return the heaters that can be set.

    Firmwares report other sensors and junk beside them, and a target for a tool
    that the profile does not have would heat the only hotend.
    """
    return {
        name: heater
        for name, heater in sorted(heaters.items())
        if is_allowed(name, profile)
    }


def is_allowed(name: str, profile: PrinterProfile | None) -> bool:
    """Return whether a printer with this profile, if it is known, has the heater."""
    if name == "bed":
        return profile is None or profile.heated_bed
    if name == "chamber":
        return profile is None or profile.heated_chamber
    if (tool := TOOL.fullmatch(name)) is None:
        return False
    return profile is None or int(tool[1]) < profile.tool_count


def advance(
    previous: Snapshot | None,
    memory: Memory,
    *,
    server: ServerData,
    connection: Connection,
    job: Job,
    printer: PrinterState | None,
    error: PrinterError | None,
    now: datetime,
) -> Snapshot:
    """Return the snapshot that follows from the answers of one poll.

    `printer` is None while the printer is not connected; `now` has a time zone.
    """
    state = parse_state(job.state, printer.flags if printer else None)
    draft = Snapshot(
        server=server,
        connection=connection,
        job=job,
        state=state,
        sd_ready=printer.sd_ready if printer else None,
        error=error,
    )
    heaters = allowed_heaters(printer.heaters, draft.profile) if printer else {}
    has_failed = error is not None and (previous is None or error != previous.error)
    return replace(
        draft,
        heaters=heaters,
        memory=next_memory(memory, state, job, heaters, now=now, has_failed=has_failed),
    )


def next_memory(
    memory: Memory,
    state: State | None,
    job: Job,
    heaters: Mapping[str, Heater],
    *,
    now: datetime,
    has_failed: bool,
) -> Memory:
    """Return what has to be remembered after an answer of the server."""
    running = next_running(memory.running, state, job, now, has_failed=has_failed)
    last_print = memory.last_print
    if memory.running and (
        running is None or running.started_at != memory.running.started_at
    ):
        last_print = ended_print(memory.running, state, job, now, has_failed=has_failed)
    targets = {name: heater.target for name, heater in heaters.items() if heater.target}
    return Memory(
        running=running,
        last_print=last_print,
        last_targets={**memory.last_targets, **targets},
        heaters=memory.heaters.union(heaters),
    )


def next_running(
    running: RunningPrint | None,
    state: State | None,
    job: Job,
    now: datetime,
    *,
    has_failed: bool = False,
) -> RunningPrint | None:
    """Return the running print after an answer of the server, None without one."""
    if state not in JOB_STATES or job.file is None:
        return None
    progress = job.progress
    # While it starts, and once it is cancelled, OctoPrint reports no times.
    is_same = running is not None and _same_print(running, job, state)
    known_time = running.print_time if running and is_same else 0
    print_time = progress.print_time if progress.print_time is not None else known_time
    if running and is_same:
        started_at = running.started_at
        finish_at = running.finish_at
    else:
        started_at = (now - timedelta(seconds=print_time)).replace(microsecond=0)
        finish_at = None
    return RunningPrint(
        file=job.file,
        started_at=started_at,
        finish_at=next_finish(finish_at, state, progress.print_time_left, now),
        print_time=print_time,
        completed=bool(progress.completion is not None and progress.completion >= 100)
        or state is State.FINISHING,
        cancelled=state is State.CANCELLING
        or bool(running and is_same and running.cancelled),
        # The error of an earlier print may still be there when the next one starts.
        failed=bool(running and is_same and (has_failed or running.failed)),
    )


def _same_print(running: RunningPrint, job: Job, state: State | None) -> bool:
    """Return whether the job is still the print that ran before."""
    if job.file is None or (job.file.path, job.file.origin) != (
        running.file.path,
        running.file.origin,
    ):
        return False
    if state is State.STARTING and running.print_time:
        # It was restarted: the time begins anew.
        return False
    time = job.progress.print_time
    return time is None or time >= running.print_time


def next_finish(
    finish_at: datetime | None, state: State | None, left: int | None, now: datetime
) -> datetime | None:
    """Return when the print will be finished: the known time while it is about right."""
    if left is None:
        return finish_at
    estimate = (now + timedelta(seconds=left)).replace(microsecond=0)
    if finish_at is None:
        return estimate
    tolerance = FINISH_TOLERANCE_PAUSED if state is State.PAUSED else FINISH_TOLERANCE
    return finish_at if abs(estimate - finish_at) <= tolerance else estimate


def ended_print(
    running: RunningPrint,
    state: State | None,
    job: Job,
    now: datetime,
    *,
    has_failed: bool,
) -> LastPrint:
    """Return what is known of a print that has just ended."""
    # A finished job stays at 100 % until another is chosen; a cancelled one loses it.
    is_shown = (
        state is State.OPERATIONAL
        and job.file is not None
        and job.file.path == running.file.path
        and (job.progress.completion or 0) >= 100
    )
    if has_failed or running.failed:
        result = PrintResult.FAILED
    elif running.cancelled:
        result = PrintResult.CANCELLED
    elif running.completed or is_shown:
        result = PrintResult.DONE
    elif state in OFFLINE_STATES:
        result = PrintResult.FAILED
    else:
        result = PrintResult.CANCELLED
    return LastPrint(
        name=running.file.name,
        result=result,
        ended_at=now.replace(microsecond=0),
        print_time=(
            job.progress.print_time
            if is_shown and job.progress.print_time
            else running.print_time
        ),
    )


def settle(
    last_print: LastPrint, running: RunningPrint, history: LastPrintOfFile
) -> LastPrint | None:
    """Return the end of a print as the file's own history tells it, None if it does not yet.

    A poll sees an end late and may guess wrong, for example where a print ended and
    the next began in between. The history of the file is the server's own record.
    """
    if history.date is None or history.date < running.started_at:
        return None
    if history.success:
        result = PrintResult.DONE
    elif last_print.result is PrintResult.DONE:
        result = PrintResult.CANCELLED
    else:
        result = last_print.result
    return replace(
        last_print,
        result=result,
        ended_at=(
            history.date.replace(microsecond=0) if history.date else last_print.ended_at
        ),
        print_time=(
            round(history.print_time)
            if history.print_time is not None
            else last_print.print_time
        ),
    )
