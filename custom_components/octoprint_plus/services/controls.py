"""Actions that run what the user has prepared in OctoPrint: controls and G-code scripts."""

from collections.abc import Mapping

import voluptuous as vol

from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_register_admin_service

from ..api import OctoPrintNotFoundError
from ..api.controls import Control
from ..api.permissions import Permission
from ..commands.execute import refusal
from ..commands.rights import async_check_admin
from ..const import DOMAIN
from ..coordinator import OctoPrintCoordinator
from .answers import async_send, sending
from .gcode import read_gcode
from .printer import ATTR_PARAMETERS, PARAMETERS
from .target import TARGET_SCHEMA, async_get_coordinator, printer_action

ATTR_CONTEXT = "context"
ATTR_CONTROL = "control"
ATTR_SCRIPT = "script"

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
def async_setup_control_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    hass.services.async_register(
        DOMAIN, "run_control", _async_run_control, RUN_CONTROL_SCHEMA
    )
    # A script's context can become any G-code.
    async_register_admin_service(
        hass, DOMAIN, "run_script", _async_run_script, RUN_SCRIPT_SCHEMA
    )


async def _async_run_control(call: ServiceCall) -> None:
    """Do what pressing one of the user's own controls does, in a print too."""
    coordinator = await async_get_coordinator(call)
    async with printer_action(call, coordinator, Permission.CONTROL):
        given = call.data[ATTR_PARAMETERS]
        control = await _async_find_control(call, coordinator)
        if control.can_become_any_gcode(given):
            await async_check_admin(coordinator, call.context, call.service)
        values = _values(control, given, coordinator.name)
        if control.commands:
            lines = read_gcode(control.commands, values, coordinator.name)
            await async_send(coordinator, lines)
            return
        try:
            async with sending(coordinator, ()):
                await coordinator.client.printer.run_control(control, given)
        except OctoPrintNotFoundError as err:
            raise _script_not_found(coordinator, str(control.script)) from err


async def _async_run_script(call: ServiceCall) -> None:
    """Run one of OctoPrint's G-code scripts, in a print too."""
    coordinator = await async_get_coordinator(call)
    script, context = call.data[ATTR_SCRIPT], call.data[ATTR_CONTEXT]
    async with printer_action(call, coordinator, Permission.CONTROL):
        try:
            async with sending(coordinator, ()):
                await coordinator.client.printer.run_script(script, context=context)
        except OctoPrintNotFoundError as err:
            raise _script_not_found(coordinator, script) from err


async def _async_find_control(
    call: ServiceCall, coordinator: OctoPrintCoordinator
) -> Control:
    """Return the control of a name, as OctoPrint has it now."""
    name = call.data[ATTR_CONTROL]
    controls = (await coordinator.client.printer.controls()).runnable()
    if (control := controls.get(name)) is None:
        raise refusal(
            "control_unknown",
            coordinator.name,
            control=name,
            controls=", ".join(controls) or "-",
        )
    return control


def _values(
    control: Control, given: Mapping[str, str | float], printer: str
) -> dict[str, str | float]:
    """Return the values for all inputs of a control, or raise what is wrong with them."""
    inputs = {each.parameter: each for each in control.inputs}
    placeholders = {"control": control.name}
    for parameter, value in given.items():
        placeholders |= {"parameter": parameter, "value": str(value)}
        if parameter not in inputs:
            raise refusal(
                "control_parameter_unknown",
                printer,
                control=control.name,
                parameter=parameter,
                parameters=", ".join(inputs) or "-",
            )
        slider = inputs[parameter].slider
        if slider and not (
            isinstance(value, int | float) and slider.min <= value <= slider.max
        ):
            raise refusal(
                "control_parameter_range",
                printer,
                **placeholders,
                min=f"{slider.min:g}",
                max=f"{slider.max:g}",
            )
    values = {
        parameter: each.default
        for parameter, each in inputs.items()
        if each.default is not None
    } | dict(given)
    for parameter in inputs:
        if parameter not in values:
            raise refusal(
                "control_parameter_missing",
                printer,
                control=control.name,
                parameter=parameter,
            )
    return values


def _script_not_found(coordinator: OctoPrintCoordinator, script: str) -> Exception:
    """Return the error for a script that is not there; OctoPrint says no more."""
    return refusal("script_not_found", coordinator.name, script=script)
