"""Actions of the family printer: G-code, and moving what can be moved."""

from typing import Any

import voluptuous as vol

from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_register_admin_service

from ..api import State
from ..api.permissions import Permission
from ..api.state import BUSY_STATES
from ..commands.execute import async_select_tool, refusal
from ..const import DOMAIN
from ..coordinator import OctoPrintCoordinator
from ..model.heaters import extruder_count
from .answers import async_ask, async_send
from .gcode import read_gcode
from .reach import check_reach
from .target import (
    MOVING_STATES,
    TARGET_SCHEMA,
    async_check_again,
    async_get_coordinator,
    printer_action,
)

ATTR_ABSOLUTE = "absolute"
ATTR_AMOUNT = "amount"
ATTR_AXES = "axes"
ATTR_COMMANDS = "commands"
ATTR_PARAMETERS = "parameters"
ATTR_SPEED = "speed"
ATTR_TIMEOUT = "timeout"
ATTR_TOOL = "tool"

AXES = ("x", "y", "z")

MAX_DISTANCE = 10_000
MAX_EXTRUSION = 1_000
MAX_SPEED = 60_000


def _length(value: float) -> float:
    """Cut what no printer can move, which OctoPrint would write with an exponent.

    A firmware reads `X1e-05` as `X1`.
    """
    return round(value, 4)


def _single_line(value: Any) -> str:
    """Validate a text of one line: what follows would be a command of its own."""
    if not isinstance(value, str):
        raise vol.Invalid("value is neither a text nor a number")
    if len(value.splitlines()) > 1:
        raise vol.Invalid("value has more than one line")
    return value.strip()


NUMBER = vol.All(vol.Any(int, float), vol.Range(min=-1e9, max=1e9))

PARAMETERS = {cv.string: vol.Any(NUMBER, _single_line)}

DISTANCE = vol.All(
    vol.Coerce(float), vol.Range(min=-MAX_DISTANCE, max=MAX_DISTANCE), _length
)

SPEED = vol.All(vol.Coerce(float), vol.Range(min=1, max=MAX_SPEED))

SEND_GCODE_SCHEMA = TARGET_SCHEMA.extend(
    {
        vol.Required(ATTR_COMMANDS): vol.All(cv.ensure_list, [cv.string]),
        vol.Optional(ATTR_PARAMETERS, default={}): PARAMETERS,
        vol.Optional(ATTR_TIMEOUT, default=30): vol.All(
            vol.Coerce(float), vol.Range(min=1, max=3600)
        ),
    }
)

JOG_SCHEMA = TARGET_SCHEMA.extend(
    {
        **{vol.Optional(axis): DISTANCE for axis in AXES},
        vol.Optional(ATTR_ABSOLUTE, default=False): cv.boolean,
        vol.Optional(ATTR_SPEED): SPEED,
    }
)

HOME_SCHEMA = TARGET_SCHEMA.extend(
    {
        vol.Optional(ATTR_AXES, default=list(AXES)): vol.All(
            cv.ensure_list_csv, [vol.All(vol.Lower, vol.In(AXES))], vol.Length(min=1)
        )
    }
)

EXTRUDE_SCHEMA = TARGET_SCHEMA.extend(
    {
        vol.Required(ATTR_AMOUNT): vol.All(
            vol.Coerce(float), vol.Range(min=-MAX_EXTRUSION, max=MAX_EXTRUSION), _length
        ),
        vol.Optional(ATTR_SPEED): SPEED,
        vol.Optional(ATTR_TOOL): cv.positive_int,
    }
)

SELECT_TOOL_SCHEMA = TARGET_SCHEMA.extend({vol.Required(ATTR_TOOL): cv.positive_int})


@callback
def async_setup_printer_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    # Whoever sends G-code can do anything to the printer.
    async_register_admin_service(
        hass,
        DOMAIN,
        "send_gcode",
        _async_send_gcode,
        SEND_GCODE_SCHEMA,
        supports_response=SupportsResponse.OPTIONAL,
    )
    hass.services.async_register(DOMAIN, "jog", _async_jog, JOG_SCHEMA)
    hass.services.async_register(DOMAIN, "home", _async_home, HOME_SCHEMA)
    hass.services.async_register(DOMAIN, "extrude", _async_extrude, EXTRUDE_SCHEMA)
    hass.services.async_register(
        DOMAIN, "select_tool", _async_select_tool, SELECT_TOOL_SCHEMA
    )


