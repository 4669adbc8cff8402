"""Many printers in one Home Assistant: what each costs, and whether it stays as quick."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
import random
import tempfile
import time
from typing import Any

from scripts.lab.server import LabError

from .fleet_home_assistant import BUILT_IN, OURS, FleetHomeAssistant
from .home_assistant import Change
from .listener import listen
from .measure import cpu_seconds, percentile
from .report import figure, markdown
from .simulator import Simulator

FAILED = "built_in_failed"

SIDES = (OURS, BUILT_IN)

SIZES = {True: (1, 10, 50), False: (1, 10, 50, 100, 200)}

# Whole intervals of the built-in integration, which polls all printers in the same moment.
SECONDS = {True: 30.0, False: 60.0}
SETTLE_SECONDS = {True: 10.0, False: 20.0}
STARTS = {True: 1, False: 2}

# An action is two changes of state, of which only the second lasts.
ACTIONS = 10
NEXT = {
    "Operational": ("start",),
    "Paused": ("resume",),
    "Printing": ("pause", "cancel"),
}
LASTING = frozenset(NEXT)

# Seconds before an action of this one's printers, at most; those of the built-in integration come at any time
# between two of its polls.
PAUSE = 1.0
POLL_INTERVAL = 30.0

# Seconds until a change has surely been shown, that interval and the action included.
PATIENCE = 45.0

# Every five minutes, at this second, the recorder compiles statistics, which takes longer than all printers.
STATISTICS_EVERY = 300
STATISTICS_AT = 10
STATISTICS_TAKE = 15

type Figures = dict[str, Any]


def run(quick: bool) -> Figures:
    """Return all figures."""
    return asyncio.run(_run(quick))


async def _run(quick: bool) -> Figures:
    result: Figures = {"seconds": SECONDS[quick], OURS: {}, BUILT_IN: {}, FAILED: {}}
    with tempfile.TemporaryDirectory(prefix="bench-fleet-") as folder:
        empty = FleetHomeAssistant(Path(folder) / "empty", OURS, ())
        result["empty"] = await _measure(empty, None, quick)
        for size in SIZES[quick]:
            for side, domain in enumerate(SIDES):
                # The log is searched for the domains, so they are not in the path.
                below = Path(folder) / f"{side}-{size}"
                try:
                    figures = await _measure_fleet(below, domain, size, quick)
                except LabError as err:
                    if domain == OURS:
                        raise
                    # How far it goes is a result as well.
                    result[FAILED][str(size)] = str(err)
                    _say(f"{size} of {domain}: {err}")
                else:
                    result[domain][str(size)] = figures
                    _say(f"{size} of {domain}: {figures}")
    return result


async def _measure_fleet(folder: Path, domain: str, size: int, quick: bool) -> Figures:
    """Return the figures of a Home Assistant with so many printers."""
    async with Simulator(folder / "simulator", size) as simulator:
        ports = (await simulator.look())["ports"]
        home = FleetHomeAssistant(folder / "hass", domain, ports)
        figures = await _measure(home, simulator, quick)
        if domain == OURS:
            figures["reading"] = await listen(ports, SECONDS[quick])
    return figures


async def _measure(
    home: FleetHomeAssistant, simulator: Simulator | None, quick: bool
) -> Figures:
    """Return the figures of one Home Assistant."""
    # The first start makes registries, log-in and compiled files, so it is not measured.
    async with home:
        await home.wait_shown()
    figures: Figures = {"start": []}
    async with AsyncExitStack() as stack:
        for number in range(STARTS[quick]):
            if number:
                await home.stop()
            began = time.perf_counter()
            await home.start()
            running = time.perf_counter() - began
            await home.wait_shown()
            shown = time.perf_counter() - began
            figures["start"].append({"running": running, "shown": shown})
            if not number:
                stack.push_async_callback(home.stop)
        await asyncio.sleep(SETTLE_SECONDS[quick])
        figures |= await _measure_load(home, simulator, SECONDS[quick])
        if simulator is not None:
            figures["latency"] = await _measure_latency(home, simulator)
    home.check_log()
    return figures


async def _measure_load(
    home: FleetHomeAssistant, simulator: Simulator | None, seconds: float
) -> Figures:
    await _wait_for_calm(seconds)
    await home.reset_probe()
    began, used = time.perf_counter(), cpu_seconds(home.running_pid)
    sent, sent_used = await _simulated(simulator)
    await asyncio.sleep(seconds)
    took = time.perf_counter() - began
    used = cpu_seconds(home.running_pid) - used
    sent_after, sent_used_after = await _simulated(simulator)
    writes = (await home.probe())["writes"]
    # By itself, as its timer costs processor time too.
    await _wait_for_calm(seconds)
    await home.reset_probe(lag=True)
    await asyncio.sleep(seconds)
    lag = (await home.probe())["lag"]
    return {
        "cpu_percent": used / took * 100,
        "lag_ms": lag,
        "memory_mb": home.heap_mb(),
        "changed_per_minute": _per_minute(writes, "changed", took),
        "reported_per_minute": _per_minute(writes, "reported", took),
        "messages_per_second": (sent_after - sent) / took,
        "simulator_cpu_percent": (sent_used_after - sent_used) / took * 100,
    }


async def _wait_for_calm(seconds: float) -> None:
    """Wait until the recorder has no statistics to compile for so many seconds."""
    since = (time.time() - STATISTICS_AT) % STATISTICS_EVERY
    if since < STATISTICS_TAKE or since + seconds > STATISTICS_EVERY - 1:
        await asyncio.sleep((STATISTICS_TAKE - since) % STATISTICS_EVERY)


async def _simulated(simulator: Simulator | None) -> tuple[int, float]:
    """Return how many messages the simulator has sent, and what it has used for that."""
    if simulator is None or simulator.pid is None:
        return 0, 0.0
    return (await simulator.look())["currents"], cpu_seconds(simulator.pid)


def _per_minute(
    writes: Mapping[str, Mapping[str, int]], kind: str, seconds: float
) -> float:
    return sum(counts[kind] for counts in writes.values()) / seconds * 60


async def _measure_latency(home: FleetHomeAssistant, simulator: Simulator) -> Figures:
    """Let printers change their state at random, and return how long it takes to be shown."""
    chance = random.Random(1)
    await home.reset_probe(changes=True)
    watch = Watch(home, simulator)
    size = len(home.states_by_printer)
    idle: list[int] = []
    actions, pause = ACTIONS, PAUSE
    if home.domain == BUILT_IN:
        actions = min(ACTIONS, 3 * size)
        pause = min(POLL_INTERVAL, 2 * POLL_INTERVAL / min(ACTIONS, size))
    for _ in range(actions):
        if not idle:
            # Each has to be seen in its new state before it goes on.
            await watch.wait()
            idle = chance.sample(range(size), size)
        await asyncio.sleep(chance.uniform(0, pause))
        printer = idle.pop()
        state = (await watch.look())[printer]
        await simulator.do(chance.choice(NEXT[state]), printer)
    await watch.wait()
    return {
        "median": percentile(watch.seconds, 50),
        "max": max(watch.seconds),
        "count": len(watch.seconds),
    }


class Watch:
    """Follows what the printers tell, and when Home Assistant shows it."""

    def __init__(self, home: FleetHomeAssistant, simulator: Simulator) -> None:
        """Take both."""
        self.seconds: list[float] = []
        """How long each change took."""

        self._home = home
        self._simulator = simulator
        self._told: list[tuple[float, int, str]] = []
        self._changes: list[Change] = []

    async def look(self) -> list[str]:
        """See what is new, and return the printers' states."""
        look = await self._simulator.look()
        self._told += [
            (at, printer, state)
            for at, printer, state in look["told"]
            if self._home.domain == OURS or state in LASTING
        ]
        self._changes += await self._home.changes()
        waiting = []
        for told in self._told:
            if (seen := self._seen(*told)) is None:
                waiting.append(told)
            else:
                self.seconds.append(seen - told[0])
        self._told = waiting
        states: list[str] = look["states"]
        return states

    def _seen(self, at: float, printer: int, state: str) -> float | None:
        """Return when a state was shown."""
        entity_id = self._home.states_by_printer[printer]
        for change in self._changes:
            if (
                change.time >= at
                and change.entity_id == entity_id
                and (change.state or "").casefold() == state.casefold()
            ):
                return change.time
        return None

    async def wait(self) -> None:
        """Wait until all actions are over, and shown."""
        end = time.monotonic() + PATIENCE
        while not LASTING.issuperset(await self.look()) or self._told:
            if time.monotonic() > end:
                raise LabError(f"{self._home.title} does not show {self._told}")
            await asyncio.sleep(0.25)


