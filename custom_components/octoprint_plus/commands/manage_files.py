"""Changing what is stored: folders, copies, moves, deleting, and analysing anew."""

from pathlib import PurePosixPath

from homeassistant.core import Context
from homeassistant.exceptions import ServiceValidationError

from ..api import (
    Entry,
    OctoPrintConflictError,
    OctoPrintNotFoundError,
    OctoPrintPermissionError,
    OctoPrintRequestError,
    Permission,
)
from ..coordinator import OctoPrintCoordinator
from .execute import server_command
from .rights import async_check_admin
from .storage import (
    LOCAL,
    SDCARD,
    FilePath,
    async_check_existing,
    async_check_unused,
    async_find,
    async_not_found,
    checked_destination,
    file_error,
    is_full,
    storage_name,
)


async def async_create_folder(
    coordinator: OctoPrintCoordinator, folder: FilePath
) -> str:
    """Create a folder in one that exists (POST /api/files/<location>); return its path."""
    command = "create_folder"
    path = checked_destination(coordinator, folder)
    parent, _, name = path.rpartition("/")
    async with server_command(coordinator, command, Permission.FILES_UPLOAD):
        location = await _async_storage_with_folders(coordinator, command, folder)
        try:
            return await coordinator.client.files.create_folder(
                location, name, parent or None
            )
        except OctoPrintConflictError as err:
            raise file_error("folder_name_invalid", coordinator, folder) from err
        except OctoPrintRequestError as err:
            if parent and await _async_is_missing(coordinator, location, parent):
                raise file_error(
                    "folder_not_found", coordinator, folder, path=parent
                ) from err
            raise


async def async_copy_file(
    coordinator: OctoPrintCoordinator, file: FilePath, destination: str
) -> str:
    """Copy a file, or a folder with all in it; return the path of the copy."""
    permissions = (Permission.FILES_LIST, Permission.FILES_UPLOAD)
    return await _async_transfer(
        coordinator, "copy_file", file, destination, permissions, moves=False
    )


async def async_move_file(
    coordinator: OctoPrintCoordinator, file: FilePath, destination: str
) -> str:
    """Move a file or a folder, or rename it; return its path from then on."""
    permissions = (
        Permission.FILES_LIST,
        Permission.FILES_UPLOAD,
        Permission.FILES_DELETE,
    )
    return await _async_transfer(
        coordinator, "move_file", file, destination, permissions, moves=True
    )


async def _async_transfer(
    coordinator: OctoPrintCoordinator,
    command: str,
    file: FilePath,
    destination: str,
    permissions: tuple[Permission, ...],
    *,
    moves: bool,
) -> str:
    """Put a file or folder to another place; only a move takes it away from its own."""
    target = checked_destination(
        coordinator, FilePath(name=destination, location=file.location)
    )
    if f"{target}/".startswith(f"{file.path}/"):
        raise file_error("file_into_itself", coordinator, file, destination=target)
    files = coordinator.client.files
    transfer = files.move if moves else files.copy
    async with server_command(coordinator, command, *permissions):
        location = await _async_storage_with_folders(coordinator, command, file)
        if moves:
            await async_check_unused(coordinator, location, file.path)
        entry = await _async_entry(coordinator, command, file)
        try:
            return await transfer(location, file.path, target)
        except (
            OctoPrintConflictError,
            OctoPrintNotFoundError,
            OctoPrintRequestError,
        ) as err:
            if moves and isinstance(err, OctoPrintConflictError):
                # OctoPrint has the same answer for what it prints.
                await coordinator.async_refresh()
                await async_check_unused(coordinator, location, file.path)
            if error := _transfer_error(coordinator, file, target, entry, err):
                raise error from err
            raise


async def async_delete_file(
    coordinator: OctoPrintCoordinator,
    file: FilePath,
    *,
    recursive: bool = False,
    context: Context | None,
) -> None:
    """Delete a file, and a folder with all in it only where that is asked for."""
    command = "delete_file"
    # What is deleted is gone.
    await async_check_admin(coordinator, context, command)
    location = storage_name(coordinator, file.location)
    async with server_command(
        coordinator, command, Permission.FILES_LIST, Permission.FILES_DELETE
    ):
        await async_check_existing(coordinator, command, file)
        await async_check_unused(coordinator, location, file.path)
        entry = await _async_entry(coordinator, command, file)
        if entry.is_folder and not recursive:
            raise file_error("folder_not_deleted", coordinator, file)
        try:
            await coordinator.client.files.delete(location, file.path)
        except OctoPrintNotFoundError as err:
            raise await async_not_found(coordinator, command, file) from err
        except OctoPrintConflictError as err:
            if location != LOCAL:
                raise
            raise file_error("file_in_use", coordinator, file) from err


async def async_analyse_file(coordinator: OctoPrintCoordinator, file: FilePath) -> None:
    """Let OctoPrint analyse a file anew (POST /api/files/<location>/<path>)."""
    command = "analyse_file"
    location = storage_name(coordinator, file.location)
    async with server_command(coordinator, command, Permission.FILES_UPLOAD):
        await async_check_existing(coordinator, command, file)
        try:
            await coordinator.client.files.analyse(location, file.path)
        except OctoPrintNotFoundError as err:
            entry = await async_find(coordinator, location, file.path)
            if entry and entry.is_folder:
                raise file_error("file_is_folder", coordinator, file) from err
            raise await async_not_found(coordinator, command, file) from err
        except OctoPrintRequestError as err:
            entry = await async_find(coordinator, location, file.path)
            if entry and entry.is_folder:
                raise file_error("file_is_folder", coordinator, file) from err
            if location == SDCARD or (entry and entry.type != "machinecode"):
                raise file_error("file_not_analysable", coordinator, file) from err
            raise


async def _async_storage_with_folders(
    coordinator: OctoPrintCoordinator, command: str, file: FilePath
) -> str:
    """Return the storage, which for OctoPrint 1 is only its own."""
    location = storage_name(coordinator, file.location)
    if location == SDCARD:
        raise file_error("storage_read_only", coordinator, file, command=command)
    await async_check_existing(coordinator, command, file)
    return location


async def _async_entry(
    coordinator: OctoPrintCoordinator, command: str, file: FilePath
) -> Entry:
    """Return the file or folder of that path."""
    location = storage_name(coordinator, file.location)
    try:
        return await coordinator.client.files.info(location, file.path)
    except OctoPrintNotFoundError as err:
        raise await async_not_found(coordinator, command, file) from err


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
    coordinator: OctoPrintCoordinator,
    file: FilePath,
    destination: str,
    entry: Entry,
    err: Exception,
) -> ServiceValidationError | None:
    """Return why a file could not be copied or moved, where that can be told."""
    if isinstance(err, OctoPrintConflictError):
        return file_error("name_taken", coordinator, file, path=destination)
    if isinstance(err, OctoPrintNotFoundError):
        folder = destination.rpartition("/")[0] or destination
        return file_error("folder_not_found", coordinator, file, path=folder)
    if is_full(err):
        return file_error("storage_full", coordinator, file, path=destination)
    endings = (
        PurePosixPath(entry.path).suffix.lower(),
        PurePosixPath(destination).suffix.lower(),
    )
    if not entry.is_folder and endings[0] != endings[1]:
        return file_error("ending_forbidden", coordinator, file, path=destination)
    return None
