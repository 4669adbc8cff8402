"""Reading values off the wire, where any of them may be missing or of another type."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
import json
import math
from typing import Any

from .errors import ConnectionCause, OctoPrintConnectionError, OctoPrintRequestError

# No print takes a century, and times much longer have no date to begin or end at.
LONGEST = 100 * 365 * 24 * 3600

OTHER_NAME = "other"

# Characters of a text that is shown: a name, as long as a state of Home Assistant can be, and
# a sentence or two.
MAX_LABEL = 255
MAX_MESSAGE = 1000

# Characters of what something is found by again, a path for example, which cut would be another
# one; and of any text at all.
MAX_KEY = 4096
MAX_TEXT = 100_000

# So many things of a kind nobody has, unless a kind has a bound of its own.
MOST = 10_000

type Json = Mapping[str, Any]


def mapping(value: object) -> Json:
    """Return the object, or an empty one where there is none."""
    return value if isinstance(value, dict) else {}


def items(value: object, most: int = MOST) -> list[Json]:
    """Return the objects of a list, the first so many, or none where there is no list."""
    if not isinstance(value, list):
        return []
    return [item for item in value[:most] if isinstance(item, dict)]


def members(value: object, most: int = MOST) -> Iterator[tuple[str, Json]]:
    """Yield the objects within an object, the first so many, by their names."""
    for raw, member in islice(mapping(value).items(), most):
        if isinstance(member, dict) and (name := identifier(raw)):
            yield name, member


def identifier(value: object) -> str | None:
    """Return what something is found by again, or None where that is missing or absurdly long."""
    return text(value, MAX_KEY)


def label(value: object) -> str | None:
    """Return the name of something, cut where it is absurdly long; None where it is missing."""
    return text(value[:MAX_LABEL] if isinstance(value, str) else None)


def message(value: object) -> str | None:
    """Return a sentence for people, cut where it is absurdly long; None where it is missing."""
    return text(value[:MAX_MESSAGE] if isinstance(value, str) else None)


def text(value: object, most: int = MAX_TEXT) -> str | None:
    """Return the text, or None where it is missing, empty or longer than any."""
    if not isinstance(value, str) or not 0 < len(value) <= most:
        return None
    # OctoPrint passes on what is no Unicode in file names as halves of a character,
    # which nothing behind us can encode.
    return value if value.isascii() else value.encode(errors="replace").decode()


def text_or_other(value: object) -> str:
    """Return the text, or OTHER for what is none, so that it is not taken for a usual one."""
    return text(value) or OTHER_NAME


def number(value: object) -> float | None:
    """Return the finite number, or None where there is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def integer(value: object) -> int | None:
    """Return the number cut to an integer, None where there is none, or none of 64 bits.

    Home Assistant can neither store nor show larger ones.
    """
    if (found := number(value)) is None or abs(found) >= 2**63:
        return None
    return int(found)


def moment(value: object, ahead: float = 0.0) -> datetime | None:
    """Return the time of an epoch in seconds, None where no calendar has it.

    It was told by a clock that is so many seconds ahead of ours, by which it is.
    """
    if (since_epoch := number(value)) is None:
        return None
    try:
        return datetime.fromtimestamp(since_epoch - ahead, UTC)
    except OverflowError, OSError, ValueError:
        return None


def percentage(value: object) -> float | None:
    """Return the percentage, brought into 0 to 100; sizes that are only believed lead beyond."""
    return None if (found := number(value)) is None else min(max(found, 0.0), 100.0)


def duration(value: object) -> int | None:
    """Return whole seconds, or None where there are none, less than none, or too many."""
    found = seconds(value)
    return int(found) if found is not None and found >= 0 else None


def seconds(value: object) -> float | None:
    """Return the seconds, or None where there are none, or more than make sense."""
    found = number(value)
    return found if found is not None and abs(found) < LONGEST else None


def flag(value: object) -> bool:
    """Return whether the value is true, and false where it is missing."""
    return value is True


def texts(value: object, most: int = MOST) -> tuple[str, ...]:
    """Return the texts of a list, the first so many."""
    if not isinstance(value, list):
        return ()
    return tuple(found for item in value[:most] if (found := identifier(item)))


def promised(value: object, endpoint: str) -> Json:
    """Return the object that OctoPrint always answers there, or raise an error."""
    if not isinstance(value, dict):
        raise OctoPrintConnectionError(
            f"{endpoint} did not answer as OctoPrint does",
            ConnectionCause.NOT_OCTOPRINT,
        )
    return value


def dumped(value: object) -> str:
    """Return a value as JSON, refused where it holds what JSON has no way to write.

    Python would write NaN, and OctoPrint would read it and pass it on to the printer.
    """
    try:
        return json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as err:
        raise OctoPrintRequestError("JSON cannot hold what is to be sent") from err
