"""The commands by the names of the actions that call them, with the fields of these.

Whoever acts is in the field `acting`, which no action has; without it nobody is asked for. `ask_gcode`
is send_gcode with a response.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from custom_components.octoprint_plus.api import TimelapseOptions
from custom_components.octoprint_plus.commands import (
    connect,
    files,
    gcode,
    manage_files,
    mesh,
    move,
    objects,
    plugins,
    psu,
    settings,
    slicing,
    spools,
    system,
    timelapse,
)
from custom_components.octoprint_plus.commands.storage import FilePath
from custom_components.octoprint_plus.coordinator import OctoPrintCoordinator
from custom_components.octoprint_plus.model.choice import ConnectionChoice

type Data = Mapping[str, Any]


def file(data: Data) -> FilePath:
    """Return the file that is named."""
    return FilePath(name=data["path"], location=data.get("location", "local"))


async def _get_bed_mesh(coordinator: OctoPrintCoordinator, _: Data) -> Any:
    return mesh.get_bed_mesh(coordinator)


ACTIONS: Mapping[str, Callable[[OctoPrintCoordinator, Data], Awaitable[Any]]] = {
    "analyse_file": lambda c, d: manage_files.async_analyse_file(c, file(d)),
    "ask_gcode": lambda c, d: gcode.async_ask_gcode(
        c, d["commands"], timeout=30, context=d.get("acting")
    ),
    "cancel_object": lambda c, d: objects.async_cancel_object(c, d["object"]),
    "connect": lambda c, d: connect.async_connect_printer(
        c,
        ConnectionChoice(
            port=d.get("port"),
            baudrate=d.get("baudrate"),
            printer_profile=d.get("profile"),
        ),
        save=d.get("save", False),
        autoconnect=d.get("autoconnect"),
        context=d.get("acting"),
    ),
    "copy_file": lambda c, d: manage_files.async_copy_file(
        c, file(d), d["destination"]
    ),
    "create_folder": lambda c, d: manage_files.async_create_folder(c, file(d)),
    "delete_file": lambda c, d: manage_files.async_delete_file(
        c, file(d), recursive=d.get("recursive", False), context=d.get("acting")
    ),
    "delete_timelapse": lambda c, d: timelapse.async_delete_timelapse(
        c, d["name"], unrendered=d.get("unrendered", False), context=d.get("acting")
    ),
    "disconnect": lambda c, _: connect.async_disconnect_printer(c),
    "extrude": lambda c, d: move.async_extrude(
        c, d["amount"], speed=d.get("speed"), tool=d.get("tool")
    ),
    "fake_ack": lambda c, _: connect.async_fake_ack(c),
    "get_bed_mesh": _get_bed_mesh,
    "get_octolapse": lambda c, _: timelapse.async_get_octolapse(c),
    "get_file": lambda c, d: files.async_get_file(c, file(d)),
    "get_settings": lambda c, d: settings.async_get_settings(
        c,
        d["key"].split(".") if "key" in d else (),
        plugin=d.get("plugin"),
        context=d.get("acting"),
    ),
    "home": lambda c, d: move.async_home(c, d.get("axes", move.AXES)),
    "jog": lambda c, d: move.async_jog(
        c,
        {axis: d[axis] for axis in move.AXES if axis in d},
        absolute=d.get("absolute", False),
        speed=d.get("speed"),
    ),
    "list_objects": lambda c, _: objects.async_list_objects(c),
    "list_spools": lambda c, _: spools.async_list_spools(c),
    "move_file": lambda c, d: manage_files.async_move_file(
        c, file(d), d["destination"]
    ),
    "plugin_command": lambda c, d: plugins.async_plugin_command(
        c,
        d["plugin"],
        d.get("command"),
        d.get("parameters", {}),
        context=d.get("acting"),
    ),
    "print_file": lambda c, d: files.async_print_file(c, file(d)),
    "render_timelapse": lambda c, d: timelapse.async_render_timelapse(c, d["name"]),
    "run_control": lambda c, d: gcode.async_run_control(
        c, d["control"], d.get("parameters", {}), context=d.get("acting")
    ),
    "run_script": lambda c, d: gcode.async_run_script(
        c, d["script"], d.get("context", {}), context=d.get("acting")
    ),
    "run_system_command": lambda c, d: system.async_run_system_command(
        c, d["source"], d["action"], context=d.get("acting")
    ),
    "select_file": lambda c, d: files.async_select_file(c, file(d)),
    "select_spool": lambda c, d: spools.async_select_spool(
        c, d.get("spool"), tool=d.get("tool", 0), commit=d.get("commit")
    ),
    "select_tool": lambda c, d: move.async_select_tool(c, d["tool"]),
    "send_gcode": lambda c, d: gcode.async_send_gcode(
        c, d["commands"], d.get("parameters"), context=d.get("acting")
    ),
    "set_timelapse": lambda c, d: timelapse.async_set_timelapse(
        c,
        d.get("type"),
        TimelapseOptions(
            **{
                key: value
                for key, value in d.items()
                if key not in ("acting", "save", "type")
            }
        ),
        save=d.get("save", False),
        context=d.get("acting"),
    ),
    "slice_file": lambda c, d: slicing.async_slice_file(
        c,
        slicing.SliceOrder(
            path=d["path"],
            slicer=d.get("slicer"),
            profile=d.get("profile"),
            destination=d.get("destination"),
            overwrite=d.get("overwrite", False),
            print_=d.get("print", False),
        ),
        context=d.get("acting"),
    ),
    "turn_off_psu": lambda c, d: psu.async_cut_power(
        c, force=d.get("force", False), context=d.get("acting")
    ),
    "unselect_file": lambda c, _: files.async_unselect_file(c),
    "update_settings": lambda c, d: settings.async_update_settings(
        c, d["settings"], context=d.get("acting")
    ),
}
