"""Tests of the response of the action that sends G-code."""

import asyncio
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from tests.fake_octoprint import FakeOctoPrint
from tests.waiting import until

from .conftest import Call, message, unusable


async def ask(call: Call, fake: FakeOctoPrint, lines: list[str], **data: Any) -> Any:
    """Ask the printer for something, and let it answer."""
    fake.push.enabled = True
    task = asyncio.ensure_future(call("send_gcode", response=True, **data))
    await until(lambda: fake.commands() or task.done())
    await fake.push.current(logs=lines)
    return await task


@pytest.mark.parametrize(
    ("command", "lines", "parsed"),
    [
        (
            "M105",
            ["ok T:21.3 /0.0 B:22.5 /60.0"],
            {
                "temperatures": {
                    "tool0": {"actual": 21.3, "target": 0.0},
                    "bed": {"actual": 22.5, "target": 60.0},
                }
            },
        ),
        (
            "m115",
            ["FIRMWARE_NAME:Marlin 2 MACHINE_TYPE:Ender-3", "Cap:EEPROM:1"],
            {
                "firmware": {
                    "name": "Marlin 2",
                    "machine_type": "Ender-3",
                    "extruder_count": None,
                    "uuid": None,
                    "capabilities": {"EEPROM": True},
                }
            },
        ),
        ("M115", ["echo:Unknown command: M115"], {"firmware": None}),
        (
            "M503",
            ["echo:Steps per unit:", "echo: M92 X80.00 Y80.00"],
            {
                "settings": [
                    {
                        "group": "Steps per unit",
                        "command": "M92",
                        "parameters": {"X": 80, "Y": 80},
                    }
                ]
            },
        ),
        (
            "M420 V",
            ["Bed Leveling OFF"],
            {"leveling": {"enabled": False, "fade_height": None, "mesh": None}},
        ),
        ("M114", ["X:0.00 Y:0.00"], {}),
    ],
)
async def test_response(
    call: Call,
    fake: FakeOctoPrint,
    command: str,
    lines: list[str],
    parsed: dict[str, Any],
) -> None:
    """The lines of the answer are returned, and what is known of their meaning."""
    end = [] if lines[0].startswith("ok") else ["Recv: ok"]
    terminal = [f"Send: {command}", *(f"Recv: {line}" for line in lines), *end]
    response = await ask(call, fake, terminal, commands=command)
    assert response == {"answers": [{"command": command, "lines": lines, **parsed}]}


async def test_mesh(call: Call, fake: FakeOctoPrint) -> None:
    """A mesh comes with what people want to know of it."""
    lines = [
        "Send: M420 V",
        "Recv: Bilinear Leveling Grid:",
        "Recv:       0      1",
        "Recv:  0 +0.100 +0.200",
        "Recv:  1 -0.100 +0.000",
        "Recv: ok",
    ]
    response = await ask(call, fake, lines, commands="M420 V")
    mesh = response["answers"][0]["leveling"]["mesh"]
    assert mesh["rows"] == [[0.1, 0.2], [-0.1, 0.0]]
    assert (mesh["minimum"], mesh["maximum"]) == (-0.1, 0.2)
    assert mesh["range"] == pytest.approx(0.3)


async def test_silence(call: Call, fake: FakeOctoPrint) -> None:
    """A printer that does not answer is told."""
    with pytest.raises(HomeAssistantError) as err:
        await ask(call, fake, ["Send: G29"], commands="G28\nG29", timeout=1)
    assert message(err.value) == (
        "gcode_unanswered",
        {"command": "G28", "printer": "Prusa", "timeout": "1"},
    )


@pytest.mark.parametrize(
    ("commands", "key"),
    [
        ("M115", "gcode_disconnected"),
        ("G28\nM112\nG1 X10", "gcode_halted"),
        ("m112", "gcode_halted"),
    ],
)
async def test_disconnected(
    call: Call, fake: FakeOctoPrint, commands: str, key: str
) -> None:
    """A printer that disconnects is told, and that it was halted as was asked."""
    fake.push.enabled = True
    task = asyncio.ensure_future(call("send_gcode", response=True, commands=commands))
    await until(fake.commands)
    await fake.push.current(state={"flags": {"closedOrError": True}})
    with pytest.raises(HomeAssistantError) as err:
        await task
    assert message(err.value) == (key, {"printer": "Prusa"})


@pytest.mark.parametrize("response", [True, False])
@pytest.mark.parametrize(
    ("commands", "key"),
    [("G28\nM112\nG1 X10", "gcode_halted"), ("G28\nG1 X10", "gcode_interrupted")],
)
async def test_halted_in_the_middle(
    call: Call, fake: FakeOctoPrint, commands: str, key: str, response: bool
) -> None:
    """OctoPrint fails at what follows an M112, which is no fault of its own."""
    fake.push.enabled = response
    fake.load("after_m112")
    fake.answer("POST", "/api/printer/command", status=500, body="Internal error")
    with pytest.raises(HomeAssistantError) as err:
        await call("send_gcode", response=response, commands=commands)
    assert message(err.value) == (key, {"printer": "Prusa"})


async def test_server_error(call: Call, fake: FakeOctoPrint) -> None:
    """What is OctoPrint's own fault is told as that."""
    fake.answer("POST", "/api/printer/command", status=500, json={"error": "Oops"})
    with pytest.raises(HomeAssistantError) as err:
        await call("send_gcode", commands="G28")
    assert message(err.value)[0] == "command_failed"


async def test_restarted(call: Call, fake: FakeOctoPrint) -> None:
    """A firmware that starts anew has nothing more to answer."""
    with pytest.raises(HomeAssistantError) as err:
        await ask(call, fake, ["Send: M999", "Recv: start"], commands="M999")
    assert message(err.value) == (
        "gcode_restarted",
        {"command": "M999", "printer": "Prusa"},
    )


async def test_permission(
    hass: HomeAssistant,
    call: Call,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
) -> None:
    """Without the permission for the terminal nothing is sent, if a response is wanted."""
    user = fake.json("GET", "/api/currentuser")
    user["permissions"] = ["STATUS", "CONTROL"]
    fake.answer("GET", "/api/currentuser", json=user)
    await hass.config_entries.async_reload(init_integration.entry_id)
    with pytest.raises(ServiceValidationError) as err:
        await call("send_gcode", response=True, commands="M115")
    assert message(err.value) == (
        "command_missing_permission",
        {
            "command": "send_gcode",
            "permission": "Terminal",
            "printer": "Prusa",
        },
    )
    assert fake.commands() == []
    await call("send_gcode", commands="M115")
    assert len(fake.commands()) == 1


@pytest.mark.parametrize("timeout", [0, -1, "nan", 4000, None])
async def test_unusable(call: Call, fake: FakeOctoPrint, timeout: object) -> None:
    """A time-out that is none is refused."""
    with unusable():
        await call("send_gcode", response=True, commands="M115", timeout=timeout)
    assert fake.commands() == []
