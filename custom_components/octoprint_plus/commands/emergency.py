"""The emergency stop, and what is done beside it where it is not answered."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from homeassistant.exceptions import HomeAssistantError

from ..api import (
    ConnectionCause,
    OctoPrintAuthError,
    OctoPrintClient,
    OctoPrintConflictError,
    OctoPrintConnectionError,
    OctoPrintError,
    OctoPrintPermissionError,
)
from ..const import DOMAIN
from ..coordinator import OctoPrintCoordinator
from ..model.heaters import known_heaters
from .execute import octoprint_command
from .refusals import failure, refusal

EMERGENCY_STOP = "M112"

# Seconds without an answer after which other ways to stop the printer are tried beside it.
PATIENCE = 3

# Seconds after which whoever asked is told that nothing has answered, and to cut the power.
DEADLINE = 8


async def async_emergency_stop(coordinator: OctoPrintCoordinator) -> None:
    """Halt the printer at once, else cancel the print and switch the heaters off.

    Nothing is read, checked or waited for before. Raises an error that tells people to cut the
    power where the printer is not known to be halted.
    """
    loop = coordinator.hass.loop
    told_at = loop.time() + DEADLINE
    halt = _start(coordinator, _halt(coordinator.client), "halt")
    await asyncio.wait([halt], timeout=PATIENCE)
    if _has_succeeded(halt):
        await coordinator.async_after_command()
        return
    instead = _start_instead(coordinator)
    pending: set[asyncio.Task[Any]] = {halt, *instead.values()}
    while pending and (seconds := told_at - loop.time()) > 0:
        if pending == {halt} and any(map(_has_succeeded, instead.values())):
            # What there is to tell is told now.
            break
        _, pending = await asyncio.wait(
            pending, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
        )
        if _has_succeeded(halt):
            # Late, but halted.
            for task in pending:
                task.cancel()
            await coordinator.async_after_command()
            return
    await coordinator.async_request_refresh()
    raise _error(coordinator, halt, instead)


async def _halt(client: OctoPrintClient) -> None:
    """Send M112, a second time where the connection broke: twice does no harm.

    A server may close a connection that is kept in the very moment in which it is used again.
    """
    try:
        await client.printer.send_gcode([EMERGENCY_STOP])
    except OctoPrintConnectionError as err:
        if err.cause is not ConnectionCause.BROKEN:
            raise
        await client.printer.send_gcode([EMERGENCY_STOP])


def _start[T](
    coordinator: OctoPrintCoordinator, command: Coroutine[Any, Any, T], name: str
) -> asyncio.Task[T | OctoPrintError]:
    """Send a command that goes on also where whoever asked for it does not wait."""

    async def send() -> T | OctoPrintError:
        try:
            return await command
        except OctoPrintError as err:
            return err

    return coordinator.hass.async_create_background_task(
        send(), f"{DOMAIN} {name} {coordinator.name}"
    )


def _start_instead(
    coordinator: OctoPrintCoordinator,
) -> dict[str, asyncio.Task[OctoPrintError | None]]:
    """Send all else that stops something, by what people are told it is."""
    client = coordinator.client
    commands = {"cancel": client.job.cancel()} | {
        heater.name: client.printer.set_target(heater.name, 0)
        for heater in known_heaters(coordinator.data)
    }
    return {
        name: _start(coordinator, command, name) for name, command in commands.items()
    }


def _has_succeeded(task: asyncio.Task[Any]) -> bool:
    return task.done() and not isinstance(task.result(), OctoPrintError)


def _error(
    coordinator: OctoPrintCoordinator,
    halt: asyncio.Task[Any],
    instead: dict[str, asyncio.Task[OctoPrintError | None]],
) -> HomeAssistantError:
    """Return what is told where the printer is not known to be halted: to cut its power."""
    err = halt.result() if halt.done() else None
    if not isinstance(err, OctoPrintError):
        err = OctoPrintConnectionError("No answer yet", ConnectionCause.TIMEOUT)
    if isinstance(err, OctoPrintAuthError):
        coordinator.config_entry.async_start_reauth(coordinator.hass)
    elif isinstance(err, OctoPrintPermissionError):
        # Its buttons go with the permission.
        coordinator.async_expire()
    done = [name for name, task in instead.items() if _has_succeeded(task)]
    if not done and isinstance(err, OctoPrintConflictError):
        error: HomeAssistantError = refusal("emergency_offline", coordinator.name)
    elif done:
        error = failure(
            "emergency_instead",
            coordinator,
            done=", ".join(done),
            error=str(err),
            failed=", ".join(name for name in instead if name not in done) or "-",
        )
    else:
        error = failure("emergency_failed", coordinator, error=str(err))
    error.__cause__ = err
    return error


async def async_quick_stop(coordinator: OctoPrintCoordinator, label: str) -> None:
    """Let the printer drop all moves that it has planned (M410), without reading anything before."""
    async with octoprint_command(coordinator, label, is_urgent=True):
        await coordinator.client.printer.send_gcode(["M410"])
