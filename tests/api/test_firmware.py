"""Test what firmware answers: the virtual printer's lines, Marlin's, and broken ones."""

import random

import pytest

from custom_components.octoprint_plus.api.firmware import (
    FirmwareInfo,
    FirmwareSetting,
    Leveling,
    parse_firmware_info,
    parse_firmware_settings,
    parse_leveling,
    parse_temperatures,
)
from custom_components.octoprint_plus.api.mesh import BedMesh
from custom_components.octoprint_plus.api.printer import Heater

MARLIN_NAME = "Marlin bugfix-2.1.x (Feb  6 2024 19:01:58)"
MARLIN_INFO = (
    (
        f"FIRMWARE_NAME:{MARLIN_NAME} SOURCE_CODE_URL:github.com/MarlinFirmware/Marlin "
        "PROTOCOL_VERSION:1.0 MACHINE_TYPE:Ender-3 V2 KINEMATICS:Cartesian "
        "EXTRUDER_COUNT:1 UUID:cede2a2f-41a2-4748-9b12-c55c62f367ff"
    ),
    "Cap:SERIAL_XON_XOFF:0",
    "Cap:AUTOREPORT_TEMP:1",
    " T:21.30 /0.00 B:21.30 /0.00 @:0 B@:0",
    "area:{full:{min:{x:0,y:0,z:0},max:{x:235,y:235,z:250}}}",
    "ok",
)


def test_info_of_marlin() -> None:
    info = parse_firmware_info(MARLIN_INFO)
    assert info
    assert info.name == MARLIN_NAME
    assert info.machine_type == "Ender-3 V2"
    assert info.extruder_count == 1
    assert info.uuid == "cede2a2f-41a2-4748-9b12-c55c62f367ff"
    assert info.fields["SOURCE_CODE_URL"] == "github.com/MarlinFirmware/Marlin"
    assert info.fields["KINEMATICS"] == "Cartesian"
    assert info.capabilities == {"SERIAL_XON_XOFF": False, "AUTOREPORT_TEMP": True}


def test_info_of_virtual_printer() -> None:
    lines = ["FIRMWARE_NAME:Virtual Marlin 1.0 PROTOCOL_VERSION:1.0"]
    assert parse_firmware_info([*lines, "Cap:AUTOREPORT_TEMP:1", "ok"]) == FirmwareInfo(
        name="Virtual Marlin 1.0",
        machine_type=None,
        extruder_count=None,
        uuid=None,
        fields={"FIRMWARE_NAME": "Virtual Marlin 1.0", "PROTOCOL_VERSION": "1.0"},
        capabilities={"AUTOREPORT_TEMP": True},
    )


def test_info_in_several_lines() -> None:
    info = parse_firmware_info(
        [
            "Recv: FIRMWARE_NAME:Marlin",
            "Recv: FIRMWARE_VERSION:2.2.0",
            "Recv: EXTRUDER_COUNT:many",
            'Recv: X-BUILD_VERSION:"#475"',
        ]
    )
    assert info
    assert (info.name, info.extruder_count) == ("Marlin", None)
    assert info.fields["FIRMWARE_VERSION"] == "2.2.0"
    assert info.fields["X-BUILD_VERSION"] == "#475"


@pytest.mark.parametrize(
    "lines", [[], ["ok"], ['echo:Unknown command: "M115"', "ok"], ["T:21.0 /0.0"]]
)
def test_no_info(lines: list[str]) -> None:
    assert parse_firmware_info(lines) is None


@pytest.mark.parametrize(
    ("line", "heaters"),
    [
        (
            "ok T:21.30 /0.00 B:22.50 /60.00 @:0 B@:127",
            {
                "tool0": Heater(actual=21.3, target=0),
                "bed": Heater(actual=22.5, target=60),
            },
        ),
        (
            "ok B:21.3 /0.0 T0:23.8 /0.0 T1:21.3 /205.0 C:30.1 /40.0 @:64",
            {
                "bed": Heater(actual=21.3, target=0),
                "tool0": Heater(actual=23.8, target=0),
                "tool1": Heater(actual=21.3, target=205),
                "chamber": Heater(actual=30.1, target=40),
            },
        ),
        (
            # T is the active tool where there are several.
            "Recv: T:200.00 /200.00 B:50.0 /50.0 T0:20.00 /0.00 T1:200.00 /200.00 @:9",
            {
                "bed": Heater(actual=50, target=50),
                "tool0": Heater(actual=20, target=0),
                "tool1": Heater(actual=200, target=200),
            },
        ),
        (
            "T:23.4 /0.0 B:-1.9 /0.0 T0:23.4 /0.0 @:0 B@:0 P:0.0 A:28.9",
            {
                "bed": Heater(actual=-1.9, target=0),
                "tool0": Heater(actual=23.4, target=0),
                "P": Heater(actual=0, target=None),
                "A": Heater(actual=28.9, target=None),
            },
        ),
        ("T:185.2 E:0 W:3", {"tool0": Heater(actual=185.2, target=None)}),
        ("ok T:21", {"tool0": Heater(actual=21, target=None)}),
        ("X:0.00 Y:0.00 Z:0.00 E:0.00 Count X:0 Y:0 Z:0", {}),
        ("ok", {}),
    ],
)
def test_temperatures(line: str, heaters: dict[str, Heater]) -> None:
    assert parse_temperatures([line]) == heaters


