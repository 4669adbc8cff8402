"""Support for OctoPrint binary sensors."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .api import JOB_STATES, State
from .coordinator import OctoPrintConfigEntry
from .entity import OctoPrintEntity, async_add_entities_when_known
from .model.snapshot import Snapshot

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class OctoPrintBinarySensorDescription(BinarySensorEntityDescription):
    """Describe an OctoPrint binary sensor."""

    available_fn: Callable[[Snapshot], bool] = lambda _: True
    exists_fn: Callable[[Snapshot], bool] = lambda _: True
    is_on_fn: Callable[[Snapshot], bool | None]


def _is_connected(snapshot: Snapshot) -> bool | None:
    """Return whether the printer is connected, as one that tells its temperatures is."""
    if snapshot.state is State.OTHER and not snapshot.heaters:
        return None
    return snapshot.is_connected


DESCRIPTIONS: tuple[OctoPrintBinarySensorDescription, ...] = (
    OctoPrintBinarySensorDescription(
        key="connected",
        translation_key="connected",
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        entity_category=EntityCategory.DIAGNOSTIC,
        is_on_fn=_is_connected,
    ),
    OctoPrintBinarySensorDescription(
        key="printing",
        translation_key="printing",
        device_class=BinarySensorDeviceClass.RUNNING,
        is_on_fn=lambda x: (
            None
            if x.state is State.OTHER
            else x.state in JOB_STATES and x.state is not State.PAUSED
        ),
    ),
    OctoPrintBinarySensorDescription(
        key="paused",
        translation_key="paused",
        is_on_fn=lambda x: None if x.state is State.OTHER else x.state is State.PAUSED,
    ),
    OctoPrintBinarySensorDescription(
        key="problem",
        device_class=BinarySensorDeviceClass.PROBLEM,
        is_on_fn=lambda x: x.has_problem,
    ),
    OctoPrintBinarySensorDescription(
        key="sd_ready",
        translation_key="sd_ready",
        available_fn=lambda x: x.sd_ready is not None,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        exists_fn=lambda x: x.sd_ready is not None,
        is_on_fn=lambda x: x.sd_ready,
    ),
    OctoPrintBinarySensorDescription(
        key="filament_short",
        translation_key="filament_short",
        device_class=BinarySensorDeviceClass.PROBLEM,
        exists_fn=lambda x: x.plugins.spools is not None,
        is_on_fn=lambda x: (
            None if x.plugins.is_enough is None else not x.plugins.is_enough
        ),
    ),
)


def describe(snapshot: Snapshot) -> Iterable[OctoPrintBinarySensorDescription]:
    """Yield the binary sensors that the printer has now."""
    return (each for each in DESCRIPTIONS if each.exists_fn(snapshot))


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OctoPrintConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up OctoPrint binary sensors based on a config entry."""
    async_add_entities_when_known(
        entry.runtime_data, async_add_entities, describe, OctoPrintBinarySensorEntity
    )


class OctoPrintBinarySensorEntity(OctoPrintEntity, BinarySensorEntity):
    """Defines an OctoPrint binary sensor."""

    entity_description: OctoPrintBinarySensorDescription

    @property
    @override
    def available(self) -> bool:
        """Return whether the printer can tell the value."""
        return super().available and self.entity_description.available_fn(self.snapshot)

    @property
    @override
    def is_on(self) -> bool | None:
        """Return the state of the binary sensor."""
        return self.entity_description.is_on_fn(self.snapshot)

    @override
    def shows(self) -> object:
        """Return all that the state is made of."""
        return self.is_on
