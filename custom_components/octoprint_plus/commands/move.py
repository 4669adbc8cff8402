"""Moving what can be moved: the head, and filament; and which tool is the active one."""

from collections.abc import Collection, Mapping

from ..api import BUSY_STATES, Permission, State
from ..coordinator import OctoPrintCoordinator
from ..model.heaters import extruder_count
from .checks import MOVING_STATES, async_check_again
from .execute import printer_command
from .reach import check_reach
from .refusals import refusal, require_number

AXES = ("x", "y", "z")


async def async_jog(
    coordinator: OctoPrintCoordinator,
    axes: Mapping[str, float],
    *,
    absolute: bool = False,
    speed: float | None = None,
) -> None:
    """Move the print head (POST /api/printer/printhead).

    Axes are in millimeters, by x, y and z, and the speed in millimeters per minute.
    """
    if not axes:
        raise refusal("axis_missing", coordinator.name)
    axes = {axis: _distance(coordinator, axes[axis], axis) for axis in axes}
    async with printer_command(
        coordinator, "jog", Permission.CONTROL, forbidden=MOVING_STATES
    ):
        if profile := coordinator.data.profile:
            check_reach(
                profile.volume, axes, absolute=absolute, printer=coordinator.name
            )
        await coordinator.client.printer.jog(axes, absolute=absolute, speed=speed)


async def async_home(
    coordinator: OctoPrintCoordinator, axes: Collection[str] = AXES
) -> None:
    """Home axes (POST /api/printer/printhead)."""
    async with printer_command(
        coordinator, "home", Permission.CONTROL, forbidden=MOVING_STATES
    ):
        if "z" in axes and coordinator.data.state is State.PAUSED:
            # OctoPrint 1 would do it, down into what is being printed.
            raise refusal("home_z_paused", coordinator.name)
        await coordinator.client.printer.home([axis for axis in AXES if axis in axes])


async def async_extrude(
    coordinator: OctoPrintCoordinator,
    amount: float,
    *,
    speed: float | None = None,
    tool: int | None = None,
) -> None:
    """Extrude or, with a negative amount, retract filament (POST /api/printer/tool).

    The amount is in millimeters, the speed in millimeters per minute. Without a tool it is
    the active one's.
    """
    amount = _distance(coordinator, amount, "amount")
    if amount == 0:
        raise refusal("amount_zero", coordinator.name)
    command = "extrude"
    async with printer_command(
        coordinator, command, Permission.CONTROL, forbidden=MOVING_STATES
    ):
        tool = _tool_to_select(coordinator, tool)
        if tool is not None:
            if coordinator.data.state is State.PAUSED:
                # The print would go on with that tool.
                raise refusal("tool_paused", coordinator.name)
            await async_activate_tool(coordinator, tool)
            # A print may have begun since.
            await async_check_again(coordinator, command, BUSY_STATES)
        await coordinator.client.printer.extrude(amount, speed)


async def async_select_tool(
    coordinator: OctoPrintCoordinator, tool: int, *, label: str = "select_tool"
) -> None:
    """Make a tool the active one, unless a print goes on with it (POST /api/printer/tool).

    The label is what people call the command, for errors.
    """
    async with printer_command(
        coordinator, label, Permission.CONTROL, forbidden=BUSY_STATES
    ):
        if _tool_to_select(coordinator, tool) is not None:
            await async_activate_tool(coordinator, tool)


async def async_activate_tool(coordinator: OctoPrintCoordinator, tool: int) -> None:
    """Make a tool the active one within a command, and note it: no printer tells it back."""
    await coordinator.client.printer.select_tool(tool)
    coordinator.async_note_tool(tool)


def _distance(coordinator: OctoPrintCoordinator, value: float, label: str) -> float:
    """Cut what no printer can move, which OctoPrint would write with an exponent.

    A firmware reads `X1e-05` as `X1`.
    """
    require_number(value, coordinator, label)
    return round(value, 4)


def _tool_to_select(coordinator: OctoPrintCoordinator, tool: int | None) -> int | None:
    """Return the tool that has to be made the active one first, if any."""
    if tool is None:
        return None
    count = extruder_count(coordinator.data)
    if not 0 <= tool < count:
        # OctoPrint would accept it, and the only hotend would do it.
        raise tool_unknown(coordinator, tool, count)
    # The only tool is the active one; some firmwares load filament on a `T0`.
    return tool if count > 1 else None


def tool_unknown(coordinator: OctoPrintCoordinator, tool: int, count: int) -> Exception:
    """Return the error for a tool that a printer with so many of them does not have."""
    return refusal(
        "tool_unknown", coordinator.name, tool=str(tool), last_tool=str(count - 1)
    )
