"""Tests of the actions that connect and disconnect."""

import asyncio
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from tests.conftest import until
from tests.fake_octoprint import FakeOctoPrint

from .conftest import Call, Refused, message, unusable

CONNECTING = "custom_components.octoprint_plus.commands.connect"
PATH = "/api/connection"


@pytest.mark.parametrize(
    ("data", "sent"),
    [
        ({}, {}),
        ({"port": "/dev/ttyS0"}, {"port": "/dev/ttyS0"}),
        ({"port": " auto ", "baudrate": 0}, {"port": "AUTO", "baudrate": 0}),
        ({"baudrate": "250000"}, {"baudrate": 250000}),
        ({"profile": "_default"}, {"printerProfile": "_default"}),
        ({"profile": "Default"}, {"printerProfile": "_default"}),
        ({"autoconnect": False}, {"autoconnect": False}),
        (
            {"baudrate": 9600, "save": True, "autoconnect": True},
            {
                "port": "VIRTUAL",
                "baudrate": 9600,
                "printerProfile": "_default",
                "save": True,
                "autoconnect": True,
            },
        ),
    ],
)
async def test_connect(
    call: Call, fake: FakeOctoPrint, data: dict[str, Any], sent: dict[str, Any]
) -> None:
    """The printer is connected as asked."""
    fake.load("disconnected")
    await call("connect", **data)
    assert fake.commands() == [(PATH, {"command": "connect", **sent})]


async def test_connect_anew(call: Call, fake: FakeOctoPrint) -> None:
    """A printer that is connected is disconnected first, and that is waited for."""
    disconnect, connect = {"command": "disconnect"}, {"command": "connect"}
    with patch(f"{CONNECTING}.DISCONNECT_PACE", 0.01):
        calling = asyncio.ensure_future(call("connect", baudrate=250000))
        await until(fake.commands)
        fake_requests = len(fake.requests)
        # It looks again and again.
        await until(lambda: len(fake.requests) > fake_requests + 2)
        assert fake.commands() == [(PATH, disconnect)]
        fake.load("disconnected")
        await calling
    assert fake.commands() == [
        (PATH, disconnect),
        (PATH, connect | {"baudrate": 250000}),
    ]


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
    "data",
    [
        {"port": ""},
        {"port": "  "},
        {"baudrate": -1},
        {"baudrate": "fast"},
        {"baudrate": float("nan")},
        {"profile": ""},
        {"save": "perhaps"},
        {"speed": 1},
    ],
)
async def test_unusable(call: Call, fake: FakeOctoPrint, data: dict[str, Any]) -> None:
    """What makes no sense for any server is refused."""
    with unusable():
        await call("connect", **data)
    assert fake.commands() == []


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
    hass: HomeAssistant,
    call: Call,
    refused: Refused,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
) -> None:
    """OctoPrint 2 would silently forget it without save."""
    fake.load("disconnected")
    fake.answer("GET", "/api/server", json={"version": "2.0.0rc7", "safemode": None})
    await hass.config_entries.async_reload(init_integration.entry_id)
    error = await refused("connect", autoconnect=False)
    assert message(error) == ("autoconnect_needs_save", {"printer": "Prusa"})
    await call("connect", autoconnect=False, save=True)
    [(_, data)] = fake.commands()
    assert (data["autoconnect"], data["save"]) == (False, True)


async def test_disconnect(call: Call, fake: FakeOctoPrint) -> None:
    """The printer is disconnected."""
    await call("disconnect")
    assert fake.commands() == [(PATH, {"command": "disconnect"})]


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
    hass: HomeAssistant,
    refused: Refused,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
    action: str,
) -> None:
    """A key that may not connect is told so."""
    fake.user("readonly")
    await hass.config_entries.async_reload(init_integration.entry_id)
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
