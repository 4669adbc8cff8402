"""Actions for files: what is stored, selecting and printing it, and changing it."""

import voluptuous as vol

from homeassistant.auth.permissions.const import POLICY_READ
from homeassistant.const import ATTR_LOCATION
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

from ..api import Entry
from ..commands import files, manage_files
from ..commands.storage import LOCAL, LOCATIONS, FilePath
from ..const import DOMAIN
from .target import TARGET_SCHEMA, async_get_coordinator

ATTR_DESTINATION = "destination"
ATTR_PATH = "path"
ATTR_RECURSIVE = "recursive"

LOCATION = vol.In(LOCATIONS)

PATH = vol.All(cv.string, vol.Length(min=1))

FILE_SCHEMA = TARGET_SCHEMA.extend(
    {
        vol.Required(ATTR_PATH): PATH,
        vol.Optional(ATTR_LOCATION, default=LOCAL): LOCATION,
    }
)

LIST_FILES_SCHEMA = TARGET_SCHEMA.extend(
    {
        vol.Optional(ATTR_LOCATION): LOCATION,
        vol.Optional(ATTR_PATH): PATH,
        vol.Optional(ATTR_RECURSIVE, default=True): cv.boolean,
    }
)

TRANSFER_SCHEMA = FILE_SCHEMA.extend({vol.Required(ATTR_DESTINATION): PATH})

DELETE_SCHEMA = FILE_SCHEMA.extend(
    {vol.Optional(ATTR_RECURSIVE, default=False): cv.boolean}
)


@callback
def async_setup_file_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    for name, handler, schema, response in (
        ("analyse_file", _async_analyse_file, FILE_SCHEMA, SupportsResponse.NONE),
        ("copy_file", _async_copy_file, TRANSFER_SCHEMA, SupportsResponse.OPTIONAL),
        ("create_folder", _async_create_folder, FILE_SCHEMA, SupportsResponse.OPTIONAL),
        ("get_file", _async_get_file, FILE_SCHEMA, SupportsResponse.ONLY),
        ("list_files", _async_list_files, LIST_FILES_SCHEMA, SupportsResponse.ONLY),
        ("move_file", _async_move_file, TRANSFER_SCHEMA, SupportsResponse.OPTIONAL),
        ("print_file", _async_print_file, FILE_SCHEMA, SupportsResponse.NONE),
        ("select_file", _async_select_file, FILE_SCHEMA, SupportsResponse.NONE),
        ("unselect_file", _async_unselect_file, TARGET_SCHEMA, SupportsResponse.NONE),
    ):
        hass.services.async_register(
            DOMAIN, name, handler, schema, supports_response=response
        )
    # What is deleted is gone.
    async_register_admin_service(
        hass, DOMAIN, "delete_file", _async_delete_file, DELETE_SCHEMA
    )


def _file(call: ServiceCall) -> FilePath:
    """Return the file or folder that an action names."""
    return FilePath(name=call.data[ATTR_PATH], location=call.data[ATTR_LOCATION])


async def _async_print_file(call: ServiceCall) -> None:
    """Select a file and print it."""
    await files.async_print_file(await async_get_coordinator(call), _file(call))


async def _async_select_file(call: ServiceCall) -> None:
    """Select a file."""
    await files.async_select_file(await async_get_coordinator(call), _file(call))


async def _async_unselect_file(call: ServiceCall) -> None:
    """Select no file."""
    await files.async_unselect_file(await async_get_coordinator(call))


async def _async_get_file(call: ServiceCall) -> ServiceResponse:
    """Return what is known of a file."""
    coordinator = await async_get_coordinator(call, POLICY_READ)
    entry = await files.async_get_file(coordinator, _file(call))
    return file_response(entry, recursive=False)


async def _async_list_files(call: ServiceCall) -> ServiceResponse:
    """Return what is stored."""
    coordinator = await async_get_coordinator(call, POLICY_READ)
    recursive = call.data[ATTR_RECURSIVE]
    found = await files.async_list_files(
        coordinator,
        location=call.data.get(ATTR_LOCATION),
        path=call.data.get(ATTR_PATH, ""),
        recursive=recursive,
    )
    return {
        "files": [file_response(entry, recursive=recursive) for entry in found.entries],
        "free": found.free,
        "total": found.total,
    }


async def _async_create_folder(call: ServiceCall) -> ServiceResponse:
    """Create a folder in one that exists."""
    coordinator = await async_get_coordinator(call)
    return {"path": await manage_files.async_create_folder(coordinator, _file(call))}


async def _async_copy_file(call: ServiceCall) -> ServiceResponse:
    """Copy a file, or a folder with all in it."""
    coordinator = await async_get_coordinator(call)
    destination = call.data[ATTR_DESTINATION]
    path = await manage_files.async_copy_file(coordinator, _file(call), destination)
    return {"path": path}


async def _async_move_file(call: ServiceCall) -> ServiceResponse:
    """Move a file or a folder, or rename it."""
    coordinator = await async_get_coordinator(call)
    destination = call.data[ATTR_DESTINATION]
    path = await manage_files.async_move_file(coordinator, _file(call), destination)
    return {"path": path}


async def _async_delete_file(call: ServiceCall) -> None:
    """Delete a file, and a folder with all in it only where that is asked for."""
    await manage_files.async_delete_file(
        await async_get_coordinator(call),
        _file(call),
        recursive=call.data[ATTR_RECURSIVE],
        context=call.context,
    )


async def _async_analyse_file(call: ServiceCall) -> None:
    """Let OctoPrint analyse a file anew."""
    await manage_files.async_analyse_file(
        await async_get_coordinator(call), _file(call)
    )


def file_response(entry: Entry, *, recursive: bool) -> JsonObjectType:
    """Return a file or folder for a response."""
    analysis = entry.analysis
    prints = entry.prints
    last = prints.last if prints else None
    data: JsonObjectType = {
        "name": entry.name,
        "path": entry.path,
        "location": entry.origin,
        "type": entry.type,
        "size": entry.size,
        "date": entry.date.isoformat() if entry.date else None,
        "estimated_print_time": analysis.estimated_print_time if analysis else None,
        "filament": {
            tool: {"length": filament.length, "volume": filament.volume}
            for tool, filament in analysis.filament.items()
        }
        if analysis
        else None,
        "dimensions": {
            "width": analysis.width,
            "depth": analysis.depth,
            "height": analysis.height,
        }
        if analysis
        else None,
        "prints": {
            "success": prints.success,
            "failure": prints.failure,
            "last": {
                "success": last.success,
                "date": last.date.isoformat() if last.date else None,
                "print_time": last.print_time,
            }
            if last
            else None,
        }
        if prints
        else None,
        "thumbnail": entry.thumbnail.path if entry.thumbnail else None,
        "total_layers": entry.total_layers,
    }
    if entry.is_folder and recursive:
        data["children"] = [
            file_response(child, recursive=True) for child in entry.children
        ]
    return data
