"""Support for OctoPrint selects: what the next connection uses, the active tool, and more."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .api import TIMELAPSE_OFF, ConnectionOptions, Permission, State, action_command
from .commands.connect import AUTO_BAUDRATE, AUTO_PORT
from .commands.everything import require_meant
from .commands.move import async_select_tool
from .commands.prompt import async_answer_prompt, choice_names
from .commands.rights import ACTING
from .commands.timelapse import PERMISSIONS, TYPES, async_set_timelapse
from .coordinator import OctoPrintConfigEntry
from .entity import (
    OctoPrintControlEntity,
    OctoPrintKeptEntity,
    async_add_entities_when_known,
)
from .model.snapshot import Snapshot
from .sensor import MAX_STATE_LENGTH
from .sync.stored import Kept

# The base entity keeps the order, for each entity by itself.
PARALLEL_UPDATES = 0

AUTO = "auto"
PREFERRED = "preferred"


@dataclass(frozen=True, kw_only=True)
class OctoPrintChoiceDescription(SelectEntityDescription):
    """Describe a choice for the next connection."""

    values_fn: Callable[[ConnectionOptions], Mapping[str, int | str]]
    """What is sent, by what is shown."""


def _ports(options: ConnectionOptions) -> Mapping[str, int | str]:
    return {AUTO: AUTO_PORT} | {
        port: port for port in options.ports if port != AUTO_PORT
    }


def _baudrates(options: ConnectionOptions) -> Mapping[str, int | str]:
    return {AUTO: AUTO_BAUDRATE} | {
        str(rate): rate for rate in options.baudrates if rate != AUTO_BAUDRATE
    }


def _profiles(options: ConnectionOptions) -> Mapping[str, int | str]:
    """Return the ids of the profiles by name, where a name stands for just one."""
    names = [name for _, name in options.printer_profiles]
    return {
        name
        if names.count(name) == 1 and name != PREFERRED
        else f"{name} ({each})": each
        for each, name in options.printer_profiles
    }


CHOICES: tuple[OctoPrintChoiceDescription, ...] = (
    OctoPrintChoiceDescription(
        key="port",
        translation_key="port",
        entity_registry_enabled_default=False,
        values_fn=_ports,
    ),
    OctoPrintChoiceDescription(
        key="baudrate",
        translation_key="baudrate",
        entity_registry_enabled_default=False,
        values_fn=_baudrates,
    ),
    OctoPrintChoiceDescription(
        key="printer_profile",
        translation_key="printer_profile",
        entity_registry_enabled_default=False,
        values_fn=_profiles,
    ),
)

TOOL = SelectEntityDescription(key="tool", translation_key="tool")


def describe_choices(snapshot: Snapshot) -> Iterable[OctoPrintChoiceDescription]:
    """Yield what a key that may connect can choose."""
    return CHOICES if snapshot.server.user.may(Permission.CONNECTION) else ()


def describe_tool(snapshot: Snapshot) -> Iterable[SelectEntityDescription]:
    """Yield the choice of the active tool, where there is one to make."""
    profile, user = snapshot.profile, snapshot.server.user
    if profile and profile.extruder_count > 1 and user.may(Permission.CONTROL):
        yield TOOL


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OctoPrintConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up OctoPrint selects based on a config entry."""
    async_add_entities_when_known(
        entry.runtime_data, async_add_entities, describe_choices, OctoPrintChoiceSelect
    )
    async_add_entities_when_known(
        entry.runtime_data, async_add_entities, describe_tool, OctoPrintToolSelect
    )
    async_add_entities_when_known(
        entry.runtime_data,
        async_add_entities,
        describe_timelapse,
        OctoPrintTimelapseSelect,
    )
    async_add_entities_when_known(
        entry.runtime_data, async_add_entities, describe_prompt, OctoPrintPromptSelect
    )


class OctoPrintChoiceSelect(OctoPrintKeptEntity, SelectEntity):
    """Defines what the next connection uses; choosing sends nothing."""

    entity_description: OctoPrintChoiceDescription

    @property
    def values(self) -> dict[str, Kept]:
        """Return what can be chosen now, and what was, also while that is not there."""
        values: dict[str, Kept] = {PREFERRED: None}
        options = self.snapshot.connection.options
        values |= self.entity_description.values_fn(options)
        if self.kept not in values.values():
            values[str(self.kept)] = self.kept
        return values

    @property
    @override
    def available(self) -> bool:
        """Return whether the server answers and the key may connect."""
        return super().available and self.coordinator.may(Permission.CONNECTION)

    @property
    @override
    def options(self) -> list[str]:
        """Return what can be chosen."""
        return list(self.values)

    @property
    @override
    def current_option(self) -> str | None:
        """Return what is chosen."""
        found = (name for name, value in self.values.items() if value == self.kept)
        return next(found, None)

    @override
    async def async_select_option(self, option: str) -> None:
        """Choose what the next connection uses."""
        require_meant()
        self.async_keep(self.values[option])
        self._handle_coordinator_update()

    @override
    def shows(self) -> object:
        """Return all that the state is made of."""
        return self.current_option, self.options


