"""Changing the filament: heat, wait until the tool is hot, move the filament, cool again."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError

from .api import OctoPrintError, State
from .api.printer import Heater
from .const import DOMAIN
from .coordinator import OctoPrintCoordinator
from .heater import AT_TARGET

# Below it firmwares refuse to extrude, and filament would be ground off.
MIN_TEMPERATURE = 170.0

# A tool that cools down by more degrees than this while it moves filament has a fault.
COOLED = 15.0

# Firmwares refuse long moves, and a short one can still be stopped.
STEP = 25.0

# A paused print that goes on wants its own temperature.
GOING_ON = frozenset({State.PAUSED, State.PRINTING, State.RESUMING})


@dataclass(frozen=True, kw_only=True)
class FilamentMove:
    """What is asked for."""

    heater: str
    temperature: float
    length: float
    """Millimetres, negative to retract."""

    speed: float
    """Millimetres a minute."""

    timeout: float
    """Seconds to wait for the temperature."""


class FilamentChange:
    """Moves filament in or out of a tool, once."""

    def __init__(self, coordinator: OctoPrintCoordinator, move: FilamentMove) -> None:
        """Note what was before."""
        self._coordinator = coordinator
        self._move = move
        self._state = coordinator.data.state
        self._earlier = self._heater.target or 0.0
        self._is_told = False
        self._is_left_hot = False

    @property
    def _heater(self) -> Heater:
        found = self._coordinator.data.heaters.get(self._move.heater)
        return found or Heater(actual=None, target=None)

    async def async_run(self) -> None:
        """Do it, and set the earlier target again whatever happens."""
        try:
            await self._coordinator.client.printer.set_target(
                self._move.heater, self._move.temperature
            )
            await self._coordinator.async_after_command()
            await self._async_heat()
            await self._async_move()
        except BaseException as error:
            try:
                await self._async_restore()
            except OctoPrintError as err:
                self._is_left_hot = True
                if isinstance(error, HomeAssistantError):
                    raise self.error("filament_left_hot") from err
            raise
        await self._async_restore()

    async def _async_heat(self) -> None:
        """Wait until the tool is as hot as it was asked to be."""
        try:
            async with asyncio.timeout(self._move.timeout):
                await self._async_watch(self._is_hot)
        except TimeoutError as err:
            raise self.error("filament_not_hot") from err

    async def _async_move(self) -> None:
        """Move the filament, no quicker than the printer does."""
        left = abs(self._move.length)
        sign = 1 if self._move.length > 0 else -1
        while left > 0:
            step = min(STEP, left)
            left = round(left - step, 4)
            self._check()
            actual = self._heater.actual
            if actual is None or actual < self._move.temperature - COOLED:
                raise self.error("filament_cooled")
            await self._coordinator.client.printer.extrude(
                sign * step, self._move.speed
            )
            with suppress(TimeoutError):
                async with asyncio.timeout(step / self._move.speed * 60):
                    await self._async_watch(lambda: False)

    async def _async_restore(self) -> None:
        """Set the earlier target, unless somebody else has set another one meanwhile."""
        state = self._coordinator.data.state
        target = self._heater.target
        is_ours = target is None or self._is_asked(target) or target == self._earlier
        if not is_ours or not self._coordinator.data.is_connected:
            return
        # The target of a print that was cancelled meanwhile is nobody's any more.
        is_wanted = state is self._state or state in GOING_ON
        await self._coordinator.client.printer.set_target(
            self._move.heater, self._earlier if is_wanted else 0
        )

    def _is_hot(self) -> bool:
        actual = self._heater.actual
        return actual is not None and actual >= self._move.temperature - AT_TARGET

    def _is_asked(self, target: float) -> bool:
        """Return whether a target is the one that was asked for; firmwares round it."""
        return abs(target - self._move.temperature) < AT_TARGET

    def _check(self) -> None:
        """Raise an error where it cannot go on."""
        snapshot = self._coordinator.data
        if snapshot.state is not self._state:
            raise self.error("filament_state_changed")
        target = self._heater.target
        if target is None:
            return
        if self._is_asked(target):
            self._is_told = True
        elif self._is_told:
            raise self.error("filament_target_changed")

    async def _async_watch(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition holds, while it can go on."""
        changed = asyncio.Event()

        @callback
        def note() -> None:
            changed.set()

        remove = self._coordinator.async_add_listener(note)
        try:
            while True:
                self._check()
                if condition():
                    return
                changed.clear()
                await changed.wait()
        finally:
            remove()

    def error(self, key: str) -> HomeAssistantError:
        """Return the translated error, another one where the tool could not be cooled again."""
        actual = self._heater.actual
        return HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="filament_left_hot" if self._is_left_hot else key,
            translation_placeholders={
                "actual": "-" if actual is None else f"{actual:.0f}",
                "printer": self._coordinator.name,
                "temperature": f"{self._move.temperature:g}",
                "timeout": f"{self._move.timeout:g}",
            },
        )
