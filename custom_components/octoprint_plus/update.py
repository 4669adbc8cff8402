"""Support for updates of OctoPrint."""

from collections.abc import Iterable
from typing import Any, override

from homeassistant.components.update import (
    UpdateDeviceClass,
    UpdateEntity,
    UpdateEntityDescription,
    UpdateEntityFeature,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .api import Permission, software_update
from .commands.system import async_update_octoprint
from .coordinator import OctoPrintConfigEntry
from .entity import OctoPrintControlEntity, async_add_entities_when_known
from .model.snapshot import Snapshot

# The base entity keeps the order, for each entity by itself.
PARALLEL_UPDATES = 0

DESCRIPTIONS: tuple[UpdateEntityDescription, ...] = (
    UpdateEntityDescription(
        key="octoprint",
        translation_key="octoprint",
        device_class=UpdateDeviceClass.FIRMWARE,
    ),
)


def _component(snapshot: Snapshot) -> software_update.Component | None:
    versions = snapshot.plugins.versions
    return versions.components.get(software_update.OCTOPRINT) if versions else None


def describe(snapshot: Snapshot) -> Iterable[UpdateEntityDescription]:
    """Yield the update, where the server looks for some."""
    return DESCRIPTIONS if _component(snapshot) else ()


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OctoPrintConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the OctoPrint update based on a config entry."""
    async_add_entities_when_known(
        entry.runtime_data, async_add_entities, describe, OctoPrintUpdateEntity
    )


class OctoPrintUpdateEntity(OctoPrintControlEntity, UpdateEntity):
    """Defines the update of OctoPrint itself."""

    @property
    def component(self) -> software_update.Component | None:
        """Return what the server knows of its own versions."""
        return _component(self.snapshot)

    @property
    @override
    def available(self) -> bool:
        """Return whether the server tells its versions."""
        return super().available and self.component is not None

    @property
    @override
    def supported_features(self) -> UpdateEntityFeature:
        """Return whether the server can update itself, and the key may let it."""
        is_possible = self.component is not None and self.component.is_update_possible
        if not is_possible or not self.coordinator.may(
            Permission.PLUGIN_SOFTWAREUPDATE_UPDATE
        ):
            return UpdateEntityFeature(0)
        return UpdateEntityFeature.INSTALL | UpdateEntityFeature.PROGRESS

    @property
    @override
    def installed_version(self) -> str | None:
        """Return the version that runs."""
        return self.component.installed if self.component else None

    @property
    @override
    def latest_version(self) -> str | None:
        """Return the newest version, the one that runs where there is no other."""
        if (component := self.component) is None:
            return None
        if component.is_update_available is False:
            return component.installed
        return component.available

    @property
    @override
    def release_url(self) -> str | None:
        """Return the page that tells what is new."""
        return self.component.release_url if self.component else None

    @property
    @override
    def in_progress(self) -> bool:
        """Return whether it is updated just now."""
        return self.snapshot.plugins.updating == software_update.OCTOPRINT

    @override
    async def async_install(
        self, version: str | None, backup: bool, **kwargs: Any
    ) -> None:
        """Let the server update itself, which restarts it."""
        await async_update_octoprint(self.coordinator, self.label)

    @override
    def shows(self) -> object:
        """Return all that the state is made of."""
        return self.component, self.in_progress, self.supported_features
