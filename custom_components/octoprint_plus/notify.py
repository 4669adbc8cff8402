"""Support for the printer's own display."""

from collections.abc import Iterable
from typing import override

from homeassistant.components.notify import NotifyEntity, NotifyEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .commands.firmware import async_show_message
from .coordinator import OctoPrintConfigEntry
from .entity import PERMISSION, OctoPrintSendingEntity, async_add_entities_when_known
from .model.snapshot import Snapshot

PARALLEL_UPDATES = 1

DESCRIPTIONS: tuple[NotifyEntityDescription, ...] = (
    NotifyEntityDescription(key="display", translation_key="display"),
)


def describe(snapshot: Snapshot) -> Iterable[NotifyEntityDescription]:
    """Yield the display where the key may write on it."""
    return DESCRIPTIONS if snapshot.server.user.may(PERMISSION) else ()


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OctoPrintConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the printer's display based on a config entry."""
    async_add_entities_when_known(
        entry.runtime_data, async_add_entities, describe, OctoPrintNotifyEntity
    )


class OctoPrintNotifyEntity(OctoPrintSendingEntity, NotifyEntity):
    """Defines the printer's own display."""

    @override
    async def async_send_message(self, message: str, title: str | None = None) -> None:
        """Show a message, or clear the display with an empty one."""
        await async_show_message(self.coordinator, message, self.label)

    @override
    def shows(self) -> object:
        """Return nothing more: the state is when something was sent last."""
        return None
