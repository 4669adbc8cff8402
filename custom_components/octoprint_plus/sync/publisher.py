"""What of a printer is shown, and when: at once, or calmly.

Every number here was chosen by the rows that it makes in the recorder, see
docs/architecture.md.
"""

from collections.abc import Mapping
from dataclasses import replace

from ..api import Heater, Job, Progress, State
from ..model.comparing import all_but
from ..model.heaters import AT_TARGET
from ..model.plugins import PluginStates
from ..model.prints import Memory, RunningPrint
from ..model.snapshot import Snapshot
from .naming import Naming

# Sensors of printers are noisy by up to half a degree either way, so less than a
# whole one is not news.
TEMPERATURE_STEP = 1.0

# While it heats or cools, a temperature moves by a step and more with each report.
TEMPERATURE_PACE = 5.0

# What people read of a print: whole percents and minutes.
COMPLETION_STEP = 1.0
TIME_STEP = 60

# A few layers; heads hop by about as much with each move.
Z_STEP = 0.5

# Short prints pass a percent every few seconds.
PROGRESS_PACE = 15.0

# An upload is short, and people look on.
UPLOAD_PACE = 1.0


class Publisher:
    """Makes the snapshots that are shown.

    What people act on is shown at once, and everything else with it. What merely
    drifts (temperatures, progress, times, Z, uploads) is shown when it has moved
    noticeably.
    """

    def __init__(self) -> None:
        """Start with nothing shown."""
        self._heaters_at = float("-inf")
        self._progress_at = float("-inf")
        self._upload_at = float("-inf")
        self.naming = Naming()
        """Which file is shown once its name is known; whoever takes a snapshot lets it follow."""

        self.due_at: float | None = None
        """When what is held back now is to be looked at again, None for nothing."""

    def show(self, shown: Snapshot | None, latest: Snapshot, now: float) -> Snapshot:
        """Return the snapshot to show, the same one as before where nothing is worth it.

        `now` is in seconds of any clock that only moves on.
        """
        self.due_at = None
        if shown is not None and self.naming.is_awaited(now):
            latest = replace(latest, job=replace(latest.job, file=shown.job.file))
            self._hold_until(self.naming.until, now)
        if shown is None or not same_facts(shown, latest):
            self._heaters_at = self._progress_at = self._upload_at = now
            return latest
        heaters, sensors = shown.heaters, shown.sensors
        job, z, upload = shown.job, shown.z, shown.upload
        if now >= self._heaters_at + TEMPERATURE_PACE or has_arrived(
            shown.heaters, latest.heaters
        ):
            heaters = steady_heaters(shown.heaters, latest.heaters)
            sensors = steady_heaters(shown.sensors, latest.sensors)
        if heaters is not shown.heaters or sensors is not shown.sensors:
            self._heaters_at = now
        elif latest.heaters is not shown.heaters or latest.sensors is not shown.sensors:
            self._hold_until(self._heaters_at + TEMPERATURE_PACE, now)
        if now >= self._progress_at + PROGRESS_PACE or has_ended(
            shown.job.progress, latest.job.progress
        ):
            progress = steady_progress(shown.job.progress, latest.job.progress)
            z = latest.z if _has_moved(shown.z, latest.z, Z_STEP) else shown.z
            if progress is not job.progress or z != shown.z:
                self._progress_at = now
                job = replace(job, progress=progress)
        elif latest.job is not shown.job or latest.z != shown.z:
            self._hold_until(self._progress_at + PROGRESS_PACE, now)
        # OctoPrint may take long for what comes after the last byte.
        if latest.upload == 100 or now >= self._upload_at + UPLOAD_PACE:
            upload = latest.upload
        elif latest.upload != shown.upload:
            self._hold_until(self._upload_at + UPLOAD_PACE, now)
        if upload != shown.upload:
            self._upload_at = now
        elif (
            heaters is shown.heaters
            and sensors is shown.sensors
            and job is shown.job
            and z == shown.z
        ):
            return shown
        return replace(
            shown, heaters=heaters, sensors=sensors, job=job, z=z, upload=upload
        )

    def _hold_until(self, due_at: float, now: float) -> None:
        """Note when a pace is over, where one has yet to pass."""
        if due_at > now and (self.due_at is None or due_at < self.due_at):
            self.due_at = due_at


# What is named here drifts, or is compared in a way of its own. All else is shown at once
# where it differs, also what is still to come.
_FACTS = all_but(
    Snapshot,
    *("active_tool", "heaters", "job", "memory", "plugins", "sensors", "upload", "z"),
)
_JOB = all_but(Job, "progress", "state")
_MEMORY = all_but(Memory, "running")
# The finish time is made steady where it is estimated, and how it will end the state tells.
_RUNNING = all_but(
    RunningPrint,
    *("at_end", "cancelled", "completed", "failed", "paused", "print_time"),
)
_PLUGINS = all_but(PluginStates, "layers")


