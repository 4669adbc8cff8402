"""Support for OctoPrint buttons."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import override

from homeassistant.components.button import (
    ButtonDeviceClass,
    ButtonEntity,
    ButtonEntityDescription,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .api import Permission, SystemCommand, bed_level_visualizer
from .commands.emergency import async_emergency_stop, async_quick_stop
from .commands.everything import require_meant
from .commands.gcode import async_press_control, can_press_control
from .commands.press import PRESSES, Press, async_press, can_press, system_press
from .commands.rights import ACTING
from .coordinator import OctoPrintConfigEntry, OctoPrintCoordinator
from .entity import OctoPrintControlEntity, async_add_entities_when_known
from .model.snapshot import Snapshot

# The buttons below decide for themselves what they wait for: an emergency stop for nothing.
PARALLEL_UPDATES = 0

CORE_COMMANDS = ("reboot", "restart", "restart_safe", "shutdown")


@dataclass(frozen=True, kw_only=True)
class OctoPrintButtonDescription(ButtonEntityDescription):
    """Describe an OctoPrint button."""

    exists_fn: Callable[[Snapshot], bool] = lambda _: True
    press: Press


def _has_sd(snapshot: Snapshot) -> bool:
    return snapshot.sd_ready is not None


DESCRIPTIONS: tuple[OctoPrintButtonDescription, ...] = (
    OctoPrintButtonDescription(
        key="collect_mesh",
        translation_key="collect_mesh",
        exists_fn=lambda x: bed_level_visualizer.PLUGIN in x.server.installed,
        press=PRESSES["collect_mesh"],
    ),
    *(
        OctoPrintButtonDescription(key=key, translation_key=key, press=PRESSES[key])
        for key in (
            "start",
            "pause",
            "resume",
            "cancel",
            "restart",
            "toggle",
            "home",
            "auto_bed_level",
            "motors_off",
        )
    ),
    *(
        OctoPrintButtonDescription(
            key=key,
            translation_key=key,
            entity_registry_enabled_default=False,
            press=PRESSES[key],
        )
        for key in ("save_settings", "load_settings", "reset_settings")
    ),
    *(
        OctoPrintButtonDescription(
            key=f"home_{axis}",
            translation_key="home_axis",
            entity_registry_enabled_default=False,
            press=PRESSES[f"home_{axis}"],
            translation_placeholders={"axis": axis.upper()},
        )
        for axis in ("x", "y", "z")
    ),
    *(
        OctoPrintButtonDescription(
            key=key,
            translation_key=key,
            entity_registry_enabled_default=False,
            exists_fn=_has_sd,
            press=PRESSES[key],
        )
        for key in ("sd_init", "sd_refresh", "sd_release")
    ),
)


@dataclass(frozen=True, kw_only=True)
class OctoPrintStopDescription(ButtonEntityDescription):
    """Describe a button that stops the printer at once."""

    stop_fn: Callable[[OctoPrintCoordinator, str], Awaitable[None]]


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
        stop_fn=async_quick_stop,
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
        device_class=ButtonDeviceClass.RESTART if is_restart else None,
        entity_registry_enabled_default=False,
        press=system_press(command),
    )


def describe(snapshot: Snapshot) -> Iterable[OctoPrintButtonDescription]:
    """Yield the buttons that the key may press and the server really offers."""
    for each in DESCRIPTIONS:
        if snapshot.server.user.may(each.press.permission) and each.exists_fn(snapshot):
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
    """Defines what all OctoPrint buttons share."""

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
        """Take what this printer's buttons wait for, but for those that are urgent."""
        super().__init__(coordinator, description)
        self._turn = None if description.press.is_urgent else turn

    @property
    @override
    def available(self) -> bool:
        """Return whether the printer's state and the key allow to press it."""
        return can_press(self.coordinator, self.entity_description.press)

    @override
    async def async_press(self) -> None:
        """Send the command, unless the printer's state has come to forbid it meanwhile."""
        await async_press(
            self.coordinator,
            self.entity_description.press,
            self.label,
            context=ACTING.get(),
        )


class OctoPrintControlButton(OctoPrintButton):
    """Defines a button for one of the user's own controls."""

    entity_description: OctoPrintControlDescription

    def __init__(
        self,
        coordinator: OctoPrintCoordinator,
        description: OctoPrintControlDescription,
        turn: asyncio.Lock,
    ) -> None:
        """Take what this printer's buttons wait for."""
        super().__init__(coordinator, description)
        self._turn = turn

    @property
    @override
    def available(self) -> bool:
        """Return whether the printer is connected, and OctoPrint has the control."""
        return can_press_control(self.coordinator, self.entity_description.control)

    @override
    async def async_press(self) -> None:
        """Do what pressing it in OctoPrint does."""
        await async_press_control(
            self.coordinator, self.entity_description.control, self.label
        )


class OctoPrintStopButton(OctoPrintButton):
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
