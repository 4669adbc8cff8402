"""Tests for the OctoPrint selects."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.components.select import (
    ATTR_OPTION,
    DOMAIN as SELECT_DOMAIN,
    SERVICE_SELECT_OPTION,
)
from homeassistant.const import ATTR_ENTITY_ID, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .fake_octoprint import FakeOctoPrint, recorded
from .pushed import Pushed
from .waiting import refresh, until

SELECT = "select.prusa_timelapse"


async def select(hass: HomeAssistant, option: str) -> None:
    """Select an option."""
    await hass.services.async_call(
        SELECT_DOMAIN,
        SERVICE_SELECT_OPTION,
        {ATTR_ENTITY_ID: SELECT, ATTR_OPTION: option},
        blocking=True,
    )


async def read_again(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Let the coordinator read also what changes rarely."""
    entry.runtime_data.async_expire(with_plugins=False)
    await refresh(hass, entry)


async def test_select(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test that a type is set, and what else is set stays."""
    timed = fake.json("GET", "/api/timelapse")
    timed["config"] = {
        "type": "timed",
        "fps": 10,
        "interval": 5,
        "postRoll": 2,
        "renderAfterPrint": "success",
    }
    fake.answer("GET", "/api/timelapse?unrendered=true", json=timed)
    await read_again(hass, init_integration)
    assert hass.states.get(SELECT).state == "timed"
    zchange = timed | {"config": {"type": "zchange"}}
    fake.answer("POST", "/api/timelapse", json=zchange)
    fake.clear()
    await select(hass, "zchange")
    assert fake.commands() == [
        (
            "/api/timelapse",
            {
                "type": "zchange",
                "fps": 10,
                "postRoll": 2,
                "renderAfterPrint": "success",
            },
        )
    ]
    fake.answer("POST", "/api/timelapse", json=timed | {"config": {"type": "off"}})
    fake.clear()
    await select(hass, "off")
    assert fake.commands() == [("/api/timelapse", {"type": "off"})]


async def test_server_that_cannot_record(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test that it is told where OctoPrint says yes and does nothing."""
    off = recorded("general", "timelapse_off")
    fake.answer("POST", "/api/timelapse", json=off.json)
    with pytest.raises(ServiceValidationError) as raised:
        await select(hass, "timed")
    assert raised.value.translation_key == "timelapse_refused"
    assert hass.states.get(SELECT).state == "off"


async def test_while_recording(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test that no recording is lost."""
    fake.load("printing_local", "timelapse")
    fake.clear()
    with pytest.raises(ServiceValidationError) as raised:
        await select(hass, "zchange")
    assert raised.value.translation_key == "timelapse_busy"
    assert fake.commands() == []


async def test_connection_fails(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test that a failure is told."""
    fake.answer("POST", "/api/timelapse", status=502)
    with pytest.raises(HomeAssistantError) as raised:
        await select(hass, "timed")
    assert raised.value.translation_key == "connection_bad_gateway"


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({"enabled": False}, STATE_UNAVAILABLE),
        ({"config": {"type": "a plugin's"}}, "a plugin's"),
    ],
)
async def test_states(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
    change: dict[str, Any],
    state: str,
) -> None:
    """Test timelapses that are switched off, and a type that nobody knows."""
    known = fake.json("GET", "/api/timelapse")
    fake.answer("GET", "/api/timelapse?unrendered=true", json=known | change)
    await read_again(hass, init_integration)
    assert hass.states.get(SELECT).state == state


@pytest.mark.parametrize("missing", ["TIMELAPSE_ADMIN", "TIMELAPSE_LIST"])
async def test_permissions(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    config_entry: MockConfigEntry,
    missing: str,
) -> None:
    """Test that it is absent for a key that may not use it, and comes when it may."""
    permissions = {"STATUS", "TIMELAPSE_ADMIN", "TIMELAPSE_LIST"}
    user = fake.json("GET", "/api/currentuser")
    less = user | {"permissions": sorted(permissions - {missing})}
    fake.answer("GET", "/api/currentuser", json=less)
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await hass.async_block_till_done()
    assert hass.states.get(SELECT) is None
    fake.answer(
        "GET", "/api/currentuser", json=user | {"permissions": sorted(permissions)}
    )
    await read_again(hass, config_entry)
    assert hass.states.get(SELECT).state == "off"
    fake.answer("GET", "/api/currentuser", json=less)
    await read_again(hass, config_entry)
    assert hass.states.get(SELECT).state == STATE_UNAVAILABLE
    await hass.config_entries.async_unload(config_entry.entry_id)
    await hass.async_block_till_done()


async def test_pushed(pushed: Pushed) -> None:
    """Test that a type that was set elsewhere is shown at once."""
    assert pushed.state_of("select.timelapse") == "off"
    pushed.fake.clear()
    timed = {"type": "timed", "options": {"interval": 2}}
    await pushed.fake.push.send({"timelapse": timed})
    await until(lambda: pushed.state_of("select.timelapse") == "timed")
    await pushed.fake.push.send({"timelapse": None})
    await until(lambda: pushed.state_of("select.timelapse") == "off")
    assert pushed.gets() == []
