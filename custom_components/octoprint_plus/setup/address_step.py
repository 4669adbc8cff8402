"""The part of the config flow that finds OctoPrint, and gets through a proxy in front of it."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import voluptuous as vol
from yarl import URL

from homeassistant.config_entries import ConfigFlow, ConfigFlowResult
from homeassistant.const import CONF_PASSWORD, CONF_URL, CONF_USERNAME, CONF_VERIFY_SSL
from homeassistant.helpers.selector import (
    BooleanSelector,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from ..api import ConnectionCause, ProxyLogin
from .address import AddressError, address_text, parse_address, split_login
from .finder import async_find_typed
from .probe import SetupError

PASSWORD = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD))

ADDRESS_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_URL): TextSelector(),
        vol.Required(CONF_VERIFY_SSL, default=True): BooleanSelector(),
    }
)
LOGIN_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_USERNAME): TextSelector(),
        vol.Optional(CONF_PASSWORD): PASSWORD,
    }
)


class AddressFlow(ConfigFlow):
    """Ask for an address, and for the log-in of a proxy where one asks for it."""

    _url: URL
    """Where OctoPrint, or a proxy in front of it, answers."""

    def __init__(self) -> None:
        """Initialize the flow."""
        self._is_login_asked = False
        self._login: ProxyLogin | None = None
        self._login_host: str | None = None
        self._proposed: URL | None = None
        self._verify_ssl = True

    @abstractmethod
    async def _async_go_on(self) -> ConfigFlowResult:
        """Go on once OctoPrint answers."""

    async def _async_take_address(
        self,
        typed: dict[str, Any],
        *,
        announced: Sequence[URL] = (),
        login: ProxyLogin | None = None,
        encrypted_host: str | None = None,
    ) -> dict[str, str]:
        """Keep the address at which OctoPrint answers, or return the errors of the form.

        A log-in that is typed into the address is taken out of it, also where it stays
        in the form. A proxy that asks for one is no error, but a question of its own.
        Of the host that was asked by HTTPS so far, HTTP is proposed at most.
        """
        self._is_login_asked = False
        self._proposed = None
        try:
            address, login_in_url = split_login(typed[CONF_URL])
            urls = parse_address(address)
        except AddressError:
            return {CONF_URL: "invalid_url"}
        typed[CONF_URL] = address
        if len(urls) > 1 and urls[0].host == encrypted_host:
            urls = tuple(url for url in urls if url.scheme == "https")
        if urls[0].host != self._login_host:
            # It was meant for that host only.
            self._login = None
        self._login = login_in_url or login or self._login
        self._login_host = urls[0].host
        # It may be set up and switched off.
        self._async_abort_entries_match({CONF_URL: str(urls[0])})
        self._verify_ssl = typed[CONF_VERIFY_SSL]
        self._url = urls[0]
        try:
            await self._async_find(announced or urls)
        except SetupError as err:
            self._proposed = err.proposed
            if err.proposed is not None:
                typed[CONF_URL] = str(err.proposed)
            return {"base": err.reason}
        self._async_abort_entries_match({CONF_URL: str(self._url)})
        return {}

    async def _async_after_address(self) -> ConfigFlowResult:
        """Go on where OctoPrint answers, by the log-in of a proxy if one asks for it."""
        if self._is_login_asked:
            return await self.async_step_proxy_login()
        return await self._async_go_on()

    async def _async_find(self, urls: Sequence[URL]) -> None:
        """Note at which of these addresses OctoPrint answers, or a proxy asks for a log-in.

        The log-in is sent only where one is asked for.
        """
        try:
            self._url = await async_find_typed(
                self.hass, urls, verify_ssl=self._verify_ssl
            )
        except SetupError as err:
            if err.reason != ConnectionCause.BASIC_AUTH or err.asked is None:
                raise
            self._url = err.asked
            self._is_login_asked = self._login is None or not await self._async_try()

    async def _async_try(self) -> bool:
        """Return whether the proxy takes the log-in; raise whatever else is wrong."""
        try:
            self._url = await async_find_typed(
                self.hass, (self._url,), login=self._login, verify_ssl=self._verify_ssl
            )
        except SetupError as err:
            if err.reason == ConnectionCause.BASIC_AUTH:
                return False
            raise
        return True

    async def async_step_proxy_login(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the user and password that a proxy in front of OctoPrint wants."""
        errors = {}
        if user_input is not None:
            login = ProxyLogin(
                user_input[CONF_USERNAME].strip(), user_input.get(CONF_PASSWORD, "")
            )
            self._login = login
            try:
                if login.is_valid and await self._async_try():
                    return await self._async_go_on()
            except SetupError as err:
                errors["base"] = err.reason
            else:
                errors["base"] = "login_refused"
        elif self._login is not None:
            errors["base"] = "login_refused"
        user = self._login.user if self._login else ""
        return self.async_show_form(
            step_id="proxy_login",
            data_schema=self.add_suggested_values_to_schema(
                LOGIN_SCHEMA, {CONF_USERNAME: user} if user else {}
            ),
            description_placeholders={CONF_URL: address_text(self._url)},
            errors=errors,
        )

    def _show_address_form(
        self, typed: dict[str, Any], errors: dict[str, str]
    ) -> ConfigFlowResult:
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(ADDRESS_SCHEMA, typed),
            description_placeholders=self._proposal_placeholders(),
            errors=errors,
        )

    def _proposal_placeholders(self) -> dict[str, str]:
        """Return what fills the errors that propose another address."""
        return {CONF_URL: address_text(self._proposed)} if self._proposed else {}
