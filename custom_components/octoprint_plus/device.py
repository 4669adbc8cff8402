"""The device of a printer."""

from typing import TYPE_CHECKING

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceInfo

from .api import Snapshot
from .api.profiles import Volume
from .const import DOMAIN

if TYPE_CHECKING:
    from .coordinator import OctoPrintCoordinator


def device_info(coordinator: OctoPrintCoordinator) -> DeviceInfo:
    """Return the device of a printer."""
    snapshot = coordinator.data
    profile = snapshot.profile
    return DeviceInfo(
        configuration_url=str(coordinator.client.url),
        hw_version=volume_text(profile.volume) if profile else None,
        identifiers={(DOMAIN, coordinator.instance_id)},
        manufacturer="OctoPrint",
        model=profile.model if profile else None,
        name=coordinator.config_entry.title,
        sw_version=snapshot.server.server.version,
    )


def volume_text(volume: Volume) -> str | None:
    """Return how large a print can be, for example 220 × 220 × 250 mm."""
    if not volume.width or not volume.height:
        return None
    height = f"{volume.height:g} mm"
    if volume.form_factor == "circular":
        return f"⌀ {volume.width:g} × {height}"
    return f"{volume.width:g} × {volume.depth:g} × {height}" if volume.depth else None


@callback
def async_update_device(
    hass: HomeAssistant, coordinator: OctoPrintCoordinator, snapshot: Snapshot
) -> None:
    """Show a new name, version of OctoPrint or printer profile on the device."""
    registry = dr.async_get(hass)
    device = registry.async_get_device_by_identifier(
        (DOMAIN, coordinator.instance_id), coordinator.config_entry.entry_id
    )
    if device is not None:
        profile = snapshot.profile
        registry.async_update_device(
            device.id,
            hw_version=volume_text(profile.volume) if profile else None,
            model=profile.model if profile else None,
            name=coordinator.name,
            sw_version=snapshot.server.server.version,
        )
