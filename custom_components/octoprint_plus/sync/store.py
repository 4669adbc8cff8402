"""What outlives a restart of Home Assistant: prints, heaters, and what was told of them.

It is read leniently: a field that cannot be read is left out, all others are kept. The
file is a cache of no great importance, so nothing in it keeps a printer from being set up.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
import sys
from time import monotonic
from typing import Any, override

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from ..api import MAX_SENSORS, Heater, JobFile, PrintResult, number, seconds
from ..const import DOMAIN, LOGGER
from ..model.changes import Told
from ..model.heated import Heated
from ..model.prints import LastPrint, Memory, RunningPrint
from .aside import ASIDE, move_aside, remove_aside, set_aside
from .last_seen import LastSeen, dumped, loaded

# The minor version grows with each new field, which older readers pass over. The major
# one grows when a field changes its meaning; then `_migrated` makes the new of the old.
VERSION = 1
MINOR_VERSION = 5

SAVE_DELAY = 1

# How often the time of a running print is written out, in seconds of that time.
SAVE_EVERY = 300

# Other years come from clocks that were never set, and some of them fit in no time zone.
YEARS = range(2000, 2200)

# Degrees Celsius that no heater of a printer is set to.
HOTTEST = 1000

# JSON as Home Assistant writes it holds no larger ones.
LARGEST_INTEGER = 2**63 - 1


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
    """Keeps what was told of one printer in Home Assistant's storage."""

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
        if (kept := _mapping(data)) is None:
            unreadable.append("everything")
        else:
            reader = _Reader(unreadable)
            self.told = reader.told(kept)
            self.heated = reader.heated(kept)
            self.last_seen = reader.last_seen(kept)
            self.cooling = reader.cooling(kept)
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

    async def async_save(self) -> None:
        """Write it now, with the clock of a running print."""
        if self.told is not None or self.heated is not None:
            await self._store.async_save(self._to_dict())

    def _to_dict(self) -> dict[str, Any]:
        data = {} if self.told is None else _to_dict(self.told)
        if self.heated is not None:
            data["heated"] = asdict(self.heated)
        if self.cooling is not None:
            data["cooling"] = self.cooling
        if self.last_seen is not None:
            data["last_seen"] = dumped(self.last_seen)
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
        before.last_print != after.last_print
        or before.last_targets != after.last_targets
        or before.heaters != after.heaters
        or before.sensors != after.sensors
        or one.is_connected is not other.is_connected
        or one.errors != other.errors
        or one.prompt != other.prompt
        or _facts(before.running) != _facts(after.running)
    )


def _facts(running: RunningPrint | None) -> tuple[object, ...] | None:
    """Return a running print without what moves on all the time."""
    if running is None:
        return None
    return (
        running.file,
        running.started_at,
        running.at_end,
        running.completed,
        running.cancelled,
        running.failed,
        running.paused,
        running.print_time // SAVE_EVERY,
    )


def _to_dict(told: Told) -> dict[str, Any]:
    memory = told.memory
    data: dict[str, Any] = {
        "connected": told.is_connected,
        "errors": sorted(told.errors),
        "heaters": sorted(memory.heaters),
        "last_targets": dict(memory.last_targets),
        "prompt": None if told.prompt is None else list(told.prompt),
        "sensors": sorted(memory.sensors),
    }
    if running := memory.running:
        data["running"] = {
            "file": {
                "name": running.file.name,
                "origin": running.file.origin,
                "path": running.file.path,
                "size": _size(running.file.size),
            },
            "cancelled": running.cancelled,
            "at_end": running.at_end,
            "completed": running.completed,
            "failed": running.failed,
            "finish_at": running.finish_at and running.finish_at.isoformat(),
            "paused": running.paused,
            "print_time": running.print_time,
            "started_at": running.started_at.isoformat(),
        }
    if last_print := memory.last_print:
        data["last_print"] = {
            "ended_at": last_print.ended_at.isoformat(),
            "name": last_print.name,
            "print_time": last_print.print_time,
            "result": last_print.result,
        }
    return data


def _from_dict(data: Mapping[str, Any]) -> Told:
    """Return what was kept, as far as it can be read."""
    return _Reader([]).told(data)


