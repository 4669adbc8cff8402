"""Heaters: which of the temperatures that a printer reports are of what can be set."""

from collections.abc import Mapping
import re

from .printer import Heater
from .profiles import PrinterProfile

NO_HEATERS: Mapping[str, Heater] = {}

# Beside heaters; nobody has so many.
MAX_SENSORS = 20

TOOL = re.compile(r"tool(0|[1-9][0-9]?)")

# As OctoPrint reads them from what the firmware reports.
SENSOR = re.compile(r"\w{1,32}")

# OctoPrint pushes them, but leaves them out of what is polled where the profile has none.
ONLY_PUSHED = frozenset({"bed", "chamber"})


def is_tool(name: str) -> bool:
    """Return whether a heater is a tool: tool0, tool1 and so on."""
    return TOOL.fullmatch(name) is not None


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


def read_heaters(
    reported: Mapping[str, Heater], profile: PrinterProfile | None
) -> tuple[Mapping[str, Heater], Mapping[str, Heater]]:
    """Return the heaters that can be set, and what else is reported with a temperature.

    OctoPrint names a chamber also where there is none. Only the profile tells whether that is
    one that is still to be reported.
    """
    heaters = allowed_heaters(reported, profile)
    if profile is None:
        heaters = {
            name: heater
            for name, heater in heaters.items()
            if heater.actual is not None
        }
    if len(heaters) == len(reported):
        return heaters, NO_HEATERS
    others = [
        name
        for name, heater in reported.items()
        if name not in heaters and heater.actual is not None and SENSOR.fullmatch(name)
    ]
    sensors = {
        name: Heater(actual=reported[name].actual, target=None)
        for name in sorted(others)[:MAX_SENSORS]
    }
    return heaters, sensors or NO_HEATERS


def is_allowed(name: str, profile: PrinterProfile | None) -> bool:
    """Return whether a printer with this profile, if it is known, has the heater."""
    if name == "bed":
        return profile is None or profile.heated_bed
    if name == "chamber":
        return profile is None or profile.heated_chamber
    if (tool := TOOL.fullmatch(name)) is None:
        return False
    return profile is None or int(tool[1]) < profile.tool_count
