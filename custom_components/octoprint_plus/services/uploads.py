"""The action that uploads a file, and prints it if asked for."""

from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
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
from homeassistant.helpers import config_validation as cv

from ..api import OctoPrintConflictError, OctoPrintNotFoundError, OctoPrintRequestError
from ..api.permissions import Permission
from ..api.state import BUSY_STATES
from ..api.uploads import USUAL_LIMIT, Upload
from ..commands.exclusive import starting_print
from ..commands.rights import async_check_admin
from ..const import DOMAIN, LOGGER
from ..coordinator import OctoPrintCoordinator
from .storage import (
    LOCAL,
    LOCATION,
    PATH,
    async_check_storage,
    async_check_unused,
    async_find,
    checked_destination,
    file_error,
    is_full,
    storage_name,
)
from .target import TARGET_SCHEMA, async_get_coordinator, printer_action, server_action
from .upload_source import (
    ATTR_SOURCE,
    ATTR_UPLOAD,
    SOURCE_FIELDS,
    Source,
    async_open_source,
    unreadable,
)

ATTR_FOLDER = "folder"
ATTR_NAME = "name"
ATTR_OVERWRITE = "overwrite"
ATTR_PRINT = "print"
ATTR_SELECT = "select"

# What is printed can be any G-code, which only administrators send, and what is overwritten is
# gone. What others take from Home Assistant's folders is at least no work of their own.
ADMIN_FIELDS = (ATTR_OVERWRITE, ATTR_PRINT, ATTR_SELECT)

# What OctoPrint takes for G-code; a plugin may add others.
USUAL_ENDINGS = (".gcode", ".gco", ".g")

UPLOAD_FILE_SCHEMA = TARGET_SCHEMA.extend(
    {
        **SOURCE_FIELDS,
        vol.Optional(ATTR_LOCATION, default=LOCAL): LOCATION,
        vol.Optional(ATTR_FOLDER): PATH,
        vol.Optional(ATTR_NAME): PATH,
        vol.Optional(ATTR_OVERWRITE, default=False): cv.boolean,
        vol.Optional(ATTR_SELECT, default=False): cv.boolean,
        vol.Optional(ATTR_PRINT, default=False): cv.boolean,
    }
)


@callback
def async_setup_upload_services(hass: HomeAssistant) -> None:
    """Register the action."""
    hass.services.async_register(
        DOMAIN,
        "upload_file",
        _async_upload_file,
        UPLOAD_FILE_SCHEMA,
        supports_response=SupportsResponse.OPTIONAL,
    )


async def _async_upload_file(call: ServiceCall) -> ServiceResponse:
    """Upload a file that Home Assistant has."""
    coordinator = await async_get_coordinator(call)
    if ATTR_UPLOAD in call.data or any(map(call.data.get, ADMIN_FIELDS)):
        await async_check_admin(coordinator, call.context, call.service)
    source = await async_open_source(call, coordinator)
    is_print = call.data[ATTR_PRINT]
    try:
        with starting_print(coordinator, call.service) if is_print else nullcontext():
            return await _async_upload(call, coordinator, source)
    finally:
        # With the last hold on a large file, the disk has to give up all of it.
        await call.hass.async_add_executor_job(source.content.close)


async def _async_upload(
    call: ServiceCall, coordinator: OctoPrintCoordinator, source: Source
) -> ServiceResponse:
    """Upload a file that is open."""
    folder, name = _destination(call, coordinator, source.name)
    path = f"{folder}/{name}" if folder else name
    is_print = call.data[ATTR_PRINT]
    with starting_print(coordinator, call.service) if is_print else nullcontext():
        async with _upload_action(call, coordinator):
            await async_check_storage(call, coordinator)
            await _async_check_destination(call, coordinator, folder, name)
            upload = await _async_send(call, coordinator, source, folder, name)
            if call.data[ATTR_LOCATION] == LOCAL:
                upload = await _async_use(call, coordinator, upload)
            if is_print and not upload.is_printing:
                raise file_error("uploaded_not_printed", call, coordinator, path=path)
            if call.data[ATTR_SELECT] and not (
                upload.is_selected or upload.is_printing
            ):
                raise file_error("uploaded_not_selected", call, coordinator, path=path)
    return {
        "name": upload.name,
        "path": upload.path,
        "printer_path": upload.printer_path,
        "size": source.size,
        "selected": upload.is_selected or upload.is_printing,
        "printing": upload.is_printing,
    }


