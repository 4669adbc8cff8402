"""How a command is sent: checked before, its errors translated, its effect read afterwards."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, nullcontext

from homeassistant.exceptions import ServiceValidationError

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
from ..coordinator import OctoPrintCoordinator
from ..sync.errors import needs_reauth
from .checks import async_check_permissions, async_look, async_poll, check_state
from .everything import require_meant
from .refusals import failure, gcode_refusal, refusal


@asynccontextmanager
async def octoprint_command(
    coordinator: OctoPrintCoordinator, command: str, *, is_urgent: bool = False
) -> AsyncIterator[None]:
    """Turn the errors of a command into translated ones, and read its effect afterwards.

    The command is named as people know it: an entity's name or an action. Before one that is
    urgent nothing is sent.
    """
    require_meant()
    name = coordinator.name
    # What is composed before it takes effect would be held back at the old pace.
    if not is_urgent:
        await coordinator.async_before_command()
    try:
        yield
    except OctoPrintAuthError as err:
        coordinator.config_entry.async_start_reauth(coordinator.hass)
        # The socket would go on talking, as if all were well.
        await coordinator.async_request_refresh()
        raise failure("command_invalid_auth", coordinator, command=command) from err
    except OctoPrintPermissionError as err:
        await coordinator.async_request_full_refresh()
        if err.permission is None:
            # Only the plugin knows which one it is.
            raise refusal("command_not_permitted", name, command=command) from err
        raise refusal(
            "command_missing_permission",
            name,
            command=command,
            permission=permission_name(err.permission),
        ) from err
    except OctoPrintConflictError as err:
        await coordinator.async_request_refresh()
        raise refusal(
            "command_conflict", name, command=command, error=str(err)
        ) from err
    except OctoPrintNotFoundError as err:
        raise refusal("command_not_found", name, command=command) from err
    except (PlaceholderError, UnsafeLineError) as err:
        raise gcode_refusal(err, name) from err
    except OctoPrintUnfinishedError as err:
        raise failure(
            "command_unfinished",
            coordinator,
            command=command,
            seconds=f"{err.seconds:.0f}",
        ) from err
    except OctoPrintConnectionError as err:
        if needs_reauth(err):
            coordinator.config_entry.async_start_reauth(coordinator.hass)
            await coordinator.async_request_refresh()
        raise failure(f"connection_{err.cause}", coordinator) from err
    except OctoPrintError as err:
        raise failure(
            "command_failed", coordinator, command=command, error=str(err)
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
        raise failure("command_interrupted", coordinator, command=command) from err
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
            await async_poll(coordinator)
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
