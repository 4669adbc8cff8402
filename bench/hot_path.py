"""What one pushed message costs, from its bytes to the listeners, and what of it takes the time."""

import asyncio
from collections.abc import Iterator, Mapping
import json
from pathlib import Path
import subprocess
import sys
import tempfile
from typing import Any

from scripts.lab.server import ROOT, LabError

from .fleet_home_assistant import OURS, FleetHomeAssistant
from .report import figure, markdown
from .simulator import Simulator

# For the profile; the costs of one message are measured at the first of them.
PRINTERS = 20

SECONDS = {True: 5.0, False: 30.0}
ROUNDS = {True: 20, False: 100}

# No recorder: it would write the states of all these messages at the same time.
CONFIGURATION = """\
logger:
  default: warning
"""

CASES = {
    "unchanged": "`current`: only its time differs",
    "noise": "`current`: temperatures wander by ±0.4 °C",
    "progress": "`current`: the print goes on, nothing to show yet",
    "published": "`current`: temperatures moved by more than a step, and are shown",
    "state": "event: another state, shown",
}


def run(quick: bool) -> dict[str, Any]:
    """Return all figures."""
    return asyncio.run(_run(quick))


async def _run(quick: bool) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="bench-hot-path-") as name:
        folder = Path(name)
        async with Simulator(folder / "simulator", PRINTERS) as simulator:
            ports = (await simulator.look())["ports"]
            home = FleetHomeAssistant(folder / "hass", OURS, ports)
            # So that registries and compiled files are there, and nothing has to be asked for.
            async with home:
                await home.wait_shown()
            home.check_log()
            file = home.folder / "configuration.yaml"
            file.write_text(CONFIGURATION, encoding="utf-8")
            return await _measure(home, simulator, quick)


async def _measure(
    home: FleetHomeAssistant, simulator: Simulator, quick: bool
) -> dict[str, Any]:
    """Return what a Home Assistant measured of itself, in a process of its own."""
    order = {
        "folder": str(home.folder),
        "simulator": simulator.url,
        "rounds": ROUNDS[quick],
        "seconds": SECONDS[quick],
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.hot_path_inside", json.dumps(order)),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(300):
            output, errors = await process.communicate()
    except BaseException:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        raise LabError(f"the hot path failed:\n{errors.decode()}")
    result: dict[str, Any] = json.loads(output)
    return result


def table(result: Mapping[str, Any]) -> str:
    """Return the costs, and what takes the time."""
    profile = result["profile"]
    costs = ("message", "read, µs", "take, µs", "both, µs", "99 %, µs", "alone, µs")
    functions = ("function, by its own time", "% of all", "calls per message")
    words = (
        f"Where the time goes while {profile['printers']} printers, half of them printing, send"
        f" {figure(profile['messages_per_second'])} messages per second"
        f" ({figure(profile['us_per_message'])} µs each, all of Home Assistant included,"
        " not slowed by the profiler):\n"
    )
    layers = ", ".join(
        f"{layer} {figure(percent)} %" for layer, percent in profile["layers"].items()
    )
    legend = (
        "Medians, one message right after the other. Alone: each a while after the one before,"
        " when the processor's caches hold other things.\n"
    )
    texts = (
        markdown(costs, _costs(result)),
        legend,
        words,
        markdown(functions, _functions(profile)),
        f"By layers: {layers}.\n",
    )
    return "\n".join(texts)


def _costs(result: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for case, words in CASES.items():
        cost = result["cases"][case]
        columns = (cost[name] for name in ("read", "take", "median", "p99", "alone"))
        yield words, *map(figure, columns)
    socket = result["socket"]
    yield (
        "before that: aiohttp takes a `current` out of its frame",
        "",
        "",
        figure(socket["median"]),
        figure(socket["p99"]),
        "",
    )


def _functions(profile: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for function in profile["functions"]:
        name, percent, calls = function
        yield f"`{name}`", figure(percent), figure(calls)
