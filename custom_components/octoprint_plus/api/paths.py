"""Paths in an address: each name as one segment, and none that leads elsewhere."""

from urllib.parse import quote

from .errors import OctoPrintNotFoundError


def encoded(*names: str) -> str:
    """Return names as the segments of a path; refuse those that would leave it."""
    if any(name in {"", ".", ".."} for name in names):
        raise OctoPrintNotFoundError(f"There is nothing at {'/'.join(names)!r}")
    return "/".join(quote(name, safe="", errors="replace") for name in names)
