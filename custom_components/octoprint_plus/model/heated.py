"""Heated: what was heated with a promise to restore it, and what is right to restore now."""

from dataclasses import dataclass

from ..api import BUSY_STATES, Heater, State

# Firmwares round targets.
TOLERANCE = 1.0

UNKNOWN = Heater(actual=None, target=None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """What a printer does at one moment."""

    state: State
    heater: Heater
    file: str | None
    """The path of the file that is printed or paused, None without a print."""

    print_time: int | None
    """Seconds that the print has taken so far."""

    def continues(self, before: Observation) -> bool:
        """Return whether it does what it did before: nothing, or the same paused print."""
        if self.state is not before.state:
            return False
        return before.file is None or _is_same_print(
            self, before.file, before.print_time
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Heated:
    """A heater that was heated for a while, and what was so before."""

    heater: str
    """OctoPrint's name of it."""

    temperature: float
    """Degrees Celsius that we set."""

    earlier: float
    """Degrees Celsius that were set before, 0 for off."""

    file: str | None
    """The path of the paused print's file, None without a print."""

    print_time: int | None
    """Seconds that the print had taken by then."""


def restored_target(
    heated: Heated, now: Observation, *, keeps_earlier: bool
) -> float | None:
    """Return the target in degrees Celsius to set, None where the heater is not ours any more.

    A print that was not there before owns its heaters, and a target that somebody else has
    set stays. A paused print that goes on needs its own target. Without a print the earlier
    one is set where it is to be kept, else the heater is switched off.
    """
    target = now.heater.target
    is_ours = (
        target is None
        or is_target(target, heated.temperature)
        or target == heated.earlier
    )
    if not is_ours:
        return None
    if now.state not in BUSY_STATES:
        return heated.earlier if keeps_earlier and heated.file is None else 0.0
    if heated.file is None or not _is_same_print(now, heated.file, heated.print_time):
        return None
    if now.state in (State.CANCELLING, State.FINISHING):
        return 0.0
    if heated.earlier == 0 and now.state is not State.PAUSED:
        # What was switched off in the pause the print needs again: never cool it as it goes on.
        return None
    return heated.earlier


def is_target(target: float, temperature: float) -> bool:
    """Return whether a reported target is the one that was set."""
    return abs(target - temperature) < TOLERANCE


def _is_same_print(now: Observation, file: str, print_time: int | None) -> bool:
    """Return whether a print is the one of before; one that began anew is not."""
    if now.file != file or now.state is State.STARTING:
        return False
    return (
        now.print_time is None or print_time is None or now.print_time >= print_time - 1
    )
