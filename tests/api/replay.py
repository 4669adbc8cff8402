"""Replays recordings of the socket: from its frames to snapshots."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
import json
from typing import Any

import pytest

from custom_components.octoprint_plus.api import State
from custom_components.octoprint_plus.api.connection import parse_connection
from custom_components.octoprint_plus.api.job import parse_job
from custom_components.octoprint_plus.api.permissions import CurrentUser
from custom_components.octoprint_plus.api.printer import PrinterError, parse_printer
from custom_components.octoprint_plus.api.profiles import parse_profile
from custom_components.octoprint_plus.api.socket.messages import (
    MessageReader,
    PushMessage,
)
from custom_components.octoprint_plus.api.version import ServerInfo
from custom_components.octoprint_plus.model.prints import LastPrint, Memory
from custom_components.octoprint_plus.model.snapshot import (
    ServerData,
    Snapshot,
    advance,
    advance_pushed,
)
from tests.recorded import FIXTURES

START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

CONNECTION = parse_connection({"current": {"printerProfile": "dual"}})

SERVER = ServerData(
    server=ServerInfo(version="1.11.8", safe_mode=None),
    user=CurrentUser(name="admin", permissions=frozenset({"ADMIN"})),
    settings=None,
    profiles={
        "_default": parse_profile("_default", {"default": True}),
        "dual": parse_profile(
            "dual", {"extruder": {"count": 2}, "heatedChamber": True}
        ),
    },
    commands=(),
)

NO_JOB = {"file": {"name": None, "path": None, "size": None, "origin": None}}


@dataclass(frozen=True)
class Line:
    """One message of the server in a recording."""

    at: float
    """Seconds since connecting."""

    kind: str
    """The message's name: history, current, event."""

    data: Any
    note: str | None
    """What was done to the printer last."""

    @property
    def frame(self) -> bytes:
        """Return the frame that carried it."""
        return json.dumps({self.kind: self.data}).encode()


@cache
def recording(name: str) -> tuple[Line, ...]:
    """Return what the server said in a recording."""
    return tuple(_lines(name))


def _lines(name: str) -> Iterator[Line]:
    note = None
    for raw in (FIXTURES / f"push/{name}.jsonl").read_text().splitlines():
        entry = json.loads(raw)
        if entry.get("dir") == "#":
            note = entry["note"]
        elif "msg" in entry and entry.get("dir", "<") == "<":
            for kind, data in entry["msg"].items():
                yield Line(entry.get("t", 0.0), kind, data, note)


def recordings() -> list[str]:
    """Return the names of all recordings."""
    return sorted(path.stem for path in (FIXTURES / "push").glob("*.jsonl"))


def polled(
    data: Mapping[str, Any],
    *,
    previous: Snapshot | None = None,
    memory: Memory | None = None,
    error: PrinterError | None = None,
    after: float = 0,
) -> Snapshot:
    """Return what a poll makes of the same that a `current` tells."""
    state = data["state"]
    temps = data.get("temps") or [{}]
    offsets = data.get("offsets") or {}
    is_on = state["flags"].get("operational", False)
    return advance(
        previous,
        memory or Memory(),
        server=SERVER,
        connection=CONNECTION,
        job=parse_job(
            {
                "state": state["text"],
                "error": state.get("error"),
                "job": data.get("job"),
                "progress": data.get("progress"),
            }
        ),
        printer=parse_printer(
            {
                "state": state,
                "sd": {"ready": state["flags"].get("sdReady")},
                "temperature": {
                    name: {**values, "offset": offsets.get(name, 0)}
                    for name, values in temps[-1].items()
                    if isinstance(values, dict)
                },
            }
        )
        if is_on
        else None,
        error=error,
        now=START + timedelta(seconds=after),
    )


IDLE = {
    "state": {"text": "Operational", "flags": {"operational": True, "ready": True}},
    "job": NO_JOB,
    "temps": [{"tool0": {"actual": 21.3, "target": 0}}],
}


class Replay:
    """A snapshot that follows the frames of a socket."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot | None = None
    ) -> None:
        """Begin with a poll, by default of an idle printer."""
        self.at = 0.0
        self.reader = MessageReader()
        self.snapshot = snapshot or polled(IDLE)
        self.states: list[State | None] = [self.snapshot.state]
        self.ends: list[LastPrint] = []
        monkeypatch.setattr(
            "custom_components.octoprint_plus.api.socket.messages.monotonic",
            lambda: self.at,
        )

    @property
    def now(self) -> datetime:
        """Return the time of the last frame."""
        return START + timedelta(seconds=self.at)

    @property
    def results(self) -> list[tuple[str, str, int | None]]:
        """Return name, result and print time of all prints that ended."""
        return [(end.name, end.result.value, end.print_time) for end in self.ends]

    def take(self, message: PushMessage | None) -> Snapshot:
        """Take a message and note what came of it."""
        previous = self.snapshot
        if message is not None:
            self.snapshot = advance_pushed(previous, message, self.now)
        self.note(previous)
        return self.snapshot

    def note(self, previous: Snapshot) -> None:
        """Note what came of the last step."""
        if self.snapshot.state is not self.states[-1]:
            self.states.append(self.snapshot.state)
        last_print = self.snapshot.memory.last_print
        if last_print is not None and last_print is not previous.memory.last_print:
            self.ends.append(last_print)

    def send(self, kind: str, data: Any, *, after: float = 0) -> Snapshot:
        """Send a message so many seconds after the last one."""
        self.at += after
        return self.take(self.reader.read(json.dumps({kind: data}).encode()))

    def event(self, kind: str, /, *, after: float = 0, **payload: Any) -> Snapshot:
        """Send an event."""
        return self.send("event", {"type": kind, "payload": payload}, after=after)

    def state(self, state_id: str, text: str, *, after: float = 0) -> Snapshot:
        """Send that the printer's state changed."""
        return self.event(
            "PrinterStateChanged", state_id=state_id, state_string=text, after=after
        )

    def play(self, lines: tuple[Line, ...]) -> None:
        """Send the lines of a recording, each at its time."""
        for line in lines:
            self.at = line.at
            self.take(self.reader.read(line.frame))
