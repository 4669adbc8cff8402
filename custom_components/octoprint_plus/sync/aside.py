"""Aside: where a file of ours that cannot be read is kept; these block, so run them in an executor."""

from pathlib import Path
import shutil

from ..const import LOGGER

# A copy of what could not be read lies beside the file.
ASIDE = ".corrupt"


def set_aside(path: str) -> None:
    """Keep a copy of the file beside it."""
    try:
        shutil.copyfile(path, path + ASIDE)
    except OSError as err:
        LOGGER.debug("Cannot copy %s: %s", path, err)


def move_aside(path: str) -> None:
    """Move the file away."""
    try:
        Path(path).replace(path + ASIDE)
    except OSError as err:
        LOGGER.debug("Cannot move %s: %s", path, err)


def remove_aside(path: str) -> None:
    """Remove what was kept beside it."""
    try:
        Path(path + ASIDE).unlink(missing_ok=True)
    except OSError as err:
        LOGGER.debug("Cannot remove %s: %s", path + ASIDE, err)
