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

from ..api import OctoPrintNotFoundError
from ..api.patience import PLUGIN_COMMAND
from ..api.permissions import Permission, permission_name
from ..api.plugins import (
    PLUGIN_ID,
    bed_level_visualizer,
    cancel_objects,
    octolapse,
    psu_control,
    spool_manager,
    spoolman,
)
from ..api.plugins.spools import Spool
from ..api.redaction import without_secrets
from ..commands.execute import refusal
from ..commands.psu import async_check_power_off, async_turn_off_psu
from ..commands.rights import async_check_admin
from ..const import DOMAIN
from ..coordinator import OctoPrintCoordinator
from ..model.heaters import extruder_count
from .target import TARGET_SCHEMA, async_get_coordinator, server_action

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


def _require(
    call: ServiceCall, coordinator: OctoPrintCoordinator, *plugins: str
) -> str:
    """Return the first of some plugins that is there."""
    if (settings := coordinator.data.server.settings) is None:
        raise refusal(
            "command_missing_permission",
            coordinator.name,
            command=call.service,
            permission=permission_name(Permission.SETTINGS_READ),
        )
    for plugin in plugins:
        if plugin in settings.plugins:
            return plugin
    raise refusal("plugin_not_installed", coordinator.name, plugin=" / ".join(plugins))


async def _async_plugin_command(call: ServiceCall) -> ServiceResponse:
    """Send a plugin a command, or ask it without one, and return what it answers."""
    coordinator = await async_get_coordinator(call)
    plugin = call.data[ATTR_PLUGIN]
    parameters = call.data[ATTR_PARAMETERS]
    async with server_action(call, coordinator):
        if plugin == psu_control.PLUGIN:
            await _async_check_psu_command(call, coordinator)
        try:
            if (command := call.data.get(ATTR_COMMAND)) is None:
                answer = await coordinator.client.plugins.get(
                    plugin,
                    {key: str(value) for key, value in parameters.items()},
                    timeout=PLUGIN_COMMAND,
                )
            else:
                answer = await coordinator.client.plugins.command(
                    plugin, command, parameters, timeout=PLUGIN_COMMAND
                )
        except OctoPrintNotFoundError as err:
            raise refusal(
                "plugin_without_api", coordinator.name, plugin=plugin
            ) from err
    return {"answer": without_secrets(answer)} if call.return_response else None


async def _async_check_psu_command(
    call: ServiceCall, coordinator: OctoPrintCoordinator
) -> None:
    """Cut no power this way where the action for it would refuse to."""
    command = call.data.get(ATTR_COMMAND)
    psu = coordinator.data.plugins.psu
    if command == "turnPSUOff" or (
        command == "togglePSU" and (psu is None or psu.is_on)
    ):
        await async_check_power_off(coordinator)


async def _async_get_bed_mesh(call: ServiceCall) -> ServiceResponse:
    """Return the mesh that was collected last."""
    coordinator = await async_get_coordinator(call, POLICY_READ)
    _require(call, coordinator, bed_level_visualizer.PLUGIN)
    if (mesh := coordinator.data.plugins.mesh) is None:
        raise refusal("mesh_unknown", coordinator.name)
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
    coordinator = await async_get_coordinator(call, POLICY_READ)
    _require(call, coordinator, octolapse.PLUGIN)
    async with server_action(call, coordinator):
        found = await coordinator.client.plugins.octolapse.get()
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
    coordinator = await async_get_coordinator(call, POLICY_READ)
    _require(call, coordinator, cancel_objects.PLUGIN)
    async with server_action(call, coordinator):
        objects = await coordinator.client.plugins.cancel_objects.list()
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
    coordinator = await async_get_coordinator(call)
    _require(call, coordinator, cancel_objects.PLUGIN)
    wanted = call.data[ATTR_OBJECT]
    api = coordinator.client.plugins.cancel_objects
    async with server_action(call, coordinator):
        objects = await api.list()
        ids = [each.id for each in objects if wanted in (each.id, each.name)]
        placeholders = {
            "object": str(wanted),
            "objects": ", ".join(f"{each.id}: {each.name}" for each in objects) or "-",
        }
        if not ids:
            raise refusal("object_unknown", coordinator.name, **placeholders)
        if len(ids) > 1:
            raise refusal("object_ambiguous", coordinator.name, **placeholders)
        await api.cancel(ids[0])


async def _async_list_spools(call: ServiceCall) -> ServiceResponse:
    """Return the spools, and which of them are selected."""
    coordinator = await async_get_coordinator(call, POLICY_READ)
    _, spools, selected = await _async_spools(call, coordinator)
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
                "tools": [tool for tool, id_ in selected.items() if id_ == spool.id],
            }
            for spool in spools
        ]
    }


async def _async_spools(
    call: ServiceCall, coordinator: OctoPrintCoordinator
) -> tuple[str, tuple[Spool, ...], dict[int, int]]:
    """Return the plugin that keeps account, its spools, and their ids by tool."""
    plugin = _require(call, coordinator, spoolman.PLUGIN, spool_manager.PLUGIN)
    plugins = coordinator.client.plugins
    async with server_action(call, coordinator):
        if plugin == spoolman.PLUGIN:
            return (
                plugin,
                await plugins.spoolman.list(),
                await plugins.spoolman.selected(),
            )
        found = await plugins.spool_manager.list()
    selected = {tool: spool.id for tool, spool in enumerate(found.selected) if spool}
    return plugin, found.spools, selected


async def _async_select_spool(call: ServiceCall) -> None:
    """Select the spool of a tool."""
    coordinator = await async_get_coordinator(call)
    tool, spool_id = call.data[ATTR_TOOL], call.data.get(ATTR_SPOOL)
    tools = extruder_count(coordinator.data)
    if tool >= tools:
        raise refusal(
            "tool_unknown",
            coordinator.name,
            tool=str(tool),
            last_tool=str(tools - 1),
        )
    plugin, spools, _ = await _async_spools(call, coordinator)
    if spool_id is not None and not any(
        spool.id == spool_id and spool.is_usable for spool in spools
    ):
        raise refusal("spool_unknown", coordinator.name, spool=str(spool_id))
    plugins = coordinator.client.plugins
    async with server_action(call, coordinator):
        if plugin == spoolman.PLUGIN:
            await plugins.spoolman.select(tool, spool_id)
        elif coordinator.data.is_busy and ATTR_COMMIT not in call.data:
            raise refusal("spool_commit_missing", coordinator.name)
        else:
            await plugins.spool_manager.select(
                tool, spool_id, commit=call.data.get(ATTR_COMMIT)
            )
    coordinator.async_read_plugin(plugin)


async def _async_turn_off_psu(call: ServiceCall) -> None:
    """Cut the printer's power."""
    coordinator = await async_get_coordinator(call)
    if call.data[ATTR_FORCE]:
        # A print or the nozzle may be lost.
        await async_check_admin(coordinator, call.context, call.service)
    _require(call, coordinator, psu_control.PLUGIN)
    async with server_action(call, coordinator, Permission.PLUGIN_PSUCONTROL_CONTROL):
        await async_turn_off_psu(coordinator, call.service, force=call.data[ATTR_FORCE])
