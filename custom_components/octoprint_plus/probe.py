"""What is asked of a server before it is set up: what it is, and what the key may do."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from yarl import URL

from homeassistant.const import CONF_API_KEY, CONF_URL, CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from .address import on_host, parse_address
from .api import (
    ConnectionCause,
    OctoPrintAuthError,
    OctoPrintClient,
    OctoPrintConnectionError,
    OctoPrintError,
    OctoPrintPermissionError,
    OctoPrintRateLimitError,
)
from .api.access import CurrentUser
from .api.client import TIMEOUT
from .const import LOGGER

# Without SYSTEM there are no buttons for the server itself, but only administrators
# have it, so that it is not missed.
USED_PERMISSIONS = (
    "STATUS",
    "CONNECTION",
    "CONTROL",
    "PRINT",
    "FILES_LIST",
    "FILES_SELECT",
    "FILES_UPLOAD",
    "FILES_DELETE",
    "MONITOR_TERMINAL",
    "SETTINGS_READ",
    "SLICE",
    "TIMELAPSE_LIST",
    "TIMELAPSE_ADMIN",
)

# OctoPrint's name for a printer whose profile nobody has named.
UNNAMED_PROFILE = "Default"


class SetupError(Exception):
    """A server cannot be set up, for a reason that has a text."""

    def __init__(self, reason: str) -> None:
        """Keep the key of the text."""
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Instance:
    """An OctoPrint that knows the key."""

    missing_permissions: tuple[str, ...]
    """Those that the key lacks among the ones that this integration uses."""

    name: str
    """What its user calls the printer, or as near to that as OctoPrint knows."""

    uuid: str | None
    """Its id in discovery, in lower case; None where it has or shows none."""

    version: str


@asynccontextmanager
async def setup_errors() -> AsyncIterator[None]:
    """Turn whatever goes wrong into the reason for which there is a text."""
    try:
        yield
    except SetupError:
        raise
    except OctoPrintConnectionError as err:
        raise SetupError(err.cause) from err
    except OctoPrintAuthError as err:
        raise SetupError("invalid_auth") from err
    except OctoPrintPermissionError as err:
        raise SetupError("missing_status") from err
    except OctoPrintRateLimitError as err:
        raise SetupError("rate_limited") from err
    except OctoPrintError as err:
        raise SetupError(ConnectionCause.NOT_OCTOPRINT) from err
    except Exception as err:
        LOGGER.exception("Unexpected exception")
        raise SetupError("unknown") from err


def setup_client(
    hass: HomeAssistant, url: URL, api_key: str | None = None, *, verify_ssl: bool
) -> OctoPrintClient:
    """Return a client for a server that is not set up yet."""
    session = async_get_clientsession(hass, verify_ssl=verify_ssl)
    return OctoPrintClient(session, url, api_key)


async def async_probe(
    hass: HomeAssistant, urls: tuple[URL, ...], *, verify_ssl: bool
) -> URL:
    """Return the first of these addresses at which OctoPrint answers, asking without a key.

    Otherwise raise the first reason that says more than that nothing listens there.
    """
    reason: str = ConnectionCause.REFUSED
    for url in urls:
        try:
            return await _async_probe_one(hass, url, verify_ssl=verify_ssl)
        except SetupError as err:
            if reason == ConnectionCause.REFUSED:
                reason = err.reason
            if err.reason in (ConnectionCause.NOT_FOUND, ConnectionCause.TIMEOUT):
                # The host itself is not there, whatever the port.
                break
    raise SetupError(reason)


async def _async_probe_one(hass: HomeAssistant, url: URL, *, verify_ssl: bool) -> URL:
    """Return the address at which OctoPrint answers, after a redirect to HTTPS if need be."""
    client = setup_client(hass, url, verify_ssl=verify_ssl)
    try:
        async with setup_errors():
            await client.access.current_user()
    except SetupError as err:
        if err.reason != ConnectionCause.REDIRECTED:
            raise
        if (secure := await _async_secure_address(hass, client, verify_ssl)) is None:
            raise
        client = setup_client(hass, secure, verify_ssl=verify_ssl)
        async with setup_errors():
            await client.access.current_user()
    return client.url


async def _async_secure_address(
    hass: HomeAssistant, client: OctoPrintClient, verify_ssl: bool
) -> URL | None:
    """Return where the same host wants to be asked over HTTPS; no other host is followed."""
    session = async_get_clientsession(hass, verify_ssl=verify_ssl)
    try:
        async with session.get(
            client.resolve("api/currentuser"), allow_redirects=False, timeout=TIMEOUT
        ) as response:
            target = response.url.join(URL(response.headers["Location"]))
        if target.scheme == "https" and target.host == client.url.host:
            return parse_address(str(target))[0]
    except aiohttp.ClientError, KeyError, TimeoutError, ValueError:
        pass
    return None


async def async_verify(
    hass: HomeAssistant, url: URL, api_key: str, *, verify_ssl: bool
) -> Instance:
    """Return what OctoPrint says of itself to this key."""
    client = setup_client(hass, url, api_key, verify_ssl=verify_ssl)
    async with setup_errors():
        user = await client.access.current_user()
        if user.name is None:
            raise SetupError("invalid_auth")
        if not user.may("STATUS"):
            raise SetupError("missing_status")
        server = await client.server.get()
        connection = await client.connection.get()
        settings = await client.settings.get() if user.may("SETTINGS_READ") else None
    profiles = dict(connection.options.printer_profiles)
    profile = profiles.get(connection.printer_profile or "", UNNAMED_PROFILE)
    names = (
        settings.name if settings else None,
        profile if profile != UNNAMED_PROFILE else None,
    )
    return Instance(
        missing_permissions=missing_permissions(user),
        name=next((name for name in names if name), "OctoPrint"),
        uuid=settings.upnp_uuid.lower() if settings and settings.upnp_uuid else None,
        version=server.version,
    )


def missing_permissions(user: CurrentUser) -> tuple[str, ...]:
    """Return what the key may not do, of what the entities and actions need."""
    return tuple(name for name in USED_PERMISSIONS if not user.may(name))


async def async_new_address(
    hass: HomeAssistant, data: Mapping[str, Any], discovered: URL
) -> URL | None:
    """Return where a printer that is set up has moved to, or None where it has not.

    It has moved only if its key is known at the new address and no longer at the
    old one: printers with copies of one SD card announce themselves by the same id.
    """
    configured = URL(data[CONF_URL])
    if await _async_knows_key(hass, configured, data):
        return None
    candidates = [on_host(configured, discovered.host or "")]
    if discovered.scheme == "https" or configured.scheme == "http":
        # What is encrypted stays so, although announcements name no scheme.
        candidates.insert(0, discovered)
    for url in candidates:
        if await _async_knows_key(hass, url, data):
            return url
    return None


async def _async_knows_key(
    hass: HomeAssistant, url: URL, data: Mapping[str, Any]
) -> bool:
    client = setup_client(
        hass, url, data[CONF_API_KEY], verify_ssl=data[CONF_VERIFY_SSL]
    )
    try:
        return (await client.access.current_user()).name is not None
    except OctoPrintError:
        return False
