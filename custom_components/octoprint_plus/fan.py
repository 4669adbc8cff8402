"""Support for the part cooling fan."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, override

from homeassistant.components.fan import (
    FanEntity,
    FanEntityDescription,
    FanEntityFeature,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .commands.firmware import async_set_fan
from .coordinator import OctoPrintConfigEntry
from .entity import PERMISSION, OctoPrintAssumedEntity, async_add_entities_when_known
from .model.snapshot import Snapshot

# The base entity keeps the order, for each entity by itself.
PARALLEL_UPDATES = 0

DESCRIPTIONS: tuple[FanEntityDescription, ...] = (
    FanEntityDescription(key="part_cooling", translation_key="part_cooling"),
)


def describe(snapshot: Snapshot) -> Iterable[FanEntityDescription]:
    """Yield the fan where the key may set it; no printer tells whether it has one."""
    return DESCRIPTIONS if snapshot.server.user.may(PERMISSION) else ()


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OctoPrintConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the part cooling fan based on a config entry."""
    async_add_entities_when_known(
        entry.runtime_data, async_add_entities, describe, OctoPrintFanEntity
    )


class OctoPrintFanEntity(OctoPrintAssumedEntity, FanEntity):
    """Defines the part cooling fan."""

    _attr_supported_features = (
        FanEntityFeature.SET_SPEED
        | FanEntityFeature.TURN_OFF
        | FanEntityFeature.TURN_ON
    )

    _print: datetime | None = None
    """When the print began that runs, None without one."""

    @override
    async def async_added_to_hass(self) -> None:
        """Note the print that runs already: what was set in it holds."""
        self._print = self._began_at
        await super().async_added_to_hass()

    @property
    def _began_at(self) -> datetime | None:
        running = self.snapshot.memory.running
        return running.started_at if running else None

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Forget what was sent where a print begins or ends: each sets the fan by itself."""
        if self._began_at != self._print:
            self._print = self._began_at
            self.async_keep(None)
        super()._handle_coordinator_update()

    @property
    @override
    def percentage(self) -> int | None:
        """Return the speed in percent, None until it was set."""
        return None if self.sent is None else int(self.sent)

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether it runs as far as is known, None until it was set."""
        return None if self.sent is None else self.sent > 0

    @override
    async def async_set_percentage(self, percentage: int) -> None:
        """Set the speed, 0 switches it off."""
        await async_set_fan(self.coordinator, percentage, self.label)
        self.async_note(percentage)

    @override
    async def async_turn_on(
        self,
        percentage: int | None = None,
        preset_mode: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Switch it on, at full speed unless another one is given."""
        await self.async_set_percentage(100 if percentage is None else percentage)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Switch it off."""
        await self.async_set_percentage(0)
