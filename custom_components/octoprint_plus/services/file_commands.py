"""Actions of the family files that change what is stored."""

from pathlib import PurePosixPath

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
from homeassistant.helpers.service import async_register_admin_service

from ..api import (
    OctoPrintConflictError,
    OctoPrintNotFoundError,
    OctoPrintPermissionError,
    OctoPrintRequestError,
)
from ..api.entries import Entry
from ..api.permissions import Permission
from ..const import DOMAIN
from ..coordinator import OctoPrintCoordinator
from .storage import (
    ATTR_PATH,
    FILE_SCHEMA,
    LOCAL,
    PATH,
    SDCARD,
    async_check_storage,
    async_check_unused,
    async_find,
    async_not_found,
    checked_destination,
    file_error,
    is_full,
    storage_name,
)
from .target import async_get_coordinator, server_action

ATTR_DESTINATION = "destination"
ATTR_RECURSIVE = "recursive"

TRANSFER_SCHEMA = FILE_SCHEMA.extend({vol.Required(ATTR_DESTINATION): PATH})

DELETE_SCHEMA = FILE_SCHEMA.extend(
    {vol.Optional(ATTR_RECURSIVE, default=False): cv.boolean}
)


@callback
def async_setup_file_command_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    for name, handler, schema in (
        ("copy_file", _async_copy_file, TRANSFER_SCHEMA),
        ("create_folder", _async_create_folder, FILE_SCHEMA),
        ("move_file", _async_move_file, TRANSFER_SCHEMA),
    ):
        hass.services.async_register(
            DOMAIN, name, handler, schema, supports_response=SupportsResponse.OPTIONAL
        )
    hass.services.async_register(
        DOMAIN, "analyse_file", _async_analyse_file, FILE_SCHEMA
    )
    # What is deleted is gone.
    async_register_admin_service(
        hass, DOMAIN, "delete_file", _async_delete_file, DELETE_SCHEMA
    )


async def _async_create_folder(call: ServiceCall) -> ServiceResponse:
    """Create a folder in one that exists."""
    coordinator = await async_get_coordinator(call)
    files = coordinator.client.files
    path = checked_destination(call, coordinator, call.data[ATTR_PATH])
    parent, _, name = path.rpartition("/")
    async with server_action(call, coordinator, Permission.FILES_UPLOAD):
        location = await _async_storage_with_folders(call, coordinator)
        try:
            created = await files.create_folder(location, name, parent or None)
        except OctoPrintConflictError as err:
            raise file_error("folder_name_invalid", call, coordinator) from err
        except OctoPrintRequestError as err:
            if parent and await _async_is_missing(coordinator, location, parent):
                raise file_error(
                    "folder_not_found", call, coordinator, path=parent
                ) from err
            raise
    return {"path": created}


async def _async_copy_file(call: ServiceCall) -> ServiceResponse:
    """Copy a file, or a folder with all in it."""
    return await _async_transfer(
        call, (Permission.FILES_LIST, Permission.FILES_UPLOAD), moves=False
    )


async def _async_move_file(call: ServiceCall) -> ServiceResponse:
    """Move a file or a folder, or rename it."""
    permissions = (
        Permission.FILES_LIST,
        Permission.FILES_UPLOAD,
        Permission.FILES_DELETE,
    )
    return await _async_transfer(call, permissions, moves=True)


async def _async_transfer(
    call: ServiceCall, permissions: tuple[str, ...], *, moves: bool
) -> ServiceResponse:
    """Put a file or folder to another place; only a move takes it away from its own."""
    coordinator = await async_get_coordinator(call)
    path, destination = _source_and_destination(call, coordinator)
    files = coordinator.client.files
    transfer = files.move if moves else files.copy
    async with server_action(call, coordinator, *permissions):
        location = await _async_storage_with_folders(call, coordinator)
        if moves:
            await async_check_unused(call, coordinator, location, path)
        entry = await _async_entry(call, coordinator, location)
        try:
            new_path = await transfer(location, path, destination)
        except (
            OctoPrintConflictError,
            OctoPrintNotFoundError,
            OctoPrintRequestError,
        ) as err:
            if moves and isinstance(err, OctoPrintConflictError):
                # OctoPrint has the same answer for what it prints.
                await coordinator.async_refresh()
                await async_check_unused(call, coordinator, location, path)
            if error := _transfer_error(call, coordinator, entry, err):
                raise error from err
            raise
    return {"path": new_path}


