"""Actions of the family connection."""

import voluptuous as vol

from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.helpers import config_validation as cv

from ..commands.connect import (
    AUTO_PORT,
    async_connect_printer,
    async_disconnect_printer,
    async_fake_ack,
)
from ..const import DOMAIN
from ..model.choice import ConnectionChoice
from .target import TARGET_SCHEMA, async_get_coordinator

ATTR_AUTOCONNECT = "autoconnect"
ATTR_BAUDRATE = "baudrate"
ATTR_PORT = "port"
ATTR_PROFILE = "profile"
ATTR_SAVE = "save"

NAME = vol.All(cv.string, vol.Strip, vol.Length(min=1))


def _port(value: str) -> str:
    """Return a port; OctoPrint only knows AUTO in capitals."""
    return AUTO_PORT if value.upper() == AUTO_PORT else value


CONNECT_SCHEMA = TARGET_SCHEMA.extend(
    {
        vol.Optional(ATTR_PORT): vol.All(NAME, _port),
        vol.Optional(ATTR_BAUDRATE): cv.positive_int,
        vol.Optional(ATTR_PROFILE): NAME,
        vol.Optional(ATTR_SAVE, default=False): cv.boolean,
        vol.Optional(ATTR_AUTOCONNECT): cv.boolean,
    }
)


@callback
def async_setup_connection_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    hass.services.async_register(DOMAIN, "connect", _async_connect, CONNECT_SCHEMA)
    hass.services.async_register(DOMAIN, "disconnect", _async_disconnect, TARGET_SCHEMA)
    hass.services.async_register(DOMAIN, "fake_ack", _async_fake_ack, TARGET_SCHEMA)


async def _async_connect(call: ServiceCall) -> None:
    """Connect, also anew where the printer is connected and idle."""
    await async_connect_printer(
        await async_get_coordinator(call),
        ConnectionChoice(
            port=call.data.get(ATTR_PORT),
            baudrate=call.data.get(ATTR_BAUDRATE),
            printer_profile=call.data.get(ATTR_PROFILE),
        ),
        save=call.data[ATTR_SAVE],
        autoconnect=call.data.get(ATTR_AUTOCONNECT),
        context=call.context,
    )


async def _async_disconnect(call: ServiceCall) -> None:
    """Disconnect, unless that would cost a print."""
    await async_disconnect_printer(await async_get_coordinator(call))


async def _async_fake_ack(call: ServiceCall) -> None:
    """Free a communication that waits for a lost acknowledgement."""
    await async_fake_ack(await async_get_coordinator(call))
