"""The device of a printer."""

from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_URL
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from .api import Volume
from .const import DOMAIN
from .model.snapshot import Snapshot


def instance_id(entry: ConfigEntry) -> str:
    """Return what the unique ids of a printer's device and its entities begin with."""
    return entry.unique_id or entry.entry_id


def device_info(entry: ConfigEntry, snapshot: Snapshot) -> DeviceInfo:
    """Return the device of a printer."""
    profile = snapshot.profile
    return DeviceInfo(
        configuration_url=str(entry.data[CONF_URL]),
        hw_version=volume_text(profile.volume) if profile else None,
        identifiers={(DOMAIN, instance_id(entry))},
        manufacturer="OctoPrint",
        model=profile.model if profile else None,
        name=entry.title,
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


def printer_title(hass: HomeAssistant, entry: ConfigEntry) -> str:
    """Return what the user calls a printer now: as its device, if it has a name, or its entry."""
    device = _device(hass, entry)
    return (device.name_by_user if device else None) or entry.title


def _device(hass: HomeAssistant, entry: ConfigEntry) -> dr.DeviceEntry | None:
    identifier = (DOMAIN, instance_id(entry))
    return dr.async_get(hass).async_get_device_by_identifier(identifier, entry.entry_id)


@callback
def async_watch_title(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Let repairs name a printer as the user renames its device, until the entry is unloaded."""

    @callback
    def update(event: Event[dr.EventDeviceRegistryUpdatedData]) -> None:
        data = event.data
        if data["action"] != "update" or "name_by_user" not in data["changes"]:
            return
        device = _device(hass, entry)
        if device is not None and device.id == data["device_id"]:
            coordinator: DataUpdateCoordinator[Snapshot] = entry.runtime_data
            coordinator.async_update_listeners()

    entry.async_on_unload(
        hass.bus.async_listen(dr.EVENT_DEVICE_REGISTRY_UPDATED, update)
    )


@callback
def async_update_device(
    hass: HomeAssistant, entry: ConfigEntry, snapshot: Snapshot
) -> None:
    """Show a new name, version of OctoPrint or printer profile on the device."""
    if (device := _device(hass, entry)) is not None:
        profile = snapshot.profile
        dr.async_get(hass).async_update_device(
            device.id,
            hw_version=volume_text(profile.volume) if profile else None,
            model=profile.model if profile else None,
            name=entry.title,
            sw_version=snapshot.server.server.version,
        )
