"""Messages: what OctoPrint pushes over its socket, typed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
import json
from time import monotonic
from typing import Any

from ..clock import ServerClock
from ..job import Job, JobFile, PrintResult, parse_job, parse_job_file, same_file
from ..parsing import Json, flag, identifier, label, mapping, percentage, text
from ..plugins.messages import (
    SUBSCRIBED_EVENTS,
    SUBSCRIBED_PLUGINS,
    PluginMessage,
    parse_plugin_event,
    parse_plugin_message,
)
from ..printer import (
    Flags,
    Heater,
    PrinterError,
    parse_error,
    parse_flags,
    parse_heaters,
)
from ..quantities import elapsed, position, tool_number
from ..state import OFFLINE_STATES, State, parse_state, parse_state_id, parse_state_text
from ..timelapse import TIMELAPSE_OFF, TimelapseConfig, parse_config
from .events import OCCURRENCE_PARSERS, Occurrence
from .frames import decoded, decoded_large

# OctoPrint composes a `current` every half second and may hold it back before it
# sends it, so for about that long after an event it still tells what was before.
CURRENT_MAX_AGE = 0.75

# Each `current` tells the server's time, which is looked at once in so many seconds.
CLOCK_PACE = 10.0

STATE_CHANGED = "PrinterStateChanged"


@dataclass(frozen=True, kw_only=True, slots=True)
class Hello:
    """The first message of a socket (`connected`), before any log-in."""

    version: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ReauthRequired:
    """The socket is not, or no longer, logged in (`reauthRequired`)."""

    reason: str | None
    """logout, stale, removed, or modified."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RenderProgress:
    """How far the rendering of a timelapse is (`renderProgress`)."""

    progress: int
    """Whole percent, 0 to 100."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SlicingProgress:
    """How far a slicer is (`slicingProgress`)."""

    path: str | None
    """The path of the coming G-code in its storage."""

    progress: int
    """Whole percent, 0 to 100; at 100 it is done."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PluginTold:
    """Something of a plugin that is known (`plugin`, or an event of it)."""

    message: PluginMessage


@dataclass(frozen=True, kw_only=True, slots=True)
class Current:
    """The printer as it is (`current`, and `history` right after the log-in)."""

    job: Job | None
    """None where it is older than an event that has been told already."""

    flags: Flags
    sd_ready: bool
    z: float | None
    """Millimetres; None until the printer was told to move its Z."""

    heaters: Mapping[str, Heater] | None
    """By OctoPrint's names; None where no new temperatures came."""

    is_history: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class StateChanged:
    """The printer's state changed (`PrinterStateChanged`)."""

    state: State


@dataclass(frozen=True, kw_only=True, slots=True)
class FileSelected:
    """Another file, or none, was selected (`FileSelected`, `FileDeselected`)."""

    file: JobFile | None


@dataclass(frozen=True, kw_only=True, slots=True)
class PrintStarted:
    """A print started (`PrintStarted`)."""

    file: JobFile | None


