"""Actions of the family files: what is stored, and selecting or printing it."""

from contextlib import nullcontext

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

from ..api import OctoPrintConflictError, OctoPrintNotFoundError, OctoPrintRequestError
from ..api.permissions import Permission
from ..api.state import BUSY_STATES
from ..commands.exclusive import starting_print
from ..commands.execute import refusal
from ..const import DOMAIN
from .storage import (
    ATTR_PATH,
    FILE_SCHEMA,
    LOCAL,
    LOCATION,
    PATH,
    async_check_storage,
    async_find,
    async_not_found,
    file_error,
    file_response,
    storage_name,
)
from .target import (
    TARGET_SCHEMA,
    async_get_coordinator,
    printer_action,
    printer_offline,
    server_action,
)

ATTR_RECURSIVE = "recursive"

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
        DOMAIN, "unselect_file", _async_unselect_file, TARGET_SCHEMA
    )
    hass.services.async_register(
        DOMAIN,
        "get_file",
        _async_get_file,
        FILE_SCHEMA,
        supports_response=SupportsResponse.ONLY,
    )
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
    coordinator = await async_get_coordinator(call)
    location = storage_name(coordinator, call.data[ATTR_LOCATION])
    path = call.data[ATTR_PATH].strip("/")
    permissions = (Permission.FILES_SELECT, *((Permission.PRINT,) if print_ else ()))
    async with printer_action(call, coordinator, *permissions, forbidden=BUSY_STATES):
        await async_check_storage(call, coordinator)
        try:
            with starting_print(coordinator, call.service) if print_ else nullcontext():
                await coordinator.client.files.select(location, path, print_=print_)
        except OctoPrintNotFoundError as err:
            entry = await async_find(coordinator, location, path)
            is_folder = entry is not None and entry.is_folder
            if is_folder:
                raise file_error("file_is_folder", call, coordinator) from err
            raise await async_not_found(call, coordinator) from err
        except OctoPrintRequestError as err:
            entry = await async_find(coordinator, location, path)
            if entry is None or entry.type == "machinecode":
                raise
            raise file_error("file_not_printable", call, coordinator) from err


async def _async_unselect_file(call: ServiceCall) -> None:
    """Select no file."""
    coordinator = await async_get_coordinator(call)
    async with printer_action(
        call, coordinator, Permission.FILES_SELECT, forbidden=BUSY_STATES
    ):
        try:
            await coordinator.client.files.unselect()
        except OctoPrintConflictError as err:
            await coordinator.async_refresh()
            if coordinator.data.is_connected and coordinator.file is None:
                raise refusal("no_file_selected", coordinator.name) from err
            raise


async def _async_get_file(call: ServiceCall) -> ServiceResponse:
    """Return what is known of a file."""
    coordinator = await async_get_coordinator(call, POLICY_READ)
    location = storage_name(coordinator, call.data[ATTR_LOCATION])
    async with server_action(call, coordinator, Permission.FILES_LIST):
        await async_check_storage(call, coordinator)
        try:
            entry = await coordinator.client.files.info(
                location, call.data[ATTR_PATH].strip("/")
            )
        except OctoPrintNotFoundError as err:
            raise await async_not_found(call, coordinator) from err
        if entry.is_folder:
            raise file_error("file_is_folder", call, coordinator)
    return file_response(entry, recursive=False)


async def _async_list_files(call: ServiceCall) -> ServiceResponse:
    """Return what is stored."""
    coordinator = await async_get_coordinator(call, POLICY_READ)
    path = call.data.get(ATTR_PATH, "").strip("/")
    location = call.data.get(ATTR_LOCATION, LOCAL if path else None)
    recursive = call.data[ATTR_RECURSIVE]
    async with server_action(call, coordinator, Permission.FILES_LIST):
        try:
            found = await coordinator.client.files.list(
                location and storage_name(coordinator, location),
                # The folder is looked for in the tree, however deep it lies there.
                recursive=recursive or bool(path),
            )
        except OctoPrintNotFoundError as err:
            # From OctoPrint 2 on there is no such storage while the printer is off.
            if not coordinator.data.is_connected:
                raise printer_offline(call, coordinator) from err
            raise file_error("storage_not_found", call, coordinator) from err
        entries = found.entries
        if path:
            folder = next((entry for entry in found.walk() if entry.path == path), None)
            if folder is None or not folder.is_folder:
                raise file_error("folder_not_found", call, coordinator)
            entries = folder.children
    return {
        "files": [file_response(entry, recursive=recursive) for entry in entries],
        "free": found.free,
        "total": found.total,
    }
