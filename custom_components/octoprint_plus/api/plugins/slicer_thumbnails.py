"""Slicer Thumbnails: the pictures that slicers put into their files; for media/, still to come.

From OctoPrint 2 on it finds them itself; files of either kind are read here.
"""

from dataclasses import dataclass
import re
from urllib.parse import quote

from yarl import URL

from ..errors import ConnectionCause, OctoPrintConnectionError
from ..parsing import Json, identifier, mapping, texts
from ..permissions import Permission
from ..responses import connection_errors
from .requests import PluginFamily

PLUGIN = "prusaslicerthumbnails"
DOWNLOAD = Permission.FILES_DOWNLOAD
SCAN = Permission.PLUGIN_PRUSASLICERTHUMBNAILS_SCAN

# OctoPrint 2 names its pictures by their full address, with a host that need not be
# the one by which we know it: what counts begins here.
BUILT_IN = "/downloads/thumbs/"

EXTENSION = re.compile(r"\.(gcode|gco|tft)$", re.IGNORECASE)

# What may stand in an encoded path. Whatever else somebody has left there is encoded.
ENCODED = "/%!$&'()*+,;=:@~"

# Reading through all files of a slow machine takes a while.
SCAN_TIMEOUT = 120.0

MAX_IMAGE = 8 * 1024 * 1024

# The name of a picture's type is no help: the plugin goes by the name that it gave it.
SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"RIFF", "image/webp"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Thumbnail:
    """Where the picture of a file is."""

    path: str
    """Encoded, below the server's address."""

    version: str | None = None
    """Changes with the picture, where that is told."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """A picture."""

    content: bytes
    content_type: str


class SlicerThumbnailsApi(PluginFamily):
    """Calls of Slicer Thumbnails."""

    async def get(self, thumbnail: Thumbnail) -> Picture:
        """Return the picture of a file.

        Raises OctoPrintNotFoundError where it is gone. The plugin needs FILES_LIST,
        OctoPrint 2 FILES_DOWNLOAD.
        """
        content = bytearray()
        permission = (
            Permission.FILES_LIST if thumbnail.path.startswith("plugin/") else DOWNLOAD
        )
        async with self._plugins.download(
            thumbnail.path, permission=permission
        ) as response:
            with connection_errors():
                async for chunk in response.content.iter_any():
                    content += chunk
                    if len(content) > MAX_IMAGE:
                        raise _no_picture()
        for signature, content_type in SIGNATURES:
            if content.startswith(signature):
                return Picture(content=bytes(content), content_type=content_type)
        raise _no_picture()

    async def scan(self) -> tuple[str, ...]:
        """Look for pictures in all files; return the names of those that have none.

        It answers when it is done (POST crawl_files).
        """
        answer = await self._plugins.command(
            PLUGIN, "crawl_files", permission=SCAN, timeout=SCAN_TIMEOUT
        )
        return texts(mapping(answer).get("no_thumbnail"))


def parse_thumbnail(entry: Json) -> Thumbnail | None:
    """Return where a file's picture is, of its raw entry in GET /api/files.

    The plugin adds it a moment after the upload; the file of a job never has it.
    """
    return _built_in(mapping(entry.get("refs")).get("thumbnail")) or _of_plugin(entry)


def _built_in(value: object) -> Thumbnail | None:
    if (address := identifier(value)) is None:
        return None
    try:
        path = URL(address, encoded=True).raw_path
    except ValueError:
        return None
    _, found, rest = path.partition(BUILT_IN)
    if not found or not _stays(rest):
        return None
    return Thumbnail(path=BUILT_IN.removeprefix("/") + quote(rest, safe=ENCODED))


def _of_plugin(entry: Json) -> Thumbnail | None:
    address = identifier(entry.get("thumbnail"))
    if address is None or not address.startswith("plugin/"):
        return None
    path, _, version = address.partition("?")
    if entry.get("thumbnail_src") == PLUGIN:
        # The plugin encodes the name and not the folders: what it wrote cannot be
        # told apart from a folder with a percent sign.
        if (name := identifier(entry.get("path"))) is None:
            return None
        picture = EXTENSION.sub("", name) + ".png"
        path = f"plugin/{PLUGIN}/thumbnail/{quote(picture)}"
    if not _stays(path):
        return None
    return Thumbnail(path=quote(path, safe=ENCODED), version=version or None)


def _stays(path: str) -> bool:
    """Return whether a path leads to nowhere else."""
    return not {"", ".", ".."}.intersection(path.lower().replace("%2e", ".").split("/"))


def _no_picture() -> OctoPrintConnectionError:
    return OctoPrintConnectionError(
        "OctoPrint answered no picture", ConnectionCause.NOT_OCTOPRINT
    )
