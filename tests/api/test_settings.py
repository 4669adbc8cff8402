"""Test settings: the few of OctoPrint's settings that matter outside of it."""

import pytest

from custom_components.octoprint_plus.api import (
    OctoPrintClient,
    OctoPrintPermissionError,
)
from custom_components.octoprint_plus.api.settings import (
    Settings,
    TemperatureProfile,
    parse_settings,
)
from tests.fake_octoprint import FakeOctoPrint

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
