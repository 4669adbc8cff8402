"""Changing the filament: heat, wait until the tool is hot, move the filament, cool again.

Waiting takes minutes, and meanwhile somebody may start a print. So what is known is read
anew right before each command, and a print that was not there before owns its heaters.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError

from ..api import Heater, OctoPrintError
from ..coordinator import OctoPrintCoordinator
from ..model.heated import Heated, Observation, is_target, restored_target
from ..model.heaters import AT_TARGET
from .left_hot import async_tell_left_hot
from .observe import observe
from .refusals import failure

# Below it firmwares refuse to extrude, and filament would be ground off.
MIN_TEMPERATURE = 170.0

# A tool that cools down by more degrees than this while it moves filament has a fault.
COOLED = 15.0

# Firmwares refuse long moves, and a short one can still be stopped.
STEP = 25.0

# Seconds in which a report that was on its way may tell the target of before.
SETTLING = 5.0


@dataclass(frozen=True, kw_only=True)
class FilamentMove:
    """What is asked for."""

    heater: str
    temperature: float
    length: float
    """Millimeters, negative to retract."""

    speed: float
    """Millimeters per minute."""

    timeout: float
    """Seconds to wait for the temperature."""


class FilamentChange:
    """Moves filament in or out of a tool, once."""

    def __init__(
        self,
        coordinator: OctoPrintCoordinator,
        move: FilamentMove,
        before: Observation,
    ) -> None:
        """Take what to do, and what was observed before anything is done."""
        self._coordinator = coordinator
        self._move = move
        self._before = before
        self._last_print = coordinator.data.memory.last_print
        self._is_reported = False
        self._settled_at = float("inf")
        self._is_left_hot = False

    @property
    def _heater(self) -> Heater:
        found = self._coordinator.data.heaters.get(self._move.heater)
        return found or Heater(actual=None, target=None)

    async def async_run(self) -> None:
        """Do it, and restore the earlier target whatever happens.

        Raises HomeAssistantError where it had to be given up, and OctoPrintError where a
        command failed.
        """
        heated = Heated(
            heater=self._move.heater,
            temperature=self._move.temperature,
            earlier=self._before.heater.target or 0.0,
            file=self._before.file,
            print_time=self._before.print_time,
        )
        store = self._coordinator.store
        # Home Assistant may be killed at any moment after this.
        await store.async_note_heated(heated)
        try:
            await self._async_check()
            await self._coordinator.client.printer.set_target(
                self._move.heater, self._move.temperature
            )
            self._settled_at = monotonic() + SETTLING
            await self._coordinator.async_after_command()
            await self._async_heat()
            await self._async_move()
        except BaseException as error:
            try:
                await self._async_restore(heated)
            except OctoPrintError as err:
                self._tell_left_hot(heated)
                if isinstance(error, HomeAssistantError | OctoPrintError):
                    raise self.error("filament_left_hot") from err
            raise
        try:
            await self._async_restore(heated)
        except OctoPrintError as err:
            self._tell_left_hot(heated)
            raise self.error("filament_left_hot") from err

    async def _async_heat(self) -> None:
        """Wait until the tool is as hot as requested."""
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
            now = await self._async_check()
            if (
                now.heater.actual is None
                or now.heater.actual < self._move.temperature - COOLED
            ):
                raise self.error("filament_cooled")
            await self._coordinator.client.printer.extrude(
                sign * step, self._move.speed
            )
            with suppress(TimeoutError):
                async with asyncio.timeout(step / self._move.speed * 60):
                    await self._async_watch(lambda: False)

    async def _async_restore(self, heated: Heated) -> None:
        """Restore the target that is right by now, and forget that we heated.

        Raises OctoPrintError where that is not possible now; what was noted then stays.
        """
        now = await observe(self._coordinator.client, self._move.heater)
        has_printed = self._coordinator.data.memory.last_print is not self._last_print
        target = restored_target(heated, now, keeps_earlier=not has_printed)
        if target is not None:
            await self._coordinator.client.printer.set_target(self._move.heater, target)
        await self._coordinator.store.async_note_heated(None)

    def _tell_left_hot(self, heated: Heated) -> None:
        """Tell it also to those who did not perform the action; it is put right later."""
        self._is_left_hot = True
        coordinator = self._coordinator
        async_tell_left_hot(coordinator.hass, coordinator.config_entry, heated)

    def _is_hot(self) -> bool:
        actual = self._heater.actual
        return actual is not None and actual >= self._move.temperature - AT_TARGET

    async def _async_check(self) -> Observation:
        """Return what is so now, or raise an error where it cannot go on."""
        self._check()
        now = await observe(self._coordinator.client, self._move.heater)
        if not now.continues(self._before):
            raise self.error("filament_state_changed")
        self._check_target(now.heater.target)
        return now

    def _check(self) -> None:
        """Raise an error where what was pushed or polled says that it cannot go on."""
        if self._coordinator.data.state is not self._before.state:
            raise self.error("filament_state_changed")
        self._check_target(self._heater.target)

    def _check_target(self, target: float | None) -> None:
        """Raise an error where somebody else has set another target."""
        if target is None:
            return
        if is_target(target, self._move.temperature):
            self._is_reported = True
        elif monotonic() < self._settled_at:
            return
        elif self._is_reported or not is_target(
            target, self._before.heater.target or 0.0
        ):
            # Until ours is reported, it is the earlier one that still is.
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
                # What was told too early to count may be told no more, as nothing changes.
                early = self._settled_at - monotonic()
                with suppress(TimeoutError):
                    async with asyncio.timeout(
                        early if 0 < early <= SETTLING else None
                    ):
                        await changed.wait()
        finally:
            remove()

    def error(self, key: str) -> HomeAssistantError:
        """Return the translated error, another one where the tool could not be cooled again."""
        actual = self._heater.actual
        return failure(
            "filament_left_hot" if self._is_left_hot else key,
            self._coordinator,
            actual="-" if actual is None else f"{actual:.0f}",
            temperature=f"{self._move.temperature:g}",
            timeout=f"{self._move.timeout:g}",
        )