@dataclass(frozen=True, kw_only=True, slots=True)
class PrintEnding:
    """How a print ends, or is about to (`PrintDone`, `PrintFailed`, `PrintCancelled`).

    The state changes before or after it. A cancelled print is told twice, as
    cancelled and as failed for that reason: the second says the same here.
    """

    result: PrintResult
    path: str | None
    print_time: float | None
    """Seconds, pauses excluded."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ErrorOccurred:
    """An error that ends the connection to the printer (`Error`)."""

    error: PrinterError


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolChanged:
    """Another tool, or the same one again, was made the active one (`ToolChange`)."""

    tool: int


@dataclass(frozen=True, kw_only=True, slots=True)
class TimelapseChanged:
    """How prints are recorded from now on (`timelapse`).

    The type and what is peculiar to it; the rest is None, as it is not told.
    """

    config: TimelapseConfig


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadAgain:
    """Something changed of which the message tells too little."""

    event: str
    has_failed: bool = False
    """Whether the running print is cancelled for an error of the firmware."""


PRINTER_MESSAGES = (
    ErrorOccurred,
    FileSelected,
    PrintEnding,
    PrintStarted,
    ReadAgain,
    StateChanged,
    TimelapseChanged,
)
"""What tells of the printer, save for `current`."""

type PushMessage = (
    Hello
    | ReauthRequired
    | RenderProgress
    | SlicingProgress
    | PluginTold
    | Current
    | StateChanged
    | FileSelected
    | PrintStarted
    | PrintEnding
    | ErrorOccurred
    | TimelapseChanged
    | ToolChanged
    | ReadAgain
    | Occurrence
)


def _state_changed(payload: Json) -> PushMessage:
    state = parse_state_text(text(payload.get("state_string")))
    if state is None:
        state = parse_state_id(text(payload.get("state_id")))
    if state is None:
        # The flags may tell more, and no event has them.
        return ReadAgain(event=STATE_CHANGED)
    return StateChanged(state=state)


def _ending(result: PrintResult) -> Callable[[Json], PushMessage]:
    def parse(payload: Json) -> PushMessage:
        is_cancel = payload.get("reason") == "cancelled"
        return PrintEnding(
            result=PrintResult.CANCELLED if is_cancel else result,
            path=identifier(payload.get("path")),
            print_time=elapsed(payload.get("time")),
        )

    return parse


def _cancelling(payload: Json) -> PushMessage | None:
    if text(payload.get("firmwareError")) is None:
        return None
    return ReadAgain(event="PrintCancelling", has_failed=True)


def _error(payload: Json) -> PushMessage | None:
    error = parse_error(payload)
    return None if error is None else ErrorOccurred(error=error)


def _stored_file(payload: Json) -> JobFile | None:
    """Read the file of an event, which names it as it is stored: `current` names it as shown."""
    file = parse_job_file(payload)
    if file is None or "display" in payload:
        return file
    return replace(file, is_named=False)


def _timelapse(data: object) -> TimelapseChanged | None:
    if data is None:
        return TimelapseChanged(config=TimelapseConfig(type=TIMELAPSE_OFF))
    told = mapping(data)
    if (kind := text(told.get("type"))) is None:
        return None
    options = mapping(told.get("options"))
    return TimelapseChanged(config=parse_config({**options, "type": kind}))


def _tool_changed(payload: Json) -> ToolChanged | None:
    found = tool_number(payload.get("new"))
    return None if found is None else ToolChanged(tool=found)


def _read_again(event: str) -> Callable[[Json], PushMessage]:
    message = ReadAgain(event=event)
    return lambda _: message


PARSERS: dict[str, Callable[[Json], PushMessage | None]] = {
    "Error": _error,
    "FileDeselected": lambda _: FileSelected(file=None),
    "FileSelected": lambda payload: FileSelected(file=_stored_file(payload)),
    "PrintCancelled": _ending(PrintResult.CANCELLED),
    "PrintCancelling": _cancelling,
    "PrintDone": _ending(PrintResult.DONE),
    "PrintFailed": _ending(PrintResult.FAILED),
    "PrintStarted": lambda payload: PrintStarted(file=_stored_file(payload)),
    STATE_CHANGED: _state_changed,
    "ToolChange": _tool_changed,
    **OCCURRENCE_PARSERS,
    **{
        event: _read_again(event)
        for event in (
            "Connected",
            "PrinterProfileAdded",
            "PrinterProfileDeleted",
            "PrinterProfileModified",
            "SettingsUpdated",
        )
    },
}

EVENTS = (*PARSERS, *SUBSCRIBED_EVENTS)
"""The events to subscribe to, those of plugins too: who is not there tells nothing."""

PLUGINS = SUBSCRIBED_PLUGINS
"""The plugins to subscribe to."""


class MessageReader:
    """Turns the frames of one socket into messages.

    A part that did not change since the last message stays the same object.
    """

    def __init__(
        self,
        loads: Callable[[bytes], Any] = json.loads,
        clock: ServerClock | None = None,
    ) -> None:
        """Take what reads JSON, a ValueError of which is asked again of Python's own.

        The clock is told the server's time.
        """
        self._loads = loads
        self._clock = clock or ServerClock()
        self._clock_due_at = float("-inf")
        self._raw_flags: Json = {}
        self._flags = Flags()
        self._raw_job: tuple[object, ...] = ()
        self._job: Job | None = None
        self._heaters: Mapping[str, Heater] = {}
        self._told_state: State | None = None
        self._told_state_at = float("-inf")
        self._told_file: JobFile | None = None
        self._told_file_at = float("-inf")

    def read(self, frame: bytes) -> PushMessage | None:
        """Return the message of a text frame, None for what is not known or needed."""
        return self._take(decoded(frame, self._loads))

    async def read_large(self, frame: bytes) -> PushMessage | None:
        """Return the message of a large frame, which is parsed beside the loop."""
        return self._take(await decoded_large(frame, self._loads))

    def _take(self, message: Any) -> PushMessage | None:
        if not isinstance(message, dict):
            return None
        if (current := message.get("current")) is not None:
            return self._current(mapping(current))
        if (event := message.get("event")) is not None:
            return self._event(mapping(event))
        if (history := message.get("history")) is not None:
            # It is made in the moment in which it is sent.
            self._told_state_at = self._told_file_at = float("-inf")
            return self._current(mapping(history), is_history=True)
        if (reauth := message.get("reauthRequired")) is not None:
            return ReauthRequired(reason=label(mapping(reauth).get("reason")))
        if (hello := message.get("connected")) is not None:
            return Hello(version=label(mapping(hello).get("version")))
        return _of_others(message)

    def _event(self, event: Json) -> PushMessage | None:
        kind = event.get("type")
        if not isinstance(kind, str):
            return None
        parser = PARSERS.get(kind)
        if parser is None:
            return _told(parse_plugin_event(kind, event.get("payload")))
        message = parser(mapping(event.get("payload")))
        if isinstance(message, StateChanged):
            self._told_state = message.state
            self._told_state_at = monotonic()
        elif kind == STATE_CHANGED:
            # What was told before it is over.
            self._told_state_at = float("-inf")
        elif isinstance(message, FileSelected | PrintStarted):
            self._told_file = message.file
            self._told_file_at = monotonic()
        return message

    def _current(self, data: Json, *, is_history: bool = False) -> PushMessage | None:
        state = mapping(data.get("state"))
        name = label(state.get("text"))
        if name is None:
            return None
        now = monotonic()
        if now >= self._clock_due_at:
            self._clock_due_at = now + CLOCK_PACE
            self._clock.hear(data.get("serverTime"))
        raw_flags = mapping(state.get("flags"))
        if raw_flags != self._raw_flags:
            self._raw_flags = raw_flags
            self._flags = parse_flags(raw_flags)
        raw_job = (name, state.get("error"), data.get("job"), data.get("progress"))
        if raw_job != self._raw_job or self._job is None:
            self._raw_job = raw_job
            self._job = parse_job(
                {
                    "state": name,
                    "error": raw_job[1],
                    "job": raw_job[2],
                    "progress": raw_job[3],
                }
            )
        return Current(
            job=None if self._is_outdated(self._job, now) else self._job,
            flags=self._flags,
            sd_ready=flag(raw_flags.get("sdReady")),
            z=position(data.get("currentZ")),
            heaters=self._read_heaters(data),
            is_history=is_history,
        )

    def _is_outdated(self, job: Job, now: float) -> bool:
        """Return whether the job is one from before the last events."""
        oldest = now - CURRENT_MAX_AGE
        if self._told_file_at >= oldest and not same_file(job.file, self._told_file):
            return True
        if self._told_state_at < oldest:
            return False
        state, told = parse_state(job.state, self._flags), self._told_state
        # After an error the event just says offline.
        return state != told and not {state, told} <= OFFLINE_STATES

    def _read_heaters(self, data: Json) -> Mapping[str, Heater] | None:
        points = data.get("temps")
        # A history has thousands, the latest at the end.
        latest = points[-1] if isinstance(points, list) and points else None
        if not isinstance(latest, dict):
            return None
        heaters = parse_heaters(latest, mapping(data.get("offsets")))
        if heaters != self._heaters:
            self._heaters = heaters
        return self._heaters


def _of_others(message: Json) -> PushMessage | None:
    """Read what is told of timelapses, slicers and plugins."""
    if (plugin := message.get("plugin")) is not None:
        return _told(parse_plugin_message(mapping(plugin)))
    if "timelapse" in message:
        return _timelapse(message["timelapse"])
    rendering = mapping(message.get("renderProgress"))
    if (progress := percentage(rendering.get("progress"))) is not None:
        return RenderProgress(progress=int(progress))
    slicing = mapping(message.get("slicingProgress"))
    if (progress := percentage(slicing.get("progress"))) is not None:
        path = identifier(slicing.get("dest_path"))
        return SlicingProgress(path=path, progress=int(progress))
    return None


def _told(message: PluginMessage | None) -> PluginTold | None:
    return None if message is None else PluginTold(message=message)
