"""Octolapse: timelapses whose pictures are taken with the nozzle out of the way."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from ..errors import OctoPrintRequestError
from ..parsing import (
    Json,
    identifier,
    integer,
    items,
    label,
    mapping,
    message,
    promised,
)
from ..quantities import count
from .parsing import is_true
from .requests import PluginFamily

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
    is_rendering: bool
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


class OctolapseApi(PluginFamily):
    """Calls of Octolapse; whoever is not an admin may only read."""

    async def get(self) -> Octolapse:
        """Return the state and settings (POST /plugin/octolapse/loadState)."""
        path = "loadState"
        answer = promised(
            await self._plugins.send_path(PLUGIN, path, {"client_id": CLIENT_ID}),
            f"plugin/{PLUGIN}/{path}",
        )
        if answer.get("success") is False:
            raise OctoPrintRequestError(
                message(answer.get("error_message"))
                or message(answer.get("error"))
                or "Octolapse refused it"
            )
        return parse_octolapse(answer)


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
        is_rendering=is_true(value.get("is_rendering")),
        snapshot_count=count(value.get("snapshot_count")) or 0,
        snapshot_failed_count=count(value.get("snapshot_failed_count")) or 0,
    )


def state_name(state: OctolapseState | int | None) -> str | None:
    """Return the name of a state, its number where it has none that we know."""
    if isinstance(state, OctolapseState):
        return state.name.lower()
    return None if state is None else str(state)


def _profile_in_use(profiles: Json, kind: str) -> str | None:
    guid = identifier(profiles.get(f"current_{kind}_profile_guid"))
    plural = {"logging": "logging"}.get(kind, f"{kind}s")
    for profile in items(profiles.get(plural)):
        if guid is not None and profile.get("guid") == guid:
            return label(profile.get("name"))
    return None
