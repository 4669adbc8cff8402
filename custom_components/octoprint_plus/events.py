"""What happened to a printer, told once to whoever listens."""

from collections import deque
from collections.abc import Callable
from datetime import datetime

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later

from .api import Memory, Snapshot
from .api.changes import occurred_to_print, occurred_to_printer
from .api.occurrences import Occurrence, Subject

type Listener = Callable[[Occurrence], None]

# An event entity's state is a time in milliseconds, so what happens to the same in the
# same moment is told a moment later.
NEXT_DELAY = 0.01

# What happens before its entity is there waits for it; a disabled one never comes.
MAX_WAITING = 16


class OctoPrintEvents:
    """Finds what happened, and tells it after the states have been written."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Start with nothing to tell."""
        self._hass = hass
        self._cancel_next: CALLBACK_TYPE | None = None
        self._next = HassJob(self._async_tell_next, cancel_on_shutdown=True)
        self._memory: Memory | None = None
        self._snapshot: Snapshot | None = None
        self._listeners: dict[Subject, Listener] = {}
        self._waiting: deque[Occurrence] = deque(maxlen=MAX_WAITING)

    def start(self, memory: Memory) -> None:
        """Begin with what is kept of the time before, of which everything was told."""
        self._memory = memory

    @callback
    def async_note(self, truth: Snapshot, *, is_settled: bool) -> None:
        """Find what happened since the last snapshot.

        As long as it is not settled how a print ended, nothing is told of prints.
        """
        if self._snapshot is not None:
            self._waiting.extend(occurred_to_printer(self._snapshot, truth))
        self._snapshot = truth
        if not is_settled or truth.memory is self._memory:
            return
        if self._memory is not None:
            self._waiting.extend(occurred_to_print(self._memory, truth))
        self._memory = truth.memory

    @callback
    def async_add(self, occurrence: Occurrence) -> None:
        """Take what happened at this moment."""
        self._waiting.append(occurrence)

    @callback
    def async_tell(self) -> None:
        """Tell what happened, in its order."""
        if self._cancel_next is not None:
            return
        told: set[Subject] = set()
        has_more = False
        for _ in range(len(self._waiting)):
            occurrence = self._waiting.popleft()
            listener = self._listeners.get(occurrence.subject)
            if listener is None or occurrence.subject in told:
                self._waiting.append(occurrence)
                has_more = has_more or listener is not None
            else:
                told.add(occurrence.subject)
                listener(occurrence)
        if has_more:
            self._cancel_next = async_call_later(self._hass, NEXT_DELAY, self._next)

    @callback
    def _async_tell_next(self, _: datetime) -> None:
        self._cancel_next = None
        self.async_tell()

    @callback
    def async_stop(self) -> None:
        """Tell nothing any more."""
        self._waiting.clear()
        if self._cancel_next is not None:
            self._cancel_next()

    @callback
    def async_listen(self, subject: Subject, listener: Listener) -> Callable[[], None]:
        """Tell somebody what happens, beginning with what waits for it."""
        self._listeners[subject] = listener
        self.async_tell()
        return lambda: self._listeners.pop(subject, None) and None
