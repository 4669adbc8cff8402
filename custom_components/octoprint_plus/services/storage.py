"""What the actions for files share: storages, paths, entries, and what can be wrong."""

from contextlib import suppress

import voluptuous as vol

from homeassistant.const import ATTR_LOCATION
from homeassistant.core import ServiceCall
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util.json import JsonObjectType

from ..api import OctoPrintError, OctoPrintRequestError
from ..api.entries import Entry
from ..api.errors import OctoPrintFullError
from ..api.gcode import is_safe_name
from ..api.paths import checked_path
from ..api.state import BUSY_STATES
from ..commands.execute import refusal
from ..coordinator import OctoPrintCoordinator
from .target import TARGET_SCHEMA, printer_offline

ATTR_PATH = "path"

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


def storage_name(coordinator: OctoPrintCoordinator, location: str) -> str:
    """Return a storage by the name that this server has for it."""
    if location == LOCAL:
        return location
    # OctoPrint 2 calls the printer's own storage by another name, which is not
    # always a card any more.
    is_new = coordinator.data.server.server.is_at_least(2, 0)
    return PRINTER if is_new else SDCARD


async def async_check_storage(
    call: ServiceCall, coordinator: OctoPrintCoordinator
) -> None:
    """Raise an error where the printer's own storage is meant and cannot be used.

    It is known not to be there, or the name of the file would change its G-code.
    """
    if call.data[ATTR_LOCATION] == LOCAL:
        return
    if not is_safe_name(call.data.get(ATTR_PATH, "")):
        raise file_error("file_name_unsafe", call, coordinator)
    if _storage_error(call, coordinator) is None:
        return
    # What is known may be half a minute old.
    await coordinator.async_refresh()
    if error := _storage_error(call, coordinator):
        raise error


async def async_not_found(
    call: ServiceCall, coordinator: OctoPrintCoordinator
) -> ServiceValidationError:
    """Return the error for a file that is not there, be it for want of its storage."""
    if call.data[ATTR_LOCATION] != LOCAL:
        # OctoPrint 1 answers so where a card was taken out, too.
        await coordinator.async_refresh()
        if error := _storage_error(call, coordinator):
            return error
    return file_error("file_not_found", call, coordinator)


def _storage_error(
    call: ServiceCall, coordinator: OctoPrintCoordinator
) -> ServiceValidationError | None:
    if not coordinator.last_update_success:
        # Then only OctoPrint itself can tell, or that it does not answer.
        return None
    if not coordinator.data.is_connected:
        return printer_offline(call, coordinator)
    if not coordinator.data.sd_ready:
        return file_error("sd_not_ready", call, coordinator)
    return None


def checked_destination(
    call: ServiceCall, coordinator: OctoPrintCoordinator, path: str
) -> str:
    """Return a path that is to come to be, or raise why there can be none."""
    try:
        return checked_path(path.strip("/"))
    except OctoPrintRequestError as err:
        raise file_error("path_invalid", call, coordinator, path=path) from err


async def async_check_unused(
    call: ServiceCall, coordinator: OctoPrintCoordinator, location: str, path: str
) -> None:
    """Raise an error for what is being printed, and for a folder with that in it."""
    if is_in_use(coordinator, location, path):
        # It may have ended since.
        await coordinator.async_refresh()
    if is_in_use(coordinator, location, path):
        raise file_error("file_in_use", call, coordinator, path=path)


def is_in_use(coordinator: OctoPrintCoordinator, location: str, path: str) -> bool:
    """Return whether a file, or one in a folder, is known to be printed or sent."""
    file = coordinator.file
    return (
        file is not None
        and coordinator.data.state in BUSY_STATES
        and file.origin == location
        and f"{file.path.strip('/')}/".startswith(f"{path}/")
    )


def is_full(err: Exception) -> bool:
    """Return whether OctoPrint's disk is too full, by its own account."""
    return isinstance(err, OctoPrintFullError) or "No space left" in str(err)


async def async_find(
    coordinator: OctoPrintCoordinator, location: str, path: str
) -> Entry | None:
    """Return what a path leads to, to tell why something cannot be done with it."""
    with suppress(OctoPrintError):
        return await coordinator.client.files.info(location, path)
    return None


def file_error(
    key: str, call: ServiceCall, coordinator: OctoPrintCoordinator, **placeholders: str
) -> ServiceValidationError:
    """Return the error for a file or folder, which names it and its storage."""
    return refusal(
        key,
        coordinator.name,
        **{
            "path": call.data.get(ATTR_PATH, ""),
            "location": call.data.get(ATTR_LOCATION, LOCAL),
            **placeholders,
        },
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
