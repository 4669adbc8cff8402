"""Reading numbers that plugins write as texts, with a sign, a unit or not at all."""

import re

from ..wire import number

NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
COLOR = re.compile(r"#?([0-9A-Fa-f]{6})([0-9A-Fa-f]{2})?")


def loose_number(value: object) -> float | None:
    """Return a finite number, be it written as one or as a text such as "+0.100"."""
    if not isinstance(value, str):
        return number(value)
    stripped = value.strip()
    return number(float(stripped)) if NUMBER.fullmatch(stripped) else None


def loose_integer(value: object) -> int | None:
    """Return a number cut to an integer, be it written as one or as a text."""
    return None if (found := loose_number(value)) is None else int(found)


def loose_color(value: object) -> str | None:
    """Return a colour as #rrggbb; what follows it is how much shines through."""
    found = COLOR.fullmatch(value.strip()) if isinstance(value, str) else None
    return f"#{found[1].lower()}" if found else None
