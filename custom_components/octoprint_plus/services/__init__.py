"""Actions of OctoPrint Plus: a schema each, its target, and the shape of its response."""

from homeassistant.core import HomeAssistant, callback

from .connection import async_setup_connection_services
from .emergency import async_setup_emergency_services
from .filament import async_setup_filament_services
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
    for setup in (
        async_setup_connection_services,
        async_setup_emergency_services,
        async_setup_filament_services,
        async_setup_file_services,
        async_setup_plugin_services,
        async_setup_printer_services,
        async_setup_server_services,
        async_setup_slicing_services,
        async_setup_timelapse_services,
        async_setup_upload_services,
    ):
        setup(hass)
