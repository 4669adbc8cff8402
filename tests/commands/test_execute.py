"""Tests of what all commands share: the printer's state, the key's permissions, and errors."""

import pytest

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from tests.fake_octoprint import FakeOctoPrint
from tests.given import Refused
from tests.services.conftest import message

from .conftest import Call
from .stub import StubCoordinator

ACTIONS: tuple[tuple[str, dict[str, object]], ...] = (
    ("send_gcode", {"commands": "M105"}),
    ("print_file", {"path": "prt.gcode"}),
    ("select_file", {"path": "prt.gcode"}),
    ("jog", {"x": 1}),
    ("home", {}),
    ("extrude", {"amount": 1}),
)


@pytest.mark.parametrize(("action", "data"), ACTIONS)
async def test_offline(
    refused: Refused, fake: FakeOctoPrint, action: str, data: dict[str, object]
) -> None:
    """Nothing is sent to a printer that is not connected."""
    fake.load("disconnected")
    # What is allowed in a print, too, is sent without looking; OctoPrint refuses it.
    sent = 1 if action == "send_gcode" else 0
    for _ in range(2):
        error = await refused(action, sent=sent, **data)
        assert message(error) == (
            "printer_offline",
            {"command": action, "printer": "Prusa"},
        )
        sent = 0


@pytest.mark.parametrize(("action", "data"), ACTIONS[1:])
async def test_busy(
    refused: Refused,
    fake: FakeOctoPrint,
    stub: StubCoordinator,
    action: str,
    data: dict[str, object],
) -> None:
    """Nothing is moved or selected during a print."""
    fake.load("printing_local")
    await stub.async_refresh()
    error = await refused(action, **data)
    assert message(error) == (
        "printer_busy",
        {"command": action, "file": "test_main.gcode", "printer": "Prusa"},
    )


async def test_busy_without_file(
    refused: Refused,
    fake: FakeOctoPrint,
    stub: StubCoordinator,
) -> None:
    """A printer may be busy with what it does not tell."""
    fake.load("printing_local")
    job = fake.json("GET", "/api/job")
    job["job"]["file"] = dict.fromkeys(job["job"]["file"])
    fake.answer("GET", "/api/job", json=job)
    await stub.async_refresh()
    error = await refused("jog", x=1)
    assert message(error) == (
        "printer_busy",
        {"command": "jog", "file": "-", "printer": "Prusa"},
    )


async def test_conflict_for_another_reason(
    refused: Refused, fake: FakeOctoPrint
) -> None:
    """What OctoPrint refuses without a reason that shows is told in its own words."""
    fake.answer(
        "POST", "/api/printer/printhead", status=409, json={"error": "No hands"}
    )
    error = await refused("jog", x=1, sent=1)
    assert message(error) == (
        "command_conflict",
        {"command": "jog", "error": "No hands", "printer": "Prusa"},
    )


@pytest.mark.parametrize(("action", "data"), ACTIONS)
async def test_server_away(
    call: Call,
    fake: FakeOctoPrint,
    stub: StubCoordinator,
    action: str,
    data: dict[str, object],
) -> None:
    """A server that does not answer is told as that, noticed before or not."""
    await fake.stop()
    for _ in range(2):
        with pytest.raises(HomeAssistantError) as raised:
            await call(action, **data)
        assert not isinstance(raised.value, ServiceValidationError)
        assert message(raised.value) == ("connection_refused", {"printer": "Prusa"})
        await stub.async_refresh()


@pytest.mark.parametrize(
    ("action", "data", "permission"),
    [
        (action, data, "File Select" if "path" in data else "Control")
        for action, data in ACTIONS
    ],
)
async def test_missing_permission(
    refused: Refused,
    fake: FakeOctoPrint,
    stub: StubCoordinator,
    action: str,
    data: dict[str, object],
    permission: str,
) -> None:
    """A permission that the key lacks is named."""
    fake.user("readonly")
    await stub.reload()
    error = await refused(action, **data)
    assert message(error) == (
        "command_missing_permission",
        {"command": action, "permission": permission, "printer": "Prusa"},
    )


async def test_permission_of_print(
    call: Call,
    refused: Refused,
    fake: FakeOctoPrint,
    stub: StubCoordinator,
) -> None:
    """To print needs a permission more than to select."""
    user = fake.json("GET", "/api/currentuser")
    user["permissions"] = ["STATUS", "FILES_LIST", "FILES_SELECT"]
    fake.answer("GET", "/api/currentuser", json=user)
    await stub.reload()
    await call("select_file", path="prt.gcode")
    error = await refused("print_file", path="prt.gcode")
    assert message(error) == (
        "command_missing_permission",
        {"command": "print_file", "permission": "Print", "printer": "Prusa"},
    )


async def test_permission_taken_meanwhile(
    refused: Refused, fake: FakeOctoPrint
) -> None:
    """A permission that was just taken away is named, too."""
    fake.user("readonly")
    error = await refused("jog", x=1, sent=1)
    assert message(error) == (
        "command_missing_permission",
        {"command": "jog", "permission": "Control", "printer": "Prusa"},
    )
