"""Actions of OctoPrint's plugins."""

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

from ..api import PLUGIN_ID, octolapse
from ..commands.mesh import get_bed_mesh
from ..commands.objects import async_cancel_object, async_list_objects
from ..commands.plugins import async_plugin_command
from ..commands.psu import async_cut_power
from ..commands.spools import async_list_spools, async_select_spool
from ..commands.timelapse import async_get_octolapse
from ..const import DOMAIN
from .target import TARGET_SCHEMA, async_get_coordinator

ATTR_COMMAND = "command"
ATTR_COMMIT = "commit"
ATTR_FORCE = "force"
ATTR_OBJECT = "object"
ATTR_PARAMETERS = "parameters"
ATTR_PLUGIN = "plugin"
ATTR_SPOOL = "spool"
ATTR_TOOL = "tool"

ID = vol.All(vol.Coerce(int), vol.Range(min=0))

PLUGIN_COMMAND_SCHEMA = TARGET_SCHEMA.extend(
    {
        vol.Required(ATTR_PLUGIN): vol.All(
            cv.string, vol.Match(f"{PLUGIN_ID.pattern}$")
        ),
        vol.Optional(ATTR_COMMAND): vol.All(cv.string, vol.Length(min=1)),
        vol.Optional(ATTR_PARAMETERS, default=dict): dict,
    }
)

CANCEL_OBJECT_SCHEMA = TARGET_SCHEMA.extend(
    {vol.Required(ATTR_OBJECT): vol.Any(ID, cv.string)}
)

SELECT_SPOOL_SCHEMA = TARGET_SCHEMA.extend(
    {
        # The interface leaves out what is empty.
        vol.Optional(ATTR_SPOOL): vol.Any(None, ID),
        vol.Optional(ATTR_TOOL, default=0): ID,
        vol.Optional(ATTR_COMMIT): cv.boolean,
    }
)

TURN_OFF_PSU_SCHEMA = TARGET_SCHEMA.extend(
    {vol.Optional(ATTR_FORCE, default=False): cv.boolean}
)


@callback
def async_setup_plugin_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    # Nobody knows what a plugin does when it is told something.
    async_register_admin_service(
        hass,
        DOMAIN,
        "plugin_command",
        _async_plugin_command,
        PLUGIN_COMMAND_SCHEMA,
        supports_response=SupportsResponse.OPTIONAL,
    )
    for name, handler in (
        ("get_bed_mesh", _async_get_bed_mesh),
        ("get_octolapse", _async_get_octolapse),
        ("list_objects", _async_list_objects),
        ("list_spools", _async_list_spools),
    ):
        hass.services.async_register(
            DOMAIN,
            name,
            handler,
            TARGET_SCHEMA,
            supports_response=SupportsResponse.ONLY,
        )
    hass.services.async_register(
        DOMAIN, "cancel_object", _async_cancel_object, CANCEL_OBJECT_SCHEMA
    )
    hass.services.async_register(
        DOMAIN, "select_spool", _async_select_spool, SELECT_SPOOL_SCHEMA
    )
    hass.services.async_register(
        DOMAIN, "turn_off_psu", _async_turn_off_psu, TURN_OFF_PSU_SCHEMA
    )


async def _async_plugin_command(call: ServiceCall) -> ServiceResponse:
    """Send a plugin a command, or ask it without one, and return what it answers."""
    answer = await async_plugin_command(
        await async_get_coordinator(call),
        call.data[ATTR_PLUGIN],
        call.data.get(ATTR_COMMAND),
        call.data[ATTR_PARAMETERS],
        context=call.context,
    )
    return {"answer": answer} if call.return_response else None


async def _async_get_bed_mesh(call: ServiceCall) -> ServiceResponse:
    """Return the mesh that was collected last."""
    mesh = get_bed_mesh(await async_get_coordinator(call, POLICY_READ))
    return {
        "mesh": [list(row) for row in mesh.rows],
        "minimum": mesh.minimum,
        "maximum": mesh.maximum,
        "range": round(mesh.range, 4),
        "mean": round(mesh.mean, 4),
        "deviation": round(mesh.deviation, 4),
        "x": [mesh.x_min, mesh.x_max],
        "y": [mesh.y_min, mesh.y_max],
        "time": mesh.time.isoformat(timespec="seconds") if mesh.time else None,
    }


async def _async_get_octolapse(call: ServiceCall) -> ServiceResponse:
    """Return what Octolapse does, and how it is set."""
    found = await async_get_octolapse(await async_get_coordinator(call, POLICY_READ))
    status = found.status
    return {
        "enabled": found.is_enabled,
        "test_mode": found.is_test_mode_enabled,
        "version": found.version,
        "profiles": dict(found.profiles),
        "state": octolapse.state_name(status.state) if status else None,
        "timelapse_active": status.is_timelapse_active if status else None,
        "rendering": status.is_rendering if status else None,
        "snapshots": status.snapshot_count if status else None,
        "failed_snapshots": status.snapshot_failed_count if status else None,
    }


async def _async_list_objects(call: ServiceCall) -> ServiceResponse:
    """Return the objects of the selected file."""
    objects = await async_list_objects(await async_get_coordinator(call, POLICY_READ))
    return {
        "objects": [
            {
                "id": each.id,
                "name": each.name,
                "cancelled": each.is_cancelled,
                "ignored": each.is_ignored,
            }
            for each in objects
        ]
    }


async def _async_cancel_object(call: ServiceCall) -> None:
    """Leave an object out of the rest of the print."""
    await async_cancel_object(await async_get_coordinator(call), call.data[ATTR_OBJECT])


async def _async_list_spools(call: ServiceCall) -> ServiceResponse:
    """Return the spools, and which of them are selected."""
    found = await async_list_spools(await async_get_coordinator(call, POLICY_READ))
    return {
        "spools": [
            {
                "id": spool.id,
                "name": spool.name,
                "material": spool.material,
                "vendor": spool.vendor,
                "color": spool.color,
                "total_weight": spool.total_weight,
                "used_weight": spool.used_weight,
                "remaining_weight": spool.remaining_weight,
                "remaining_length": spool.remaining_length,
                "usable": spool.is_usable,
                "tools": [
                    tool for tool, id_ in found.selected.items() if id_ == spool.id
                ],
            }
            for spool in found.spools
        ]
    }


async def _async_select_spool(call: ServiceCall) -> None:
    """Select the spool of a tool."""
    await async_select_spool(
        await async_get_coordinator(call),
        call.data.get(ATTR_SPOOL),
        tool=call.data[ATTR_TOOL],
        commit=call.data.get(ATTR_COMMIT),
    )


async def _async_turn_off_psu(call: ServiceCall) -> None:
    """Cut the printer's power."""
    await async_cut_power(
        await async_get_coordinator(call),
        force=call.data[ATTR_FORCE],
        context=call.context,
    )
