"""Actions of the families settings, system and printer profiles."""

import voluptuous as vol

from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_register_admin_service
from homeassistant.util.json import JsonObjectType

from ..api import PrinterProfile
from ..commands.settings import async_get_settings, async_update_settings
from ..commands.system import async_list_profiles, async_run_system_command
from ..const import DOMAIN
from .target import TARGET_SCHEMA, async_get_coordinator

ATTR_ACTION = "action"
ATTR_KEY = "key"
ATTR_PLUGIN = "plugin"
ATTR_SETTINGS = "settings"
ATTR_SOURCE = "source"

GET_SETTINGS_SCHEMA = TARGET_SCHEMA.extend(
    {
        vol.Optional(ATTR_KEY): vol.All(cv.string, vol.Length(min=1)),
        vol.Optional(ATTR_PLUGIN): vol.All(cv.string, vol.Length(min=1)),
    }
)

UPDATE_SETTINGS_SCHEMA = TARGET_SCHEMA.extend(
    {vol.Required(ATTR_SETTINGS): vol.All({str: object}, vol.Length(min=1))}
)

RUN_SYSTEM_COMMAND_SCHEMA = TARGET_SCHEMA.extend(
    {
        vol.Required(ATTR_SOURCE): cv.string,
        vol.Required(ATTR_ACTION): cv.string,
    }
)


@callback
def async_setup_server_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    # Plugins keep secrets under any name.
    async_register_admin_service(
        hass,
        DOMAIN,
        "get_settings",
        _async_get_settings,
        GET_SETTINGS_SCHEMA,
        supports_response=SupportsResponse.ONLY,
    )
    async_register_admin_service(
        hass, DOMAIN, "update_settings", _async_update_settings, UPDATE_SETTINGS_SCHEMA
    )
    async_register_admin_service(
        hass,
        DOMAIN,
        "run_system_command",
        _async_run_system_command,
        RUN_SYSTEM_COMMAND_SCHEMA,
    )
    hass.services.async_register(
        DOMAIN,
        "list_profiles",
        _async_list_profiles,
        TARGET_SCHEMA,
        supports_response=SupportsResponse.ONLY,
    )


async def _async_get_settings(call: ServiceCall) -> ServiceResponse:
    """Return OctoPrint's own settings or a plugin's, or some of them, without secrets."""
    key: str = call.data.get(ATTR_KEY, "")
    settings = await async_get_settings(
        await async_get_coordinator(call, POLICY_READ),
        key.split(".") if key else (),
        plugin=call.data.get(ATTR_PLUGIN),
        context=call.context,
    )
    return {"settings": settings}


async def _async_update_settings(call: ServiceCall) -> None:
    """Change the settings that are given, and only those."""
    await async_update_settings(
        await async_get_coordinator(call),
        call.data[ATTR_SETTINGS],
        context=call.context,
    )


async def _async_run_system_command(call: ServiceCall) -> None:
    """Run a command that the server offers."""
    await async_run_system_command(
        await async_get_coordinator(call),
        call.data[ATTR_SOURCE],
        call.data[ATTR_ACTION],
        context=call.context,
    )


async def _async_list_profiles(call: ServiceCall) -> ServiceResponse:
    """Return what OctoPrint knows of the printers that it may be connected to."""
    found = await async_list_profiles(await async_get_coordinator(call, POLICY_READ))
    return {
        "profiles": [
            _profile(profile, is_current=profile.id == found.current)
            for profile in found.profiles
        ]
    }


def _profile(profile: PrinterProfile, *, is_current: bool) -> JsonObjectType:
    """Return a printer profile for a response."""
    volume = profile.volume
    return {
        "id": profile.id,
        "name": profile.name,
        "model": profile.model,
        "color": profile.color,
        "current": is_current,
        "default": profile.default,
        "heated_bed": profile.heated_bed,
        "heated_chamber": profile.heated_chamber,
        "extruder": {
            "count": profile.extruder_count,
            "shared_nozzle": profile.shared_nozzle,
            "nozzle_diameter": profile.nozzle_diameter,
            "default_extrusion_length": profile.default_extrusion_length,
        },
        "volume": {
            "width": volume.width,
            "depth": volume.depth,
            "height": volume.height,
            "form_factor": volume.form_factor,
            "origin": volume.origin,
            "custom_box": dict(volume.custom_box) if volume.custom_box else None,
        },
        "axes": {
            name: {"speed": axis.speed, "inverted": axis.inverted}
            for name, axis in profile.axes.items()
        },
    }
