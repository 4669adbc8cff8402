"""Tests of the commands that move the printer."""

import pytest

from tests.fake_octoprint import FakeOctoPrint
from tests.given import Refused
from tests.services.conftest import message

from .conftest import Call
from .stub import StubCoordinator


async def test_jog_nowhere(refused: Refused) -> None:
    """A move needs a direction."""
    error = await refused("jog", absolute=True, speed=100)
    assert message(error) == ("axis_missing", {"printer": "Prusa"})


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


async def test_extrude_with_tool(
    call: Call,
    refused: Refused,
    fake: FakeOctoPrint,
    stub: StubCoordinator,
) -> None:
    """One of several tools is selected first."""
    fake.load("multi_idle_custom_sensors")
    await stub.reload()
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
    call: Call,
    refused: Refused,
    fake: FakeOctoPrint,
    stub: StubCoordinator,
    folder: str,
    last_tool: int,
) -> None:
    """A key that may not read the profiles can use the tools that were seen."""
    user = fake.json("GET", "/api/currentuser")
    user["permissions"] = ["STATUS", "CONTROL"]
    fake.answer("GET", "/api/currentuser", json=user)
    fake.load(folder)
    await stub.reload()
    await call("extrude", amount=5, tool=last_tool)
    assert len(fake.commands()) == last_tool + 1
    error = await refused("extrude", amount=5, tool=last_tool + 1)
    assert error.translation_key == "tool_unknown"


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


async def test_jog_on_round_plate(
    call: Call,
    refused: Refused,
    fake: FakeOctoPrint,
    stub: StubCoordinator,
) -> None:
    """The corners of a round volume are outside."""
    profiles = fake.json("GET", "/api/printerprofiles")
    profiles["profiles"]["_default"]["volume"] |= {
        "formFactor": "circular",
        "origin": "center",
    }
    fake.answer("GET", "/api/printerprofiles", json=profiles)
    await stub.reload()
    await call("jog", x=-70, y=70, absolute=True)
    error = await refused("jog", x=80, y=80, absolute=True)
    assert message(error) == (
        "position_off_plate",
        {"printer": "Prusa", "radius": "100"},
    )


async def test_select_tool(
    call: Call,
    refused: Refused,
    fake: FakeOctoPrint,
    stub: StubCoordinator,
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
    await stub.reload()
    await call("select_tool", tool=1)
    assert fake.commands() == [
        ("/api/printer/tool", {"command": "select", "tool": "tool1"})
    ]
    for recorded in ("multi_printing", "paused"):
        fake.load("multi_idle_custom_sensors", recorded)
        await stub.async_refresh()
        error = await refused("select_tool", tool=0)
        assert error.translation_key == "printer_busy"


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("jog", {"x": float("nan")}),
        ("jog", {"z": float("inf")}),
        ("extrude", {"amount": float("nan")}),
    ],
)
async def test_no_number(refused: Refused, action: str, data: dict[str, float]) -> None:
    """What is no number moves nothing."""
    assert message(await refused(action, **data))[0] == "not_a_number"


async def test_tiny(call: Call, refused: Refused, fake: FakeOctoPrint) -> None:
    """No number is sent with an exponent: a firmware reads X1e-05 as X1."""
    await call("jog", x=0.00001, y=1.23456)
    [(_, sent)] = fake.commands()
    assert (sent["x"], sent["y"]) == (0, 1.2346)
    error = await refused("extrude", amount=0.00001)
    assert message(error)[0] == "amount_zero"


@pytest.mark.parametrize("action", ["extrude", "select_tool"])
async def test_tool_below_the_first(
    refused: Refused, stub: StubCoordinator, fake: FakeOctoPrint, action: str
) -> None:
    """There is no tool before the first one."""
    fake.load("multi_idle_custom_sensors")
    await stub.reload()
    data = {"amount": 1} if action == "extrude" else {}
    assert message(await refused(action, tool=-1, **data))[0] == "tool_unknown"
