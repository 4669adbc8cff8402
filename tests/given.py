"""What a server is given in the tests of the commands and of the actions that call them."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .fake_octoprint import FakeOctoPrint

type Refused = Callable[..., Awaitable[HomeAssistantError]]

TIMELAPSE_LIST = "/api/timelapse?unrendered=true"
TIMELAPSE = "/api/timelapse"

TIMED = {
    "type": "timed",
    "fps": 10,
    "interval": 5,
    "postRoll": 2,
    "renderAfterPrint": "success",
}

FILM = {
    "name": "a b#ü.mp4",
    "bytes": 1000,
    "date": "2026-11-21 02:49",
    "timestamp": 1795229340,
    "thumbnail": "/downloads/timelapse/a%20b.mp4.thumb.jpg",
}

IMAGES = {"name": "vase", "count": 3, "bytes": 268, "recording": False}

COMMAND = "/api/printer/command"

CONTROLS = [
    {
        "name": "Filament",
        "children": [
            {
                "name": "Load",
                "commands": ["M83", "G1 E%(length)d F%(speed)d"],
                "input": [
                    {"name": "Length", "parameter": "length", "default": 50},
                    {
                        "name": "Speed",
                        "parameter": "speed",
                        "default": 300,
                        "slider": {"min": 100, "max": 600},
                    },
                ],
            }
        ],
    },
    {"name": "Say", "command": "M117 %(t)s", "input": [{"parameter": "t"}]},
    {"name": "Lamp", "command": "M355 S1 ; 100% bright"},
    {"name": "Park", "script": "park", "input": [{"parameter": "z", "default": 5}]},
    {"name": "Odd", "command": "M117 %(nothing)s"},
    {"name": "Bell", "command": "M118 *** Ring ***"},
    {"name": "Halt", "commands": ["G28", "M112", "G1 X10"]},
    {"name": "Page", "javascript": "alert(1)", "command": "M117 never"},
]

CONTROL_NAMES = "Filament / Load, Say, Lamp, Park, Odd, Bell, Halt"

MODEL = "/api/files/local/vases/spiral.stl"
TEST_FILE = "/api/files/test"

SLICERS: dict[str, Any] = {
    name: {
        "key": name,
        "displayName": name.title(),
        "default": name == "cura",
        "configured": name != "raw",
        "extensions": {"source": ["stl"], "destination": ["gcode", "g"]},
        "profiles": {"fine": {}, "coarse": {}},
    }
    for name in ("slic3r", "cura", "raw")
}

SETTINGS = "/api/settings"


@pytest.fixture
def refused(call: Callable[..., Awaitable[Any]], fake: FakeOctoPrint) -> Refused:
    """Return what calls a command that must fail before anything is sent, or after so much."""

    async def call_refused(
        action: str, /, *, sent: int = 0, **data: Any
    ) -> HomeAssistantError:
        before = len(fake.commands())
        with pytest.raises(ServiceValidationError) as raised:
            await call(action, **data)
        assert len(fake.commands()) - before == sent
        return raised.value

    return call_refused


@pytest.fixture
def timelapses(fake: FakeOctoPrint) -> dict[str, Any]:
    """Return what a server has, which can be changed."""
    found: dict[str, Any] = {
        "enabled": True,
        "config": dict(TIMED),
        "files": [dict(FILM)],
        "unrendered": [
            dict(IMAGES),
            {"name": "recorded", "count": 1, "recording": True},
            {"name": "rendered", "count": 1, "rendering": True},
        ],
    }
    fake.answer("GET", TIMELAPSE_LIST, json=found)
    return found


def written(fake: FakeOctoPrint) -> list[tuple[str, str, Any]]:
    """Return method, path and body of all that was written."""
    return [
        (request.method, request.path, request.json)
        for request in fake.requests
        if request.method in ("POST", "DELETE") and "login" not in request.path
    ]


@pytest.fixture
def controls(fake: FakeOctoPrint) -> None:
    """Give the server some controls."""
    fake.answer("GET", f"{COMMAND}/custom", json={"controls": CONTROLS})


@pytest.fixture
def slicer(fake: FakeOctoPrint) -> None:
    """Give the server slicers and a model."""
    fake.answer("GET", "/api/slicing", json=SLICERS)
    entry = {"name": "spiral.stl", "path": "vases/spiral.stl", "type": "model"}
    fake.answer("GET", MODEL, json=entry)
    fake.answer("POST", TEST_FILE, json={"exists": False})
    fake.answer("POST", MODEL, status=202, json={"path": "vases/spiral.gcode"})


def sliced(fake: FakeOctoPrint) -> list[Any]:
    """Return what was to be sliced."""
    return [data for path, data in fake.commands() if path == MODEL]


@pytest.fixture
def settings(fake: FakeOctoPrint) -> dict[str, Any]:
    """Return the settings of a server with secrets in them."""
    found: dict[str, Any] = fake.json("GET", SETTINGS)
    found["plugins"]["mqtt"] = {
        "broker": {"url": "mqtt://me:pw@host", "username": "me", "password": "pw"},
        "topics": ["a", "b"],
        "clients": [{"name": "a", "token": "t0ken"}],
    }
    fake.answer("GET", SETTINGS, json=found)
    return found
