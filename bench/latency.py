"""How long a change takes from OctoPrint to each Home Assistant."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
import random
import time
from typing import Any

from aiohttp import ClientError

from scripts.lab import LabError
from scripts.lab.sample_print import SAMPLE_NAME, sample_print

from .measure import percentile
from .printer import BenchPrinter, Watch
from .sides import BUILT_IN, OURS, UNAVAILABLE, Side, Tracker, Wanted

STEPS = {
    "start": "print started",
    "tool_target": "tool target",
    "bed_target": "bed target",
    "pause": "paused",
    "resume": "resumed",
    "cancel": "cancelled",
    "firmware_error": "firmware error",
    "connect": "printer connected",
    "server_gone": "server gone",
    "server_back": "server back",
}

POLL_OF_BUILT_IN = 30.0

# More than a poll of the built-in integration, and than the longest pause between two attempts to reconnect.
TIMEOUT = 150.0


@dataclass
class _Latencies:
    from_event: list[float] = field(default_factory=list)
    from_answer: list[float] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """Return the figures, in seconds."""
        return {
            "median": percentile(self.from_event, 50),
            "mean": sum(self.from_event) / len(self.from_event),
            "max": max(self.from_event),
            "median_from_answer": percentile(self.from_answer, 50),
            "values": self.from_event,
        }


class LatencyBench:
    """Takes the printer through its states, and sees when each side follows."""

    def __init__(
        self,
        printer: BenchPrinter,
        watch: Watch,
        sides: Mapping[str, Side],
        trackers: Mapping[str, Tracker],
        say: Callable[[str], None],
    ) -> None:
        """Take who plays."""
        self._printer = printer
        self._watch = watch
        self._sides = sides
        self._trackers = trackers
        self._say = say
        self._names: tuple[str, ...] = (BUILT_IN, OURS)
        self._polled_at = time.time()
        self._moments: dict[str, list[float]] = {}
        self._seen: dict[str, dict[str, _Latencies]] = {
            step: {name: _Latencies() for name in sides} for step in STEPS
        }

    async def run(self, rounds: Mapping[str, int]) -> dict[str, Any]:
        """Return the figures of each step, after so many rounds for each side."""
        await self._printer.upload(SAMPLE_NAME, sample_print(3600))
        both = rounds[BUILT_IN]
        # Its polls come every 30 seconds. Moments spread evenly over that time, in an order of chance, show its average
        # after few rounds.
        for step in STEPS:
            slices = [(number + random.random()) / both for number in range(both)]
            random.shuffle(slices)
            self._moments[step] = slices
        for number in range(max(rounds.values())):
            self._names = (BUILT_IN, OURS) if number < both else (OURS,)
            began = time.time()
            await self._round(number)
            self._say(
                f"latency, round {number + 1}: {time.time() - began:.0f} s; {self._last()}"
            )
        return {
            step: {
                name: seen.summary() for name, seen in sides.items() if seen.from_event
            }
            for step, sides in self._seen.items()
        }

    def _last(self) -> str:
        """Return the last round's figures, for those who watch."""
        return ", ".join(
            f"{step} {' / '.join(f'{sides[name].from_event[-1]:.3f}' for name in self._names)}"
            for step, sides in self._seen.items()
        )

    async def _round(self, number: int) -> None:
        printer = self._printer
        # OctoPrint forgets which one it is whenever the printer is gone.
        await printer.request(
            "POST", f"/api/files/local/{SAMPLE_NAME}", json={"command": "select"}
        )
        await self._state("start", lambda: printer.job("start"), "PRINTING", "printing")
        # It heats first, and answers to nothing meanwhile.
        await asyncio.sleep(6)
        await self._targets(number)
        await self._state(
            "pause", lambda: printer.job("pause", action="pause"), "PAUSED", "paused"
        )
        await self._state(
            "resume",
            lambda: printer.job("pause", action="resume"),
            "PRINTING",
            "printing",
        )
        await self._state(
            "cancel", lambda: printer.job("cancel"), "OPERATIONAL", "operational"
        )
        await self._state(
            "firmware_error",
            lambda: printer.debug("trigger_fatal_error_marlin"),
            "OFFLINE",
            "offline_after_error",
        )
        await self._state("connect", printer.connect, "OPERATIONAL", "operational")
        await self._restart()

    async def _state(
        self, step: str, act: Callable[[], Awaitable[None]], state_id: str, word: str
    ) -> None:
        """Do something, and see when its state is there after OctoPrint's own event."""
        await self._moment(step)
        since = time.time()
        await act()
        answered = time.time()
        event = await self._watch.wait_state(state_id, since)
        for name in self._names:
            side = self._sides[name]
            wanted = _is(side.word(word))
            await self._see(step, side, side.state, wanted, since, event, answered)

    async def _targets(self, number: int) -> None:
        """Set both targets at once; there is no event, OctoPrint's answer counts."""
        await self._moment("tool_target")
        tool, bed = 50.0 + number, 42.0 + number
        since = time.time()
        await self._printer.target_tool(tool)
        tool_answered = time.time()
        await self._printer.target_bed(bed)
        bed_answered = time.time()
        for name in self._names:
            side = self._sides[name]
            for step, entity_id, target, answered in (
                ("tool_target", side.tool_target, tool, tool_answered),
                ("bed_target", side.bed_target, bed, bed_answered),
            ):
                wanted = _is_number(target)
                await self._see(
                    step, side, entity_id, wanted, since, answered, answered
                )

    async def _restart(self) -> None:
        """Stop the server and start it again."""
        await self._moment("server_gone")
        since = time.time()
        await self._printer.stop()
        gone = await self._watch.wait_closed()
        for name in self._names:
            side = self._sides[name]
            await self._see(
                "server_gone", side, side.state, _is(UNAVAILABLE), since, gone, gone
            )
        await self._moment("server_back")
        since = time.time()
        first_answer = asyncio.create_task(self._first_answer())
        await self._printer.start()
        back = await first_answer
        await self._watch.start()
        for name in self._names:
            side = self._sides[name]
            await self._see(
                "server_back", side, side.state, _is_known, since, back, back
            )
        for name in self._names:
            await self._sides[name].wait("operational")

    async def _first_answer(self) -> float:
        """Return when OctoPrint answers for the first time."""
        async with asyncio.timeout(60):
            while True:
                try:
                    await self._printer.request("GET", "/api/connection")
                except ClientError, LabError, OSError:
                    await asyncio.sleep(0.02)
                else:
                    return time.time()

    async def _see(
        self,
        step: str,
        side: Side,
        entity_id: str,
        wanted: Wanted,
        since: float,
        event: float,
        answered: float,
    ) -> None:
        seen = await self._trackers[side.name].wait(
            entity_id, wanted, since, timeout=TIMEOUT
        )
        latencies = self._seen[step][side.name]
        latencies.from_event.append(seen - event)
        latencies.from_answer.append(seen - answered)
        if side.name == BUILT_IN:
            self._polled_at = seen

    async def _moment(self, step: str) -> None:
        """Wait until the built-in integration is at a chance point between two polls."""
        if BUILT_IN not in self._names:
            await asyncio.sleep(random.uniform(1, 5))
            return
        due = self._polled_at + self._moments[step].pop() * POLL_OF_BUILT_IN
        while due < time.time():
            due += POLL_OF_BUILT_IN
        await asyncio.sleep(due - time.time())


def _is(word: str) -> Wanted:
    return lambda state: state == word


def _is_number(number: float) -> Wanted:
    def is_number(state: str | None) -> bool:
        try:
            return state is not None and float(state) == number
        except ValueError:
            return False

    return is_number


def _is_known(state: str | None) -> bool:
    return state not in (None, "unavailable", "unknown")


async def measure_latency(
    printer: BenchPrinter,
    sides: Mapping[str, Side],
    rounds: Mapping[str, int],
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Return each step's figures for each side."""
    async with AsyncExitStack() as stack:
        watch = await stack.enter_async_context(Watch(printer))
        trackers = {
            name: await stack.enter_async_context(Tracker(side.home_assistant))
            for name, side in sides.items()
        }
        return await LatencyBench(printer, watch, sides, trackers, say).run(rounds)
