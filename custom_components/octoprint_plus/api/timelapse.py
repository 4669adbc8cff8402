"""Timelapse: what is recorded, how, and the films that come of it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from . import patience, quantities
from .bodies import LISTS
from .downloads import Download, download
from .errors import OctoPrintConflictError, OctoPrintNotFoundError
from .parsing import (
    Json,
    flag,
    identifier,
    items,
    label,
    mapping,
    moment,
    promised,
    text,
)
from .paths import encoded
from .permissions import Permission
from .transport import ApiFamily

ENDPOINT = "api/timelapse"
DOWNLOADS = "downloads/timelapse"

TIMELAPSE_OFF = "off"
TIMELAPSE_TIMED = "timed"
TIMELAPSE_ZCHANGE = "zchange"


@dataclass(frozen=True, kw_only=True, slots=True)
class TimelapseOptions:
    """How a print is recorded, apart from the type; what it does not use is None."""

    post_roll: int | None = None
    """Seconds for which the last image stays."""

    fps: int | None = None
    """Images a second in the film."""

    interval: int | None = None
    """Seconds from one image to the next, of timed."""

    min_delay: float | None = None
    """Seconds at least from one image to the next, of zchange."""

    retraction_z_hop: float | None = None
    """Millimetres of Z that are no new layer, of zchange."""

    render_after_print: str | None = None
    """always, success, failure or never; from OctoPrint 1.11 on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TimelapseConfig(TimelapseOptions):
    """How a print is recorded."""

    type: str
    """off, timed (an image each interval) or zchange (an image each layer)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Timelapse:
    """A film."""

    name: str
    size: int | None
    """Bytes."""

    date: datetime | None
    path: str
    """Where it is downloaded, encoded, below the server's address."""

    thumbnail: str | None
    """Where its preview is downloaded, as path."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unrendered:
    """Images of which no film has been made."""

    name: str
    count: int
    size: int | None
    """Bytes."""

    is_recording: bool
    is_rendering: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Timelapses:
    """All that the family tells."""

    config: TimelapseConfig
    is_enabled: bool
    """Whether timelapses are switched on in OctoPrint's settings at all."""

    films: tuple[Timelapse, ...]
    unrendered: tuple[Unrendered, ...]


