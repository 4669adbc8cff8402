"""What outlives a restart of Home Assistant: prints, heaters, and what was told of them."""

from typing import Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from .api import LastPrint, Memory, PrintResult, RunningPrint
from .api.changes import Told
from .api.job import JobFile
from .const import DOMAIN

VERSION = 1
SAVE_DELAY = 1

# How often the time of a running print is written out, in seconds of that time.
SAVE_EVERY = 300


class OctoPrintStore:
    """Keeps what was told of one printer in Home Assistant's storage."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Initialize the store."""
        self._store: Store[dict[str, Any]] = Store(
            hass, VERSION, f"{DOMAIN}.{entry_id}", atomic_writes=True
        )
        self.told: Told | None = None
        """None where nothing was kept before."""

    @property
    def memory(self) -> Memory:
        """Return what was kept of prints and heaters."""
        return self.told.memory if self.told else Memory()

    async def async_load(self) -> None:
        """Read what was kept."""
        if data := await self._store.async_load():
            self.told = _from_dict(data)

    @callback
    def async_keep(self, told: Told) -> None:
        """Keep what was told, writing it out when more than the clock has moved on."""
        previous, self.told = self.told, told
        if previous is None or _has_changed(previous, told):
            self._store.async_delay_save(
                lambda: _to_dict(self.told or told), SAVE_DELAY
            )

    async def async_save(self) -> None:
        """Write it now, with the clock of a running print."""
        if self.told is not None:
            await self._store.async_save(_to_dict(self.told))

    async def async_remove(self) -> None:
        """Forget everything."""
        await self._store.async_remove()


def _has_changed(one: Told, other: Told) -> bool:
    """Return whether more than the clock of a running print differs, or that by minutes."""
    before, after = one.memory, other.memory
    return (
        before.last_print != after.last_print
        or before.last_targets != after.last_targets
        or before.heaters != after.heaters
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


def _from_dict(data: dict[str, Any]) -> Told:
    # What 0.2 and earlier wrote lacks these, and whether the print is paused.
    prompt = data.get("prompt")
    return Told(
        memory=_memory_from_dict(data),
        is_connected=data.get("connected"),
        errors=frozenset(data.get("errors", ())),
        prompt=None if prompt is None else tuple(prompt),
    )


def _memory_from_dict(data: dict[str, Any]) -> Memory:
    running = data.get("running")
    last_print = data.get("last_print")
    return Memory(
        heaters=frozenset(data["heaters"]),
        last_targets=data["last_targets"],
        running=RunningPrint(
            cancelled=running["cancelled"],
            at_end=running.get("at_end", False),
            completed=running["completed"],
            failed=running["failed"],
            file=JobFile(**running["file"]),
            finish_at=dt_util.parse_datetime(running["finish_at"])
            if running["finish_at"]
            else None,
            paused=running.get("paused"),
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
