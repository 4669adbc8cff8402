"""Config flow for OctoPrint Plus."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, override

import voluptuous as vol
from yarl import URL

from homeassistant.config_entries import (
    SOURCE_IGNORE,
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    SOURCE_SSDP,
    SOURCE_ZEROCONF,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlowResult,
    OptionsFlow,
    UnknownEntry,
)
from homeassistant.const import (
    CONF_API_KEY,
    CONF_NAME,
    CONF_PASSWORD,
    CONF_URL,
    CONF_USERNAME,
    CONF_VERIFY_SSL,
)
from homeassistant.core import callback
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers.selector import TextSelector
from homeassistant.helpers.service_info.ssdp import SsdpServiceInfo
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo

from .api import ConnectionCause, ProxyLogin, permission_name
from .const import DOMAIN
from .coordinator import OctoPrintConfigEntry
from .markup import escaped, one_line
from .options_flow import OctoPrintOptionsFlow
from .setup.address import address_text
from .setup.address_step import ADDRESS_SCHEMA, PASSWORD
from .setup.clients import entry_data, entry_login
from .setup.discovery import Announcement, from_ssdp, from_zeroconf, is_crowded
from .setup.finder import async_find
from .setup.key_step import KeyFlow, key_error
from .setup.moved import async_check_moved
from .setup.probe import (
    Instance,
    SetupError,
    async_verify,
    check_same_printer,
    new_unique_id,
)

NAME_SCHEMA = vol.Schema({vol.Optional(CONF_NAME): TextSelector()})

# Characters of a version; OctoPrint's own has some ten, that of a copy from Git some forty.
MAX_VERSION = 64

RECONFIGURE_SCHEMA = ADDRESS_SCHEMA.extend({vol.Optional(CONF_API_KEY): PASSWORD})
RECONFIGURE_LOGIN_SCHEMA = RECONFIGURE_SCHEMA.extend(
    {vol.Optional(CONF_USERNAME): TextSelector(), vol.Optional(CONF_PASSWORD): PASSWORD}
)


@contextmanager
def _known_entry() -> Generator[None]:
    """End the flow where its printer was removed while it asked OctoPrint."""
    try:
        yield
    except UnknownEntry as err:
        raise AbortFlow("removed") from err


class OctoPrintConfigFlow(KeyFlow, domain=DOMAIN):
    """Handle a config flow for OctoPrint Plus."""

    VERSION = 1

    _existing: ConfigEntry
    _instance: Instance

    def __init__(self) -> None:
        """Initialize the flow."""
        super().__init__()
        self._announced: tuple[URL, ...] = ()
        self._discovered_uuid: str | None = None
        self._typed: dict[str, Any] = {}

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: OctoPrintConfigEntry) -> OptionsFlow:
        """Return the options flow."""
        return OctoPrintOptionsFlow()

    @override
    @callback
    def _get_reauth_entry(self) -> ConfigEntry:
        """Return the printer whose key is asked for."""
        with _known_entry():
            return super()._get_reauth_entry()

    @override
    @callback
    def _get_reconfigure_entry(self) -> ConfigEntry:
        """Return the printer that is changed."""
        with _known_entry():
            return super()._get_reconfigure_entry()

    @override
    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the address."""
        errors: dict[str, str] = {}
        if user_input is not None:
            self._discovered_uuid = None
            errors = await self._async_take_address(user_input)
            if not errors:
                return await self._async_after_address()
        return self._show_address_form(user_input or {}, errors)

    @override
    async def async_step_zeroconf(
        self, discovery_info: ZeroconfServiceInfo
    ) -> ConfigFlowResult:
        """Handle an OctoPrint that announces itself by zeroconf."""
        return await self._async_step_discovered(from_zeroconf(discovery_info))

    @override
    async def async_step_ssdp(
        self, discovery_info: SsdpServiceInfo
    ) -> ConfigFlowResult:
        """Handle an OctoPrint that announces itself by SSDP."""
        return await self._async_step_discovered(from_ssdp(discovery_info))

    async def _async_step_discovered(
        self, announced: Announcement | None
    ) -> ConfigFlowResult:
        """Offer to set up what announces itself, or to follow a printer that moved."""
        if announced is None:
            return self.async_abort(reason="invalid_discovery_info")
        url, uuid = announced.urls[0], announced.uuid
        # Without an id there is only the address to know it by when it comes again.
        entry = await self.async_set_unique_id(uuid or str(url))
        for each in announced.urls:
            if entry is None or entry.data.get(CONF_URL) != str(each):
                self._async_abort_entries_match({CONF_URL: str(each)})
        if uuid and self._is_shared(uuid):
            return self.async_abort(reason="already_configured")
        if entry is not None and entry.state is ConfigEntryState.LOADED:
            entry.runtime_data.async_server_seen()
        if entry is not None and entry.source != SOURCE_IGNORE:
            await async_check_moved(self.hass, entry, announced)
        self._abort_if_unique_id_configured()
        others = self._async_in_progress(include_uninitialized=True)
        if is_crowded(
            url,
            [
                each["context"]
                for each in others
                if each["context"].get("source") in (SOURCE_SSDP, SOURCE_ZEROCONF)
            ],
        ):
            return self.async_abort(reason="too_many_discovered")
        self._announced = announced.urls
        self._discovered_uuid = uuid
        self._url = url
        # The frontend shows this name as it is, without Markdown.
        self.context["title_placeholders"] = {CONF_NAME: announced.name}
        self.context["configuration_url"] = str(url)
        if len(announced.urls) > 1:
            self._url = await self._async_answering(announced.urls)
            self.context["configuration_url"] = str(self._url)
        return await self.async_step_discovery_confirm()

    async def _async_answering(self, urls: tuple[URL, ...]) -> URL:
        """Return which of the announced addresses answers, the first where none does."""
        try:
            # Nothing secret is sent, and certificates are a question for later.
            return await async_find(self.hass, urls, verify_ssl=False)
        except SetupError as err:
            if err.reason == ConnectionCause.BASIC_AUTH and err.asked is not None:
                return err.asked
            return urls[0]

    def _is_shared(self, uuid: str) -> bool:
        """Return whether a printer that is set up under another id has this one, too.

        Either it is a copy of another, and which of them is announced cannot be
        told, or its discovery was switched on only after it had been set up.
        """
        entries: list[OctoPrintConfigEntry] = self._async_current_entries(
            include_ignore=False
        )
        return any(
            entry.state is ConfigEntryState.LOADED
            and entry.unique_id != uuid
            and (settings := entry.runtime_data.data.server.settings) is not None
            and settings.upnp_uuid is not None
            and settings.upnp_uuid.lower() == uuid
            for entry in entries
        )

    async def async_step_discovery_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether to set up what was discovered."""
        if user_input is not None:
            typed = {CONF_URL: str(self._url), CONF_VERIFY_SSL: True}
            announced = tuple(dict.fromkeys((self._url, *self._announced)))
            if errors := await self._async_take_address(typed, announced=announced):
                return self._show_address_form(typed, errors)
            return await self._async_after_address()
        name = self.context["title_placeholders"][CONF_NAME]
        return self.async_show_form(
            step_id="discovery_confirm",
            description_placeholders={
                CONF_NAME: escaped(name),
                CONF_URL: address_text(self._url),
            },
        )

    @override
    async def _async_go_on(self) -> ConfigFlowResult:
        """Go on with whatever the flow is there for, once OctoPrint answers."""
        if self.source == SOURCE_RECONFIGURE:
            return await self._async_reconfigure()
        if self.source != SOURCE_REAUTH:
            return await self.async_step_auth()
        self._api_key = self._get_reauth_entry().data[CONF_API_KEY]
        try:
            # It may have been the proxy alone that refused.
            return await self._async_finish()
        except SetupError:
            return await self.async_step_reauth_confirm()

    @override
    async def _async_finish(self) -> ConfigFlowResult:
        """Verify the key, and go on with whatever the flow is there for."""
        instance = await self._async_verify(self._api_key)
        if self.source == SOURCE_REAUTH:
            entry = self._get_reauth_entry()
            check_same_printer(entry, instance)
            return self.async_update_reload_and_abort(
                entry, data=self._entry_data(self._api_key, entry)
            )
        self._instance = instance
        existing = await self.async_set_unique_id(
            instance.uuid or self._discovered_uuid or new_unique_id(),
            raise_on_progress=False,
        )
        if existing is None or existing.source == SOURCE_IGNORE:
            return await self.async_step_name()
        self._existing = existing
        if existing.data[CONF_URL] != str(self._url):
            try:
                await async_find(
                    self.hass,
                    (URL(existing.data[CONF_URL]),),
                    login=entry_login(existing.data),
                    verify_ssl=existing.data[CONF_VERIFY_SSL],
                )
            except SetupError:
                pass
            else:
                return await self.async_step_same_id()
        return await self.async_step_same_printer()

    async def _async_verify(self, api_key: str) -> Instance:
        return await async_verify(
            self.hass,
            self._url,
            api_key,
            login=self._login,
            verify_ssl=self._verify_ssl,
        )

    async def async_step_same_id(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether a printer that is set up has two addresses, or was copied."""
        return self.async_show_menu(
            step_id="same_id",
            menu_options=["same_printer", "another_printer"],
            description_placeholders={
                CONF_NAME: escaped(self._existing.title),
                CONF_URL: address_text(URL(self._existing.data[CONF_URL])),
            },
        )

    async def async_step_same_printer(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Update the printer that is set up."""
        with _known_entry():
            return self.async_update_reload_and_abort(
                self._existing,
                data=self._entry_data(self._api_key, self._existing),
                reason="address_updated",
            )

    async def async_step_another_printer(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Give a printer with a copied id one of its own."""
        await self.async_set_unique_id(new_unique_id())
        return await self.async_step_name()

    async def async_step_name(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the name, and create the entry."""
        if user_input is not None:
            # Another flow may have been faster.
            self._async_abort_entries_match({CONF_URL: str(self._url)})
            return self.async_create_entry(
                title=user_input.get(CONF_NAME, "").strip() or self._instance.name,
                data=self._entry_data(self._api_key),
            )
        missing = self._instance.missing_permissions
        return self.async_show_form(
            step_id="name_limited" if missing else "name",
            data_schema=self.add_suggested_values_to_schema(
                NAME_SCHEMA, {CONF_NAME: self._instance.name}
            ),
            description_placeholders={
                "permissions": ", ".join(map(permission_name, missing)),
                CONF_URL: address_text(self._url),
                "version": escaped(one_line(self._instance.version, MAX_VERSION)),
            },
        )

    async def async_step_name_limited(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the name, and say what the key may not do."""
        return await self.async_step_name(user_input)

    async def async_step_reauth(
        self, entry_data: Mapping[str, Any]
    ) -> ConfigFlowResult:
        """Handle a key that OctoPrint, or a log-in that a proxy, takes no longer."""
        self._url = URL(entry_data[CONF_URL])
        self._verify_ssl = entry_data[CONF_VERIFY_SSL]
        self._login = entry_login(entry_data)
        self._login_host = self._url.host
        try:
            await async_find(
                self.hass, (self._url,), login=self._login, verify_ssl=self._verify_ssl
            )
        except SetupError as err:
            if err.reason == ConnectionCause.BASIC_AUTH:
                return await self.async_step_proxy_login()
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask how to get a new key."""
        return self.async_show_menu(
            step_id="reauth_confirm",
            menu_options=["app_key", "api_key"],
            description_placeholders={
                CONF_NAME: escaped(self._get_reauth_entry().title),
                CONF_URL: address_text(self._url),
            },
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change the address, the key or the log-in of a printer that is set up."""
        entry = self._get_reconfigure_entry()
        if user_input is None:
            return self._show_reconfigure_form({})
        self._typed = user_input
        kept = entry_login(entry.data)
        current = URL(entry.data[CONF_URL])
        self._login_host = current.host
        self._login = kept if user_input.get(CONF_USERNAME, "").strip() else None
        if errors := await self._async_take_address(
            user_input,
            login=_typed_login(user_input, kept),
            encrypted_host=current.host if current.scheme == "https" else None,
        ):
            return self._show_reconfigure_form(errors)
        return await self._async_after_address()

    async def _async_reconfigure(self) -> ConfigFlowResult:
        """Verify the key at the new address, and update the printer."""
        entry = self._get_reconfigure_entry()
        typed_key = self._typed.get(CONF_API_KEY, "").strip()
        api_key = typed_key or entry.data[CONF_API_KEY]
        try:
            check_same_printer(entry, await self._async_verify(api_key))
        except SetupError as err:
            return self._show_reconfigure_form(key_error(err))
        return self.async_update_reload_and_abort(
            entry, data=self._entry_data(api_key, entry)
        )

    def _show_reconfigure_form(self, errors: dict[str, str]) -> ConfigFlowResult:
        entry = self._get_reconfigure_entry()
        login = entry_login(entry.data)
        # The key and the password in use are not shown again.
        current = {key: entry.data[key] for key in (CONF_URL, CONF_VERIFY_SSL)}
        if login is not None:
            current[CONF_USERNAME] = login.user
        schema = RECONFIGURE_LOGIN_SCHEMA if login else RECONFIGURE_SCHEMA
        return self.async_show_form(
            step_id="reconfigure_login" if login else "reconfigure",
            data_schema=self.add_suggested_values_to_schema(
                schema, self._typed or current
            ),
            description_placeholders={
                CONF_NAME: escaped(entry.title),
                **self._proposal_placeholders(),
            },
            errors=errors,
        )

    async def async_step_reconfigure_login(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change a printer behind a proxy, whose log-in can be changed, too."""
        return await self.async_step_reconfigure(user_input)

    def _entry_data(
        self, api_key: str, entry: ConfigEntry | None = None
    ) -> dict[str, Any]:
        """Return the data of an entry, with what a newer version may have added to it."""
        kept = dict(entry.data) if entry else {}
        for key in (CONF_USERNAME, CONF_PASSWORD):
            kept.pop(key, None)
        return kept | entry_data(
            self._url, api_key, login=self._login, verify_ssl=self._verify_ssl
        )


def _typed_login(
    user_input: dict[str, Any], kept: ProxyLogin | None
) -> ProxyLogin | None:
    """Return the log-in that was typed anew into a form that shows only the user in use."""
    user = user_input.get(CONF_USERNAME, "").strip()
    password = user_input.get(CONF_PASSWORD, "")
    if not user or kept is None or (user == kept.user and not password):
        return None
    return ProxyLogin(user, password)
