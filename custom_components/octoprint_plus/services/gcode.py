"""Reading the G-code that an action is given."""

from collections.abc import Iterable, Mapping
import json

from ..api.gcode import MAX_LINE, PlaceholderError, UnsafeLineError, gcode_lines
from ..helpers import refusal

# OctoPrint cuts the connection where a request is larger than 100 KiB.
MAX_SIZE = 100_000


def read_gcode(
    texts: Iterable[str], parameters: Mapping[str, float | str | bool], printer: str
) -> list[str]:
    """Return the lines of G-code as they are sent, without comments, and filled."""
    try:
        lines = gcode_lines(texts, parameters)
    except UnsafeLineError as err:
        raise refusal(
            f"gcode_unsafe_{err.reason}",
            printer,
            line=err.line,
            length=str(len(err.line)),
            limit=str(MAX_LINE),
        ) from err
    except PlaceholderError as err:
        placeholders = {"parameter": err.name, "placeholder": err.placeholder}
        if err.value is None:
            raise refusal("gcode_parameter_missing", printer, **placeholders) from err
        raise refusal(
            "gcode_parameter_invalid", printer, value=err.value, **placeholders
        ) from err
    if not lines:
        raise refusal("gcode_empty", printer)
    if len(json.dumps(lines)) > MAX_SIZE:
        raise refusal("gcode_too_long", printer)
    return lines
