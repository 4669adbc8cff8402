"""Test slicing: the slicers that plugins bring, and their profiles."""

from typing import Any

import pytest

from custom_components.octoprint_plus.api import (
    OctoPrintClient,
    OctoPrintPermissionError,
)
from custom_components.octoprint_plus.api.slicing import (
    Slicer,
    SlicingProfile,
    parse_slicer,
)
from tests.fake_octoprint import FakeOctoPrint

# As OctoPrint's documentation has it; no slicer's plugin is at hand.
CURA = {
    "key": "cura",
    "displayName": "CuraEngine",
    "sameDevice": True,
    "default": True,
    "configured": True,
    "extensions": {"source": ["stl"], "destination": ["gco", "gcode"]},
    "profiles": {
        "fast": {
            "key": "fast",
            "displayName": "Fast",
            "description": "0.3 mm",
            "default": True,
            "resource": "http://octopi.local/api/slicing/cura/profiles/fast",
        },
        "plain": {"key": "plain", "default": False},
    },
}


async def test_none(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    assert await client.slicing.list() == {}


async def test_slicer(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.answer("GET", "/api/slicing", json={"cura": CURA, "": CURA, "x": None})
    assert await client.slicing.list() == {
        "cura": Slicer(
            key="cura",
            name="CuraEngine",
            default=True,
            configured=True,
            profiles={
                "fast": SlicingProfile(
                    key="fast", name="Fast", description="0.3 mm", default=True
                ),
                "plain": SlicingProfile(
                    key="plain", name="plain", description=None, default=False
                ),
            },
            source_extensions=("stl",),
            destination_extensions=("gco", "gcode"),
        )
    }


@pytest.mark.parametrize(
    "data", [{}, {"profiles": [1], "extensions": 5}, {"profiles": {"": {}, "a": 1}}]
)
def test_junk(data: dict[str, Any]) -> None:
    assert parse_slicer("x", data) == Slicer(
        key="x",
        name="x",
        default=False,
        configured=False,
        profiles={},
        source_extensions=(),
        destination_extensions=(),
    )


async def test_not_permitted(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.user("readonly")
    fake.answer("GET", "/api/slicing", status=403, json={"error": "no"})
    with pytest.raises(OctoPrintPermissionError) as caught:
        await client.slicing.list()
    assert caught.value.permission == "SLICE"
