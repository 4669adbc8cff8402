"""What OctoPrint 1.11.8 was recorded to say, as the simulator and the hot path need it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
import json
from typing import Any

from tests.recorded import FIXTURES, Answer, folder_index, recorded

PRINT = "lifecycle_local_pause_resume_cancel"
DELAYED_START = "misc_gcode_events_idle"

FOLDERS = ("general", "operational_idle_file_selected")

# From which event to which state an action goes.
ACTIONS = {
    "start": ("PrinterStateChanged STARTING", "PrinterStateChanged PRINTING"),
    "pause": ("PrinterStateChanged PAUSING", "PrinterStateChanged PAUSED"),
    "resume": ("PrinterStateChanged RESUMING", "PrinterStateChanged PRINTING"),
    "cancel": ("PrintCancelling", "PrinterStateChanged OPERATIONAL"),
}

# What somebody else did with files while it was recorded.
UNRELATED = (
    "FileAdded",
    "MetadataAnalysisFinished",
    "MetadataAnalysisStarted",
    "ToolChange",
    "UpdatedFiles",
    "Upload",
    "ZChange",
)


@dataclass(frozen=True)
class Step:
    """One event of an action."""

    after: float
    """Seconds since the event before it."""

    type: str
    payload: Any

    @property
    def state(self) -> str | None:
        """Return the state's text where it is one that begins."""
        if self.type != "PrinterStateChanged":
            return None
        return str(self.payload["state_string"])


@cache
def _messages(recording: str) -> tuple[tuple[float, str, Any], ...]:
    """Return what the server said: seconds, kind and content."""
    text = (FIXTURES / f"push/{recording}.jsonl").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    return tuple(
        (line["t"], kind, content)
        for line in lines
        if line["dir"] == "<"
        for kind, content in line["msg"].items()
    )


def message(kind: str, state: str | None = None) -> Any:
    """Return the content of the first message of a kind, or of the last `current` with a state and a job."""
    found = [content for _, each, content in _messages(PRINT) if each == kind]
    if state is not None:
        return [each for each in found if each["state"]["text"] == state][-1]
    return found[0]


@cache
def flags() -> Mapping[str, Mapping[str, bool]]:
    """Return the flags that go with each state's text."""
    return {
        content["state"]["text"]: content["state"]["flags"]
        for recording in (PRINT, DELAYED_START)
        for _, kind, content in _messages(recording)
        if kind == "current"
    }


@cache
def action(name: str) -> tuple[Step, ...]:
    """Return the events of an action as they came the first time it was recorded."""
    return tuple(_steps(*ACTIONS[name]))


def _steps(first: str, last: str) -> Iterator[Step]:
    before = None
    for time, kind, content in _messages(PRINT):
        if kind != "event" or content["type"] in UNRELATED:
            continue
        payload = content["payload"]
        label = content["type"]
        if label == "PrinterStateChanged":
            label += f" {payload['state_id']}"
        if before is None and label != first:
            continue
        yield Step(0 if before is None else time - before, content["type"], payload)
        before = time
        if label == last:
            return


@cache
def answers() -> Mapping[str, Answer]:
    """Return the answers to GET by path, without a query; a printer's own state aside."""
    found: dict[str, Answer] = {}
    for folder in FOLDERS:
        for name, entry in folder_index(folder).items():
            method, _, target = entry["request"].partition(" ")
            if method == "GET" and "user" not in entry:
                found.setdefault(target.partition("?")[0], recorded(folder, name))
    found["/api/currentuser"] = recorded("auth_errors", "currentuser_admin")
    return found


def refused() -> Answer:
    """Return the answer to an unknown key."""
    return recorded("auth_errors", "wrong_key_version")


def login() -> dict[str, Any]:
    """Return the answer to a passive log-in, to be given a session of its own."""
    answer: dict[str, Any] = recorded("auth_errors", "login_passive_admin").json
    return answer
