"""A printer whose day takes seconds: what REST answers and the socket pushes always agree."""

import asyncio
from dataclasses import dataclass, field
import random
from time import time
from typing import Any

from freezegun.api import FrozenDateTimeFactory

from custom_components.octoprint_plus.api.state import parse_state_id

from ..pushed import Pushed, answer_as
from ..waiting import until

FLAGS = (
    "cancelling",
    "closedOrError",
    "error",
    "finishing",
    "operational",
    "paused",
    "pausing",
    "printing",
    "ready",
    "resuming",
    "sdReady",
)

TEXTS = {
    "CANCELLING": "Cancelling",
    "CLOSED_WITH_ERROR": "Offline after error",
    "CONNECTING": "Connecting",
    "ERROR": "Error: Heating failed",
    "FINISHING": "Finishing",
    "OFFLINE": "Offline",
    "OPERATIONAL": "Operational",
    "PAUSED": "Paused",
    "PAUSING": "Pausing",
    "PRINTING": "Printing",
    "RESUMING": "Resuming",
    "STARTING": "Starting",
}

# Without a printer to talk to.
OFF = ("CLOSED_WITH_ERROR", "CONNECTING", "ERROR", "OFFLINE")

NO_FILE = {"name": None, "path": None, "origin": None, "size": None}
NO_PROGRESS = {"completion": None, "printTime": None, "printTimeLeft": None}

AMBIENT = 21.3
HOT = {"bed": 60.0, "tool0": 210.0}

# Degrees per second, and how far sensors wander.
HEATING_RATE = 3.0
NOISE = 0.4


@dataclass
class Hour:
    """What happened in an hour that may be written."""

    changes: int = 0
    """Events, of any kind."""

    prints: int = 0
    heating: float = 0
    """Seconds in which temperatures moved."""

    printing: float = 0
    outages: int = 0
    restarts: int = 0


