"""Support for OctoPrint switches."""

from collections.abc import Iterable
from typing import Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .api import Permission
from .commands.connect import (
    async_connect_printer,
    async_disconnect_printer,
    is_connected_soon,
)
from .commands.firmware import async_set_mesh_leveling, can_set_mesh_leveling
from .commands.psu import async_turn_off_psu, async_turn_on_psu
from .commands.rights import ACTING
from .coordinator import OctoPrintConfigEntry
from .entity import (
    PERMISSION as CONTROL,
    OctoPrintAssumedEntity,
    OctoPrintControlEntity,
    async_add_entities_when_known,
)
from .model.choice import ConnectionChoice
from .model.snapshot import Snapshot

# The base entity keeps the order, for each entity by itself.
PARALLEL_UPDATES = 0

PERMISSION = Permission.CONNECTION
PSU_PERMISSION = Permission.PLUGIN_PSUCONTROL_CONTROL

DESCRIPTIONS: tuple[SwitchEntityDescription, ...] = (
    SwitchEntityDescription(key="connection", translation_key="connection"),
)

LEVELING_DESCRIPTIONS: tuple[SwitchEntityDescription, ...] = (
    SwitchEntityDescription(
        key="mesh_leveling",
        translation_key="mesh_leveling",
        entity_registry_enabled_default=False,
    ),
)


def describe(snapshot: Snapshot) -> Iterable[SwitchEntityDescription]:
    """Yield the switches that the key may use."""
    return DESCRIPTIONS if snapshot.server.user.may(PERMISSION) else ()


def describe_leveling(snapshot: Snapshot) -> Iterable[SwitchEntityDescription]:
    """Yield the switch of the mesh where the key may use it."""
    return LEVELING_DESCRIPTIONS if snapshot.server.user.may(CONTROL) else ()


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OctoPrintConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up OctoPrint switches based on a config entry."""
    async_add_entities_when_known(
        entry.runtime_data, async_add_entities, describe, OctoPrintConnectionSwitch
    )
    async_add_entities_when_known(
        entry.runtime_data,
        async_add_entities,
        describe_leveling,
        OctoPrintLevelingSwitch,
    )
    async_add_entities_when_known(
        entry.runtime_data, async_add_entities, describe_psu, OctoPrintPsuSwitch
    )


class OctoPrintConnectionSwitch(OctoPrintControlEntity, SwitchEntity):
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
        return is_connected_soon(self.snapshot)

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Connect to the printer as chosen by the select entities, else as OctoPrint prefers."""
        await async_connect_printer(
            self.coordinator,
            ConnectionChoice(),
            anew=False,
            label=self.label,
            context=ACTING.get(),
        )

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Disconnect from the printer, unless that would cost a print."""
        await async_disconnect_printer(self.coordinator, label=self.label)

    @override
    def shows(self) -> object:
        """Return all that the state is made of."""
        return self.is_on


class OctoPrintLevelingSwitch(OctoPrintAssumedEntity, SwitchEntity):
    """Defines the switch that lets the firmware level by its mesh."""

    @property
    @override
    def available(self) -> bool:
        """Return whether nothing is printed: the height would jump in the middle of it."""
        return super().available and can_set_mesh_leveling(self.coordinator)

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether it levels as far as is known, None until it was set."""
        return None if self.sent is None else bool(self.sent)

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Level by the mesh that the printer has."""
        await self._async_set(is_on=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Ignore the mesh."""
        await self._async_set(is_on=False)

    async def _async_set(self, *, is_on: bool) -> None:
        await async_set_mesh_leveling(self.coordinator, self.label, is_on=is_on)
        self.async_note(int(is_on))


PSU = SwitchEntityDescription(key="psu", translation_key="psu")


def describe_psu(snapshot: Snapshot) -> Iterable[SwitchEntityDescription]:
    """Yield the switch, where the plugin is there and the key may use it."""
    if snapshot.plugins.psu and snapshot.server.user.may(PSU_PERMISSION):
        yield PSU


class OctoPrintPsuSwitch(OctoPrintControlEntity, SwitchEntity):
    """Defines the switch of the printer's power supply."""

    @property
    @override
    def available(self) -> bool:
        """Return whether the plugin can switch, and the key may let it.

        After a poll that failed it stays, with an unknown state: Home Assistant skips what is
        unavailable without a word, and a power that cannot be cut has to be told.
        """
        plugins = self.snapshot.plugins
        return (
            self.coordinator.may(PSU_PERMISSION)
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
        return psu.is_on if psu and self.coordinator.last_update_success else None

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Switch the supply on."""
        await async_turn_on_psu(self.coordinator, self.label)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Switch the supply off, unless that would cost a print or a nozzle."""
        await async_turn_off_psu(self.coordinator, self.label)

    @override
    def shows(self) -> object:
        """Return all that the state is made of."""
        return self.is_on, self.assumed_state