async def _async_send_gcode(call: ServiceCall) -> ServiceResponse:
    """Send lines of G-code; OctoPrint queues them, during a print too."""
    coordinator = await async_get_coordinator(call)
    lines = read_gcode(
        call.data[ATTR_COMMANDS], call.data[ATTR_PARAMETERS], coordinator.name
    )
    if call.return_response:
        async with printer_action(
            call, coordinator, Permission.CONTROL, Permission.MONITOR_TERMINAL
        ):
            return await async_ask(coordinator, lines, call.data[ATTR_TIMEOUT])
    async with printer_action(call, coordinator, Permission.CONTROL):
        await async_send(coordinator, lines)
    return None


async def _async_jog(call: ServiceCall) -> None:
    """Move the print head."""
    coordinator = await async_get_coordinator(call)
    axes = {axis: call.data[axis] for axis in AXES if axis in call.data}
    if not axes:
        raise refusal("axis_missing", coordinator.name)
    absolute = call.data[ATTR_ABSOLUTE]
    async with printer_action(
        call, coordinator, Permission.CONTROL, forbidden=MOVING_STATES
    ):
        if profile := coordinator.data.profile:
            check_reach(
                profile.volume, axes, absolute=absolute, printer=coordinator.name
            )
        await coordinator.client.printer.jog(
            axes, absolute=absolute, speed=call.data.get(ATTR_SPEED)
        )


async def _async_home(call: ServiceCall) -> None:
    """Home axes."""
    coordinator = await async_get_coordinator(call)
    axes = [axis for axis in AXES if axis in call.data[ATTR_AXES]]
    async with printer_action(
        call, coordinator, Permission.CONTROL, forbidden=MOVING_STATES
    ):
        if "z" in axes and coordinator.data.state is State.PAUSED:
            # OctoPrint 1 would do it, down into what is being printed.
            raise refusal("home_z_paused", coordinator.name)
        await coordinator.client.printer.home(axes)


async def _async_extrude(call: ServiceCall) -> None:
    """Extrude or retract filament, with the active tool or another one."""
    coordinator = await async_get_coordinator(call)
    amount = call.data[ATTR_AMOUNT]
    if amount == 0:
        raise refusal("amount_zero", coordinator.name)
    async with printer_action(
        call, coordinator, Permission.CONTROL, forbidden=MOVING_STATES
    ):
        tool = _tool_to_select(call, coordinator)
        if tool is not None:
            if coordinator.data.state is State.PAUSED:
                # The print would go on with that tool.
                raise refusal("tool_paused", coordinator.name)
            await async_select_tool(coordinator, tool)
            # A print may have begun since.
            await async_check_again(call, coordinator, BUSY_STATES)
        await coordinator.client.printer.extrude(amount, call.data.get(ATTR_SPEED))


async def _async_select_tool(call: ServiceCall) -> None:
    """Make a tool the active one, unless a print goes on with it."""
    coordinator = await async_get_coordinator(call)
    async with printer_action(
        call, coordinator, Permission.CONTROL, forbidden=BUSY_STATES
    ):
        tool = _tool_to_select(call, coordinator)
        if tool is not None:
            await async_select_tool(coordinator, tool)


def _tool_to_select(call: ServiceCall, coordinator: OctoPrintCoordinator) -> int | None:
    """Return the tool that has to be made the active one first, if any."""
    tool: int | None = call.data.get(ATTR_TOOL)
    if tool is None:
        return None
    count = extruder_count(coordinator.data)
    if tool >= count:
        # OctoPrint would accept it, and the only hotend would do it.
        raise refusal(
            "tool_unknown", coordinator.name, tool=str(tool), last_tool=str(count - 1)
        )
    # The only tool is the active one; some firmwares load filament on a `T0`.
    return tool if count > 1 else None
