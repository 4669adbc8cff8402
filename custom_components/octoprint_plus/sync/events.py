"""What happened to a printer, told once to whoever listens."""

from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from time import monotonic

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback

from ..api import EventType, Occurrence, PrintEventType, Subject, TimelapseEventType
from ..model.changes import Told, layers_passed, next_told, occurred
from ..model.comparing import all_but
from ..model.snapshot import Snapshot
from .errors import UnexpectedErrors
from .store import OctoPrintStore

type Listener = Callable[[Occurrence], None]

# So many of a kind are told at once, and then one each second: each is a row, and no
# printer does more. How prints begin, go on and end, and all else that is found by
# comparing, is not limited.
BURST = 10
PER_SECOND = 1.0

# A camera that is away fails for each picture, which with a timed timelapse is often.
PACES: Mapping[EventType, float] = {TimelapseEventType.CAPTURE_FAILED: 600.0}

# What waits to be told, as nobody listens yet. The oldest go first.
MOST_WAITING = 1000


# What is named here never tells of an event. Most messages bring nothing else.
_BASIS = all_but(
    Snapshot,
    *(
        "active_tool",
        "connection",
        "heaters",
        "job",
        "rendering",
        "sd_ready",
        "sensors",
    ),
    *("server", "slicing", "upload", "z"),
)


class EventLimit:
    """Lets so much of a kind of event through as makes sense, and drops the rest."""

    def __init__(self) -> None:
        """Start with room for all kinds."""
        self._room: dict[tuple[Subject, EventType], tuple[float, float]] = {}

    def begin_print(self) -> None:
        """Let what is told once in a long time be told of the next print, too."""
        for kind in [kind for kind in self._room if kind[1] in PACES]:
            del self._room[kind]

    def admits(self, occurrence: Occurrence, now: float) -> bool:
        """Return whether it is to be told; `now` is in seconds of a clock that only moves on."""
        kind = occurrence.subject, occurrence.type
        if (pace := PACES.get(occurrence.type)) is not None:
            room, per_second = 1.0, 1 / pace
        else:
            room, per_second = BURST, PER_SECOND
        if (known := self._room.get(kind)) is not None:
            left, at = known
            room = min(room, left + (now - at) * per_second)
        is_admitted = room >= 1
        self._room[kind] = (room - 1 if is_admitted else room, now)
        return is_admitted


class OctoPrintEvents:
    """Finds what happened, and tells it after the states have been written.

    What was told is kept, and nothing else is, so that what could not be told any more
    is found again after a restart.
    """

    def __init__(
        self, hass: HomeAssistant, store: OctoPrintStore, unexpected: UnexpectedErrors
    ) -> None:
        """Start with nothing to tell."""
        self._hass = hass
        self._store = store
        self._unexpected = unexpected
        self._is_open = False
        self._listeners: dict[Subject, Listener] = {}
        self._told: Told | None = None
        """What is known once all that waits was told."""

        self._first_layer_of: tuple[datetime | None] | None = None
        """When the print began whose first layer is done, None where no print is known."""

        self._basis: object = None
        """What the last snapshot had that can tell of something."""

        self._limit = EventLimit()
        self._waiting: deque[Occurrence] = deque(maxlen=MOST_WAITING)

    @callback
    def async_load(self) -> None:
        """Begin with what was told before a restart."""
        self._told = self._store.told

    @callback
    def async_open(self, _: HomeAssistant) -> None:
        """Tell from now on, as all who want to listen do so."""
        self._is_open = True
        self.async_tell()

    @callback
    def async_close(self) -> None:
        """Tell nothing any more."""
        self._is_open = False

    @callback
    def async_note(self, truth: Snapshot, *, is_settled: bool) -> None:
        """Find what happened since the last snapshot."""
        # Of the job only its error tells of one, and all else of it moves on in a print.
        basis = _BASIS(truth), truth.job.error, is_settled
        if basis == self._basis:
            return
        self._basis = basis
        before = self._told
        self._told = next_told(before, truth, is_settled=is_settled)
        if before is None:
            return
        for occurrence in occurred(before, truth, is_settled=is_settled):
            if occurrence.type is PrintEventType.STARTED:
                self._limit.begin_print()
            self._waiting.append(occurrence)

    @callback
    def async_note_layers(self, before: Snapshot, after: Snapshot) -> None:
        """Find which layers have passed, and that the first one is done, once per print."""
        for occurrence in layers_passed(before.plugins.layers, after.plugins.layers):
            if occurrence.type is PrintEventType.FIRST_LAYER_DONE:
                running = after.memory.running
                print_ = running.started_at if running else None
                if (print_,) == self._first_layer_of:
                    continue
                self._first_layer_of = (print_,)
            self.async_add(occurrence)

    @callback
    def async_add(self, occurrence: Occurrence) -> None:
        """Take what happened at this moment, unless such come much too often."""
        if self._limit.admits(occurrence, monotonic()):
            self._waiting.append(occurrence)

    @callback
    def async_tell(self) -> None:
        """Tell what happened, in its order."""
        if not self._is_open or self._hass.is_stopping:
            return
        while self._waiting:
            occurrence = self._waiting.popleft()
            if (listener := self._listeners.get(occurrence.subject)) is None:
                continue
            try:
                listener(occurrence)
            except Exception as err:  # noqa: BLE001
                # It was told, as well as that could be done.
                self._unexpected.log(f"telling {occurrence.type}", err)
        self.async_keep()

    @callback
    def async_keep(self) -> None:
        """Keep what is known now, so that nothing of it is told again after a restart."""
        if self._told is not None and self._told is not self._store.told:
            self._store.async_keep(self._told)

    @callback
    def async_listen(self, subject: Subject, listener: Listener) -> CALLBACK_TYPE:
        """Tell somebody what happens to a subject, until the returned is called."""
        self._listeners[subject] = listener

        @callback
        def stop() -> None:
            del self._listeners[subject]

        return stop
