"""What has to be right before a command is sent: permissions, and what the printer does."""

import asyncio
from collections.abc import Collection

from homeassistant.exceptions import HomeAssistantError

from ..api import (
    BUSY_STATES,
    OctoPrintError,
    Permission,
    State,
    parse_state,
    permission_name,
)
from ..coordinator import OctoPrintCoordinator
from .everything import require_meant
from .refusals import printer_busy, printer_offline, refusal

# Seconds that what is urgent waits to be told what the printer does.
GLANCE = 2.0

# OctoPrint moves nothing by hand while these last. OctoPrint 1 would during a pause.
MOVING_STATES = BUSY_STATES - {State.PAUSED}


async def async_look(coordinator: OctoPrintCoordinator) -> None:
    """Ask what the printer does at this very moment, and read all of it where that is news.

    What is pushed is up to some seconds old, what is polled half a minute, and a print may have
    begun since. So this stands right before whatever would harm one.

    Raises HomeAssistantError where nobody tells it, as what is sent next may well arrive. Raises
    ServiceValidationError while filament is changed: the tool would be left hot, or out of
    reach. The change itself may look.
    """
    if coordinator.filament_task not in (None, asyncio.current_task()):
        raise refusal("filament_busy", coordinator.name)
    try:
        job = await coordinator.client.job.get()
    except OctoPrintError:
        is_news = True
    else:
        is_news = parse_state(job.state) is not coordinator.data.state
    if is_news or not coordinator.last_update_success:
        await async_poll(coordinator)


async def async_refresh_or_raise(
    coordinator: OctoPrintCoordinator, *, is_urgent: bool = False
) -> None:
    """Read the printer before something that its present state might forbid.

    Where the server tells by itself, what is urgent is sent without asking it first; elsewhere it
    waits for one answer, not for long, and is sent where that fails.
    """
    require_meant()
    if is_urgent:
        if not coordinator.is_pushed:
            await _async_glance(coordinator)
        return
    if not coordinator.is_pushed:
        await async_poll(coordinator)
    await async_look(coordinator)


async def _async_glance(coordinator: OctoPrintCoordinator) -> None:
    """Read all where the job is soon told to be another than is known."""
    try:
        async with asyncio.timeout(GLANCE):
            job = await coordinator.client.job.get()
    except OctoPrintError, TimeoutError:
        return
    if parse_state(job.state) is not coordinator.data.state:
        await coordinator.async_refresh()


async def async_poll(coordinator: OctoPrintCoordinator) -> None:
    """Poll, or raise HomeAssistantError that tells why that is not possible.

    That the server still talks is not enough: what it told last may be outdated.
    """
    await coordinator.async_refresh()
    if (err := coordinator.poll_failure) is not None:
        raise HomeAssistantError(
            translation_domain=err.translation_domain,
            translation_key=err.translation_key,
            translation_placeholders=err.translation_placeholders,
        ) from err


async def async_check_permissions(
    coordinator: OctoPrintCoordinator,
    command: str,
    permissions: Collection[Permission],
) -> None:
    """Raise an error that names the first permission that the key lacks."""
    if all(map(coordinator.may, permissions)):
        return
    # It may have been granted since it was last asked for.
    user = await coordinator.client.access.current_user()
    for permission in permissions:
        if not user.may(permission):
            raise refusal(
                "command_missing_permission",
                coordinator.name,
                command=command,
                permission=permission_name(permission),
            )


def require_plugin(
    coordinator: OctoPrintCoordinator, command: str, *plugins: str
) -> str:
    """Return the first of some plugins that is there, or raise that none is."""
    if (settings := coordinator.data.server.settings) is None:
        raise refusal(
            "command_missing_permission",
            coordinator.name,
            command=command,
            permission=permission_name(Permission.SETTINGS_READ),
        )
    for plugin in plugins:
        if plugin in settings.plugins:
            return plugin
    raise refusal("plugin_not_installed", coordinator.name, plugin=" / ".join(plugins))


def check_state(
    coordinator: OctoPrintCoordinator, command: str, forbidden: Collection[State]
) -> None:
    """Raise an error where the printer's state is known to forbid a command."""
    snapshot = coordinator.data
    if not coordinator.last_update_success:
        # Then only OctoPrint itself can tell, or that it does not answer.
        return
    if not snapshot.is_connected:
        raise printer_offline(coordinator, command)
    if snapshot.state in forbidden:
        raise printer_busy(coordinator, command)


async def async_check_again(
    coordinator: OctoPrintCoordinator, command: str, forbidden: Collection[State]
) -> None:
    """Raise an error where the printer's state has come to forbid what is left to be sent."""
    await async_look(coordinator)
    check_state(coordinator, command, forbidden)


async def async_check_free(coordinator: OctoPrintCoordinator, command: str) -> None:
    """Raise an error where a print or transfer runs now, whether connected or not."""
    await async_refresh_or_raise(coordinator)
    if coordinator.data.is_busy:
        raise printer_busy(coordinator, command)
