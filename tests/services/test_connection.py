"""Tests of the actions that connect and disconnect."""

import asyncio
from typing import Any
from unittest.mock import patch

import pytest

from tests.fake_octoprint import FakeOctoPrint
from tests.waiting import until

from .conftest import Call, unusable

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


async def test_disconnect(call: Call, fake: FakeOctoPrint) -> None:
    """The printer is disconnected."""
    await call("disconnect")
    assert fake.commands() == [(PATH, {"command": "disconnect"})]
