"""Base entity of OctoPrint Plus."""

from typing import override

from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .api import Snapshot
from .coordinator import OctoPrintCoordinator


class OctoPrintEntity(CoordinatorEntity[OctoPrintCoordinator]):
    """Defines an entity of a printer."""

    _attr_has_entity_name = True

    def __init__(
        self, coordinator: OctoPrintCoordinator, description: EntityDescription
    ) -> None:
        """Initialize the entity."""
        super().__init__(coordinator)
        self.entity_description = description
        self._attr_device_info = coordinator.device_info
        self._attr_unique_id = f"{coordinator.instance_id}_{description.key}"

    @property
    def snapshot(self) -> Snapshot:
        """Return all that is known of the printer."""
        return self.coordinator.data

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to the coordinator."""
        await super().async_added_to_hass()
