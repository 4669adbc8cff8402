"""What outlives a restart of Home Assistant: the running and the last print, and the heaters."""

from typing import Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from .api import LastPrint, Memory, PrintResult, RunningPrint
from .api.job import JobFile
from .const import DOMAIN

VERSION = 1
SAVE_DELAY = 1

# How often the time of a running print is written out, in seconds of that time.
SAVE_EVERY = 300


class OctoPrintStore:
    """Keeps the memory of one printer in Home Assistant's storage."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Initialize the store."""
        self._store: Store[dict[str, Any]] = Store(
            hass, VERSION, f"{DOMAIN}.{entry_id}", atomic_writes=True
        )
        self.memory = Memory()
        self.is_new = True
        """Whether nothing was kept before."""

    async def async_load(self) -> None:
        """Read what was kept."""
        if data := await self._store.async_load():
            self.memory = _from_dict(data)
            self.is_new = False

    @callback
    def async_remember(self, memory: Memory) -> None:
        """Keep a newer memory, writing it out when more than the clock has moved on."""
        previous, self.memory = self.memory, memory
        if _has_changed(previous, memory):
            self._store.async_delay_save(lambda: _to_dict(self.memory), SAVE_DELAY)

    async def async_save(self) -> None:
        """Write the memory now, with the clock of a running print."""
        await self._store.async_save(_to_dict(self.memory))

    async def async_remove(self) -> None:
        """Forget everything."""
        await self._store.async_remove()


def _has_changed(one: Memory, other: Memory) -> bool:
    """Return whether more than the clock of a running print differs, or that by minutes."""
    return (
        one.last_print != other.last_print
        or one.last_targets != other.last_targets
        or one.heaters != other.heaters
        or _facts(one.running) != _facts(other.running)
    )


def _facts(running: RunningPrint | None) -> tuple[object, ...] | None:
    """Return a running print without what moves on all the time."""
    if running is None:
        return None
    return (
        running.file,
        running.started_at,
        running.completed,
        running.cancelled,
        running.failed,
        running.paused,
        running.print_time // SAVE_EVERY,
    )


def _to_dict(memory: Memory) -> dict[str, Any]:
    data: dict[str, Any] = {
        "heaters": sorted(memory.heaters),
        "last_targets": dict(memory.last_targets),
    }
    if running := memory.running:
        data["running"] = {
            "file": {
                "name": running.file.name,
                "origin": running.file.origin,
                "path": running.file.path,
                "size": running.file.size,
            },
            "cancelled": running.cancelled,
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


def _from_dict(data: dict[str, Any]) -> Memory:
    running = data.get("running")
    last_print = data.get("last_print")
    return Memory(
        heaters=frozenset(data["heaters"]),
        last_targets=data["last_targets"],
        running=RunningPrint(
            cancelled=running["cancelled"],
            completed=running["completed"],
            failed=running["failed"],
            file=JobFile(**running["file"]),
            finish_at=dt_util.parse_datetime(running["finish_at"])
            if running["finish_at"]
            else None,
            # What an earlier version wrote does not have it.
            paused=running.get("paused", False),
            print_time=running["print_time"],
            started_at=dt_util.parse_datetime(
                running["started_at"], raise_on_error=True
            ),
        )
        if running
        else None,
        last_print=LastPrint(
            ended_at=dt_util.parse_datetime(
                last_print["ended_at"], raise_on_error=True
            ),
            name=last_print["name"],
            print_time=last_print["print_time"],
            result=PrintResult(last_print["result"]),
        )
        if last_print
        else None,
    )
