"""Tests of every family of the API on every OctoPrint that is supported."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from io import BytesIO
from pathlib import Path
import tracemalloc
from typing import Any

import aiohttp
import pytest
from yarl import URL

from custom_components.octoprint_plus.api import (
    OctoPrintAuthError,
    OctoPrintClient,
    OctoPrintConflictError,
    OctoPrintError,
    OctoPrintNotFoundError,
    OctoPrintPermissionError,
    OctoPrintRequestError,
)
from custom_components.octoprint_plus.api.timelapse import (
    OFF,
    TIMED,
    ZCHANGE,
    TimelapseConfig,
)
from custom_components.octoprint_plus.api.uploads import CHUNK
from custom_components.octoprint_plus.api.util import UrlTest
from scripts.lab import OctoPrintOptions, OctoPrintServer
from scripts.lab.octoprint_config import ADMIN_KEY, OPERATOR_KEY, VIEWER_KEY
from scripts.lab.sample_print import sample_print
from tests.fake_octoprint import FakeOctoPrint

VERSIONS = ["1.9.3", "1.10.3", "1.11.8", "2.0.0rc7"]

pytestmark = [pytest.mark.live, pytest.mark.parametrize("version", VERSIONS)]

GCODE = b"G28\nG1 X10 Y10 F3000\n" * 20
MEGABYTE = 1024 * 1024
LARGE = 50 * MEGABYTE

# The names that each OctoPrint keeps as they are, and those that it changes.
KEPT = ["with blank.gcode", "Bénchy ü.gcode", "奔驰🐙.gcode", "a#b.gcode", "50%.gcode"]
CHANGED = {
    "a?b.gcode": "ab.gcode",
    "<tag>|*.gcode": "tag.gcode",
    "..hidden.gcode": "hidden.gcode",
    "con.gcode": "con_.gcode",
}

CONTROLS = [
    {
        "name": "Filament",
        "children": [
            {
                "name": "Load",
                "commands": ["G91", "G1 E%(length)d F%(speed)d"],
                "confirm": "Is it hot?",
                "input": [
                    {"name": "Length", "parameter": "length", "default": 10},
                    {
                        "name": "Speed",
                        "parameter": "speed",
                        "default": 300,
                        "slider": {"min": 100, "max": 600, "step": 50},
                    },
                ],
            },
            {
                "name": "Position",
                "command": "M114",
                "regex": "X:([0-9.]+)",
                "template": "X={0}",
            },
        ],
    },
    {
        "name": "Greet",
        "script": "greeting",
        "input": [{"name": "Who", "parameter": "who", "default": "You"}],
    },
    {"name": "Page", "javascript": "alert(1)", "command": "M117 never"},
]

# It writes its last argument, the film.
FFMPEG = '#!/bin/sh\nfor last; do :; done\necho film > "$last"\n'


async def until(check: Callable[[], Awaitable[object]], timeout: float = 60) -> None:
    """Wait until an asynchronous check is true."""
    async with asyncio.timeout(timeout):
        while not await check():
            await asyncio.sleep(0.1)


async def connected(
    session: aiohttp.ClientSession, server: OctoPrintServer, key: str = ADMIN_KEY
) -> OctoPrintClient:
    """Return a client that knows the server's version."""
    client = OctoPrintClient(session, URL(server.url), key)
    await client.server.get()
    return client


async def refused(error: type[OctoPrintError], *calls: Awaitable[Any]) -> None:
    """Check that each call raises just that error."""
    for call in calls:
        with pytest.raises(OctoPrintError) as caught:
            await call
        assert isinstance(caught.value, error), repr(caught.value)


def names_in(folder: Path) -> set[str]:
    """Return the names of the files in a folder, hidden ones aside."""
    return {path.name for path in folder.iterdir() if not path.name.startswith(".")}


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
        assert taken.suggestion == "50%_1.gcode"
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


