"""Config flow for OctoPrint Plus."""

import asyncio
from collections.abc import Mapping
import re
from typing import Any, override

import voluptuous as vol
from yarl import URL

from homeassistant.config_entries import (
    SOURCE_IGNORE,
    SOURCE_REAUTH,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
    OptionsFlow,
)
from homeassistant.const import CONF_API_KEY, CONF_NAME, CONF_URL, CONF_VERIFY_SSL
from homeassistant.core import callback
from homeassistant.helpers.selector import (
    BooleanSelector,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from homeassistant.helpers.service_info.ssdp import SsdpServiceInfo
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo

from .address import AddressError, CredentialsError, parse_address
from .api.access import AppKeyRequest, permission_name
from .app_key import async_request_app_key, async_wait_for_approval
from .const import DOMAIN
from .coordinator import OctoPrintConfigEntry
from .discovery import Announcement, from_ssdp, from_zeroconf
from .identity import check_same_printer, new_unique_id
from .options_flow import OctoPrintOptionsFlow
from .probe import (
    Instance,
    SetupError,
    async_new_address,
    async_probe,
    async_verify,
    setup_client,
)

# What would be more than text where a description shows a name that was announced.
MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#!|~])")

PASSWORD = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD))

ADDRESS_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_URL): TextSelector(),
        vol.Required(CONF_VERIFY_SSL, default=True): BooleanSelector(),
    }
)
API_KEY_SCHEMA = vol.Schema({vol.Required(CONF_API_KEY): PASSWORD})
APP_KEY_FAILED_SCHEMA = vol.Schema({vol.Optional(CONF_API_KEY): PASSWORD})
NAME_SCHEMA = vol.Schema({vol.Optional(CONF_NAME): TextSelector()})
RECONFIGURE_SCHEMA = ADDRESS_SCHEMA.extend({vol.Optional(CONF_API_KEY): PASSWORD})


