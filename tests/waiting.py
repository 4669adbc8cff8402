"""How the tests wait: for a condition, with patience, and never for a time."""

import asyncio
from collections.abc import Callable

from freezegun.api import real_monotonic

from custom_components.octoprint_plus.coordinator import OctoPrintConfigEntry
from homeassistant.core import HomeAssistant

# Seconds, on machines that have much else to do.
PATIENCE = 60


async def refresh(hass: HomeAssistant, entry: OctoPrintConfigEntry) -> None:
    """Let the coordinator poll now."""
    await entry.runtime_data.async_refresh()
    await hass.async_block_till_done()


async def until(condition: Callable[[], object]) -> None:
    """Let everything run until a condition holds, also where the clock stands still."""
    given_up_at = real_monotonic() + PATIENCE
    while not condition():
        assert real_monotonic() < given_up_at, "It did not come to hold"
        await asyncio.sleep(0)
