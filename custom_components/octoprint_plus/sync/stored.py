"""What is stored of a printer, as it is written and read.

It is read leniently: a field that cannot be read is left out, all others are kept.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from time import monotonic
from typing import Any

from homeassistant.util import dt as dt_util

from ..api import MAX_SENSORS, Heater, JobFile, PrintResult, is_allowed
from ..model.changes import Told
from ..model.heated import Heated
from ..model.last_seen import LastSeen
from ..model.prints import LastPrint, Memory, RunningPrint

# Other years come from clocks that were never set, and some of them fit in no time zone.
YEARS = range(2000, 2200)

# Seconds that no print takes: a hundred years.
LONGEST = 100 * 365 * 24 * 60 * 60

# Degrees Celsius that no heater of a printer is set to.
HOTTEST = 1000

# JSON as Home Assistant writes it holds no larger ones.
LARGEST_INTEGER = 2**63 - 1

type Kept = float | int | str | None
"""What somebody has set, and nothing else tells."""


def to_dict(told: Told) -> dict[str, Any]:
    """Return what was told as it is written."""
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


class Reader:
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
        return self._read(data, "last_seen", last_seen_of)

    def values(self, data: Mapping[str, Any]) -> dict[str, Kept]:
        """Read what was set by entities."""
        found: dict[str, Kept] = {}
        for key, value in (self._read(data, "values", as_mapping) or {}).items():
            if value is None or isinstance(value, str) or as_number(value) is not None:
                found[key] = value
            else:
                self.unreadable.append(f"values.{key}")
        return found

    def _heated(self, data: Any) -> Heated | None:
        heated = as_mapping(data) or {}
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
        values = self._read(data, "last_targets", as_mapping) or {}
        found = {
            name: self._read(values, name, _target, "last_targets.") for name in values
        }
        return {name: target for name, target in found.items() if target is not None}

    def _running(self, data: Any) -> RunningPrint | None:
        """Read the running print, which needs a file and a start to be known again."""
        running = as_mapping(data) or {}
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
        file = as_mapping(data) or {}
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
        last_print = as_mapping(data) or {}
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


def as_mapping(value: Any) -> Mapping[str, Any] | None:
    """Return a mapping, None where it is none."""
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
    found = as_number(value)
    return found if found is not None and 0 < found <= HOTTEST else None


def _time(value: Any) -> int | None:
    """Return whole seconds."""
    found = as_number(value)
    return round(found) if found is not None and 0 <= found <= LONGEST else None


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


def as_number(value: Any) -> float | None:
    """Return the finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) <= LARGEST_INTEGER else None


def last_seen_to_dict(seen: LastSeen) -> dict[str, Any]:
    """Return it as it is kept; the clock that is kept is that of the world."""
    return {
        "at": dt_util.utc_from_timestamp(
            round(dt_util.utcnow().timestamp() - seen.seconds)
        ).isoformat(),
        "heaters": {
            name: {"actual": each.actual, "target": each.target}
            for name, each in seen.heaters.items()
        },
    }


def last_seen_of(data: Any) -> LastSeen | None:
    """Return what was kept, None where it cannot be read: then nobody knows what is hot."""
    try:
        at = dt_util.parse_datetime(data["at"], raise_on_error=True)
        if at.year < YEARS.start:
            return None
        heaters = {
            name: Heater(
                actual=_temperature(each["actual"]),
                target=_temperature(each["target"]),
            )
            for name, each in data["heaters"].items()
            if is_allowed(name, None)
        }
        # Where the clock was set back since, it was seen now.
        seconds = max(0.0, (dt_util.utcnow() - at).total_seconds())
    except AttributeError, KeyError, OverflowError, TypeError, ValueError:
        return None
    return LastSeen(heaters=heaters, at=monotonic() - seconds)


def _temperature(value: Any) -> float | None:
    if value is not None and as_number(value) is None:
        raise ValueError
    return as_number(value)
