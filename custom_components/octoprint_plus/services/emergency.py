"""The action that halts a printer."""

from homeassistant.core import HomeAssistant, ServiceCall, callback

from ..const import DOMAIN
from ..emergency import async_emergency_stop
from .target import TARGET_SCHEMA, async_get_coordinator


@callback
def async_setup_emergency_services(hass: HomeAssistant) -> None:
    """Register the action; everybody may stop a printer."""
    hass.services.async_register(
        DOMAIN, "emergency_stop", _async_emergency_stop, TARGET_SCHEMA
    )


async def _async_emergency_stop(call: ServiceCall) -> None:
    """Halt the printer at once."""
    await async_emergency_stop(await async_get_coordinator(call))