def _say(text: str) -> None:
    print(f"fleet: {text}", flush=True)


def table(result: Mapping[str, Any]) -> str:
    """Return the figures by size, and how they grow."""
    header = (
        "printers",
        "CPU of one core, %",
        "merely reading, %",
        "ms per s and printer",
        "lag p50 / p99 / max, ms",
        "MB per printer",
        "start, s (all shown)",
        "change → entity, s (worst)",
        "writes per min and printer",
    )
    empty = result["empty"]
    texts = []
    for domain, title in ((OURS, "This one"), (BUILT_IN, "Built-in")):
        rows = [
            _row(int(size), figures, empty) for size, figures in result[domain].items()
        ]
        if rows:
            texts.append(f"{title}\n\n{markdown(header, rows)}")
    if failed := result[FAILED]:
        texts.append(f"The built-in one fails with {', '.join(failed)} printers.\n")
    lag = empty["lag_ms"]
    start = _start(empty)
    texts.append(
        "All but changes and writes is above an empty Home Assistant's:"
        f" CPU {figure(empty['cpu_percent'])} %,"
        f" lag {figure(lag['p50'])} / {figure(lag['p99'])} / {figure(lag['max'])} ms,"
        f" memory {figure(empty['memory_mb'])} MB, start {figure(start['running'])} s.\n"
    )
    texts.extend(_growth(result))
    return "\n".join(texts)