async def _async_delete_file(call: ServiceCall) -> None:
    """Delete a file, and a folder with all in it only where that is asked for."""
    coordinator = await async_get_coordinator(call)
    location = storage_name(coordinator, call.data[ATTR_LOCATION])
    path = call.data[ATTR_PATH].strip("/")
    async with server_action(
        call, coordinator, Permission.FILES_LIST, Permission.FILES_DELETE
    ):
        await async_check_storage(call, coordinator)
        await async_check_unused(call, coordinator, location, path)
        entry = await _async_entry(call, coordinator, location)
        if entry.is_folder and not call.data[ATTR_RECURSIVE]:
            raise file_error("folder_not_deleted", call, coordinator)
        try:
            await coordinator.client.files.delete(location, path)
        except OctoPrintNotFoundError as err:
            raise await async_not_found(call, coordinator) from err
        except OctoPrintConflictError as err:
            if location != LOCAL:
                raise
            raise file_error("file_in_use", call, coordinator, path=path) from err


async def _async_analyse_file(call: ServiceCall) -> None:
    """Let OctoPrint analyse a file anew."""
    coordinator = await async_get_coordinator(call)
    location = storage_name(coordinator, call.data[ATTR_LOCATION])
    path = call.data[ATTR_PATH].strip("/")
    async with server_action(call, coordinator, Permission.FILES_UPLOAD):
        await async_check_storage(call, coordinator)
        try:
            await coordinator.client.files.analyse(location, path)
        except OctoPrintNotFoundError as err:
            entry = await async_find(coordinator, location, path)
            if entry and entry.is_folder:
                raise file_error("file_is_folder", call, coordinator) from err
            raise await async_not_found(call, coordinator) from err
        except OctoPrintRequestError as err:
            entry = await async_find(coordinator, location, path)
            if entry and entry.is_folder:
                raise file_error("file_is_folder", call, coordinator) from err
            if location == SDCARD or (entry and entry.type != "machinecode"):
                raise file_error("file_not_analysable", call, coordinator) from err
            raise


def _source_and_destination(
    call: ServiceCall, coordinator: OctoPrintCoordinator
) -> tuple[str, str]:
    path = call.data[ATTR_PATH].strip("/")
    destination = checked_destination(call, coordinator, call.data[ATTR_DESTINATION])
    if f"{destination}/".startswith(f"{path}/"):
        raise file_error("file_into_itself", call, coordinator, destination=destination)
    return path, destination


async def _async_storage_with_folders(
    call: ServiceCall, coordinator: OctoPrintCoordinator
) -> str:
    """Return the storage, which for OctoPrint 1 is only its own."""
    location = storage_name(coordinator, call.data[ATTR_LOCATION])
    if location == SDCARD:
        raise file_error("storage_read_only", call, coordinator, command=call.service)
    await async_check_storage(call, coordinator)
    return location


async def _async_entry(
    call: ServiceCall, coordinator: OctoPrintCoordinator, location: str
) -> Entry:
    """Return the file or folder of that path."""
    path = call.data[ATTR_PATH].strip("/")
    try:
        return await coordinator.client.files.info(location, path)
    except OctoPrintNotFoundError as err:
        raise await async_not_found(call, coordinator) from err


async def _async_is_missing(
    coordinator: OctoPrintCoordinator, location: str, folder: str
) -> bool:
    """Return whether a folder is known not to be there."""
    try:
        return not (await coordinator.client.files.info(location, folder)).is_folder
    except OctoPrintNotFoundError:
        return True
    except OctoPrintPermissionError:
        return False


def _transfer_error(
    call: ServiceCall,
    coordinator: OctoPrintCoordinator,
    entry: Entry,
    err: Exception,
) -> ServiceValidationError | None:
    """Return why a file could not be copied or moved, where that can be told."""
    destination = call.data[ATTR_DESTINATION].strip("/")
    if isinstance(err, OctoPrintConflictError):
        return file_error("name_taken", call, coordinator, path=destination)
    if isinstance(err, OctoPrintNotFoundError):
        folder = destination.rpartition("/")[0] or destination
        return file_error("folder_not_found", call, coordinator, path=folder)
    if is_full(err):
        return file_error("storage_full", call, coordinator, path=destination)
    endings = (
        PurePosixPath(entry.path).suffix.lower(),
        PurePosixPath(destination).suffix.lower(),
    )
    if not entry.is_folder and endings[0] != endings[1]:
        return file_error("ending_forbidden", call, coordinator, path=destination)
    return None
