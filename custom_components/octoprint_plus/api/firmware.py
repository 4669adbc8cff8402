"""Firmware: what a printer answers to G-code that asks it something, line by line.

The lines are those of OctoPrint's terminal; what else the printer says meanwhile, such
as its temperatures, may stand between them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
import re

from .mesh import BedMesh, Rows, mesh_rows
from .parsing import text
from .printer import Heater

# What OctoPrint's terminal and the firmware put before a line.
PREFIX = re.compile(r"^\s*(Recv:|<<<)?\s*(echo:)?", re.IGNORECASE)

# FIRMWARE_NAME:Marlin 2.1.2 (Jan 1 2024 10:00:00) SOURCE_CODE_URL:github.com/… …
FIELD = re.compile(r"(?:^|\s)([A-Z][A-Z0-9_-]{3,}):")
CAPABILITY = re.compile(r"^Cap:([A-Za-z0-9_]+):([01])$")

# ok T:21.30 /0.00 B:21.30 /0.00 T0:21.30 /0.00 @:0 B@:0
TEMPERATURE = re.compile(
    r"(?<![A-Za-z0-9@:])(T[0-9]{0,2}|[A-Z])\s*:\s*([-+]?[0-9]+(?:\.[0-9]+)?)"
    r"(?:\s*/\s*([-+]?[0-9]+(?:\.[0-9]+)?))?"
)
HEATERS = {"B": "bed", "C": "chamber", "T": "tool0"}

# M92 X80.00 Y80.00 Z400.00 E93.00 ; a comment
SETTING = re.compile(r"^([GM][0-9]+(?:\.[0-9]+)?)(?:\s+([^;]*?))?\s*(?:;.*)?$")
VALUE = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")

# 0 +0.100 +0.050 ====== of a grid;  2 | +0.100 [-0.050]   .   of a topography.
GRID_TITLE = re.compile(
    r"Leveling Grid|Measured points|Bed Topography Report", re.IGNORECASE
)
SUBDIVIDED = re.compile(r"Subdivided", re.IGNORECASE)
HEIGHT = r"(?:[-+]?[0-9]+\.[0-9]+|=+|\.|nan)"
GRID_ROW = re.compile(
    rf"^(?:([0-9]+)\s*(\|)?\s+)?({HEIGHT}(?:\s+{HEIGHT})*)$", re.IGNORECASE
)
CORNER = re.compile(r"\(\s*(-?[0-9]+),\s*(-?[0-9]+)\)")
LEVELING = re.compile(
    r"^Bed Leveling (ON|OFF)\b|^M420 S([01])\b"
    r"|Unified Bed Leveling System\b.* ((?:in)?active)\b",
    re.IGNORECASE,
)
FADE_HEIGHT = re.compile(
    r"^Fade Height (OFF|[0-9.]+)|^M420 S[01] Z([0-9.]+)", re.IGNORECASE
)


@dataclass(frozen=True, kw_only=True, slots=True)
class FirmwareInfo:
    """What a firmware says it is (M115)."""

    name: str | None
    """With its version, for example Marlin 2.1.2 (Jan 1 2024 10:00:00)."""

    machine_type: str | None
    extruder_count: int | None
    uuid: str | None
    """Many printers of a kind share it."""

    fields: Mapping[str, str]
    """All that was said, by the firmware's names."""

    capabilities: Mapping[str, bool]
    """What it can do, by the firmware's names, for example AUTOREPORT_TEMP."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FirmwareSetting:
    """A setting, written as the G-code that would set it (M503)."""

    group: str | None
    """What the firmware writes above it, for example Steps per unit."""

    command: str
    """For example M92."""

    parameters: Mapping[str, float | str | None]
    """By letter; None is a letter alone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Leveling:
    """The state of the bed's levelling and its mesh (M420 V)."""

    is_enabled: bool | None
    """None where the firmware did not say."""

    fade_height: float | None
    """Millimetres at which the levelling has faded out, 0 for never."""

    mesh: BedMesh | None
    """None where it has none, or the lines of it were broken on their way."""


def parse_firmware_info(lines: Iterable[str]) -> FirmwareInfo | None:
    """Read the answer to M115, None where there is none."""
    fields: dict[str, str] = {}
    capabilities: dict[str, bool] = {}
    for line in map(_plain, lines):
        if capability := CAPABILITY.match(line):
            capabilities[capability[1].upper()] = capability[2] == "1"
            continue
        found = list(FIELD.finditer(line))
        if not found or found[0].start():
            continue
        ends = [match.start() for match in found[1:]] + [len(line)]
        for match, end in zip(found, ends, strict=True):
            fields[match[1]] = line[match.end() : end].strip().strip('"')
    if not fields and not capabilities:
        return None
    count = fields.get("EXTRUDER_COUNT", "")
    return FirmwareInfo(
        name=fields.get("FIRMWARE_NAME") or None,
        machine_type=fields.get("MACHINE_TYPE") or None,
        extruder_count=int(count) if re.fullmatch("[0-9]{1,3}", count) else None,
        uuid=fields.get("UUID") or None,
        fields=fields,
        capabilities=capabilities,
    )


