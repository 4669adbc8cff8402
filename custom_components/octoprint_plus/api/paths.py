"""Paths in an address: each name as one segment, and none that leads elsewhere."""

import re
from urllib.parse import quote

from .errors import OctoPrintNotFoundError, OctoPrintRequestError

# Where OctoPrint runs on Windows, a backslash parts names too.
SEPARATORS = re.compile(r"[/\\]")

# What OctoPrint drops of names, as one system or other forbids it there.
DROPPED = ' .:*?"<>|&;'

# Bytes, of the usual file systems.
MAX_NAME = 255


def encoded(*paths: str) -> str:
    """Return paths one below the other, encoded; refuse what would leave the first."""
    names = [name for path in paths for name in path.split("/")]
    if "" in names or any(map(is_astray, names)):
        raise OctoPrintNotFoundError(f"There is nothing at {'/'.join(names)!r}")
    return "/".join(quote(name, safe="", errors="replace") for name in names)


def checked_path(path: str) -> str:
    """Return the path of something that is to come to be, refused where it leads away."""
    return "/".join(map(checked_name, path.split("/")))


def checked_name(name: str) -> str:
    """Return the name of something that is to come to be, refused where it is none."""
    if not name.strip(DROPPED) or SEPARATORS.search(name) or not sendable(name):
        raise OctoPrintRequestError(f"{name!r} is not a name for a file or folder")
    if len(name.encode()) > MAX_NAME:
        # OctoPrint would cut it, and its ending with it.
        raise OctoPrintRequestError(f"A name has {MAX_NAME} bytes at most")
    return name


def is_astray(path: str) -> bool:
    """Return whether a part of a path leads up or nowhere."""
    return any(part in {".", ".."} for part in SEPARATORS.split(path))


def sendable(name: str) -> bool:
    """Return whether a name is Unicode without anything that controls a terminal."""
    return not re.search(r"[\x00-\x1f\x7f\ud800-\udfff]", name)
