"""Test connection: how the server is connected to the printer."""

from typing import Any

import pytest

from custom_components.octoprint_plus.api import (
    OctoPrintClient,
    OctoPrintPermissionError,
)
from custom_components.octoprint_plus.api.connection import (
    Connection,
    ConnectionOptions,
    parse_connection,
)
from tests.fake_octoprint import FakeOctoPrint

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


async def test_disconnect(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    await client.connection.disconnect()
    assert fake.commands() == [("/api/connection", {"command": "disconnect"})]


async def test_not_permitted(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.user("readonly")
    with pytest.raises(OctoPrintPermissionError) as caught:
        await client.connection.disconnect()
    assert caught.value.permission == "CONNECTION"
