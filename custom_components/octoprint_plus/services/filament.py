"""Actions that change the filament."""

import voluptuous as vol

from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.helpers import config_validation as cv

from ..commands.filament import (
    FilamentOrder,
    async_load_filament,
    async_unload_filament,
)
from ..const import DOMAIN
from .printer import ATTR_SPEED, ATTR_TIMEOUT, ATTR_TOOL, MAX_EXTRUSION, SPEED
from .target import TARGET_SCHEMA, async_get_coordinator

ATTR_LENGTH = "length"
ATTR_TEMPERATURE = "temperature"

FILAMENT_SCHEMA = TARGET_SCHEMA.extend(
    {
        vol.Required(ATTR_LENGTH): vol.All(
            vol.Coerce(float), vol.Range(min=1, max=MAX_EXTRUSION)
        ),
        vol.Optional(ATTR_TEMPERATURE): vol.All(
            vol.Coerce(float), vol.Range(min=0, max=1000)
        ),
        vol.Optional(ATTR_TOOL): cv.positive_int,
        vol.Optional(ATTR_SPEED, default=300): SPEED,
        vol.Optional(ATTR_TIMEOUT, default=600): vol.All(
            vol.Coerce(float), vol.Range(min=1, max=3600)
        ),
    }
)


@callback
def async_setup_filament_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    hass.services.async_register(DOMAIN, "load_filament", _async_load, FILAMENT_SCHEMA)
    hass.services.async_register(
        DOMAIN, "unload_filament", _async_unload, FILAMENT_SCHEMA
    )


async def _async_load(call: ServiceCall) -> None:
    """Heat a tool and push filament in."""
    await async_load_filament(await async_get_coordinator(call), _order(call))


async def _async_unload(call: ServiceCall) -> None:
    """Heat a tool and pull filament out."""
    await async_unload_filament(await async_get_coordinator(call), _order(call))


def _order(call: ServiceCall) -> FilamentOrder:
    return FilamentOrder(
        length=call.data[ATTR_LENGTH],
        speed=call.data[ATTR_SPEED],
        timeout=call.data[ATTR_TIMEOUT],
        temperature=call.data.get(ATTR_TEMPERATURE),
        tool=call.data.get(ATTR_TOOL),
    )
