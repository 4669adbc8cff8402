"""Support for OctoPrint events."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .api import EVENT_TYPES, Occurrence, Subject
from .coordinator import OctoPrintConfigEntry
from .entity import OctoPrintEntity, async_add_entities_when_known
from .model.snapshot import Snapshot

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class OctoPrintEventDescription(EventEntityDescription):
    """Describe an OctoPrint event."""

    subject: Subject


DESCRIPTIONS: tuple[OctoPrintEventDescription, ...] = (
    OctoPrintEventDescription(
        key="print",
        translation_key="print",
        subject=Subject.PRINT,
    ),
    OctoPrintEventDescription(
        key="printer",
        translation_key="printer",
        subject=Subject.PRINTER,
    ),
    OctoPrintEventDescription(
        key="timelapse",
        translation_key="timelapse",
        subject=Subject.TIMELAPSE,
    ),
)

LAYER = OctoPrintEventDescription(
    key="layer",
    translation_key="layer",
    entity_registry_enabled_default=False,
    subject=Subject.LAYER,
)


def describe(snapshot: Snapshot) -> Iterable[OctoPrintEventDescription]:
    """Yield the events of the printer, those of layers only where a plugin tells them."""
    yield from DESCRIPTIONS
    if snapshot.plugins.layers is not None:
        yield LAYER


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OctoPrintConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up OctoPrint events based on a config entry."""
    async_add_entities_when_known(
        entry.runtime_data, async_add_entities, describe, OctoPrintEventEntity
    )


class OctoPrintEventEntity(OctoPrintEntity, EventEntity):
    """Defines an OctoPrint event."""

    entity_description: OctoPrintEventDescription

    @property
    @override
    def event_types(self) -> list[str]:
        """Return what can happen to the subject."""
        return [each.value for each in EVENT_TYPES[self.entity_description.subject]]

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to what happens from now on, and to what waited for that."""
        await super().async_added_to_hass()
        self.async_on_remove(
            self.coordinator.events.async_listen(
                self.entity_description.subject, self._async_handle
            )
        )

    @callback
    def _async_handle(self, occurrence: Occurrence) -> None:
        self._trigger_event(occurrence.type.value, dict(occurrence.data))
        self.async_write_ha_state()

    @override
    def shows(self) -> object:
        """Return nothing more: its state is written when something happens."""
        return None
