"""Runs a whole Home Assistant in this process, and measures in it; hot_path.py tells what."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
import cProfile
from itertools import count
import json
import logging
import sys
from time import monotonic, perf_counter, process_time
from typing import Any
from unittest.mock import patch
import zlib

from aiohttp._websocket.reader import WebSocketDataQueue, WebSocketReader
from aiohttp.base_protocol import BaseProtocol

from custom_components.octoprint_plus import coordinator as coordinator_module
from custom_components.octoprint_plus.api.socket.messages import MessageReader
from custom_components.octoprint_plus.coordinator import (
    OctoPrintConfigEntry,
    OctoPrintCoordinator,
)
from homeassistant.bootstrap import async_setup_hass
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.runner import RuntimeConfig, create_event_loop
from homeassistant.util.json import json_loads

from .fleet_home_assistant import entry_id
from .measure import percentile
from .simulated import SimulatedPrinter

PRINTING, IDLE = 0, 1

# So many messages are measured at once, as one is near what a clock can tell.
BATCH = 50

# So many seconds lie between two messages where nothing is held back for its pace.
BEYOND_ANY_PACE = 60.0

# Between messages that come alone, as from some twenty printers.
ALONE_SECONDS = 0.03

SETTLE_SECONDS = 10
TOP = 15

# What waits, or measures.
NOT_WORK = ("epoll", "disable", "_lsprof")

# By what is in the path of a file, the first that fits.
LAYERS = (
    ("/octoprint_plus/", "this integration"),
    ("/aiohttp/", "aiohttp"),
    ("/asyncio/", "asyncio"),
    ("selectors.py", "asyncio"),
    ("/homeassistant/", "Home Assistant"),
    ("~", "built-in functions that these call"),
)

type Stats = dict[tuple[str, int, str], tuple[int, int, float, float, Any]]
"""By file, line and name of a function: calls, all calls, seconds of its own, seconds in all, callers."""


async def measure(order: dict[str, Any]) -> dict[str, Any]:
    """Return costs and profile."""
    hass = await async_setup_hass(RuntimeConfig(order["folder"], skip_pip=True))
    if hass is None:
        raise RuntimeError("Home Assistant cannot be set up")
    await hass.async_start()
    try:
        await asyncio.sleep(SETTLE_SECONDS)
        profile = await _profile(hass, order["simulator"], order["seconds"])
        await _simulator(hass, order["simulator"], {"do": "quiet"})
        await asyncio.sleep(1)
        return {
            "cases": await _measure_cases(hass, order["rounds"]),
            "socket": await _measure_socket(order["rounds"]),
            "profile": profile,
        }
    finally:
        await hass.async_stop()


def _coordinator(hass: HomeAssistant, printer: int) -> OctoPrintCoordinator:
    entry: OctoPrintConfigEntry | None = hass.config_entries.async_get_entry(
        entry_id(printer)
    )
    assert entry is not None
    assert entry.runtime_data.is_pushed
    return entry.runtime_data


async def _measure_cases(hass: HomeAssistant, rounds: int) -> dict[str, Any]:
    idle = _coordinator(hass, IDLE)
    printing = _coordinator(hass, PRINTING)
    result = {
        "unchanged": await _measure(idle, _unchanged(), rounds),
        "noise": await _measure(idle, _noise(), rounds),
        "progress": await _measure(printing, _progress(), rounds),
        "state": await _measure(printing, _states(), rounds),
    }
    # From a time that is later than any so far.
    times = count(monotonic() + BEYOND_ANY_PACE, BEYOND_ANY_PACE)
    with patch.object(coordinator_module, "monotonic", lambda: next(times)):
        result["published"] = await _measure(idle, _steps(), rounds)
    return result


async def _measure(
    coordinator: OctoPrintCoordinator, messages: Iterator[bytes], rounds: int
) -> dict[str, Any]:
    """Return microseconds per message: to read its bytes, and to take it until all listeners know."""
    reader = MessageReader(json_loads)
    alone: list[float] = []
    for _ in range(rounds + 2):
        frame = next(messages)
        # As messages come in a home: by then the processor's caches hold other things.
        await asyncio.sleep(ALONE_SECONDS)
        began = perf_counter()
        message = reader.read(frame)
        assert message is not None
        coordinator.async_receive(message)
        alone.append((perf_counter() - began) * 1e6)
    reads: list[float] = []
    takes: list[float] = []
    for number in range(rounds + 2):
        frames = [next(messages) for _ in range(BATCH)]
        reading = taking = 0.0
        for frame in frames:
            began = perf_counter()
            message = reader.read(frame)
            read = perf_counter()
            assert message is not None
            coordinator.async_receive(message)
            taking += perf_counter() - read
            reading += read - began
        # The first of a case are no rule for it.
        if number > 1:
            reads.append(reading / BATCH * 1e6)
            takes.append(taking / BATCH * 1e6)
    both = [sum(each) for each in zip(reads, takes, strict=True)]
    return {
        "read": percentile(reads, 50),
        "take": percentile(takes, 50),
        "median": percentile(both, 50),
        "p99": percentile(both, 99),
        "alone": percentile(alone, 50),
    }


def _current(printer: SimulatedPrinter, points: list[str]) -> bytes:
    return f'{{"current": {printer.content(points)}}}'.encode()


def _unchanged() -> Iterator[bytes]:
    printer = SimulatedPrinter(IDLE, prints=False)
    while True:
        yield _current(printer, [])


def _noise() -> Iterator[bytes]:
    printer = SimulatedPrinter(IDLE, prints=False)
    for now in count(BEYOND_ANY_PACE, BEYOND_ANY_PACE):
        point = printer.tick(BEYOND_ANY_PACE, now)
        assert point is not None
        yield _current(printer, [point])


def _progress() -> Iterator[bytes]:
    printer = SimulatedPrinter(PRINTING, prints=True)
    for now in count(step=0.5):
        point = printer.tick(0.5, now)
        yield _current(printer, [point] if point else [])


def _steps() -> Iterator[bytes]:
    printer = SimulatedPrinter(IDLE, prints=False)
    for number in count():
        heater = {"actual": 21.3 + number % 2 * 2, "target": 0.0}
        yield _current(
            printer, [json.dumps({"time": number, "tool0": heater, "bed": heater})]
        )


def _states() -> Iterator[bytes]:
    for number in count():
        text = ("Paused", "Printing")[number % 2]
        payload = {"state_id": text.upper(), "state_string": text}
        event = {"type": "PrinterStateChanged", "payload": payload}
        yield json.dumps({"event": event}).encode()


async def _measure_socket(rounds: int) -> dict[str, float]:
    """Return what aiohttp takes to make a message's bytes of a compressed WebSocket frame."""
    loop = asyncio.get_running_loop()
    queue = WebSocketDataQueue(BaseProtocol(loop), 2**16, loop=loop)
    reader = WebSocketReader(queue, 0, compress=True, decode_text=False)
    frames = _frames(_progress())
    taken: list[float] = []
    for _ in range(rounds):
        batch = [next(frames) for _ in range(BATCH)]
        began = perf_counter()
        for frame in batch:
            reader.feed_data(frame)
            await queue.read()
        taken.append((perf_counter() - began) / BATCH * 1e6)
    return {"median": percentile(taken, 50), "p99": percentile(taken, 99)}