class TimelapseApi(ApiFamily):
    """Calls of the family timelapse."""

    async def list(self) -> Timelapses:
        """Return films, images and config (GET /api/timelapse?unrendered=true)."""
        return parse_timelapses(
            await self._transport.get(
                ENDPOINT,
                limit=LISTS,
                params={"unrendered": "true"},
                permission=Permission.TIMELAPSE_LIST,
                # OctoPrint looks at each of thousands of images.
                timeout=patience.LISTING,
            ),
            self._transport.clock.ahead,
        )

    async def configure(
        self, config: TimelapseConfig, *, save: bool = False
    ) -> TimelapseConfig:
        """Record like that from now on and return how it is done (POST /api/timelapse).

        What is None takes OctoPrint's default. With `save` it outlives a restart of
        OctoPrint, for administrators. During a print this ends its recording, which
        stays unrendered.

        Raises OctoPrintConflictError where OctoPrint does not take it: without ffmpeg,
        without a snapshot URL, or with timelapses switched off. OctoPrintRequestError
        for numbers out of range.
        """
        values = {
            "postRoll": config.post_roll,
            "fps": config.fps,
            "interval": config.interval,
            "minDelay": config.min_delay,
            "retractionZHop": config.retraction_z_hop,
            "renderAfterPrint": config.render_after_print,
            "save": save or None,
        }
        answer = await self._transport.post(
            ENDPOINT,
            {key: value for key, value in values.items() if value is not None}
            | {"type": config.type},
            permission=(Permission.TIMELAPSE_ADMIN, Permission.TIMELAPSE_LIST),
        )
        found = parse_timelapses(promised(answer, ENDPOINT)).config
        if found.type != config.type:
            raise OctoPrintConflictError(
                f"OctoPrint does not record {config.type}: ffmpeg, the snapshot URL or"
                " the webcam is missing in its settings, or timelapses are switched off"
            )
        return found

    async def delete(self, name: str) -> None:
        """Delete a film (DELETE /api/timelapse/<name>)."""
        path = encoded(name)
        # OctoPrint says nothing about a name that it does not know.
        if name not in {film.name for film in (await self.list()).films}:
            raise OctoPrintNotFoundError(f"There is no timelapse {name!r}")
        await self._transport.delete(
            f"{ENDPOINT}/{path}",
            permission=(Permission.TIMELAPSE_DELETE, Permission.TIMELAPSE_LIST),
            timeout=patience.FILES,
        )

    async def render(self, name: str) -> None:
        """Make a film of images (POST /api/timelapse/unrendered/<name>); it takes long.

        Raises OctoPrintConflictError during a print.
        """
        await self._transport.post(
            await self._unrendered(name),
            {"command": "render"},
            permission=Permission.TIMELAPSE_MANAGE_UNRENDERED,
        )

    async def delete_unrendered(self, name: str) -> None:
        """Delete images (DELETE /api/timelapse/unrendered/<name>)."""
        await self._transport.delete(
            await self._unrendered(name),
            permission=Permission.TIMELAPSE_MANAGE_UNRENDERED,
            timeout=patience.FILES,
        )

    @asynccontextmanager
    async def download(
        self, name: str, *, byte_range: str | None = None
    ) -> AsyncGenerator[Download]:
        """Yield a film to be read piece by piece (GET /downloads/timelapse/<name>).

        `byte_range` is HTTP's, for example bytes=0-99. A preview has the name of its
        film with .thumb.jpg behind it.
        """
        async with download(
            self._transport,
            download_path(name),
            byte_range=byte_range,
            permission=Permission.TIMELAPSE_DOWNLOAD,
        ) as found:
            yield found

    async def _unrendered(self, name: str) -> str:
        """Return the path of images that there are; OctoPrint checks no such name."""
        path = f"{ENDPOINT}/unrendered/{encoded(name)}"
        if name not in {each.name for each in (await self.list()).unrendered}:
            raise OctoPrintNotFoundError(f"There are no images {name!r}")
        return path


def download_path(name: str) -> str:
    """Return where a film is downloaded, encoded, below the server's address."""
    return f"{DOWNLOADS}/{encoded(name)}"


def parse_timelapses(answer: Json, ahead: float = 0.0) -> Timelapses:
    """Read the answer of GET /api/timelapse of a server whose clock is so many seconds ahead."""
    return Timelapses(
        config=parse_config(mapping(answer.get("config"))),
        # OctoPrint 1.7 and older do not tell.
        is_enabled=answer.get("enabled") is not False,
        films=tuple(
            Timelapse(
                name=name,
                size=quantities.byte_size(each.get("bytes")),
                date=moment(each.get("timestamp"), ahead),
                path=path,
                thumbnail=f"{path}.thumb.jpg" if text(each.get("thumbnail")) else None,
            )
            for each in items(answer.get("files"))
            if (name := identifier(each.get("name"))) and (path := _path_of(name))
        ),
        unrendered=tuple(
            Unrendered(
                name=name,
                count=quantities.count(each.get("count")) or 0,
                size=quantities.byte_size(each.get("bytes")),
                is_recording=flag(each.get("recording")),
                is_rendering=flag(each.get("rendering")),
            )
            for each in items(answer.get("unrendered"))
            if (name := identifier(each.get("name")))
        ),
    )


def parse_config(data: Json) -> TimelapseConfig:
    """Read a config, which is also pushed."""
    return TimelapseConfig(
        type=label(data.get("type")) or TIMELAPSE_OFF,
        post_roll=quantities.count(data.get("postRoll")),
        fps=quantities.count(data.get("fps")),
        interval=quantities.count(data.get("interval")),
        min_delay=quantities.elapsed(data.get("minDelay")),
        retraction_z_hop=quantities.extent(data.get("retractionZHop")),
        render_after_print=label(data.get("renderAfterPrint")),
    )


def _path_of(name: str) -> str | None:
    try:
        return download_path(name)
    except OctoPrintNotFoundError:
        return None
