"""Messages of the plugins: which of them can be read, and by what."""

from collections.abc import Callable, Mapping

from ..parsing import Json, mapping
from . import (
    action_command,
    bed_level_visualizer,
    cancel_objects,
    display_layer_progress,
    psu_control,
    software_update,
    spool_manager,
    spoolman,
)

type PluginMessage = (
    action_command.PromptShown
    | action_command.PromptClosed
    | bed_level_visualizer.MeshCollected
    | cancel_objects.CancelObjectsMessage
    | display_layer_progress.LayerProgress
    | psu_control.PsuState
    | software_update.SoftwareUpdateMessage
    | spool_manager.SpoolManagerMessage
    | spoolman.SpoolmanMessage
)

MESSAGE_PARSERS: Mapping[str, Callable[[Json], PluginMessage | None]] = {
    action_command.PROMPT_PLUGIN: action_command.parse_prompt_message,
    bed_level_visualizer.PLUGIN: bed_level_visualizer.parse_collected,
    cancel_objects.PLUGIN: cancel_objects.parse_message,
    display_layer_progress.PUSH_NAME: display_layer_progress.parse_message,
    psu_control.PLUGIN: psu_control.parse_message,
    software_update.PLUGIN: software_update.parse_message,
    spool_manager.PLUGIN: spool_manager.parse_message,
}
"""By the names of plugins; each reads the data of a `plugin` message."""

EVENT_PARSERS: Mapping[str, Callable[[Json], PluginMessage | None]] = {
    **bed_level_visualizer.EVENTS,
    **cancel_objects.EVENTS,
    **psu_control.EVENTS,
    **software_update.EVENTS,
    **spoolman.EVENTS,
}
"""By the names of events; each reads the payload of an `event`."""

SUBSCRIBED_PLUGINS = tuple(MESSAGE_PARSERS)
SUBSCRIBED_EVENTS = tuple(EVENT_PARSERS)


def parse_plugin_message(message: Json) -> PluginMessage | None:
    """Read a `plugin` message of the socket, None for what is not known or needed."""
    plugin = message.get("plugin")
    parser = MESSAGE_PARSERS.get(plugin) if isinstance(plugin, str) else None
    return parser(mapping(message.get("data"))) if parser else None


def parse_plugin_event(name: str, payload: object) -> PluginMessage | None:
    """Read an event of a plugin, None for what is not known or needed."""
    parser = EVENT_PARSERS.get(name)
    return parser(mapping(payload)) if parser else None
