"""Test that people are told once what was left hot is cool."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from .conftest import refresh
from .fake_octoprint import FakeOctoPrint


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


async def show(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """Let time pass, so that a temperature that moved is shown."""
    freezer.tick(60)
    await refresh(hass, entry)


def is_told(hass: HomeAssistant, entry: MockConfigEntry) -> bool:
    """Return whether there is a repair that tells that it is cool."""
    issue_id = f"left_hot_cooled_{entry.entry_id}"
    return ir.async_get(hass).async_get_issue("octoprint_plus", issue_id) is not None


async def test_told_after_a_restart(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    cooling: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that what cools over restarts is told as cool, once."""
    await hass.config_entries.async_reload(cooling.entry_id)
    await hass.async_block_till_done()
    tell(fake, 50, 0)
    await show(hass, cooling, freezer)
    assert not is_told(hass, cooling)
    tell(fake, 45, 0)
    await show(hass, cooling, freezer)
    assert is_told(hass, cooling)
    ir.async_delete_issue(hass, "octoprint_plus", f"left_hot_cooled_{cooling.entry_id}")
    await hass.config_entries.async_reload(cooling.entry_id)
    await hass.async_block_till_done()
    assert not is_told(hass, cooling)


async def test_heated_by_somebody_else(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    cooling: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that nobody is told that a nozzle is cool which is heated again meanwhile."""
    tell(fake, 110, 200)
    await show(hass, cooling, freezer)
    for actual, target in ((200, 200), (40, 45), (40, 0)):
        tell(fake, actual, target)
        await show(hass, cooling, freezer)
        assert not is_told(hass, cooling)
