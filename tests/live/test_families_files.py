"""Test files: names of every kind, and every command with what is refused."""

from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from custom_components.octoprint_plus.api import (
    OctoPrintConflictError,
    OctoPrintNotFoundError,
    OctoPrintRequestError,
)
from scripts.lab import OctoPrintServer
from scripts.lab.sample_print import sample_print

from .families import GCODE, ON_EVERY_VERSION, connected, refused, until

pytestmark = ON_EVERY_VERSION

# The names that each OctoPrint keeps as they are, and those that it changes.
KEPT = ["with blank.gcode", "Bénchy ü.gcode", "奔驰🐙.gcode", "a#b.gcode", "50%.gcode"]
CHANGED = {
    "a?b.gcode": "ab.gcode",
    "<tag>|*.gcode": "tag.gcode",
    "..hidden.gcode": "hidden.gcode",
    "con.gcode": "con_.gcode",
}


async def test_files(
    tmp_path: Path, session: aiohttp.ClientSession, version: str
) -> None:
    """Test names of every kind, and every command with what is refused."""
    async with OctoPrintServer(tmp_path, version=version) as server:
        client = await connected(session, server)
        files = client.files

        async def put(name: str, **options: Any) -> str:
            content, size = BytesIO(GCODE), len(GCODE)
            upload = await files.upload("local", name, content, size, **options)
            assert upload.is_done
            return upload.path

        # Upload.
        for name in KEPT:
            assert await put(name) == name
            assert (await files.info("local", name)).size == len(GCODE)
        for name, kept in CHANGED.items():
            assert await files.sanitized("local", f"a b/{name}") == f"a b/{kept}"
            assert await put(name) == kept
            assert (await files.info("local", kept)).name in {name, kept}
        assert await put("in it.gcode", folder="new/ä b") == "new/ä b/in it.gcode"
        await refused(OctoPrintConflictError, put("50%.gcode"))
        assert await put("50%.gcode", overwrite=True, user_data={"a": 1}) == "50%.gcode"
        empty = await files.upload("local", "empty.gcode", BytesIO(), 0)
        assert (await files.info("local", empty.path)).size == 0
        await refused(OctoPrintRequestError, put("model.exe"), put("model.stl"))
        await refused(
            OctoPrintNotFoundError,
            files.upload("nowhere", "a.gcode", BytesIO(GCODE), len(GCODE)),
        )

        # Whether a name is free.
        taken = await files.taken("local", "50%.gcode")
        assert taken
        assert taken.size == (None if version == "1.9.3" else len(GCODE))
        assert await files.taken("local", "free.gcode") is None
        assert await files.taken("local", "free.gcode", "no/such") is None
        assert await files.taken("sdcard", "free.gco") is None

        # Folders, copies and moves.
        assert await files.create_folder("local", "Größe #1") == "Größe #1"
        assert await files.create_folder("local", "Größe #1") == "Größe #1"
        assert await files.create_folder("local", "sub", "Größe #1") == "Größe #1/sub"
        copy = await files.copy("local", "a#b.gcode", "Größe #1")
        assert copy == "Größe #1/a#b.gcode"
        copy = await files.copy("local", "a#b.gcode", "Größe #1/sub/100% a?.gcode")
        assert copy == "Größe #1/sub/100% a.gcode"
        assert (await files.info("local", copy)).size == len(GCODE)
        assert await files.move("local", "Größe #1/sub", "elsewhere") == "elsewhere"
        assert (await files.info("local", "elsewhere")).is_folder
        moved = await files.move("local", "elsewhere/100% a.gcode", "100%.gcode")
        assert moved == "100%.gcode"
        before = {entry.path for entry in (await files.list("local")).walk()}
        await refused(
            OctoPrintConflictError,
            files.copy("local", "a#b.gcode", "Größe #1"),
            files.move("local", "a#b.gcode", "50%.gcode"),
            files.create_folder("local", "folder.gcode"),
        )
        await refused(
            OctoPrintNotFoundError,
            files.info("local", "no/such/file.gcode"),
            files.info("local", "nope.gcode"),
            files.select("local", "nope.gcode"),
            files.delete("local", "no/such/file.gcode"),
            files.analyse("local", "nope.gcode"),
            files.copy("local", "nope.gcode", "x.gcode"),
            files.move("local", "nope.gcode", "x.gcode"),
            files.copy("local", "a#b.gcode", "no/such/x.gcode"),
            files.move("local", "a#b.gcode", "no/such/x.gcode"),
            files.slice("local", "a#b.gcode", slicer="cura"),
        )
        await refused(
            OctoPrintRequestError,
            files.copy("local", "Größe #1", "Größe #1/inside"),
            files.move("local", "Größe #1", "Größe #1/inside"),
            files.copy("local", "a#b.gcode", "x.exe"),
            files.create_folder("local", "sub", "no such"),
            files.create_folder("sdcard", "sub"),
        )
        after = {entry.path for entry in (await files.list("local")).walk()}
        assert after == before

        # Selecting, analysing, downloading, deleting.
        await files.select("local", "a#b.gcode")
        await files.unselect()
        with pytest.raises(OctoPrintConflictError, match="no file selected"):
            await files.unselect()
        await files.analyse("local", "a#b.gcode")
        async with files.download("Größe #1/a#b.gcode") as download:
            assert download.size == len(GCODE)
            assert b"".join([each async for each in download.chunks()]) == GCODE
        async with files.download("50%.gcode", byte_range="bytes=0-3") as download:
            content = b"".join([each async for each in download.chunks()])
            # OctoPrint 2 knows no ranges.
            assert download.is_partial is not version.startswith("2.")
            assert content == (GCODE[:4] if download.is_partial else GCODE)
        with pytest.raises(OctoPrintNotFoundError):
            async with files.download("nope.gcode"):
                pass
        await files.delete("local", "Größe #1/a#b.gcode")
        await refused(
            OctoPrintNotFoundError, files.delete("local", "Größe #1/a#b.gcode")
        )
        await files.delete("local", "Größe #1")
        await refused(OctoPrintNotFoundError, files.info("local", "Größe #1"))

        # What is being printed is protected.
        slow = sample_print(60).encode()
        upload = await files.upload(
            "local", "slow.gcode", BytesIO(slow), len(slow), folder="f", print_=True
        )
        assert upload.is_printing

        async def is_printing() -> bool:
            return await server.state() == "Printing"

        await until(is_printing)
        await refused(
            OctoPrintConflictError,
            files.delete("local", "f/slow.gcode"),
            files.delete("local", "f"),
            files.move("local", "f/slow.gcode", "x.gcode"),
            put("slow.gcode", folder="f", overwrite=True),
            files.select("local", "a#b.gcode"),
            files.unselect(),
        )
        assert (await files.info("local", "f/slow.gcode")).size == len(slow)
        upload = await files.upload(
            "local", "z.gcode", BytesIO(GCODE), len(GCODE), select=True, print_=True
        )
        assert not upload.is_selected
        assert not upload.is_printing
        await client.job.cancel()
