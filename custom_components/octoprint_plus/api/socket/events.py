"""Occurrences: what happened at one moment, and is over then."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ..parsing import Json, label, message


class Subject(StrEnum):
    """What it happened to."""

    LAYER = "layer"
    PRINT = "print"
    PRINTER = "printer"
    TIMELAPSE = "timelapse"


class LayerEventType(StrEnum):
    """What happens to a layer."""

    CHANGED = "changed"


class PrintEventType(StrEnum):
    """What happens to a print."""

    CANCELLED = "cancelled"
    FAILED = "failed"
    FILAMENT_CHANGE = "filament_change"
    FINISHED = "finished"
    FIRST_LAYER_DONE = "first_layer_done"
    PAUSED = "paused"
    RESUMED = "resumed"
    STARTED = "started"
    WAITING = "waiting"


class PrinterEventType(StrEnum):
    """What happens to a printer."""

    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    ERROR = "error"
    PROMPT = "prompt"


class TimelapseEventType(StrEnum):
    """What happens to a timelapse."""

    CAPTURE_FAILED = "capture_failed"
    FAILED = "failed"
    RENDERED = "rendered"
    RENDERING = "rendering"


type EventType = LayerEventType | PrintEventType | PrinterEventType | TimelapseEventType

EVENT_TYPES: Mapping[Subject, type[EventType]] = {
    Subject.LAYER: LayerEventType,
    Subject.PRINT: PrintEventType,
    Subject.PRINTER: PrinterEventType,
    Subject.TIMELAPSE: TimelapseEventType,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Occurrence:
    """Something that happened."""

    subject: Subject
    type: EventType
    data: Mapping[str, Any] = field(default_factory=dict)


def _plain(subject: Subject, type_: EventType) -> Callable[[Json], Occurrence]:
    occurrence = Occurrence(subject=subject, type=type_)
    return lambda _: occurrence


def _capture_failed(payload: Json) -> Occurrence:
    return Occurrence(
        subject=Subject.TIMELAPSE,
        type=TimelapseEventType.CAPTURE_FAILED,
        data={"reason": message(payload.get("error"))},
    )


def _movie(type_: TimelapseEventType) -> Callable[[Json], Occurrence]:
    def parse(payload: Json) -> Occurrence:
        return Occurrence(
            subject=Subject.TIMELAPSE,
            type=type_,
            data={
                # The payload's other paths are those of the server's own disk.
                "file": label(payload.get("gcode")),
                "movie": label(payload.get("movie_basename")),
            },
        )

    return parse


def _movie_failed(payload: Json) -> Occurrence:
    return Occurrence(
        subject=Subject.TIMELAPSE,
        type=TimelapseEventType.FAILED,
        data={
            "file": label(payload.get("gcode")),
            "reason": message(payload.get("reason")),
        },
    )


OCCURRENCE_PARSERS: dict[str, Callable[[Json], Occurrence]] = {
    "CaptureFailed": _capture_failed,
    "FilamentChange": _plain(Subject.PRINT, PrintEventType.FILAMENT_CHANGE),
    "MovieDone": _movie(TimelapseEventType.RENDERED),
    "MovieFailed": _movie_failed,
    "MovieRendering": _movie(TimelapseEventType.RENDERING),
    "Waiting": _plain(Subject.PRINT, PrintEventType.WAITING),
}