async def test_files_of_the_printer(
    tmp_path: Path, session: aiohttp.ClientSession, version: str
) -> None:
    """Test the SD card: its state, its files, and what it refuses."""
    async with OctoPrintServer(tmp_path, version=version) as server:
        client = await connected(session, server)
        files, printer = client.files, client.printer

        async def is_idle() -> bool:
            # A transfer begins and ends a moment after what asks for it or shows it.
            for _ in range(5):
                if await server.state() != "Operational":
                    return False
                await asyncio.sleep(0.2)
            return True

        async def has_file() -> bool:
            return (await client.job.get()).file is not None

        async def paths() -> set[str]:
            return {entry.path for entry in (await files.list("sdcard")).entries}

        assert await printer.sd_ready() is True
        upload = await files.upload(
            "sdcard", "A long name.gcode", BytesIO(GCODE), len(GCODE)
        )
        assert upload.printer_path
        await until(is_idle)
        await until(paths)
        (path,) = await paths()
        # OctoPrint 1 keeps it in its own storage, too.
        local = {entry.path for entry in (await files.list("local")).entries}
        assert local == (set() if version.startswith("2.") else {"A long name.gcode"})
        await files.upload("local", "other.gcode", BytesIO(GCODE), len(GCODE))
        if version in ("1.9.3", "1.10.3"):
            await refused(OctoPrintRequestError, files.send_to_printer("other.gcode"))
        else:
            await files.send_to_printer("other.gcode")
        await until(is_idle)
        await printer.sd_refresh()
        await files.select("sdcard", path)
        await until(has_file)
        job = await client.job.get()
        assert job.file
        assert job.file.origin == client.printer_storage
        await files.unselect()
        await refused(OctoPrintRequestError, files.copy("sdcard", path, "x.gco"))
        for each in await paths():
            await files.delete("sdcard", each)

        async def is_empty() -> bool:
            return not await paths()

        await until(is_empty)

        async def is_ready() -> bool:
            return await printer.sd_ready() is True

        async def is_released() -> bool:
            return await printer.sd_ready() is False

        await printer.sd_release()
        await until(is_released)
        await refused(
            OctoPrintError,
            files.upload("sdcard", "b.gcode", BytesIO(GCODE), len(GCODE)),
        )
        await printer.sd_init()
        await until(is_ready)
        await client.connection.disconnect()
        await refused(OctoPrintConflictError, printer.sd_init(), printer.sd_refresh())
        assert await printer.sd_ready() is False
    options = OctoPrintOptions(sd=False)
    without = OctoPrintServer(tmp_path / "without", version=version, options=options)
    async with without as server:
        client = await connected(session, server)
        assert await client.printer.sd_ready() is None
        await refused(OctoPrintNotFoundError, client.printer.sd_refresh())


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
        assert names_in(temporary) == set()

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

        async def is_tidy() -> bool:
            return not names_in(temporary)

        await until(is_tidy)

        # Cancelled, and broken off by the source.
        task = asyncio.create_task(
            files.upload("local", "c.gcode", source(LARGE, 0.01), LARGE, folder="f")
        )
        await asyncio.sleep(0.5)
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