class _Reader:
    """Reads what was kept, field by field, and notes what cannot be read."""

    def __init__(self, unreadable: list[str]) -> None:
        """Take the list for the names of the fields that are left out."""
        self.unreadable = unreadable

    def told(self, data: Mapping[str, Any]) -> Told:
        """Read all of it."""
        return Told(
            memory=Memory(
                heaters=frozenset(self._texts(data, "heaters") or ()),
                sensors=frozenset((self._texts(data, "sensors") or ())[:MAX_SENSORS]),
                last_targets=self._targets(data),
                running=self._read(data, "running", self._running),
                last_print=self._read(data, "last_print", self._last_print),
            ),
            is_connected=self._read(data, "connected", _flag),
            errors=frozenset(self._texts(data, "errors") or ()),
            prompt=self._texts(data, "prompt"),
        )

    def heated(self, data: Mapping[str, Any]) -> Heated | None:
        """Read what we heated."""
        return self._read(data, "heated", self._heated)

    def cooling(self, data: Mapping[str, Any]) -> str | None:
        """Read which heater was left hot and cools."""
        return self._read(data, "cooling", _text)

    def last_seen(self, data: Mapping[str, Any]) -> LastSeen | None:
        """Read the temperatures that were told last."""
        return self._read(data, "last_seen", loaded)

    def _heated(self, data: Any) -> Heated | None:
        heated = _mapping(data) or {}
        heater = self._read(heated, "heater", _text, "heated.")
        temperature = self._read(heated, "temperature", _target, "heated.")
        if heater is None or temperature is None:
            return None
        earlier = heated.get("earlier")
        return Heated(
            heater=heater,
            temperature=temperature,
            # Zero is no target that is read.
            earlier=self._read(heated, "earlier", _target, "heated.") or 0.0
            if earlier
            else 0.0,
            file=self._read(heated, "file", _text, "heated."),
            print_time=self._read(heated, "print_time", _time, "heated."),
        )

    def _read[T](
        self,
        data: Mapping[str, Any],
        key: str,
        read: Callable[[Any], T | None],
        within: str = "",
    ) -> T | None:
        """Return a field, None where it is missing, empty or not as it was written."""
        if (value := data.get(key)) is None:
            return None
        if (found := read(value)) is None:
            self.unreadable.append(within + key)
        return found

    def _texts(self, data: Mapping[str, Any], key: str) -> tuple[str, ...] | None:
        """Return those of a list that are texts."""
        if (values := self._read(data, key, _list)) is None:
            return None
        found = tuple(value for value in values if isinstance(value, str))
        if len(found) < len(values):
            self.unreadable.append(key)
        return found

    def _targets(self, data: Mapping[str, Any]) -> dict[str, float]:
        values = self._read(data, "last_targets", _mapping) or {}
        found = {
            name: self._read(values, name, _target, "last_targets.") for name in values
        }
        return {name: target for name, target in found.items() if target is not None}

    def _running(self, data: Any) -> RunningPrint | None:
        """Read the running print, which needs a file and a start to be known again."""
        running = _mapping(data) or {}
        file = self._read(running, "file", self._file, "running.")
        started_at = self._read(running, "started_at", _moment, "running.")
        if file is None or started_at is None:
            return None
        return RunningPrint(
            file=file,
            started_at=started_at,
            finish_at=self._read(running, "finish_at", _moment, "running."),
            print_time=self._read(running, "print_time", _time, "running.") or 0,
            # What 0.2 and earlier wrote lacks this, and whether the print is paused.
            at_end=self._read(running, "at_end", _flag, "running.") or False,
            completed=self._read(running, "completed", _flag, "running.") or False,
            cancelled=self._read(running, "cancelled", _flag, "running.") or False,
            failed=self._read(running, "failed", _flag, "running.") or False,
            paused=self._read(running, "paused", _flag, "running."),
        )

    def _file(self, data: Any) -> JobFile | None:
        file = _mapping(data) or {}
        path = self._read(file, "path", _text, "running.file.")
        origin = self._read(file, "origin", _text, "running.file.")
        if path is None or origin is None:
            return None
        return JobFile(
            name=self._read(file, "name", _text, "running.file.") or path,
            path=path,
            origin=origin,
            size=self._read(file, "size", _size, "running.file."),
        )

    def _last_print(self, data: Any) -> LastPrint | None:
        last_print = _mapping(data) or {}
        name = self._read(last_print, "name", _text, "last_print.")
        result = self._read(last_print, "result", _result, "last_print.")
        ended_at = self._read(last_print, "ended_at", _moment, "last_print.")
        if name is None or result is None or ended_at is None:
            return None
        return LastPrint(
            name=name,
            result=result,
            ended_at=ended_at,
            print_time=self._read(last_print, "print_time", _time, "last_print."),
        )


def _mapping(value: Any) -> Mapping[str, Any] | None:
    return value if isinstance(value, dict) else None


def _list(value: Any) -> list[Any] | None:
    return value if isinstance(value, list) else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _size(value: Any) -> int | None:
    """Return a number of bytes that can be written again."""
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value <= LARGEST_INTEGER else None


def _target(value: Any) -> float | None:
    """Return degrees Celsius that a heater may have been set to."""
    found = number(value)
    return found if found is not None and 0 < found <= HOTTEST else None


def _time(value: Any) -> int | None:
    """Return whole seconds."""
    found = seconds(value)
    return round(found) if found is not None and found >= 0 else None


def _moment(value: Any) -> datetime | None:
    """Return a moment, which without a time zone would be none."""
    try:
        found = dt_util.parse_datetime(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if found is None or found.tzinfo is None or found.year not in YEARS:
        return None
    return found


def _result(value: Any) -> PrintResult | None:
    return next((result for result in PrintResult if result == value), None)