class OctoPrintConfigFlow(ConfigFlow, domain=DOMAIN):
    """Handle a config flow for OctoPrint Plus."""

    VERSION = 1

    _existing: ConfigEntry
    _instance: Instance
    _request: AppKeyRequest
    _url: URL

    def __init__(self) -> None:
        """Initialize the flow."""
        self._api_key = ""
        self._app_key_failure = ""
        self._app_key_task: asyncio.Task[str] | None = None
        self._discovered_uuid: str | None = None
        self._verify_ssl = True

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: OctoPrintConfigEntry) -> OptionsFlow:
        """Return the options flow."""
        return OctoPrintOptionsFlow()

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
                return await self.async_step_auth()
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
        """Offer to set up what announces itself, or follow a printer to its new address."""
        if announced is None:
            return self.async_abort(reason="invalid_discovery_info")
        url, uuid = announced.url, announced.uuid
        # Without an id there is only the address to know it by when it comes again.
        entry = await self.async_set_unique_id(uuid or str(url))
        if entry is None or entry.data.get(CONF_URL) != str(url):
            self._async_abort_entries_match({CONF_URL: str(url)})
        if uuid and self._is_shared(uuid):
            return self.async_abort(reason="already_configured")
        moved = None
        if entry is not None and entry.state is ConfigEntryState.LOADED:
            entry.runtime_data.async_server_seen()
        if entry is not None and entry.source != SOURCE_IGNORE:
            moved = await async_new_address(self.hass, entry.data, url)
        self._abort_if_unique_id_configured({CONF_URL: str(moved)} if moved else None)
        self._discovered_uuid = uuid
        self._url = url
        self.context.update(
            {
                "configuration_url": str(url),
                "title_placeholders": {CONF_NAME: announced.name},
            }
        )
        return await self.async_step_discovery_confirm()

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
            if errors := await self._async_take_address(typed):
                return self._show_address_form(typed, errors)
            return await self.async_step_auth()
        name = self.context["title_placeholders"][CONF_NAME]
        return self.async_show_form(
            step_id="discovery_confirm",
            description_placeholders={
                CONF_NAME: MARKDOWN.sub(r"\\\1", name),
                CONF_URL: str(self._url),
            },
        )

    def _show_address_form(
        self, typed: dict[str, Any], errors: dict[str, str]
    ) -> ConfigFlowResult:
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(ADDRESS_SCHEMA, typed),
            errors=errors,
        )

    async def _async_take_address(self, typed: dict[str, Any]) -> dict[str, str]:
        """Keep the address at which OctoPrint answers, or return the errors of the form."""
        try:
            urls = parse_address(typed[CONF_URL])
        except CredentialsError:
            return {CONF_URL: "credentials_in_url"}
        except AddressError:
            return {CONF_URL: "invalid_url"}
        # It may be set up and switched off.
        self._async_abort_entries_match({CONF_URL: str(urls[0])})
        try:
            self._url = await async_probe(
                self.hass, urls, verify_ssl=typed[CONF_VERIFY_SSL]
            )
        except SetupError as err:
            return {"base": err.reason}
        self._verify_ssl = typed[CONF_VERIFY_SSL]
        self._async_abort_entries_match({CONF_URL: str(self._url)})
        return {}

    async def async_step_auth(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask how to get a key."""
        return self.async_show_menu(
            step_id="auth",
            menu_options=["app_key", "api_key"],
            description_placeholders={CONF_URL: str(self._url)},
        )

    async def async_step_app_key(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask OctoPrint for an application key and wait for its user's approval."""
        if self._app_key_task is None:
            client = setup_client(self.hass, self._url, verify_ssl=self._verify_ssl)
            try:
                self._request = await async_request_app_key(client)
            except SetupError as err:
                self._app_key_failure = err.reason
                return await self.async_step_app_key_failed()
            self._app_key_task = self.hass.async_create_background_task(
                async_wait_for_approval(client, self._request),
                f"{DOMAIN} application key",
            )
        if not self._app_key_task.done():
            return self.async_show_progress(
                step_id="app_key",
                progress_action="wait_for_approval",
                description_placeholders={CONF_URL: str(self._request.auth_dialog)},
                progress_task=self._app_key_task,
            )
        task, self._app_key_task = self._app_key_task, None
        try:
            self._api_key = task.result()
        except SetupError as err:
            self._app_key_failure = err.reason
            return self.async_show_progress_done(next_step_id="app_key_failed")
        return self.async_show_progress_done(next_step_id="app_key_granted")

    async def async_step_app_key_granted(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Go on with the key that was granted."""
        try:
            return await self._async_finish()
        except SetupError as err:
            self._app_key_failure = err.reason
            return await self.async_step_app_key_failed()

    async def async_step_app_key_failed(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say why there is no key; ask again or take one that is pasted."""
        if user_input is None:
            return self.async_show_form(
                step_id="app_key_failed",
                data_schema=APP_KEY_FAILED_SCHEMA,
                description_placeholders={CONF_URL: str(self._url)},
                errors={"base": self._app_key_failure},
            )
        if user_input.get(CONF_API_KEY, "").strip():
            return await self.async_step_api_key(user_input)
        return await self.async_step_app_key()

    async def async_step_api_key(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for an API key."""
        errors: dict[str, str] = {}
        if user_input is not None:
            self._api_key = user_input[CONF_API_KEY].strip()
            try:
                return await self._async_finish()
            except SetupError as err:
                errors = _key_error(err)
        return self.async_show_form(
            step_id="api_key",
            data_schema=self.add_suggested_values_to_schema(
                API_KEY_SCHEMA, user_input or {}
            ),
            description_placeholders={CONF_URL: str(self._url)},
            errors=errors,
        )

    async def _async_finish(self) -> ConfigFlowResult:
        """Verify the key, and go on with whatever the flow is there for."""
        instance = await self._async_verify(self._api_key)
        if self.source == SOURCE_REAUTH:
            entry = self._get_reauth_entry()
            check_same_printer(entry, instance)
            return self.async_update_reload_and_abort(
                entry, data_updates={CONF_API_KEY: self._api_key}
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
                await async_probe(
                    self.hass,
                    (URL(existing.data[CONF_URL]),),
                    verify_ssl=existing.data[CONF_VERIFY_SSL],
                )
            except SetupError:
                pass
            else:
                return await self.async_step_same_id()
        return await self.async_step_same_printer()

    async def _async_verify(self, api_key: str) -> Instance:
        return await async_verify(
            self.hass, self._url, api_key, verify_ssl=self._verify_ssl
        )

    async def async_step_same_id(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether a printer that is set up has two addresses, or was copied."""
        return self.async_show_menu(
            step_id="same_id",
            menu_options=["same_printer", "another_printer"],
            description_placeholders={
                CONF_NAME: self._existing.title,
                CONF_URL: self._existing.data[CONF_URL],
            },
        )

    async def async_step_same_printer(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Update the printer that is set up."""
        return self.async_update_reload_and_abort(
            self._existing,
            data_updates=self._entry_data(self._api_key),
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
                CONF_URL: str(self._url),
                "version": self._instance.version,
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
        """Handle a key that OctoPrint knows no longer."""
        self._url = URL(entry_data[CONF_URL])
        self._verify_ssl = entry_data[CONF_VERIFY_SSL]
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask how to get a new key."""
        return self.async_show_menu(
            step_id="reauth_confirm",
            menu_options=["app_key", "api_key"],
            description_placeholders={
                CONF_NAME: self._get_reauth_entry().title,
                CONF_URL: str(self._url),
            },
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change the address or the key of a printer that is set up."""
        entry = self._get_reconfigure_entry()
        errors: dict[str, str] = {}
        if user_input is not None:
            errors = await self._async_take_address(user_input)
            typed_key = user_input.get(CONF_API_KEY, "").strip()
            api_key = typed_key or entry.data[CONF_API_KEY]
            if not errors:
                try:
                    check_same_printer(entry, await self._async_verify(api_key))
                except SetupError as err:
                    errors = _key_error(err)
                else:
                    return self.async_update_reload_and_abort(
                        entry, data_updates=self._entry_data(api_key)
                    )
        # The key in use is not shown again.
        current = {key: entry.data[key] for key in (CONF_URL, CONF_VERIFY_SSL)}
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(
                RECONFIGURE_SCHEMA, user_input or current
            ),
            description_placeholders={CONF_NAME: entry.title},
            errors=errors,
        )

    def _entry_data(self, api_key: str) -> dict[str, Any]:
        return {
            CONF_API_KEY: api_key,
            CONF_URL: str(self._url),
            CONF_VERIFY_SSL: self._verify_ssl,
        }


def _key_error(err: SetupError) -> dict[str, str]:
    """Return the error at the field or the form to which it belongs."""
    field = CONF_API_KEY if err.reason == "invalid_auth" else "base"
    return {field: err.reason}
