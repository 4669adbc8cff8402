"""Test timelapses: configurations, films and images."""

from pathlib import Path

import aiohttp

from custom_components.octoprint_plus.api import (
    OctoPrintConflictError,
    OctoPrintNotFoundError,
    OctoPrintRequestError,
)
from custom_components.octoprint_plus.api.timelapse import (
    TIMELAPSE_OFF,
    TIMELAPSE_TIMED,
    TIMELAPSE_ZCHANGE,
    TimelapseConfig,
)
from scripts.lab import OctoPrintOptions, OctoPrintServer
from scripts.lab.octoprint_config import ADMIN_KEY

from .families import ON_EVERY_VERSION, connected, refused, until

pytestmark = ON_EVERY_VERSION

# It writes its last argument, the film.
FFMPEG = '#!/bin/sh\nfor last; do :; done\necho film > "$last"\n'


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
        assert config == TimelapseConfig(type=TIMELAPSE_OFF)

        renders = None if version in ("1.9.3", "1.10.3") else "never"
        timed = TimelapseConfig(
            type=TIMELAPSE_TIMED,
            interval=3,
            fps=10,
            post_roll=2,
            render_after_print=renders,
        )
        assert await timelapse.configure(timed, save=True) == timed
        found = await timelapse.list()
        assert (found.config, found.is_enabled) == (timed, True)
        zchange = TimelapseConfig(
            type=TIMELAPSE_ZCHANGE,
            fps=25,
            post_roll=0,
            min_delay=2.5,
            retraction_z_hop=0.5,
            render_after_print=renders,
        )
        assert await timelapse.configure(zchange) == zchange
        await refused(
            OctoPrintRequestError,
            timelapse.configure(TimelapseConfig(type=TIMELAPSE_TIMED, fps=0)),
            timelapse.configure(TimelapseConfig(type=TIMELAPSE_TIMED, interval=-1)),
        )
        await refused(
            OctoPrintConflictError, timelapse.configure(TimelapseConfig(type="new"))
        )
        assert (
            await timelapse.configure(TimelapseConfig(type=TIMELAPSE_OFF))
        ).type == TIMELAPSE_OFF

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
