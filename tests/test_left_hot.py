"""Test that people are told once what was left hot is cool."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from .fake_octoprint import FakeOctoPrint
from .waiting import refresh


def tell(fake: FakeOctoPrint, actual: float, target: float) -> None:
    """Tell the tool's temperatures."""
    printer = fake.json("GET", "/api/printer")
    printer["temperature"]["tool0"] |= {"actual": actual, "target": target}
    fake.answer("GET", "/api/printer", json=printer)


@pytest.fixture
async def cooling(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    config_entry: MockConfigEntry,
    hass_storage: dict[str, Any],
) -> MockConfigEntry:
    """Return a printer whose tool was switched off before Home Assistant was restarted."""
    key = f"octoprint_plus.{config_entry.entry_id}"
    data = {"heaters": ["tool0"], "cooling": "tool0"}
    hass_storage[key] = {"version": 1, "minor_version": 5, "key": key, "data": data}
    fake.load("operational_idle_no_file")
    tell(fake, 120, 0)
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await hass.async_block_till_done()
    return config_entry


def is_told(hass: HomeAssistant, entry: MockConfigEntry) -> bool:
    """Return whether there is a repair that tells that it is cool."""
    issue_id = f"left_hot_cooled_{entry.entry_id}"
    return ir.async_get(hass).async_get_issue("octoprint_plus", issue_id) is not None


async def reload(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Load the entry anew, as after a restart."""
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()


async def test_told_after_a_restart(
    hass: HomeAssistant, fake: FakeOctoPrint, cooling: MockConfigEntry
) -> None:
    """Test that what cools over restarts is told as cool, once."""
    tell(fake, 50, 0)
    await reload(hass, cooling)
    assert not is_told(hass, cooling)
    tell(fake, 49, 0)
    await reload(hass, cooling)
    assert is_told(hass, cooling)
    ir.async_delete_issue(hass, "octoprint_plus", f"left_hot_cooled_{cooling.entry_id}")
    await reload(hass, cooling)
    assert not is_told(hass, cooling)


async def test_heated_by_somebody_else(
    hass: HomeAssistant, fake: FakeOctoPrint, cooling: MockConfigEntry
) -> None:
    """Test that nobody is told that a nozzle is cool which is heated again meanwhile."""
    for actual, target in ((110, 200), (40, 45), (40, 0)):
        tell(fake, actual, target)
        await refresh(hass, cooling)
        assert not is_told(hass, cooling)
    await reload(hass, cooling)
    assert not is_told(hass, cooling)
