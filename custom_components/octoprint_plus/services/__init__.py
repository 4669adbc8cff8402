"""Actions of OctoPrint Plus: one module per family of OctoPrint's API."""

from homeassistant.core import HomeAssistant, callback

from .files import async_setup_file_services
from .plugins import async_setup_plugin_services
from .printer import async_setup_printer_services


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    async_setup_file_services(hass)
    async_setup_plugin_services(hass)
    async_setup_printer_services(hass)
