"""What entities share that send to the printer, and whose state it never tells back."""

from abc import abstractmethod
from typing import override

from homeassistant.core import State, callback
from homeassistant.helpers.restore_state import RestoreEntity

from .entity import OctoPrintEntity
from .helpers import async_refresh_or_raise, octoprint_command, refusal

PERMISSION = "CONTROL"


class OctoPrintSendingEntity(OctoPrintEntity):
    """Defines an entity that sends to a connected printer."""

    @property
    @override
    def available(self) -> bool:
        """Return whether the printer is connected and the key may control it."""
        return (
            super().available
            and self.snapshot.is_connected
            and self.coordinator.may(PERMISSION)
        )

    async def async_send(self, command: str) -> None:
        """Send G-code, unless the printer's state has come to forbid it meanwhile."""
        await async_refresh_or_raise(self.coordinator)
        if not self.available:
            raise refusal(
                "button_not_offered", self.coordinator.name, command=self.label
            )
        async with octoprint_command(self.coordinator, self.label):
            await self.coordinator.client.printer.send_gcode([command])


class OctoPrintAssumedEntity(OctoPrintSendingEntity, RestoreEntity):
    """Defines an entity that knows only what it sent last."""

    _attr_assumed_state = True

    @abstractmethod
    async def async_restore(self, state: State) -> None:
        """Take over what was sent before a restart."""

    @abstractmethod
    def forget(self) -> None:
        """Forget what was sent."""

    @override
    async def async_added_to_hass(self) -> None:
        """Go on with what was sent before a restart, unless the printer was off since."""
        state = await self.async_get_last_state()
        if state is not None and self.snapshot.is_connected:
            await self.async_restore(state)
        await super().async_added_to_hass()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Forget it once the printer is off: nobody knows what it comes up with."""
        if not self.snapshot.is_connected:
            self.forget()
        super()._handle_coordinator_update()
