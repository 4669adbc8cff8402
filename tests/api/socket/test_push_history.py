"""Test the history of temperatures, which is as large as the user lets OctoPrint's graph be long."""

from collections.abc import Callable
from contextlib import suppress
import json
from typing import Any

import pytest

from custom_components.octoprint_plus.api import OctoPrintClient
from custom_components.octoprint_plus.api.bodies import LARGE
from custom_components.octoprint_plus.api.errors import (
    ConnectionCause,
    OctoPrintConnectionError,
)
from custom_components.octoprint_plus.api.socket.frames import (
    decoded_large,
    without_old_temperatures,
)
from custom_components.octoprint_plus.api.socket.messages import Current
from custom_components.octoprint_plus.api.socket.push import (
    DOUBLED,
    OctoPrintPush,
    PushLost,
    PushStarted,
)
from custom_components.octoprint_plus.api.socket.terminal import open_terminal
from tests.fake_octoprint import FakeOctoPrint

from .listening import cause, heard, listening

PUSH = "custom_components.octoprint_plus.api.socket.push"

# Points of a day, one each two seconds.
DAY = 43_200

STATE = {
    "state": {
        "text": "Operational",
        "flags": {"operational": True, "ready": True, "sdReady": False},
        "error": "",
    },
    "job": {"file": {"name": None, "path": None, "origin": None}},
    "progress": {"completion": None},
    "currentZ": None,
    "offsets": {},
    "busyFiles": [],
}


def points(count: int, *names: str) -> list[dict[str, Any]]:
    """Return the temperatures of so many moments."""
    return [
        {"time": 1764230000 + 2 * number}
        | {
            name: {"actual": 20 + number / 1000, "target": 0.0}
            for name in names or ("bed", "chamber", "tool0")
        }
        for number in range(count)
    ]


def history(temps: object, **changes: Any) -> dict[str, Any]:
    """Return a history as OctoPrint sends it."""
    return {"history": {**STATE, "temps": temps, "logs": [], "messages": []} | changes}


@pytest.fixture
def parsed() -> list[int]:
    """Return how many bytes were parsed, message by message."""
    return []


@pytest.fixture
def loads(parsed: list[int]) -> Callable[[bytes], Any]:
    """Return what reads JSON, and notes how much of it."""

    def read(text: bytes) -> Any:
        parsed.append(len(text))
        return json.loads(text)

    return read


@pytest.mark.parametrize(
    ("count", "names"),
    [
        (DAY, ("bed", "chamber", "tool0")),
        (DAY, ("bed", *(f"tool{number}" for number in range(5)))),
        (3 * DAY, ("bed", "tool0")),
    ],
)
async def test_any_graph_cutoff(
    client: OctoPrintClient,
    fake: FakeOctoPrint,
    parsed: list[int],
    loads: Callable[[bytes], Any],
    count: int,
    names: tuple[str, ...],
) -> None:
    """Test that it is pushed as ever however long the graph is, and nearly nothing of it parsed."""
    temps = points(count, *names)
    message = json.dumps(history(temps), separators=(",", ":"))
    assert len(message) > 4 * LARGE
    fake.push.enabled = True
    fake.push.silent.add("history")
    push = OctoPrintPush(client, loads)
    async with listening(push) as listener:
        await fake.push.wait_for_sockets(1)
        await fake.push.send(message)
        await listener.next(PushStarted)
        (current,) = listener.of(Current)
        assert current.heaters is not None
        assert current.heaters["tool0"].actual == temps[-1]["tool0"]["actual"]
        assert current.heaters.keys() == set(names)
        await heard(listener, fake)
    assert max(parsed) < 10_000


