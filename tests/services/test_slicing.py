"""Tests for the action of the family slicing."""

from typing import Any

import pytest

from tests.fake_octoprint import FakeOctoPrint
from tests.given import TEST_FILE, Refused, sliced

from .conftest import Call, message, unusable


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({}, {}),
        (
            {"slicer": "slic3r", "profile": "fine"},
            {"slicer": "slic3r", "profile": "fine"},
        ),
        ({"destination": "a b ü.g"}, {"destination": "a b ü.g"}),
        ({"print": True}, {"print": True}),
    ],
)
@pytest.mark.usefixtures("slicer")
async def test_slice(
    call: Call, fake: FakeOctoPrint, data: dict[str, Any], expected: dict[str, Any]
) -> None:
    """A model is sliced beside itself, by the default slicer."""
    answer = await call("slice_file", path="vases/spiral.stl", response=True, **data)
    assert answer == {"path": "vases/spiral.gcode"}
    default = {
        "command": "slice",
        "slicer": "cura",
        "destination": "spiral.gcode",
        "select": False,
        "print": False,
    }
    assert sliced(fake) == [default | expected]


@pytest.mark.usefixtures("slicer")
async def test_overwrite(call: Call, refused: Refused, fake: FakeOctoPrint) -> None:
    """What is there is overwritten only when asked."""
    fake.answer("POST", TEST_FILE, json={"exists": True, "size": 3})
    error = await refused("slice_file", path="vases/spiral.stl", sent=1)
    assert message(error) == (
        "slice_file_exists",
        {"printer": "Prusa", "name": "spiral.gcode"},
    )
    assert sliced(fake) == []
    assert await call("slice_file", path="vases/spiral.stl", overwrite=True) is None
    assert len(sliced(fake)) == 1


@pytest.mark.parametrize(
    "data", [{}, {"path": ""}, {"path": "a.stl", "print": "perhaps"}, {"path": None}]
)
async def test_unusable(call: Call, fake: FakeOctoPrint, data: dict[str, Any]) -> None:
    """What makes no sense for any slicer is refused."""
    with unusable():
        await call("slice_file", **data)
    assert fake.commands() == []
