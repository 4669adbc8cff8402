"""Uploads: a form with a file, of which only one piece at a time is in memory."""

import asyncio
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Mapping,
)
from contextlib import aclosing, suppress
from dataclasses import dataclass
import secrets
from typing import Any, BinaryIO
from urllib.parse import quote

from .errors import ConnectionCause, OctoPrintConnectionError, OctoPrintRequestError
from .parsing import Json, flag, identifier, mapping, text
from .permissions import Permission
from .transport import Transport

type OnProgress = Callable[[int], None]
"""Called with the bytes of the file that were sent so far."""

CHUNK = 128 * 1024

# Seconds within which the server has to take another piece, or the source to give one.
STALL_TIMEOUT = 60

# Seconds from the last piece to the answer; a slow disk has to move and to hash the file.
ANSWER_TIMEOUT = 300

# Bytes that OctoPrint takes at most where its settings (server.uploads.maxSize) say
# nothing else.
USUAL_UPLOAD_LIMIT = 1024 * 1024 * 1024

PERMISSIONS = (Permission.FILES_UPLOAD, Permission.FILES_DELETE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """What became of an upload."""

    name: str
    """The name that OctoPrint gave the file."""

    path: str
    """Its path in the local storage; the printer's where it is only there."""

    printer_path: str | None
    """Its path in the printer's storage, where it was meant for that."""

    is_done: bool
    """False while OctoPrint still sends it to the printer's storage."""

    is_selected: bool
    """False also where it was to be selected and the printer's state forbids it."""

    is_printing: bool
    """Whether it is printed; that selects it too."""


class _Source:
    """The content of a file, counted, and cut into pieces."""

    def __init__(
        self,
        content: AsyncIterable[bytes] | BinaryIO,
        size: int,
        on_progress: OnProgress | None,
    ) -> None:
        self.failure: Exception | None = None
        """What the content raised; aiohttp would tell of a lost connection instead."""

        self._content = content
        self._size = size
        self._on_progress = on_progress

    async def pieces(self) -> AsyncGenerator[bytes]:
        """Yield the content, exactly as long as it was said to be."""
        sent = 0
        try:
            async for chunk in self._chunks():
                if sent + len(chunk) > self._size:
                    raise OctoPrintRequestError(  # noqa: TRY301
                        f"The file has more than the {self._size} bytes it should have"
                    )
                for start in range(0, len(chunk), CHUNK):
                    piece = chunk[start : start + CHUNK]
                    yield piece
                    sent += len(piece)
                    if self._on_progress:
                        self._on_progress(sent)
            if sent < self._size:
                raise OctoPrintRequestError(  # noqa: TRY301
                    f"The file has {sent} bytes where it should have {self._size}"
                )
        except Exception as err:
            self.failure = err
            raise

    async def _chunks(self) -> AsyncIterator[bytes]:
        content = self._content
        if isinstance(content, AsyncIterable):
            async for chunk in content:
                yield chunk
            return
        while chunk := await asyncio.to_thread(content.read, CHUNK):
            yield chunk


async def upload(
    transport: Transport,
    path: str,
    fields: Mapping[str, str],
    *,
    name: str | None = None,
    content: AsyncIterable[bytes] | BinaryIO | None = None,
    size: int = 0,
    on_progress: OnProgress | None = None,
) -> Any:
    """Send a form to an encoded path, with a file where there is content."""
    boundary = secrets.token_hex(16)
    head = b"".join(_field(boundary, key, value) for key, value in fields.items())
    source = None
    if content is not None:
        source = _Source(content, size, on_progress)
        head += _file_field(boundary, name or "")
    tail = f"\r\n--{boundary}--\r\n".encode()
    headers = {
        "Content-Type": f"multipart/form-data; boundary={boundary}",
        # OctoPrint refuses uploads that do not tell their length.
        "Content-Length": str(len(head) + size + len(tail)),
    }
    loop = asyncio.get_running_loop()

    async def pieces() -> AsyncGenerator[bytes]:
        """Yield the form; being asked for more shows that the server takes it."""
        yield head
        if source is not None:
            async with aclosing(source.pieces()) as file_pieces:
                async for piece in file_pieces:
                    yield piece
                    watch.reschedule(loop.time() + STALL_TIMEOUT)
        watch.reschedule(loop.time() + ANSWER_TIMEOUT)
        yield tail

    body = pieces()
    try:
        async with asyncio.timeout(STALL_TIMEOUT) as watch:
            return await transport.upload(path, body, headers, permission=PERMISSIONS)
    except TimeoutError as err:
        raise OctoPrintConnectionError(
            "The upload came to a standstill", ConnectionCause.TIMEOUT
        ) from err
    except (OctoPrintConnectionError, OctoPrintRequestError) as err:
        if source is not None and source.failure is not None:
            raise source.failure from None
        if size > USUAL_UPLOAD_LIMIT:
            # OctoPrint says nothing of it, and most often breaks the connection.
            raise OctoPrintRequestError(
                "The file is larger than OctoPrint takes, 1 GB unless set otherwise"
            ) from err
        raise
    finally:
        # Where aiohttp still runs it, it is being cancelled and ends by itself.
        with suppress(RuntimeError):
            await body.aclose()


def parse_upload(answer: Json, name: str) -> Upload:
    """Read the answer to an upload."""
    files = mapping(answer.get("files"))
    local = mapping(files.get("local"))
    printer = mapping(files.get("sdcard")) or mapping(files.get("printer"))
    printer_path = (identifier(printer.get("path")) or "").lstrip("/") or None
    return Upload(
        name=identifier(local.get("name")) or text(printer.get("name")) or name,
        path=identifier(local.get("path")) or printer_path or name,
        printer_path=printer_path,
        is_done=flag(answer.get("done")),
        is_selected=flag(answer.get("effectiveSelect")),
        is_printing=flag(answer.get("effectivePrint")),
    )


def _field(boundary: str, name: str, value: str) -> bytes:
    return (
        f"--{boundary}\r\n"
        f'Content-Disposition: form-data; name="{name}"\r\n\r\n'
        f"{value}\r\n"
    ).encode()


def _file_field(boundary: str, name: str) -> bytes:
    """Return what comes before the file; its name as RFC 5987 writes any of them."""
    return (
        f"--{boundary}\r\n"
        'Content-Disposition: form-data; name="file"; '
        f"filename*=utf-8''{quote(name, safe='')}\r\n"
        "Content-Type: application/octet-stream\r\n\r\n"
    ).encode()
