"""Support for OctoPrint buttons."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, override

from homeassistant.components.button import (
    ButtonDeviceClass,
    ButtonEntity,
    ButtonEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .api import OctoPrintClient, Snapshot, State
from .api.plugins import bed_level_visualizer
from .api.system import SystemCommand
from .coordinator import OctoPrintConfigEntry
from .entity import OctoPrintEntity, async_add_entities_when_known
from .helpers import async_refresh_or_raise, octoprint_command, refusal

PARALLEL_UPDATES = 1

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
    permission: str
    press_fn: Callable[[OctoPrintClient], Awaitable[Any]]


async def _home(axis: str, client: OctoPrintClient) -> None:
    await client.printer.home((axis,))


DESCRIPTIONS: tuple[OctoPrintButtonDescription, ...] = (
    OctoPrintButtonDescription(
        key="start",
        translation_key="start",
        available_fn=lambda x: x.state is State.OPERATIONAL and x.job.file is not None,
        permission="PRINT",
        press_fn=lambda x: x.job.start(),
    ),
    OctoPrintButtonDescription(
        key="pause",
        translation_key="pause",
        available_fn=lambda x: x.state in PAUSABLE_STATES,
        permission="PRINT",
        press_fn=lambda x: x.job.pause(),
    ),
    OctoPrintButtonDescription(
        key="resume",
        translation_key="resume",
        available_fn=lambda x: x.state is State.PAUSED,
        permission="PRINT",
        press_fn=lambda x: x.job.resume(),
    ),
    OctoPrintButtonDescription(
        key="cancel",
        translation_key="cancel",
        available_fn=lambda x: x.state in CANCELLABLE_STATES,
        permission="PRINT",
        press_fn=lambda x: x.job.cancel(),
    ),
    OctoPrintButtonDescription(
        key="restart",
        translation_key="restart",
        available_fn=lambda x: x.state is State.PAUSED,
        permission="PRINT",
        press_fn=lambda x: x.job.restart(),
    ),
    # OctoPrint would home during a pause, too, into what is being printed.
    OctoPrintButtonDescription(
        key="home",
        translation_key="home",
        available_fn=lambda x: x.state is State.OPERATIONAL,
        permission="CONTROL",
        press_fn=lambda x: x.printer.home(("x", "y", "z")),
    ),
    *(
        OctoPrintButtonDescription(
            key=f"home_{axis}",
            translation_key="home_axis",
            available_fn=lambda x: x.state is State.OPERATIONAL,
            entity_registry_enabled_default=False,
            permission="CONTROL",
            press_fn=partial(_home, axis),
            translation_placeholders={"axis": axis.upper()},
        )
        for axis in ("x", "y", "z")
    ),
)


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
        entity_category=EntityCategory.CONFIG,
        entity_registry_enabled_default=False,
        permission="SYSTEM",
        press_fn=lambda x: x.system.run(command),
    )


COLLECT_MESH = OctoPrintButtonDescription(
    key="collect_mesh",
    translation_key="collect_mesh",
    available_fn=lambda x: x.state is State.OPERATIONAL and not x.plugins.is_collecting,
    permission="CONTROL",
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
    yield from (each for each in DESCRIPTIONS if user.may(each.permission))
    yield from map(_describe_command, snapshot.server.commands)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OctoPrintConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up OctoPrint buttons based on a config entry."""
    async_add_entities_when_known(
        entry.runtime_data, async_add_entities, describe, OctoPrintButtonEntity
    )


class OctoPrintButtonEntity(OctoPrintEntity, ButtonEntity):
    """Defines an OctoPrint button."""

    entity_description: OctoPrintButtonDescription

    @property
    @override
    def available(self) -> bool:
        """Return whether the printer's state and the key allow to press it."""
        return (
            super().available
            and self.coordinator.may(self.entity_description.permission)
            and self.entity_description.available_fn(self.snapshot)
        )

    @override
    async def async_press(self) -> None:
        """Send the command, unless the printer's state has come to forbid it meanwhile."""
        await async_refresh_or_raise(self.coordinator)
        if not self.available:
            raise refusal(
                "button_not_offered", self.coordinator.name, command=self.label
            )
        async with octoprint_command(self.coordinator, self.label):
            await self.entity_description.press_fn(self.coordinator.client)

    @override
    def shows(self) -> object:
        """Return nothing more: a button has no state beside being available."""
        return None
