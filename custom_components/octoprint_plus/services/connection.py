"""Actions of the family connection."""

import voluptuous as vol

from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.helpers import config_validation as cv

from ..api.permissions import Permission
from ..commands.connect import AUTO_PORT, async_connect
from ..commands.execute import async_refresh_or_raise, busy_refusal, refusal
from ..commands.rights import async_check_admin
from ..const import DOMAIN
from .target import TARGET_SCHEMA, async_get_coordinator, printer_action, server_action

ATTR_AUTOCONNECT = "autoconnect"
ATTR_BAUDRATE = "baudrate"
ATTR_PORT = "port"
ATTR_PROFILE = "profile"
ATTR_SAVE = "save"

PERMISSION = Permission.CONNECTION

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
    coordinator = await async_get_coordinator(call)
    save, autoconnect = call.data[ATTR_SAVE], call.data.get(ATTR_AUTOCONNECT)
    if save or autoconnect is not None:
        # These are settings of OctoPrint.
        await async_check_admin(coordinator, call.context, call.service)
    async with server_action(call, coordinator, PERMISSION):
        await async_refresh_or_raise(coordinator)
        if coordinator.data.is_busy:
            raise busy_refusal("connect_while_busy", coordinator)
        is_two = coordinator.data.server.server.is_at_least(2, 0)
        if is_two and autoconnect is not None and not save:
            # OctoPrint 2 would leave it as it is, without a word.
            raise refusal("autoconnect_needs_save", coordinator.name)
        await async_connect(
            coordinator,
            port=call.data.get(ATTR_PORT),
            baudrate=call.data.get(ATTR_BAUDRATE),
            profile=call.data.get(ATTR_PROFILE),
            save=save,
            autoconnect=autoconnect,
        )


async def _async_disconnect(call: ServiceCall) -> None:
    """Disconnect, unless that would cost a print."""
    coordinator = await async_get_coordinator(call)
    async with server_action(call, coordinator, PERMISSION):
        await async_refresh_or_raise(coordinator)
        if coordinator.data.is_busy:
            raise busy_refusal("disconnect_while_busy", coordinator)
        await coordinator.client.connection.disconnect()


async def _async_fake_ack(call: ServiceCall) -> None:
    """Free a communication that waits for a lost acknowledgement, in a print too."""
    coordinator = await async_get_coordinator(call)
    # OctoPrint would take it without a printer, too.
    await async_refresh_or_raise(coordinator)
    async with printer_action(call, coordinator, PERMISSION):
        await coordinator.client.connection.fake_ack()
