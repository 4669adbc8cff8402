"""A simulated printer: what it does, and the words in which OctoPrint tells that."""

from copy import deepcopy
import json
import random
import time
from typing import Any

from . import recorded

# A print of ten hours, so that none ends while it is measured.
PRINT_SECONDS = 36_000
PRINT_BYTES = 12_000_000

LAYER_SECONDS = 20
LAYER_HEIGHT = 0.2

# A head is seen lifted over what it has printed now and then.
HOP = 0.4
HOP_CHANCE = 0.15

TARGETS = {"tool0": 210.0, "bed": 60.0}
AMBIENT = 21.3
NOISE = 0.4

# Firmwares report temperatures by themselves this often.
REPORT_SECONDS = 2.0
DEGREES_PER_REPORT = 6.0

# Half an hour of them would be 90 kB; this is the 20 kB of a server started five minutes ago.
HISTORY_POINTS = 150

NO_PROGRESS = dict.fromkeys(
    ("completion", "filepos", "printTime", "printTimeLeft", "printTimeLeftOrigin")
)


class SimulatedPrinter:
    """One printer, with the texts that do not change from message to message kept ready."""

    def __init__(self, number: int, *, prints: bool) -> None:
        """Begin idle, or far into a long print."""
        # Of its own, so that a run is like the one before.
        self._random = random.Random(number)
        sample = recorded.message("current", "Printing")
        self.text = "Printing" if prints else "Operational"
        self.is_printing = prints
        self._elapsed = self._random.uniform(0.1, 0.8) * PRINT_SECONDS if prints else 0
        self._targets = dict(TARGETS) if prints else dict.fromkeys(TARGETS, 0.0)
        self._levels = {
            name: target or AMBIENT for name, target in self._targets.items()
        }
        self._temperatures = dict(self._levels)
        self._reported_at = self._random.uniform(-REPORT_SECONDS, 0)
        self._transmitted: int = sample["resends"]["transmitted"]
        self._markings: list[dict[str, Any]] = sample["markings"]
        self._job: dict[str, Any] = deepcopy(sample["job"])
        self._job["file"]["size"] = PRINT_BYTES
        self._job["estimatedPrintTime"] = float(PRINT_SECONDS)
        self._z: float | None = None
        self._progress: dict[str, Any] = NO_PROGRESS
        self._head = self._tail = ""
        self._tell_progress()
        self._prepare()

    def _prepare(self) -> None:
        """Make the texts ready that stay until the next event."""
        state = json.dumps(self._state)
        self._head = f'{{"state": {state}, "job": {json.dumps(self._job)}, "currentZ": '
        file = self._job["file"]
        busy = [{key: file[key] for key in ("origin", "path")}] if self.is_busy else []
        self._tail = (
            f'"busyFiles": {json.dumps(busy)}, "markings": {json.dumps(self._markings)},'
            ' "logs": [], "messages": []}'
        )

    @property
    def is_busy(self) -> bool:
        """Return whether there is a print, paused ones included."""
        return self.text != "Operational"

    @property
    def _state(self) -> dict[str, Any]:
        return {"text": self.text, "flags": recorded.flags()[self.text], "error": ""}

    def tick(self, seconds: float, now: float) -> str | None:
        """Go on by so many seconds, and return the temperatures where they are reported."""
        if self.is_printing:
            self._elapsed += seconds
            self._transmitted += self._random.randint(5, 30)
            self._tell_progress()
        if now - self._reported_at < REPORT_SECONDS:
            return None
        self._reported_at = now
        for name, target in self._targets.items():
            missing = (target or AMBIENT) - self._levels[name]
            step = max(-DEGREES_PER_REPORT, min(DEGREES_PER_REPORT, missing))
            self._levels[name] += step
            noise = self._random.uniform(-NOISE, NOISE)
            self._temperatures[name] = round(self._levels[name] + noise, 2)
        return self._point(int(time.time()))

    def _tell_progress(self) -> None:
        if not self.is_busy or self.text == "Cancelling":
            self._z = None
            self._progress = NO_PROGRESS
            return
        left = PRINT_SECONDS - self._elapsed + self._random.uniform(-15, 15)
        position = int(self._elapsed / PRINT_SECONDS * PRINT_BYTES)
        hop = HOP if self._random.random() < HOP_CHANCE else 0
        layer = int(self._elapsed / LAYER_SECONDS) + 1
        self._z = round(layer * LAYER_HEIGHT + hop, 2)
        self._progress = {
            "completion": position / PRINT_BYTES * 100,
            "filepos": position,
            "printTime": int(self._elapsed),
            "printTimeLeft": int(left),
            "printTimeLeftOrigin": "linear",
        }

    def _point(self, now: int) -> str:
        told = {
            name: {"actual": actual, "target": self._targets[name]}
            for name, actual in self._temperatures.items()
        }
        # The firmware of the recording tells of a chamber that it does not have.
        return json.dumps(
            {"time": now} | told | {"chamber": {"actual": None, "target": None}}
        )

    def event(self, step: recorded.Step) -> str:
        """Let an event happen, and return the message that tells it."""
        payload = step.payload
        if step.state is not None:
            self._enter(step.state)
        elif step.type == "ChartMarked":
            self._markings = [*self._markings, payload | {"time": time.time()}]
            self._prepare()
        elif isinstance(payload, dict) and payload.get("size"):
            payload = payload | {"size": PRINT_BYTES}
        return json.dumps({"event": {"type": step.type, "payload": payload}})

    def _enter(self, text: str) -> None:
        if text == "Starting":
            self._elapsed = 0
            self._targets = dict(TARGETS)
        self.text = text
        self.is_printing = text == "Printing"
        self._tell_progress()
        self._prepare()

    def content(self, points: list[str]) -> str:
        """Return the content of a `current` or `history` of this moment, with these temperatures."""
        z = json.dumps(self._z)
        resends = f'{{"count": 0, "transmitted": {self._transmitted}, "ratio": 0}}'
        return (
            f'{self._head}{z}, "progress": {json.dumps(self._progress)},'
            f' "offsets": {{}}, "resends": {resends}, "serverTime": {time.time()},'
            f' "temps": [{", ".join(points)}], {self._tail}'
        )

    def history(self) -> str:
        """Return the content of a `history`: the temperatures so far, all like now."""
        now = int(time.time())
        last = range(HISTORY_POINTS - 1, -1, -1)
        return self.content([self._point(now - 2 * ago) for ago in last])

    def connection(self) -> dict[str, Any]:
        """Return what REST answers to /api/connection."""
        answer: dict[str, Any] = recorded.answers()["/api/connection"].json
        answer["current"]["state"] = self.text
        return answer

    def job(self) -> dict[str, Any]:
        """Return what REST answers to /api/job."""
        return {"job": self._job, "progress": self._progress, "state": self.text}

    def printer(self) -> dict[str, Any]:
        """Return what REST answers to /api/printer."""
        return {
            "sd": {"ready": True},
            "state": self._state,
            "temperature": {
                name: {"actual": actual, "target": self._targets[name], "offset": 0}
                for name, actual in self._temperatures.items()
            },
        }
