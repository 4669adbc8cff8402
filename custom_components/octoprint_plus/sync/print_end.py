"""The end of a print, from when it is noticed until it is certain how it ended."""

from ..model.prints import LastPrint, Memory, RunningPrint
from ..model.snapshot import Snapshot
from .poller import OctoPrintPoller

# OctoPrint writes the history of a file a moment after the end of a print.
ATTEMPTS = 3


def ended_between(before: Memory, after: Snapshot) -> RunningPrint | None:
    """Return the print that ended between what was known and a snapshot."""
    if after.memory.last_print is before.last_print:
        return None
    return before.running


def is_certain(ended: RunningPrint, after: Snapshot) -> bool:
    """Return whether the server told how a print ended.

    It may have told it to nobody, or while nobody listened, and of some errors all but their
    text is told.
    """
    return ended.is_told and not (ended.failed and after.error_text is None)


class PrintEnd:
    """Follows the end of the last print; as long as it is not settled nothing is told of it."""

    def __init__(self) -> None:
        """Start with nothing to settle."""
        self._running: RunningPrint | None = None
        self._attempts = 0

    @property
    def is_settled(self) -> bool:
        """Return whether it is as certain as it will be how the last print ended."""
        return self._running is None

    def begin(self, ended: RunningPrint, *, is_certain: bool) -> None:
        """Follow the end of a print, instead of that of the one before."""
        self._running = None if is_certain else ended
        self._attempts = ATTEMPTS

    async def async_settle(
        self, poller: OctoPrintPoller, latest: Snapshot
    ) -> LastPrint | None:
        """Return the last print as the file's own history tells its end.

        None where it does not, or not yet; then it is asked again later, up to three times.
        """
        running, last_print = self._running, latest.memory.last_print
        if running is None or last_print is None:
            return None
        settled = await poller.async_settle(latest, last_print, running)
        if self._running is not running:
            # Another one ended meanwhile.
            return None
        self._attempts -= 1
        if settled is not None or self._attempts == 0:
            self._running = None
        return settled
