"""Tests of the action that sends G-code."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.octoprint_plus.const import DOMAIN
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import Unauthorized
from tests.fake_octoprint import FakeOctoPrint
from tests.given import Refused
from tests.waiting import refresh

from .conftest import Call, message, unusable


@pytest.mark.parametrize(
    ("commands", "sent"),
    [
        ("M105", ["M105"]),
        ("G28\r\nG1 X10\n", ["G28", "G1 X10"]),
        (["G28", "M117 a\nM118 b"], ["G28", "M117 a", "M118 b"]),
        (["  G28  ", "", "   ", "; all", "G1 X1 ; there"], ["G28", "G1 X1"]),
        (r"M117 a\;b;c", ["M117 a/,b"]),
        (r"M117 a\\;b", ["M117 a//"]),
        ("M117 trailing\\", ["M117 trailing/"]),
        ("M117 50% of 100%", ["M117 50% of 100%"]),
        ("M117 50%% (%(done))", ["M117 50%% [%[done]]"]),
        ("M118 50%% of %(done)", ["M118 50%% of %(done)"]),
        ("M117 Größe ✓", ["M117 Groesse"]),
        ("M118 Größe \u2013\ta", ["M118 Groesse - a"]),
        ("@pause", ["@pause"]),
    ],
)
async def test_commands(
    call: Call, fake: FakeOctoPrint, commands: str | list[str], sent: list[str]
) -> None:
    """One line, several and a list reach OctoPrint as a list without comments."""
    await call("send_gcode", commands=commands)
    assert fake.commands() == [("/api/printer/command", {"commands": sent})]


@pytest.mark.parametrize(
    ("commands", "parameters", "sent"),
    [
        ("M104 S%(temp)d", {"temp": 200}, "M104 S200"),
        ("G1 X%(x).2f E%(e)+05.1f", {"x": 1, "e": 2.5}, "G1 X1.00 E+02.5"),
        ("M117 %(text)s", {"text": " hello "}, "M117 hello"),
        ("M117 %(my-text)s", {"my-text": 1}, "M117 1"),
        ("M117 50% %(text)s", {"text": "done"}, "M117 50% done"),
        ("M117 50%% %(text)s", {"text": "done"}, "M117 50% done"),
        ("M117 50%", {"unused": 1}, "M117 50%"),
        ("M117 50%s", {"unused": 1}, "M117 50%s"),
        ("M117 5%(five) %(text)s", {"text": "x"}, "M117 5%[five] x"),
        ("M105 ; %(missing)s", {"unused": 1}, "M105"),
        ("M117 %(text)s", {"text": "*** Ring ***"}, "M117 ### Ring ###"),
        ("M118 %(text)s", {"text": "Größe: 5; (a)"}, "M118 Groesse. 5, [a]"),
        ("M118 5%%(done)d %(text)s", {"text": "%(a)d"}, "M118 5%(done)d %[a]d"),
    ],
)
async def test_parameters(
    call: Call,
    fake: FakeOctoPrint,
    commands: str,
    parameters: dict[str, Any],
    sent: str,
) -> None:
    """Placeholders are filled as OctoPrint fills them, and no other percent sign is one."""
    await call("send_gcode", commands=commands, parameters=parameters)
    assert fake.commands() == [("/api/printer/command", {"commands": [sent]})]


@pytest.mark.parametrize("parameters", [{}, {"other": 1}])
async def test_missing_parameter(refused: Refused, parameters: dict[str, int]) -> None:
    """A placeholder without a value is named."""
    error = await refused(
        "send_gcode", commands="G28\nM104 S%(temp)d", parameters=parameters
    )
    assert message(error) == (
        "gcode_parameter_missing",
        {"parameter": "temp", "placeholder": "%(temp)d", "printer": "Prusa"},
    )


@pytest.mark.parametrize(
    ("placeholder", "value"), [("%(temp)d", "hot"), ("%(temp)x", 1.5), ("%(temp)", 60)]
)
async def test_invalid_parameter(
    refused: Refused, placeholder: str, value: object
) -> None:
    """A value that does not fit its placeholder is named."""
    error = await refused(
        "send_gcode", commands=f"M104 S{placeholder}", parameters={"temp": value}
    )
    assert message(error) == (
        "gcode_parameter_invalid",
        {
            "parameter": "temp",
            "placeholder": placeholder,
            "printer": "Prusa",
            "value": str(value),
        },
    )


@pytest.mark.parametrize(
    "value", ["a\nM112", "a\rM112", float("nan"), float("inf"), [1], None]
)
async def test_unusable_parameter(
    call: Call, fake: FakeOctoPrint, value: object
) -> None:
    """A value is one line of text or a number."""
    with unusable():
        await call("send_gcode", commands="M117 %(text)s", parameters={"text": value})
    assert fake.commands() == []


async def test_while_printing(
    hass: HomeAssistant,
    call: Call,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
) -> None:
    """G-code can be sent during a print."""
    fake.load("printing_local")
    await refresh(hass, init_integration)
    await call("send_gcode", commands="M220 S90")
    assert fake.commands() == [("/api/printer/command", {"commands": ["M220 S90"]})]


async def test_only_for_admins(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
    hass_admin_user: MockUser,
    hass_read_only_user: MockUser,
) -> None:
    """A user who is not an administrator may not send G-code."""
    for user in (hass_read_only_user, hass_admin_user):
        context = Context(user_id=user.id)
        called = hass.services.async_call(
            DOMAIN, "send_gcode", {"commands": "M112"}, blocking=True, context=context
        )
        if user is hass_admin_user:
            await called
        else:
            with pytest.raises(Unauthorized):
                await called
            assert fake.commands() == []
    assert fake.commands() == [("/api/printer/command", {"commands": ["M112"]})]


@pytest.mark.parametrize(
    ("action", "data"),
    [
        *(
            (action, {"tool": tool, **more})
            for action, more in (
                ("select_tool", {}),
                ("extrude", {"amount": 1}),
                ("load_filament", {"length": 1}),
            )
            for tool in ("0;M104", "0\nM104", "tool0", -1, "0*")
        ),
        *(
            (action, {"path": "a.gcode", "location": location})
            for action in ("select_file", "print_file", "delete_file")
            for location in ("../local", "local/..", "local;", "local\n", "")
        ),
        ("home", {"axes": "x;M112"}),
        ("jog", {"x": "1;M104"}),
        ("jog", {"x": 1, "speed": "1*"}),
    ],
)
async def test_injected(
    call: Call, fake: FakeOctoPrint, action: str, data: dict[str, Any]
) -> None:
    """What is a number or a choice is nothing else."""
    with unusable():
        await call(action, **data)
    assert fake.commands() == []
