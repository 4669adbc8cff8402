"""Diagnostics support for OctoPrint Plus."""

from dataclasses import asdict
from typing import Any

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.const import CONF_API_KEY, CONF_PASSWORD, CONF_URL, CONF_USERNAME
from homeassistant.core import HomeAssistant

from .api import without_secrets
from .coordinator import OctoPrintConfigEntry

TO_REDACT = {
    CONF_API_KEY,
    CONF_PASSWORD,
    CONF_URL,
    CONF_USERNAME,
    "title",
    "unique_id",
    "upnp_uuid",
    "user",
}


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: OctoPrintConfigEntry
) -> dict[str, Any]:
    """Return diagnostics for a config entry."""
    coordinator = entry.runtime_data
    clock = coordinator.client.clock
    snapshot = asdict(coordinator.data)
    permissions = sorted(coordinator.data.server.user.permissions)
    return {
        "entry": async_redact_data(
            {
                "data": dict(entry.data),
                "options": dict(entry.options),
                "title": entry.title,
                "unique_id": entry.unique_id,
            },
            TO_REDACT,
        ),
        "clock_ahead": clock.ahead if clock.is_known else None,
        "is_pushed": coordinator.is_pushed,
        "last_update_success": coordinator.last_update_success,
        "permissions": permissions,
        "poll_interval": coordinator.update_interval
        and coordinator.update_interval.total_seconds(),
        # Names and texts are the users' and the plugins' own, and may hold anything.
        "snapshot": without_secrets(async_redact_data(_plain(snapshot), TO_REDACT)),
    }


def _plain(value: Any) -> Any:
    """Return a copy with sets as sorted lists, which JSON can hold."""
    match value:
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case frozenset():
            return sorted(value)
    return value
