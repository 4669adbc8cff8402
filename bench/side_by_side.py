"""This integration and the built-in one, at the same OctoPrint at the same time."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
import tempfile
import time
from typing import Any

from .home_assistant import BenchHomeAssistant
from .latency import STEPS, measure_latency
from .measure import memory_mb, percentile
from .phases import BED, METRICS, NOZZLE, PhaseBench
from .printer import BenchPrinter
from .proxy import CountingProxy
from .report import figure, markdown, ratio
from .sides import BUILT_IN, OURS, Side

# A multiple of the 5 minutes between two of our polls while changes are pushed.
PHASE_SECONDS = {True: 30.0, False: 300.0}
ROUNDS = {True: {BUILT_IN: 2, OURS: 3}, False: {BUILT_IN: 3, OURS: 8}}
SETUPS = {True: 3, False: 7}

AMBIENT = 21

# So long until both have settled after a change, which is more than the built-in integration's interval.
SETTLE_SECONDS = {True: 5.0, False: 40.0}


def run(quick: bool) -> dict[str, Any]:
    """Return all figures."""
    return asyncio.run(_run(quick))


async def _run(quick: bool) -> dict[str, Any]:
    seconds = PHASE_SECONDS[quick]
    async with AsyncExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="octoprint-bench-"))
        )
        # Slow enough to be heating for nearly all of that phase.
        printer = BenchPrinter(
            folder / "octoprint",
            tool_rate=(NOZZLE - AMBIENT) / seconds,
            bed_rate=(BED - AMBIENT) / seconds,
        )
        _say("starting OctoPrint and three Home Assistants")
        await stack.enter_async_context(printer)
        sides = {}
        for name in (BUILT_IN, OURS):
            proxy = await stack.enter_async_context(CountingProxy(printer.port))
            home = BenchHomeAssistant(folder / name)
            sides[name] = Side(name, await stack.enter_async_context(home), proxy)
            await sides[name].set_up(printer)
        empty = await stack.enter_async_context(BenchHomeAssistant(folder / "empty"))
        # What the dialogs left in memory goes, and all three start the same.
        for home in (*(side.home_assistant for side in sides.values()), empty):
            await home.restart()
        for side in sides.values():
            await side.home_assistant.wait_entry(side.entry_id)
            await side.find_entities()
            await side.wait("operational")
        setup = {
            name: await _setup_times(side, SETUPS[quick])
            for name, side in sides.items()
        }
        _say(f"set-up measured: {setup}")
        latency = await measure_latency(printer, sides, ROUNDS[quick], _say)
        for side in sides.values():
            # Entities that came later count as well.
            await side.find_entities()
        phases = await PhaseBench(printer, sides, empty, _say).run(
            seconds, SETTLE_SECONDS[quick]
        )
        memory = {
            "empty": memory_mb(empty.running_pid),
            **{
                name: memory_mb(side.home_assistant.running_pid)
                for name, side in sides.items()
            },
        }
        return {
            "phase_seconds": seconds,
            "rounds": ROUNDS[quick],
            "latency_seconds": latency,
            "phases": phases,
            "setup_seconds": {
                name: {"median": percentile(times, 50), "values": times}
                for name, times in setup.items()
            },
            "memory_mb": memory,
        }


async def _setup_times(side: Side, times: int) -> list[float]:
    """Return how long the config entry's reload takes, each time."""
    home = side.home_assistant
    seen = []
    for _ in range(times):
        began = time.perf_counter()
        await home.post(f"config/config_entries/entry/{side.entry_id}/reload", {})
        seen.append(time.perf_counter() - began)
        await home.wait_entry(side.entry_id)
        await asyncio.sleep(1)
    return seen


def _say(text: str) -> None:
    print(f"side by side: {text}", flush=True)


def table(result: Mapping[str, Any]) -> str:
    """Return the figures beside each other."""
    header = ("", "built-in", "this one", "ratio")
    return markdown(header, _rows(result))


def _rows(result: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    for step, words in STEPS.items():
        seen = result["latency_seconds"][step]
        theirs, ours = seen[BUILT_IN], seen[OURS]
        yield (
            f"{words}: seconds, median (worst)",
            f"{figure(theirs['median'])} ({figure(theirs['max'])})",
            f"{figure(ours['median'])} ({figure(ours['max'])})",
            ratio(ours["median"], theirs["median"]),
        )
    for phase, figures in result["phases"].items():
        for metric, words in METRICS.items():
            values = figures[BUILT_IN][metric], figures[OURS][metric]
            yield _row(f"{phase}: {words}", *values)
    memory = result["memory_mb"]
    yield _row(
        "memory, MB above an empty Home Assistant",
        memory[BUILT_IN] - memory["empty"],
        memory[OURS] - memory["empty"],
    )
    setup = result["setup_seconds"]
    yield _row("set-up, seconds", setup[BUILT_IN]["median"], setup[OURS]["median"])


def _row(words: str, theirs: float, ours: float) -> tuple[str, str, str, str]:
    return words, figure(theirs), figure(ours), ratio(ours, theirs)
