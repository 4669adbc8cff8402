"""Tests of the actions that move the printer."""

import asyncio
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from tests.fake_octoprint import FakeOctoPrint
from tests.given import Refused

from .conftest import Call, message, unusable


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


@pytest.mark.parametrize("data", [{}, {"tool": -1}, {"tool": "left"}])
async def test_select_no_tool(
    call: Call, fake: FakeOctoPrint, data: dict[str, Any]
) -> None:
    """A tool is a number from 0 on."""
    with unusable():
        await call("select_tool", **data)
    assert fake.commands() == []
