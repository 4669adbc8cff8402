"""Actions of the family timelapse: how prints are recorded, and the films."""

from dataclasses import fields

import voluptuous as vol

from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.const import ATTR_NAME
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_register_admin_service

from ..api import TimelapseOptions
from ..commands.timelapse import (
    TYPES,
    async_delete_timelapse,
    async_list_timelapses,
    async_render_timelapse,
    async_set_timelapse,
)
from ..const import DOMAIN
from .target import TARGET_SCHEMA, async_get_coordinator

ATTR_SAVE = "save"
ATTR_TYPE = "type"
ATTR_UNRENDERED = "unrendered"

RENDER_AFTER_PRINT = ("always", "success", "failure", "never")

DAY = 24 * 60 * 60

POSITIVE = vol.All(vol.Coerce(float), vol.Range(min=0, max=DAY))


def _whole(value: float) -> int:
    """Refuse a fraction, which OctoPrint would cut off."""
    if value != int(value):
        raise vol.Invalid("value is no whole number")
    return int(value)


SECONDS = vol.All(POSITIVE, _whole)

SET_TIMELAPSE_SCHEMA = TARGET_SCHEMA.extend(
    {
        vol.Optional(ATTR_TYPE): vol.In(TYPES),
        vol.Optional("post_roll"): SECONDS,
        vol.Optional("fps"): vol.All(SECONDS, vol.Range(min=1, max=1000)),
        vol.Optional("interval"): vol.All(SECONDS, vol.Range(min=1)),
        vol.Optional("min_delay"): vol.All(POSITIVE, vol.Range(min=0.1)),
        vol.Optional("retraction_z_hop"): POSITIVE,
        vol.Optional("render_after_print"): vol.In(RENDER_AFTER_PRINT),
        vol.Optional(ATTR_SAVE, default=False): cv.boolean,
    }
)

OPTION_NAMES = frozenset(each.name for each in fields(TimelapseOptions))

NAME_SCHEMA = TARGET_SCHEMA.extend(
    {vol.Required(ATTR_NAME): vol.All(cv.string, vol.Length(min=1))}
)

DELETE_SCHEMA = NAME_SCHEMA.extend(
    {vol.Optional(ATTR_UNRENDERED, default=False): cv.boolean}
)


@callback
def async_setup_timelapse_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    hass.services.async_register(
        DOMAIN,
        "list_timelapses",
        _async_list_timelapses,
        TARGET_SCHEMA,
        supports_response=SupportsResponse.ONLY,
    )
    hass.services.async_register(
        DOMAIN, "set_timelapse", _async_set_timelapse, SET_TIMELAPSE_SCHEMA
    )
    hass.services.async_register(
        DOMAIN, "render_timelapse", _async_render_timelapse, NAME_SCHEMA
    )
    # What is deleted is gone.
    async_register_admin_service(
        hass, DOMAIN, "delete_timelapse", _async_delete_timelapse, DELETE_SCHEMA
    )


async def _async_list_timelapses(call: ServiceCall) -> ServiceResponse:
    """Return how prints are recorded, the films, and images without a film."""
    found = await async_list_timelapses(await async_get_coordinator(call, POLICY_READ))
    config = found.config
    return {
        "enabled": found.is_enabled,
        "config": {
            "type": config.type,
            "post_roll": config.post_roll,
            "fps": config.fps,
            "interval": config.interval,
            "min_delay": config.min_delay,
            "retraction_z_hop": config.retraction_z_hop,
            "render_after_print": config.render_after_print,
        },
        "timelapses": [
            {
                "name": film.name,
                "size": film.size,
                "date": film.date.isoformat() if film.date else None,
                "path": film.path,
                "thumbnail": film.thumbnail,
            }
            for film in found.films
        ],
        "unrendered": [
            {
                "name": images.name,
                "count": images.count,
                "size": images.size,
                "recording": images.is_recording,
                "rendering": images.is_rendering,
            }
            for images in found.unrendered
        ],
    }


async def _async_set_timelapse(call: ServiceCall) -> None:
    """Record as asked from the next print on."""
    await async_set_timelapse(
        await async_get_coordinator(call),
        call.data.get(ATTR_TYPE),
        TimelapseOptions(**{name: call.data.get(name) for name in OPTION_NAMES}),
        save=call.data[ATTR_SAVE],
        context=call.context,
    )


async def _async_render_timelapse(call: ServiceCall) -> None:
    """Make a film of images."""
    await async_render_timelapse(
        await async_get_coordinator(call), call.data[ATTR_NAME]
    )


async def _async_delete_timelapse(call: ServiceCall) -> None:
    """Delete a film, or images of which no film was made."""
    await async_delete_timelapse(
        await async_get_coordinator(call),
        call.data[ATTR_NAME],
        unrendered=call.data[ATTR_UNRENDERED],
        context=call.context,
    )
