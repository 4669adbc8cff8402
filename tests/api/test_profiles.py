"""Test printer profiles: what the printer is."""

from typing import Any

import pytest

from custom_components.octoprint_plus.api import (
    OctoPrintClient,
    OctoPrintPermissionError,
)
from custom_components.octoprint_plus.api.profiles import (
    Axis,
    PrinterProfile,
    Volume,
    parse_profile,
)
from tests.fake_octoprint import FakeOctoPrint


async def test_default(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    assert await client.profiles.list() == {
        "_default": PrinterProfile(
            id="_default",
            name="Default",
            model="Generic RepRap Printer",
            extruder_count=1,
            shared_nozzle=False,
            heated_bed=True,
            heated_chamber=False,
            volume=Volume(
                width=200,
                depth=200,
                height=200,
                form_factor="rectangular",
                origin="lowerleft",
            ),
            default=True,
            axes={
                "x": Axis(speed=6000, inverted=False),
                "y": Axis(speed=6000, inverted=False),
                "z": Axis(speed=200, inverted=False),
                "e": Axis(speed=300, inverted=False),
            },
            nozzle_diameter=0.4,
            default_extrusion_length=5,
        )
    }


@pytest.mark.parametrize(
    ("folder", "extruders", "tools", "bed", "chamber"),
    [
        ("multi_idle_custom_sensors", 2, 2, True, True),
        ("shared_nozzle_no_bed_no_sd", 2, 1, False, False),
    ],
)
async def test_other_printers(
    client: OctoPrintClient,
    fake: FakeOctoPrint,
    folder: str,
    extruders: int,
    tools: int,
    bed: bool,
    chamber: bool,
) -> None:
    fake.load(folder)
    (profile,) = (await client.profiles.list()).values()
    assert (profile.extruder_count, profile.tool_count) == (extruders, tools)
    assert (profile.heated_bed, profile.heated_chamber) == (bed, chamber)


def test_color_axes_and_box() -> None:
    profile = parse_profile(
        "x",
        {
            "color": "red",
            "axes": {
                "x": {"speed": 3000, "inverted": True},
                "y": "fast",
                "z": {"speed": "slow"},
                "w": {"speed": 1},
            },
            "volume": {"custom_box": {"x_min": -5, "x_max": 205.5, "y_min": None}},
        },
    )
    assert profile.color == "red"
    assert profile.axes == {
        "x": Axis(speed=3000, inverted=True),
        "z": Axis(speed=None, inverted=False),
    }
    assert profile.volume.custom_box == {"x_min": -5, "x_max": 205.5}


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"extruder": None, "volume": [], "heatedBed": None},
        {"extruder": {"count": 0, "sharedNozzle": "yes"}},
        {"extruder": {"count": -3}},
        {"extruder": {"count": "2"}},
    ],
)
def test_junk_is_a_printer_with_one_tool_and_a_bed(data: dict[str, Any]) -> None:
    profile = parse_profile("x", data)
    assert (profile.id, profile.name, profile.model) == ("x", None, None)
    assert profile.tool_count == 1
    assert profile.heated_bed
    assert not profile.heated_chamber
    assert profile.volume.width is None


async def test_not_permitted(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.user("readonly")
    with pytest.raises(OctoPrintPermissionError) as caught:
        await client.profiles.list()
    assert caught.value.permission == "CONNECTION"


async def test_without_profiles(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.answer("GET", "/api/printerprofiles", json={"profiles": ["x"]})
    assert await client.profiles.list() == {}


@pytest.mark.parametrize(
    ("count", "expected"), [(1e308, 1), (2**80, 1), (1_000_000, 99), (100, 99), (-3, 1)]
)
def test_number_of_tools_is_bounded(count: float, expected: int) -> None:
    """Test that no number of a server decides how much is made of it."""
    profile = parse_profile("_default", {"extruder": {"count": count}})
    assert profile.extruder_count == expected
    assert profile.tool_count <= 99
