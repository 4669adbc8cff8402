"""Options flow for OctoPrint Plus: how hot each heater may be set."""

from typing import Any

import voluptuous as vol

from homeassistant.config_entries import (
    ConfigEntryState,
    ConfigFlowResult,
    OptionsFlowWithReload,
)
from homeassistant.const import UnitOfTemperature
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
)

from .const import CONF_MAX_TEMPS, default_max_temp
from .coordinator import OctoPrintConfigEntry
from .model.heaters import has_heater
from .sync.store import OctoPrintStore

TOOLS = tuple(f"tool{number}" for number in range(10))
HEATERS = (*TOOLS, "bed", "chamber")

# Before a printer was ever seen connected.
USUAL_HEATERS = {"tool0", "bed"}


class OctoPrintOptionsFlow(OptionsFlowWithReload):
    """Handle the options of a printer."""

    config_entry: OctoPrintConfigEntry

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the highest temperature of each heater."""
        limits: dict[str, float] = self.config_entry.options.get(CONF_MAX_TEMPS, {})
        if user_input is not None:
            # A heater that is gone may come back with another of the printer's profiles.
            return self.async_create_entry(data={CONF_MAX_TEMPS: limits | user_input})
        known = limits.keys() | await self._async_seen_heaters()
        heaters = [
            name
            for name in HEATERS
            if name in (known or USUAL_HEATERS) and self._may_have(name)
        ]
        return self.async_show_form(
            step_id="init",
            data_schema=vol.Schema(
                {
                    vol.Required(
                        name, default=limits.get(name, default_max_temp(name))
                    ): _selector(name)
                    for name in heaters
                }
            ),
        )

    def _may_have(self, heater: str) -> bool:
        """Return whether a profile of the printer has the heater, as far as they are known."""
        if self.config_entry.state is not ConfigEntryState.LOADED:
            return True
        profiles = self.config_entry.runtime_data.data.server.profiles
        return not profiles or has_heater(profiles, heater)

    async def _async_seen_heaters(self) -> frozenset[str]:
        """Return the heaters that the printer was ever seen with, loaded or not."""
        if self.config_entry.state is ConfigEntryState.LOADED:
            return self.config_entry.runtime_data.data.memory.heaters
        store = OctoPrintStore(self.hass, self.config_entry.entry_id)
        await store.async_load()
        return store.memory.heaters


def _selector(heater: str) -> NumberSelector:
    low, high = {"bed": (30, 200), "chamber": (20, 150)}.get(heater, (50, 500))
    return NumberSelector(
        NumberSelectorConfig(
            max=high,
            min=low,
            mode=NumberSelectorMode.BOX,
            step=1,
            unit_of_measurement=UnitOfTemperature.CELSIUS,
        )
    )
