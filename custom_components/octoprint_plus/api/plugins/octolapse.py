"""Octolapse: timelapses whose pictures are taken with the nozzle out of the way."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from ..errors import OctoPrintConflictError, OctoPrintRequestError
from ..parsing import (
    Json,
    duration,
    identifier,
    integer,
    items,
    label,
    mapping,
    message,
    percentage,
    promised,
)
from ..quantities import count
from .parsing import is_true, loose_number

if TYPE_CHECKING:
    from ..client import OctoPrintClient

PLUGIN = "octolapse"

# By it the plugin knows the browser that need not be told what it did itself.
CLIENT_ID = "octoprint_plus"

# The kinds of profiles by the plugin's names, and where it says which is in use.
PROFILES = ("printer", "stabilization", "trigger", "rendering", "camera", "logging")


class OctolapseState(IntEnum):
    """What the plugin does."""

    IDLE = 1
    INITIALIZING = 2
    WAITING_FOR_TRIGGER = 3
    ACQUIRING_LOCATION = 4
    TAKING_SNAPSHOT = 5
    WAITING_TO_RENDER = 6
    WAITING_TO_END = 7
    CANCELLING = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class OctolapseStatus:
    """What the plugin does and has done in this print."""

    state: OctolapseState | int | None
    """The plugin's number where it is not known, None where it is none."""

    is_timelapse_active: bool
    is_taking_snapshot: bool
    is_rendering: bool
    is_waiting_to_render: bool
    is_test_mode_active: bool
    snapshot_count: int
    snapshot_failed_count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Octolapse:
    """The plugin's state and the settings that matter outside of it."""

    is_enabled: bool
    is_test_mode_enabled: bool
    version: str | None
    status: OctolapseStatus | None
    profiles: Mapping[str, str]
    """The name of the profile in use by its kind, for example stabilization."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OctolapseMessage:
    """Something happened."""

    type: str
    """For example timelapse-start, snapshot-complete or render-failed."""

    text: str | None
    """For people, in English."""

    status: OctolapseStatus | None
    percent: float | None
    """How far the file is looked through before the print, 0 to 100."""

    seconds_left: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class MovieDone:
    """A film, or an archive of its pictures, is done."""

    name: str
    """The file without its folder; films are in OctoPrint's timelapses."""

    is_archive: bool


class OctolapseApi:
    """Calls of Octolapse; whoever is not an admin may only read."""

    def __init__(self, client: OctoPrintClient) -> None:
        """Keep the client that sends the requests."""
        self._client = client

    async def get(self) -> Octolapse:
        """Return the state and settings (POST /plugin/octolapse/loadState)."""
        return parse_octolapse(await self._post("loadState", {}, permission=None))

    async def main_settings(self) -> Json:
        """Return the main settings as the plugin names them (POST loadMainSettings)."""
        answer = await self._post("loadMainSettings", {}, permission=None)
        return {key: value for key, value in answer.items() if key != "success"}

    async def set_enabled(self, enabled: bool) -> None:
        """Switch the plugin on or off for the next print."""
        await self._post("setEnabled", {"is_octolapse_enabled": enabled})

    async def set_test_mode(self, enabled: bool) -> None:
        """Switch to prints without heat and filament, or back."""
        await self._post("setTestMode", {"test_mode_enabled": enabled})

    async def stop(self) -> None:
        """Stop the running timelapse; the print goes on.

        Without one the plugin would wait for ever to render it, so it is looked for:
        raises OctoPrintConflictError where there is none.
        """
        status = (await self.get()).status
        if status is None or not status.is_timelapse_active:
            raise OctoPrintConflictError("Octolapse takes no timelapse")
        await self._post("stopTimelapse", {})

    async def _post(
        self, path: str, data: Json, *, permission: str | None = "ADMIN"
    ) -> Json:
        endpoint = f"plugin/{PLUGIN}/{path}"
        answer = promised(
            await self._client.plugins.post_path(
                PLUGIN, path, {**data, "client_id": CLIENT_ID}, permission=permission
            ),
            endpoint,
        )
        if answer.get("success") is False:
            raise OctoPrintRequestError(
                message(answer.get("error_message"))
                or message(answer.get("error"))
                or "Octolapse refused it"
            )
        return answer


def parse_octolapse(answer: Json) -> Octolapse:
    """Read the answer of loadState."""
    settings = mapping(answer.get("main_settings"))
    profiles = mapping(mapping(answer.get("status")).get("profiles"))
    return Octolapse(
        is_enabled=is_true(settings.get("is_octolapse_enabled")),
        is_test_mode_enabled=is_true(settings.get("test_mode_enabled")),
        version=label(settings.get("version")),
        status=parse_status(answer.get("status")),
        profiles={
            kind: name
            for kind in PROFILES
            if (name := _profile_in_use(profiles, kind)) is not None
        },
    )


def parse_status(value: object) -> OctolapseStatus | None:
    """Read the status of an answer or a message, None where there is none."""
    if not isinstance(value, dict) or "state" not in value:
        return None
    number = integer(value["state"])
    return OctolapseStatus(
        state=OctolapseState(number) if number in set(OctolapseState) else number,
        is_timelapse_active=is_true(value.get("is_timelapse_active")),
        is_taking_snapshot=is_true(value.get("is_taking_snapshot")),
        is_rendering=is_true(value.get("is_rendering")),
        is_waiting_to_render=is_true(value.get("waiting_to_render")),
        is_test_mode_active=is_true(value.get("is_test_mode_active")),
        snapshot_count=count(value.get("snapshot_count")) or 0,
        snapshot_failed_count=count(value.get("snapshot_failed_count")) or 0,
    )


def state_name(state: OctolapseState | int | None) -> str | None:
    """Return the name of a state, its number where it has none that we know."""
    if isinstance(state, OctolapseState):
        return state.name.lower()
    return None if state is None else str(state)


def parse_message(data: Json) -> OctolapseMessage | None:
    """Read what the plugin pushes."""
    if (kind := label(data.get("type"))) is None:
        return None
    # One of them wraps its status once more.
    status = data.get("status") or mapping(data.get("state")).get("status")
    return OctolapseMessage(
        type=kind,
        text=message(data.get("msg")),
        status=parse_status(status),
        percent=percentage(loose_number(data.get("percent_progress"))),
        seconds_left=duration(loose_number(data.get("seconds_to_complete"))),
    )


def _movie_done(payload: Json) -> MovieDone | None:
    name = label(payload.get("movie_basename"))
    return None if name is None else MovieDone(name=name, is_archive=False)


def _archive_done(payload: Json) -> MovieDone | None:
    name = label(payload.get("archive_basename"))
    return None if name is None else MovieDone(name=name, is_archive=True)


EVENTS: Mapping[str, Callable[[Json], MovieDone | None]] = {
    "plugin_octolapse_movie_done": _movie_done,
    "plugin_octolapse_snapshot_archive_done": _archive_done,
}


def _profile_in_use(profiles: Json, kind: str) -> str | None:
    guid = identifier(profiles.get(f"current_{kind}_profile_guid"))
    plural = {"logging": "logging"}.get(kind, f"{kind}s")
    for profile in items(profiles.get(plural)):
        if guid is not None and profile.get("guid") == guid:
            return label(profile.get("name"))
    return None
