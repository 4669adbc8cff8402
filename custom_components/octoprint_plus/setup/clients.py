"""Clients for servers: those that are set up, and those that are to be."""

from collections.abc import Mapping
from typing import Any

from yarl import URL

from homeassistant.const import (
    CONF_API_KEY,
    CONF_PASSWORD,
    CONF_URL,
    CONF_USERNAME,
    CONF_VERIFY_SSL,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from ..api import OctoPrintClient, ProxyLogin


def setup_client(
    hass: HomeAssistant,
    url: URL,
    api_key: str | None = None,
    *,
    login: ProxyLogin | None = None,
    verify_ssl: bool,
) -> OctoPrintClient:
    """Return a client for a server that is not set up yet."""
    session = async_get_clientsession(hass, verify_ssl=verify_ssl)
    return OctoPrintClient(session, url, api_key, login=login)


def entry_client(hass: HomeAssistant, data: Mapping[str, Any]) -> OctoPrintClient:
    """Return a client for the server of an entry, with its key and log-in."""
    return setup_client(
        hass,
        URL(data[CONF_URL]),
        data[CONF_API_KEY],
        login=entry_login(data),
        verify_ssl=data[CONF_VERIFY_SSL],
    )


def entry_login(data: Mapping[str, Any]) -> ProxyLogin | None:
    """Return the log-in of the proxy in front of an entry's server, if there is one."""
    if (user := data.get(CONF_USERNAME)) is None:
        return None
    return ProxyLogin(user, data.get(CONF_PASSWORD, ""))


def entry_data(
    url: URL, api_key: str, *, login: ProxyLogin | None, verify_ssl: bool
) -> dict[str, Any]:
    """Return the data of an entry; there is no log-in where no proxy asks for one."""
    data = {CONF_API_KEY: api_key, CONF_URL: str(url), CONF_VERIFY_SSL: verify_ssl}
    if login is not None:
        data |= {CONF_USERNAME: login.user, CONF_PASSWORD: login.password}
    return data