@dataclass
class Printer:
    """The printer."""

    pushed: Pushed
    freezer: FrozenDateTimeFactory
    draw: random.Random
    state_id: str = "OPERATIONAL"
    file: dict[str, Any] = field(default_factory=lambda: dict(NO_FILE))
    progress: dict[str, Any] = field(default_factory=lambda: dict(NO_PROGRESS))
    actual: dict[str, float] = field(
        default_factory=lambda: dict.fromkeys(HOT, AMBIENT)
    )
    target: dict[str, float] = field(default_factory=lambda: dict.fromkeys(HOT, 0.0))
    z: float | None = None
    hour: Hour = field(default_factory=Hour)
    clock: float = 0
    """Seconds of the day."""

    ended: tuple[str, str] | None = None
    """Name and result of the last print."""

    def tell(self) -> dict[str, Any]:
        """Return a `current`, as REST answers from now on, too."""
        is_on = self.state_id not in OFF
        is_set = {
            "operational": is_on,
            "closedOrError": self.state_id in ("CLOSED_WITH_ERROR", "ERROR", "OFFLINE"),
            "error": self.state_id in ("CLOSED_WITH_ERROR", "ERROR"),
            "ready": self.state_id == "OPERATIONAL",
            "sdReady": is_on,
            "printing": self.state_id in ("PRINTING", "STARTING"),
            self.state_id.lower(): True,
        }
        text = TEXTS[self.state_id]
        told = {
            "state": {
                "text": text,
                "flags": {name: is_set.get(name, False) for name in FLAGS},
                "error": text if is_set["error"] else "",
            },
            "job": {"file": dict(self.file), "user": "admin" if is_on else None},
            "progress": dict(self.progress),
            "currentZ": self.z,
            "offsets": {},
            "temps": [
                {
                    "time": int(time()),
                    **{
                        name: {
                            "actual": round(
                                self.actual[name] + self.draw.uniform(-NOISE, NOISE), 2
                            ),
                            "target": self.target[name],
                        }
                        for name in HOT
                    },
                }
            ]
            if is_on
            else [],
        }
        answer_as(self.pushed.fake, told)
        return told

    async def event(self, kind: str, **payload: Any) -> None:
        """Let something happen, which is told at once and half a second later again."""
        self.hour.changes += 1
        self.tell()
        await self.pushed.fake.push.event(kind, payload)
        await self.step(0.5)

    async def enter(self, state_id: str) -> None:
        """Let the state change."""
        self.state_id = state_id
        if state_id in OFF:
            self.file, self.progress = dict(NO_FILE), dict(NO_PROGRESS)
            self.target = dict.fromkeys(HOT, 0.0)
            self.z = None
        # The event says just offline, also after an error.
        told = "OFFLINE" if state_id == "CLOSED_WITH_ERROR" else state_id
        await self.event("PrinterStateChanged", state_id=told, state_string=TEXTS[told])
        await self.pushed.heard()
        assert self.pushed.coordinator.data.state is parse_state_id(state_id)

    async def heat(self, *, on: bool) -> None:
        """Heat up, or switch the heaters off."""
        self.target = dict(HOT) if on else dict.fromkeys(HOT, 0.0)
        self.hour.changes += 1
        while on and any(self.actual[name] < HOT[name] for name in HOT):
            await self.step(2)

    async def step(self, seconds: float) -> None:
        """Let some seconds pass, and tell how things are."""
        self.freezer.tick(seconds)
        self.clock += seconds
        for name, actual in self.actual.items():
            goal = self.target[name] or AMBIENT
            if actual != goal:
                self.hour.heating += seconds
                way = HEATING_RATE * seconds
                self.actual[name] = (
                    min(goal, actual + way)
                    if goal > actual
                    else max(goal, actual - way)
                )
        await self.pushed.fake.push.send({"current": self.tell()})
        await self.pushed.idle()

    async def rest(self, seconds: float) -> None:
        """Let time pass in which nothing happens."""
        end = self.clock + seconds
        while self.clock < end:
            await self.step(min(10, end - self.clock))

    async def select(self, name: str) -> None:
        """Select a file, the size of which the event does not tell."""
        self.file = {"name": name, "path": name, "origin": "local", "size": 4711}
        self.progress = dict(NO_PROGRESS)
        await self.event("FileSelected", **(self.file | {"size": None}))

    async def start(self, name: str) -> None:
        """Begin to print a file."""
        self.hour.prints += 1
        await self.select(name)
        await self.enter("STARTING")
        await self.event("PrintStarted", **self.file)
        await self.heat(on=True)
        await self.enter("PRINTING")

    async def print(self, seconds: float, begin: float, end: float) -> None:
        """Print from one part of a file to another, seconds being what all of it takes."""
        done = begin
        while done < end:
            await self.step(5)
            self.hour.printing += 5
            done += 5 / seconds
            self.progress = {
                "completion": min(done, end) * 100,
                "printTime": round(done * seconds),
                "printTimeLeft": round((1 - done) * seconds),
                "printTimeLeftOrigin": "estimate",
            }
            hop = self.draw.choice((0, 0, 0.4))
            self.z = round(0.2 * int(done * 100) + hop, 1)

    async def pause(self, seconds: float) -> None:
        """Pause and go on."""
        await self.enter("PAUSING")
        await self.enter("PAUSED")
        await self.rest(seconds)
        await self.enter("RESUMING")
        await self.enter("PRINTING")

    def remember(self, result: str) -> None:
        """Write the end of the print into the history of its file."""
        name = self.file["name"]
        self.ended = (name, result)
        last = {
            "success": result == "done",
            "date": time(),
            "printTime": self.progress["printTime"],
        }
        prints = {"success": 1, "failure": 0, "last": last}
        path = f"/api/files/local/{name}"
        answer = {"name": name, "path": name, "prints": prints}
        self.pushed.fake.answer("GET", path, json=answer)

    async def finish(self) -> None:
        """Come to the end of the file."""
        path, seconds = self.file["path"], self.progress["printTime"]
        self.progress |= {"completion": 100.0, "printTimeLeft": 0}
        await self.enter("FINISHING")
        self.remember("done")
        await self.event("PrintDone", path=path, time=seconds)
        await self.enter("OPERATIONAL")
        await self.heat(on=False)

    async def cancel(self) -> None:
        """Cancel the print."""
        path, seconds = self.file["path"], self.progress["printTime"]
        await self.enter("CANCELLING")
        self.remember("cancelled")
        self.progress = dict(NO_PROGRESS) | {"completion": 0.0}
        await self.event("PrintCancelled", path=path, time=seconds)
        await self.event("PrintFailed", path=path, time=seconds, reason="cancelled")
        await self.enter("OPERATIONAL")
        await self.heat(on=False)

    async def fail(self) -> None:
        """Lose the printer by an error, and connect it again."""
        path, seconds = self.file["path"], self.progress["printTime"]
        error = {"error": "Heating failed", "reason": "firmware"}
        self.remember("failed")
        answer = error | {"consequence": "disconnect"}
        self.pushed.fake.answer("GET", "/api/printer/error", json=answer)
        await self.event("Error", **answer)
        await self.enter("ERROR")
        await self.event("PrintFailed", path=path, time=seconds, reason="error")
        await self.enter("CLOSED_WITH_ERROR")
        await self.rest(600)
        answer = {"error": "", "reason": ""}
        self.pushed.fake.answer("GET", "/api/printer/error", json=answer)
        await self.enter("CONNECTING")
        await self.enter("OPERATIONAL")
        await self.event("Connected", port="VIRTUAL", baudrate="AUTO")

    async def lose(self) -> None:
        """Lose the socket, which is back a moment later."""
        self.hour.outages += 1
        opened = self.pushed.fake.push.opened
        await self.pushed.fake.push.drop()
        await until(lambda: not self.pushed.coordinator.is_pushed)
        await self.pushed.idle()
        await self.come_back(opened)

    async def restart_server(self, seconds: float = 60) -> None:
        """Let the server be away for a while; of what is done meanwhile nothing is told."""
        self.hour.outages += 1
        self.hour.restarts += 1
        opened = self.pushed.fake.push.opened
        await self.pushed.fake.stop()
        await until(lambda: not self.pushed.coordinator.last_update_success)
        await self.pushed.idle()
        self.freezer.tick(seconds)
        self.clock += seconds
        await self.pushed.idle()
        self.tell()
        await self.pushed.fake.start()
        await self.come_back(opened)

    async def come_back(self, opened: int) -> None:
        """Wait until the socket is up again and the poll after it is over."""
        for _ in range(100):
            self.freezer.tick(2)
            self.clock += 2
            for _ in range(200):
                await asyncio.sleep(0)
            await self.pushed.idle()
            if self.pushed.fake.push.opened > opened and self.pushed.fake.push.sockets:
                break
        await self.pushed.heard()
        await until(lambda: self.pushed.coordinator.is_pushed)
        await self.pushed.idle()
