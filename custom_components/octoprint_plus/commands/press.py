"""Commands without parameters: what each needs, when it can be given, and giving it."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

from homeassistant.core import Context

from ..api import OctoPrintClient, Permission, State, SystemCommand
from ..coordinator import OctoPrintCoordinator
from ..model.snapshot import Snapshot
from .checks import async_refresh_or_raise
from .exclusive import starting_print
from .execute import octoprint_command
from .refusals import refusal
from .rights import async_check_admin

PAUSABLE_STATES = frozenset({State.PRINTING, State.RESUMING, State.STARTING})

# A finishing print is already reported as done: cancelling it then would turn a
# good print into a failed one.
CANCELLABLE_STATES = PAUSABLE_STATES | {
    State.PAUSED,
    State.PAUSING,
    State.TRANSFERRING_FILE,
}


def is_idle(snapshot: Snapshot) -> bool:
    """Return whether the printer is connected and does nothing."""
    return snapshot.state is State.OPERATIONAL


@dataclass(frozen=True, kw_only=True, slots=True)
class Press:
    """A command that is given as a button is pressed."""

    permission: Permission
    send: Callable[[OctoPrintClient], Awaitable[Any]]
    is_possible: Callable[[Snapshot], bool] = is_idle
    """Whether the printer's state allows it."""

    is_for_admins: bool = False
    """Whether of Home Assistant's users only administrators may give it."""

    is_urgent: bool = False
    """Whether it must not wait until the server has told what the printer does."""

    starts_print: Callable[[Snapshot], bool] = lambda _: False
    """Whether giving it now lets a print run."""


async def _send(command: str, client: OctoPrintClient) -> None:
    await client.printer.send_gcode([command])


async def _home(axis: str, client: OctoPrintClient) -> None:
    await client.printer.home((axis,))


def gcode_press(
    command: str, is_possible: Callable[[Snapshot], bool] = is_idle
) -> Press:
    """Return what sends a line of G-code where the printer's state allows it."""
    return Press(
        permission=Permission.CONTROL,
        send=partial(_send, command),
        is_possible=is_possible,
    )


def _is_sd_idle(snapshot: Snapshot) -> bool:
    return is_idle(snapshot) and snapshot.sd_ready is True


PRESSES: Mapping[str, Press] = {
    "start": Press(
        is_possible=lambda x: is_idle(x) and x.job.file is not None,
        permission=Permission.PRINT,
        send=lambda x: x.job.start(),
        starts_print=lambda _: True,
    ),
    "pause": Press(
        is_possible=lambda x: x.state in PAUSABLE_STATES,
        is_urgent=True,
        permission=Permission.PRINT,
        send=lambda x: x.job.pause(),
    ),
    "resume": Press(
        is_possible=lambda x: x.state is State.PAUSED,
        permission=Permission.PRINT,
        send=lambda x: x.job.resume(),
        starts_print=lambda _: True,
    ),
    "cancel": Press(
        is_possible=lambda x: x.state in CANCELLABLE_STATES,
        is_urgent=True,
        permission=Permission.PRINT,
        send=lambda x: x.job.cancel(),
    ),
    "restart": Press(
        is_possible=lambda x: x.state is State.PAUSED,
        permission=Permission.PRINT,
        send=lambda x: x.job.restart(),
        starts_print=lambda _: True,
    ),
    "toggle": Press(
        is_possible=lambda x: x.state is State.PAUSED or x.state in PAUSABLE_STATES,
        is_urgent=True,
        permission=Permission.PRINT,
        send=lambda x: x.job.toggle(),
        starts_print=lambda x: x.state not in PAUSABLE_STATES,
    ),
    # OctoPrint would home during a pause, too, into what is being printed.
    "home": Press(
        permission=Permission.CONTROL, send=lambda x: x.printer.home(("x", "y", "z"))
    ),
    "auto_bed_level": gcode_press("G29"),
    "motors_off": gcode_press("M84"),
    "save_settings": gcode_press("M500"),
    "load_settings": gcode_press("M501"),
    "reset_settings": gcode_press("M502"),
    **{
        f"home_{axis}": Press(permission=Permission.CONTROL, send=partial(_home, axis))
        for axis in ("x", "y", "z")
    },
    "sd_init": Press(permission=Permission.CONTROL, send=lambda x: x.printer.sd_init()),
    "sd_refresh": Press(
        is_possible=_is_sd_idle,
        permission=Permission.CONTROL,
        send=lambda x: x.printer.sd_refresh(),
    ),
    "sd_release": Press(
        is_possible=_is_sd_idle,
        permission=Permission.CONTROL,
        send=lambda x: x.printer.sd_release(),
    ),
    "collect_mesh": Press(
        permission=Permission.CONTROL,
        send=lambda x: x.plugins.bed_level_visualizer.start(),
    ),
}
"""By the names that their buttons have, too."""


def system_press(command: SystemCommand) -> Press:
    """Return what runs a command of the server's, unless that would cost a print."""
    return Press(
        is_possible=lambda x: not x.is_busy and command in x.server.commands,
        is_for_admins=True,
        permission=Permission.SYSTEM,
        send=lambda x: x.system.run(command),
    )


def can_press(coordinator: OctoPrintCoordinator, press: Press) -> bool:
    """Return whether the printer's state and the key allow a command, as far as is known.

    After a poll that failed, what is urgent stays: Home Assistant skips what is unavailable
    without a word, and giving it says what is wrong.
    """
    return (
        (coordinator.last_update_success or press.is_urgent)
        and coordinator.may(press.permission)
        and press.is_possible(coordinator.data)
    )


async def async_press(
    coordinator: OctoPrintCoordinator,
    press: Press,
    label: str,
    *,
    context: Context | None,
) -> None:
    """Give a command, unless the printer's state has come to forbid it meanwhile.

    The label is what people call it, for errors.
    """
    # What is urgent reads nothing before, where the server tells by itself.
    await async_refresh_or_raise(coordinator, is_urgent=press.is_urgent)
    if not can_press(coordinator, press):
        raise refusal("button_not_offered", coordinator.name, command=label)
    async with octoprint_command(coordinator, label):
        if press.is_for_admins:
            await async_check_admin(coordinator, context, label)
        with (
            starting_print(coordinator, label)
            if press.starts_print(coordinator.data)
            else nullcontext()
        ):
            await press.send(coordinator.client)
