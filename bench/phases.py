"""What each integration costs while the printer is idle, heats, prints, is off."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from pathlib import Path
import re
import sqlite3
import time
from typing import Any

from scripts.lab.sample_print import sample_print

from .home_assistant import BenchHomeAssistant
from .measure import cpu_seconds
from .printer import BenchPrinter, Watch
from .sides import Side

NOZZLE = 240
BED = 80
PRINT_NAME = "Long print.gcode"
PRINT_SECONDS = 7200

# Home Assistant's recorder keeps what it is told for five seconds before it writes it.
RECORDER_SECONDS = 7

# Its layers take 10 seconds each. Without the beginning of every second one they take 20, as with a real print.
SECOND_LAYER = re.compile(r";LAYER:\d*[13579]\n;Z:.*\nG0 Z.*\n")

METRICS = {
    "requests_per_minute": "requests per minute",
    "connections_per_minute": "new connections per minute",
    "bytes_per_minute": "bytes per minute",
    "writes_per_hour": "state writes per hour",
    "rows_per_hour": "recorder rows per hour",
    "cpu_ms_per_second": "CPU, ms per s",
}


class PhaseBench:
    """Measures both sides, and an empty Home Assistant, over a time."""

    def __init__(
        self,
        printer: BenchPrinter,
        sides: Mapping[str, Side],
        empty: BenchHomeAssistant,
        say: Callable[[str], None],
    ) -> None:
        """Take who is measured."""
        self._printer = printer
        self._sides = sides
        self._empty = empty
        self._say = say

    async def run(self, seconds: float, settle: float) -> dict[str, Any]:
        """Return the figures of each phase."""
        printer = self._printer
        gcode = sample_print(PRINT_SECONDS, nozzle=NOZZLE, bed=BED)
        await printer.upload(PRINT_NAME, SECOND_LAYER.sub("", gcode), select=True)
        await printer.wait_cold()

        async def nothing() -> None:
            pass

        async def heat() -> None:
            await printer.target_tool(NOZZLE)
            await printer.target_bed(BED)

        async def start() -> None:
            await printer.job("start")

        async def off() -> None:
            await printer.job("cancel")
            await printer.wait_state("Operational")
            await printer.disconnect()

        phases: dict[str, tuple[Callable[[], Awaitable[None]], str | None]] = {
            "idle": (nothing, "operational"),
            # It lasts no longer than the phase, so nothing is waited for.
            "heating": (heat, None),
            "printing": (start, "printing"),
            "off": (off, "offline"),
        }
        figures = {}
        async with Watch(printer) as watch:
            for name, (begin, word) in phases.items():
                await begin()
                if word is not None:
                    await self._settle(word, settle)
                watch.heights.clear()
                figures[name] = await self._measure(seconds)
                figures[name]["layers"] = len(watch.heights)
                figures[name]["job"] = await self._job()
                self._say(f"phase {name}: {figures[name]['layers']} layers")
        return figures

    async def _settle(self, word: str, seconds: float) -> None:
        """Wait until both sides show a state, and a while longer."""
        for side in self._sides.values():
            await side.wait(word)
        await asyncio.sleep(seconds)

    async def _job(self) -> dict[str, Any]:
        """Return how far the print is, which tells that it really printed."""
        job = await self._printer.request("GET", "/api/job")
        return {
            "state": job["state"],
            "completion": job["progress"]["completion"],
            "seconds_left": job["progress"]["printTimeLeft"],
        }

    async def _measure(self, seconds: float) -> dict[str, Any]:
        homes = {
            "empty": self._empty,
            **{name: side.home_assistant for name, side in self._sides.items()},
        }
        for home in homes.values():
            await home.reset_probe()
        # What was just asked ends before it counts.
        await asyncio.sleep(1)
        counts = {name: side.proxy.counts.copy() for name, side in self._sides.items()}
        cpu = {name: cpu_seconds(home.running_pid) for name, home in homes.items()}
        began = time.time()
        await asyncio.sleep(seconds)
        ended = time.time()
        cpu = {
            name: (cpu_seconds(home.running_pid) - cpu[name]) / (ended - began) * 1000
            for name, home in homes.items()
        }
        counts = {
            name: side.proxy.counts - counts[name] for name, side in self._sides.items()
        }
        writes = {
            name: _writes(side, await side.home_assistant.probe())
            for name, side in self._sides.items()
        }
        await asyncio.sleep(RECORDER_SECONDS)
        figures: dict[str, Any] = {"empty": {"cpu_ms_per_second": cpu["empty"]}}
        minutes = (ended - began) / 60
        for name, side in self._sides.items():
            rows = await asyncio.to_thread(_rows, side, began, ended)
            passed = counts[name]
            figures[name] = {
                "requests_per_minute": passed.requests / minutes,
                "connections_per_minute": passed.connections / minutes,
                "websockets": passed.websockets,
                "bytes_per_minute": passed.bytes / minutes,
                "writes_per_hour": sum(writes[name].values()) * 60 / minutes,
                "rows_per_hour": sum(rows.values()) * 60 / minutes,
                "cpu_ms_per_second": cpu[name] - cpu["empty"],
                "rows": rows,
            }
        return figures


def _writes(side: Side, answer: Mapping[str, Any]) -> dict[str, int]:
    return {
        entity_id: each["changed"] + each["reported"]
        for entity_id, each in answer["writes"].items()
        if entity_id in side.entities
    }


def _rows(side: Side, began: float, ended: float) -> dict[str, int]:
    """Return the rows in the recorder's table of states, by entity id without the printer's name."""
    database = side.home_assistant.folder / "home-assistant_v2.db"
    counts = _read_rows(database, began, ended)
    return {
        entity_id: count
        for entity_id, count in sorted(counts.items())
        if entity_id in side.entities
    }


def _read_rows(database: Path, began: float, ended: float) -> dict[str, int]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        cursor = connection.execute(
            "SELECT states_meta.entity_id, COUNT(*) FROM states JOIN states_meta USING (metadata_id)"
            " WHERE last_updated_ts BETWEEN ? AND ? GROUP BY states_meta.entity_id",
            (began, ended),
        )
        return dict(cursor.fetchall())
