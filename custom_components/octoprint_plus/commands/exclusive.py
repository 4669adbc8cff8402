"""What must not run at the same time on one printer: a change of filament, and a print that starts."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, HomeAssistant, callback

from ..coordinator import OctoPrintConfigEntry, OctoPrintCoordinator
from .refusals import refusal

# Seconds for switching off what was heated, before Home Assistant stops without.
COOLING = 15


@contextmanager
def starting_print(coordinator: OctoPrintCoordinator, command: str) -> Iterator[None]:
    """Keep filament changes away while something that starts a print is sent.

    Raises ServiceValidationError while a filament change runs: it would set the
    temperature of the print's nozzle.
    """
    if coordinator.filament_task is not None:
        raise refusal("print_during_filament", coordinator.name, command=command)
    coordinator.starting_prints += 1
    try:
        yield
    finally:
        coordinator.starting_prints -= 1


@contextmanager
def changing_filament(coordinator: OctoPrintCoordinator) -> Iterator[None]:
    """Keep prints from being started while filament is changed.

    Raises ServiceValidationError while another change runs, or while a print is about
    to start.
    """
    if coordinator.filament_task is not None:
        raise refusal("filament_busy", coordinator.name)
    if coordinator.starting_prints:
        raise refusal("filament_before_print", coordinator.name)
    coordinator.filament_task = asyncio.current_task()
    try:
        yield
    finally:
        coordinator.filament_task = None


@callback
def async_watch_stop(hass: HomeAssistant, entry: OctoPrintConfigEntry) -> None:
    """End a filament change when Home Assistant stops, while the tool can still be cooled."""
    coordinator = entry.runtime_data

    async def end(_: Event) -> None:
        if (task := coordinator.filament_task) is not None:
            task.cancel()
            # Home Assistant waits for this, and closes its connections afterwards.
            await asyncio.wait([task], timeout=COOLING)

    entry.async_on_unload(hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, end))