async def test_printer_and_connection(
    tmp_path: Path, session: aiohttp.ClientSession, version: str
) -> None:
    """Test offsets, rates, scripts, controls, toggling, and how it connects."""
    options = OctoPrintOptions(
        # This candidate leaves the virtual printer's chamber out.
        chamber=version != "2.0.0rc7",
        settings={"controls": CONTROLS},
    )
    server = OctoPrintServer(tmp_path, version=version, options=options)
    async with server:
        client = await connected(session, server)
        printer, connection = client.printer, client.connection

        def sent(command: str) -> Callable[[], Awaitable[bool]]:
            """Return a check whether the printer was sent a line."""
            log = tmp_path / "logs/plugin_virtual_printer_serial.log"

            async def check() -> bool:
                return f"<<< {command}\n" in log.read_text(encoding="utf-8")

            return check

        # Offsets.
        await printer.set_offset("tool0", 5)
        await printer.set_offset("bed", -2.5)
        offsets = {"tool0": 5.0, "bed": -2.5}
        if options.chamber:
            await printer.set_offset("chamber", 1)
            offsets["chamber"] = 1.0
        else:
            await refused(OctoPrintConflictError, printer.set_offset("chamber", 1))

        async def has_offsets() -> bool:
            heaters = (await printer.get()).heaters
            return {
                name: heaters[name].offset for name in offsets if name in heaters
            } == offsets

        await until(has_offsets)
        await refused(
            OctoPrintRequestError,
            printer.set_offset("tool0", 60),
            printer.set_offset("bed", -51),
            printer.set_offset("tool0", float("nan")),
        )
        await printer.set_offset("tool0", 0)

        # Rates: a number with a point is a percentage all the same.
        await printer.set_feed_rate(110.0)
        await printer.set_flow_rate(95)
        await until(sent("M220 S110"))
        await until(sent("M221 S95"))
        await refused(
            OctoPrintRequestError,
            printer.set_feed_rate(0),
            printer.set_flow_rate(-5),
        )

        # Scripts and controls.
        script = (
            "M117 {{ parameters.who }}{% if context %} {{ context.why }}{% endif %}"
        )
        await client.settings.update({"scripts": {"gcode": {"greeting": script}}})
        await printer.run_script(
            "greeting", parameters={"who": "You"}, context={"why": "There"}
        )
        await until(sent("M117 You There"))
        await refused(OctoPrintNotFoundError, printer.run_script("nope"))
        controls = {
            name: control for control, name in (await printer.controls()).walk()
        }
        assert list(controls) == [
            "Filament / Load",
            "Filament / Position",
            "Greet",
            "Page",
        ]
        load = controls["Filament / Load"]
        assert load.confirm == "Is it hot?"
        assert load.inputs[1].slider
        assert controls["Filament / Position"].is_display
        await printer.run_control(load, {"length": 5})
        await until(sent("G1 E5 F300"))
        await printer.run_control(controls["Filament / Position"])
        await until(sent("M114"))
        await printer.run_control(controls["Greet"], {"who": "Me"})
        await until(sent("M117 Me"))
        await refused(OctoPrintRequestError, printer.run_control(controls["Page"]))

        # Toggling.
        await refused(OctoPrintConflictError, client.job.toggle())
        await server.upload("a.gcode", sample_print(60), print_=True)

        def is_in(*states: str) -> Callable[[], Awaitable[bool]]:
            async def check() -> bool:
                return await server.state() in states

            return check

        await until(is_in("Printing"))
        await client.job.toggle()
        await until(is_in("Paused"))
        await client.job.toggle()
        await until(is_in("Printing"))
        await client.job.cancel()
        await until(is_in("Operational"))

        # Connecting with other preferences; what is not chosen stays.
        await connection.fake_ack()
        await refused(
            OctoPrintRequestError,
            connection.connect(port="/dev/nowhere"),
            connection.connect(baudrate=1),
            connection.connect(printer_profile="nope"),
        )
        await connection.disconnect()
        await until(is_in("Offline"))
        await connection.connect(baudrate=250000, save=True, autoconnect=False)
        await until(is_in("Operational"))
        options_now = (await connection.get()).options
        assert options_now.port_preference == "VIRTUAL"
        assert options_now.baudrate_preference == 250000
        assert options_now.printer_profile_preference == "_default"
        is_two = version.startswith("2.")
        assert options_now.autoconnect is (False if is_two else None)
        serial = (await client.settings.get_raw()).get("serial", {})
        if not is_two:
            assert serial["autoconnect"] is False
        await connection.disconnect()
        await until(is_in("Offline"))
        await refused(
            OctoPrintConflictError,
            printer.set_offset("bed", 1),
            printer.set_feed_rate(100),
            printer.set_flow_rate(100),
            printer.run_script("greeting"),
            printer.run_control(load),
            client.job.toggle(),
        )


