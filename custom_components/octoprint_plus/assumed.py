"""What entities share whose state no printer tells back."""

from abc import abstractmethod
from typing import override

from homeassistant.core import State
from homeassistant.helpers.restore_state import RestoreEntity

from .entity import OctoPrintEntity
from .helpers import async_refresh_or_raise, octoprint_command, refusal

PERMISSION = "CONTROL"


class OctoPrintAssumedEntity(OctoPrintEntity, RestoreEntity):
    """Defines an entity that knows only what it sent last."""

    _attr_assumed_state = True

    @property
    @override
    def available(self) -> bool:
        """Return whether the printer is connected and the key may control it."""
        return (
            super().available
            and self.snapshot.is_connected
            and self.coordinator.may(PERMISSION)
        )

    @abstractmethod
    def restore(self, state: State) -> None:
        """Take over what was sent before a restart."""

    @override
    async def async_added_to_hass(self) -> None:
        """Go on with what was sent before a restart."""
        if (state := await self.async_get_last_state()) is not None:
            self.restore(state)
        await super().async_added_to_hass()

    async def async_send(self, command: str) -> None:
        """Send G-code, unless the printer's state has come to forbid it meanwhile."""
        await async_refresh_or_raise(self.coordinator)
        if not self.available:
            raise refusal(
                "button_not_offered", self.coordinator.name, command=self.label
            )
        async with octoprint_command(self.coordinator, self.label):
            await self.coordinator.client.printer.send_gcode([command])
