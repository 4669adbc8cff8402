"""Tests for the actions of the families settings, system and printer profiles."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.octoprint_plus.api.permissions import permission_name
from custom_components.octoprint_plus.const import DOMAIN
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from tests.fake_octoprint import FakeOctoPrint
from tests.given import SETTINGS

from .conftest import Call, message, unusable


async def test_get_settings(
    call: Call, fake: FakeOctoPrint, settings: dict[str, Any]
) -> None:
    """All settings are returned, without secrets."""
    settings["mine"] = {"text": "of a plugin"}
    settings["system"]["actions"] = [
        {"action": "off", "name": "Off", "command": "echo s3cr3t | sudo -S poweroff"}
    ]
    settings["server"]["commands"]["systemShutdownCommand"] = "sshpass -p s3cr3t ssh x"
    settings["printerConnection"] = {
        "preferred": {
            "connector": "bambu",
            "parameters": {"host": "s3cr3t", "lan": "s3cr3t", "port": "x"},
        }
    }
    fake.answer("GET", SETTINGS, json=settings)
    answer = await call("get_settings", response=True)
    assert answer is not None
    found: Any = answer["settings"]
    assert found["appearance"] == settings["appearance"]
    assert "plugins" not in found
    assert "mine" not in found
    assert found["system"]["actions"] == [{"action": "off", "name": "Off"}]
    assert found["printerConnection"]["preferred"]["parameters"] == {"port": "x"}
    assert "s3cr3t" not in str(found)
    answer = await call("get_settings", plugin="mqtt", response=True)
    assert answer is not None
    assert answer["settings"] == {
        "broker": {"url": "mqtt://host", "username": "me"},
        "topics": ["a", "b"],
        "clients": [{"name": "a"}],
    }
    assert "key" not in found["api"]
    assert fake.commands() == []


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("plugins.mqtt.broker", {"url": "mqtt://host", "username": "me"}),
        ("plugins.mqtt.broker.url", "mqtt://host"),
        ("plugins.mqtt.topics", ["a", "b"]),
        ("scripts.gcode.afterPrintPaused", "G4 S3"),
        ("appearance.showFahrenheitAlso", False),
        ("temperature.profiles", None),
    ],
)
@pytest.mark.usefixtures("settings")
async def test_get_some_settings(
    call: Call, settings: dict[str, Any], key: str, expected: Any
) -> None:
    """One setting or a group of them is returned."""
    if key == "temperature.profiles":
        expected = settings["temperature"]["profiles"]
    assert await call("get_settings", key=key, response=True) == {"settings": expected}


@pytest.mark.usefixtures("settings")
async def test_get_settings_of_plugin(call: Call) -> None:
    """A plugin's settings are returned only where it is named."""
    for key, expected in (
        ("broker", {"url": "mqtt://host", "username": "me"}),
        ("broker.url", "mqtt://host"),
    ):
        answer = await call("get_settings", plugin="mqtt", key=key, response=True)
        assert answer == {"settings": expected}
    for data, error in (
        ({"key": "plugins"}, "settings_plugin_missing"),
        ({"plugin": "nonsense"}, "settings_unknown"),
        ({"plugin": "mqtt", "key": "nonsense"}, "settings_unknown"),
        ({"plugin": "mqtt", "key": "broker.password"}, "settings_secret"),
    ):
        with pytest.raises(ServiceValidationError) as raised:
            await call("get_settings", response=True, **data)
        assert message(raised.value)[0] == error


@pytest.mark.parametrize(
    ("key", "error"),
    [
        ("nonsense", "settings_unknown"),
        ("appearance.nonsense", "settings_unknown"),
        ("appearance.name.first", "settings_unknown"),
        ("plugins.mqtt.topics.0", "settings_unknown"),
        ("../api", "settings_unknown"),
        ("appearance.", "settings_unknown"),
        (".", "settings_unknown"),
        ("api.key", "settings_secret"),
        ("plugins.mqtt.broker.password", "settings_secret"),
    ],
)
@pytest.mark.usefixtures("settings")
async def test_get_setting_that_is_not_there(call: Call, key: str, error: str) -> None:
    """What is not there, or a secret, is refused by its name."""
    with pytest.raises(ServiceValidationError) as raised:
        await call("get_settings", key=key, response=True)
    assert message(raised.value) == (error, {"printer": "Prusa", "setting": key})


async def test_update_settings(
    call: Call, fake: FakeOctoPrint, settings: dict[str, Any]
) -> None:
    """Only what is given is sent, and settings are read again afterwards."""
    changes: dict[str, Any] = {
        "appearance": {"name": "Voron"},
        "plugins": {"mqtt": {"topics": ["c"], "broker": {"username": "you"}}},
        "scripts": {"gcode": {"afterPrinterConnected": "M117 Hello"}},
        "temperature": {"profiles": [{"name": "PLA", "extruder": 200, "bed": 60}]},
    }
    settings["appearance"]["name"] = "Voron"
    settings["plugins"]["mqtt"]["topics"] = ["c"]
    settings["plugins"]["mqtt"]["broker"]["username"] = "you"
    settings["scripts"]["gcode"] |= changes["scripts"]["gcode"]
    settings["temperature"] |= changes["temperature"]
    fake.answer("POST", SETTINGS, json=settings)
    await call("update_settings", settings=changes)
    assert fake.commands() == [(SETTINGS, changes)]