async def test_timelapse(
    tmp_path: Path, session: aiohttp.ClientSession, version: str
) -> None:
    """Test configurations, films and images, and the server that cannot record."""
    ffmpeg = tmp_path / "ffmpeg"
    ffmpeg.write_text(FFMPEG, encoding="utf-8")
    ffmpeg.chmod(0o755)
    options = OctoPrintOptions(
        settings={
            "plugins": {
                "classicwebcam": {
                    "_config_version": 1,
                    "snapshot": "http://127.0.0.1:9/snapshot",
                    "stream": "/webcam/?action=stream",
                }
            },
            "webcam": {"ffmpeg": str(ffmpeg), "timelapseEnabled": True},
        }
    )
    folder = tmp_path / "octoprint"
    async with OctoPrintServer(folder, version=version, options=options) as server:
        client = await connected(session, server)
        timelapse = client.timelapse
        config = (await timelapse.list()).config
        assert config == TimelapseConfig(type=OFF)

        renders = None if version in ("1.9.3", "1.10.3") else "never"
        timed = TimelapseConfig(
            type=TIMED, interval=3, fps=10, post_roll=2, render_after_print=renders
        )
        assert await timelapse.configure(timed, save=True) == timed
        found = await timelapse.list()
        assert (found.config, found.is_enabled) == (timed, True)
        zchange = TimelapseConfig(
            type=ZCHANGE,
            fps=25,
            post_roll=0,
            min_delay=2.5,
            retraction_z_hop=0.5,
            render_after_print=renders,
        )
        assert await timelapse.configure(zchange) == zchange
        await refused(
            OctoPrintRequestError,
            timelapse.configure(TimelapseConfig(type=TIMED, fps=0)),
            timelapse.configure(TimelapseConfig(type=TIMED, interval=-1)),
        )
        await refused(
            OctoPrintConflictError, timelapse.configure(TimelapseConfig(type="new"))
        )
        assert (await timelapse.configure(TimelapseConfig(type=OFF))).type == OFF

        film = "a b#ü.mp4"
        (folder / "timelapse").mkdir(exist_ok=True)
        (folder / "timelapse" / film).write_bytes(b"x" * 1000)
        (folder / "timelapse" / f"{film}.thumb.jpg").write_bytes(b"y" * 10)
        images = folder / "timelapse/tmp"
        images.mkdir(exist_ok=True)
        for number in range(3):
            (images / f"to render-{number}.jpg").write_bytes(b"jpg")
            (images / f"to delete-{number}.jpg").write_bytes(b"jpg")
        found = await timelapse.list()
        (listed,) = found.films
        assert (listed.name, listed.size) == (film, 1000)
        assert listed.date
        assert {(each.name, each.count) for each in found.unrendered} == {
            ("to render", 3),
            ("to delete", 3),
        }
        async with timelapse.download(film, byte_range="bytes=0-9") as download:
            content = b"".join([each async for each in download.chunks()])
            assert len(content) == (10 if download.is_partial else 1000)
        assert listed.thumbnail
        async with session.get(
            f"{server.url}/{listed.thumbnail}", headers={"X-Api-Key": ADMIN_KEY}
        ) as response:
            assert await response.read() == b"y" * 10

        await timelapse.render("to render")

        async def is_rendered() -> bool:
            found = await timelapse.list()
            return "to render.mp4" in {each.name for each in found.films} and (
                "to render" not in {each.name for each in found.unrendered}
            )

        await until(is_rendered)
        await timelapse.delete_unrendered("to delete")
        await timelapse.delete(film)
        found = await timelapse.list()
        assert [each.name for each in found.films] == ["to render.mp4"]
        assert not found.unrendered
        await refused(
            OctoPrintNotFoundError,
            timelapse.delete(film),
            timelapse.render("to delete"),
            timelapse.delete_unrendered("to delete"),
        )
    async with OctoPrintServer(tmp_path / "without", version=version) as server:
        timelapse = (await connected(session, server)).timelapse
        await refused(OctoPrintConflictError, timelapse.configure(timed))


