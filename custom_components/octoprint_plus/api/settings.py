"""Settings: the few of OctoPrint's settings that matter outside of it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .wire import Json, items, mapping, number, text, texts

if TYPE_CHECKING:
    from .client import OctoPrintClient


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
    """Calls of the family settings."""

    def __init__(self, client: OctoPrintClient) -> None:
        """Keep the client that sends the requests."""
        self._client = client

    async def get(self) -> Settings:
        """Return the settings (GET /api/settings), unchanged ones from memory."""
        return parse_settings(
            await self._client.get(
                "api/settings", is_kept=True, permission="SETTINGS_READ"
            )
        )


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
