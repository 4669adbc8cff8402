"""What a firmware does on a line of G-code: rates, the fan, the display, leveling by a mesh."""

from ..api import Permission, display_command
from ..coordinator import OctoPrintCoordinator
from ..model.snapshot import Snapshot
from .execute import printer_command
from .press import async_press, can_press, gcode_press
from .refusals import require_number

# A firmware counts the speed in steps up to this.
FULL_SPEED = 255

MESH_ON = gcode_press("M420 S1")
MESH_OFF = gcode_press("M420 S0")


def _is_connected(snapshot: Snapshot) -> bool:
    return snapshot.is_connected


async def async_set_feed_rate(
    coordinator: OctoPrintCoordinator, percent: float, label: str
) -> None:
    """Set the feed rate in percent (POST /api/printer/printhead)."""
    require_number(percent, coordinator, label)
    async with printer_command(coordinator, label, Permission.CONTROL):
        await coordinator.client.printer.set_feed_rate(percent)


async def async_set_flow_rate(
    coordinator: OctoPrintCoordinator, percent: float, label: str
) -> None:
    """Set the flow rate in percent (POST /api/printer/tool)."""
    require_number(percent, coordinator, label)
    async with printer_command(coordinator, label, Permission.CONTROL):
        await coordinator.client.printer.set_flow_rate(percent)


async def async_set_fan(
    coordinator: OctoPrintCoordinator, percent: int, label: str
) -> None:
    """Set the speed of the part cooling fan in percent, 0 for off."""
    require_number(percent, coordinator, label)
    speed = round(FULL_SPEED * min(max(percent, 0), 100) / 100)
    await _async_send(coordinator, f"M106 S{speed}" if speed else "M107", label)


async def async_show_message(
    coordinator: OctoPrintCoordinator, message: str, label: str
) -> None:
    """Show a message on the printer's display, or clear it with an empty one."""
    await _async_send(coordinator, display_command(message), label)


async def _async_send(coordinator: OctoPrintCoordinator, line: str, label: str) -> None:
    press = gcode_press(line, is_possible=_is_connected)
    await async_press(coordinator, press, label, context=None)


def can_set_mesh_leveling(coordinator: OctoPrintCoordinator) -> bool:
    """Return whether nothing is printed: the height would jump in the middle of it."""
    return can_press(coordinator, MESH_ON)


async def async_set_mesh_leveling(
    coordinator: OctoPrintCoordinator, label: str, *, is_on: bool
) -> None:
    """Let the firmware level by the mesh that it has, or ignore it."""
    press = MESH_ON if is_on else MESH_OFF
    await async_press(coordinator, press, label, context=None)
