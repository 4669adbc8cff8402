"""What must not run at the same time on one printer: a change of filament, and a print that starts."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from .coordinator import OctoPrintCoordinator
from .helpers import refusal


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
