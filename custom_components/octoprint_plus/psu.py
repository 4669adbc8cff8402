"""The printer's power supply, and when it is not cut just like that."""

from homeassistant.exceptions import HomeAssistantError

from .api.messages import PluginTold
from .const import DOMAIN
from .coordinator import OctoPrintCoordinator
from .helpers import async_refresh_or_raise, octoprint_command, refusal

# Without power the fan of a hot nozzle stops, and what is in it melts further up.
HOT = 50


async def async_turn_off_psu(
    coordinator: OctoPrintCoordinator, command: str, *, force: bool = False
) -> None:
    """Cut the printer's power, unless that would cost a print or a nozzle."""
    await async_refresh_or_raise(coordinator)
    snapshot = coordinator.data
    if snapshot.is_busy and not force:
        raise refusal("psu_off_while_busy", coordinator.name)
    for name, heater in snapshot.heaters.items():
        if heater.actual is not None and heater.actual >= HOT and not force:
            raise refusal(
                "psu_off_while_hot",
                coordinator.name,
                heater=name,
                limit=str(HOT),
                temperature=f"{heater.actual:.0f}",
            )
    async with octoprint_command(coordinator, command):
        state = await coordinator.client.plugins.psu_control.turn_off()
        coordinator.async_receive(PluginTold(message=state))
        if state.is_on:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="psu_still_on",
                translation_placeholders={"printer": coordinator.name},
            )


async def async_turn_on_psu(coordinator: OctoPrintCoordinator, command: str) -> None:
    """Give the printer its power."""
    async with octoprint_command(coordinator, command):
        state = await coordinator.client.plugins.psu_control.turn_on()
        coordinator.async_receive(PluginTold(message=state))
        if not state.is_on:
            # The plugin itself tells nobody that it failed.
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="psu_still_off",
                translation_placeholders={"printer": coordinator.name},
            )
