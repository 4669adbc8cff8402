"""Support for OctoPrint heaters as climate entities."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.climate import (
    ATTR_HVAC_MODE,
    ClimateEntity,
    ClimateEntityDescription,
    ClimateEntityFeature,
    HVACAction,
    HVACMode,
)
from homeassistant.const import ATTR_TEMPERATURE, UnitOfTemperature
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .api import Heater, Permission
from .commands.heat import async_set_target
from .commands.refusals import refusal
from .coordinator import OctoPrintConfigEntry, OctoPrintCoordinator
from .entity import OctoPrintControlEntity, async_add_entities_when_known
from .model.heaters import AT_TARGET, settable_heaters
from .model.snapshot import Snapshot

# The base entity keeps the order, for each heater by itself.
PARALLEL_UPDATES = 0

PERMISSION = Permission.CONTROL


@dataclass(frozen=True, kw_only=True)
class OctoPrintClimateDescription(ClimateEntityDescription):
    """Describe a heater."""

    heater: str
    """OctoPrint's name: tool0, bed, chamber."""


def describe(snapshot: Snapshot) -> Iterable[OctoPrintClimateDescription]:
    """Yield the heaters that the printer has now and the key may set."""
    if not snapshot.server.user.may(PERMISSION):
        return
    for heater in settable_heaters(snapshot):
        yield OctoPrintClimateDescription(
            key=heater.name,
            heater=heater.name,
            translation_key=heater.translation_key,
            translation_placeholders={"number": heater.number},
        )


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OctoPrintConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up OctoPrint heaters based on a config entry."""
    async_add_entities_when_known(
        entry.runtime_data, async_add_entities, describe, OctoPrintClimateEntity
    )


class OctoPrintClimateEntity(OctoPrintControlEntity, ClimateEntity):
    """Defines a heater: a tool, the bed or the chamber."""

    _attr_hvac_modes = [HVACMode.OFF, HVACMode.HEAT]
    _attr_target_temperature_step = 1.0
    # From 2026.11 on the native unit is read, before it the other.
    _attr_native_temperature_unit = UnitOfTemperature.CELSIUS
    _attr_temperature_unit = UnitOfTemperature.CELSIUS

    entity_description: OctoPrintClimateDescription

    def __init__(
        self,
        coordinator: OctoPrintCoordinator,
        description: OctoPrintClimateDescription,
    ) -> None:
        """Initialize the heater."""
        super().__init__(coordinator, description)
        self._attr_min_temp = 0.0
        self._attr_max_temp = coordinator.max_temp(description.heater)

    @property
    def heater(self) -> Heater | None:
        """Return the temperatures, None while the printer does not report them."""
        if not self.coordinator.last_update_success:
            return None
        return self.snapshot.heaters.get(self.entity_description.heater)

    @property
    def presets(self) -> dict[str, float]:
        """Return the user's own OctoPrint temperature profiles for this heater."""
        presets: dict[str, float] = {}
        settings = self.snapshot.server.settings
        for profile in settings.temperature_profiles if settings else ():
            target = profile.target(self.entity_description.heater)
            if target and target <= self._attr_max_temp:
                presets.setdefault(profile.name, target)
        return presets

    @property
    @override
    def available(self) -> bool:
        """Return whether the printer is on and the key may set the heater.

        After a poll that failed it stays, and just its temperatures are unknown: Home Assistant
        skips what is unavailable without a word, and a heater that cannot be switched off has to
        be told.
        """
        return (
            self.entity_description.heater in self.snapshot.heaters
            and self.coordinator.may(PERMISSION)
        )

    @property
    @override
    def supported_features(self) -> ClimateEntityFeature:
        """Return what the heater can do; presets only where OctoPrint has some.

        That it can be turned on and off is not said: "everything off" would cool a print.
        """
        features = ClimateEntityFeature.TARGET_TEMPERATURE
        if self.presets:
            features |= ClimateEntityFeature.PRESET_MODE
        return features

    @property
    def native_current_temperature(self) -> float | None:
        """Return the actual temperature in degrees Celsius."""
        if self.heater is None or self.heater.actual is None:
            return None
        return round(self.heater.actual, 1)

    @property
    def native_target_temperature(self) -> float | None:
        """Return the target in degrees Celsius."""
        return self.heater.target if self.heater else None

    current_temperature = native_current_temperature
    target_temperature = native_target_temperature

    @property
    @override
    def hvac_mode(self) -> HVACMode | None:
        """Return whether the heater is on, None where the firmware does not say."""
        if (target := self.native_target_temperature) is None:
            return None
        return HVACMode.HEAT if target > 0 else HVACMode.OFF

    @property
    @override
    def hvac_action(self) -> HVACAction | None:
        """Return whether it heats up or keeps its temperature."""
        target = self.native_target_temperature
        actual = self.native_current_temperature
        if target is None:
            return None
        if target <= 0:
            return HVACAction.OFF
        if actual is None:
            return None
        return HVACAction.HEATING if actual < target - AT_TARGET else HVACAction.IDLE

    @property
    @override
    def preset_modes(self) -> list[str] | None:
        """Return the names of the temperature profiles, in OctoPrint's order."""
        return list(self.presets) or None

    @property
    @override
    def preset_mode(self) -> str | None:
        """Return the temperature profile whose temperature is set."""
        target = self.native_target_temperature
        return next(
            (name for name, preset in self.presets.items() if preset == target),
            None,
        )

    @override
    async def async_set_temperature(self, **kwargs: Any) -> None:
        """Set the target, which also switches the heater on."""
        if kwargs.get(ATTR_HVAC_MODE) == HVACMode.OFF:
            await self._async_set_target(0)
        elif (temperature := kwargs.get(ATTR_TEMPERATURE)) is not None:
            await self._async_set_target(temperature)

    @override
    async def async_set_preset_mode(self, preset_mode: str) -> None:
        """Heat to the temperature of a profile."""
        await self._async_set_target(self.presets[preset_mode])

    @override
    async def async_set_hvac_mode(self, hvac_mode: HVACMode) -> None:
        """Switch the heater on or off."""
        if hvac_mode == HVACMode.OFF:
            await self._async_set_target(0)
        elif not self.native_target_temperature:
            await self._async_set_target(self._usual_target())

    def _usual_target(self) -> float:
        """Return the last target, else the first profile's: no temperature is made up."""
        last = self.snapshot.memory.last_targets.get(self.entity_description.heater)
        for target in (last, *self.presets.values()):
            if target is not None and target <= self._attr_max_temp:
                return target
        raise refusal("no_usual_target", self.coordinator.name, heater=self.label)

    async def _async_set_target(self, target: float) -> None:
        await async_set_target(
            self.coordinator, self.entity_description.heater, target, self.label
        )

    @override
    def shows(self) -> object:
        """Return all that the state is made of."""
        return (
            self.native_current_temperature,
            self.native_target_temperature,
            self.presets,
        )
