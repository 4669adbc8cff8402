"""Actions that change the filament."""

import asyncio
from collections.abc import Collection

import voluptuous as vol

from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.helpers import config_validation as cv

from ..api import State
from ..api.permissions import Permission
from ..api.state import BUSY_STATES
from ..commands.exclusive import changing_filament
from ..commands.execute import (
    async_refresh_or_raise,
    async_select_tool,
    ending_with_entry,
    refusal,
)
from ..commands.filament import MIN_TEMPERATURE, FilamentChange, FilamentMove
from ..const import DOMAIN
from ..coordinator import OctoPrintCoordinator
from ..model.heated import Observation, observe
from ..model.heaters import extruder_count
from .printer import ATTR_SPEED, ATTR_TIMEOUT, ATTR_TOOL, MAX_EXTRUSION, SPEED
from .target import (
    MOVING_STATES,
    TARGET_SCHEMA,
    async_get_coordinator,
    printer_action,
    printer_busy,
)

ATTR_LENGTH = "length"
ATTR_TEMPERATURE = "temperature"

# Seconds in which a printer answers M105.
REPORT_TIME = 1.5

FILAMENT_SCHEMA = TARGET_SCHEMA.extend(
    {
        vol.Required(ATTR_LENGTH): vol.All(
            vol.Coerce(float), vol.Range(min=1, max=MAX_EXTRUSION)
        ),
        vol.Optional(ATTR_TEMPERATURE): vol.All(
            vol.Coerce(float), vol.Range(min=0, max=1000)
        ),
        vol.Optional(ATTR_TOOL): cv.positive_int,
        vol.Optional(ATTR_SPEED, default=300): SPEED,
        vol.Optional(ATTR_TIMEOUT, default=600): vol.All(
            vol.Coerce(float), vol.Range(min=1, max=3600)
        ),
    }
)


@callback
def async_setup_filament_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    hass.services.async_register(DOMAIN, "load_filament", _async_load, FILAMENT_SCHEMA)
    hass.services.async_register(
        DOMAIN, "unload_filament", _async_unload, FILAMENT_SCHEMA
    )


async def _async_load(call: ServiceCall) -> None:
    """Heat a tool and push filament in."""
    await _async_change(call, 1)


async def _async_unload(call: ServiceCall) -> None:
    """Heat a tool and pull filament out."""
    await _async_change(call, -1)


async def _async_change(call: ServiceCall, sign: int) -> None:
    coordinator = await async_get_coordinator(call)
    entry = coordinator.config_entry
    # OctoPrint 2 moves nothing during a pause, so nothing is heated for it either.
    is_new = coordinator.data.server.server.is_at_least(2, 0)
    forbidden = BUSY_STATES if is_new else MOVING_STATES
    with changing_filament(coordinator):
        await async_refresh_or_raise(coordinator)
        async with printer_action(
            call,
            coordinator,
            Permission.CONTROL,
            forbidden=forbidden,
            ends_with_entry=False,
        ):
            async with ending_with_entry(coordinator, call.service):
                change = await _async_prepare(call, coordinator, sign, forbidden)
            if coordinator.is_unloaded:
                # Nobody would end it, nor put right what it heats.
                raise change.error("filament_interrupted")
            # It ends with the entry, or with Home Assistant, and cleans up then.
            task = entry.async_create_background_task(
                coordinator.hass, change.async_run(), f"{DOMAIN} {call.service}"
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
    call: ServiceCall,
    coordinator: OctoPrintCoordinator,
    sign: int,
    forbidden: Collection[State],
) -> FilamentChange:
    """Check what is asked, and make the tool the active one."""
    tool, count = _tool(call, coordinator)
    profile = coordinator.data.profile
    is_shared = profile is not None and profile.shared_nozzle
    heater = "tool0" if is_shared else f"tool{tool}"
    temperature = call.data.get(ATTR_TEMPERATURE)
    if temperature is None:
        temperature = coordinator.data.memory.last_targets.get(heater)
    if temperature is None:
        raise refusal("filament_no_temperature", coordinator.name)
    limit = coordinator.max_temp(heater)
    placeholders = {"temperature": f"{temperature:g}"}
    if temperature < MIN_TEMPERATURE:
        raise refusal(
            "filament_too_cold",
            coordinator.name,
            **placeholders,
            min=f"{MIN_TEMPERATURE:g}",
        )
    if temperature > limit:
        raise refusal(
            "filament_too_hot", coordinator.name, **placeholders, max=f"{limit:g}"
        )
    if heater not in coordinator.data.heaters:
        raise refusal("filament_no_heater", coordinator.name)
    if count > 1:
        await _async_observe(call, coordinator, heater, forbidden)
        await async_select_tool(coordinator, tool)
    # Printers tell their targets every few seconds only, and one that was switched off
    # a moment ago would be heated again in the end.
    await coordinator.client.printer.send_gcode(["M105"])
    await asyncio.sleep(REPORT_TIME)
    await coordinator.async_refresh()
    before = await _async_observe(call, coordinator, heater, forbidden)
    speed = call.data[ATTR_SPEED]
    axis = profile.axes.get("e") if profile else None
    if axis and axis.speed:
        # OctoPrint extrudes no quicker.
        speed = min(speed, axis.speed)
    return FilamentChange(
        coordinator,
        FilamentMove(
            heater=heater,
            temperature=temperature,
            length=sign * call.data[ATTR_LENGTH],
            speed=speed,
            timeout=call.data[ATTR_TIMEOUT],
        ),
        before,
    )


async def _async_observe(
    call: ServiceCall,
    coordinator: OctoPrintCoordinator,
    heater: str,
    forbidden: Collection[State],
) -> Observation:
    """Return what the printer does now, or raise the error for what forbids the change."""
    now = await observe(coordinator.client, heater)
    if now.state in forbidden:
        raise printer_busy(call, coordinator)
    return now


def _tool(call: ServiceCall, coordinator: OctoPrintCoordinator) -> tuple[int, int]:
    """Return the tool, and how many there are."""
    tool: int | None = call.data.get(ATTR_TOOL)
    snapshot = coordinator.data
    count = extruder_count(snapshot)
    if tool is None and count > 1:
        raise refusal("tool_required", coordinator.name)
    tool = tool or 0
    if tool >= count:
        raise refusal(
            "tool_unknown", coordinator.name, tool=str(tool), last_tool=str(count - 1)
        )
    if count > 1 and snapshot.state is State.PAUSED:
        # The print would go on with that tool.
        raise refusal("tool_paused", coordinator.name)
    return tool, count
