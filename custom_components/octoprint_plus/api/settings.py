"""Settings: the few of OctoPrint's settings that matter outside of it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import OctoPrintRequestError
from .redaction import without_secrets
from .wire import Json, items, mapping, number, promised, text, texts

if TYPE_CHECKING:
    from .client import OctoPrintClient

ENDPOINT = "api/settings"


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


class SettingsApi:
    """Calls of the family settings.

    What a key may read of them differs: some parts are for administrators.
    """

    def __init__(self, client: OctoPrintClient) -> None:
        """Keep the client that sends the requests."""
        self._client = client

    async def get(self) -> Settings:
        """Return the settings (GET /api/settings), unchanged ones from memory."""
        return parse_settings(
            await self._client.get(ENDPOINT, is_kept=True, permission="SETTINGS_READ")
        )

    async def get_raw(self) -> dict[str, Any]:
        """Return all settings as OctoPrint words them, without secrets.

        GET /api/settings. Whatever is named like a key, password or token is left
        out, and addresses are without user, password and such parameters.
        """
        answer = await self._client.get(ENDPOINT, permission="SETTINGS_READ")
        return dict(without_secrets(answer))

    async def update(self, changes: Json) -> dict[str, Any]:
        """Change settings and return all of them as get_raw does (POST /api/settings).

        What is not named stays as it is, at any depth; a list is replaced as a whole.
        OctoPrint passes over names that it does not know, and over values that it
        does not like. Raises OctoPrintRequestError for nothing at all.
        """
        if not changes:
            # OctoPrint would save, and tell everybody that something has changed.
            raise OctoPrintRequestError("There is nothing to change")
        answer = await self._client.post(ENDPOINT, changes, permission="SETTINGS")
        return dict(without_secrets(promised(answer, ENDPOINT)))


def parse_settings(answer: Json) -> Settings:
    """Read the answer of GET /api/settings."""
    plugins = mapping(answer.get("plugins"))
    discovery = mapping(plugins.get("discovery"))
    profiles = items(mapping(answer.get("temperature")).get("profiles"))
    return Settings(
        name=text(mapping(answer.get("appearance")).get("name")),
        upnp_uuid=text(discovery.get("upnpUuid")),
        temperature_profiles=tuple(
            TemperatureProfile(
                name=name,
                extruder=number(profile.get("extruder")),
                bed=number(profile.get("bed")),
                chamber=number(profile.get("chamber")),
            )
            for profile in profiles
            if (name := text(profile.get("name")))
        ),
        plugins=frozenset(texts(list(plugins))),
    )
