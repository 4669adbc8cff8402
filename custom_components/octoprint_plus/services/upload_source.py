"""What an upload reads: a file that Home Assistant has, or was just given."""

from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import BinaryIO

import voluptuous as vol

from homeassistant.components.file_upload import process_uploaded_file
from homeassistant.core import ServiceCall
from homeassistant.exceptions import ServiceValidationError

from ..coordinator import OctoPrintCoordinator
from .storage import PATH, file_error

ATTR_MEDIA_CONTENT_ID = "media_content_id"
ATTR_SOURCE = "source"
ATTR_UPLOAD = "upload"

# What the media browser calls the folders that Home Assistant has for media.
MEDIA_PREFIX = "media-source://media_source/"

# Whoever browses media gets more than the name of what was chosen.
MEDIA = vol.All(
    vol.Schema({vol.Required(ATTR_MEDIA_CONTENT_ID): PATH}, extra=vol.ALLOW_EXTRA),
    lambda media: media[ATTR_MEDIA_CONTENT_ID],
)

SOURCE_FIELDS = {
    vol.Optional(ATTR_SOURCE): vol.Any(PATH, MEDIA),
    vol.Optional(ATTR_UPLOAD): PATH,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A file that is open, with something in it."""

    content: BinaryIO
    name: str
    size: int


async def async_open_source(
    call: ServiceCall, coordinator: OctoPrintCoordinator
) -> Source:
    """Open the file that an action names, or raise why there is none."""
    if (ATTR_SOURCE in call.data) is (ATTR_UPLOAD in call.data):
        raise file_error("one_source", call, coordinator)
    open_source = _open_file if ATTR_SOURCE in call.data else _open_upload
    return await call.hass.async_add_executor_job(open_source, call, coordinator)


def _open_file(call: ServiceCall, coordinator: OctoPrintCoordinator) -> Source:
    """Open a file in a folder that Home Assistant allows; this is to be run in a thread."""
    source: str = call.data[ATTR_SOURCE]
    try:
        path = _source_path(call, coordinator, source)
        # What is checked has to be what is opened, wherever a link leads to.
        target = path.resolve()
        if not path.is_absolute() or not call.hass.config.is_allowed_path(str(target)):
            raise _source_error("source_not_allowed", call, coordinator, source)
        return _open(call, coordinator, target, source, path.name)
    except (FileNotFoundError, NotADirectoryError, ValueError) as err:
        raise _source_error("source_not_found", call, coordinator, source) from err
    except (OSError, RuntimeError) as err:
        raise unreadable(call, coordinator, source, err) from err


def _open_upload(call: ServiceCall, coordinator: OctoPrintCoordinator) -> Source:
    """Open what was uploaded in the interface; this is to be run in a thread.

    Home Assistant removes it right away. What is open can be read nevertheless, and
    whatever becomes of it then, nothing is left behind.
    """
    upload: str = call.data[ATTR_UPLOAD]
    try:
        with process_uploaded_file(call.hass, upload) as path:
            return _open(call, coordinator, path, path.name, path.name)
    except (FileNotFoundError, KeyError, ValueError) as err:
        # Two of these errors come where another action has just taken it.
        raise file_error("upload_not_found", call, coordinator, upload=upload) from err
    except OSError as err:
        raise unreadable(call, coordinator, upload, err) from err


def _source_path(
    call: ServiceCall, coordinator: OctoPrintCoordinator, source: str
) -> Path:
    """Return where the file lies that a path or the media browser's name means."""
    if source.startswith("media-source://"):
        media_dir, _, rest = source.removeprefix(MEDIA_PREFIX).partition("/")
        root = call.hass.config.media_dirs.get(media_dir)
        if not source.startswith(MEDIA_PREFIX) or root is None or rest[:1] == "/":
            raise _source_error("source_not_allowed", call, coordinator, source)
        return Path(root, rest)
    return Path(source)


def _open(
    call: ServiceCall,
    coordinator: OctoPrintCoordinator,
    path: Path,
    source: str,
    name: str,
) -> Source:
    """Open a file with something in it."""
    status = path.stat()
    if S_ISDIR(status.st_mode):
        raise _source_error("source_is_folder", call, coordinator, source)
    if not S_ISREG(status.st_mode):
        raise _source_error("source_not_found", call, coordinator, source)
    if not status.st_size:
        raise _source_error("source_empty", call, coordinator, source)
    return Source(content=path.open("rb"), name=name, size=status.st_size)


def unreadable(
    call: ServiceCall,
    coordinator: OctoPrintCoordinator,
    source: str,
    err: Exception,
) -> ServiceValidationError:
    """Return the error for a file that cannot be opened, or not be read to its end."""
    error = getattr(err, "strerror", None) or str(err)
    return file_error(
        "source_unreadable", call, coordinator, source=source, error=error
    )


def _source_error(
    key: str, call: ServiceCall, coordinator: OctoPrintCoordinator, source: str
) -> ServiceValidationError:
    """Return the error for the file that Home Assistant has, or has not."""
    return file_error(key, call, coordinator, source=source)
