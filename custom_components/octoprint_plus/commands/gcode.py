"""Sending G-code, the user's own controls, and OctoPrint's scripts."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
import re

from homeassistant.core import Context

from ..api import (
    Control,
    FirmwareSilentError,
    GcodeAnswer,
    OctoPrintNotFoundError,
    OctoPrintServerError,
    Permission,
    PlaceholderError,
    PrinterLostError,
    PrinterRestartedError,
    UnsafeLineError,
    ask_gcode,
    gcode_lines,
    is_sendable,
)
from ..coordinator import OctoPrintCoordinator
from .checks import async_refresh_or_raise
from .execute import octoprint_command, printer_command
from .refusals import failure, gcode_refusal, refusal
from .rights import async_check_admin

type Parameters = Mapping[str, float | str | bool]
"""Values for placeholders, by their names."""

HALT = re.compile(r"^\s*M112\b", re.IGNORECASE | re.MULTILINE)


async def async_send_gcode(
    coordinator: OctoPrintCoordinator,
    commands: Iterable[str],
    parameters: Parameters | None = None,
    *,
    context: Context | None,
) -> None:
    """Send lines of G-code (POST /api/printer/command); OctoPrint queues them, in a print too."""
    # Whoever sends G-code can do anything to the printer.
    await async_check_admin(coordinator, context, "send_gcode")
    lines = _read(coordinator, commands, parameters or {})
    async with printer_command(coordinator, "send_gcode", Permission.CONTROL):
        await _async_send(coordinator, lines)


async def async_ask_gcode(
    coordinator: OctoPrintCoordinator,
    commands: Iterable[str],
    parameters: Parameters | None = None,
    *,
    timeout: float,
    context: Context | None,
) -> tuple[GcodeAnswer, ...]:
    """Send lines of G-code, and return what the printer answers to each of them.

    Between two lines of an answer it may be silent for `timeout` seconds.
    """
    await async_check_admin(coordinator, context, "send_gcode")
    lines = _read(coordinator, commands, parameters or {})
    async with (
        printer_command(
            coordinator,
            "send_gcode",
            Permission.CONTROL,
            Permission.MONITOR_TERMINAL,
        ),
        _sending(coordinator, lines, timeout),
    ):
        return tuple(await ask_gcode(coordinator.client, lines, timeout=timeout))


async def async_run_control(
    coordinator: OctoPrintCoordinator,
    name: str,
    given: Mapping[str, str | float],
    *,
    context: Context | None,
) -> None:
    """Do what pressing one of the user's own controls does, in a print too."""
    command = "run_control"
    async with printer_command(coordinator, command, Permission.CONTROL):
        control = await _async_find_control(coordinator, name)
        if control.can_become_any_gcode(given):
            await async_check_admin(coordinator, context, command)
        values = _values(control, given, coordinator.name)
        if control.commands:
            await _async_send(coordinator, _read(coordinator, control.commands, values))
            return
        try:
            await _async_press(coordinator, control, given)
        except OctoPrintNotFoundError as err:
            raise _script_not_found(coordinator, str(control.script)) from err


def can_press_control(coordinator: OctoPrintCoordinator, name: str) -> bool:
    """Return whether a control is one that can be pressed now, as far as is known."""
    return (
        coordinator.last_update_success
        and coordinator.may(Permission.CONTROL)
        and coordinator.data.is_connected
        and _pressed(coordinator, name) is not None
    )


async def async_press_control(
    coordinator: OctoPrintCoordinator, name: str, label: str
) -> None:
    """Do what pressing a control without inputs does in OctoPrint.

    The label is what people call the command, for errors.
    """
    await async_refresh_or_raise(coordinator)
    control = _pressed(coordinator, name)
    if control is None or not can_press_control(coordinator, name):
        raise refusal("button_not_offered", coordinator.name, command=label)
    async with octoprint_command(coordinator, label):
        await _async_press(coordinator, control)


def _pressed(coordinator: OctoPrintCoordinator, name: str) -> Control | None:
    """Return a control as the user has it now, None if it is none for a button."""
    control = coordinator.data.server.controls.get(name)
    return None if control is None or control.inputs else control


async def _async_press(
    coordinator: OctoPrintCoordinator,
    control: Control,
    given: Mapping[str, str | float] | None = None,
) -> None:
    async with _sending(coordinator, control.commands):
        await coordinator.client.printer.run_control(control, given)


async def async_run_script(
    coordinator: OctoPrintCoordinator,
    script: str,
    values: Mapping[str, str | float],
    *,
    context: Context | None,
) -> None:
    """Run one of OctoPrint's G-code scripts, with values for it, in a print too."""
    # They can become any G-code.
    await async_check_admin(coordinator, context, "run_script")
    async with printer_command(coordinator, "run_script", Permission.CONTROL):
        try:
            async with _sending(coordinator, ()):
                await coordinator.client.printer.run_script(script, context=values)
        except OctoPrintNotFoundError as err:
            raise _script_not_found(coordinator, script) from err


async def _async_send(coordinator: OctoPrintCoordinator, lines: Sequence[str]) -> None:
    async with _sending(coordinator, lines):
        await coordinator.client.printer.send_gcode(lines)


def _read(
    coordinator: OctoPrintCoordinator, texts: Iterable[str], parameters: Parameters
) -> list[str]:
    """Return the lines of G-code as they are sent, without comments, and filled."""
    try:
        lines = gcode_lines(texts, parameters)
    except (PlaceholderError, UnsafeLineError) as err:
        raise gcode_refusal(err, coordinator.name) from err
    if not lines:
        raise refusal("gcode_empty", coordinator.name)
    if not is_sendable(lines):
        raise refusal("gcode_too_long", coordinator.name)
    return lines


@asynccontextmanager
async def _sending(
    coordinator: OctoPrintCoordinator, lines: Sequence[str], timeout: float = 0
) -> AsyncIterator[None]:
    """Turn what follows from the G-code itself into errors that say so.

    No lines are those of a script, which only OctoPrint knows.
    """
    is_halting = any(map(HALT.search, lines))
    try:
        yield
    except PrinterRestartedError as err:
        raise failure("gcode_restarted", coordinator, command=err.command) from err
    except FirmwareSilentError as err:
        raise failure(
            "gcode_unanswered",
            coordinator,
            command=err.command,
            timeout=f"{timeout:g}",
        ) from err
    except PrinterLostError as err:
        if is_halting:
            raise failure("gcode_halted", coordinator) from err
        raise failure("gcode_disconnected", coordinator) from err
    except OctoPrintServerError as err:
        # So OctoPrint answers where the printer goes away between two lines.
        await coordinator.async_refresh()
        if is_halting:
            raise failure("gcode_halted", coordinator) from err
        if coordinator.last_update_success and not coordinator.data.is_connected:
            raise failure("gcode_interrupted", coordinator) from err
        raise


async def _async_find_control(coordinator: OctoPrintCoordinator, name: str) -> Control:
    """Return the control of a name, as OctoPrint has it now."""
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
