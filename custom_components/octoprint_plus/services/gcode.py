"""Reading the G-code that an action is given."""

from collections.abc import Iterable, Mapping
import json
import re

from ..helpers import refusal

# Everything before the first semicolon that no backslash protects, as OctoPrint reads it.
CODE = re.compile(r"(?:[^;\\]|\\.?)*")

# A placeholder as OctoPrint fills it, an escaped percent sign, or a plain one.
PERCENT = re.compile(
    r"%(?:%|\((?P<name>[^()]+)\)(?P<kind>[#0+-]*\d{0,2}(?:\.\d{1,2})?[diouxXeEfFgGs])?)?"
)

# OctoPrint cuts the connection where a request is larger than 100 KiB.
MAX_SIZE = 100_000


def read_gcode(
    texts: Iterable[str], parameters: Mapping[str, float | str], printer: str
) -> list[str]:
    """Return the lines of G-code, without comments, ready to be filled by OctoPrint."""
    lines = [
        line
        for text in texts
        for full_line in text.splitlines()
        if (line := _code(full_line))
    ]
    if not lines:
        raise refusal("gcode_empty", printer)
    if len(json.dumps([lines, parameters])) > MAX_SIZE:
        raise refusal("gcode_too_long", printer)
    return [_checked(line, parameters, printer) for line in lines]


def _code(line: str) -> str:
    """Return a line without its comment."""
    match = CODE.match(line)
    return match[0].strip() if match else ""


def _checked(line: str, parameters: Mapping[str, float | str], printer: str) -> str:
    """Return the line so that OctoPrint can fill it, or raise what it would choke on."""

    def check(match: re.Match[str]) -> str:
        name = match["name"]
        if match[0] == "%":
            # With parameters OctoPrint takes every percent sign for a placeholder.
            return "%%" if parameters else "%"
        if name is None:
            return match[0]
        if match["kind"] is None and name not in parameters:
            return f"%{match[0]}" if parameters else match[0]
        placeholders = {"parameter": name, "placeholder": match[0]}
        if name not in parameters:
            raise refusal("gcode_parameter_missing", printer, **placeholders)
        try:
            _ = match[0] % parameters
        except (OverflowError, TypeError, ValueError) as err:
            placeholders["value"] = str(parameters[name])
            raise refusal("gcode_parameter_invalid", printer, **placeholders) from err
        return match[0]

    return PERCENT.sub(check, line)
