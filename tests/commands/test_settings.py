"""Tests of the commands for settings and for the server itself."""

from typing import Any

import pytest

from tests.fake_octoprint import FakeOctoPrint
from tests.given import SETTINGS, Refused
from tests.services.conftest import message


@pytest.mark.parametrize(
    ("changes", "error", "setting"),
    [
        ({"nonsense": 1}, "settings_unknown", "nonsense"),
        ({"appearance": {"nam": "x"}}, "settings_unknown", "appearance.nam"),
        ({"plugins": {"nope": {"a": 1}}}, "settings_unknown", "plugins.nope"),
        ({"appearance": {"name": {"a": 1}}}, "settings_no_group", "appearance.name"),
        ({"appearance": {1: 2}}, "settings_unknown", "appearance.1"),
        ({"appearance": "Voron"}, "settings_group", "appearance"),
        ({"appearance": None}, "settings_group", "appearance"),
        ({"scripts": {"gcode": {"new": 3}}}, "settings_unknown", "scripts.gcode.new"),
        ({"api": {"key": "mine"}}, "settings_secret", "api.key"),
        (
            {"plugins": {"mqtt": {"broker": {"password": ""}}}},
            "settings_secret",
            "plugins.mqtt.broker.password",
        ),
        (
            {"temperature": {"profiles": [{"name": "PLA", "token": "x"}]}},
            "settings_secret",
            "temperature.profiles",
        ),
        (
            {"plugins": {"mqtt": {"clients": [{"name": "a"}]}}},
            "settings_hidden",
            "plugins.mqtt.clients",
        ),
        (
            {"appearance": {"name": "Voron"}, "webcam": {"x": 1}},
            "settings_unknown",
            "webcam.x",
        ),
    ],
)
@pytest.mark.usefixtures("settings")
async def test_update_refused(
    refused: Refused, changes: dict[str, Any], error: str, setting: str
) -> None:
    """Secrets and what is not there are refused by name, and nothing is sent."""
    found = await refused("update_settings", settings=changes)
    assert message(found) == (error, {"printer": "Prusa", "setting": setting})


async def test_update_ignored(
    refused: Refused, fake: FakeOctoPrint, settings: dict[str, Any]
) -> None:
    """OctoPrint passes over values that it does not like; that is told."""
    settings["appearance"]["name"] = "Voron"
    fake.answer("POST", SETTINGS, json=settings)
    changes = {
        "appearance": {"name": "Voron"},
        "temperature": {"cutoff": "30", "sendAutomaticallyAfter": "often"},
        "feature": {"sdSupport": "perhaps"},
    }
    found = await refused("update_settings", settings=changes, sent=1)
    assert message(found) == (
        "settings_ignored",
        {
            "printer": "Prusa",
            "settings": "feature.sdSupport, temperature.sendAutomaticallyAfter",
        },
    )


@pytest.mark.parametrize(
    "data",
    [
        {"source": "core", "action": "nosuch"},
        {"source": "custom", "action": "restart"},
        {"source": "../../job", "action": "start"},
        {"source": "core", "action": "../core/restart"},
        {"source": "", "action": ""},
    ],
)
async def test_run_unknown_system_command(
    refused: Refused, fake: FakeOctoPrint, data: dict[str, str]
) -> None:
    """A command that the server does not offer is refused, with those that it does."""
    offered = fake.json("GET", "/api/system/commands")
    names = sorted(f"core/{each['action']}" for each in offered["core"])
    assert names
    assert message(await refused("run_system_command", **data)) == (
        "system_command_unknown",
        {
            "printer": "Prusa",
            "command": f"{data['source']}/{data['action']}",
            "offered": ", ".join(names),
        },
    )
    none: dict[str, list[object]] = {"core": [], "plugin": [], "custom": []}
    fake.answer("GET", "/api/system/commands", json=none)
    error = await refused("run_system_command", **data)
    assert (error.translation_placeholders or {})["offered"] == "-"


@pytest.mark.parametrize("recorded", ["printing_local", "paused", "transferring_to_sd"])
async def test_run_system_command_during_a_print(
    refused: Refused, fake: FakeOctoPrint, recorded: str
) -> None:
    """No command costs a print, even if that is news."""
    fake.load(recorded)
    error = await refused("run_system_command", source="core", action="restart")
    assert error.translation_key == "printer_busy"
