"""Clock: how far the server's is ahead of ours.

A Raspberry Pi has no clock that outlives a power cut: until the network tells it the time,
and for ever where that tells none, it may be hours or days off.
"""

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from time import monotonic, time

from .parsing import seconds

# Clocks that are right may seem to differ by so many seconds: transport and rounding.
NOTICEABLE = 5.0

# Seconds of a difference that is worth telling people, and for how many it has to last:
# a server that was just switched on may still be waiting to be told the time.
WORTH_TELLING = 120
LASTING = 600


class ServerClock:
    """The server's clock, by what its messages tell of it, else by the headers of its answers."""

    def __init__(self) -> None:
        """Take the clock for right until something tells otherwise."""
        self.ahead = 0.0
        """Seconds by which the server's clock is ahead of ours; 0 where it is right or unknown."""

        self.is_known = False
        """Whether the server has told its time."""

        self._measured = 0.0
        self._changed_at = 0.0
        self._is_heard = False
        self._date: str | None = None
        self._date_ahead: float | None = None

    @property
    def lasting_error(self) -> int | None:
        """Return by how many seconds the clock is ahead where people should know, else 0.

        None while it is not known whether it stays so.
        """
        if not self.is_known:
            return None
        if abs(self.ahead) < WORTH_TELLING:
            return 0
        has_lasted = monotonic() - self._changed_at >= LASTING
        return round(self.ahead) if has_lasted else None

    def hear(self, told: object) -> None:
        """Take the `serverTime` of a message, in seconds since the epoch."""
        if (server_time := seconds(told)) is not None:
            self._is_heard = True
            self._take(server_time - time())

    def forget_heard(self) -> None:
        """Note that no messages come any more, so that answers count again."""
        self._is_heard = False

    def read(self, headers: Mapping[str, str]) -> None:
        """Take the `Date` of an answer, which OctoPrint leaves to a proxy in front of it.

        It counts where another one told the same before: a proxy may repeat an old one.
        """
        date = headers.get("Date")
        if self._is_heard or not date or date == self._date or "Age" in headers:
            return
        try:
            told = parsedate_to_datetime(date)
        except ValueError:
            return
        # One without an offset is in UTC, as HTTP wants it.
        ahead = told.replace(tzinfo=told.tzinfo or UTC).timestamp() - time()
        before, self._date, self._date_ahead = self._date_ahead, date, ahead
        if before is not None and abs(ahead - before) <= NOTICEABLE:
            self._take(ahead)

    def _take(self, measured: float) -> None:
        """Take how far the clock seems to be ahead.

        What is told may come late and never early. So the greatest is the nearest to the
        truth, until one that is far less tells that a clock was set.
        """
        late = self._measured - measured
        is_new = not self.is_known or abs(late) > NOTICEABLE
        if is_new:
            self._changed_at = monotonic()
        if is_new or late < 0:
            self.is_known = True
            self._measured = measured
            self.ahead = measured if abs(measured) > NOTICEABLE else 0.0
