"""What sensors and climate entities share about heaters."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..api import Heater, PrinterProfile, is_allowed, is_tool
from .snapshot import Snapshot

# A heater that keeps its target swings around it by about this many degrees.
AT_TARGET = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownHeater:
    """A heater that the printer has, and how its entities are named."""

    name: str
    """OctoPrint's name: tool0, bed, chamber."""

    translation_key: str
    """tool, tool_number, bed, chamber or sensor."""

    number: str
    """A tool's number, counted as OctoPrint counts, from 0; another sensor's letter."""


def extruder_count(snapshot: Snapshot) -> int:
    """Return how many tools there are, as far as the key may see."""
    if profile := snapshot.profile:
        return profile.extruder_count
    return sum(map(is_tool, snapshot.memory.heaters)) or 1


def has_heater(profiles: Mapping[str, PrinterProfile], heater: str) -> bool:
    """Return whether the printer has a heater with any of its profiles."""
    return any(is_allowed(heater, profile) for profile in profiles.values())


def is_warming(heaters: Mapping[str, Heater]) -> bool:
    """Return whether a heater is on its way up to its target."""
    return any(
        heater.target
        and heater.actual is not None
        and heater.actual < heater.target - AT_TARGET
        for heater in heaters.values()
    )


def known_heaters(snapshot: Snapshot) -> Iterable[KnownHeater]:
    """Yield the heaters the printer was seen with; a printer with one tool numbers none.

    Without a profile, what was seen earlier may have been a guess.
    """
    profile = snapshot.profile
    seen = snapshot.heaters if profile is None else snapshot.memory.heaters
    names = [name for name in seen if is_allowed(name, profile)]
    tools = [name for name in names if is_tool(name)]
    is_single = len(tools) <= 1 and (profile is None or profile.tool_count <= 1)
    for name in sorted(names):
        if is_tool(name):
            yield KnownHeater(
                name=name,
                number=name.removeprefix("tool"),
                translation_key="tool" if is_single else "tool_number",
            )
        else:
            yield KnownHeater(name=name, number="", translation_key=name)


def other_sensors(snapshot: Snapshot) -> Iterable[KnownHeater]:
    """Yield what else the printer was seen with a temperature of, and cannot be set."""
    for name in sorted(snapshot.memory.sensors):
        if is_tool(name):
            key, number = "tool_number", name.removeprefix("tool")
        elif name in ("bed", "chamber"):
            key, number = name, ""
        else:
            key, number = "sensor", name
        yield KnownHeater(name=name, number=number, translation_key=key)


def settable_heaters(snapshot: Snapshot) -> Iterable[KnownHeater]:
    """Yield the heaters that certainly are what they seem to be.

    Without a profile, what is reported as a second tool may be set by heating the only one, and
    a chamber may have nothing but a sensor.
    """
    for heater in known_heaters(snapshot):
        if (
            snapshot.profile is not None
            or heater.name == "tool0"
            or (
                heater.name in ("bed", "chamber")
                and snapshot.heaters[heater.name].target is not None
            )
        ):
            yield heater