def parse_temperatures(lines: Iterable[str]) -> dict[str, Heater]:
    """Read the last temperatures among the lines (M105), by OctoPrint's names.

    What is neither a tool nor the bed nor the chamber keeps the firmware's letter.
    """
    heaters: dict[str, Heater] = {}
    for line in map(_plain, lines):
        found = {
            name: (actual, target or None)
            for name, actual, target in TEMPERATURE.findall(
                line.removeprefix("ok").strip()
            )
        }
        if not found.keys() & {"T", "T0", "B"}:
            continue
        if "T0" in found:
            # T alone is the active tool then.
            found.pop("T", None)
        if "E" in found:
            # While the firmware waits for a heater: which one, and how much longer.
            found = {name: found[name] for name in found.keys() - {"E", "W"}}
        heaters = {
            _heater(name): Heater(
                actual=float(actual), target=None if target is None else float(target)
            )
            for name, (actual, target) in found.items()
        }
    return heaters


def parse_firmware_settings(lines: Iterable[str]) -> tuple[FirmwareSetting, ...]:
    """Read the answer to M503, in the firmware's order."""
    settings = []
    group: str | None = None
    for line in lines:
        plain = _plain(line)
        if setting := SETTING.match(plain):
            settings.append(
                FirmwareSetting(
                    group=group,
                    command=setting[1],
                    parameters=dict(map(_parameter, (setting[2] or "").split())),
                )
            )
        elif "echo:" in line and (title := plain.lstrip("; ").rstrip(": ")):
            group = title
    return tuple(settings)


def parse_leveling(lines: Iterable[str]) -> Leveling:
    """Read the answer to M420 V, or what G29 reports at its end."""
    is_enabled: bool | None = None
    fade_height: float | None = None
    report: _Report | None = None
    is_listening = False
    for line in map(_plain, lines):
        if state := LEVELING.search(line):
            word = next(filter(None, state.groups())).lower()
            is_enabled = word in {"on", "1", "active"}
        if height := FADE_HEIGHT.search(line):
            fade_height = _fade_height(height[1] or height[2])
        if GRID_TITLE.search(line):
            # The finer grid that follows it is computed from the measured one.
            is_listening = not SUBDIVIDED.search(line)
            if is_listening:
                report = _Report(is_topography="Topography" in line)
        elif is_listening and report is not None:
            report.read(line)
    return Leveling(
        is_enabled=is_enabled,
        fade_height=fade_height,
        mesh=None if report is None else report.mesh(),
    )


class _Report:
    """Collects the rows of one grid."""

    def __init__(self, *, is_topography: bool) -> None:
        """Take whether it is drawn as a map, the back of the bed above."""
        self._is_topography = is_topography
        self._is_labelled = False
        self._rows: list[tuple[int | None, list[float | None]]] = []
        self._corners: list[tuple[float, float]] = []

    def read(self, line: str) -> None:
        """Take a line, whatever it is."""
        self._corners += [(float(x), float(y)) for x, y in CORNER.findall(line)]
        bare = line.replace("[", " ").replace("]", " ").strip()
        if row := GRID_ROW.match(bare):
            self._is_labelled |= row[2] is not None
            index = None if row[1] is None else int(row[1])
            self._rows.append((index, [_height(value) for value in row[3].split()]))

    def mesh(self) -> BedMesh | None:
        """Return the mesh, None where a row of it is missing."""
        if (rows := self._sorted()) is None:
            return None
        # Older firmware writes the numbers of the points beside where they are.
        corners = self._corners if self._is_labelled else []
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        return BedMesh(
            rows=rows,
            x_min=min(xs, default=None),
            x_max=max(xs, default=None),
            y_min=min(ys, default=None),
            y_max=max(ys, default=None),
        )

    def _sorted(self) -> Rows | None:
        rows = self._rows[::-1] if self._is_topography else self._rows
        numbers = [index for index, _ in rows if index is not None]
        if numbers and numbers != list(range(len(rows))):
            return None
        return mesh_rows(row for _, row in rows)


def _plain(line: str) -> str:
    """Return a line without what stands before it."""
    return PREFIX.sub("", text(line) or "").strip()


def _heater(name: str) -> str:
    return HEATERS.get(name) or (f"tool{int(name[1:])}" if name[0] == "T" else name)


def _parameter(word: str) -> tuple[str, float | str | None]:
    letter, value = word[0], word[1:]
    return letter, float(value) if VALUE.fullmatch(value) else value or None


def _height(value: str) -> float | None:
    return float(value) if VALUE.fullmatch(value) and value != "." else None


def _fade_height(value: str) -> float | None:
    if value.lower() == "off":
        return 0.0
    found = VALUE.match(value)
    return float(found[0]) if found else None
