"""Test uploads that are large, or come to no good end."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
import tracemalloc

import aiohttp
import pytest
from yarl import URL

from custom_components.octoprint_plus.api import (
    OctoPrintAuthError,
    OctoPrintClient,
    OctoPrintConflictError,
    OctoPrintRequestError,
)
from custom_components.octoprint_plus.api.uploads import CHUNK
from scripts.lab import OctoPrintServer

from .families import ON_EVERY_VERSION, connected, refused, until

pytestmark = ON_EVERY_VERSION

MEGABYTE = 1024 * 1024
LARGE = 50 * MEGABYTE


def names_in(folder: Path) -> set[str]:
    """Return the names of the files in a folder, hidden ones aside."""
    return {path.name for path in folder.iterdir() if not path.name.startswith(".")}


async def test_large_upload(
    tmp_path: Path,
    session: aiohttp.ClientSession,
    version: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Test that 50 MB go through little memory, and what broken uploads leave."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    piece = (b"G1 X10.000 Y10.000 E0.10000 F3000\n" * 4000)[:CHUNK]

    async def source(size: int, pause: float = 0) -> AsyncIterator[bytes]:
        for start in range(0, size, CHUNK):
            await asyncio.sleep(pause)
            yield piece[: min(CHUNK, size - start)]

    async with OctoPrintServer(tmp_path / "octoprint", version=version) as server:
        client = await connected(session, server)
        files = client.files
        seen: list[int] = []

        tracemalloc.start()
        try:
            upload = await files.upload(
                "local", "large.gcode", source(LARGE), LARGE, on_progress=seen.append
            )
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.reset_peak()
            size = 0
            async with files.download("large.gcode") as download:
                async for chunk in download.chunks():
                    size += len(chunk)
            _, download_peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert upload.path == "large.gcode"
        assert (await files.info("local", "large.gcode")).size == LARGE == size
        assert (len(seen), seen[-1]) == (LARGE // CHUNK, LARGE)
        assert peak < 4 * MEGABYTE
        assert download_peak < 4 * MEGABYTE

        async def is_tidy() -> bool:
            return not names_in(temporary)

        await until(is_tidy)

        # Refused only when all has been sent, and nothing is left.
        await refused(
            OctoPrintConflictError,
            files.upload("local", "large.gcode", source(LARGE), LARGE),
        )
        await refused(
            OctoPrintRequestError,
            files.upload("local", "large.exe", source(LARGE), LARGE),
        )
        wrong = OctoPrintClient(session, URL(server.url), "x" * 32)
        await refused(
            OctoPrintAuthError, wrong.files.upload("local", "a.gcode", source(9), 9)
        )
        too_large = 2 * 1024 * MEGABYTE
        with pytest.raises(OctoPrintRequestError, match="larger than OctoPrint takes"):
            await files.upload("local", "b.gcode", source(too_large), too_large)
        await until(is_tidy)

        # Cancelled, and broken off by the source.
        seen.clear()
        upload_to_folder = files.upload(
            "local",
            "c.gcode",
            source(LARGE, 0.01),
            LARGE,
            folder="f",
            on_progress=seen.append,
        )
        task = asyncio.create_task(upload_to_folder)

        async def is_under_way() -> bool:
            return bool(seen)

        await until(is_under_way)
        assert seen[-1] < LARGE
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        async def broken() -> AsyncIterator[bytes]:
            yield piece
            raise OSError("The source is gone")

        with pytest.raises(OSError, match="The source is gone"):
            await files.upload("local", "d.gcode", broken(), LARGE)
        await refused(
            OctoPrintRequestError,
            files.upload("local", "e.gcode", source(1000), LARGE),
            files.upload("local", "e.gcode", source(2000), 1000),
        )
        # The next command gets through, and nothing of them is there.
        await files.create_folder("local", "after")
        assert {entry.path for entry in (await files.list("local")).walk()} == {
            "large.gcode",
            "after",
        }
        assert names_in(tmp_path / "octoprint/uploads") == {"large.gcode", "after"}
        # OctoPrint forgets a piece among its temporary files.
        assert all(name.startswith("octoprint-file-") for name in names_in(temporary))