def _frames(messages: Iterator[bytes]) -> Iterator[bytes]:
    """Yield compressed text frames as OctoPrint sends them."""
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    for message in messages:
        data = compressor.compress(message) + compressor.flush(zlib.Z_SYNC_FLUSH)
        data = data.removesuffix(b"\x00\x00\xff\xff")
        size = len(data)
        length = bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2)
        yield b"\xc1" + length + data


async def _profile(
    hass: HomeAssistant, simulator: str, seconds: float
) -> dict[str, Any]:
    """Return where the time goes while all printers talk."""
    began, used = perf_counter(), process_time()
    sent = (await _simulator(hass, simulator))["currents"]
    await asyncio.sleep(seconds)
    used, took = process_time() - used, perf_counter() - began
    look = await _simulator(hass, simulator)
    sent = look["currents"] - sent
    profiler = cProfile.Profile()
    profiler.enable()
    await asyncio.sleep(seconds)
    profiler.disable()
    stats = _stats(profiler)
    after = (await _simulator(hass, simulator))["currents"] - look["currents"]
    return {
        "printers": len(look["ports"]),
        "messages_per_second": sent / took,
        "us_per_message": used / sent * 1e6,
        "layers": _layers(stats),
        "functions": _functions(stats, after),
    }


def _functions(stats: Stats, messages: int) -> list[tuple[str, float, float]]:
    """Return the functions that take most time themselves: name, percent and calls per message."""
    rows = sorted(stats.items(), key=lambda item: item[1][2], reverse=True)
    total = sum(own for _, (_, _, own, _, _) in rows)
    return [
        (_short(*function), own / total * 100, calls / messages)
        for function, (_, calls, own, _, _) in rows[:TOP]
    ]


def _layers(stats: Stats) -> dict[str, float]:
    """Return the percentage that each layer takes itself."""
    own: defaultdict[str, float] = defaultdict(float)
    for (path, _, _), row in stats.items():
        found = (layer for part, layer in LAYERS if part in path)
        own[next(found, "Python's other modules")] += row[2]
    total = sum(own.values())
    ranked = sorted(own, key=lambda layer: own[layer], reverse=True)
    return {layer: own[layer] / total * 100 for layer in ranked}


def _stats(profiler: cProfile.Profile) -> Stats:
    """Return what was counted of all that works."""
    # The public form of it rounds to milliseconds.
    profiler.create_stats()
    stats: dict[Any, Any] = profiler.stats
    return {
        function: row
        for function, row in stats.items()
        if not any(part in function[2] for part in NOT_WORK)
    }


def _short(path: str, line: int, name: str) -> str:
    if path == "~":
        return name.strip("<>").removeprefix("built-in method ")
    folder, _, file = path.rpartition("/")
    return f"{folder.rpartition('/')[2]}/{file}:{name}"


async def _simulator(
    hass: HomeAssistant, url: str, order: dict[str, Any] | None = None
) -> dict[str, Any]:
    session = async_get_clientsession(hass)
    if order is not None:
        async with session.post(f"{url}/simulate", json=order) as response:
            response.raise_for_status()
        return {}
    async with session.get(f"{url}/simulate") as response:
        answer: dict[str, Any] = await response.json()
    return answer


def main() -> int:
    """Measure as ordered, and print the result as JSON."""
    logging.getLogger().setLevel(logging.WARNING)
    loop = create_event_loop()
    try:
        result = loop.run_until_complete(measure(json.loads(sys.argv[1])))
    finally:
        loop.close()
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
