"""Settings: the few of OctoPrint's settings that matter outside of it."""

from dataclasses import dataclass
from typing import Any

from . import patience, quantities
from .errors import OctoPrintRequestError
from .parsing import Json, identifier, items, label, mapping, promised, text, texts
from .permissions import Permission
from .redaction import is_secret, without_secrets
from .transport import ApiFamily

ENDPOINT = "api/settings"

SCRIPTS = "scripts.gcode."

PLUGIN_SETTINGS = "plugins"

# What OctoPrint itself sets, in any of its versions. Plugins may add groups beside these.
SETTINGS_GROUPS = frozenset(
    {
        *(
            "accessControl",
            "api",
            "appearance",
            "controls",
            "devel",
            "feature",
            "folder",
        ),
        *(
            "gcodeAnalysis",
            "printerConnection",
            "scripts",
            "serial",
            "server",
            "slicing",
        ),
        *("system", "temperature", "terminalFilters", "webcam"),
    }
)

# More than anybody sets up.
MAX_PROFILES = 1000
MAX_WEBCAMS = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class TemperatureProfile:
    """A preset of the user's, in degrees Celsius."""

    name: str
    extruder: float | None
    bed: float | None
    chamber: float | None

    def target(self, heater: str) -> float | None:
        """Return the temperature for a heater by OctoPrint's name for it."""
        if heater == "bed":
            return self.bed
        if heater == "chamber":
            return self.chamber
        return self.extruder


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """OctoPrint's settings."""

    name: str | None
    """What the user calls the printer (appearance.name)."""

    upnp_uuid: str | None
    """The instance's id in discovery; None where that plugin is disabled or new."""

    temperature_profiles: tuple[TemperatureProfile, ...]
    plugins: frozenset[str]
    """The ids of the plugins that have settings."""

    webcams_without_stream: tuple[str, ...] = ()
    """The names of webcams that have an address for snapshots, but none to watch."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Objection:
    """Why a change of settings would not do what it looks like."""

    path: str
    """The names down to the setting, with dots between them."""

    reason: str
    """secret, unknown, group (more settings are below it), no_group or hidden (what
    is in it is not shown, so that a new list would lose it)."""


class SettingsApi(ApiFamily):
    """Calls of the family settings.

    What a key may read of them differs: some parts are for administrators.
    """

    async def get(self) -> Settings:
        """Return the settings (GET /api/settings), unchanged ones from memory."""
        return parse_settings(
            await self._transport.get(
                ENDPOINT, is_kept=True, permission=Permission.SETTINGS_READ
            )
        )

    async def get_raw(self) -> dict[str, Any]:
        """Return all settings as OctoPrint words them, without secrets and shell commands.

        GET /api/settings.
        """
        answer = await self._transport.get(
            ENDPOINT, permission=Permission.SETTINGS_READ
        )
        return dict(without_secrets(answer))

    async def objection(self, changes: Json) -> Objection | None:
        """Return why changes should not be sent, None where they may (GET /api/settings).

        OctoPrint would pass over most of that without a word.
        """
        answer = await self._transport.get(
            ENDPOINT, permission=Permission.SETTINGS_READ
        )
        return find_objection(changes, answer)

    async def update(self, changes: Json) -> dict[str, Any]:
        """Change settings and return all of them as get_raw does (POST /api/settings).

        What is not named stays as it is, at any depth; a list is replaced as a whole.
        OctoPrint passes over names that it does not know, and over values that it
        does not like. Raises OctoPrintRequestError for nothing at all.
        """
        if not changes:
            # OctoPrint would save, and tell everybody that something has changed.
            raise OctoPrintRequestError("There is nothing to change")
        answer = await self._transport.post(
            ENDPOINT, changes, permission=Permission.SETTINGS, timeout=patience.SETTINGS
        )
        return dict(without_secrets(promised(answer, ENDPOINT)))


def find_objection(changes: Json, known: Json, path: str = "") -> Objection | None:
    """Return the first objection to changes of the settings that there are."""
    for name, value in changes.items():
        at = f"{path}{name}"
        if is_secret(str(name)):
            return Objection(path=at, reason="secret")
        if name not in known:
            # Scripts that have no lines are not told.
            if path != SCRIPTS or not isinstance(value, str):
                return Objection(path=at, reason="unknown")
        elif isinstance(value, dict):
            if not isinstance(known[name], dict):
                return Objection(path=at, reason="no_group")
            if found := find_objection(value, known[name], f"{at}."):
                return found
        elif isinstance(known[name], dict):
            return Objection(path=at, reason="group")
        elif isinstance(value, list):
            if without_secrets(value) != value:
                return Objection(path=at, reason="secret")
            if without_secrets(known[name]) != known[name]:
                return Objection(path=at, reason="hidden")
    return None


def parse_settings(answer: Json) -> Settings:
    """Read the answer of GET /api/settings."""
    plugins = mapping(answer.get("plugins"))
    discovery = mapping(plugins.get("discovery"))
    profiles = items(mapping(answer.get("temperature")).get("profiles"), MAX_PROFILES)
    return Settings(
        name=label(mapping(answer.get("appearance")).get("name")),
        upnp_uuid=identifier(discovery.get("upnpUuid")),
        temperature_profiles=tuple(
            TemperatureProfile(
                name=name,
                extruder=quantities.target(profile.get("extruder")),
                bed=quantities.target(profile.get("bed")),
                chamber=quantities.target(profile.get("chamber")),
            )
            for profile in profiles
            if (name := label(profile.get("name")))
        ),
        plugins=frozenset(texts(list(plugins))),
        webcams_without_stream=_webcams_without_stream(mapping(answer.get("webcam"))),
    )


def _webcams_without_stream(webcam: Json) -> tuple[str, ...]:
    """Return the webcams with snapshots only; those without either are just not set up."""
    if webcam.get("webcamEnabled") is False:
        return ()
    return tuple(
        name
        for each in items(webcam.get("webcams"), MAX_WEBCAMS)
        if (name := label(each.get("displayName")) or label(each.get("name")))
        # A plugin may show its own webcam in a way of its own.
        and isinstance(compat := each.get("compat"), dict)
        and text(compat.get("snapshot"))
        and not text(compat.get("stream"))
    )
