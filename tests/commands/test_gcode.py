"""Tests of the commands that run custom controls and scripts."""

from typing import Any

import pytest

from homeassistant.exceptions import HomeAssistantError
from tests.fake_octoprint import FakeOctoPrint
from tests.given import COMMAND, CONTROL_NAMES, Refused
from tests.services.conftest import message

from .conftest import Call
from .stub import StubCoordinator

pytestmark = pytest.mark.usefixtures("controls")


@pytest.mark.parametrize(
    ("data", "key", "placeholders"),
    [
        (
            {"control": "Nothing"},
            "control_unknown",
            {"control": "Nothing", "controls": CONTROL_NAMES},
        ),
        # It only works in a browser.
        (
            {"control": "Page"},
            "control_unknown",
            {"control": "Page", "controls": CONTROL_NAMES},
        ),
        # Its group is part of the name.
        (
            {"control": "Load"},
            "control_unknown",
            {"control": "Load", "controls": CONTROL_NAMES},
        ),
        (
            {"control": "Filament / Load", "parameters": {"width": 1}},
            "control_parameter_unknown",
            {"control": "Load", "parameter": "width", "parameters": "length, speed"},
        ),
        (
            {"control": "Lamp", "parameters": {"width": 1}},
            "control_parameter_unknown",
            {"control": "Lamp", "parameter": "width", "parameters": "-"},
        ),
        *(
            (
                {"control": "Filament / Load", "parameters": {"speed": value}},
                "control_parameter_range",
                {
                    "control": "Load",
                    "parameter": "speed",
                    "value": str(value),
                    "min": "100",
                    "max": "600",
                },
            )
            for value in (99, 601, "fast")
        ),
        (
            {"control": "Say"},
            "control_parameter_missing",
            {"control": "Say", "parameter": "t"},
        ),
        (
            {"control": "Filament / Load", "parameters": {"length": "long"}},
            "gcode_parameter_invalid",
            {"parameter": "length", "placeholder": "%(length)d", "value": "long"},
        ),
        (
            {"control": "Odd"},
            "gcode_parameter_missing",
            {"parameter": "nothing", "placeholder": "%(nothing)s"},
        ),
        (
            {"control": "Bell"},
            "gcode_unsafe_sign",
            {"line": "M118 *** Ring ***", "length": "17", "limit": "80"},
        ),
    ],
)
async def test_control_refused(
    refused: Refused, data: dict[str, Any], key: str, placeholders: dict[str, str]
) -> None:
    """What a control cannot do is told before anything is sent."""
    error = await refused("run_control", **data)
    assert message(error) == (key, {**placeholders, "printer": "Prusa"})


async def test_no_controls(refused: Refused, fake: FakeOctoPrint) -> None:
    """A server without controls says so."""
    fake.answer("GET", f"{COMMAND}/custom", json={"controls": []})
    error = await refused("run_control", control="Lamp")
    assert message(error)[1] == {"control": "Lamp", "controls": "-", "printer": "Prusa"}


@pytest.mark.parametrize(
    ("action", "data", "script"),
    [
        ("run_script", {"script": "nope"}, "nope"),
        ("run_control", {"control": "Park"}, "park"),
    ],
)
async def test_script_not_found(
    refused: Refused,
    fake: FakeOctoPrint,
    action: str,
    data: dict[str, Any],
    script: str,
) -> None:
    """A script that OctoPrint does not have is named."""
    fake.answer("POST", COMMAND, status=404, json={"error": "Unknown script"})
    error = await refused(action, sent=1, **data)
    assert message(error) == (
        "script_not_found",
        {"printer": "Prusa", "script": script},
    )


@pytest.mark.parametrize(
    ("action", "data"),
    [("run_control", {"control": "Lamp"}), ("run_script", {"script": "a"})],
)
async def test_offline_and_permission(
    refused: Refused,
    fake: FakeOctoPrint,
    stub: StubCoordinator,
    action: str,
    data: dict[str, Any],
) -> None:
    """A printer that is off and a key that may not are told."""
    fake.user("readonly")
    await stub.reload()
    error = await refused(action, **data)
    assert message(error) == (
        "command_missing_permission",
        {"command": action, "permission": "Control", "printer": "Prusa"},
    )
    fake.user("admin")
    fake.load("disconnected")
    await stub.reload()
    error = await refused(action, **data)
    assert error.translation_key == "printer_offline"


async def test_halting_control(call: Call, fake: FakeOctoPrint) -> None:
    """A control that halts the printer has done what it was asked for."""
    fake.answer("POST", COMMAND, status=500, body="Internal error")
    with pytest.raises(HomeAssistantError) as err:
        await call("run_control", control="Halt")
    assert message(err.value) == ("gcode_halted", {"printer": "Prusa"})


@pytest.mark.parametrize(
    ("action", "data"),
    [("run_script", {"script": "park"}), ("run_control", {"control": "Park"})],
)
async def test_halting_script(
    call: Call, fake: FakeOctoPrint, action: str, data: dict[str, Any]
) -> None:
    """A script that halts the printer or disconnects it makes OctoPrint no faulty server."""
    fake.load("after_m112")
    fake.answer("POST", COMMAND, status=500, body="Internal error")
    with pytest.raises(HomeAssistantError) as err:
        await call(action, **data)
    assert message(err.value) == ("gcode_interrupted", {"printer": "Prusa"})
