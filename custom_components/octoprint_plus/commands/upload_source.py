"""What an upload reads: a file that Home Assistant has, or was just given."""

from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import BinaryIO

from homeassistant.components.file_upload import process_uploaded_file
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError

from ..coordinator import OctoPrintCoordinator
from .refusals import refusal

# What the media browser calls the folders that Home Assistant has for media.
MEDIA_PREFIX = "media-source://media_source/"


@dataclass(frozen=True, kw_only=True, slots=True)
class UploadSource:
    """What is to be uploaded: one of the two."""

    path: str | None = None
    """A path on Home Assistant's disk, or what the media browser calls it."""

    upload: str | None = None
    """The id of what was uploaded in Home Assistant's interface."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A file that is open, with something in it."""

    content: BinaryIO
    label: str
    """What it was called by whoever asked for it."""

    name: str
    size: int


async def async_open_source(
    coordinator: OctoPrintCoordinator, source: UploadSource
) -> Source:
    """Open a file, or raise why there is none."""
    job = coordinator.hass.async_add_executor_job
    if source.path is not None and source.upload is None:
        return await job(_open_file, coordinator, source.path)
    if source.upload is not None and source.path is None:
        return await job(_open_upload, coordinator, source.upload)
    raise refusal("one_source", coordinator.name)


def _open_file(coordinator: OctoPrintCoordinator, source: str) -> Source:
    """Open a file in a folder that Home Assistant allows; this is to be run in a thread."""
    hass = coordinator.hass
    try:
        path = _source_path(hass, source)
        # What is checked has to be what is opened, wherever a link leads to.
        target = path.resolve() if path else None
        if (
            path is None
            or target is None
            or not path.is_absolute()
            or not hass.config.is_allowed_path(str(target))
        ):
            raise refusal("source_not_allowed", coordinator.name, source=source)
        return _open(coordinator, target, source, path.name)
    except (FileNotFoundError, NotADirectoryError, ValueError) as err:
        raise refusal("source_not_found", coordinator.name, source=source) from err
    except (OSError, RuntimeError) as err:
        raise unreadable(coordinator, source, err) from err


def _open_upload(coordinator: OctoPrintCoordinator, upload: str) -> Source:
    """Open what was uploaded in the interface; this is to be run in a thread.

    Home Assistant removes it right away. What is open can be read nevertheless, and
    whatever becomes of it then, nothing is left behind.
    """
    try:
        with process_uploaded_file(coordinator.hass, upload) as path:
            return _open(coordinator, path, path.name, path.name)
    except (FileNotFoundError, KeyError, ValueError) as err:
        # Two of these errors come where another action has just taken it.
        raise refusal("upload_not_found", coordinator.name, upload=upload) from err
    except OSError as err:
        raise unreadable(coordinator, upload, err) from err


def _source_path(hass: HomeAssistant, source: str) -> Path | None:
    """Return where a file lies, None for media that is not in a folder of Home Assistant's."""
    if not source.startswith("media-source://"):
        return Path(source)
    media_dir, _, rest = source.removeprefix(MEDIA_PREFIX).partition("/")
    root = hass.config.media_dirs.get(media_dir)
    if not source.startswith(MEDIA_PREFIX) or root is None or rest[:1] == "/":
        return None
    return Path(root, rest)


def _open(
    coordinator: OctoPrintCoordinator, path: Path, source: str, name: str
) -> Source:
    """Open a file with something in it."""
    status = path.stat()
    if S_ISDIR(status.st_mode):
        raise refusal("source_is_folder", coordinator.name, source=source)
    if not S_ISREG(status.st_mode):
        raise refusal("source_not_found", coordinator.name, source=source)
    if not status.st_size:
        raise refusal("source_empty", coordinator.name, source=source)
    return Source(content=path.open("rb"), label=source, name=name, size=status.st_size)


def unreadable(
    coordinator: OctoPrintCoordinator, source: str, err: Exception
) -> ServiceValidationError:
    """Return the error for a file that cannot be opened, or not be read to its end."""
    error = getattr(err, "strerror", None) or str(err)
    return refusal("source_unreadable", coordinator.name, source=source, error=error)
