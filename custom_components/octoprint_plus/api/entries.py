"""Entries: the files and folders of a storage, and what OctoPrint knows of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from . import quantities
from .parsing import (
    Json,
    flag,
    identifier,
    items,
    label,
    mapping,
    members,
    moment,
    text_or_other,
)
from .plugins.display_layer_progress import total_layers
from .plugins.slicer_thumbnails import Thumbnail, parse_thumbnail

# Deeper than anybody sorts files, and shallow enough for Python's stack.
MAX_DEPTH = 100

# More files than anybody finds one among.
MAX_ENTRIES = 100_000

# What the printer's own storage is called, depending on OctoPrint's version.
PRINTER_STORAGES = ("sdcard", "printer")


@dataclass(frozen=True, kw_only=True, slots=True)
class Filament:
    """What a file needs of a tool's filament."""

    length: float | None
    """Millimetres."""

    volume: float | None
    """Cubic centimetres."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Analysis:
    """What OctoPrint's analysis found in a file."""

    estimated_print_time: float | None
    """Seconds."""

    filament: dict[str, Filament]
    """By tool."""

    width: float | None
    """Millimetres, as depth and height."""

    depth: float | None
    height: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class LastPrintOfFile:
    """How the last print of a file ended."""

    success: bool
    date: datetime | None
    print_time: float | None
    """Seconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Prints:
    """How often a file was printed."""

    success: int
    failure: int
    last: LastPrintOfFile | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A file or a folder."""

    name: str
    """As shown to people."""

    path: str
    """The path within its storage."""

    origin: str
    """The storage: local, or the printer's (sdcard, from OctoPrint 2 on printer).

    Another name is one that we do not know, and other where none is told.
    """

    type: str
    """folder, machinecode, model, or one that a plugin brings; other where none is told."""

    size: int | None
    """Bytes."""

    date: datetime | None
    analysis: Analysis | None
    prints: Prints | None
    thumbnail: Thumbnail | None
    """Its picture, of a plugin or, from OctoPrint 2 on, of OctoPrint itself."""

    total_layers: int | None
    """Only DisplayLayerProgress counts them."""

    children: tuple[Entry, ...]

    @property
    def is_folder(self) -> bool:
        """Return whether it is a folder."""
        return self.type == "folder"


@dataclass(frozen=True, kw_only=True, slots=True)
class FileList:
    """What the storages hold."""

    entries: tuple[Entry, ...]
    free: int | None
    """Bytes left in the local storage."""

    total: int | None

    def walk(self) -> Iterator[Entry]:
        """Yield every entry, folders before what is in them."""
        stack = list(reversed(self.entries))
        while stack:
            entry = stack.pop()
            yield entry
            stack.extend(reversed(entry.children))


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """A file that has a name already."""

    size: int | None
    """Bytes."""

    date: datetime | None


def parse_entry(data: Json, ahead: float = 0.0, depth: int = 0) -> Entry:
    """Read a file or a folder with all that is in it.

    The server's clock is so many seconds ahead of ours.
    """
    name = identifier(data.get("name")) or ""
    path = identifier(data.get("path")) or name
    origin = text_or_other(data.get("origin"))
    return Entry(
        name=(label(data.get("display")) or name).lstrip("/"),
        path=path,
        origin=origin,
        type=text_or_other(data.get("type")),
        size=quantities.byte_size(data.get("size")),
        # The printer's own storage is dated by the printer.
        date=moment(data.get("date"), 0.0 if origin in PRINTER_STORAGES else ahead),
        analysis=_analysis(data.get("gcodeAnalysis")),
        prints=_prints(data.get("prints"), ahead),
        thumbnail=parse_thumbnail(data),
        total_layers=total_layers(data),
        children=tuple(
            parse_entry(child, ahead, depth + 1)
            for child in items(data.get("children"), MAX_ENTRIES)
            if depth < MAX_DEPTH
        ),
    )


def parse_filament(value: object) -> dict[str, Filament]:
    """Read what is needed of each tool's filament; also a job tells it."""
    return {
        tool: Filament(
            length=quantities.filament_length(used.get("length")),
            volume=quantities.filament_volume(used.get("volume")),
        )
        for tool, used in members(value, quantities.MAX_TOOLS)
    }


def _analysis(value: object) -> Analysis | None:
    if not isinstance(value, dict) or not value:
        return None
    dimensions = mapping(value.get("dimensions"))
    return Analysis(
        estimated_print_time=quantities.elapsed(value.get("estimatedPrintTime")),
        filament=parse_filament(value.get("filament")),
        width=quantities.extent(dimensions.get("width")),
        depth=quantities.extent(dimensions.get("depth")),
        height=quantities.extent(dimensions.get("height")),
    )


def _prints(value: object, ahead: float) -> Prints | None:
    if not isinstance(value, dict) or not value:
        return None
    last = value.get("last")
    return Prints(
        success=quantities.count(value.get("success")) or 0,
        failure=quantities.count(value.get("failure")) or 0,
        last=LastPrintOfFile(
            success=flag(last.get("success")),
            date=moment(last.get("date"), ahead),
            print_time=quantities.elapsed(last.get("printTime")),
        )
        if isinstance(last, dict)
        else None,
    )
