"""Helpers shared by the entities and the actions of OctoPrint Plus."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import isfinite

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from ..api import (
    OctoPrintAuthError,
    OctoPrintConflictError,
    OctoPrintConnectionError,
    OctoPrintError,
    OctoPrintNotFoundError,
    OctoPrintPermissionError,
)
from ..api.errors import OctoPrintUnfinishedError
from ..api.gcode import MAX_LINE, PlaceholderError, UnsafeLineError
from ..api.permissions import permission_name
from ..api.state import State, parse_state
from ..const import DOMAIN
from ..coordinator import OctoPrintCoordinator
from ..sync.errors import needs_reauth
from .everything import require_meant

# Seconds that what is urgent waits to be told what the printer does.
GLANCE = 2.0


def refusal(key: str, printer: str, **placeholders: str) -> ServiceValidationError:
    """Return the translated error for what a user asked and could ask otherwise."""
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"printer": printer, **placeholders},
    )


def busy_refusal(
    key: str, coordinator: OctoPrintCoordinator, **placeholders: str
) -> ServiceValidationError:
    """Return the translated error for a printer that has a print under way, or may have."""
    snapshot = coordinator.data
    if snapshot.state is State.OTHER:
        return refusal("state_unknown", coordinator.name, state=snapshot.job.state)
    return refusal(key, coordinator.name, **placeholders)


def require_number(value: float, coordinator: OctoPrintCoordinator, label: str) -> None:
    """Raise an error for a value that is no number, which Home Assistant lets pass."""
    if not isfinite(value):
        raise refusal("not_a_number", coordinator.name, entity=label, value=str(value))


def gcode_refusal(
    err: PlaceholderError | UnsafeLineError, printer: str
) -> ServiceValidationError:
    """Return the translated error for G-code that is not sent."""
    if isinstance(err, UnsafeLineError):
        return refusal(
            f"gcode_unsafe_{err.reason}",
            printer,
            line=err.line,
            length=str(len(err.line)),
            limit=str(MAX_LINE),
        )
    placeholders = {"parameter": err.name, "placeholder": err.placeholder}
    if err.value is None:
        return refusal("gcode_parameter_missing", printer, **placeholders)
    return refusal("gcode_parameter_invalid", printer, value=err.value, **placeholders)


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


async def async_select_tool(coordinator: OctoPrintCoordinator, tool: int) -> None:
    """Make a tool the active one, and note it, as no printer tells it back."""
    await coordinator.client.printer.select_tool(tool)
    coordinator.async_note_tool(tool)


async def async_look(coordinator: OctoPrintCoordinator) -> None:
    """Ask what the printer does at this very moment, and read all of it where that is news.

    What is pushed is up to some seconds old, what is polled half a minute, and a print may have
    begun since. So this stands right before whatever would harm one.

    Raises ServiceValidationError while filament is changed: the tool would be left hot, or out of
    reach. The change itself may look.
    """
    if coordinator.filament_task not in (None, asyncio.current_task()):
        raise refusal("filament_busy", coordinator.name)
    try:
        job = await coordinator.client.job.get()
    except OctoPrintError:
        # What is sent next fails for the same reason, and tells it.
        return
    if parse_state(job.state) is not coordinator.data.state:
        await coordinator.async_refresh()


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
        await _async_refresh(coordinator)
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


async def _async_refresh(coordinator: OctoPrintCoordinator) -> None:
    """Poll, or raise why that is not possible."""
    await coordinator.async_refresh()
    err = coordinator.last_exception
    if not coordinator.last_update_success and isinstance(err, HomeAssistantError):
        raise HomeAssistantError(
            translation_domain=err.translation_domain,
            translation_key=err.translation_key,
            translation_placeholders=err.translation_placeholders,
        ) from err
