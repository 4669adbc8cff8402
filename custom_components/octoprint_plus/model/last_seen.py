"""The temperatures a printer was seen with last, which tell whether it may be hot.

OctoPrint knows none while the printer is not connected to it, and Home Assistant none after a
restart, but the printer stays hot, or goes on to heat.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic

from ..api import Heater

# Without power the fan of a hot nozzle stops, and what is in it melts further up.
HOT = 50


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
