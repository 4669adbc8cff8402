"""Frames: the JSON of the socket's messages, however large the history of temperatures is."""

import asyncio
from collections.abc import Callable
import json
import re
from typing import Any

from ..bodies import ORDINARY
from .connection import too_large

# A quote within a text has a backslash before it, so this is a key.
TEMPERATURES = re.compile(rb'(?<!\\)"temps"\s*:\s*\[')
END_OF_LIST = re.compile(rb"\}\s*\]")

# Bytes among which the last of the temperatures is looked for.
LAST_POINT = 100_000


def decoded(frame: bytes, loads: Callable[[bytes], Any] = json.loads) -> Any:
    """Return the JSON of a frame, None where it is none."""
    try:
        return loads(frame)
    except ValueError, RecursionError:
        pass
    try:
        # OctoPrint writes numbers that are none as Python does, which is no JSON.
        return json.loads(frame)
    except ValueError, RecursionError:
        return None


async def decoded_large(
    frame: bytes, loads: Callable[[bytes], Any] = json.loads
) -> Any:
    """Return the JSON of a large frame with the last temperatures only, beside the loop.

    Where it is too large even so it raises OctoPrintConnectionError.
    """
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(None, _decoded_large, frame, loads)


def _decoded_large(frame: bytes, loads: Callable[[bytes], Any]) -> Any:
    if (shortened := without_old_temperatures(frame)) is not None:
        if not ORDINARY.allows(shortened):
            raise too_large()
        found = decoded(shortened, loads)
        if found is not None:
            return found
    if not ORDINARY.allows(frame):
        raise too_large()
    return decoded(frame, loads)


def without_old_temperatures(frame: bytes) -> bytes | None:
    """Return a frame with the last of its temperatures only, None where there are none.

    It may be no JSON any more where the names of sensors hold braces.
    """
    if (start := TEMPERATURES.search(frame)) is None:
        return None
    end = frame.find(b"}]", start.end())
    if end < 0:
        if (spaced := END_OF_LIST.search(frame, start.end())) is None:
            return None
        end = spaced.start()
    depth = 0
    window = frame[max(start.end(), end + 1 - LAST_POINT) : end + 1]
    for position in range(len(window) - 1, -1, -1):
        byte = window[position]
        depth += (byte == ord("}")) - (byte == ord("{"))
        if depth == 0:
            rest = frame[end + 1 :]
            if len(rest) + start.end() > ORDINARY.size:
                return None
            return frame[: start.end()] + window[position:] + rest
    return None
