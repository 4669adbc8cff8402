"""Reading numbers that plugins write as texts, with a sign, a unit or not at all."""

import re

from ..parsing import integer, label, number

NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")

# Characters of a number with all its digits.
MAX_DIGITS = 400

FLAGS = {
    **dict.fromkeys(("1", "true", "on", "yes"), True),
    **dict.fromkeys(("0", "false", "off", "no"), False),
}
COLOR = re.compile(r"#?([0-9A-Fa-f]{6})([0-9A-Fa-f]{2})?")


def loose_number(value: object) -> float | None:
    """Return a finite number, be it written as one or as a text such as "+0.100"."""
    if not isinstance(value, str):
        return number(value)
    stripped = value[:MAX_DIGITS].strip()
    return number(float(stripped)) if NUMBER.fullmatch(stripped) else None


def loose_integer(value: object) -> int | None:
    """Return a number cut to an integer, be it written as one or as a text."""
    return integer(loose_number(value))


def loose_flag(value: object) -> bool | None:
    """Return what Python takes for true or false, which plugins pass on, None where it is neither."""
    if isinstance(value, str):
        return FLAGS.get(value.strip().lower())
    if isinstance(value, bool | int | float):
        return bool(value)
    return None


def is_true(value: object) -> bool:
    """Return whether a plugin takes the value for true."""
    return loose_flag(value) is True


def loose_color(value: object) -> str | None:
    """Return a colour as #rrggbb, and as it is where it is written in another way.

    What follows the six digits is how much shines through.
    """
    if (written := label(value)) is None:
        return None
    found = COLOR.fullmatch(written.strip())
    return f"#{found[1].lower()}" if found else written.strip() or None
