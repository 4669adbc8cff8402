"""Test Bed Visualizer: starting a mesh, and the meshes in all their forms."""

from datetime import UTC, datetime, timedelta
from statistics import pstdev
from typing import Any

import pytest

from custom_components.octoprint_plus.api import OctoPrintClient, OctoPrintConflictError
from custom_components.octoprint_plus.api.mesh import BedMesh
from custom_components.octoprint_plus.api.plugins.bed_level_visualizer import (
    BedLevelSettings,
    MeshCollected,
    parse_collected,
    parse_mesh,
)
from tests.fake_octoprint import FakeOctoPrint

from .conftest import Install

BED = {
    "type": "rectangular",
    "x_min": 0,
    "x_max": 200.0,
    "y_min": 0,
    "y_max": 200.0,
    "z_min": 0,
    "z_max": 200.0,
}
TEXTS = [["+0.100", "+0.050", "-0.025"], ["+0.080", "0.000", "-0.100"]]


async def test_start(
    client: OctoPrintClient, fake: FakeOctoPrint, install: Install
) -> None:
    install("bedlevelvisualizer", {"command": "G28\n\n  G29 T \r\nM420 S1\n"})
    await client.plugins.bed_level_visualizer.start()
    lines = ["@BEDLEVELVISUALIZER", "G28", "G29 T", "M420 S1"]
    assert fake.commands() == [("/api/printer/command", {"commands": lines})]


async def test_start_with_own_marker(
    client: OctoPrintClient, fake: FakeOctoPrint, install: Install
) -> None:
    install("bedlevelvisualizer", {"command": "G28\n@BEDLEVELVISUALIZER 60\nG29 T"})
    await client.plugins.bed_level_visualizer.start()
    lines = ["G28", "@BEDLEVELVISUALIZER 60", "G29 T"]
    assert fake.commands() == [("/api/printer/command", {"commands": lines})]


@pytest.mark.parametrize("command", ["", "\n \n", None])
async def test_start_not_configured(
    client: OctoPrintClient, fake: FakeOctoPrint, install: Install, command: Any
) -> None:
    install("bedlevelvisualizer", {"command": command})
    with pytest.raises(OctoPrintConflictError):
        await client.plugins.bed_level_visualizer.start()
    assert fake.commands() == []


async def test_start_while_off(
    client: OctoPrintClient, fake: FakeOctoPrint, install: Install
) -> None:
    install("bedlevelvisualizer", {"command": "G29"})
    fake.load("disconnected")
    install("bedlevelvisualizer", {"command": "G29"})
    with pytest.raises(OctoPrintConflictError, match="not operational"):
        await client.plugins.bed_level_visualizer.start()


async def test_settings(client: OctoPrintClient, install: Install) -> None:
    install(
        "bedlevelvisualizer",
        {
            "command": "G29 T",
            "timeout": 1800,
            "stored_mesh": TEXTS,
            "stored_mesh_x": [0, 100, 200],
            "stored_mesh_y": [10, 190],
            "mesh_timestamp": "11/21/2026, 3:37:12 AM",
        },
    )
    assert await client.plugins.bed_level_visualizer.settings() == BedLevelSettings(
        commands=("@BEDLEVELVISUALIZER", "G29 T"),
        stored_mesh=BedMesh(
            rows=((0.1, 0.05, -0.025), (0.08, 0.0, -0.1)),
            x_min=0,
            x_max=200,
            y_min=10,
            y_max=190,
        ),
    )


async def test_nothing_stored(client: OctoPrintClient, install: Install) -> None:
    install(
        "bedlevelvisualizer",
        {"stored_mesh": [], "stored_mesh_x": [], "mesh_timestamp": ""},
    )
    settings = await client.plugins.bed_level_visualizer.settings()
    assert settings.stored_mesh is None


def test_mesh() -> None:
    """Signs and texts, as the plugin passes them on from the firmware."""
    message = parse_collected({"mesh": TEXTS, "bed": BED})
    assert isinstance(message, MeshCollected)
    mesh = message.mesh
    assert mesh.rows == ((0.1, 0.05, -0.025), (0.08, 0.0, -0.1))
    assert (mesh.x_min, mesh.x_max, mesh.y_min, mesh.y_max) == (0, 200, 0, 200)
    assert mesh.time
    assert datetime.now(UTC) - mesh.time < timedelta(seconds=5)
    assert (mesh.minimum, mesh.maximum) == (-0.1, 0.1)
    assert mesh.range == pytest.approx(0.2)
    assert mesh.mean == pytest.approx(0.0175)
    assert mesh.deviation == pytest.approx(pstdev(mesh.heights))


def test_flat_bed() -> None:
    mesh = parse_mesh([[0.25, 0.25], [0.25, 0.25]], {})
    assert mesh
    assert (mesh.range, mesh.deviation, mesh.mean) == (0, 0, 0.25)


def test_round_bed() -> None:
    """The corners of a round bed are not measured."""
    mesh = parse_mesh([[None, 0.0, None], [0.3, 0.1, -0.1]], {"type": "circular"})
    assert mesh
    assert mesh.rows[0] == (None, 0.0, None)
    assert mesh.heights == (0.0, 0.3, 0.1, -0.1)


@pytest.mark.parametrize(
    "rows",
    [
        None,
        [],
        [[]],
        [[], []],
        [["+0.1", "+0.2"], ["+0.1"]],
        [[None, None]],
        [["-", "NaN"]],
        "0.1",
        [0.1, 0.2],
        [[1e300, "-1e9"]],
    ],
)
def test_no_mesh(rows: Any) -> None:
    assert parse_mesh(rows, {}) is None
    assert parse_collected({"mesh": rows, "bed": BED}) is None
