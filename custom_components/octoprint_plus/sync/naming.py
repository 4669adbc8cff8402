"""One name for one file: an event names it as it is stored, `current` as it is shown."""

from dataclasses import replace
from pathlib import PurePosixPath

from ..api import JobFile, Occurrence, Subject, same_file
from ..model.snapshot import Snapshot

# A `current` comes each half second, and later from a busy server.
PATIENCE = 3.0


class Naming:
    """Tells whether to wait for the name that people know a file by."""

    def __init__(self) -> None:
        """Start with no file that waits for its name."""
        self._file: JobFile | None = None
        self.until = float("-inf")
        """When the stored name has to do."""

    def follow(self, latest: Snapshot, now: float) -> None:
        """Note which file waits for its name, and since when.

        `now` is in seconds of any clock that only moves on.
        """
        file = latest.job.file
        if file is None or file.is_named:
            self._file = None
        elif self._file is None or not same_file(file, self._file):
            self._file, self.until = file, now + PATIENCE

    def is_awaited(self, now: float) -> bool:
        """Return whether the name of the job's file is still to come."""
        return self._file is not None and now < self.until

    def give_up(self) -> None:
        """Let the stored name do, as what is to be told of the file cannot wait."""
        self.until = float("-inf")


def with_shown_name(occurrence: Occurrence, latest: Snapshot) -> Occurrence:
    """Return what happened to a timelapse with the shown name of the print it is of.

    OctoPrint tells the last part of the stored path. It stays where neither the running print
    nor the selected file has it.
    """
    stored = occurrence.data.get("file")
    if occurrence.subject is not Subject.TIMELAPSE or not stored:
        return occurrence
    running = latest.memory.running
    for file in (running.file if running else None, latest.job.file):
        if file is not None and PurePosixPath(file.path).name == stored:
            return replace(occurrence, data={**occurrence.data, "file": file.name})
    return occurrence
