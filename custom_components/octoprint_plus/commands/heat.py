"""Setting heaters: their targets, and what is added to these."""

from ..coordinator import OctoPrintCoordinator
from .execute import octoprint_command
from .refusals import require_number


async def async_set_target(
    coordinator: OctoPrintCoordinator, heater: str, target: float, label: str
) -> None:
    """Set a target in degrees Celsius, 0 for off (POST /api/printer/tool, bed or chamber).

    The label is what people call the heater, for errors.
    """
    require_number(target, coordinator, label)
    async with octoprint_command(coordinator, label):
        await coordinator.client.printer.set_target(heater, target)


async def async_set_offset(
    coordinator: OctoPrintCoordinator, heater: str, offset: float, label: str
) -> None:
    """Set what is added to a heater's targets of files, in degrees Celsius."""
    require_number(offset, coordinator, label)
    async with octoprint_command(coordinator, label):
        await coordinator.client.printer.set_offset(heater, offset)