def _start(figures: Mapping[str, Any]) -> dict[str, float]:
    return {
        name: percentile([each[name] for each in figures["start"]], 50)
        for name in ("running", "shown")
    }


def _costs(
    size: int, figures: Mapping[str, Any], empty: Mapping[str, Any]
) -> dict[str, float]:
    """Return what so many printers cost, above an empty Home Assistant."""
    start, start_of_empty = _start(figures), _start(empty)
    return {
        "CPU": figures["cpu_percent"] - empty["cpu_percent"],
        "lag p99": figures["lag_ms"]["p99"] - empty["lag_ms"]["p99"],
        "memory": figures["memory_mb"] - empty["memory_mb"],
        "start": start["running"] - start_of_empty["running"],
        "all shown": start["shown"] - start_of_empty["running"],
        "change → entity": figures["latency"]["median"],
        "writes": figures["changed_per_minute"] + figures["reported_per_minute"],
    }


def _row(
    size: int, figures: Mapping[str, Any], empty: Mapping[str, Any]
) -> tuple[str, ...]:
    costs = _costs(size, figures, empty)
    lag = [
        figure(figures["lag_ms"][name] - empty["lag_ms"][name])
        for name in ("p50", "p99", "max")
    ]
    latency, reading = figures["latency"], figures.get("reading")
    return (
        str(size),
        figure(costs["CPU"]),
        figure(reading["cpu_percent"]) if reading else "",
        figure(costs["CPU"] * 10 / size),
        " / ".join(lag),
        figure(costs["memory"] / size),
        f"{figure(costs['start'])} ({figure(costs['all shown'])})",
        f"{figure(latency['median'])} ({figure(latency['max'])})",
        figure(costs["writes"] / size),
    )


def _growth(result: Mapping[str, Any]) -> Iterator[str]:
    """Yield how the costs grow from the first size with several printers to the largest."""
    for domain, title in ((OURS, "This one"), (BUILT_IN, "The built-in one")):
        # The first printer brings the integration's own modules with it.
        sizes = [int(size) for size in result[domain] if int(size) > 1]
        if len(sizes) < 2:
            continue
        few, many = sizes[0], sizes[-1]
        one, other = (
            _costs(size, result[domain][str(size)], result["empty"])
            for size in (few, many)
        )
        grown = ", ".join(
            f"{name} {figure(other[name] / one[name])}" for name in one if one[name] > 0
        )
        yield f"{title}, {many // few} times as many printers, {many} for {few}, takes so many times as much: {grown}.\n"
