"""Support for OctoPrint numbers: temperature offsets, flow rate and feed rate."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import override

from homeassistant.components.number import (
    NumberDeviceClass,
    NumberEntity,
    NumberEntityDescription,
    NumberMode,
)
from homeassistant.const import UnitOfRatio, UnitOfTemperature
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .api import Heater
from .commands.firmware import async_set_feed_rate, async_set_flow_rate
from .commands.heat import async_set_offset
from .coordinator import OctoPrintConfigEntry, OctoPrintCoordinator
from .entity import (
    PERMISSION,
    OctoPrintAssumedEntity,
    OctoPrintControlEntity,
    async_add_entities_when_known,
)
from .model.heaters import settable_heaters
from .model.snapshot import Snapshot

# The base entity keeps the order, for each entity by itself.
PARALLEL_UPDATES = 0

# OctoPrint's own limit, either way.
MAX_OFFSET = 50


@dataclass(frozen=True, kw_only=True)
class OctoPrintOffsetDescription(NumberEntityDescription):
    """Describe the offset of a heater."""

    heater: str
    """OctoPrint's name: tool0, bed, chamber."""


@dataclass(frozen=True, kw_only=True)
class OctoPrintRateDescription(NumberEntityDescription):
    """Describe a rate."""

    set_fn: Callable[[OctoPrintCoordinator, float, str], Awaitable[None]]


# The ranges of the sliders in OctoPrint's own interface.
RATES: tuple[OctoPrintRateDescription, ...] = (
    OctoPrintRateDescription(
        key="feed_rate",
        translation_key="feed_rate",
        native_max_value=200,
        native_min_value=10,
        native_step=1,
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        set_fn=async_set_feed_rate,
    ),
    OctoPrintRateDescription(
        key="flow_rate",
        translation_key="flow_rate",
        native_max_value=125,
        native_min_value=75,
        native_step=1,
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        set_fn=async_set_flow_rate,
    ),
)


def describe_offsets(snapshot: Snapshot) -> Iterable[OctoPrintOffsetDescription]:
    """Yield the heaters that the printer has now and the key may set."""
    if not snapshot.server.user.may(PERMISSION):
        return
    for heater in settable_heaters(snapshot):
        if heater.name == "chamber" and not snapshot.server.server.is_at_least(1, 11):
            # OctoPrint keeps it, and leaves the targets of files as they are.
            continue
        yield OctoPrintOffsetDescription(
            key=f"{heater.name}_offset",
            translation_key=f"{heater.translation_key}_offset",
            device_class=NumberDeviceClass.TEMPERATURE_DELTA,
            entity_registry_enabled_default=False,
            heater=heater.name,
            native_max_value=MAX_OFFSET,
            native_min_value=-MAX_OFFSET,
            native_step=1,
            native_unit_of_measurement=UnitOfTemperature.CELSIUS,
            translation_placeholders={"number": heater.number},
        )


def describe_rates(snapshot: Snapshot) -> Iterable[OctoPrintRateDescription]:
    """Yield the rates that the key may set."""
    return RATES if snapshot.server.user.may(PERMISSION) else ()


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OctoPrintConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up OctoPrint numbers based on a config entry."""
    async_add_entities_when_known(
        entry.runtime_data, async_add_entities, describe_offsets, OctoPrintOffsetEntity
    )
    async_add_entities_when_known(
        entry.runtime_data, async_add_entities, describe_rates, OctoPrintRateEntity
    )


class OctoPrintOffsetEntity(OctoPrintControlEntity, NumberEntity):
    """Defines what is added to a heater's targets."""

    # A slider is moved by a thumb that scrolls, and changes a print.
    _attr_mode = NumberMode.BOX

    entity_description: OctoPrintOffsetDescription

    @property
    def heater(self) -> Heater | None:
        """Return the heater, None while the printer does not report it."""
        return self.snapshot.heaters.get(self.entity_description.heater)

    @property
    @override
    def available(self) -> bool:
        """Return whether the printer is on and the key may set the heater."""
        return (
            super().available
            and self.heater is not None
            and self.coordinator.may(PERMISSION)
        )

    @property
    @override
    def native_value(self) -> float | None:
        """Return the offset in degrees Celsius."""
        return self.heater.offset if self.heater else None

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Set the offset."""
        await async_set_offset(
            self.coordinator, self.entity_description.heater, value, self.label
        )

    @override
    def shows(self) -> object:
        """Return all that the state is made of."""
        return self.native_value


class OctoPrintRateEntity(OctoPrintAssumedEntity, NumberEntity):
    """Defines a rate in percent, which no printer tells back."""

    _attr_mode = NumberMode.BOX
    entity_description: OctoPrintRateDescription

    @property
    @override
    def native_value(self) -> float | None:
        """Return the rate in percent, None until it was set."""
        return self.sent

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Set the rate."""
        await self.entity_description.set_fn(self.coordinator, value, self.label)
        self.async_note(value)
