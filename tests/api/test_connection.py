"""Test connection: how the server is connected to the printer."""

from typing import Any

import pytest

from custom_components.octoprint_plus.api import (
    OctoPrintClient,
    OctoPrintPermissionError,
    OctoPrintRequestError,
)
from custom_components.octoprint_plus.api.connection import (
    Connection,
    ConnectionOptions,
    parse_connection,
)
from tests.fake_octoprint import FakeOctoPrint

from .answering import replay

OPTIONS = ConnectionOptions(
    ports=("/dev/ttyS0", "VIRTUAL"),
    baudrates=(250000, 230400, 115200, 57600, 38400, 19200, 9600),
    printer_profiles=(("_default", "Default"),),
    port_preference="VIRTUAL",
    baudrate_preference=115200,
    printer_profile_preference="_default",
)


async def test_connected(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    assert await client.connection.get() == Connection(
        state="Operational",
        port="VIRTUAL",
        baudrate=115200,
        printer_profile="_default",
        options=OPTIONS,
    )


async def test_disconnected(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.load("disconnected")
    assert await client.connection.get() == Connection(
        state="Closed",
        port=None,
        baudrate=None,
        printer_profile="_default",
        options=OPTIONS,
    )


def test_octoprint_2_without_a_port() -> None:
    connection = parse_connection(
        {
            "current": {"state": "Operational", "printerProfile": "voron"},
            "options": {"autoconnect": True, "printerProfiles": [{"id": "voron"}]},
        }
    )
    assert (connection.port, connection.baudrate) == (None, None)
    assert connection.printer_profile == "voron"
    assert connection.options.printer_profiles == (("voron", "voron"),)
    assert connection.options.autoconnect is True


def test_junk() -> None:
    connection = parse_connection(
        {
            "current": ["Operational"],
            "options": {
                "baudrates": ["AUTO", True, 115200.0, None, float("nan")],
                "ports": {"VIRTUAL": 1},
                "printerProfiles": [{"name": "no id"}, "x", {"id": 4}],
            },
        }
    )
    assert connection.state == "Closed"
    assert connection.options.baudrates == (115200,)
    assert connection.options.ports == ()
    assert connection.options.printer_profiles == ()


@pytest.mark.parametrize(
    ("chosen", "sent"),
    [
        ({}, {}),
        (
            {"port": "AUTO", "baudrate": 0, "printer_profile": "_default"},
            {"port": "AUTO", "baudrate": 0, "printerProfile": "_default"},
        ),
    ],
)
async def test_connect(
    client: OctoPrintClient,
    fake: FakeOctoPrint,
    chosen: dict[str, Any],
    sent: dict[str, Any],
) -> None:
    await client.connection.connect(**chosen)
    assert fake.commands() == [("/api/connection", {"command": "connect", **sent})]


@pytest.mark.parametrize(
    ("chosen", "sent"),
    [
        (
            {"baudrate": 250000},
            {"port": "VIRTUAL", "baudrate": 250000, "printerProfile": "_default"},
        ),
        (
            {"port": "AUTO", "baudrate": 0, "autoconnect": False},
            {
                "port": "AUTO",
                "baudrate": 0,
                "printerProfile": "_default",
                "autoconnect": False,
            },
        ),
    ],
)
async def test_save(
    client: OctoPrintClient,
    fake: FakeOctoPrint,
    chosen: dict[str, Any],
    sent: dict[str, Any],
) -> None:
    """Test that what is not chosen is sent as it was: OctoPrint would forget it."""
    await client.connection.connect(**chosen, save=True)
    assert fake.commands() == [
        ("/api/connection", {"command": "connect", "save": True, **sent})
    ]


async def test_save_without_preferences(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    fake.answer("GET", "/api/connection", json={"current": {"state": "Closed"}})
    await client.connection.connect(save=True)
    assert fake.commands() == [
        ("/api/connection", {"command": "connect", "save": True})
    ]


async def test_autoconnect(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    await client.connection.connect(autoconnect=True)
    assert fake.commands() == [
        ("/api/connection", {"command": "connect", "autoconnect": True})
    ]


@pytest.mark.parametrize("name", ["bad_baud", "bad_profile"])
async def test_not_among_the_options(
    client: OctoPrintClient, fake: FakeOctoPrint, name: str
) -> None:
    replay(fake, "printer_commands_idle", f"connection_{name}")
    with pytest.raises(OctoPrintRequestError, match="is invalid"):
        await client.connection.connect(baudrate=123)


async def test_fake_ack(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    await client.connection.fake_ack()
    assert fake.commands() == [("/api/connection", {"command": "fake_ack"})]


async def test_disconnect(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    await client.connection.disconnect()
    assert fake.commands() == [("/api/connection", {"command": "disconnect"})]


async def test_not_permitted(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.user("readonly")
    with pytest.raises(OctoPrintPermissionError) as caught:
        await client.connection.disconnect()
    assert caught.value.permission == "CONNECTION"
