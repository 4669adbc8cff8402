"""Actions of the family timelapse: how prints are recorded, and the films."""

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
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_register_admin_service

from ..api import OctoPrintNotFoundError
from ..api.permissions import Permission
from ..api.timelapse import Unrendered
from ..commands.execute import refusal
from ..commands.rights import async_check_admin
from ..commands.timelapse import PERMISSIONS, TYPES, async_set_timelapse
from ..const import DOMAIN
from ..coordinator import OctoPrintCoordinator
from .target import (
    TARGET_SCHEMA,
    async_check_free,
    async_get_coordinator,
    server_action,
)

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
    coordinator = await async_get_coordinator(call, POLICY_READ)
    async with server_action(call, coordinator, Permission.TIMELAPSE_LIST):
        found = await coordinator.client.timelapse.list()
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
    coordinator = await async_get_coordinator(call)
    options = dict(call.data)
    save = options.pop(ATTR_SAVE)
    if save:
        # Then it is a setting of OctoPrint.
        await async_check_admin(coordinator, call.context, call.service)
    kind = options.pop(ATTR_TYPE, None)
    options = {key: options[key] for key in options if key in OPTION_NAMES}
    if kind is None and not options and not save:
        raise refusal("timelapse_nothing", coordinator.name)
    # OctoPrint would save for administrators only, and not say so to others.
    needed = (*PERMISSIONS, *((Permission.ADMIN,) if save else ()))
    async with server_action(call, coordinator, *needed):
        await async_set_timelapse(coordinator, kind, options, save=save)


OPTION_NAMES = frozenset(map(str, SET_TIMELAPSE_SCHEMA.schema)) - {
    *map(str, TARGET_SCHEMA.schema),
    ATTR_SAVE,
    ATTR_TYPE,
}


async def _async_render_timelapse(call: ServiceCall) -> None:
    """Make a film of images."""
    coordinator = await async_get_coordinator(call)
    name = call.data[ATTR_NAME]
    async with server_action(
        call,
        coordinator,
        Permission.TIMELAPSE_LIST,
        Permission.TIMELAPSE_MANAGE_UNRENDERED,
    ):
        await _async_find_images(coordinator, name)
        # It takes all that a small computer has, which a print needs.
        await async_check_free(call, coordinator)
        try:
            await coordinator.client.timelapse.render(name)
        except OctoPrintNotFoundError as err:
            raise _not_found(coordinator, name) from err


async def _async_delete_timelapse(call: ServiceCall) -> None:
    """Delete a film, or images of which no film was made."""
    coordinator = await async_get_coordinator(call)
    name = call.data[ATTR_NAME]
    unrendered = call.data[ATTR_UNRENDERED]
    permission = (
        Permission.TIMELAPSE_MANAGE_UNRENDERED
        if unrendered
        else Permission.TIMELAPSE_DELETE
    )
    async with server_action(call, coordinator, Permission.TIMELAPSE_LIST, permission):
        try:
            if unrendered:
                await _async_find_images(coordinator, name)
                await coordinator.client.timelapse.delete_unrendered(name)
            else:
                await coordinator.client.timelapse.delete(name)
        except OctoPrintNotFoundError as err:
            raise _not_found(coordinator, name) from err


async def _async_find_images(
    coordinator: OctoPrintCoordinator, name: str
) -> Unrendered:
    """Return images that nobody is working with, or raise why there are none."""
    found = await coordinator.client.timelapse.list()
    images = next((each for each in found.unrendered if each.name == name), None)
    if images is None:
        raise _not_found(coordinator, name)
    if images.is_recording or images.is_rendering:
        raise refusal("timelapse_in_use", coordinator.name, name=name)
    return images


def _not_found(coordinator: OctoPrintCoordinator, name: str) -> ServiceValidationError:
    return refusal("timelapse_not_found", coordinator.name, name=name)
