"""Uploading a file, and selecting or printing it if asked for."""

from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from homeassistant.core import Context

from ..api import (
    BUSY_STATES,
    USUAL_UPLOAD_LIMIT,
    OctoPrintConflictError,
    OctoPrintNotFoundError,
    OctoPrintRequestError,
    Permission,
    Upload,
)
from ..const import LOGGER
from ..coordinator import OctoPrintCoordinator
from .exclusive import starting_print
from .execute import printer_command, server_command
from .rights import async_check_admin
from .storage import (
    LOCAL,
    FilePath,
    async_check_storage,
    async_check_unused,
    async_find,
    checked_destination,
    file_error,
    is_full,
    storage_name,
)
from .upload_source import Source, UploadSource, async_open_source, unreadable

COMMAND = "upload_file"

# What OctoPrint takes for G-code; a plugin may add others.
USUAL_ENDINGS = (".gcode", ".gco", ".g")


@dataclass(frozen=True, kw_only=True, slots=True)
class UploadOrder:
    """Where an upload goes, and what is done with it there."""

    location: str = LOCAL
    folder: str = ""
    """Without slashes at its ends, empty for the root."""

    name: str | None = None
    """None for the name of the source."""

    overwrite: bool = False
    select: bool = False
    print_: bool = False

    @property
    def is_for_admins(self) -> bool:
        """Return whether only administrators of Home Assistant may ask for it.

        What is printed can be any G-code, which only they send, and what is overwritten is
        gone. What others take from Home Assistant's folders is at least no work of their own.
        """
        return self.overwrite or self.select or self.print_


@dataclass(frozen=True, kw_only=True, slots=True)
class Uploaded:
    """A file that was uploaded."""

    upload: Upload
    size: int
    """Bytes."""


async def async_upload_file(
    coordinator: OctoPrintCoordinator,
    source: UploadSource,
    order: UploadOrder,
    *,
    context: Context | None,
) -> Uploaded:
    """Upload a file that Home Assistant has (POST /api/files/<location>)."""
    if source.upload is not None or order.is_for_admins:
        await async_check_admin(coordinator, context, COMMAND)
    opened = await async_open_source(coordinator, source)
    try:
        with starting_print(coordinator, COMMAND) if order.print_ else nullcontext():
            return await _async_upload(coordinator, opened, order)
    finally:
        # With the last hold on a large file, the disk has to give up all of it.
        await coordinator.hass.async_add_executor_job(opened.content.close)


async def _async_upload(
    coordinator: OctoPrintCoordinator, source: Source, order: UploadOrder
) -> Uploaded:
    """Upload a file that is open."""
    folder, name = _destination(coordinator, order, source.name)
    file = FilePath(
        name=f"{folder}/{name}" if folder else name, location=order.location
    )
    async with _upload_command(coordinator, order):
        await async_check_storage(coordinator, COMMAND, file)
        await _async_check_destination(coordinator, order, file)
        upload = await _async_send(coordinator, source, order, file)
        if order.location == LOCAL:
            upload = await _async_use(coordinator, order, upload)
        if order.print_ and not upload.is_printing:
            raise file_error("uploaded_not_printed", coordinator, file)
        if order.select and not (upload.is_selected or upload.is_printing):
            raise file_error("uploaded_not_selected", coordinator, file)
    return Uploaded(upload=upload, size=source.size)


def _upload_command(
    coordinator: OctoPrintCoordinator, order: UploadOrder
) -> AbstractAsyncContextManager[None]:
    """Check what this upload needs: permissions, and a printer that is free or none."""
    permissions = [Permission.FILES_UPLOAD]
    if order.overwrite:
        permissions.append(Permission.FILES_DELETE)
    if order.select or order.print_:
        permissions.append(Permission.FILES_SELECT)
    if order.print_:
        permissions.append(Permission.PRINT)
    if order.select or order.print_ or order.location != LOCAL:
        return printer_command(
            coordinator, COMMAND, *permissions, forbidden=BUSY_STATES
        )
    return server_command(coordinator, COMMAND, *permissions)


