"""Actions of OctoPrint Plus: one module per family of OctoPrint's API."""

from homeassistant.core import HomeAssistant, callback

from .connection import async_setup_connection_services
from .controls import async_setup_control_services
from .emergency import async_setup_emergency_services
from .filament import async_setup_filament_services
from .file_commands import async_setup_file_command_services
from .files import async_setup_file_services
from .plugins import async_setup_plugin_services
from .printer import async_setup_printer_services
from .server import async_setup_server_services
from .slicing import async_setup_slicing_services
from .timelapse import async_setup_timelapse_services
from .uploads import async_setup_upload_services


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    async_setup_file_command_services(hass)
    async_setup_connection_services(hass)
    async_setup_control_services(hass)
    async_setup_emergency_services(hass)
    async_setup_filament_services(hass)
    async_setup_file_services(hass)
    async_setup_plugin_services(hass)
    async_setup_printer_services(hass)
    async_setup_server_services(hass)
    async_setup_slicing_services(hass)
    async_setup_timelapse_services(hass)
    async_setup_upload_services(hass)
