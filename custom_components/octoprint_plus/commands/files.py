"""What is stored, and selecting or printing it."""

from contextlib import nullcontext
from dataclasses import dataclass

from ..api import (
    BUSY_STATES,
    Entry,
    FileList,
    OctoPrintConflictError,
    OctoPrintNotFoundError,
    OctoPrintRequestError,
    Permission,
)
from ..coordinator import OctoPrintCoordinator
from .exclusive import starting_print
from .execute import printer_command, server_command
from .refusals import printer_offline, refusal
from .storage import (
    LOCAL,
    FilePath,
    async_check_existing,
    async_find,
    async_not_found,
    file_error,
    storage_name,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """What a folder or a storage holds."""

    entries: tuple[Entry, ...]
    free: int | None
    """Bytes."""

    total: int | None
    """Bytes."""


async def async_print_file(coordinator: OctoPrintCoordinator, file: FilePath) -> None:
    """Select a file and print it (POST /api/files/<location>/<path>)."""
    await _async_select(coordinator, "print_file", file, print_=True)


async def async_select_file(coordinator: OctoPrintCoordinator, file: FilePath) -> None:
    """Select a file (POST /api/files/<location>/<path>)."""
    await _async_select(coordinator, "select_file", file, print_=False)


async def _async_select(
    coordinator: OctoPrintCoordinator, command: str, file: FilePath, *, print_: bool
) -> None:
    location = storage_name(coordinator, file.location)
    permissions = [Permission.FILES_SELECT]
    if print_:
        permissions.append(Permission.PRINT)
    async with printer_command(
        coordinator, command, *permissions, forbidden=BUSY_STATES
    ):
        await async_check_existing(coordinator, command, file)
        try:
            with starting_print(coordinator, command) if print_ else nullcontext():
                await coordinator.client.files.select(
                    location, file.path, print_=print_
                )
        except OctoPrintNotFoundError as err:
            entry = await async_find(coordinator, location, file.path)
            if entry is not None and entry.is_folder:
                raise file_error("file_is_folder", coordinator, file) from err
            raise await async_not_found(coordinator, command, file) from err
        except OctoPrintRequestError as err:
            entry = await async_find(coordinator, location, file.path)
            if entry is None or entry.type == "machinecode":
                raise
            raise file_error("file_not_printable", coordinator, file) from err


async def async_unselect_file(coordinator: OctoPrintCoordinator) -> None:
    """Select no file (POST /api/files/<location>/<path>)."""
    async with printer_command(
        coordinator,
        "unselect_file",
        Permission.FILES_SELECT,
        forbidden=BUSY_STATES,
    ):
        try:
            await coordinator.client.files.unselect()
        except OctoPrintConflictError as err:
            await coordinator.async_refresh()
            if coordinator.data.is_connected and coordinator.file is None:
                raise refusal("no_file_selected", coordinator.name) from err
            raise


async def async_get_file(coordinator: OctoPrintCoordinator, file: FilePath) -> Entry:
    """Return what is known of a file (GET /api/files/<location>/<path>)."""
    command = "get_file"
    location = storage_name(coordinator, file.location)
    async with server_command(coordinator, command, Permission.FILES_LIST):
        await async_check_existing(coordinator, command, file)
        try:
            entry = await coordinator.client.files.info(location, file.path)
        except OctoPrintNotFoundError as err:
            raise await async_not_found(coordinator, command, file) from err
        if entry.is_folder:
            raise file_error("file_is_folder", coordinator, file)
    return entry


async def async_list_files(
    coordinator: OctoPrintCoordinator,
    *,
    location: str | None = None,
    path: str = "",
    recursive: bool = True,
) -> Listing:
    """Return what is stored (GET /api/files), in all storages where none is named."""
    command = "list_files"
    folder_path = FilePath(name=path, location=location or LOCAL)
    if folder_path.path:
        location = folder_path.location
    async with server_command(coordinator, command, Permission.FILES_LIST):
        try:
            found = await coordinator.client.files.list(
                location and storage_name(coordinator, location),
                # The folder is looked for in the tree, however deep it lies there.
                recursive=recursive or bool(folder_path.path),
            )
        except OctoPrintNotFoundError as err:
            # From OctoPrint 2 on there is no such storage while the printer is off.
            if not coordinator.data.is_connected:
                raise printer_offline(coordinator, command) from err
            raise file_error("storage_not_found", coordinator, folder_path) from err
        return Listing(
            entries=_children(coordinator, found, folder_path),
            free=found.free,
            total=found.total,
        )


def _children(
    coordinator: OctoPrintCoordinator, found: FileList, folder_path: FilePath
) -> tuple[Entry, ...]:
    """Return what lies in a folder, or in the root of all that was found."""
    if not folder_path.path:
        return found.entries
    folder = next(
        (entry for entry in found.walk() if entry.path == folder_path.path), None
    )
    if folder is None or not folder.is_folder:
        raise file_error("folder_not_found", coordinator, folder_path)
    return folder.children