async def _async_check_destination(
    coordinator: OctoPrintCoordinator, order: UploadOrder, file: FilePath
) -> None:
    """Raise what OctoPrint would only say when it has all of the file."""
    files = coordinator.client.files
    location = storage_name(coordinator, order.location)
    await async_check_unused(coordinator, location, file.path)
    if not coordinator.may(Permission.FILES_LIST):
        return
    folder, _, name = file.path.rpartition("/")
    parent = await async_find(coordinator, location, folder) if folder else None
    if parent is not None and not parent.is_folder:
        raise file_error("folder_not_found", coordinator, file, path=folder)
    if not order.overwrite and await files.taken(location, name, folder):
        raise file_error("name_taken", coordinator, file)


async def _async_send(
    coordinator: OctoPrintCoordinator,
    source: Source,
    order: UploadOrder,
    file: FilePath,
) -> Upload:
    """Upload an open file piece by piece, and tell how far it is."""
    location = storage_name(coordinator, order.location)
    folder, _, name = file.path.rpartition("/")
    size = source.size
    # Only OctoPrint knows when the printer has all of a file.
    is_remote = location != LOCAL
    try:
        with coordinator.uploads.follow(file.path, size) as on_progress:
            upload = await coordinator.client.files.upload(
                location,
                name,
                source.content,
                size,
                folder=folder or None,
                overwrite=order.overwrite,
                select=is_remote and order.select,
                print_=is_remote and order.print_,
                on_progress=on_progress,
            )
    except OctoPrintConflictError as err:
        await coordinator.async_refresh()
        await async_check_unused(coordinator, location, file.path)
        await async_check_storage(coordinator, COMMAND, file)
        is_free = location == LOCAL or not coordinator.data.is_busy
        if is_free and not order.overwrite:
            # OctoPrint 1 looks for the name in its own storage, too.
            raise file_error("name_taken", coordinator, file) from err
        raise
    except OctoPrintRequestError as err:
        if is_full(err):
            key = "storage_full"
        elif size > USUAL_UPLOAD_LIMIT:
            key = "file_too_large"
        elif PurePosixPath(name).suffix.lower() not in USUAL_ENDINGS:
            key = "ending_forbidden"
        else:
            raise
        raise file_error(key, coordinator, file) from err
    except OSError as err:
        raise unreadable(coordinator, source.label, err) from err
    LOGGER.info("%s: uploaded %s (%s bytes)", coordinator.name, file.path, size)
    return upload


async def _async_use(
    coordinator: OctoPrintCoordinator, order: UploadOrder, upload: Upload
) -> Upload:
    """Select or print what was uploaded, where that is asked for and possible by now.

    Only then is OctoPrint told to: an upload takes minutes, in which the printer may have been
    disabled in Home Assistant, and what is uploaded already can't be called back.
    """
    if not (order.print_ or order.select):
        return upload
    try:
        # It refuses where the printer has begun another print, or was disconnected.
        await coordinator.client.files.select(LOCAL, upload.path, print_=order.print_)
    except OctoPrintConflictError, OctoPrintNotFoundError, OctoPrintRequestError:
        return upload
    return replace(upload, is_selected=True, is_printing=order.print_)


def _destination(
    coordinator: OctoPrintCoordinator, order: UploadOrder, own_name: str
) -> tuple[str, str]:
    """Return the folder and the name that the file shall have."""
    folder = order.folder
    if folder:
        folder = checked_destination(
            coordinator, FilePath(name=folder, location=order.location)
        )
    name = own_name if order.name is None else order.name
    file = FilePath(name=name, location=order.location)
    if "/" in name or not name:
        raise file_error("path_invalid", coordinator, file)
    return folder, checked_destination(coordinator, file)
