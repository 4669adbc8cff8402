"""Actions of the families settings, system and printer profiles."""

from collections.abc import Iterator, Mapping
from typing import Any

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

from ..api.permissions import Permission
from ..api.profiles import PrinterProfile
from ..api.redaction import is_secret, without_secrets
from ..api.settings import OWN_GROUPS, PLUGINS, Objection
from ..commands.execute import refusal
from ..const import DOMAIN
from ..coordinator import OctoPrintCoordinator
from .target import (
    TARGET_SCHEMA,
    async_check_free,
    async_get_coordinator,
    server_action,
)

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
    coordinator = await async_get_coordinator(call, POLICY_READ)
    key = call.data.get(ATTR_KEY, "")
    names = key.split(".") if key else []
    if plugin := call.data.get(ATTR_PLUGIN):
        key = ".".join((PLUGINS, plugin, *names))
        names = [PLUGINS, plugin, *names]
    if names == [PLUGINS]:
        raise refusal("settings_plugin_missing", coordinator.name)
    if any(map(is_secret, names)):
        raise refusal("settings_secret", coordinator.name, setting=key)
    async with server_action(call, coordinator, Permission.SETTINGS_READ):
        settings = await coordinator.client.settings.get_raw()
    found: Any = {
        name: settings[name]
        for name in settings
        if name in OWN_GROUPS or (name == PLUGINS and names)
    }
    for name in names:
        if not isinstance(found, dict) or name not in found:
            raise refusal("settings_unknown", coordinator.name, setting=key)
        found = found[name]
    return {"settings": found}


async def _async_update_settings(call: ServiceCall) -> None:
    """Change the settings that are given, and only those."""
    coordinator = await async_get_coordinator(call)
    changes = call.data[ATTR_SETTINGS]
    settings = coordinator.client.settings
    async with server_action(
        call, coordinator, Permission.SETTINGS, Permission.SETTINGS_READ
    ):
        if objection := await settings.objection(changes):
            raise _objected(objection, coordinator)
        before = await settings.get_raw()
        after = await settings.update(changes)
        await coordinator.async_request_full_refresh()
    # OctoPrint says nothing about a value that it does not take.
    shown = without_secrets(changes)
    if ignored := sorted(_ignored(shown, before, after)):
        raise refusal("settings_ignored", coordinator.name, settings=", ".join(ignored))


def _objected(objection: Objection, coordinator: OctoPrintCoordinator) -> Exception:
    """Return the error for an objection."""
    name, key = coordinator.name, objection.path
    match objection.reason:
        case "secret":
            return refusal("settings_secret", name, setting=key)
        case "hidden":
            return refusal("settings_hidden", name, setting=key)
        case "group":
            return refusal("settings_group", name, setting=key)
        case "no_group":
            return refusal("settings_no_group", name, setting=key)
    return refusal("settings_unknown", name, setting=key)


def _ignored(
    changes: Mapping[str, Any],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    path: str = "",
) -> Iterator[str]:
    """Yield the settings that are what they were, and not what was asked for."""
    for name, value in changes.items():
        old, new = before.get(name), after.get(name)
        if isinstance(value, dict):
            old, new = (each if isinstance(each, dict) else {} for each in (old, new))
            yield from _ignored(value, old, new, f"{path}{name}.")
        # A number may have been given as a text.
        elif new == old and new != value and str(new) != str(value):
            yield f"{path}{name}"


async def _async_run_system_command(call: ServiceCall) -> None:
    """Run a command that the server offers, unless that would cost a print."""
    coordinator = await async_get_coordinator(call)
    source, action = call.data[ATTR_SOURCE], call.data[ATTR_ACTION]
    async with server_action(call, coordinator, Permission.SYSTEM):
        commands = await coordinator.client.system.commands()
        for command in commands:
            if (command.source, command.action) == (source, action):
                await async_check_free(call, coordinator)
                await coordinator.client.system.run(command)
                return
        raise refusal(
            "system_command_unknown",
            coordinator.name,
            command=f"{source}/{action}",
            offered=", ".join(sorted(f"{x.source}/{x.action}" for x in commands))
            or "-",
        )


async def _async_list_profiles(call: ServiceCall) -> ServiceResponse:
    """Return what OctoPrint knows of the printers that it may be connected to."""
    coordinator = await async_get_coordinator(call, POLICY_READ)
    async with server_action(call, coordinator, Permission.CONNECTION):
        profiles = await coordinator.client.profiles.list()
        current = (await coordinator.client.connection.get()).printer_profile
    return {
        "profiles": [
            _profile(profile, is_current=profile.id == current)
            for profile in profiles.values()
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