async def test_update_with_a_secret_in_an_address(
    call: Call, fake: FakeOctoPrint, settings: dict[str, Any]
) -> None:
    """An address may be given with its password, which is not shown afterwards."""
    url = "mqtt://me:new@host"
    changes = {"plugins": {"mqtt": {"broker": {"url": url}}}}
    settings["plugins"]["mqtt"]["broker"]["url"] = url
    fake.answer("POST", SETTINGS, json=settings)
    await call("update_settings", settings=changes)
    assert fake.commands() == [(SETTINGS, changes)]


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("update_settings", {}),
        ("update_settings", {"settings": {}}),
        ("update_settings", {"settings": "appearance"}),
        ("update_settings", {"settings": [1]}),
        ("get_settings", {"key": ""}),
        ("run_system_command", {"source": "core"}),
        ("run_system_command", {"action": "restart"}),
    ],
)
async def test_unusable(
    call: Call, fake: FakeOctoPrint, action: str, data: dict[str, Any]
) -> None:
    """What makes no sense for any server is refused."""
    with unusable():
        await call(action, response=action == "get_settings", **data)
    assert fake.commands() == []


async def test_run_system_command(call: Call, fake: FakeOctoPrint) -> None:
    """A command that the server offers is run, also while the printer is off."""
    fake.load("disconnected")
    await call("run_system_command", source="core", action="restart")
    assert fake.commands() == [("/api/system/commands/core/restart", {})]


async def test_list_profiles(call: Call, fake: FakeOctoPrint) -> None:
    """The profiles are returned with volume, axes and extruders."""
    answer = await call("list_profiles", response=True)
    assert answer == {
        "profiles": [
            {
                "id": "_default",
                "name": "Default",
                "model": "Generic RepRap Printer",
                "color": None,
                "current": True,
                "default": True,
                "heated_bed": True,
                "heated_chamber": False,
                "extruder": {
                    "count": 1,
                    "shared_nozzle": False,
                    "nozzle_diameter": 0.4,
                    "default_extrusion_length": 5,
                },
                "volume": {
                    "width": 200,
                    "depth": 200,
                    "height": 200,
                    "form_factor": "rectangular",
                    "origin": "lowerleft",
                    "custom_box": None,
                },
                "axes": {
                    "x": {"speed": 6000, "inverted": False},
                    "y": {"speed": 6000, "inverted": False},
                    "z": {"speed": 200, "inverted": False},
                    "e": {"speed": 300, "inverted": False},
                },
            }
        ]
    }
    profiles = fake.json("GET", "/api/printerprofiles")
    profiles["profiles"]["_default"]["volume"]["custom_box"] = {"x_min": -5}
    profiles["profiles"]["second"] = {"name": "Second", "color": "red"}
    fake.answer("GET", "/api/printerprofiles", json=profiles)
    answer = await call("list_profiles", response=True)
    assert answer is not None
    found: Any = answer["profiles"]
    assert [each["id"] for each in found] == ["_default", "second"]
    assert [each["current"] for each in found] == [True, False]
    assert found[0]["volume"]["custom_box"] == {"x_min": -5}
    assert found[1]["color"] == "red"


@pytest.mark.parametrize(
    ("action", "data", "user", "permission"),
    [
        ("get_settings", {}, "limited", "SETTINGS_READ"),
        ("update_settings", {"settings": {"a": 1}}, "user1", "SETTINGS"),
        (
            "run_system_command",
            {"source": "core", "action": "restart"},
            "user1",
            "SYSTEM",
        ),
        ("list_profiles", {}, "readonly", "CONNECTION"),
    ],
)
async def test_permissions(
    hass: HomeAssistant,
    call: Call,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
    action: str,
    data: dict[str, Any],
    user: str,
    permission: str,
) -> None:
    """What the key may not do is refused by the permission's name."""
    fake.user(user)
    await hass.config_entries.async_reload(init_integration.entry_id)
    fake.clear()
    response = action in ("get_settings", "list_profiles")
    with pytest.raises(ServiceValidationError) as raised:
        await call(action, response=response, **data)
    assert message(raised.value) == (
        "command_missing_permission",
        {
            "command": action,
            "permission": permission_name(permission),
            "printer": "Prusa",
        },
    )
    assert fake.commands() == []


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("update_settings", {"settings": {"appearance": {"name": "x"}}}),
        ("run_system_command", {"source": "core", "action": "restart"}),
        ("delete_timelapse", {"name": "a.mp4"}),
        ("delete_file", {"path": "a.gcode"}),
        ("plugin_command", {"plugin": "psucontrol", "command": "turnPSUOff"}),
    ],
)
@pytest.mark.usefixtures("init_integration")
async def test_administrators_only(
    hass: HomeAssistant,
    hass_read_only_user: MockUser,
    fake: FakeOctoPrint,
    action: str,
    data: dict[str, Any],
) -> None:
    """Who is no administrator of Home Assistant may not do what is dangerous."""
    fake.clear()
    context = Context(user_id=hass_read_only_user.id)
    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            DOMAIN, action, data, blocking=True, context=context
        )
    assert fake.requests == []
