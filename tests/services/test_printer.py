"""Tests of the actions that move the printer."""

import asyncio
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from tests.fake_octoprint import FakeOctoPrint

from .conftest import Call, Refused, message, unusable


@pytest.mark.parametrize(
    ("data", "sent"),
    [
        ({"x": 10}, {"x": 10, "absolute": False}),
        ({"x": "-1.5", "y": 0.00001}, {"x": -1.5, "y": 0, "absolute": False}),
        (
            {"z": 0.2, "y": 5, "x": 1, "absolute": True, "speed": 3000},
            {"x": 1, "y": 5, "z": 0.2, "absolute": True, "speed": 3000},
        ),
    ],
)
async def test_jog(
    call: Call, fake: FakeOctoPrint, data: dict[str, Any], sent: dict[str, Any]
) -> None:
    """The print head moves along one axis or several."""
    await call("jog", **data)
    assert fake.commands() == [("/api/printer/printhead", {"command": "jog", **sent})]


async def test_jog_nowhere(refused: Refused) -> None:
    """A move needs a direction."""
    error = await refused("jog", absolute=True, speed=100)
    assert message(error) == ("axis_missing", {"printer": "Prusa"})


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("jog", {"x": float("nan")}),
        ("jog", {"x": "inf"}),
        ("jog", {"x": 1e12}),
        ("jog", {"x": None}),
        ("jog", {"e": 1}),
        ("jog", {"x": 1, "speed": 0}),
        ("jog", {"x": 1, "speed": -100}),
        ("jog", {"x": 1, "speed": float("nan")}),
        ("home", {"axes": []}),
        ("home", {"axes": "e"}),
        ("extrude", {}),
        ("extrude", {"amount": float("nan")}),
        ("extrude", {"amount": 1001}),
        ("extrude", {"amount": 1, "tool": -1}),
        ("extrude", {"amount": 1, "tool": "left"}),
        ("extrude", {"amount": 1, "speed": 0}),
    ],
)
async def test_unusable(
    call: Call, fake: FakeOctoPrint, action: str, data: dict[str, Any]
) -> None:
    """What makes no sense for any printer is refused."""
    with unusable():
        await call(action, **data)
    assert fake.commands() == []


@pytest.mark.parametrize(
    ("data", "axes"),
    [
        ({}, ["x", "y", "z"]),
        ({"axes": "Z"}, ["z"]),
        ({"axes": "y, x"}, ["x", "y"]),
        ({"axes": ["y", "y"]}, ["y"]),
    ],
)
async def test_home(
    call: Call, fake: FakeOctoPrint, data: dict[str, Any], axes: list[str]
) -> None:
    """All axes are homed, or those that are named."""
    await call("home", **data)
    assert fake.commands() == [
        ("/api/printer/printhead", {"command": "home", "axes": axes})
    ]


async def test_while_paused(call: Call, refused: Refused, fake: FakeOctoPrint) -> None:
    """During a pause everything moves but Z to its home, even if the pause is news."""
    fake.load("paused")
    error = await refused("home")
    assert message(error) == ("home_z_paused", {"printer": "Prusa"})
    await call("home", axes=["x", "y"])
    await call("jog", z=10)
    await call("extrude", amount=-5)
    assert [data["command"] for _, data in fake.commands()] == [
        "home",
        "jog",
        "extrude",
    ]


async def test_while_paused_in_octoprint_2(
    refused: Refused, fake: FakeOctoPrint
) -> None:
    """OctoPrint 2 moves nothing during a pause."""
    fake.load("paused")
    fake.answer("POST", "/api/printer/printhead", status=409, json={"error": "No"})
    error = await refused("jog", z=10, sent=1)
    assert message(error) == (
        "printer_busy",
        {"command": "jog", "file": "test_main.gcode", "printer": "Prusa"},
    )


@pytest.mark.parametrize(
    ("data", "sent"),
    [
        ({"amount": 5}, {"amount": 5}),
        ({"amount": -2.5, "speed": 300}, {"amount": -2.5, "speed": 300}),
        # The only tool is not selected: a firmware may load filament on its number.
        ({"amount": 5, "tool": 0}, {"amount": 5}),
    ],
)
async def test_extrude(
    call: Call, fake: FakeOctoPrint, data: dict[str, Any], sent: dict[str, Any]
) -> None:
    """The active tool extrudes or retracts."""
    await call("extrude", **data)
    assert fake.commands() == [("/api/printer/tool", {"command": "extrude", **sent})]


async def test_extrude_with_tool(
    hass: HomeAssistant,
    call: Call,
    refused: Refused,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
) -> None:
    """One of several tools is selected first."""
    fake.load("multi_idle_custom_sensors")
    await hass.config_entries.async_reload(init_integration.entry_id)
    await call("extrude", amount=5, tool=1)
    assert fake.commands() == [
        ("/api/printer/tool", {"command": "select", "tool": "tool1"}),
        ("/api/printer/tool", {"command": "extrude", "amount": 5}),
    ]
    fake.load("multi_idle_custom_sensors", "paused")
    error = await refused("extrude", amount=5, tool=0)
    assert message(error) == ("tool_paused", {"printer": "Prusa"})
    fake.load("multi_idle_custom_sensors")
    error = await refused("extrude", amount=5, tool=2)
    assert message(error) == (
        "tool_unknown",
        {"last_tool": "1", "printer": "Prusa", "tool": "2"},
    )


