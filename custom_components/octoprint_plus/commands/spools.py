"""The spools that SpoolManager or Spoolman keeps account of."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..api import Spool, spool_manager, spoolman
from ..coordinator import OctoPrintCoordinator
from ..model.heaters import extruder_count
from .checks import require_plugin
from .execute import server_command
from .move import tool_unknown
from .refusals import refusal


@dataclass(frozen=True, kw_only=True, slots=True)
class Spools:
    """All spools, and which of them are selected."""

    plugin: str
    """The plugin that keeps account."""

    spools: tuple[Spool, ...]
    selected: Mapping[int, int]
    """The ids of spools by the numbers of their tools."""


async def async_list_spools(coordinator: OctoPrintCoordinator) -> Spools:
    """Return the spools, and which of them are selected."""
    return await _async_read(coordinator, "list_spools")


async def async_select_spool(
    coordinator: OctoPrintCoordinator,
    spool_id: int | None,
    *,
    tool: int = 0,
    commit: bool | None = None,
) -> None:
    """Select the spool of a tool, or none.

    During a print SpoolManager has to be told by `commit` whether what was used so far is
    booked on the spool before.
    """
    command = "select_spool"
    tools = extruder_count(coordinator.data)
    if not 0 <= tool < tools:
        raise tool_unknown(coordinator, tool, tools)
    found = await _async_read(coordinator, command)
    if spool_id is not None and not any(
        spool.id == spool_id and spool.is_usable for spool in found.spools
    ):
        raise refusal("spool_unknown", coordinator.name, spool=str(spool_id))
    plugins = coordinator.client.plugins
    async with server_command(coordinator, command):
        if found.plugin == spoolman.PLUGIN:
            await plugins.spoolman.select(tool, spool_id)
        elif coordinator.data.is_busy and commit is None:
            raise refusal("spool_commit_missing", coordinator.name)
        else:
            await plugins.spool_manager.select(tool, spool_id, commit=commit)
    coordinator.async_read_plugin(found.plugin)


async def _async_read(coordinator: OctoPrintCoordinator, command: str) -> Spools:
    plugin = require_plugin(coordinator, command, spoolman.PLUGIN, spool_manager.PLUGIN)
    plugins = coordinator.client.plugins
    async with server_command(coordinator, command):
        if plugin == spoolman.PLUGIN:
            return Spools(
                plugin=plugin,
                spools=await plugins.spoolman.list(),
                selected=await plugins.spoolman.selected(),
            )
        found = await plugins.spool_manager.list()
    return Spools(
        plugin=plugin,
        spools=found.spools,
        selected={tool: spool.id for tool, spool in enumerate(found.selected) if spool},
    )
