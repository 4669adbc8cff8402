"""The recorded answers of OctoPrint, by folder and name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
import json as jsonlib
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).parent / "fixtures"


@dataclass(frozen=True)
class Answer:
    """What is answered to a request."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def json(self) -> Any:
        """Return the body as JSON."""
        return jsonlib.loads(self.body) if self.body else None


def json_answer(
    data: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Answer:
    """Return an answer with JSON, which may hold NaN and Infinity as Python writes them."""
    return Answer(
        status,
        jsonlib.dumps(data).encode(),
        {"Content-Type": "application/json", **(headers or {})},
    )


@cache
def folder_index(folder: str) -> dict[str, dict[str, Any]]:
    """Return what was recorded in a folder, by name."""
    index: dict[str, dict[str, Any]] = jsonlib.loads(
        (FIXTURES / folder / "_index.json").read_bytes()
    )
    return index


@cache
def recorded(folder: str, name: str) -> Answer:
    """Return a recorded answer."""
    entry = folder_index(folder)[name]
    body = (FIXTURES / folder / entry["file"]).read_bytes() if entry["file"] else b""
    headers = {
        key: value
        for key, value in entry.get("headers", {}).items()
        if key == "Cache-Control"
    }
    return Answer(
        entry["status"], body, {"Content-Type": entry["content_type"], **headers}
    )


def state_folders() -> list[str]:
    """Return the folders that show a printer in one state."""
    return sorted(
        path.parent.name
        for path in FIXTURES.glob("*/_index.json")
        if {"connection", "job", "printer"} <= folder_index(path.parent.name).keys()
    )
