"""The commands by the names of the actions that call them, with the fields of these."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from custom_components.octoprint_plus.commands import (
    files,
    gcode,
    manage_files,
    move,
    settings,
    system,
    timelapse,
)
from custom_components.octoprint_plus.commands.storage import FilePath
from custom_components.octoprint_plus.coordinator import OctoPrintCoordinator

type Data = Mapping[str, Any]


def file(data: Data) -> FilePath:
    """Return the file that is named."""
    return FilePath(name=data["path"], location=data.get("location", "local"))


def destination(data: Data) -> str:
    """Return where it is to be."""
    return str(data["destination"]).strip("/")


ACTIONS: Mapping[str, Callable[[OctoPrintCoordinator, Data], Awaitable[Any]]] = {
    "analyse_file": lambda c, d: manage_files.async_analyse_file(c, file(d)),
    "copy_file": lambda c, d: manage_files.async_copy_file(c, file(d), destination(d)),
    "create_folder": lambda c, d: manage_files.async_create_folder(c, file(d)),
    "delete_file": lambda c, d: manage_files.async_delete_file(
        c, file(d), recursive=d.get("recursive", False)
    ),
    "delete_timelapse": lambda c, d: timelapse.async_delete_timelapse(
        c, d["name"], unrendered=d.get("unrendered", False)
    ),
    "extrude": lambda c, d: move.async_extrude(
        c, d["amount"], speed=d.get("speed"), tool=d.get("tool")
    ),
    "get_file": lambda c, d: files.async_get_file(c, file(d)),
    "get_settings": lambda c, d: settings.async_get_settings(
        c, d["key"].split(".") if "key" in d else (), plugin=d.get("plugin")
    ),
    "home": lambda c, d: move.async_home(c, d.get("axes", move.AXES)),
    "jog": lambda c, d: move.async_jog(
        c,
        {axis: d[axis] for axis in move.AXES if axis in d},
        absolute=d.get("absolute", False),
        speed=d.get("speed"),
    ),
    "list_files": lambda c, d: files.async_list_files(c, **d),
    "list_timelapses": lambda c, _: timelapse.async_list_timelapses(c),
    "move_file": lambda c, d: manage_files.async_move_file(c, file(d), destination(d)),
    "print_file": lambda c, d: files.async_print_file(c, file(d)),
    "render_timelapse": lambda c, d: timelapse.async_render_timelapse(c, d["name"]),
    "run_script": lambda c, d: gcode.async_run_script(
        c, d["script"], d.get("context", {})
    ),
    "run_system_command": lambda c, d: system.async_run_system_command(
        c, d["source"], d["action"]
    ),
    "select_file": lambda c, d: files.async_select_file(c, file(d)),
    "select_tool": lambda c, d: move.async_select_tool(c, d["tool"]),
    "send_gcode": lambda c, d: gcode.async_send_gcode(
        c, d["commands"], d.get("parameters")
    ),
    "unselect_file": lambda c, _: files.async_unselect_file(c),
    "update_settings": lambda c, d: settings.async_update_settings(c, d["settings"]),
}
