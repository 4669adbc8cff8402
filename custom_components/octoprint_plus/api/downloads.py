"""Downloads: what OctoPrint stores, read piece by piece; for media/, which is still to come."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from .permissions import Permission
from .responses import connection_errors
from .transport import Transport


class Download:
    """Something that is being downloaded."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        """Keep the answer, whose body has not been read."""
        self._response = response

    @property
    def is_partial(self) -> bool:
        """Return whether this is only the range that was asked for."""
        return self._response.status == 206

    @property
    def size(self) -> int | None:
        """Return how many bytes come."""
        return self._response.content_length

    @property
    def content_type(self) -> str:
        """Return the kind of content, for example video/mp4."""
        return self._response.content_type

    @property
    def content_range(self) -> str | None:
        """Return which bytes of how many come, for example bytes 0-99/1234."""
        return self._response.headers.get("Content-Range")

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the content piece by piece as it comes.

        Raises OctoPrintConnectionError where it breaks off or stalls.
        """
        pieces = self._response.content.iter_any()
        while True:
            with connection_errors():
                piece = await anext(pieces, b"")
            if not piece:
                return
            yield piece


@asynccontextmanager
async def download(
    transport: Transport, path: str, *, byte_range: str | None, permission: Permission
) -> AsyncGenerator[Download]:
    """Yield what an encoded path has to download."""
    # Compressed, it would have another size than it is said to have.
    headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
    if byte_range is not None:
        headers["Range"] = byte_range
    async with transport.download(
        path, headers=headers, permission=permission
    ) as response:
        yield Download(response)
