"""Test reading values off the wire."""

from typing import Any

import pytest

from custom_components.octoprint_plus.api import (
    ConnectionCause,
    OctoPrintConnectionError,
)
from custom_components.octoprint_plus.api.parsing import (
    flag,
    integer,
    items,
    mapping,
    number,
    promised,
    text,
    texts,
)

NAN = float("nan")
INFINITY = float("inf")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, 0.0),
        (21.79, 21.79),
        (-3, -3.0),
        (None, None),
        (True, None),
        ("21", None),
        (NAN, None),
        (INFINITY, None),
        (-INFINITY, None),
        (10**400, None),
        ([], None),
        ({}, None),
    ],
)
def test_number(value: Any, expected: float | None) -> None:
    assert number(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, 3),
        (3.9, 3),
        (-0.5, 0),
        (1e300, None),
        (2**63, None),
        (2**62, 2**62),
        (False, None),
        (NAN, None),
    ],
)
def test_integer(value: Any, expected: int | None) -> None:
    found = integer(value)
    assert found == expected
    assert found is None or type(found) is int


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Printing", "Printing"),
        ("Würfel 🐙.gcode", "Würfel 🐙.gcode"),
        ("W\udcfcrfel", "W?rfel"),
        ("", None),
        (None, None),
        (0, None),
        (["a"], None),
    ],
)
def test_text(value: Any, expected: str | None) -> None:
    assert text(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (["a", 1, None, "b", "", "\ud800"], ("a", "b", "?")),
        ("ab", ()),
        ({"a": 1}, ()),
        (None, ()),
    ],
)
def test_texts(value: Any, expected: tuple[str, ...]) -> None:
    assert texts(value) == expected


@pytest.mark.parametrize("value", [False, None, 1, "true", [True]])
def test_flag_is_only_true(value: Any) -> None:
    assert flag(True)
    assert not flag(value)


@pytest.mark.parametrize("value", [None, 1, "a", [1], True])
def test_missing_objects(value: Any) -> None:
    assert mapping(value) == {}
    assert items(value) == []
    with pytest.raises(OctoPrintConnectionError, match="api/job") as caught:
        promised(value, "api/job")
    assert caught.value.cause is ConnectionCause.NOT_OCTOPRINT


def test_objects() -> None:
    assert mapping({"a": 1}) == {"a": 1}
    assert items([{"a": 1}, 2, None, [], {}]) == [{"a": 1}, {}]
    assert promised({}, "api/job") == {}
