"""Bodies: the content of an answer, bounded in size and in what becomes of it in memory."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
import json
from typing import Any, Final

import aiohttp

from .errors import ConnectionCause, OctoPrintConnectionError

# Bytes of JSON whose parsing would be felt in the loop.
LARGE = 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """What an answer may be at most; more is no answer of OctoPrint's."""

    size: int
    """Bytes, decompressed."""

    containers: int
    """Objects and lists, of which each takes some 20 times its bytes in memory."""

    separators: int
    """Commas, as many as there are values."""

    def allows(self, body: bytes | bytearray) -> bool:
        """Return whether a body of JSON may be parsed.

        Signs within texts count as well, of which honest answers have few.
        """
        return (
            len(body) <= self.size
            and body.count(b"{") + body.count(b"[") <= self.containers
            and body.count(b",") <= self.separators
        )


# OctoPrint's largest, its settings with those of many plugins, have some 100 kB.
ORDINARY = Limit(size=4 * 1024 * 1024, containers=100_000, separators=500_000)

# A file has about 800 bytes, 14 objects and lists, and 30 values.
LISTS = Limit(size=32 * 1024 * 1024, containers=600_000, separators=1_500_000)


class NoJson:
    """What an answer's content is where it is no JSON."""


NO_JSON: Final = NoJson()


async def whole(response: aiohttp.ClientResponse, limit: Limit = ORDINARY) -> bytes:
    """Return the whole body of an answer of reasonable size."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > limit.size:
            raise _too_large()
    return bytes(body)


async def decoded(
    headers: Mapping[str, str], body: bytes, limit: Limit = ORDINARY
) -> Any:
    """Return the JSON of an answer, or NO_JSON where it is something else.

    A large one is parsed beside the loop.
    """
    if "json" not in headers.get("Content-Type", ""):
        return NO_JSON
    if not limit.allows(body):
        raise _too_large()
    if len(body) < LARGE:
        return _parsed(body)
    return await asyncio.to_thread(_parsed_beside, body)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError, RecursionError:
        return NO_JSON


def _parsed_beside(body: bytes) -> Any:
    try:
        return json.loads(body, object_hook=give_turn)
    except ValueError, RecursionError:
        return NO_JSON


def give_turn(found: dict[str, Any]) -> dict[str, Any]:
    """Give the loop its turn: other threads run between instructions of Python only."""
    return found


def _too_large() -> OctoPrintConnectionError:
    return OctoPrintConnectionError(
        "The answer is larger than any of OctoPrint's", ConnectionCause.TOO_LARGE
    )
