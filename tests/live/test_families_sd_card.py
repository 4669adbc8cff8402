"""Test the printer's own storage on every OctoPrint that is supported."""

from io import BytesIO
from pathlib import Path

import aiohttp

from custom_components.octoprint_plus.api import (
    OctoPrintConflictError,
    OctoPrintError,
    OctoPrintNotFoundError,
    OctoPrintRequestError,
)
from scripts.lab import OctoPrintOptions, OctoPrintServer

from .families import GCODE, ON_EVERY_VERSION, connected, refused, until

pytestmark = ON_EVERY_VERSION


async def test_files_of_the_printer(
    tmp_path: Path, session: aiohttp.ClientSession, version: str
) -> None:
    """Test the SD card: its state, its files, and what it refuses."""
    async with OctoPrintServer(tmp_path, version=version) as server:
        client = await connected(session, server)
        files, printer = client.files, client.printer

        async def has_file() -> bool:
            return (await client.job.get()).file is not None

        async def paths() -> set[str]:
            return {entry.path for entry in (await files.list("sdcard")).entries}

        async def until_listed(count: int) -> set[str]:
            # OctoPrint empties its list and fills it again, line by line, each time
            # the card changed. Before a transfer is over, it does neither.
            async def is_listed() -> bool:
                return len(await paths()) == count

            await until(is_listed)
            return await paths()

        async def card() -> bool:
            found: bool = (await server.request("GET", "/api/printer/sd"))["ready"]
            return found

        async def is_ready() -> bool:
            return await card() is True

        async def is_released() -> bool:
            return await card() is False

        # The printer tells it a moment after it is connected.
        await until(is_ready)
        upload = await files.upload(
            "sdcard", "A long name.gcode", BytesIO(GCODE), len(GCODE)
        )
        assert upload.printer_path
        listed = await until_listed(1)
        (path,) = listed
        # OctoPrint 1 keeps it in its own storage, too.
        local = {entry.path for entry in (await files.list("local")).entries}
        assert local == (set() if version.startswith("2.") else {"A long name.gcode"})
        # The virtual printer lists no file whose name is short already.
        other = "Another long name.gcode"
        await files.upload("local", other, BytesIO(GCODE), len(GCODE))
        if version not in ("1.9.3", "1.10.3"):
            await server.request(
                "POST", f"/api/files/local/{other}", json={"command": "uploadSd"}
            )
            listed = await until_listed(2)
        # What somebody put on the card shows the new list from the old one.
        (tmp_path / "virtualSd/Put by hand.gcode").write_bytes(GCODE)
        await printer.sd_refresh()
        listed = await until_listed(len(listed) + 1)
        await files.select("sdcard", path)
        await until(has_file)
        job = await client.job.get()
        assert job.file
        assert job.file.origin == client.server_info.printer_storage
        await files.unselect()
        await refused(OctoPrintRequestError, files.copy("sdcard", path, "x.gco"))
        for each in sorted(listed):
            await files.delete("sdcard", each)
            listed.remove(each)
            assert await until_listed(len(listed)) == listed

        await printer.sd_release()
        await until(is_released)
        await refused(
            OctoPrintError,
            files.upload("sdcard", "b.gcode", BytesIO(GCODE), len(GCODE)),
        )
        await printer.sd_init()
        await until(is_ready)
        await client.connection.disconnect()
        await until(is_released)
        await refused(OctoPrintConflictError, printer.sd_init(), printer.sd_refresh())
    options = OctoPrintOptions(sd=False)
    without = OctoPrintServer(tmp_path / "without", version=version, options=options)
    async with without as server:
        client = await connected(session, server)
        await refused(OctoPrintNotFoundError, client.printer.sd_refresh())
