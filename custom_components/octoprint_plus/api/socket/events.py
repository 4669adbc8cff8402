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


@dataclass(frozen=True, kw_only=True, slots=True)
class Occurrence:
    """Something that happened."""

    subject: Subject
    type: str
    data: Mapping[str, Any] = field(default_factory=dict)


def _plain(subject: Subject, type_: str) -> Callable[[Json], Occurrence]:
    occurrence = Occurrence(subject=subject, type=type_)
    return lambda _: occurrence


def _capture_failed(payload: Json) -> Occurrence:
    return Occurrence(
        subject=Subject.TIMELAPSE,
        type="capture_failed",
        data={"reason": message(payload.get("error"))},
    )


def _movie(type_: str) -> Callable[[Json], Occurrence]:
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
        type="failed",
        data={
            "file": label(payload.get("gcode")),
            "reason": message(payload.get("reason")),
        },
    )


OCCURRENCE_PARSERS: dict[str, Callable[[Json], Occurrence]] = {
    "CaptureFailed": _capture_failed,
    "FilamentChange": _plain(Subject.PRINT, "filament_change"),
    "MovieDone": _movie("rendered"),
    "MovieFailed": _movie_failed,
    "MovieRendering": _movie("rendering"),
    "Waiting": _plain(Subject.PRINT, "waiting"),
}
