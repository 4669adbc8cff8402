"""Reading the G-code that an action is given."""

from collections.abc import Iterable, Mapping
import json

from ..api.gcode import PlaceholderError, UnsafeLineError, gcode_lines
from ..commands.execute import gcode_refusal, refusal

# OctoPrint cuts the connection where a request is larger than 100 KiB.
MAX_SIZE = 100_000


def read_gcode(
    texts: Iterable[str], parameters: Mapping[str, float | str | bool], printer: str
) -> list[str]:
    """Return the lines of G-code as they are sent, without comments, and filled."""
    try:
        lines = gcode_lines(texts, parameters)
    except (PlaceholderError, UnsafeLineError) as err:
        raise gcode_refusal(err, printer) from err
    if not lines:
        raise refusal("gcode_empty", printer)
    if len(json.dumps(lines)) > MAX_SIZE:
        raise refusal("gcode_too_long", printer)
    return lines