async def test_terminal_with_any_graph_cutoff(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    """Test that the socket for the answers of a printer opens, too."""
    fake.push.enabled = True
    fake.push.silent.add("history")
    message = json.dumps(history(points(DAY)))

    async def send() -> None:
        await fake.push.wait_for_sockets(1)
        await fake.push.send(message)
        await fake.push.current()

    import asyncio  # noqa: PLC0415

    task = asyncio.create_task(send())
    async with open_terminal(client) as frames:
        assert "current" in await anext(frames)
    await task


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": "), (" ,\n", " :\n")])
@pytest.mark.parametrize(
    "temps",
    [
        [],
        points(1),
        points(2),
        points(5, "tool0"),
        [{}, {}],
        [{"time": 1}, {"time": 2}],
        points(3, "odd } name"),
        points(3, "odd { name"),
        points(3, 'odd "] name'),
        points(3, 'odd "temps":[{}] name'),
        points(3, "odd }] name"),
        points(3, "größe"),
        [{"time": 1, "tool0": {"actual": [1, {"a": []}], "target": None}}] * 3,
        None,
        "temps",
        {"temps": []},
        [None, 1, "x"],
    ],
)
async def test_same_as_parsed_whole(
    temps: Any, separators: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that what is left out is the old temperatures and nothing else, whatever is in a message."""
    name = 'file "temps":[ {"a": 1}].gcode'
    for whole in (
        history(temps),
        history(temps, job={"file": {"name": name, "path": name, "origin": "local"}}),
        {"current": {**STATE, "temps": temps}},
        {"plugin": {"plugin": "x", "data": {"temps": temps, "more": [1, 2]}}},
    ):
        for sort_keys in (True, False):
            text = json.dumps(whole, separators=separators, sort_keys=sort_keys)
            found = await decoded_large(text.encode())
            expected = json.loads(text)
            for content in (found, expected):
                for part in content.values():
                    holder = part.get("data", part)
                    if isinstance(holder["temps"], list):
                        holder["temps"] = holder["temps"][-1:]
            assert found == expected


def test_what_is_left_is_small() -> None:
    """Test that of a history just the last temperatures are left."""
    text = json.dumps(history(points(DAY))).encode()
    left = without_old_temperatures(text)
    assert left is not None
    assert len(left) < 2_000
    assert json.loads(left)["history"]["temps"] == points(DAY)[-1:]


@pytest.mark.parametrize(
    "text",
    [
        b"[" + b"[]," * 2_000_000 + b"[]]",
        b'{"temps":[' + b"[]," * 2_000_000 + b"[]]}",
        b'{"temps":[' + b"{}," * 2_000_000 + b"{}",
        b'{"temps":[{}],"x":[' + b"{}," * 2_000_000 + b"{}]}",
        b'{"temps":[' + b"{" * 5_000_000 + b"}]}",
        b'{"temps":[' + b'"temps":[' * 600_000,
    ],
    ids=range(6),
)
async def test_hostile(text: bytes, loads: Any, parsed: list[int]) -> None:
    """Test that of what is not OctoPrint's never more than a limit is parsed."""
    with suppress(OctoPrintConnectionError):
        await decoded_large(text, loads)
    assert all(each <= 4 * LARGE for each in parsed)


async def test_too_large_is_tried_ever_more_rarely(
    client: OctoPrintClient, fake: FakeOctoPrint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that a history that is still too large is told as such, and asked for ever more rarely."""
    rests: list[float] = []
    push = OctoPrintPush(client)

    async def rest(seconds: float) -> None:
        rests.append(seconds)

    monkeypatch.setattr(
        "custom_components.octoprint_plus.api.transport.MAX_MESSAGE", 1_000
    )
    monkeypatch.setattr(f"{PUSH}.reconnect_pause", lambda _: 120.0)
    monkeypatch.setattr(push, "rest", rest)
    fake.push.enabled = True
    async with listening(push) as listener:
        lost = await listener.next(PushLost, DOUBLED + 3)
        assert {cause(each) for each in listener.of(PushLost)} == {
            ConnectionCause.TOO_LARGE
        }
        assert "graph cutoff" in str(lost.error)
        assert listener.of(PushStarted) == []
    assert rests[: DOUBLED + 2] == [
        120.0 * 2 ** min(count, DOUBLED) for count in range(1, DOUBLED + 3)
    ]
