"""Test settings: the few of OctoPrint's settings that matter outside of it."""

from typing import Any

import pytest

from custom_components.octoprint_plus.api import (
    OctoPrintClient,
    OctoPrintConnectionError,
    OctoPrintPermissionError,
    OctoPrintRequestError,
)
from custom_components.octoprint_plus.api.settings import (
    Settings,
    TemperatureProfile,
    parse_settings,
)
from tests.fake_octoprint import FakeOctoPrint

from .answering import replay

PLA = TemperatureProfile(name="PLA", extruder=180, bed=60, chamber=None)


@pytest.mark.parametrize("user", ["admin", "user1", "readonly"])
async def test_settings(
    client: OctoPrintClient, fake: FakeOctoPrint, user: str
) -> None:
    fake.user(user)
    settings = await client.settings.get()
    assert settings.name == "Test Printer"
    assert settings.upnp_uuid is None
    assert settings.temperature_profiles == (
        TemperatureProfile(name="ABS", extruder=210, bed=100, chamber=None),
        PLA,
    )
    assert "virtual_printer" in settings.plugins


async def test_discovery(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    answer = fake.json("GET", "/api/settings")
    answer["plugins"]["discovery"] = {"upnpUuid": "0c2f7b4e"}
    fake.answer("GET", "/api/settings", json=answer)
    settings = await client.settings.get()
    assert settings.upnp_uuid == "0c2f7b4e"
    assert "discovery" in settings.plugins


def test_preset_of_each_heater() -> None:
    assert PLA.target("tool0") == 180
    assert PLA.target("tool1") == 180
    assert PLA.target("bed") == 60
    assert PLA.target("chamber") is None


def test_junk() -> None:
    assert parse_settings(
        {
            "appearance": {"name": ""},
            "plugins": [],
            "temperature": {
                "profiles": [
                    None,
                    {"extruder": 200},
                    {"name": "PETG", "extruder": "240", "bed": True, "chamber": 0},
                ]
            },
        }
    ) == Settings(
        name=None,
        upnp_uuid=None,
        temperature_profiles=(
            TemperatureProfile(name="PETG", extruder=None, bed=None, chamber=0),
        ),
        plugins=frozenset(),
    )


async def test_not_permitted(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.user("limited")
    with pytest.raises(OctoPrintPermissionError) as caught:
        await client.settings.get()
    assert caught.value.permission == "SETTINGS_READ"


async def test_raw(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    answer = fake.json("GET", "/api/settings")
    answer["plugins"]["mqtt"] = {
        "broker": {"url": "mqtt://me:pw@host", "username": "me", "password": "pw"}
    }
    answer["webcam"]["streamUrl"] = "http://me:pw@cam/?token=abc"
    fake.answer("GET", "/api/settings", json=answer)
    settings = await client.settings.get_raw()
    assert settings["appearance"] == answer["appearance"]
    assert settings["plugins"]["mqtt"] == {
        "broker": {"url": "mqtt://host", "username": "me"}
    }
    assert settings["webcam"]["streamUrl"] == "http://cam/?token="
    assert "key" not in settings["api"]
    assert "DUMMY_API_KEY" not in str(settings)


async def test_update(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    replay(fake, "general", "settings_post")
    changes = {"appearance": {"name": "Neu"}, "plugins": {"x": {"list": [1, None]}}}
    settings = await client.settings.update(changes)
    assert "name" in settings["appearance"]
    assert "key" not in settings["api"]
    # Only what was given, and no more.
    assert fake.commands() == [("/api/settings", changes)]


async def test_update_nothing(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    with pytest.raises(OctoPrintRequestError, match="nothing to change"):
        await client.settings.update({})
    assert fake.requests == []


@pytest.mark.parametrize("value", [float("nan"), object(), {1, 2}])
async def test_update_with_no_json(
    client: OctoPrintClient, fake: FakeOctoPrint, value: Any
) -> None:
    with pytest.raises(OctoPrintRequestError, match="JSON"):
        await client.settings.update({"a": [value]})
    assert fake.requests == []


async def test_update_not_permitted(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    fake.user("user1")
    with pytest.raises(OctoPrintPermissionError) as caught:
        await client.settings.update({"appearance": {"name": "x"}})
    assert caught.value.permission == "SETTINGS"


async def test_update_answers_junk(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    fake.answer("POST", "/api/settings", json=[1])
    with pytest.raises(OctoPrintConnectionError):
        await client.settings.update({"appearance": {"name": "x"}})
