"""Actions of OctoPrint Plus: one module per family of OctoPrint's API."""

from homeassistant.core import HomeAssistant, callback

from .emergency import async_setup_emergency_services
from .filament import async_setup_filament_services
from .files import async_setup_file_services
from .printer import async_setup_printer_services


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    async_setup_emergency_services(hass)
    async_setup_filament_services(hass)
    async_setup_file_services(hass)
    async_setup_printer_services(hass)
