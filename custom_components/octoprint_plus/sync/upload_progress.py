"""How far the uploads to a printer are, logged and shown."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..api import OnProgress
from ..const import LOGGER

# Percents between two lines in the log.
LOG_STEP = 10


class UploadProgress:
    """Follows the uploads to one printer, of which there may be several at once."""

    def __init__(
        self, printer: Callable[[], str], show: Callable[[int | None], None]
    ) -> None:
        """Take what returns the printer's name; `show` is called with percents, and with None after the last."""
        self._printer = printer
        self._show = show
        self._sent: dict[object, tuple[int, int]] = {}

    @contextmanager
    def follow(self, path: str, size: int) -> Iterator[OnProgress]:
        """Yield what is to be called with the bytes of a file that were sent so far."""
        upload = object()
        logged = 0

        def note(sent: int) -> None:
            nonlocal logged
            self._sent[upload] = (sent, size)
            self._tell()
            percent = sent * 100 // size
            if percent >= logged + LOG_STEP:
                logged = percent
                LOGGER.debug("%s: %s %% of %s uploaded", self._printer(), percent, path)

        note(0)
        try:
            yield note
        finally:
            del self._sent[upload]
            self._tell()

    def _tell(self) -> None:
        """Show how much was sent of all that is on its way."""
        if not self._sent:
            self._show(None)
            return
        sent = sum(sent for sent, _ in self._sent.values())
        size = sum(size for _, size in self._sent.values())
        self._show(sent * 100 // size)
