"""What outlives a restart of Home Assistant: prints, heaters, what was told of them, and chosen.

All of it can be done without, so nothing in the file keeps a printer from being set up.
"""

from collections.abc import Mapping
from dataclasses import asdict
import sys
from time import monotonic
from typing import Any, override

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store

from ..api import Heater
from ..const import DOMAIN, LOGGER
from ..model.changes import Told
from ..model.comparing import all_but
from ..model.heated import Heated
from ..model.last_seen import LastSeen
from ..model.prints import Memory, RunningPrint
from .aside import ASIDE, move_aside, remove_aside, set_aside
from .stored import Kept, Reader, as_mapping, last_seen_to_dict, to_dict

# The minor version grows with each new field, which older readers pass over. The major
# one grows when a field changes its meaning; then `_migrated` makes the new of the old.
VERSION = 1
MINOR_VERSION = 6

SAVE_DELAY = 1

# How often the time of a running print is written out, in seconds of that time.
SAVE_EVERY = 300


class _VersionedStore(Store[dict[str, Any]]):
    """A file that is read whatever its version."""

    is_newer = False
    """Whether what was read was written by a newer version of this integration."""

    @override
    async def _async_migrate_func(
        self, old_major_version: int, old_minor_version: int, old_data: Any
    ) -> Any:
        """Return the data of another version as those of this one."""
        self.is_newer = (old_major_version, old_minor_version) > (
            VERSION,
            MINOR_VERSION,
        )
        if self.is_newer:
            # It is written again as soon as this returns.
            await self.hass.async_add_executor_job(set_aside, self.path)
        return _migrated(old_major_version, old_data)


class OctoPrintStore:
    """Keeps what was told and chosen of one printer in Home Assistant's storage."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Initialize the store."""
        self._hass = hass
        self._store = _VersionedStore(
            hass,
            VERSION,
            f"{DOMAIN}.{entry_id}",
            atomic_writes=True,
            max_readable_version=sys.maxsize,
            minor_version=MINOR_VERSION,
        )
        self.told: Told | None = None
        """None where nothing was kept before."""

        self.heated: Heated | None = None
        """What we heated and have to put right again, also after a restart."""

        self.last_seen: LastSeen | None = None
        """The temperatures that were told last."""

        self.cooling: str | None = None
        """The heater that was left hot, is switched off, and is to be told as cool."""

        self._values: dict[str, Kept] = {}
        """What was set by entities, by their keys."""

    @property
    def memory(self) -> Memory:
        """Return what was kept of prints and heaters."""
        return self.told.memory if self.told else Memory()

    async def async_load(self) -> None:
        """Read what was kept, as far as it can be read."""
        path = self._store.path
        try:
            data = await self._store.async_load()
        except Exception as err:  # noqa: BLE001
            # Whatever it is that Home Assistant cannot read, a printer is set up without it.
            await self._hass.async_add_executor_job(move_aside, path)
            LOGGER.warning(
                "Cannot read %s, so it is set aside as %s and begun anew: %s",
                path,
                path + ASIDE,
                repr(err),
            )
            return
        if not data:
            return
        unreadable: list[str] = []
        # Home Assistant passes on whatever the file holds.
        if (kept := as_mapping(data)) is None:
            unreadable.append("everything")
        else:
            reader = Reader(unreadable)
            self.told = reader.told(kept)
            self.heated = reader.heated(kept)
            self.last_seen = reader.last_seen(kept)
            self.cooling = reader.cooling(kept)
            self._values = reader.values(kept)
        if unreadable:
            await self._hass.async_add_executor_job(set_aside, path)
        if unreadable or self._store.is_newer:
            LOGGER.warning(
                "%s %s: a copy is kept as %s, and left out was %s",
                path,
                "was written by a newer version"
                if self._store.is_newer
                else "is not as it was written",
                path + ASIDE,
                ", ".join(unreadable) or "what this version does not know",
            )
            await self.async_save()

    @callback
    def async_keep(self, told: Told) -> None:
        """Keep what was told, writing it out when more than the clock has moved on."""
        previous, self.told = self.told, told
        if previous is None or _has_changed(previous, told):
            self._store.async_delay_save(self._to_dict, SAVE_DELAY)

    @callback
    def async_see(self, heaters: Mapping[str, Heater]) -> None:
        """Keep the temperatures that are told now."""
        previous = self.last_seen
        self.last_seen = LastSeen(heaters=heaters, at=monotonic())
        if self.last_seen.differs(previous):
            self._store.async_delay_save(self._to_dict, SAVE_DELAY)

    async def async_note_heated(self, heated: Heated | None) -> None:
        """Keep what is about to be heated, or that nothing is hot by us any more, at once."""
        if heated != self.heated:
            self.heated = heated
            await self._store.async_save(self._to_dict())

    @callback
    def async_note_cooling(self, heater: str | None) -> None:
        """Keep which heater was left hot and cools now, None where people need not be told."""
        self.cooling = heater
        self._store.async_delay_save(self._to_dict, SAVE_DELAY)

    def has_value(self, key: str) -> bool:
        """Return whether it is kept what an entity has set, be it nothing."""
        return key in self._values

    def value(self, key: str) -> Kept:
        """Return what an entity has set, None for nothing."""
        return self._values.get(key)

    @callback
    def async_set_value(self, key: str, value: Kept) -> None:
        """Keep what an entity has set, None for nothing."""
        if not self.has_value(key) or self._values[key] != value:
            self._values[key] = value
            self._store.async_delay_save(self._to_dict, SAVE_DELAY)

    async def async_save(self) -> None:
        """Write it now, with the clock of a running print."""
        if self.told is not None or self.heated is not None or self._values:
            await self._store.async_save(self._to_dict())

    def _to_dict(self) -> dict[str, Any]:
        data = {} if self.told is None else to_dict(self.told)
        if self.heated is not None:
            data["heated"] = asdict(self.heated)
        if self.cooling is not None:
            data["cooling"] = self.cooling
        if self.last_seen is not None:
            data["last_seen"] = last_seen_to_dict(self.last_seen)
        if self._values:
            data["values"] = dict(self._values)
        return data

    async def async_remove(self) -> None:
        """Forget everything."""
        await self._store.async_remove()
        await self._hass.async_add_executor_job(remove_aside, self._store.path)


def _migrated(major_version: int, data: Any) -> Any:
    """Return the data of another major version as those of this one; there is none yet."""
    return data


def _has_changed(one: Told, other: Told) -> bool:
    """Return whether more than the clock of a running print differs, or that by minutes."""
    before, after = one.memory, other.memory
    return (
        _TOLD(one) != _TOLD(other)
        or _MEMORY(before) != _MEMORY(after)
        or _facts(before.running) != _facts(after.running)
    )


def _facts(running: RunningPrint | None) -> tuple[object, ...] | None:
    """Return a running print without what moves on all the time."""
    if running is None:
        return None
    return _RUNNING(running), running.print_time // SAVE_EVERY


_TOLD = all_but(Told, "memory", "reason")
_MEMORY = all_but(Memory, "running")
_RUNNING = all_but(RunningPrint, "finish_at", "print_time")
