"""Quantities: what a number of the server means, and within which bounds it makes sense.

A number beyond them is none, as if it were missing: no printer does that, and what is not shown
cannot mislead. Where OctoPrint itself has a bound, it is that one.
"""

from .parsing import integer, seconds

# Degrees Celsius: nothing is colder, and no hotend is half as hot.
COLDEST = -273.15
HOTTEST = 2000.0

# OctoPrint takes no other offsets.
MAX_OFFSET = 50.0

# Millimeters of a printer that would fill a hall, and of more filament than a warehouse has.
FARTHEST = 100_000.0
MAX_FILAMENT = 1e9

# Grams and cubic centimeters of filament, and millimeters per minute.
HEAVIEST = 1e6
MAX_VOLUME = 1e6
FASTEST = 1e6

# How often anything that is counted can have happened, and the layers of a tall print.
MAX_COUNT = 1_000_000_000
MAX_LAYERS = 1_000_000

# OctoPrint's own bound for the tools of a printer profile.
MAX_TOOLS = 99


def within(value: object, low: float, high: float) -> float | None:
    """Return a number between two bounds or at one of them, else None."""
    # Each pushed message is full of them, so this is quick: true and false are of a type of
    # their own, and neither NaN nor an infinity is between anything.
    kind = type(value)
    if kind is float or kind is int:
        return float(value) if low <= value <= high else None  # type: ignore[operator, arg-type]
    return None


def whole(value: object, low: int, high: int) -> int | None:
    """Return a number, cut to an integer, between two bounds or at one of them, else None."""
    found = integer(value)
    return found if found is not None and low <= found <= high else None


def temperature(value: object) -> float | None:
    """Return a measured temperature in degrees Celsius."""
    return within(value, COLDEST, HOTTEST)


def target(value: object) -> float | None:
    """Return a target in degrees Celsius, 0 for off."""
    return within(value, 0, HOTTEST)


def offset(value: object) -> float | None:
    """Return what is added to each target, in degrees Celsius."""
    return within(value, -MAX_OFFSET, MAX_OFFSET)


def position(value: object) -> float | None:
    """Return a place on an axis in millimeters."""
    return within(value, -FARTHEST, FARTHEST)


def extent(value: object) -> float | None:
    """Return how large something is, in millimeters."""
    return within(value, 0, FARTHEST)


def filament_length(value: object) -> float | None:
    """Return millimeters of filament; of a spool, less than none may be left by the books."""
    return within(value, -MAX_FILAMENT, MAX_FILAMENT)


def filament_volume(value: object) -> float | None:
    """Return cubic centimeters of filament."""
    return within(value, 0, MAX_VOLUME)


def weight(value: object) -> float | None:
    """Return grams of filament; of a spool, less than none may be left by the books."""
    return within(value, -HEAVIEST, HEAVIEST)


def speed(value: object) -> float | None:
    """Return millimeters per minute."""
    return within(value, 0, FASTEST)


def elapsed(value: object) -> float | None:
    """Return how long something took or takes, in seconds."""
    found = seconds(value)
    return found if found is not None and found >= 0 else None


def byte_size(value: object) -> int | None:
    """Return bytes, as many as 64 bits can count."""
    found = integer(value)
    return found if found is not None and found >= 0 else None


def count(value: object) -> int | None:
    """Return how many there are."""
    return whole(value, 0, MAX_COUNT)


def layers(value: object) -> int | None:
    """Return a layer's number, or how many there are."""
    return whole(value, 0, MAX_LAYERS)


def tool_number(value: object) -> int | None:
    """Return a tool's number, from 0 on."""
    return whole(value, 0, MAX_TOOLS - 1)
