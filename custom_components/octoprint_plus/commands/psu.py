"""The printer's power supply, and when it is not cut just like that."""

from collections.abc import Mapping
from functools import partial

from homeassistant.core import Context

from ..api import (
    BUSY_STATES,
    Heater,
    OctoPrintConflictError,
    Permission,
    PluginTold,
    State,
    allowed_heaters,
    is_tool,
    parse_state,
    psu_control,
)
from ..coordinator import OctoPrintCoordinator
from ..model.last_seen import HOT, is_cool
from .checks import async_refresh_or_raise, require_plugin
from .execute import octoprint_command, server_command
from .refusals import failure, refusal
from .rights import async_check_admin

COMMAND = "turn_off_psu"

# Seconds in which everything has cooled that is switched off: a hotend takes some 15 minutes,
# a thick bed in an enclosure the better part of an hour.
COOLED_AFTER = 60 * 60


async def async_cut_power(
    coordinator: OctoPrintCoordinator, *, force: bool, context: Context | None
) -> None:
    """Cut the printer's power; by force also where a print or the nozzle may be lost."""
    if force:
        await async_check_admin(coordinator, context, COMMAND)
    require_plugin(coordinator, COMMAND, psu_control.PLUGIN)
    async with server_command(
        coordinator, COMMAND, Permission.PLUGIN_PSUCONTROL_CONTROL
    ):
        await async_turn_off_psu(coordinator, COMMAND, force=force)


async def async_turn_off_psu(
    coordinator: OctoPrintCoordinator, command: str, *, force: bool = False
) -> None:
    """Cut the printer's power, unless that would cost a print or a nozzle."""
    await async_refresh_or_raise(coordinator)
    async with octoprint_command(coordinator, command):
        state = await coordinator.client.plugins.psu_control.turn_off(
            None if force else partial(async_check_power_off, coordinator)
        )
        coordinator.async_receive(PluginTold(message=state))
        if state.is_on:
            raise failure("psu_still_on", coordinator)


async def async_check_power_off(coordinator: OctoPrintCoordinator) -> None:
    """Raise ServiceValidationError unless the printer is known to be idle and cool.

    The server is read anew: what is known may be some seconds old, in which a print may begin.
    """
    snapshot = coordinator.data
    _check_idle(snapshot.state, coordinator)
    _check_heaters(snapshot.heaters, coordinator)
    client = coordinator.client
    try:
        printer = await client.printer.get()
    except OctoPrintConflictError:
        # It is not connected.
        printer = None
    job = await client.job.get()
    _check_idle(parse_state(job.state, printer.flags if printer else None), coordinator)
    if printer is None:
        _check_last_seen(coordinator)
        return
    heaters = allowed_heaters(printer.heaters, snapshot.profile)
    _check_heaters(heaters, coordinator)
    known = {name for name, each in heaters.items() if each.actual is not None}
    if known != heaters.keys() or not any(map(is_tool, known)):
        raise refusal("psu_off_temperature_unknown", coordinator.name)


def _check_idle(state: State, coordinator: OctoPrintCoordinator) -> None:
    """Raise an error where a print is under way, or may be."""
    if state is State.OTHER:
        raise refusal("psu_off_state_unknown", coordinator.name)
    if state in BUSY_STATES:
        raise refusal("psu_off_while_busy", coordinator.name)


def _check_heaters(
    heaters: Mapping[str, Heater], coordinator: OctoPrintCoordinator
) -> None:
    """Raise an error where one is known to be hot."""
    for name, heater in heaters.items():
        if heater.actual is not None and heater.actual >= HOT:
            raise refusal(
                "psu_off_while_hot",
                coordinator.name,
                heater=name,
                limit=str(HOT),
                temperature=f"{heater.actual:.0f}",
            )


def _check_last_seen(coordinator: OctoPrintCoordinator) -> None:
    """Raise an error unless a printer that is not connected must have cooled by now.

    The firmware goes on to heat what was switched on when the connection ended.
    """
    if (seen := coordinator.store.last_seen) is None:
        raise refusal("psu_off_temperature_unknown", coordinator.name)
    seconds = seen.seconds
    for name, heater in seen.heaters.items():
        if heater.target or not (is_cool(heater) or seconds >= COOLED_AFTER):
            raise refusal(
                "psu_off_last_hot",
                coordinator.name,
                heater=name,
                minutes=f"{seconds / 60:.0f}",
                target=f"{heater.target or 0:.0f}",
                temperature="-" if heater.actual is None else f"{heater.actual:.0f}",
            )


async def async_turn_on_psu(coordinator: OctoPrintCoordinator, command: str) -> None:
    """Give the printer its power."""
    async with octoprint_command(coordinator, command):
        state = await coordinator.client.plugins.psu_control.turn_on()
        coordinator.async_receive(PluginTold(message=state))
        if not state.is_on:
            # The plugin itself tells nobody that it failed.
            raise failure("psu_still_off", coordinator)