def test_last_temperatures() -> None:
    """Reports come by themselves, too: the last one counts."""
    lines = ["T:20.0 /0.0", "echo:busy: processing", "ok T:21.0 /0.0"]
    assert parse_temperatures(lines) == {"tool0": Heater(actual=21, target=0)}


MARLIN_SETTINGS = """\
echo:; Linear Units:
echo:  G21 ; (mm)
echo:; Temperature Units:
echo:  M149 C ; Units in Celsius
echo:; Filament settings (Disabled):
echo:  M200 S0 D1.75
echo:; Steps per unit:
echo: M92 X80.00 Y80.00 Z400.00 E424.90
 T:21.30 /0.00 B:21.30 /0.00 @:0 B@:0
echo:; Z-Probe Offset:
echo:  M851 X-40.00 Y-10.00 Z-2.05 ; (mm)
echo:; Material heatup parameters:
echo:  M145 S0 H185.00 B45.00 F255
echo:  M145 S1 H240.00 B70.00 F255
ok
"""


def test_settings_of_marlin() -> None:
    settings = parse_firmware_settings(MARLIN_SETTINGS.splitlines())
    assert settings == (
        FirmwareSetting(group="Linear Units", command="G21", parameters={}),
        FirmwareSetting(
            group="Temperature Units", command="M149", parameters={"C": None}
        ),
        FirmwareSetting(
            group="Filament settings (Disabled)",
            command="M200",
            parameters={"S": 0, "D": 1.75},
        ),
        FirmwareSetting(
            group="Steps per unit",
            command="M92",
            parameters={"X": 80, "Y": 80, "Z": 400, "E": 424.9},
        ),
        FirmwareSetting(
            group="Z-Probe Offset",
            command="M851",
            parameters={"X": -40, "Y": -10, "Z": -2.05},
        ),
        FirmwareSetting(
            group="Material heatup parameters",
            command="M145",
            parameters={"S": 0, "H": 185, "B": 45, "F": 255},
        ),
        FirmwareSetting(
            group="Material heatup parameters",
            command="M145",
            parameters={"S": 1, "H": 240, "B": 70, "F": 255},
        ),
    )


def test_settings_of_older_marlin() -> None:
    """It writes no semicolon, and some lines without a mark."""
    lines = [
        "Recv: echo:Steps per unit:",
        "Recv: echo:  M92 X80.00 Y80.00 Z400.00 E100.00",
        "Recv: M145 S1 H230 B105 F170",
        'Recv: M550 P"Printer"',
    ]
    assert parse_firmware_settings(lines) == (
        FirmwareSetting(
            group="Steps per unit",
            command="M92",
            parameters={"X": 80, "Y": 80, "Z": 400, "E": 100},
        ),
        FirmwareSetting(
            group="Steps per unit",
            command="M145",
            parameters={"S": 1, "H": 230, "B": 105, "F": 170},
        ),
        FirmwareSetting(
            group="Steps per unit", command="M550", parameters={"P": '"Printer"'}
        ),
    )


BILINEAR = """\
Bilinear Leveling Grid:
      0      1      2      3
 0 +1.061 +0.510 -0.005 -0.380
echo:busy: processing
 1 +0.828 +0.265 -0.287 -0.670
 T:21.30 /0.00 B:21.30 /0.00 @:0 B@:0
 2 +0.609 +0.087 -0.498 ======

Subdivided with CATMULL ROM Leveling Grid:
        0        1        2
 0 +1.06100 +0.77100 +0.51000
 1 +0.96100 +0.67100 +0.41000

echo:Bed Leveling ON
echo:Fade Height 10.00
ok
"""


@pytest.mark.parametrize("prefix", ["", "Recv: ", "<<< "])
def test_bilinear(prefix: str) -> None:
    """The finer grid, which is computed from the first, is none that was measured."""
    lines = [prefix + line for line in BILINEAR.splitlines()]
    assert parse_leveling(lines) == Leveling(
        is_enabled=True,
        fade_height=10,
        mesh=BedMesh(
            rows=(
                (1.061, 0.51, -0.005, -0.38),
                (0.828, 0.265, -0.287, -0.67),
                (0.609, 0.087, -0.498, None),
            )
        ),
    )