async def test_the_rest(
    tmp_path: Path, session: aiohttp.ClientSession, version: str
) -> None:
    """Test settings, profiles, system, slicing, util, permissions and plugins."""
    secret = "http://me:s3cr3t@127.0.0.1:9/?action=stream&token=s3cr3t"
    options = OctoPrintOptions(
        settings={
            "plugins": {
                "classicwebcam": {
                    "_config_version": 1,
                    "snapshot": secret,
                    "stream": secret,
                }
            }
        }
    )
    server = OctoPrintServer(tmp_path, version=version, options=options)
    async with server:
        client = await connected(session, server)
        is_two = version.startswith("2.")

        # Settings.
        settings = client.settings
        before = await settings.get_raw()
        assert "s3cr3t" not in str(before)
        assert ADMIN_KEY not in str(before)
        webcam = before["plugins"]["classicwebcam"]
        assert webcam["stream"] == "http://127.0.0.1:9/?action=stream&token="
        after = await settings.update(
            {
                "appearance": {"name": "Neu"},
                "plugins": {"classicwebcam": {"streamTimeout": 7}},
                "temperature": {"cutoff": 31},
            }
        )
        assert after == await settings.get_raw()
        assert after["appearance"] == before["appearance"] | {"name": "Neu"}
        assert after["temperature"] == before["temperature"] | {"cutoff": 31}
        assert after["plugins"]["classicwebcam"] == webcam | {"streamTimeout": 7}
        for family in before.keys() - {"appearance", "temperature", "webcam"}:
            if family != "plugins":
                assert after[family] == before[family]
        # What is left out in what is read is not lost by what is written.
        raw = await server.request("GET", "/api/settings")
        assert raw["plugins"]["classicwebcam"]["stream"] == secret
        assert (await settings.get()).name == "Neu"

        # Profiles, system, slicing and permissions.
        profile = (await client.profiles.list())["_default"]
        assert profile.axes["x"].speed == 6000
        assert (profile.color, profile.nozzle_diameter) == (None, 0.4)
        usage = await client.system.usage()
        assert 0 < usage["uploads"].free < usage["uploads"].total
        info = await client.system.info()
        assert info["octoprint.version"] == version
        assert await client.slicing.list() == {}
        permissions = await client.access.permissions()
        assert permissions["PRINT"].name == "Print"
        assert permissions["PLUGIN_APPKEYS_ADMIN"].plugin == "appkeys"

        # Util.
        util = client.util
        assert (await util.test_path(str(tmp_path), check_type="dir")).result
        found = await util.test_path(str(tmp_path), check_type="file")
        assert (found.exists, found.is_type, found.result) == (True, False, False)
        assert not (await util.test_path("/no/such/path")).exists
        async with FakeOctoPrint() as other:
            image = {"Content-Type": "image/jpeg"}
            other.answer("GET", "/snapshot", body=b"jpg", headers=image)
            assert await util.test_url(f"{other.url}/snapshot") == UrlTest(
                status=200, content_type="image/jpeg", result=True
            )
            port = URL(other.url).port
            assert port
            assert await util.test_server("127.0.0.1", port)
        assert not await util.test_server("127.0.0.1", port)
        nothing = UrlTest(status=None, content_type=None, result=False)
        assert await util.test_url(f"http://127.0.0.1:{port}/") == nothing

        # Plugins.
        plugins = client.plugins
        assert (await plugins.get("appkeys"))["keys"] == []
        assert await plugins.get("action_command_prompt") is None
        assert "files" in await plugins.get_path("logging", "logs")
        assert "logs" in await plugins.get_path("logging", "")
        assert await plugins.get_path("appkeys", "probe") is None
        await server.debug("action_custom notification Hello")

        async def is_noted() -> bool:
            answer = await plugins.get("action_command_notification")
            return [x["message"] for x in answer["notifications"]] == ["Hello"]

        await until(is_noted)
        assert await plugins.command("action_command_notification", "clear") is None
        assert await plugins.get("action_command_notification") == {"notifications": []}
        asked = await plugins.post_path("appkeys", "request", {"app": "Test"})
        assert asked["app_token"]
        (tmp_path / "logs/old.log").write_text("x", encoding="utf-8")
        await plugins.delete_path("logging", "logs/old.log")
        assert not (tmp_path / "logs/old.log").exists()
        await plugins.put_path("logging", "setup/levels", {})
        await refused(
            OctoPrintNotFoundError,
            plugins.get("nope"),
            plugins.command("nope", "x"),
            plugins.command("virtual_printer", "x"),
            plugins.get_path("nope", "x"),
            plugins.get_path("logging", "nope"),
        )
        with pytest.raises(OctoPrintRequestError, match="command is invalid"):
            await plugins.command("action_command_notification", "nope")
        await refused(
            OctoPrintRequestError,
            plugins.patch_path("logging", "logs", {}),
            plugins.command("action_command_prompt", "select"),
        )

        # Other keys: what is missing is named.
        viewer = await connected(session, server, VIEWER_KEY)
        assert "name" in (await viewer.settings.get_raw())["appearance"]
        operator = await connected(session, server, OPERATOR_KEY)
        content, size = BytesIO(GCODE), len(GCODE)
        for call, permission in (
            (viewer.files.upload("local", "a.gcode", content, size), "FILES_UPLOAD"),
            (viewer.files.delete("local", "a.gcode"), "FILES_DELETE"),
            (viewer.files.create_folder("local", "x"), "FILES_UPLOAD"),
            (viewer.printer.set_offset("bed", 1), "CONTROL"),
            (viewer.printer.controls(), "CONTROL"),
            (viewer.printer.sd_refresh(), "CONTROL"),
            (viewer.connection.fake_ack(), "CONNECTION"),
            (viewer.job.toggle(), "PRINT"),
            (viewer.slicing.list(), "SLICE"),
            (viewer.timelapse.configure(TimelapseConfig(type=OFF)), "TIMELAPSE_ADMIN"),
            (operator.settings.update({"appearance": {"name": "x"}}), "SETTINGS"),
            (operator.system.usage(), "SYSTEM"),
            (operator.system.info(), "SYSTEM"),
            (operator.util.test_path("/"), "ADMIN"),
            (viewer.plugins.get_path("logging", "logs"), None),
            (viewer.plugins.command("action_command_notification", "clear"), None),
        ):
            with pytest.raises(OctoPrintPermissionError) as caught:
                await call
            assert caught.value.permission == permission
        assert is_two == (client.printer_storage == "printer")
