"""The part of the config flow that gets a key: approved in OctoPrint, or pasted."""

from abc import abstractmethod
import asyncio
from typing import Any

import voluptuous as vol

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import CONF_API_KEY, CONF_URL

from ..api import AppKeyRequest
from ..const import DOMAIN
from .address import address_text
from .address_step import PASSWORD, AddressFlow
from .app_key import async_request_app_key, async_wait_for_approval
from .clients import setup_client
from .probe import SetupError

API_KEY_SCHEMA = vol.Schema({vol.Required(CONF_API_KEY): PASSWORD})
APP_KEY_FAILED_SCHEMA = vol.Schema({vol.Optional(CONF_API_KEY): PASSWORD})


class KeyFlow(AddressFlow):
    """Ask for a key, once OctoPrint answers."""

    _request: AppKeyRequest

    def __init__(self) -> None:
        """Initialize the flow."""
        super().__init__()
        self._api_key = ""
        self._app_key_failure = ""
        self._app_key_task: asyncio.Task[str] | None = None

    @abstractmethod
    async def _async_finish(self) -> ConfigFlowResult:
        """Go on with a key; raises SetupError where it is no good."""

    async def async_step_auth(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask how to get a key."""
        return self.async_show_menu(
            step_id="auth",
            menu_options=["app_key", "api_key"],
            description_placeholders={CONF_URL: address_text(self._url)},
        )

    async def async_step_app_key(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask OctoPrint for an application key and wait for its user's approval."""
        if self._app_key_task is None:
            client = setup_client(
                self.hass, self._url, login=self._login, verify_ssl=self._verify_ssl
            )
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
                description_placeholders={CONF_URL: address_text(self._url)},
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
                errors = key_error(err)
        return self.async_show_form(
            step_id="api_key",
            data_schema=self.add_suggested_values_to_schema(
                API_KEY_SCHEMA, user_input or {}
            ),
            description_placeholders={CONF_URL: address_text(self._url)},
            errors=errors,
        )


def key_error(err: SetupError) -> dict[str, str]:
    """Return the error at the field or the form to which it belongs."""
    field = CONF_API_KEY if err.reason == "invalid_auth" else "base"
    return {field: err.reason}
