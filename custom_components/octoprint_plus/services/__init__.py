"""Actions of OctoPrint Plus: one module per family of OctoPrint's API."""

from homeassistant.core import HomeAssistant, callback


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