class OctoPrintToolSelect(OctoPrintKeptEntity, SelectEntity):
    """Defines the active tool, which no printer tells back."""

    _attr_assumed_state = True

    @property
    @override
    def available(self) -> bool:
        """Return whether no print would go on with another tool than before."""
        return (
            super().available
            and self.coordinator.may(Permission.CONTROL)
            and self.snapshot.state is State.OPERATIONAL
        )

    @property
    @override
    def options(self) -> list[str]:
        """Return the tools under OctoPrint's names, and the active one whatever it is."""
        tools, active = self.tools, self.current_option
        return tools if active is None or active in tools else [*tools, active]

    @property
    def tools(self) -> list[str]:
        """Return the tools that the printer's profile has."""
        profile = self.snapshot.profile
        return [
            f"tool{each}" for each in range(profile.extruder_count if profile else 0)
        ]

    @property
    @override
    def current_option(self) -> str | None:
        """Return the tool that was made the active one last."""
        tool = self.snapshot.active_tool
        return None if tool is None else f"tool{tool}"

    @override
    async def async_added_to_hass(self) -> None:
        """Take up what was active before Home Assistant restarted."""
        await super().async_added_to_hass()
        tool = self.kept
        is_known = self.snapshot.active_tool is not None
        if self.available and not is_known and isinstance(tool, int):
            self.coordinator.async_note_tool(tool)

    @override
    async def async_select_option(self, option: str) -> None:
        """Make a tool the active one, unless a print has begun meanwhile."""
        await async_select_tool(
            self.coordinator, int(option.removeprefix("tool")), label=self.label
        )

    @override
    def shows(self) -> object:
        """Return all that the state is made of."""
        return self.current_option, self.options


TIMELAPSE = SelectEntityDescription(
    key="timelapse",
    translation_key="timelapse",
)


def describe_timelapse(snapshot: Snapshot) -> Iterable[SelectEntityDescription]:
    """Yield the selects that the key may use."""
    if snapshot.server.timelapse and all(map(snapshot.server.user.may, PERMISSIONS)):
        yield TIMELAPSE


class OctoPrintTimelapseSelect(OctoPrintControlEntity, SelectEntity):
    """Defines the select of how prints are recorded."""

    @property
    @override
    def available(self) -> bool:
        """Return whether timelapses are switched on, and the key may set them."""
        return (
            super().available
            and self.snapshot.server.timelapse is not None
            and all(map(self.coordinator.may, PERMISSIONS))
        )

    @property
    @override
    def current_option(self) -> str | None:
        """Return how prints are recorded."""
        config = self.snapshot.server.timelapse
        return config.type[:MAX_STATE_LENGTH] if config else None

    @property
    @override
    def options(self) -> list[str]:
        """Return the ways of recording, and the one in use where a plugin brought it."""
        return list(dict.fromkeys((*TYPES, self.current_option or TIMELAPSE_OFF)))

    @override
    async def async_select_option(self, option: str) -> None:
        """Record prints like that from now on, with what else was set."""
        await async_set_timelapse(
            self.coordinator,
            option,
            label=self.label,
            context=ACTING.get(),
        )

    @override
    def shows(self) -> object:
        """Return all that the state is made of."""
        return self.current_option, self.options


PROMPT = SelectEntityDescription(key="prompt", translation_key="prompt")


def describe_prompt(snapshot: Snapshot) -> Iterable[SelectEntityDescription]:
    """Yield the selects that the server has and the key may use."""
    server = snapshot.server
    if action_command.PROMPT_PLUGIN in server.installed and server.user.may(
        Permission.PLUGIN_ACTION_COMMAND_PROMPT_INTERACT
    ):
        yield PROMPT


class OctoPrintPromptSelect(OctoPrintControlEntity, SelectEntity):
    """Defines the answer to a question of the printer."""

    _attr_current_option = None

    @property
    def prompt(self) -> action_command.Prompt | None:
        """Return the question."""
        return self.snapshot.plugins.prompt

    @property
    @override
    def available(self) -> bool:
        """Return whether there is a question that can be answered."""
        return (
            super().available
            and self.coordinator.may(Permission.PLUGIN_ACTION_COMMAND_PROMPT_INTERACT)
            and self.prompt is not None
            and bool(self.prompt.choices)
        )

    @property
    @override
    def options(self) -> list[str]:
        """Return the answers."""
        return choice_names(self.prompt) if self.prompt else []

    @property
    @override
    def extra_state_attributes(self) -> dict[str, str] | None:
        """Return the question's text."""
        return {"question": self.prompt.text} if self.prompt else None

    @override
    async def async_select_option(self, option: str) -> None:
        """Answer the question."""
        await async_answer_prompt(self.coordinator, option, self.label)

    @override
    def shows(self) -> object:
        """Return all that the state is made of."""
        return self.prompt
