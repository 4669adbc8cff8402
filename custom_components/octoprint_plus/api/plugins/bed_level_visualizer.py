"""Bed Visualizer: the mesh that the firmware reports while it levels."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from ..errors import OctoPrintConflictError
from ..mesh import BedMesh, mesh_rows
from ..parsing import Json, mapping, text
from ..printer import PrinterApi
from ..quantities import position
from ..state import BUSY_STATES, parse_state
from .parsing import loose_number
from .requests import PluginFamily, PluginRequests

PLUGIN = "bedlevelvisualizer"

# The line that makes the plugin listen to what the firmware answers.
MARKER = "@BEDLEVELVISUALIZER"

# Points in a row, and rows, of the finest mesh.
MAX_POINTS = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class MeshCollected:
    """A mesh is there. It is told twice, as a message and as an event."""

    mesh: BedMesh


@dataclass(frozen=True, kw_only=True, slots=True)
class BedLevelSettings:
    """How the plugin collects a mesh, and the last one that a browser has stored."""

    commands: tuple[str, ...]
    """The G-code that collects a mesh; empty where the user has set none."""

    stored_mesh: BedMesh | None
    """Only an open browser stores a mesh, so this may be older than the last one."""


class BedLevelVisualizerApi(PluginFamily):
    """Calls of Bed Visualizer."""

    def __init__(self, plugins: PluginRequests, printer: PrinterApi) -> None:
        """Take the way on which requests go, and what sends G-code."""
        super().__init__(plugins)
        self._printer = printer

    async def settings(self) -> BedLevelSettings:
        """Return the plugin's settings and the stored mesh (GET /api/settings)."""
        return parse_settings(await self._plugins.settings(PLUGIN))

    async def start(self) -> None:
        """Send the G-code that collects a mesh (POST /api/printer/command).

        The mesh comes over the socket, minutes later. Raises OctoPrintConflictError
        where the user has set no G-code or the printer is not connected. OctoPrint
        would send it into a running print, so what the printer does is looked at before.
        """
        commands = (await self.settings()).commands
        if not commands:
            raise OctoPrintConflictError(
                "Bed Visualizer has no G-code to send, which is entered in its settings"
            )
        printer = await self._printer.get()
        if parse_state(printer.text, printer.flags) in BUSY_STATES:
            raise OctoPrintConflictError(f"The printer is {printer.text}")
        await self._printer.send_gcode(commands)


def parse_settings(settings: Json) -> BedLevelSettings:
    """Read the plugin's part of the settings."""
    lines = (text(settings.get("command")) or "").splitlines()
    commands = [line.strip() for line in lines if line.strip()]
    if commands and not any(MARKER in line for line in commands):
        commands.insert(0, MARKER)
    x_min, x_max = _bounds(settings.get("stored_mesh_x"))
    y_min, y_max = _bounds(settings.get("stored_mesh_y"))
    return BedLevelSettings(
        commands=tuple(commands),
        stored_mesh=parse_mesh(
            settings.get("stored_mesh"),
            {"x_min": x_min, "x_max": x_max, "y_min": y_min, "y_max": y_max},
        ),
    )


def parse_mesh(rows: object, bed: Json, time: datetime | None = None) -> BedMesh | None:
    """Read a mesh, whose heights are numbers or texts with a sign."""
    if not isinstance(rows, list):
        return None
    if len(rows) > MAX_POINTS:
        return None
    found = mesh_rows(
        [loose_number(height) for height in row[: MAX_POINTS + 1]]
        if isinstance(row, list)
        else []
        for row in rows
    )
    if found is None or len(found[0]) > MAX_POINTS:
        return None
    return BedMesh(
        rows=found,
        x_min=position(bed.get("x_min")),
        x_max=position(bed.get("x_max")),
        y_min=position(bed.get("y_min")),
        y_max=position(bed.get("y_max")),
        time=time,
    )


def parse_collected(data: Json) -> MeshCollected | None:
    """Read a mesh that was collected right now, None where the message is about its progress."""
    mesh = parse_mesh(data.get("mesh"), mapping(data.get("bed")), datetime.now(UTC))
    return None if mesh is None else MeshCollected(mesh=mesh)


EVENTS: Mapping[str, Callable[[Json], MeshCollected | None]] = {
    "plugin_bedlevelvisualizer_mesh_data_collected": parse_collected,
}


def _bounds(values: object) -> tuple[float | None, float | None]:
    """Return the least and the greatest of some positions."""
    if not isinstance(values, list):
        return None, None
    found = [
        at
        for value in values[:MAX_POINTS]
        if (at := position(loose_number(value))) is not None
    ]
    return (min(found), max(found)) if found else (None, None)
