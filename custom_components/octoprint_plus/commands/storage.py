"""What the commands for files share: storages, paths, and what can be wrong with them."""

from contextlib import suppress
from dataclasses import dataclass

from homeassistant.exceptions import ServiceValidationError

from ..api import (
    BUSY_STATES,
    Entry,
    OctoPrintError,
    OctoPrintFullError,
    OctoPrintRequestError,
    checked_path,
    is_safe_name,
)
from ..coordinator import OctoPrintCoordinator
from .refusals import printer_offline, refusal

LOCAL = "local"
PRINTER = "printer"
SDCARD = "sdcard"

LOCATIONS = (LOCAL, PRINTER, SDCARD)


@dataclass(frozen=True, kw_only=True, slots=True)
class FilePath:
    """Where a file or folder is, or is to be."""

    name: str
    """Its path below the root of its storage, as it was asked for."""

    location: str = LOCAL
    """The storage as people name it; sdcard and printer both are the printer's own."""

    @property
    def path(self) -> str:
        """Return its path without slashes at its ends."""
        return self.name.strip("/")


def storage_name(coordinator: OctoPrintCoordinator, location: str) -> str:
    """Return a storage by the name that this server has for it."""
    if location == LOCAL:
        return location
    return coordinator.data.server.server.printer_storage


async def async_check_existing(
    coordinator: OctoPrintCoordinator, command: str, file: FilePath
) -> None:
    """Raise an error where a file is in the printer's own storage and cannot be reached.

    The storage is known not to be there, or the name of the file would change its G-code.
    """
    if file.location != LOCAL and not is_safe_name(file.path):
        raise file_error("file_name_unsafe", coordinator, file)
    await async_check_storage(coordinator, command, file)


async def async_check_storage(
    coordinator: OctoPrintCoordinator, command: str, file: FilePath
) -> None:
    """Raise an error where the printer's own storage is meant and is known not to be there."""
    if file.location == LOCAL or _storage_error(coordinator, command, file) is None:
        return
    # What is known may be half a minute old.
    await coordinator.async_refresh()
    if error := _storage_error(coordinator, command, file):
        raise error


async def async_not_found(
    coordinator: OctoPrintCoordinator, command: str, file: FilePath
) -> ServiceValidationError:
    """Return the error for a file that is not there, or whose storage is not."""
    if file.location != LOCAL:
        # OctoPrint 1 answers so where a card was taken out, too.
        await coordinator.async_refresh()
        if error := _storage_error(coordinator, command, file):
            return error
    return file_error("file_not_found", coordinator, file)


def _storage_error(
    coordinator: OctoPrintCoordinator, command: str, file: FilePath
) -> ServiceValidationError | None:
    if not coordinator.last_update_success:
        # Then only OctoPrint itself can tell, or that it does not answer.
        return None
    if not coordinator.data.is_connected:
        return printer_offline(coordinator, command)
    if not coordinator.data.sd_ready:
        return file_error("sd_not_ready", coordinator, file)
    return None


def checked_destination(coordinator: OctoPrintCoordinator, file: FilePath) -> str:
    """Return the path of what is to come to be, or raise why there can be none."""
    try:
        return checked_path(file.path)
    except OctoPrintRequestError as err:
        raise file_error("path_invalid", coordinator, file) from err


async def async_check_unused(
    coordinator: OctoPrintCoordinator, location: str, path: str
) -> None:
    """Raise an error for what is being printed, and for a folder with that in it."""
    if is_in_use(coordinator, location, path):
        # It may have ended since.
        await coordinator.async_refresh()
    if is_in_use(coordinator, location, path):
        raise file_error(
            "file_in_use", coordinator, FilePath(name=path, location=location)
        )


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
    key: str, coordinator: OctoPrintCoordinator, file: FilePath, **placeholders: str
) -> ServiceValidationError:
    """Return the error for a file or folder, which names it and its storage."""
    return refusal(
        key,
        coordinator.name,
        **{"path": file.name, "location": file.location, **placeholders},
    )
