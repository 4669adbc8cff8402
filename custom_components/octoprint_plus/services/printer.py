"""Actions for the printer: G-code, controls and scripts, and moving what can be moved."""

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

from ..commands.gcode import (
    async_ask_gcode,
    async_run_control,
    async_run_script,
    async_send_gcode,
)
from ..commands.move import (
    AXES,
    async_extrude,
    async_home,
    async_jog,
    async_select_tool,
)
from ..const import DOMAIN
from .gcode_replies import gcode_response
from .target import TARGET_SCHEMA, async_get_coordinator

ATTR_ABSOLUTE = "absolute"
ATTR_AMOUNT = "amount"
ATTR_AXES = "axes"
ATTR_COMMANDS = "commands"
ATTR_CONTEXT = "context"
ATTR_CONTROL = "control"
ATTR_PARAMETERS = "parameters"
ATTR_SCRIPT = "script"
ATTR_SPEED = "speed"
ATTR_TIMEOUT = "timeout"
ATTR_TOOL = "tool"

MAX_DISTANCE = 10_000
MAX_EXTRUSION = 1_000
MAX_SPEED = 60_000


def _single_line(value: Any) -> str:
    """Validate a text of one line: what follows would be a command of its own."""
    if not isinstance(value, str):
        raise vol.Invalid("value is neither a text nor a number")
    if len(value.splitlines()) > 1:
        raise vol.Invalid("value has more than one line")
    return value.strip()


NUMBER = vol.All(vol.Any(int, float), vol.Range(min=-1e9, max=1e9))

PARAMETERS = {cv.string: vol.Any(NUMBER, _single_line)}

DISTANCE = vol.All(vol.Coerce(float), vol.Range(min=-MAX_DISTANCE, max=MAX_DISTANCE))

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
            vol.Coerce(float), vol.Range(min=-MAX_EXTRUSION, max=MAX_EXTRUSION)
        ),
        vol.Optional(ATTR_SPEED): SPEED,
        vol.Optional(ATTR_TOOL): cv.positive_int,
    }
)

SELECT_TOOL_SCHEMA = TARGET_SCHEMA.extend({vol.Required(ATTR_TOOL): cv.positive_int})


NAME = vol.All(cv.string, vol.Strip, vol.Length(min=1))

RUN_CONTROL_SCHEMA = TARGET_SCHEMA.extend(
    {
        vol.Required(ATTR_CONTROL): NAME,
        vol.Optional(ATTR_PARAMETERS, default={}): PARAMETERS,
    }
)

RUN_SCRIPT_SCHEMA = TARGET_SCHEMA.extend(
    {
        vol.Required(ATTR_SCRIPT): NAME,
        vol.Optional(ATTR_CONTEXT, default={}): PARAMETERS,
    }
)


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
    # A script's context can become any G-code.
    async_register_admin_service(
        hass, DOMAIN, "run_script", _async_run_script, RUN_SCRIPT_SCHEMA
    )
    for name, handler, schema in (
        ("extrude", _async_extrude, EXTRUDE_SCHEMA),
        ("home", _async_home, HOME_SCHEMA),
        ("jog", _async_jog, JOG_SCHEMA),
        ("run_control", _async_run_control, RUN_CONTROL_SCHEMA),
        ("select_tool", _async_select_tool, SELECT_TOOL_SCHEMA),
    ):
        hass.services.async_register(DOMAIN, name, handler, schema)


async def _async_send_gcode(call: ServiceCall) -> ServiceResponse:
    """Send lines of G-code, and return what the printer answers if that is asked for."""
    coordinator = await async_get_coordinator(call)
    commands, parameters = call.data[ATTR_COMMANDS], call.data[ATTR_PARAMETERS]
    if not call.return_response:
        await async_send_gcode(coordinator, commands, parameters, context=call.context)
        return None
    return gcode_response(
        await async_ask_gcode(
            coordinator,
            commands,
            parameters,
            timeout=call.data[ATTR_TIMEOUT],
            context=call.context,
        )
    )


async def _async_run_control(call: ServiceCall) -> None:
    """Do what pressing one of the user's own controls does."""
    await async_run_control(
        await async_get_coordinator(call),
        call.data[ATTR_CONTROL],
        call.data[ATTR_PARAMETERS],
        context=call.context,
    )


async def _async_run_script(call: ServiceCall) -> None:
    """Run one of OctoPrint's G-code scripts."""
    await async_run_script(
        await async_get_coordinator(call),
        call.data[ATTR_SCRIPT],
        call.data[ATTR_CONTEXT],
        context=call.context,
    )


async def _async_jog(call: ServiceCall) -> None:
    """Move the print head."""
    await async_jog(
        await async_get_coordinator(call),
        {axis: call.data[axis] for axis in AXES if axis in call.data},
        absolute=call.data[ATTR_ABSOLUTE],
        speed=call.data.get(ATTR_SPEED),
    )


async def _async_home(call: ServiceCall) -> None:
    """Home axes."""
    await async_home(await async_get_coordinator(call), call.data[ATTR_AXES])


async def _async_extrude(call: ServiceCall) -> None:
    """Extrude or retract filament, with the active tool or another one."""
    await async_extrude(
        await async_get_coordinator(call),
        call.data[ATTR_AMOUNT],
        speed=call.data.get(ATTR_SPEED),
        tool=call.data.get(ATTR_TOOL),
    )


async def _async_select_tool(call: ServiceCall) -> None:
    """Make a tool the active one."""
    await async_select_tool(await async_get_coordinator(call), call.data[ATTR_TOOL])
