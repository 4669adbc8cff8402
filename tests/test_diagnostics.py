"""Tests for the diagnostics."""

import json

from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from homeassistant.const import CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from .conftest import UUID
from .fake_octoprint import FakeOctoPrint
from .waiting import refresh


async def test_diagnostics(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
) -> None:
    """Test that they tell what is needed, and nothing that is private."""
    fake.load("printing_local")
    await refresh(hass, init_integration)
    assert await async_setup_component(hass, "diagnostics", {})
    found = await get_diagnostics_for_config_entry(hass, hass_client, init_integration)
    assert found["snapshot"]["state"] == "printing"
    assert found["snapshot"]["server"]["server"]["version"] == "1.11.8"
    assert found["snapshot"]["heaters"]["tool0"]["target"] == 0
    assert "CONTROL" in found["permissions"]
    assert found["poll_interval"] == 10
    text = json.dumps(found)
    for secret in (fake.key, fake.url, UUID, "admin"):
        assert secret not in text


async def test_login_of_a_proxy(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    init_integration: MockConfigEntry,
) -> None:
    """Test that a proxy's user and password are as private as the key."""
    hass.config_entries.async_update_entry(
        init_integration,
        data={
            **init_integration.data,
            CONF_USERNAME: "DUMMY_USER",
            CONF_PASSWORD: "DUMMY_PASSWORD",
        },
    )
    assert await async_setup_component(hass, "diagnostics", {})
    found = await get_diagnostics_for_config_entry(hass, hass_client, init_integration)
    text = json.dumps(found)
    assert "DUMMY_USER" not in text
    assert "DUMMY_PASSWORD" not in text


async def test_secrets_of_others(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
) -> None:
    """Test that what users and plugins hide in names and commands is left out."""
    controls = [
        {"name": "Lamp", "command": "M355 S1"},
        {"name": "Shell", "commands": ["curl -u me:DUMMY_PASSWORD http://lamp"]},
        {"name": "Call", "command": "M118 http://lamp/?pw=DUMMY_PASSWORD"},
    ]
    fake.answer("GET", "/api/printer/command/custom", json={"controls": controls})
    await hass.config_entries.async_reload(init_integration.entry_id)
    assert await async_setup_component(hass, "diagnostics", {})
    found = await get_diagnostics_for_config_entry(hass, hass_client, init_integration)
    text = json.dumps(found)
    assert "M355 S1" in text
    assert "DUMMY_PASSWORD" not in text
