"""Cutting the printer's power for whoever asks for it by name, by force if need be."""

from homeassistant.core import Context

from ..api import Permission, psu_control
from ..coordinator import OctoPrintCoordinator
from .execute import server_command
from .plugins import require_plugin
from .psu import async_turn_off_psu
from .rights import async_check_admin

COMMAND = "turn_off_psu"


async def async_cut_power(
    coordinator: OctoPrintCoordinator, *, force: bool, context: Context | None
) -> None:
    """Cut the printer's power; by force also where a print or the nozzle may be lost."""
    if force:
        await async_check_admin(coordinator, context, COMMAND)
    require_plugin(coordinator, COMMAND, psu_control.PLUGIN)
    async with server_command(
        coordinator, COMMAND, Permission.PLUGIN_PSUCONTROL_CONTROL
    ):
        await async_turn_off_psu(coordinator, COMMAND, force=force)
