"""What entities share that send to the printer, and whose state it never tells back."""

from typing import override

from homeassistant.core import callback
from homeassistant.helpers.restore_state import RestoredExtraData, RestoreEntity

from .entity import OctoPrintControlEntity, OctoPrintEntity
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


class OctoPrintAssumedEntity(
    OctoPrintSendingEntity, OctoPrintControlEntity, RestoreEntity
):
    """Defines an entity that knows only what it sent last."""

    _attr_assumed_state = True

    sent: float | None = None
    """What was sent last, None where nobody knows what holds."""

    @property
    @override
    def extra_restore_state_data(self) -> RestoredExtraData:
        """Return what has to outlive a restart, also while the state is unavailable."""
        return RestoredExtraData({"sent": self.sent})

    @override
    async def async_added_to_hass(self) -> None:
        """Go on with what was sent before a restart, unless the printer is off now."""
        last = await self.async_get_last_extra_data()
        if last is not None and self.snapshot.is_connected:
            sent = last.as_dict().get("sent")
            self.sent = sent if isinstance(sent, int | float) else None
        await super().async_added_to_hass()

    @callback
    def async_note(self, sent: float) -> None:
        """Show what was just sent."""
        self.sent = sent
        self._handle_coordinator_update()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Forget what was sent once the printer is off: nobody knows what it comes up with."""
        if not self.snapshot.is_connected:
            self.sent = None
        super()._handle_coordinator_update()

    @override
    def shows(self) -> object:
        """Return all that the state is made of."""
        return self.sent
