"""Base entity of OctoPrint Plus."""

from abc import abstractmethod
import asyncio
from collections.abc import Callable, Coroutine, Iterable
from contextlib import nullcontext
from typing import Any, cast, override

from homeassistant.const import EntityCategory
from homeassistant.core import Context, callback
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.restore_state import RestoreEntity
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .api import Permission
from .commands.everything import OnAllError, async_begin_command, async_end_command
from .commands.rights import ACTING
from .const import LOGGER
from .coordinator import OctoPrintCoordinator
from .device import device_info
from .model.snapshot import Snapshot
from .sync.stored import Kept


class OctoPrintEntity(CoordinatorEntity[OctoPrintCoordinator]):
    """Defines an entity of a printer."""

    _attr_has_entity_name = True

    _shown: object = None
    """What the state last written was made of."""

    def __init__(
        self, coordinator: OctoPrintCoordinator, description: EntityDescription
    ) -> None:
        """Initialize the entity."""
        super().__init__(coordinator)
        self.entity_description = description
        self._attr_device_info = device_info(coordinator.config_entry, coordinator.data)
        self._attr_unique_id = f"{coordinator.instance_id}_{description.key}"

    @property
    def snapshot(self) -> Snapshot:
        """Return all that is known of the printer."""
        return self.coordinator.data

    @property
    def label(self) -> str:
        """Return what people call this entity, for errors."""
        return self.name if isinstance(self.name, str) else self.entity_description.key

    @abstractmethod
    def shows(self) -> object:
        """Return all that the entity's state is made of, to see whether it changed."""

    @override
    async def async_added_to_hass(self) -> None:
        """Note what the first state is made of."""
        await super().async_added_to_hass()
        self._shown = self._all_shown()

    def _all_shown(self) -> tuple[bool, object]:
        return (True, self.shows()) if self.available else (False, None)

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write the state, but only if it changed: most snapshots change little."""
        shows = self._all_shown()
        if shows != self._shown:
            self._shown = shows
            self.async_write_ha_state()


# Home Assistant leaves entities with a category out when a device, an area or a floor is the
# target, and never exposes them by itself. Pressed blindly, these do no harm.
PRIMARY_CONTROLS = frozenset({"toggle"})


class OctoPrintControlEntity(OctoPrintEntity):
    """Defines an entity that makes the printer or the server do something."""

    _turn: asyncio.Lock | None
    """What commands wait for that have to arrive in order, None for those that must not wait."""

    def __init__(
        self, coordinator: OctoPrintCoordinator, description: EntityDescription
    ) -> None:
        """Keep it from being reached by accident, and its commands in order."""
        super().__init__(coordinator, description)
        self._attr_entity_category = (
            None if description.key in PRIMARY_CONTROLS else EntityCategory.CONFIG
        )
        # A lock for the whole platform would let heaters wait for each other.
        self._turn = asyncio.Lock()

    @callback
    @override
    def async_set_context(self, context: Context) -> None:
        """Note whose command comes next, and whether it is on everything."""
        super().async_set_context(context)
        ACTING.set(context)
        async_begin_command(self.hass, context, self.platform.domain)

    @override
    async def async_request_call[T](self, coro: Coroutine[Any, Any, T]) -> T:
        """Run an action on this entity when the ones before it are done.

        One on everything (`entity_id: all`) is left out, as others leave out controls.
        """
        # A call that a listener makes is announced only after that listener has returned.
        await asyncio.sleep(0)
        try:
            async with self._turn or nullcontext():
                return await super().async_request_call(coro)
        except OnAllError:
            LOGGER.info("%s is left out of an action on everything", self.entity_id)
            return cast("T", None)
        finally:
            async_end_command()


@callback
def async_add_entities_when_known[D: EntityDescription](
    coordinator: OctoPrintCoordinator,
    async_add_entities: AddConfigEntryEntitiesCallback,
    describe: Callable[[Snapshot], Iterable[D]],
    create: Callable[[OctoPrintCoordinator, D], Entity],
) -> None:
    """Add entities for what the printer has now, and for what it turns out to have later."""
    known: set[str] = set()

    @callback
    def add_new() -> None:
        found = [
            description
            for description in describe(coordinator.data)
            if description.key not in known
        ]
        if found:
            known.update(description.key for description in found)
            async_add_entities(create(coordinator, each) for each in found)

    add_new()
    coordinator.config_entry.async_on_unload(coordinator.async_watch_existing(add_new))


PERMISSION = Permission.CONTROL


class OctoPrintSendingEntity(OctoPrintEntity):
    """Defines an entity that sends to a connected printer."""

    @property
    @override
    def available(self) -> bool:
        """Return whether the printer is connected and the key may control it."""
        return (
            super().available
            and self.snapshot.is_connected
            and self.coordinator.may(PERMISSION)
        )


class OctoPrintKeptEntity(OctoPrintControlEntity, RestoreEntity):
    """Defines an entity whose value nothing else tells, so that it is kept over restarts."""

    @property
    def kept(self) -> Kept:
        """Return what was set last, None where nothing was, or nobody knows what holds."""
        return self.coordinator.store.value(self.entity_description.key)

    @override
    async def async_added_to_hass(self) -> None:
        """Take over what versions up to 0.2 left to Home Assistant to restore."""
        if not self.coordinator.store.has_value(self.entity_description.key):
            last = await self.async_get_last_extra_data()
            value = next(iter(last.as_dict().values()), None) if last else None
            self.async_keep(int(value) if isinstance(value, bool) else value)
        await super().async_added_to_hass()

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Forget what was set where the entity has been disabled."""
        await super().async_will_remove_from_hass()
        if self.registry_entry and self.registry_entry.disabled:
            self.coordinator.async_forget_disabled()

    @callback
    def async_keep(self, value: Kept) -> None:
        """Keep what was set."""
        self.coordinator.store.async_set_value(self.entity_description.key, value)


class OctoPrintAssumedEntity(OctoPrintSendingEntity, OctoPrintKeptEntity):
    """Defines an entity that knows only what it sent last."""

    _attr_assumed_state = True

    @property
    def sent(self) -> float | None:
        """Return what was sent last, None where nobody knows what holds."""
        kept = self.kept
        return kept if isinstance(kept, int | float) else None

    @override
    async def async_added_to_hass(self) -> None:
        """Go on with what was sent before a restart, unless the printer is off now."""
        await super().async_added_to_hass()
        if not self.snapshot.is_connected:
            self.async_keep(None)

    @callback
    def async_note(self, sent: float) -> None:
        """Show what was just sent."""
        self.async_keep(sent)
        self._handle_coordinator_update()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Forget what was sent once the printer is off: nobody knows what it comes up with."""
        if not self.snapshot.is_connected:
            self.async_keep(None)
        super()._handle_coordinator_update()

    @override
    def shows(self) -> object:
        """Return all that the state is made of."""
        return self.sent
