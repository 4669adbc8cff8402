"""Memory: what OctoPrint forgets of its prints and heaters, and has to be kept.

All functions here are pure: an answer of the server and a memory make the next memory.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ..api import (
    JOB_STATES,
    MAX_SENSORS,
    OFFLINE_STATES,
    Heater,
    Job,
    JobFile,
    LastPrintOfFile,
    PrintResult,
    State,
    same_file,
)

# Estimates jitter. A finish time that moves with each of them is useless in an
# automation and fills the recorder, so it moves only when it is noticeably wrong.
FINISH_TOLERANCE = timedelta(minutes=1)
FINISH_TOLERANCE_PAUSED = timedelta(minutes=5)

# Print times are rounded, and a `current` may be a moment older than what was told
# before it.
PRINT_TIME_JITTER = timedelta(seconds=2)

# The clocks of two computers that are set right differ by no more.
CLOCK_TOLERANCE = timedelta(minutes=1)

# In these a print is not paused, nor is it given up.
GOING_ON_STATES = frozenset({State.FINISHING, State.PRINTING, State.RESUMING})


@dataclass(frozen=True, kw_only=True, slots=True)
class RunningPrint:
    """The print that runs or is paused."""

    file: JobFile
    started_at: datetime
    finish_at: datetime | None
    """When it will be finished, steady against small changes of the estimate."""

    print_time: int
    """Seconds so far, pauses excluded."""

    at_end: bool = False
    """Whether all of the file has been read; its last commands may still fail."""

    completed: bool = False
    """Whether it was seen finishing."""

    cancelled: bool = False
    """Whether it was seen being cancelled."""

    failed: bool = False
    """Whether an error came while it ran, even if it is still being cancelled for it."""

    paused: bool | None = False
    """Whether it is paused, or was when it was cancelled; None if that is not known."""

    @property
    def is_told(self) -> bool:
        """Return whether it is known how it ends."""
        return self.completed or self.cancelled or self.failed


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

    sensors: frozenset[str] = frozenset()
    """What else it ever reported a temperature of."""


def next_memory(
    memory: Memory,
    state: State,
    job: Job,
    heaters: Mapping[str, Heater],
    *,
    now: datetime,
    told_at: datetime | None,
    has_failed: bool,
    sensors: Iterable[str] = (),
) -> Memory:
    """Return what has to be remembered after an answer of the server.

    Where that is nothing new it is the same object. `told_at` is when the server told
    something before, None where that was before a restart of ours.
    """
    running = next_running(
        memory.running, state, job, now=now, told_at=told_at, has_failed=has_failed
    )
    last_print = memory.last_print
    if memory.running and (
        running is None or running.started_at != memory.running.started_at
    ):
        last_print = ended_print(memory.running, state, job, now, has_failed=has_failed)
    next_ = Memory(
        running=running,
        last_print=last_print,
        last_targets=next_targets(memory.last_targets, heaters),
        heaters=memory.heaters.union(heaters),
        sensors=_with_sensors(memory.sensors, sensors),
    )
    return memory if next_ == memory else next_


def _with_sensors(known: frozenset[str], reported: Iterable[str]) -> frozenset[str]:
    """Return the sensors with those reported now, as many as any printer has."""
    room = MAX_SENSORS - len(known)
    return known.union(sorted(set(reported) - known)[:room]) if room > 0 else known


def next_targets(
    last_targets: Mapping[str, float], heaters: Mapping[str, Heater]
) -> Mapping[str, float]:
    """Return the last target of each heater that was not off."""
    news = {
        name: heater.target
        for name, heater in heaters.items()
        if heater.target and heater.target != last_targets.get(name)
    }
    return {**last_targets, **news} if news else last_targets


def next_running(
    running: RunningPrint | None,
    state: State,
    job: Job,
    *,
    now: datetime,
    told_at: datetime | None = None,
    has_failed: bool = False,
) -> RunningPrint | None:
    """Return the running print after an answer of the server, None without one."""
    if state is State.OTHER:
        # Whether it goes on the next state that we know tells.
        return running
    if state not in JOB_STATES:
        return None
    if job.file is None:
        # It is unselected a moment before the state tells that the printer is lost.
        return running
    progress = job.progress
    # While it starts, and once it is cancelled, OctoPrint reports no times.
    is_same = running is not None and _same_print(running, job, state, now, told_at)
    known_time = running.print_time if running and is_same else 0
    print_time = progress.print_time if progress.print_time is not None else known_time
    if running and is_same:
        if running.is_told:
            # The event that told how it ends has the exact time.
            print_time = max(print_time, known_time)
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
        # The size of a file on the printer's own storage is what the printer believes.
        at_end=job.file.origin == "local" and (progress.completion or 0) >= 100,
        completed=state is State.FINISHING,
        cancelled=state is State.CANCELLING
        or bool(running and is_same and running.cancelled),
        # The error of an earlier print may still be there when the next one starts.
        failed=bool(running and is_same and (has_failed or running.failed)),
        # A print from the SD card may be finished before it is told to print again.
        paused=state is State.PAUSED
        or bool(
            running and is_same and running.paused and state not in GOING_ON_STATES
        ),
    )


def _same_print(
    running: RunningPrint,
    job: Job,
    state: State,
    now: datetime,
    told_at: datetime | None,
) -> bool:
    """Return whether the job is still the print that ran before."""
    if not same_file(job.file, running.file):
        return False
    if state is State.STARTING and (
        running.print_time or running.cancelled or running.completed
    ):
        # It was restarted: the time begins anew, and none that was ending goes on.
        return False
    time = job.progress.print_time
    if time is None or time >= running.print_time:
        return True
    # The pauses of a print from the SD card are taken off when it goes on, so less
    # time makes another print only where that can have begun since.
    began_at = now - timedelta(seconds=time) - PRINT_TIME_JITTER
    return told_at is not None and began_at <= told_at


def next_finish(
    finish_at: datetime | None, state: State, left: int | None, now: datetime
) -> datetime | None:
    """Return when the print will be finished: the known time while it is about right.

    It is never over: a print that takes longer than OctoPrint believed is not finished.
    """
    if left is None:
        return finish_at if finish_at and finish_at > now else None
    tolerance = FINISH_TOLERANCE_PAUSED if state is State.PAUSED else FINISH_TOLERANCE
    # So late that a known time that is about right is never over.
    estimate = (now + max(timedelta(seconds=left), tolerance)).replace(microsecond=0)
    if finish_at is None:
        return estimate
    return finish_at if abs(estimate - finish_at) <= tolerance else estimate


def ended_print(
    running: RunningPrint,
    state: State,
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
    shown_time = job.progress.print_time if is_shown else None
    if has_failed or running.failed:
        result = PrintResult.FAILED
    elif running.cancelled:
        result = PrintResult.CANCELLED
    elif (
        running.completed
        or is_shown
        or (running.at_end and state not in OFFLINE_STATES)
    ):
        result = PrintResult.DONE
    elif state in OFFLINE_STATES:
        result = PrintResult.FAILED
    else:
        result = PrintResult.CANCELLED
    return LastPrint(
        name=running.file.name,
        result=result,
        ended_at=now.replace(microsecond=0),
        print_time=max(running.print_time, shown_time or 0),
    )


def settle(
    last_print: LastPrint, running: RunningPrint, history: LastPrintOfFile
) -> LastPrint | None:
    """Return the end of a print as the file's own history tells it, None if it does not yet.

    A poll sees an end late and may guess wrong, for example where a print ended and
    the next began in between. The history of the file is the server's own record, whose
    clock may be unknown: an entry that doesn't fit what was seen is one of an earlier print.
    """
    if history.date is None or not _is_history_of(history, last_print, running):
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
        ended_at=min(history.date.replace(microsecond=0), last_print.ended_at),
        print_time=(
            round(history.print_time)
            if history.print_time is not None
            else last_print.print_time
        ),
    )


def _is_history_of(
    history: LastPrintOfFile, last_print: LastPrint, running: RunningPrint
) -> bool:
    """Return whether the history can be that of the print that has ended."""
    date, noticed = history.date, last_print.ended_at
    if date is None or not running.started_at <= date <= noticed + CLOCK_TOLERANCE:
        return False
    if history.print_time is None:
        return True
    taken = timedelta(seconds=history.print_time)
    known = timedelta(seconds=running.print_time)
    longest = noticed - running.started_at
    return known - CLOCK_TOLERANCE <= taken <= longest + CLOCK_TOLERANCE


def note_ending(
    memory: Memory, result: PrintResult, path: str | None, print_time: float | None
) -> Memory:
    """Return the memory with how the running print is about to end, as an event told it."""
    running = memory.running
    if running is None or path != running.file.path:
        return memory
    noted = replace(
        running,
        completed=running.completed or result is PrintResult.DONE,
        cancelled=running.cancelled or result is PrintResult.CANCELLED,
        failed=running.failed or result is PrintResult.FAILED,
        print_time=running.print_time if print_time is None else round(print_time),
    )
    return replace(memory, running=noted)
