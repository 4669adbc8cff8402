"""A printer that announces itself from another address: proposed, never followed by itself.

Its id is no secret, so whoever announces it may be anybody. The key goes to an address only
once the user has confirmed it.
"""

from collections.abc import Mapping
from typing import Any

import voluptuous as vol
from yarl import URL

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_API_KEY, CONF_URL, CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from ..api import ConnectionCause, OctoPrintError
from ..const import DOMAIN
from ..device import printer_title
from ..markup import printer_name
from ..model.snapshot import Snapshot
from .address import address_text, on_host
from .clients import entry_client, entry_login
from .discovery import Announcement
from .finder import async_find
from .probe import SetupError, async_verify, check_same_printer

MOVED = "moved"


async def async_check_moved(
    hass: HomeAssistant, entry: ConfigEntry, announced: Announcement
) -> None:
    """Propose another address for a printer that does not answer at its own any more."""
    configured = URL(entry.data[CONF_URL])
    if configured in announced.urls or await _async_knows_key(hass, entry):
        async_withdraw(hass, entry)
        return
    taken = {
        other.data.get(CONF_URL)
        for other in hass.config_entries.async_entries(DOMAIN, include_ignore=False)
    }
    candidates = [
        url for url in _candidates(configured, announced.urls) if str(url) not in taken
    ]
    if not candidates or entry.disabled_by is not None:
        return
    try:
        found = await async_find(
            hass,
            candidates,
            verify_ssl=entry.data[CONF_VERIFY_SSL],
        )
    except SetupError as err:
        if err.reason != "basic_auth" or err.asked is None:
            return
        found = err.asked
    _async_propose(hass, entry, found)


def _candidates(configured: URL, announced: tuple[URL, ...]) -> tuple[URL, ...]:
    """Return where a printer may have moved to, the likeliest first.

    What is encrypted stays so, although announcements name no scheme. A name that was
    announced is no better than an address, and may lead anywhere later.
    """
    both = [
        each
        for url in announced
        for each in (url, on_host(configured, url.host or ""))
        if each != configured
    ]
    if configured.scheme == "https":
        both = [url for url in both if url.scheme == "https"]
    return tuple(dict.fromkeys(both))


async def _async_knows_key(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    """Return whether the server at the address that the user has confirmed is the printer's."""
    try:
        user = await entry_client(hass, entry.data).access.current_user()
    except OctoPrintError:
        return False
    return user.name is not None


def _issue_id(entry: ConfigEntry) -> str:
    return f"{MOVED}_{entry.entry_id}"


@callback
def _async_propose(hass: HomeAssistant, entry: ConfigEntry, found: URL) -> None:
    issue = ir.async_get(hass).async_get_issue(DOMAIN, _issue_id(entry))
    if issue is not None and (issue.data or {}).get(CONF_URL) != str(found):
        # That another address was ignored says nothing of this one.
        async_withdraw(hass, entry)
    ir.async_create_issue(
        hass,
        DOMAIN,
        _issue_id(entry),
        data={"entry_id": entry.entry_id, CONF_URL: str(found)},
        is_fixable=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key=MOVED,
        translation_placeholders=_placeholders(hass, entry, found),
    )


def _placeholders(
    hass: HomeAssistant, entry: ConfigEntry, found: URL
) -> dict[str, str]:
    return {
        **printer_name(printer_title(hass, entry)),
        "new_url": address_text(found),
        "old_url": address_text(URL(entry.data[CONF_URL])),
    }


@callback
def async_withdraw(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Take the proposal back, if there is one."""
    ir.async_delete_issue(hass, DOMAIN, _issue_id(entry))


@callback
def async_watch(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Take the proposal back once the printer answers where it always did."""
    coordinator: DataUpdateCoordinator[Snapshot] = entry.runtime_data
    key = (DOMAIN, _issue_id(entry))
    issues = ir.async_get(hass).issues

    @callback
    def check() -> None:
        if (issue := issues.get(key)) is None:
            return
        if coordinator.last_update_success:
            async_withdraw(hass, entry)
        elif issue.data:
            # The printer may have another name by now.
            _async_propose(hass, entry, URL(str(issue.data[CONF_URL])))

    @callback
    def forget() -> None:
        if entry.disabled_by is not None:
            async_withdraw(hass, entry)

    check()
    entry.async_on_unload(coordinator.async_add_listener(check))
    entry.async_on_unload(forget)


class MovedFlow(RepairsFlow):
    """Ask whether a printer has moved, and follow it once the user has said so."""

    async def async_step_init(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Begin with the question."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Show both addresses, and use the new one once it is confirmed."""
        data: Mapping[str, Any] = self.data or {}
        found = URL(str(data.get(CONF_URL)))
        entry = self.hass.config_entries.async_get_entry(str(data.get("entry_id")))
        if entry is None:
            return self.async_abort(reason="removed")
        errors = {}
        if user_input is not None:
            try:
                await self._async_check(entry, found)
            except SetupError as err:
                known = ("another_printer", "invalid_auth")
                errors["base"] = err.reason if err.reason in known else "no_answer"
            else:
                if entry not in self.hass.config_entries.async_entries(DOMAIN):
                    return self.async_abort(reason="removed")
                self.hass.config_entries.async_update_entry(
                    entry, data={**entry.data, CONF_URL: str(found)}
                )
                self.hass.config_entries.async_schedule_reload(entry.entry_id)
                return self.async_create_entry(data={})
        return self.async_show_form(
            step_id="confirm",
            data_schema=vol.Schema({}),
            description_placeholders=_placeholders(self.hass, entry, found),
            errors=errors,
        )

    async def _async_check(self, entry: ConfigEntry, found: URL) -> None:
        """Raise an error unless the server there knows the key, and is no other one."""
        configured = URL(entry.data[CONF_URL])
        if configured.scheme == "https" and found.scheme != "https":
            raise SetupError(ConnectionCause.WANTS_HTTPS)
        instance = await async_verify(
            self.hass,
            found,
            entry.data[CONF_API_KEY],
            login=entry_login(entry.data),
            verify_ssl=entry.data[CONF_VERIFY_SSL],
        )
        check_same_printer(entry, instance)