def _upload_action(
    call: ServiceCall, coordinator: OctoPrintCoordinator
) -> AbstractAsyncContextManager[None]:
    """Check what this upload needs: permissions, and a printer that is free or none."""
    is_print, is_select = call.data[ATTR_PRINT], call.data[ATTR_SELECT]
    permissions = [Permission.FILES_UPLOAD]
    if call.data[ATTR_OVERWRITE]:
        permissions.append(Permission.FILES_DELETE)
    if is_select or is_print:
        permissions.append(Permission.FILES_SELECT)
    if is_print:
        permissions.append(Permission.PRINT)
    if is_select or is_print or call.data[ATTR_LOCATION] != LOCAL:
        return printer_action(call, coordinator, *permissions, forbidden=BUSY_STATES)
    return server_action(call, coordinator, *permissions)


async def _async_check_destination(
    call: ServiceCall, coordinator: OctoPrintCoordinator, folder: str, name: str
) -> None:
    """Raise what OctoPrint would only say when it has all of the file."""
    files = coordinator.client.files
    location = storage_name(coordinator, call.data[ATTR_LOCATION])
    path = f"{folder}/{name}" if folder else name
    await async_check_unused(call, coordinator, location, path)
    if not coordinator.may(Permission.FILES_LIST):
        return
    parent = await async_find(coordinator, location, folder) if folder else None
    if parent is not None and not parent.is_folder:
        raise file_error("folder_not_found", call, coordinator, path=folder)
    if not call.data[ATTR_OVERWRITE] and await files.taken(location, name, folder):
        raise file_error("name_taken", call, coordinator, path=path)


async def _async_send(
    call: ServiceCall,
    coordinator: OctoPrintCoordinator,
    source: Source,
    folder: str,
    name: str,
) -> Upload:
    """Upload an open file piece by piece, and tell how far it is."""
    location = storage_name(coordinator, call.data[ATTR_LOCATION])
    path = f"{folder}/{name}" if folder else name
    size = source.size
    # Only OctoPrint knows when the printer has all of a file.
    is_remote = location != LOCAL
    try:
        with coordinator.uploads.follow(path, size) as on_progress:
            upload = await coordinator.client.files.upload(
                location,
                name,
                source.content,
                size,
                folder=folder or None,
                overwrite=call.data[ATTR_OVERWRITE],
                select=is_remote and call.data[ATTR_SELECT],
                print_=is_remote and call.data[ATTR_PRINT],
                on_progress=on_progress,
            )
    except OctoPrintConflictError as err:
        await coordinator.async_refresh()
        await async_check_unused(call, coordinator, location, path)
        await async_check_storage(call, coordinator)
        is_free = location == LOCAL or not coordinator.data.is_busy
        if is_free and not call.data[ATTR_OVERWRITE]:
            # OctoPrint 1 looks for the name in its own storage, too.
            raise file_error("name_taken", call, coordinator, path=path) from err
        raise
    except OctoPrintRequestError as err:
        if is_full(err):
            key = "storage_full"
        elif size > USUAL_LIMIT:
            key = "file_too_large"
        elif PurePosixPath(name).suffix.lower() not in USUAL_ENDINGS:
            key = "ending_forbidden"
        else:
            raise
        raise file_error(key, call, coordinator, path=path) from err
    except OSError as err:
        label = call.data.get(ATTR_SOURCE, source.name)
        raise unreadable(call, coordinator, label, err) from err
    LOGGER.info("%s: uploaded %s (%s bytes)", coordinator.name, path, size)
    return upload


async def _async_use(
    call: ServiceCall, coordinator: OctoPrintCoordinator, upload: Upload
) -> Upload:
    """Select or print what was uploaded, where that is asked for and possible by now.

    Only then is OctoPrint told to: an upload takes minutes, in which the printer may have been
    disabled in Home Assistant, and what is uploaded already can't be called back.
    """
    is_print = call.data[ATTR_PRINT]
    if not (is_print or call.data[ATTR_SELECT]):
        return upload
    try:
        # It refuses where the printer has begun another print, or was disconnected.
        await coordinator.client.files.select(LOCAL, upload.path, print_=is_print)
    except OctoPrintConflictError, OctoPrintNotFoundError, OctoPrintRequestError:
        return upload
    return replace(upload, is_selected=True, is_printing=is_print)


def _destination(
    call: ServiceCall, coordinator: OctoPrintCoordinator, own_name: str
) -> tuple[str, str]:
    """Return the folder and the name that the file shall have."""
    folder = call.data.get(ATTR_FOLDER, "").strip("/")
    if folder:
        folder = checked_destination(call, coordinator, folder)
    name = call.data.get(ATTR_NAME, own_name)
    if "/" in name or not name:
        raise file_error("path_invalid", call, coordinator, path=name)
    return folder, checked_destination(call, coordinator, name)
