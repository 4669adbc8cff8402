"""Tests of the commands that connect and disconnect."""

from typing import Any
from unittest.mock import patch

import pytest

from homeassistant.exceptions import HomeAssistantError
from tests.fake_octoprint import FakeOctoPrint
from tests.given import Refused
from tests.services.conftest import message

from .conftest import Call
from .stub import StubCoordinator

CONNECTING = "custom_components.octoprint_plus.commands.connect"
PATH = "/api/connection"


async def test_still_connected(call: Call, fake: FakeOctoPrint) -> None:
    """A printer that OctoPrint does not let go of is not connected anew."""
    with (
        patch(f"{CONNECTING}.DISCONNECT_TIMEOUT", 0.1),
        pytest.raises(HomeAssistantError) as err,
    ):
        await call("connect")
    assert message(err.value) == ("still_connected", {"printer": "Prusa"})
    assert fake.commands() == [(PATH, {"command": "disconnect"})]


async def test_checked_before_disconnecting(
    refused: Refused, fake: FakeOctoPrint
) -> None:
    """A mistake leaves the connection as it is."""
    fake.load("operational_idle_no_file")
    error = await refused("connect", baudrate=1)
    assert error.translation_key == "baudrate_unknown"


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (
            {"port": "/dev/ttyUSB9"},
            (
                "port_unknown",
                {"port": "/dev/ttyUSB9", "ports": "AUTO, /dev/ttyS0, VIRTUAL"},
            ),
        ),
        (
            {"baudrate": 1200},
            (
                "baudrate_unknown",
                {
                    "baudrate": "1200",
                    "baudrates": "0, 250000, 230400, 115200, 57600, 38400, 19200, 9600",
                },
            ),
        ),
        (
            {"profile": "../x"},
            ("profile_unknown", {"profile": "../x", "profiles": "_default"}),
        ),
        ({"port": "virtual"}, ("port_unknown", None)),
    ],
)
async def test_not_offered(
    refused: Refused,
    fake: FakeOctoPrint,
    data: dict[str, Any],
    error: tuple[str, dict[str, str] | None],
) -> None:
    """What the server does not offer is named, with what it offers."""
    fake.load("disconnected")
    raised = await refused("connect", **data)
    key, placeholders = message(raised)
    assert key == error[0]
    if error[1] is not None:
        assert placeholders == {**error[1], "printer": "Prusa"}


async def test_offered_now(call: Call, refused: Refused, fake: FakeOctoPrint) -> None:
    """What was plugged in a moment ago can be used; what was unplugged cannot."""
    fake.load("disconnected")
    connection = fake.json("GET", PATH)
    connection["options"]["ports"] = ["/dev/ttyUSB0"]
    fake.answer("GET", PATH, json=connection)
    await call("connect", port="/dev/ttyUSB0")
    error = await refused("connect", port="VIRTUAL")
    assert error.translation_key == "port_unknown"


@pytest.mark.parametrize(
    ("action", "key"),
    [("connect", "connect_while_busy"), ("disconnect", "disconnect_while_busy")],
)
@pytest.mark.parametrize("recorded", ["printing_local", "paused", "transferring_to_sd"])
async def test_while_busy(
    refused: Refused, fake: FakeOctoPrint, action: str, key: str, recorded: str
) -> None:
    """A print is not aborted, also one that began a moment ago."""
    fake.load(recorded)
    error = await refused(action)
    assert message(error) == (key, {"printer": "Prusa"})


async def test_autoconnect_in_octoprint_2(
    call: Call,
    refused: Refused,
    fake: FakeOctoPrint,
    stub: StubCoordinator,
) -> None:
    """OctoPrint 2 would silently forget it without save."""
    fake.load("disconnected")
    fake.answer("GET", "/api/server", json={"version": "2.0.0rc7", "safemode": None})
    await stub.reload()
    error = await refused("connect", autoconnect=False)
    assert message(error) == ("autoconnect_needs_save", {"printer": "Prusa"})
    await call("connect", autoconnect=False, save=True)
    [(_, data)] = fake.commands()
    assert (data["autoconnect"], data["save"]) == (False, True)


async def test_fake_ack(call: Call, refused: Refused, fake: FakeOctoPrint) -> None:
    """An acknowledgement can be made up whenever the printer is connected."""
    await call("fake_ack")
    fake.load("printing_local")
    await call("fake_ack")
    assert fake.commands() == [(PATH, {"command": "fake_ack"})] * 2
    fake.load("disconnected")
    error = await refused("fake_ack")
    assert error.translation_key == "printer_offline"


@pytest.mark.parametrize("action", ["connect", "disconnect", "fake_ack"])
async def test_permission(
    refused: Refused,
    fake: FakeOctoPrint,
    stub: StubCoordinator,
    action: str,
) -> None:
    """A key that may not connect is told so."""
    fake.user("readonly")
    await stub.reload()
    error = await refused(action)
    assert message(error) == (
        "command_missing_permission",
        {"command": action, "permission": "Connection", "printer": "Prusa"},
    )


@pytest.mark.parametrize("action", ["connect", "disconnect", "fake_ack"])
async def test_server_gone(call: Call, fake: FakeOctoPrint, action: str) -> None:
    """A server that does not answer is told."""
    await fake.stop()
    with pytest.raises(HomeAssistantError) as err:
        await call(action)
    assert str(err.value.translation_key).startswith("connection_")
    await fake.start()
