"""Support for the OctoPrint switch."""

from collections.abc import Iterable
from typing import Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .api import Snapshot
from .api.state import CONNECTING_STATES
from .connecting import async_connect
from .coordinator import OctoPrintConfigEntry
from .entity import OctoPrintEntity, async_add_entities_when_known
from .helpers import async_refresh_or_raise, octoprint_command, refusal

PARALLEL_UPDATES = 1

PERMISSION = "CONNECTION"

DESCRIPTIONS: tuple[SwitchEntityDescription, ...] = (
    SwitchEntityDescription(key="connection", translation_key="connection"),
)


def describe(snapshot: Snapshot) -> Iterable[SwitchEntityDescription]:
    """Yield the switches that the key may use."""
    return DESCRIPTIONS if snapshot.server.user.may(PERMISSION) else ()


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OctoPrintConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the OctoPrint switch based on a config entry."""
    async_add_entities_when_known(
        entry.runtime_data, async_add_entities, describe, OctoPrintConnectionSwitch
    )


class OctoPrintConnectionSwitch(OctoPrintEntity, SwitchEntity):
    """Defines the switch that connects OctoPrint to the printer."""

    @property
    @override
    def available(self) -> bool:
        """Return whether the server answers and the key allows it."""
        return super().available and self.coordinator.may(PERMISSION)

    @property
    @override
    def is_on(self) -> bool:
        """Return whether the printer is connected or just being connected."""
        return self.snapshot.is_connected or self.snapshot.state in CONNECTING_STATES

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Connect to the printer as chosen by the select entities, else as OctoPrint prefers."""
        await async_refresh_or_raise(self.coordinator)
        if self.is_on:
            # OctoPrint would do nothing, and a print must not be lost to a tap.
            return
        async with octoprint_command(self.coordinator, self.label):
            await async_connect(self.coordinator)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Disconnect from the printer, unless that would cost a print."""
        await async_refresh_or_raise(self.coordinator)
        if self.snapshot.is_busy:
            raise refusal("disconnect_while_busy", self.coordinator.name)
        async with octoprint_command(self.coordinator, self.label):
            await self.coordinator.client.connection.disconnect()

    @override
    def shows(self) -> object:
        """Return all that the state is made of."""
        return self.is_on
