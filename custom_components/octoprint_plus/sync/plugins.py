"""What each plugin is asked, and the states that follow from its answer."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from ..api import (
    OctoPrintClient,
    Permission,
    action_command,
    bed_level_visualizer,
    cancel_objects,
    display_layer_progress,
    psu_control,
    software_update,
    spool_manager,
    spoolman,
)
from ..model.plugins import PluginStates, advance_plugins

type Reader = Callable[[OctoPrintClient, PluginStates], Awaitable[PluginStates]]


async def _read_psu(client: OctoPrintClient, states: PluginStates) -> PluginStates:
    api = client.plugins.psu_control
    return replace(states, psu=await api.get(), psu_settings=await api.settings())


async def _read_prompt(client: OctoPrintClient, states: PluginStates) -> PluginStates:
    prompt = await client.plugins.action_command.prompt()
    return replace(states, prompt=prompt, is_prompt_known=True)


async def _read_objects(client: OctoPrintClient, states: PluginStates) -> PluginStates:
    objects = await client.plugins.cancel_objects.list()
    return advance_plugins(states, cancel_objects.ObjectList(objects=objects))


async def _read_layers(client: OctoPrintClient, states: PluginStates) -> PluginStates:
    return replace(states, layers=await client.plugins.display_layer_progress.get())


async def _read_mesh(client: OctoPrintClient, states: PluginStates) -> PluginStates:
    settings = await client.plugins.bed_level_visualizer.settings()
    # What was collected while we listened is newer than what a browser stored.
    is_heard = states.mesh is not None and states.mesh.time is not None
    return replace(states, mesh=states.mesh if is_heard else settings.stored_mesh)


async def _read_versions(client: OctoPrintClient, states: PluginStates) -> PluginStates:
    versions = await client.plugins.software_update.check()
    # The end of an update that restarts the server may be told to nobody.
    is_updating = versions.status == "inProgress"
    return replace(
        states, versions=versions, updating=states.updating if is_updating else None
    )


async def _read_spool_manager(
    client: OctoPrintClient, states: PluginStates
) -> PluginStates:
    found = await client.plugins.spool_manager.list()
    return replace(
        states,
        spools=found.spools,
        selected_spools={
            tool: spool.id for tool, spool in enumerate(found.selected) if spool
        },
    )


async def _read_spoolman(client: OctoPrintClient, states: PluginStates) -> PluginStates:
    api = client.plugins.spoolman
    return replace(
        states,
        spools=await api.list(),
        selected_spools=await api.selected(),
        is_enough=await api.is_enough(),
    )


READERS: Mapping[str, Reader] = {
    action_command.PROMPT_PLUGIN: _read_prompt,
    bed_level_visualizer.PLUGIN: _read_mesh,
    cancel_objects.PLUGIN: _read_objects,
    display_layer_progress.PLUGIN: _read_layers,
    psu_control.PLUGIN: _read_psu,
    spool_manager.PLUGIN: _read_spool_manager,
    spoolman.PLUGIN: _read_spoolman,
    # It may ask the internet before it answers, so it comes last.
    software_update.PLUGIN: _read_versions,
}
"""By the names under which the plugins stand in the settings."""

PERMISSIONS: Mapping[str, str] = {
    action_command.PROMPT_PLUGIN: Permission.PLUGIN_ACTION_COMMAND_PROMPT_INTERACT,
    software_update.PLUGIN: software_update.CHECK,
}
"""What a plugin asks of who reads it, beside the permission STATUS."""
