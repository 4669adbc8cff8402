"""How a command is sent: checked before, its errors translated, its effect read afterwards."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, nullcontext

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from ..api import (
    BUSY_STATES,
    OctoPrintAuthError,
    OctoPrintConflictError,
    OctoPrintConnectionError,
    OctoPrintError,
    OctoPrintNotFoundError,
    OctoPrintPermissionError,
    OctoPrintUnfinishedError,
    Permission,
    PlaceholderError,
    State,
    UnsafeLineError,
    permission_name,
)
from ..const import DOMAIN
from ..coordinator import OctoPrintCoordinator
from ..sync.errors import needs_reauth
from .checks import async_check_permissions, async_look, check_state
from .everything import require_meant
from .refusals import gcode_refusal


@asynccontextmanager
async def octoprint_command(
    coordinator: OctoPrintCoordinator, command: str, *, is_urgent: bool = False
) -> AsyncIterator[None]:
    """Turn the errors of a command into translated ones, and read its effect afterwards.

    The command is named as people know it: an entity's name or an action. Before one that is
    urgent nothing is sent.
    """
    require_meant()
    placeholders = {"command": command, "printer": coordinator.name}
    # What is composed before it takes effect would be held back at the old pace.
    if not is_urgent:
        await coordinator.async_before_command()
    try:
        yield
    except OctoPrintAuthError as err:
        coordinator.config_entry.async_start_reauth(coordinator.hass)
        # The socket would go on talking, as if all were well.
        await coordinator.async_request_refresh()
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="command_invalid_auth",
            translation_placeholders=placeholders,
        ) from err
    except OctoPrintPermissionError as err:
        await coordinator.async_request_full_refresh()
        if err.permission is None:
            # Only the plugin knows which one it is.
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="command_not_permitted",
                translation_placeholders=placeholders,
            ) from err
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="command_missing_permission",
            translation_placeholders=placeholders
            | {"permission": permission_name(err.permission)},
        ) from err
    except OctoPrintConflictError as err:
        await coordinator.async_request_refresh()
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="command_conflict",
            translation_placeholders=placeholders | {"error": str(err)},
        ) from err
    except OctoPrintNotFoundError as err:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="command_not_found",
            translation_placeholders=placeholders,
        ) from err
    except (PlaceholderError, UnsafeLineError) as err:
        raise gcode_refusal(err, coordinator.name) from err
    except OctoPrintUnfinishedError as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="command_unfinished",
            translation_placeholders=placeholders | {"seconds": f"{err.seconds:.0f}"},
        ) from err
    except OctoPrintConnectionError as err:
        if needs_reauth(err):
            coordinator.config_entry.async_start_reauth(coordinator.hass)
            await coordinator.async_request_refresh()
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key=f"connection_{err.cause}",
            translation_placeholders={"printer": coordinator.name},
        ) from err
    except OctoPrintError as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="command_failed",
            translation_placeholders=placeholders | {"error": str(err)},
        ) from err
    await coordinator.async_after_command()


@asynccontextmanager
async def ending_with_entry(
    coordinator: OctoPrintCoordinator, command: str
) -> AsyncIterator[None]:
    """End what takes long, or many steps, when the printer is unloaded in Home Assistant.

    Raises HomeAssistantError then: what was disabled must not start a print any more.
    """
    ending = asyncio.timeout(None)
    try:
        if coordinator.is_unloaded:
            raise TimeoutError  # noqa: TRY301
        async with ending:
            coordinator.ending.add(ending)
            yield
    except TimeoutError as err:
        if not coordinator.is_unloaded:
            raise
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="command_interrupted",
            translation_placeholders={"command": command, "printer": coordinator.name},
        ) from err
    finally:
        coordinator.ending.discard(ending)


@asynccontextmanager
async def printer_command(
    coordinator: OctoPrintCoordinator,
    command: str,
    *permissions: Permission,
    forbidden: Collection[State] = (),
    ends_with_entry: bool = True,
) -> AsyncIterator[None]:
    """Check permissions and the printer's state, then turn what goes wrong into text.

    When the printer is unloaded it ends, unless it sees to that itself.

    OctoPrint has one answer for a busy printer and one that is off, and where
    several permissions are needed it does not say which is missing.
    """
    async with (
        ending_with_entry(coordinator, command) if ends_with_entry else nullcontext(),
        octoprint_command(coordinator, command),
    ):
        await async_check_permissions(coordinator, command, permissions)
        if forbidden:
            await async_look(coordinator)
        try:
            check_state(coordinator, command, forbidden)
        except ServiceValidationError:
            # What is known may be half a minute old.
            await coordinator.async_refresh()
            check_state(coordinator, command, forbidden)
        try:
            yield
        except OctoPrintConflictError:
            await coordinator.async_refresh()
            check_state(coordinator, command, BUSY_STATES)
            raise


@asynccontextmanager
async def server_command(
    coordinator: OctoPrintCoordinator, command: str, *permissions: Permission
) -> AsyncIterator[None]:
    """Check the permissions for what needs no printer, then turn errors into text."""
    async with (
        ending_with_entry(coordinator, command),
        octoprint_command(coordinator, command),
    ):
        await async_check_permissions(coordinator, command, permissions)
        yield
