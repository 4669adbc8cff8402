"""Support for OctoPrint switches."""

from collections.abc import Iterable
from typing import Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .api import Snapshot
from .api.plugins.psu_control import CONTROL
from .api.state import CONNECTING_STATES
from .coordinator import OctoPrintConfigEntry, OctoPrintCoordinator
from .entity import OctoPrintEntity, async_add_entities_when_known
from .helpers import async_refresh_or_raise, octoprint_command, refusal
from .psu import async_turn_off_psu

PARALLEL_UPDATES = 1

PERMISSION = "CONNECTION"

CONNECTION = SwitchEntityDescription(key="connection", translation_key="connection")

PSU = SwitchEntityDescription(key="psu", translation_key="psu")


def describe(snapshot: Snapshot) -> Iterable[SwitchEntityDescription]:
    """Yield the switches that the key may use."""
    if snapshot.server.user.may(PERMISSION):
        yield CONNECTION
    if snapshot.plugins.psu is not None and snapshot.server.user.may(CONTROL):
        yield PSU


def _create(
    coordinator: OctoPrintCoordinator, description: SwitchEntityDescription
) -> OctoPrintEntity:
    if description is PSU:
        return OctoPrintPsuSwitch(coordinator, description)
    return OctoPrintConnectionSwitch(coordinator, description)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OctoPrintConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up OctoPrint switches based on a config entry."""
    async_add_entities_when_known(
        entry.runtime_data, async_add_entities, describe, _create
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
        """Connect to the printer as OctoPrint prefers."""
        await async_refresh_or_raise(self.coordinator)
        if self.is_on:
            # OctoPrint would connect anew, which aborts a running print.
            return
        async with octoprint_command(self.coordinator, self.label):
            await self.coordinator.client.connection.connect()

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


class OctoPrintPsuSwitch(OctoPrintEntity, SwitchEntity):
    """Defines the switch of the printer's power supply."""

    @property
    @override
    def available(self) -> bool:
        """Return whether the plugin can switch, and the key may let it."""
        plugins = self.snapshot.plugins
        return (
            super().available
            and self.coordinator.may(CONTROL)
            and plugins.psu is not None
            and plugins.psu_settings is not None
            and plugins.psu_settings.switching_method is not None
        )

    @property
    @override
    def assumed_state(self) -> bool:
        """Return whether nothing senses if it is really on."""
        settings = self.snapshot.plugins.psu_settings
        return settings is not None and settings.is_assumed

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether the supply is on."""
        psu = self.snapshot.plugins.psu
        return psu.is_on if psu else None

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Switch the supply on."""
        async with octoprint_command(self.coordinator, self.label):
            state = await self.coordinator.client.plugins.psu_control.turn_on()
            self.coordinator.async_receive(state)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Switch the supply off, unless that would cost a print or a nozzle."""
        await async_turn_off_psu(self.coordinator, self.label)

    @override
    def shows(self) -> object:
        """Return all that the state is made of."""
        return self.is_on, self.assumed_state
