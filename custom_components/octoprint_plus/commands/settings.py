"""OctoPrint's own settings, and those of its plugins."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from homeassistant.core import Context

from ..api import (
    PLUGIN_SETTINGS,
    SETTINGS_GROUPS,
    Objection,
    Permission,
    is_secret,
    without_secrets,
)
from ..coordinator import OctoPrintCoordinator
from .execute import server_command
from .refusals import refusal
from .rights import async_check_admin


async def async_get_settings(
    coordinator: OctoPrintCoordinator,
    names: Sequence[str] = (),
    *,
    plugin: str | None = None,
    context: Context | None,
) -> Any:
    """Return OctoPrint's own settings or a plugin's (GET /api/settings), without secrets.

    `names` lead to some of them: appearance, then name.
    """
    command = "get_settings"
    await async_check_admin(coordinator, context, command)
    path = [*((PLUGIN_SETTINGS, plugin) if plugin else ()), *names]
    key = ".".join(path)
    if path == [PLUGIN_SETTINGS]:
        raise refusal("settings_plugin_missing", coordinator.name)
    if any(map(is_secret, path)):
        raise refusal("settings_secret", coordinator.name, setting=key)
    async with server_command(coordinator, command, Permission.SETTINGS_READ):
        settings = await coordinator.client.settings.get_raw()
    found: Any = {
        name: settings[name]
        for name in settings
        if name in SETTINGS_GROUPS or (name == PLUGIN_SETTINGS and path)
    }
    for name in path:
        if not isinstance(found, dict) or name not in found:
            raise refusal("settings_unknown", coordinator.name, setting=key)
        found = found[name]
    return found


async def async_update_settings(
    coordinator: OctoPrintCoordinator,
    changes: dict[str, Any],
    *,
    context: Context | None,
) -> None:
    """Change the settings that are given, and only those (POST /api/settings)."""
    command = "update_settings"
    await async_check_admin(coordinator, context, command)
    settings = coordinator.client.settings
    async with server_command(
        coordinator,
        command,
        Permission.SETTINGS,
        Permission.SETTINGS_READ,
    ):
        if objection := await settings.objection(changes):
            raise _objected(objection, coordinator)
        before = await settings.get_raw()
        after = await settings.update(changes)
        await coordinator.async_request_full_refresh()
    # OctoPrint says nothing about a value that it does not take.
    shown = without_secrets(changes)
    if ignored := sorted(_ignored(shown, before, after)):
        raise refusal("settings_ignored", coordinator.name, settings=", ".join(ignored))


def _objected(objection: Objection, coordinator: OctoPrintCoordinator) -> Exception:
    """Return the error for an objection."""
    name, key = coordinator.name, objection.path
    match objection.reason:
        case "secret":
            return refusal("settings_secret", name, setting=key)
        case "hidden":
            return refusal("settings_hidden", name, setting=key)
        case "group":
            return refusal("settings_group", name, setting=key)
        case "no_group":
            return refusal("settings_no_group", name, setting=key)
    return refusal("settings_unknown", name, setting=key)


def _ignored(
    changes: Mapping[str, Any],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    path: str = "",
) -> Iterator[str]:
    """Yield the settings that are what they were, and not what was asked for."""
    for name, value in changes.items():
        old, new = before.get(name), after.get(name)
        if isinstance(value, dict):
            old, new = (each if isinstance(each, dict) else {} for each in (old, new))
            yield from _ignored(value, old, new, f"{path}{name}.")
        # A number may have been given as a text.
        elif new == old and new != value and str(new) != str(value):
            yield f"{path}{name}"
