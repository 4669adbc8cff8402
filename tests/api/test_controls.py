"""Test controls: what the user has added to OctoPrint's interface."""

from typing import Any

import pytest

from custom_components.octoprint_plus.api import (
    OctoPrintClient,
    OctoPrintPermissionError,
    OctoPrintRequestError,
)
from custom_components.octoprint_plus.api.controls import (
    MAX_DEPTH,
    Control,
    ControlGroup,
    Input,
    Slider,
    parse_controls,
)
from tests.fake_octoprint import FakeOctoPrint

PATH = "/api/printer/command/custom"

LOAD = {
    "name": "Load",
    "commands": ["M83", "G1 E%(length)d F%(speed)d"],
    "confirm": "Is it hot?",
    "input": [
        {"name": "Length", "parameter": "length", "default": 50},
        {
            "name": "Speed",
            "parameter": "speed",
            "default": 300,
            "slider": {"min": 100, "max": 600, "step": 50},
        },
        {"name": "Note", "parameter": "note"},
        {"name": "No parameter"},
    ],
}
POSITION = {
    "name": "Position",
    "description": "Where the head is",
    "command": "M114",
    "regex": "X:([0-9.]+)",
    "template": "X={0}",
}
SCRIPT = {"name": "Park", "script": "park", "input": [{"parameter": "z", "default": 5}]}
JAVASCRIPT = {"name": "Page", "javascript": "self.x()", "command": "M117 x"}


def control(data: dict[str, Any]) -> Control:
    """Read one control."""
    (found,) = parse_controls({"controls": [data]}).children
    assert isinstance(found, Control)
    return found


async def test_none(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    assert await client.printer.controls() == ControlGroup(name=None, children=())


async def test_tree(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    filament = {"name": "Filament", "layout": "horizontal", "children": [LOAD]}
    nameless = {"children": [{"name": "Inner", "children": [POSITION]}]}
    fake.answer("GET", PATH, json={"controls": [filament, nameless, SCRIPT]})
    controls = await client.printer.controls()
    assert [name for _, name in controls.walk()] == [
        "Filament / Load",
        "Inner / Position",
        "Park",
    ]


def test_button() -> None:
    load = control(LOAD)
    assert load == Control(
        name="Load",
        description=None,
        commands=("M83", "G1 E%(length)d F%(speed)d"),
        script=None,
        inputs=(
            Input(name="Length", parameter="length", default=50, slider=None),
            Input(
                name="Speed",
                parameter="speed",
                default=300,
                slider=Slider(min=100, max=600, step=50),
            ),
            Input(name="Note", parameter="note", default=None, slider=None),
        ),
        is_javascript=False,
    )
    assert load.is_runnable


def test_display() -> None:
    position = control(POSITION)
    assert position.commands == ("M114",)
    assert position.description == "Where the head is"
    assert position.is_runnable
    temperature = control({"name": "T", "regex": "T:(.*)", "template": "{0}"})
    assert not temperature.is_runnable


def test_javascript() -> None:
    assert not control(JAVASCRIPT).is_runnable


def test_octoprint_2() -> None:
    """Test that it fills in what is not there."""
    filled: dict[str, Any] = POSITION | {
        "commands": None,
        "script": None,
        "javascript": None,
        "confirm": None,
        "input": [],
        "source": "config",
    }
    assert control(filled) == control(POSITION)


@pytest.mark.parametrize(
    ("slider", "expected"),
    [
        ({}, Slider(min=0, max=255, step=1)),
        (True, Slider(min=0, max=255, step=1)),
        ({"min": "a", "max": None, "step": 0}, Slider(min=0, max=255, step=1)),
        ({"min": -5, "max": 5.5, "step": 0.5}, Slider(min=-5, max=5.5, step=0.5)),
        (None, None),
        (False, None),
        ("yes", None),
    ],
)
def test_slider(slider: Any, expected: Slider | None) -> None:
    (field,) = control({"input": [{"parameter": "x", "slider": slider}]}).inputs
    assert field.slider == expected


@pytest.mark.parametrize(
    ("default", "expected"),
    [
        (0, 0),
        (False, False),
        (1.5, 1.5),
        ("a", "a"),
        ("", None),
        (float("nan"), None),
        ([1], None),
    ],
)
def test_default(default: Any, expected: Any) -> None:
    (field,) = control({"input": [{"parameter": "x", "default": default}]}).inputs
    assert field.default == expected
    assert type(field.default) is type(expected)
    assert field.name == "x"


@pytest.mark.parametrize(
    "answer",
    [{}, {"controls": None}, {"controls": {"a": 1}}, {"controls": [None, 1, "x"]}],
)
def test_junk(answer: dict[str, Any]) -> None:
    assert parse_controls(answer) == ControlGroup(name=None, children=())


def test_junk_within() -> None:
    assert control({"name": 1, "commands": ["G28", 2, ""], "input": "x"}) == Control(
        name="",
        description=None,
        commands=("G28",),
        script=None,
        inputs=(),
        is_javascript=False,
    )


def test_groups_without_end() -> None:
    data: dict[str, Any] = LOAD
    for _ in range(5000):
        data = {"name": "g", "children": [data]}
    assert list(parse_controls({"controls": [data]}).walk()) == []
    data = LOAD
    for _ in range(MAX_DEPTH - 1):
        data = {"children": [data]}
    ((_, name),) = parse_controls({"controls": [data]}).walk()
    assert name == "Load"


@pytest.mark.parametrize(
    ("data", "given", "sent"),
    [
        (
            LOAD,
            None,
            {"commands": ["M83", "G1 E50 F300"]},
        ),
        (
            LOAD,
            {"length": 5, "note": "x"},
            {"commands": ["M83", "G1 E5 F300"]},
        ),
        (POSITION, None, {"commands": ["M114"]}),
        (SCRIPT, {"z": 9}, {"script": "park", "parameters": {"z": 9}}),
    ],
)
async def test_run(
    client: OctoPrintClient,
    fake: FakeOctoPrint,
    data: dict[str, Any],
    given: dict[str, Any] | None,
    sent: dict[str, Any],
) -> None:
    await client.printer.run_control(control(data), given)
    assert fake.commands() == [("/api/printer/command", sent)]


@pytest.mark.parametrize("data", [JAVASCRIPT, {"name": "Only", "template": "{0}"}])
async def test_run_in_a_browser_only(
    client: OctoPrintClient, fake: FakeOctoPrint, data: dict[str, Any]
) -> None:
    with pytest.raises(OctoPrintRequestError, match="only works in a browser"):
        await client.printer.run_control(control(data))
    assert fake.requests == []


async def test_not_permitted(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.user("readonly")
    fake.answer("GET", PATH, status=403, json={"error": "no"})
    with pytest.raises(OctoPrintPermissionError) as caught:
        await client.printer.controls()
    assert caught.value.permission == "CONTROL"


def test_runnable() -> None:
    """Controls go by their full names, and of two with one name the first counts."""
    other = {"name": "Position", "command": "M105"}
    nameless = {"name": "", "command": "M105"}
    children = [LOAD, POSITION, other, JAVASCRIPT, nameless]
    group = parse_controls(
        {"controls": [{"name": "Mine", "children": children}, SCRIPT]}
    )
    found = group.runnable()
    assert list(found) == ["Mine / Load", "Mine / Position", "Park"]
    assert found["Mine / Position"].commands == ("M114",)
