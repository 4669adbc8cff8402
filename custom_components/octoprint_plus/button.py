"""Support for OctoPrint buttons."""

from abc import abstractmethod
import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, override

from homeassistant.components.button import (
    ButtonDeviceClass,
    ButtonEntity,
    ButtonEntityDescription,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .api import (
    Control,
    OctoPrintClient,
    Permission,
    State,
    SystemCommand,
    bed_level_visualizer,
)
from .commands.checks import async_refresh_or_raise
from .commands.emergency import async_emergency_stop
from .commands.everything import require_meant
from .commands.exclusive import starting_print
from .commands.execute import octoprint_command
from .commands.gcode import async_press_control
from .commands.refusals import refusal
from .commands.rights import ACTING, async_check_admin
from .coordinator import OctoPrintConfigEntry, OctoPrintCoordinator
from .entity import OctoPrintControlEntity, async_add_entities_when_known
from .model.snapshot import Snapshot

# The buttons below decide for themselves what they wait for: an emergency stop for nothing.
PARALLEL_UPDATES = 0

PAUSABLE_STATES = frozenset({State.PRINTING, State.RESUMING, State.STARTING})

# A finishing print is already reported as done: cancelling it then would turn a
# good print into a failed one.
CANCELLABLE_STATES = PAUSABLE_STATES | {
    State.PAUSED,
    State.PAUSING,
    State.TRANSFERRING_FILE,
}

CORE_COMMANDS = ("reboot", "restart", "restart_safe", "shutdown")


@dataclass(frozen=True, kw_only=True)
class OctoPrintButtonDescription(ButtonEntityDescription):
    """Describe an OctoPrint button."""

    available_fn: Callable[[Snapshot], bool]
    exists_fn: Callable[[Snapshot], bool] = lambda _: True
    is_for_admins: bool = False
    """Whether of Home Assistant's users only administrators may press it."""

    is_urgent: bool = False
    """Whether it must not wait until another button's command is answered."""

    permission: str
    press_fn: Callable[[OctoPrintClient], Awaitable[Any]]
    starts_print_fn: Callable[[Snapshot], bool] = lambda _: False
    """Whether pressing it now lets a print run."""


async def _home(axis: str, client: OctoPrintClient) -> None:
    await client.printer.home((axis,))


def _has_sd(snapshot: Snapshot) -> bool:
    return snapshot.sd_ready is not None


def _is_sd_idle(snapshot: Snapshot) -> bool:
    return snapshot.state is State.OPERATIONAL and snapshot.sd_ready is True


async def _send(command: str, client: OctoPrintClient) -> None:
    await client.printer.send_gcode([command])


DESCRIPTIONS: tuple[OctoPrintButtonDescription, ...] = (
    OctoPrintButtonDescription(
        key="start",
        translation_key="start",
        available_fn=lambda x: x.state is State.OPERATIONAL and x.job.file is not None,
        permission=Permission.PRINT,
        press_fn=lambda x: x.job.start(),
        starts_print_fn=lambda _: True,
    ),
    OctoPrintButtonDescription(
        key="pause",
        translation_key="pause",
        available_fn=lambda x: x.state in PAUSABLE_STATES,
        is_urgent=True,
        permission=Permission.PRINT,
        press_fn=lambda x: x.job.pause(),
    ),
    OctoPrintButtonDescription(
        key="resume",
        translation_key="resume",
        available_fn=lambda x: x.state is State.PAUSED,
        permission=Permission.PRINT,
        press_fn=lambda x: x.job.resume(),
        starts_print_fn=lambda _: True,
    ),
    OctoPrintButtonDescription(
        key="cancel",
        translation_key="cancel",
        available_fn=lambda x: x.state in CANCELLABLE_STATES,
        is_urgent=True,
        permission=Permission.PRINT,
        press_fn=lambda x: x.job.cancel(),
    ),
    OctoPrintButtonDescription(
        key="restart",
        translation_key="restart",
        available_fn=lambda x: x.state is State.PAUSED,
        permission=Permission.PRINT,
        press_fn=lambda x: x.job.restart(),
        starts_print_fn=lambda _: True,
    ),
    OctoPrintButtonDescription(
        key="toggle",
        translation_key="toggle",
        available_fn=lambda x: x.state is State.PAUSED or x.state in PAUSABLE_STATES,
        is_urgent=True,
        permission=Permission.PRINT,
        press_fn=lambda x: x.job.toggle(),
        starts_print_fn=lambda x: x.state not in PAUSABLE_STATES,
    ),
    # OctoPrint would home during a pause, too, into what is being printed.
    OctoPrintButtonDescription(
        key="home",
        translation_key="home",
        available_fn=lambda x: x.state is State.OPERATIONAL,
        permission=Permission.CONTROL,
        press_fn=lambda x: x.printer.home(("x", "y", "z")),
    ),
    *(
        OctoPrintButtonDescription(
            key=key,
            translation_key=key,
            available_fn=lambda x: x.state is State.OPERATIONAL,
            permission=Permission.CONTROL,
            press_fn=partial(_send, command),
        )
        for key, command in (("auto_bed_level", "G29"), ("motors_off", "M84"))
    ),
    *(
        OctoPrintButtonDescription(
            key=key,
            translation_key=key,
            available_fn=lambda x: x.state is State.OPERATIONAL,
            entity_registry_enabled_default=False,
            permission=Permission.CONTROL,
            press_fn=partial(_send, command),
        )
        for key, command in (
            ("save_settings", "M500"),
            ("load_settings", "M501"),
            ("reset_settings", "M502"),
        )
    ),
    *(
        OctoPrintButtonDescription(
            key=f"home_{axis}",
            translation_key="home_axis",
            available_fn=lambda x: x.state is State.OPERATIONAL,
            entity_registry_enabled_default=False,
            permission=Permission.CONTROL,
            press_fn=partial(_home, axis),
            translation_placeholders={"axis": axis.upper()},
        )
        for axis in ("x", "y", "z")
    ),
    OctoPrintButtonDescription(
        key="sd_init",
        translation_key="sd_init",
        available_fn=lambda x: x.state is State.OPERATIONAL,
        entity_registry_enabled_default=False,
        exists_fn=_has_sd,
        permission=Permission.CONTROL,
        press_fn=lambda x: x.printer.sd_init(),
    ),
    OctoPrintButtonDescription(
        key="sd_refresh",
        translation_key="sd_refresh",
        available_fn=_is_sd_idle,
        entity_registry_enabled_default=False,
        exists_fn=_has_sd,
        permission=Permission.CONTROL,
        press_fn=lambda x: x.printer.sd_refresh(),
    ),
    OctoPrintButtonDescription(
        key="sd_release",
        translation_key="sd_release",
        available_fn=_is_sd_idle,
        entity_registry_enabled_default=False,
        exists_fn=_has_sd,
        permission=Permission.CONTROL,
        press_fn=lambda x: x.printer.sd_release(),
    ),
)


@dataclass(frozen=True, kw_only=True)
class OctoPrintStopDescription(ButtonEntityDescription):
    """Describe a button that stops the printer at once."""

    stop_fn: Callable[[OctoPrintCoordinator, str], Awaitable[None]]


async def _quick_stop(coordinator: OctoPrintCoordinator, label: str) -> None:
    async with octoprint_command(coordinator, label, is_urgent=True):
        await coordinator.client.printer.send_gcode(["M410"])


STOP_DESCRIPTIONS: tuple[OctoPrintStopDescription, ...] = (
    OctoPrintStopDescription(
        key="emergency_stop",
        translation_key="emergency_stop",
        stop_fn=lambda coordinator, _: async_emergency_stop(coordinator),
    ),
    OctoPrintStopDescription(
        key="quick_stop",
        translation_key="quick_stop",
        entity_registry_enabled_default=False,
        stop_fn=_quick_stop,
    ),
)


def describe_stops(snapshot: Snapshot) -> Iterable[OctoPrintStopDescription]:
    """Yield the buttons that stop the printer, where the key may press them."""
    return STOP_DESCRIPTIONS if snapshot.server.user.may(Permission.CONTROL) else ()


def _describe_command(command: SystemCommand) -> OctoPrintButtonDescription:
    """Describe the button of a system command, under its own name if it is not OctoPrint's."""
    is_core = command.source == "core" and command.action in CORE_COMMANDS
    is_restart = is_core and command.action != "shutdown"
    return OctoPrintButtonDescription(
        key=f"system_{command.source}_{command.action}",
        name=None if is_core else command.name,
        translation_key=f"system_{command.action}" if is_core else "system",
        available_fn=lambda x: not x.is_busy and command in x.server.commands,
        device_class=ButtonDeviceClass.RESTART if is_restart else None,
        entity_registry_enabled_default=False,
        is_for_admins=True,
        permission=Permission.SYSTEM,
        press_fn=lambda x: x.system.run(command),
    )


COLLECT_MESH = OctoPrintButtonDescription(
    key="collect_mesh",
    translation_key="collect_mesh",
    available_fn=lambda x: x.state is State.OPERATIONAL,
    permission=Permission.CONTROL,
    press_fn=lambda x: x.plugins.bed_level_visualizer.start(),
)


def describe(snapshot: Snapshot) -> Iterable[OctoPrintButtonDescription]:
    """Yield the buttons that the key may press and the server really offers."""
    user = snapshot.server.user
    settings = snapshot.server.settings
    if (
        settings
        and bed_level_visualizer.PLUGIN in settings.plugins
        and user.may(COLLECT_MESH.permission)
    ):
        yield COLLECT_MESH
    for each in DESCRIPTIONS:
        if user.may(each.permission) and each.exists_fn(snapshot):
            yield each
    yield from map(_describe_command, snapshot.server.commands)


@dataclass(frozen=True, kw_only=True)
class OctoPrintControlDescription(ButtonEntityDescription):
    """Describe a button for one of the user's own controls."""

    control: str
    """Its full name."""


def describe_controls(snapshot: Snapshot) -> Iterable[OctoPrintControlDescription]:
    """Yield the user's own controls that ask for nothing, under their own names."""
    for name, control in snapshot.server.controls.items():
        if not control.inputs:
            yield OctoPrintControlDescription(
                key=f"control_{name}",
                control=name,
                entity_registry_enabled_default=False,
                name=name,
                translation_key="control",
            )


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OctoPrintConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up OctoPrint buttons based on a config entry."""
    # Each looks at the printer's state first, which the one before may be changing.
    turn = asyncio.Lock()
    async_add_entities_when_known(
        entry.runtime_data,
        async_add_entities,
        describe,
        partial(OctoPrintButtonEntity, turn=turn),
    )
    async_add_entities_when_known(
        entry.runtime_data,
        async_add_entities,
        describe_controls,
        partial(OctoPrintControlButton, turn=turn),
    )
    async_add_entities_when_known(
        entry.runtime_data, async_add_entities, describe_stops, OctoPrintStopButton
    )


class OctoPrintButton(OctoPrintControlEntity, ButtonEntity):
    """Defines what all OctoPrint buttons but those that stop at once share."""

    def __init__(
        self,
        coordinator: OctoPrintCoordinator,
        description: ButtonEntityDescription,
        turn: asyncio.Lock,
    ) -> None:
        """Take what this printer's buttons wait for."""
        super().__init__(coordinator, description)
        self._turn = turn

    @abstractmethod
    async def async_send(self) -> None:
        """Send the command."""

    @override
    async def async_press(self) -> None:
        """Send the command, unless the printer's state has come to forbid it meanwhile."""
        # What waits for nothing reads nothing either, where the server tells by itself.
        await async_refresh_or_raise(self.coordinator, is_urgent=self._turn is None)
        if not self.available:
            raise refusal(
                "button_not_offered", self.coordinator.name, command=self.label
            )
        async with octoprint_command(self.coordinator, self.label):
            await self.async_send()

    @override
    def shows(self) -> object:
        """Return nothing more: a button has no state beside being available."""
        return None


class OctoPrintButtonEntity(OctoPrintButton):
    """Defines an OctoPrint button."""

    entity_description: OctoPrintButtonDescription

    def __init__(
        self,
        coordinator: OctoPrintCoordinator,
        description: OctoPrintButtonDescription,
        turn: asyncio.Lock,
    ) -> None:
        """Let what is urgent wait for nothing."""
        super().__init__(coordinator, description, turn)
        if description.is_urgent:
            self._turn = None

    @property
    @override
    def available(self) -> bool:
        """Return whether the printer's state and the key allow to press it.

        After a poll that failed, what is urgent stays: Home Assistant skips what is unavailable
        without a word, and a press says what is wrong.
        """
        return (
            (super().available or self.entity_description.is_urgent)
            and self.coordinator.may(self.entity_description.permission)
            and self.entity_description.available_fn(self.snapshot)
        )

    @override
    async def async_send(self) -> None:
        """Send the command."""
        if self.entity_description.is_for_admins:
            await async_check_admin(self.coordinator, ACTING.get(), self.label)
        description = self.entity_description
        with (
            starting_print(self.coordinator, self.label)
            if description.starts_print_fn(self.snapshot)
            else nullcontext()
        ):
            await description.press_fn(self.coordinator.client)


class OctoPrintControlButton(OctoPrintButton):
    """Defines a button for one of the user's own controls."""

    entity_description: OctoPrintControlDescription

    @property
    def control(self) -> Control | None:
        """Return the control as the user has it now, None if it is none for a button."""
        control = self.snapshot.server.controls.get(self.entity_description.control)
        return None if control is None or control.inputs else control

    @property
    @override
    def available(self) -> bool:
        """Return whether the printer is connected, and OctoPrint has the control."""
        return (
            super().available
            and self.coordinator.may(Permission.CONTROL)
            and self.snapshot.is_connected
            and self.control is not None
        )

    @override
    async def async_send(self) -> None:
        """Do what pressing it in OctoPrint does."""
        if (control := self.control) is not None:
            await async_press_control(self.coordinator, control)


class OctoPrintStopButton(OctoPrintControlEntity, ButtonEntity):
    """Defines a button that stops the printer at once, whatever it does."""

    entity_description: OctoPrintStopDescription

    def __init__(
        self, coordinator: OctoPrintCoordinator, description: OctoPrintStopDescription
    ) -> None:
        """Let it wait for nothing."""
        super().__init__(coordinator, description)
        self._turn = None

    @property
    @override
    def available(self) -> bool:
        """Return whether the key allows to press it.

        Home Assistant skips what is unavailable without a word. What is known of the printer
        may be wrong, and where the command cannot be sent the press says so.
        """
        return self.coordinator.may(Permission.CONTROL)

    @override
    async def async_press(self) -> None:
        """Send the command without reading anything before: each moment counts."""
        require_meant()
        await self.entity_description.stop_fn(self.coordinator, self.label)

    @override
    def shows(self) -> object:
        """Return nothing more: a button has no state beside being available."""
        return None
