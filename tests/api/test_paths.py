"""Test paths: each name as one segment, and none that leads elsewhere."""

from urllib.parse import unquote

import pytest

from custom_components.octoprint_plus.api import (
    OctoPrintNotFoundError,
    OctoPrintRequestError,
)
from custom_components.octoprint_plus.api.paths import (
    checked_name,
    checked_path,
    encoded,
)

NAMES = [
    "plain.gcode",
    "with blank.gcode",
    "Bénchy ü.gcode",
    "奔驰🐙.gcode",
    "🐙",
    "a#b?c%d&e=f;g:h@i+j.gcode",
    "%2e%2e",
    "...",
    "..a",
    "~",
    "'\"`$(){}[]<>|*",
    "e\u0301",
    "\u202eedocg.a",
    "x" * 255,
]

ASTRAY = [
    "",
    ".",
    "..",
    "a/..",
    "../a",
    "a/../b",
    "a//b",
    "/a",
    "a/",
    "..\\a",
    "a\\..\\b",
]


@pytest.mark.parametrize("name", NAMES)
def test_encoded(name: str) -> None:
    path = encoded(name, f"{name}/{name}")
    assert path.isascii()
    assert [unquote(segment) for segment in path.split("/")] == [name] * 3


@pytest.mark.parametrize("path", ASTRAY)
def test_leads_elsewhere(path: str) -> None:
    with pytest.raises(OctoPrintNotFoundError, match="There is nothing at"):
        encoded("local", path)
    with pytest.raises(OctoPrintRequestError, match="is not a name"):
        checked_path(path)
    with pytest.raises(OctoPrintRequestError, match="is not a name"):
        checked_name(path)


def test_half_a_character() -> None:
    """Test what Python makes of a name that is no Unicode."""
    assert encoded("a\udc80") == "a%3F"


@pytest.mark.parametrize("name", [name for name in NAMES if name != "..."])
def test_new(name: str) -> None:
    assert checked_name(name) == name
    assert checked_path(f"{name}/{name}") == f"{name}/{name}"


@pytest.mark.parametrize(
    "name", ["a\0b", "a\nb", "a\x7f", "a\udc80", "???", " ", "...", "a\\b", "<>:&;"]
)
def test_no_name(name: str) -> None:
    with pytest.raises(OctoPrintRequestError, match="is not a name"):
        checked_name(name)
    with pytest.raises(OctoPrintRequestError, match="is not a name"):
        checked_path(f"folder/{name}")


def test_a_name_is_no_path() -> None:
    with pytest.raises(OctoPrintRequestError, match="is not a name"):
        checked_name("a/b")


@pytest.mark.parametrize("name", ["x" * 256, "ü" * 128, "🐙" * 64])
def test_long_name(name: str) -> None:
    with pytest.raises(OctoPrintRequestError, match="255 bytes"):
        checked_name(name)