def same_facts(shown: Snapshot, latest: Snapshot) -> bool:
    """Return whether two snapshots differ in nothing but what drifts."""
    return (
        shown.state is latest.state
        and _FACTS(shown) == _FACTS(latest)
        # In a print it changes with the colours, and is not shown.
        and (latest.is_busy or shown.active_tool == latest.active_tool)
        and (shown.z is None) is (latest.z is None)
        and (shown.upload is None) is (latest.upload is None)
        and _same_job(shown, latest)
        and _same_plugins(shown.plugins, latest.plugins)
        and _same_memory(shown.memory, latest.memory)
        and _same_targets(shown.heaters, latest.heaters)
        and _same_targets(shown.sensors, latest.sensors)
    )


def _same_plugins(shown: PluginStates, latest: PluginStates) -> bool:
    if shown is latest:
        return True
    one, other = shown.layers, latest.layers
    return (
        _PLUGINS(shown) == _PLUGINS(latest)
        and (one is None) is (other is None)
        and (
            one is None
            or other is None
            # The rest of it drifts, and is shown with what does not.
            or (one.layer, one.total_layers) == (other.layer, other.total_layers)
        )
    )


def _same_job(shown: Snapshot, latest: Snapshot) -> bool:
    one, other = shown.job, latest.job
    if one is other:
        return True
    before, after = one.progress, other.progress
    return (
        _JOB(one) == _JOB(other)
        # One of these is a text that no state of ours has.
        and (latest.state is not State.OTHER or one.state == other.state)
        and (before.completion is None) is (after.completion is None)
        and (before.print_time is None) is (after.print_time is None)
        and (before.print_time_left is None) is (after.print_time_left is None)
    )


def _same_memory(one: Memory, other: Memory) -> bool:
    if one is other:
        return True
    if one.running is None or other.running is None:
        same_running = one.running is other.running
    else:
        same_running = _RUNNING(one.running) == _RUNNING(other.running)
    return same_running and _MEMORY(one) == _MEMORY(other)


def _same_targets(shown: Mapping[str, Heater], latest: Mapping[str, Heater]) -> bool:
    return shown is latest or (
        shown.keys() == latest.keys()
        and all(
            heater.target == shown[name].target
            and heater.offset == shown[name].offset
            and (heater.actual is None) is (shown[name].actual is None)
            for name, heater in latest.items()
        )
    )


def has_arrived(shown: Mapping[str, Heater], latest: Mapping[str, Heater]) -> bool:
    """Return whether a heater has come to its target, for which people wait."""
    return any(
        heater.target
        and heater.actual is not None
        and (before := shown[name].actual) is not None
        and before < heater.target - AT_TARGET <= heater.actual
        for name, heater in latest.items()
    )


def steady_heaters(
    shown: Mapping[str, Heater], latest: Mapping[str, Heater]
) -> Mapping[str, Heater]:
    """Return the temperatures with just those that moved by a step, or came to the target."""
    moved = {
        name: heater
        for name, heater in latest.items()
        if _has_moved(shown[name].actual, heater.actual, TEMPERATURE_STEP)
        or has_arrived({name: shown[name]}, {name: heater})
    }
    return {**shown, **moved} if moved else shown


def has_ended(shown: Progress, latest: Progress) -> bool:
    """Return whether a print has come to its end, which is shown to the last second."""
    return (latest.completion or 0) >= 100 > (shown.completion or 0) or (
        latest.print_time_left == 0 != shown.print_time_left
    )


def steady_progress(shown: Progress, latest: Progress) -> Progress:
    """Return the progress with just those values that moved by a step."""
    if has_ended(shown, latest):
        return latest
    steady = Progress(
        completion=latest.completion
        if _has_moved(shown.completion, latest.completion, COMPLETION_STEP)
        else shown.completion,
        print_time=latest.print_time
        if _has_moved(shown.print_time, latest.print_time, TIME_STEP)
        else shown.print_time,
        print_time_left=latest.print_time_left
        if _has_moved(shown.print_time_left, latest.print_time_left, TIME_STEP)
        else shown.print_time_left,
        print_time_left_origin=latest.print_time_left_origin,
    )
    return shown if steady == shown else steady


def _has_moved(shown: float | None, latest: float | None, step: float) -> bool:
    return shown is not None and latest is not None and abs(latest - shown) >= step
