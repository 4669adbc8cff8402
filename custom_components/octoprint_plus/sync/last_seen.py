"""The temperatures a printer was seen with last, which tell whether it may be hot.

OctoPrint knows none while the printer is not connected to it, and Home Assistant none after a
restart, but the printer stays hot, or goes on to heat.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

from homeassistant.util import dt as dt_util

from ..api import Heater, is_allowed, number

# Without power the fan of a hot nozzle stops, and what is in it melts further up.
HOT = 50

# Earlier years come from a clock that was not set.
YEAR = 2000


@dataclass(frozen=True, kw_only=True, slots=True)
class LastSeen:
    """The heaters of a printer as they were told last."""

    heaters: Mapping[str, Heater]
    at: float
    """The monotonic clock, in seconds, when that was."""

    @property
    def seconds(self) -> float:
        """Return how long ago that was."""
        return monotonic() - self.at

    def differs(self, other: LastSeen | None) -> bool:
        """Return whether a heater was switched on or off since, or became hot or cool.

        Only then is it written: what is hot and off was so at the moment that was written, so
        it cools from then on; what is on stays hot.
        """
        return other is None or (
            self.heaters is not other.heaters
            and _facts(self.heaters) != _facts(other.heaters)
        )


def is_cool(heater: Heater) -> bool:
    """Return whether nothing happens where the heater loses its power."""
    return heater.actual is not None and heater.actual < HOT


def _facts(heaters: Mapping[str, Heater]) -> dict[str, tuple[bool, bool]]:
    return {name: (bool(each.target), is_cool(each)) for name, each in heaters.items()}


def dumped(seen: LastSeen) -> dict[str, Any]:
    """Return it as it is kept; the clock that is kept is that of the world."""
    return {
        "at": dt_util.utc_from_timestamp(
            round(dt_util.utcnow().timestamp() - seen.seconds)
        ).isoformat(),
        "heaters": {
            name: {"actual": each.actual, "target": each.target}
            for name, each in seen.heaters.items()
        },
    }


def loaded(data: Any) -> LastSeen | None:
    """Return what was kept, None where it cannot be read: then nobody knows what is hot."""
    try:
        at = dt_util.parse_datetime(data["at"], raise_on_error=True)
        if at.year < YEAR:
            return None
        heaters = {
            name: Heater(
                actual=_temperature(each["actual"]),
                target=_temperature(each["target"]),
            )
            for name, each in data["heaters"].items()
            if is_allowed(name, None)
        }
        # Where the clock was set back since, it was seen now.
        seconds = max(0.0, (dt_util.utcnow() - at).total_seconds())
    except AttributeError, KeyError, OverflowError, TypeError, ValueError:
        return None
    return LastSeen(heaters=heaters, at=monotonic() - seconds)


def _temperature(value: Any) -> float | None:
    if value is not None and number(value) is None:
        raise ValueError
    return number(value)
