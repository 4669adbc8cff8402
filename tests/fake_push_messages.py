"""The push messages of the fake: recorded ones, and those made of what REST answers."""

from collections.abc import Callable, Mapping
from functools import cache
import json as jsonlib
from time import time
from typing import Any

from .recorded import FIXTURES, Answer

BUSY_FLAGS = ("printing", "paused")

Read = Callable[[str], Answer]
"""Tells what REST answers to a path."""


@cache
def _sample(name: str) -> dict[str, Any]:
    """Return the content of a recorded message."""
    message: dict[str, dict[str, Any]] = jsonlib.loads(
        (FIXTURES / f"push/sample_{name}.json").read_bytes()
    )
    (content,) = message.values()
    return content


@cache
def recording(name: str) -> tuple[tuple[str, Any], ...]:
    """Return what the server said in a recording: names and contents of its messages."""
    lines = (FIXTURES / f"push/{name}.jsonl").read_text().splitlines()
    entries = [jsonlib.loads(line) for line in lines if line]
    return tuple(
        item
        for entry in entries
        if "msg" in entry and entry.get("dir", "<") == "<"
        for item in entry["msg"].items()
    )


def _merged(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    return base | {
        key: _merged(base[key], value)
        if isinstance(value, Mapping) and isinstance(base.get(key), dict)
        else value
        for key, value in over.items()
    }


def connected(read: Read) -> dict[str, Any]:
    """Return what every socket is told first."""
    sample = _sample("connected_permissions_trimmed")
    version = read("/api/version").json.get("server", sample["version"])
    return sample | {"version": version, "display_version": version}


def current(
    read: Read, z: float | None, ahead: float, changes: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a current of what REST would answer now, by a clock that is ahead, with changes."""
    state = _state(read, z, ahead, _sample("current_idle"))
    file, flags = state["job"].get("file"), state["state"]["flags"]
    if file and any(flags.get(name) for name in BUSY_FLAGS):
        state["busyFiles"] = [{key: file[key] for key in ("origin", "path")}]
    return _merged(state, changes)


def history(read: Read, z: float | None, ahead: float) -> dict[str, Any]:
    """Return a history that ends with what REST would answer now."""
    state = _state(read, z, ahead, _sample("history_trimmed"))
    # A point before, a degree colder, tells who takes the wrong end of the list.
    before = [
        {
            key: {**value, "actual": value["actual"] and value["actual"] - 1}
            if isinstance(value, dict)
            else value - 2
            for key, value in point.items()
        }
        for point in state["temps"]
    ]
    return state | {"temps": before + state["temps"]}


def _state(
    read: Read, z: float | None, ahead: float, sample: dict[str, Any]
) -> dict[str, Any]:
    job = read("/api/job").json
    answer = read("/api/printer")
    printer = answer.json if answer.status == 200 else {}
    if "state" in printer:
        state = printer["state"]
    else:
        flags = dict.fromkeys(sample["state"]["flags"], False)
        flags["closedOrError"] = job["state"].startswith(("Offline", "Error"))
        state = {"flags": flags}
    heaters = printer.get("temperature", {})
    point = {
        name: {key: value.get(key) for key in ("actual", "target")}
        for name, value in heaters.items()
    }
    now = time() + ahead
    return sample | {
        "state": {
            "text": job["state"],
            "flags": state["flags"],
            "error": job.get("error") or state.get("error", ""),
        },
        "job": job["job"],
        "progress": job["progress"],
        "currentZ": z if printer else None,
        "offsets": {
            name: value["offset"]
            for name, value in heaters.items()
            if value.get("offset")
        },
        "serverTime": now,
        "temps": [{"time": int(now), **point}] if point else [],
    }
