"""Actions of the family files: what is stored, and selecting or printing it."""

from contextlib import suppress

import voluptuous as vol

from homeassistant.const import ATTR_LOCATION
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util.json import JsonObjectType

from ..api import OctoPrintError, OctoPrintNotFoundError, OctoPrintRequestError
from ..api.entries import Entry
from ..api.state import BUSY_STATES
from ..const import DOMAIN
from ..coordinator import OctoPrintCoordinator
from ..helpers import refusal
from .target import (
    TARGET_SCHEMA,
    async_get_coordinator,
    printer_action,
    printer_offline,
    server_action,
)

ATTR_PATH = "path"
ATTR_RECURSIVE = "recursive"

LOCAL = "local"
PRINTER = "printer"
SDCARD = "sdcard"

LOCATION = vol.In((LOCAL, PRINTER, SDCARD))

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


@callback
def async_setup_file_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    hass.services.async_register(DOMAIN, "print_file", _async_print_file, FILE_SCHEMA)
    hass.services.async_register(DOMAIN, "select_file", _async_select_file, FILE_SCHEMA)
    hass.services.async_register(
        DOMAIN,
        "list_files",
        _async_list_files,
        LIST_FILES_SCHEMA,
        supports_response=SupportsResponse.ONLY,
    )


async def _async_print_file(call: ServiceCall) -> None:
    """Select a file and print it."""
    await _async_select(call, print_=True)


async def _async_select_file(call: ServiceCall) -> None:
    """Select a file."""
    await _async_select(call, print_=False)


async def _async_select(call: ServiceCall, *, print_: bool) -> None:
    coordinator = async_get_coordinator(call)
    location = _location(coordinator, call.data[ATTR_LOCATION])
    path = call.data[ATTR_PATH].strip("/")
    permissions = ("FILES_SELECT", *(("PRINT",) if print_ else ()))
    async with printer_action(call, coordinator, *permissions, forbidden=BUSY_STATES):
        try:
            await coordinator.client.files.select(location, path, print_=print_)
        except OctoPrintNotFoundError as err:
            entry = await _async_find(coordinator, location, path)
            is_folder = entry is not None and entry.is_folder
            key = "file_is_folder" if is_folder else "file_not_found"
            raise _error(key, call, coordinator) from err
        except OctoPrintRequestError as err:
            entry = await _async_find(coordinator, location, path)
            if entry is None or entry.type == "machinecode":
                raise
            raise _error("file_not_printable", call, coordinator) from err


async def _async_find(
    coordinator: OctoPrintCoordinator, location: str, path: str
) -> Entry | None:
    """Return what a path leads to, to tell why it cannot be printed."""
    with suppress(OctoPrintError):
        return await coordinator.client.files.info(location, path)
    return None


async def _async_list_files(call: ServiceCall) -> ServiceResponse:
    """Return what is stored."""
    coordinator = async_get_coordinator(call)
    path = call.data.get(ATTR_PATH, "").strip("/")
    location = call.data.get(ATTR_LOCATION, LOCAL if path else None)
    recursive = call.data[ATTR_RECURSIVE]
    async with server_action(call, coordinator, "FILES_LIST"):
        try:
            found = await coordinator.client.files.list(
                location and _location(coordinator, location),
                # The folder is looked for in the tree, however deep it lies there.
                recursive=recursive or bool(path),
            )
        except OctoPrintNotFoundError as err:
            # From OctoPrint 2 on there is no such storage while the printer is off.
            if not coordinator.data.is_connected:
                raise printer_offline(call, coordinator) from err
            raise _error("storage_not_found", call, coordinator) from err
        entries = found.entries
        if path:
            folder = next((entry for entry in found.walk() if entry.path == path), None)
            if folder is None or not folder.is_folder:
                raise _error("folder_not_found", call, coordinator)
            entries = folder.children
    return {
        "files": [_file(entry, recursive=recursive) for entry in entries],
        "free": found.free,
        "total": found.total,
    }


def _location(coordinator: OctoPrintCoordinator, location: str) -> str:
    """Return a storage by the name that this server has for it."""
    if location == LOCAL:
        return location
    # OctoPrint 2 calls the printer's own storage by another name, which is not
    # always a card any more.
    is_new = coordinator.data.server.server.is_at_least(2, 0)
    return PRINTER if is_new else SDCARD


def _file(entry: Entry, *, recursive: bool) -> JsonObjectType:
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
    }
    if entry.is_folder and recursive:
        data["children"] = [_file(child, recursive=True) for child in entry.children]
    return data


def _error(
    key: str, call: ServiceCall, coordinator: OctoPrintCoordinator
) -> ServiceValidationError:
    return refusal(
        key,
        coordinator.name,
        path=call.data.get(ATTR_PATH, ""),
        location=call.data.get(ATTR_LOCATION, LOCAL),
    )
