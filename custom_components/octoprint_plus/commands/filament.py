"""Changing the filament of a tool: what has to be right before, and doing it."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass

from ..api import BUSY_STATES, Permission, State
from ..const import DOMAIN
from ..coordinator import OctoPrintCoordinator
from ..model.heated import Observation
from ..model.heaters import extruder_count
from .checks import MOVING_STATES, async_refresh_or_raise
from .exclusive import changing_filament
from .execute import ending_with_entry, printer_command
from .filament_change import MIN_TEMPERATURE, FilamentChange, FilamentMove
from .move import async_activate_tool, tool_unknown
from .observe import observe
from .refusals import printer_busy, refusal, require_number

# Seconds in which a printer answers M105.
REPORT_TIME = 1.5


@dataclass(frozen=True, kw_only=True, slots=True)
class FilamentOrder:
    """What is asked for."""

    length: float
    """Millimeters."""

    speed: float
    """Millimeters per minute; no quicker than the printer's profile allows."""

    timeout: float
    """Seconds to wait for the temperature."""

    temperature: float | None = None
    """Degrees Celsius, None for what the tool was set to last."""

    tool: int | None = None
    """None for the only one."""


async def async_load_filament(
    coordinator: OctoPrintCoordinator, order: FilamentOrder
) -> None:
    """Heat a tool, push filament in, and restore the tool's earlier target."""
    await _async_change(coordinator, "load_filament", order, 1)


async def async_unload_filament(
    coordinator: OctoPrintCoordinator, order: FilamentOrder
) -> None:
    """Heat a tool, pull filament out, and restore the tool's earlier target."""
    await _async_change(coordinator, "unload_filament", order, -1)


async def _async_change(
    coordinator: OctoPrintCoordinator, command: str, order: FilamentOrder, sign: int
) -> None:
    for label in ("length", "speed", "timeout", "temperature"):
        if (value := getattr(order, label)) is not None:
            require_number(value, coordinator, label)
    # OctoPrint 2 moves nothing during a pause, so nothing is heated for it either.
    is_new = coordinator.data.server.server.is_at_least(2, 0)
    forbidden = BUSY_STATES if is_new else MOVING_STATES
    with changing_filament(coordinator):
        await async_refresh_or_raise(coordinator)
        async with printer_command(
            coordinator,
            command,
            Permission.CONTROL,
            forbidden=forbidden,
            ends_with_entry=False,
        ):
            async with ending_with_entry(coordinator, command):
                change = await _async_prepare(
                    coordinator, command, order, sign, forbidden
                )
            if coordinator.is_unloaded:
                # Nobody would end it, nor put right what it heats.
                raise change.error("filament_interrupted")
            # It ends with the entry, or with Home Assistant, and cleans up then.
            task = coordinator.config_entry.async_create_background_task(
                coordinator.hass, change.async_run(), f"{DOMAIN} {command}"
            )
            await _async_wait(task, change)


async def _async_wait(task: asyncio.Task[None], change: FilamentChange) -> None:
    """Wait for the end, and tell where it was ended by somebody else."""
    try:
        await task
    except asyncio.CancelledError:
        current = asyncio.current_task()
        if current is not None and current.cancelling():
            raise
        raise change.error("filament_interrupted") from None


async def _async_prepare(
    coordinator: OctoPrintCoordinator,
    command: str,
    order: FilamentOrder,
    sign: int,
    forbidden: Collection[State],
) -> FilamentChange:
    """Check what is asked, and make the tool the active one."""
    tool, count = _tool(coordinator, order.tool)
    profile = coordinator.data.profile
    is_shared = profile is not None and profile.shared_nozzle
    heater = "tool0" if is_shared else f"tool{tool}"
    temperature = _temperature(coordinator, heater, order.temperature)
    if heater not in coordinator.data.heaters:
        raise refusal("filament_no_heater", coordinator.name)
    if count > 1:
        await _async_observe(coordinator, command, heater, forbidden)
        await async_activate_tool(coordinator, tool)
    # Printers tell their targets every few seconds only, and one that was switched off
    # a moment ago would be heated again in the end.
    await coordinator.client.printer.send_gcode(["M105"])
    await asyncio.sleep(REPORT_TIME)
    await coordinator.async_refresh()
    before = await _async_observe(coordinator, command, heater, forbidden)
    speed = order.speed
    axis = profile.axes.get("e") if profile else None
    if axis and axis.speed:
        # OctoPrint extrudes no quicker.
        speed = min(speed, axis.speed)
    return FilamentChange(
        coordinator,
        FilamentMove(
            heater=heater,
            temperature=temperature,
            length=sign * order.length,
            speed=speed,
            timeout=order.timeout,
        ),
        before,
    )


async def _async_observe(
    coordinator: OctoPrintCoordinator,
    command: str,
    heater: str,
    forbidden: Collection[State],
) -> Observation:
    """Return what the printer does now, or raise the error for what forbids the change."""
    now = await observe(coordinator.client, heater)
    if now.state in forbidden:
        raise printer_busy(coordinator, command)
    return now


def _temperature(
    coordinator: OctoPrintCoordinator, heater: str, temperature: float | None
) -> float:
    """Return the temperature to heat to, or raise why it cannot be that one."""
    name, limit = coordinator.name, coordinator.max_temp(heater)
    if temperature is None:
        temperature = coordinator.data.memory.last_targets.get(heater)
    if temperature is None:
        raise refusal("filament_no_temperature", name)
    placeholders = {"temperature": f"{temperature:g}"}
    if temperature < MIN_TEMPERATURE:
        raise refusal(
            "filament_too_cold", name, **placeholders, min=f"{MIN_TEMPERATURE:g}"
        )
    if temperature > limit:
        raise refusal("filament_too_hot", name, **placeholders, max=f"{limit:g}")
    return temperature


def _tool(coordinator: OctoPrintCoordinator, tool: int | None) -> tuple[int, int]:
    """Return the tool, and how many there are."""
    snapshot = coordinator.data
    count = extruder_count(snapshot)
    if tool is None and count > 1:
        raise refusal("tool_required", coordinator.name)
    tool = tool or 0
    if not 0 <= tool < count:
        raise tool_unknown(coordinator, tool, count)
    if count > 1 and snapshot.state is State.PAUSED:
        # The print would go on with that tool.
        raise refusal("tool_paused", coordinator.name)
    return tool, count
