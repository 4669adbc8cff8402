"""What sensors and climate entities share about heaters."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .api import Snapshot
from .api.printer import Heater
from .api.snapshot import TOOL, is_allowed

# A heater that keeps its target swings around it by about this many degrees.
AT_TARGET = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownHeater:
    """A heater that the printer has, and how its entities are named."""

    name: str
    """OctoPrint's name: tool0, bed, chamber."""

    translation_key: str
    """tool, tool_number, bed or chamber."""

    number: str
    """A tool's number, counted as OctoPrint counts, from 0."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LastSeen:
    """The heaters of a printer that is not connected any more."""

    heaters: Mapping[str, Heater]
    """As they were told last."""

    at: float
    """The monotonic clock, in seconds, when they were not told any more."""


def extruder_count(snapshot: Snapshot) -> int:
    """Return how many tools there are, as far as the key may see."""
    if profile := snapshot.profile:
        return profile.extruder_count
    return sum(map(bool, map(TOOL.fullmatch, snapshot.memory.heaters))) or 1


def is_warming(heaters: Mapping[str, Heater]) -> bool:
    """Return whether a heater is on its way up to its target."""
    return any(
        heater.target
        and heater.actual is not None
        and heater.actual < heater.target - AT_TARGET
        for heater in heaters.values()
    )


def known_heaters(snapshot: Snapshot) -> Iterable[KnownHeater]:
    """Yield the heaters the printer was seen with; a printer with one tool numbers none."""
    profile = snapshot.profile
    names = [name for name in snapshot.memory.heaters if is_allowed(name, profile)]
    tools = [name for name in names if TOOL.fullmatch(name)]
    is_single = len(tools) <= 1 and (profile is None or profile.tool_count <= 1)
    for name in sorted(names):
        if TOOL.fullmatch(name):
            yield KnownHeater(
                name=name,
                number=name.removeprefix("tool"),
                translation_key="tool" if is_single else "tool_number",
            )
        else:
            yield KnownHeater(name=name, number="", translation_key=name)
