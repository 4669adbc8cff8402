"""Paths in an address: each name as one segment, and none that leads elsewhere."""

import re
from urllib.parse import quote

from .errors import OctoPrintNotFoundError, OctoPrintRequestError

# Where OctoPrint runs on Windows, a backslash parts names too.
SEPARATORS = re.compile(r"[/\\]")


def encoded(*paths: str) -> str:
    """Return paths one below the other, encoded; refuse what would leave the first."""
    names = [name for path in paths for name in path.split("/")]
    if "" in names or any(map(is_astray, names)):
        raise OctoPrintNotFoundError(f"There is nothing at {'/'.join(names)!r}")
    return "/".join(quote(name, safe="", errors="replace") for name in names)


def checked_path(path: str) -> str:
    """Return the path of something that is to come to be, refused where it leads away."""
    if "\\" in path or "" in path.split("/") or is_astray(path) or not sendable(path):
        raise OctoPrintRequestError(f"{path!r} is not a path within the storage")
    return path


def checked_name(name: str) -> str:
    """Return the name of something that is to come to be, refused where it is none."""
    if not name or SEPARATORS.search(name) or is_astray(name) or not sendable(name):
        raise OctoPrintRequestError(f"{name!r} is not a name for a file or folder")
    return name


def is_astray(path: str) -> bool:
    """Return whether a part of a path leads up or nowhere."""
    return any(part in {".", ".."} for part in SEPARATORS.split(path))


def sendable(name: str) -> bool:
    """Return whether a name is Unicode without anything that controls a terminal."""
    return not re.search(r"[\x00-\x1f\x7f\ud800-\udfff]", name)