TOPOGRAPHY = """\

Bed Topography Report:

    ( 10,290)                (290,290)
         0       1       2

 2 | +0.200   0.000  -0.100
   |
 1 | +0.100 [-0.050]   .
   |
 0 | -0.300  +0.010  +0.020
         0       1       2
    ( 10, 10)                (290, 10)

Mesh is valid
Storage slot: 0
echo:Bed Leveling Off.
echo:Fade Height Off.
"""


def test_topography() -> None:
    """It is drawn as the bed is seen from above: the front is its last row."""
    assert parse_leveling(TOPOGRAPHY.splitlines()) == Leveling(
        is_enabled=False,
        fade_height=0,
        mesh=BedMesh(
            rows=((-0.3, 0.01, 0.02), (0.1, -0.05, None), (0.2, 0.0, -0.1)),
            x_min=10,
            x_max=290,
            y_min=10,
            y_max=290,
        ),
    )


OLD_TOPOGRAPHY = """\
Bed Topography Report:
(0,9)                          (9,9)
(0,180)                        (203,180)
       .          -0.11275    -0.00925

       .        [ -0.04600]    0.02250
(0,0)                          (203,0)
"""

CSV = "Bed Topography Report for CSV:\n\n0.200\t0.000\n-0.300\tNAN\n"

MANUAL = """\
Mesh Bed Level data:
3x2 mesh. Z offset: 0.00000
Measured points:
        0        1        2
 0 +0.10000 -0.20000 +0.30000
 1 -0.10000 +0.20000 -0.30000
"""


@pytest.mark.parametrize(
    ("report", "rows"),
    [
        (OLD_TOPOGRAPHY, ((None, -0.046, 0.0225), (None, -0.11275, -0.00925))),
        (CSV, ((-0.3, None), (0.2, 0.0))),
        (MANUAL, ((0.1, -0.2, 0.3), (-0.1, 0.2, -0.3))),
    ],
)
def test_other_reports(report: str, rows: object) -> None:
    leveling = parse_leveling(report.splitlines())
    assert leveling.mesh
    assert leveling.mesh.rows == rows
    assert leveling.mesh.x_min is None


def test_last_report_counts() -> None:
    """A G29 that reports each step ends with the whole."""
    lines = (MANUAL + BILINEAR).splitlines()
    leveling = parse_leveling(lines)
    assert leveling.mesh
    assert len(leveling.mesh.rows) == 3


@pytest.mark.parametrize(
    ("report", "broken"),
    [
        (BILINEAR, " 1 +0.828 +0.265 -0.287 -0.670\n"),
        (BILINEAR, " -0.287 -0.670"),
        (TOPOGRAPHY, " 1 | +0.100 [-0.050]   .\n"),
    ],
)
def test_broken_lines(report: str, broken: str) -> None:
    """A mesh with a row or a point missing is no mesh: nobody knows which."""
    assert broken in report
    assert parse_leveling(report.replace(broken, "").splitlines()).mesh is None


def test_no_mesh() -> None:
    lines = ["echo:Invalid mesh.", "echo:Bed Leveling OFF", "echo:Fade Height 0.5"]
    assert parse_leveling(lines) == Leveling(
        is_enabled=False, fade_height=0.5, mesh=None
    )
    assert parse_leveling([]) == Leveling(is_enabled=None, fade_height=None, mesh=None)
    assert parse_leveling(["Bilinear Leveling Grid:", "ok"]).mesh is None


@pytest.mark.parametrize(
    ("line", "is_enabled", "fade_height"),
    [
        ("echo: M420 S0 Z0.0", False, 0),
        ("echo:  M420 S1 Z10.00", True, 10),
        ("Unified Bed Leveling System v1.01 active", True, None),
        ("Unified Bed Leveling System v1.01 inactive", False, None),
        ("echo:Bed Leveling On.", True, None),
        ("echo:Fade Height ...", None, None),
    ],
)
def test_leveling_state(
    line: str, is_enabled: bool | None, fade_height: float | None
) -> None:
    """The virtual printer knows no mesh and answers with its settings."""
    assert parse_leveling([line]) == Leveling(
        is_enabled=is_enabled, fade_height=fade_height, mesh=None
    )


@pytest.mark.parametrize("seed", range(20))
def test_junk(seed: int) -> None:
    """Lines that lost characters on their way raise nothing."""
    rng = random.Random(seed)
    reports = (BILINEAR, TOPOGRAPHY, OLD_TOPOGRAPHY, CSV, MANUAL, MARLIN_SETTINGS)
    lines = [*MARLIN_INFO, *"".join(reports).splitlines()]
    for _ in range(20):
        broken = [
            "".join(
                each if rng.random() < 0.95 else rng.choice("0:./ \x00\ud800T=")
                for each in line
            )
            for line in rng.sample(lines, len(lines))
        ]
        info = parse_firmware_info(broken)
        for text in info.fields.values() if info else ():
            text.encode()
        parse_temperatures(broken)
        for setting in parse_firmware_settings(broken):
            assert setting.command
        mesh = parse_leveling(broken).mesh
        assert mesh is None or mesh.range >= 0
