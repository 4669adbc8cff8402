"""Tests of how far a print head can be moved."""

from typing import Any

import pytest

from custom_components.octoprint_plus.api.profiles import parse_profile
from custom_components.octoprint_plus.commands.reach import check_reach, limits
from homeassistant.exceptions import ServiceValidationError

LOWER_LEFT = {
    "width": 220,
    "depth": 210,
    "height": 250,
    "formFactor": "rectangular",
    "origin": "lowerleft",
    "custom_box": False,
}


@pytest.mark.parametrize(
    ("volume", "expected"),
    [
        ({}, {"x": (0, 220), "y": (0, 210), "z": (0, 250)}),
        ({"origin": "center"}, {"x": (-110, 110), "y": (-105, 105), "z": (0, 250)}),
        (
            {"formFactor": "circular", "depth": None},
            {"x": (-110, 110), "y": (-110, 110), "z": (0, 250)},
        ),
        (
            {"custom_box": {"x_min": -5, "x_max": 225, "z_max": 255}},
            {"x": (-5, 225), "y": (0, 210), "z": (0, 255)},
        ),
        ({"width": None, "height": 0}, {"y": (0, 210)}),
    ],
)
def test_limits(volume: dict[str, Any], expected: dict[str, Any]) -> None:
    """What the profile tells is known, the space beyond the volume included."""
    profile = parse_profile("a", {"volume": LOWER_LEFT | volume})
    assert limits(profile.volume) == expected


def test_unknown_axis() -> None:
    """Where the profile does not tell a size, nothing is refused along that axis."""
    volume = parse_profile("a", {"volume": {"height": 250}}).volume
    for absolute in (True, False):
        with pytest.raises(ServiceValidationError) as caught:
            check_reach(volume, {"z": -999}, absolute=absolute, printer="Prusa")
        assert (caught.value.translation_placeholders or {})["axis"] == "Z"
        check_reach(volume, {"x": -999, "y": 999}, absolute=absolute, printer="Prusa")