@pytest.mark.parametrize(
    ("folder", "last_tool"),
    [("operational_idle_file_selected", 0), ("multi_idle_custom_sensors", 1)],
)
async def test_tools_without_profile(
    hass: HomeAssistant,
    call: Call,
    refused: Refused,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
    folder: str,
    last_tool: int,
) -> None:
    """A key that may not read the profiles can use the tools that were seen."""
    user = fake.json("GET", "/api/currentuser")
    user["permissions"] = ["STATUS", "CONTROL"]
    fake.answer("GET", "/api/currentuser", json=user)
    fake.load(folder)
    await hass.config_entries.async_reload(init_integration.entry_id)
    await call("extrude", amount=5, tool=last_tool)
    assert len(fake.commands()) == last_tool + 1
    error = await refused("extrude", amount=5, tool=last_tool + 1)
    assert error.translation_key == "tool_unknown"


@pytest.mark.parametrize("amount", [0, "0.0", 0.00001])
async def test_extrude_nothing(refused: Refused, amount: object) -> None:
    """An amount of nothing is refused."""
    error = await refused("extrude", amount=amount)
    assert message(error) == ("amount_zero", {"printer": "Prusa"})


async def test_two_at_once(call: Call, fake: FakeOctoPrint) -> None:
    """Actions do not wait for each other, and none is lost."""
    fake.delay = 0.05
    await asyncio.gather(*(call("jog", x=distance) for distance in range(1, 6)))
    assert sorted(data["x"] for _, data in fake.commands()) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("data", [{"x": 0, "y": 200, "z": 200}, {"z": 0}])
async def test_jog_to_the_edge(
    call: Call, fake: FakeOctoPrint, data: dict[str, Any]
) -> None:
    """The edge of the volume can be reached, and a whole axis be travelled."""
    await call("jog", absolute=True, **data)
    await call("jog", **data)
    await call("jog", **{axis: -distance for axis, distance in data.items()})
    assert len(fake.commands()) == 3


@pytest.mark.parametrize(
    ("axis", "position"),
    [("x", -0.1), ("x", 200.1), ("y", 1000), ("z", -1), ("z", 201)],
)
async def test_jog_outside(refused: Refused, axis: str, position: float) -> None:
    """A position outside the volume is refused, and a distance longer than it."""
    error = await refused("jog", absolute=True, **{axis: position})
    assert message(error) == (
        "position_outside",
        {
            "axis": axis.upper(),
            "max": "200",
            "min": "0",
            "printer": "Prusa",
            "value": f"{position:g}",
        },
    )


@pytest.mark.parametrize("distance", [201, -201])
async def test_jog_too_far(refused: Refused, distance: float) -> None:
    """A distance longer than the volume is refused, and nothing moves on other axes."""
    error = await refused("jog", x=1, z=distance)
    assert message(error) == (
        "distance_too_long",
        {"axis": "Z", "printer": "Prusa", "size": "200", "value": str(distance)},
    )


async def test_jog_without_profile(
    hass: HomeAssistant,
    call: Call,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
) -> None:
    """A key that may not read the profile moves as far as it likes."""
    user = fake.json("GET", "/api/currentuser")
    user["permissions"] = ["STATUS", "CONTROL"]
    fake.answer("GET", "/api/currentuser", json=user)
    await hass.config_entries.async_reload(init_integration.entry_id)
    await call("jog", x=500, absolute=True)
    assert len(fake.commands()) == 1


async def test_jog_on_round_plate(
    hass: HomeAssistant,
    call: Call,
    refused: Refused,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
) -> None:
    """The corners of a round volume are outside."""
    profiles = fake.json("GET", "/api/printerprofiles")
    profiles["profiles"]["_default"]["volume"] |= {
        "formFactor": "circular",
        "origin": "center",
    }
    fake.answer("GET", "/api/printerprofiles", json=profiles)
    await hass.config_entries.async_reload(init_integration.entry_id)
    await call("jog", x=-70, y=70, absolute=True)
    error = await refused("jog", x=80, y=80, absolute=True)
    assert message(error) == (
        "position_off_plate",
        {"printer": "Prusa", "radius": "100"},
    )


async def test_select_tool(
    hass: HomeAssistant,
    call: Call,
    refused: Refused,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
) -> None:
    """A tool is made the active one, but not under a print that goes on with it."""
    error = await refused("select_tool", tool=1)
    assert message(error) == (
        "tool_unknown",
        {"last_tool": "0", "printer": "Prusa", "tool": "1"},
    )
    await call("select_tool", tool=0)
    assert fake.commands() == []
    fake.load("multi_idle_custom_sensors")
    await hass.config_entries.async_reload(init_integration.entry_id)
    await call("select_tool", tool=1)
    assert fake.commands() == [
        ("/api/printer/tool", {"command": "select", "tool": "tool1"})
    ]
    for recorded in ("multi_printing", "paused"):
        fake.load("multi_idle_custom_sensors", recorded)
        await init_integration.runtime_data.async_refresh()
        error = await refused("select_tool", tool=0)
        assert error.translation_key == "printer_busy"


@pytest.mark.parametrize("data", [{}, {"tool": -1}, {"tool": "left"}])
async def test_select_no_tool(
    call: Call, fake: FakeOctoPrint, data: dict[str, Any]
) -> None:
    """A tool is a number from 0 on."""
    with unusable():
        await call("select_tool", **data)
    assert fake.commands() == []
