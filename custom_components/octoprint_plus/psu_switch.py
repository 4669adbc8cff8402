"""The switch of the printer's power supply."""

from collections.abc import Iterable
from typing import Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription

from .api import Snapshot
from .api.plugins.psu_control import CONTROL
from .entity import OctoPrintControlEntity
from .psu import async_turn_off_psu, async_turn_on_psu

PSU = SwitchEntityDescription(key="psu", translation_key="psu")


def describe_psu(snapshot: Snapshot) -> Iterable[SwitchEntityDescription]:
    """Yield the switch, where the plugin is there and the key may use it."""
    if snapshot.plugins.psu is not None and snapshot.server.user.may(CONTROL):
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
            self.coordinator.may(CONTROL)
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
