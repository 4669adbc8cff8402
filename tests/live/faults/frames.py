"""Frames that OctoPrint's socket would never send."""

import asyncio
from collections.abc import Iterator
import json
from time import time
from typing import Any

from tests.raw_server import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame

from .proxy import SocketRelay

MEGABYTE = 1024 * 1024

# Bounds the loops that send as quickly as the client takes it.
LOOP_SECONDS = 3.0

HEAT = {"actual": 21.3, "target": 0.0}


def message(content: Any) -> bytes:
    """Return a frame of JSON."""
    return frame(json.dumps(content).encode())


def current(**changes: Any) -> dict[str, Any]:
    """Return a `current` of a print, or with something else in it."""
    return {
        "current": {
            "state": {
                "text": "Printing",
                "flags": {
                    "operational": True,
                    "printing": True,
                    "cancelling": False,
                    "pausing": False,
                    "resuming": False,
                    "finishing": False,
                    "closedOrError": False,
                    "error": False,
                    "paused": False,
                    "ready": False,
                    "sdReady": True,
                },
            },
            "serverTime": time(),
            "temps": [{"time": int(time()), "tool0": HEAT, "bed": HEAT}],
            "logs": [],
            "messages": [],
            "offsets": {},
            "resends": {"count": 0, "transmitted": 100, "ratio": 0},
        }
        | changes
    }


def event(type_: str, payload: Any = None) -> dict[str, Any]:
    """Return an event."""
    return {"event": {"type": type_, "payload": payload}}


async def repeat(relay: SocketRelay, data: bytes) -> None:
    """Send the same again and again, as quickly as it is taken, for a bounded time."""
    end = asyncio.get_running_loop().time() + LOOP_SECONDS
    while asyncio.get_running_loop().time() < end:
        await relay.inject(data)
        await asyncio.sleep(0)


async def endless_frame(relay: SocketRelay) -> None:
    """Announce a frame of a terabyte and begin to send it."""
    await relay.inject(bytes([0x81, 127]) + (2**40).to_bytes(8))
    for _ in range(64):
        await relay.inject(b" " * MEGABYTE)


async def endless_fragments(relay: SocketRelay) -> None:
    """Send parts of a message that never ends."""
    await relay.inject(frame(b"[", TEXT, fin=False))
    await repeat(relay, frame(b" " * 65536, CONTINUATION, fin=False))


async def many_currents(relay: SocketRelay) -> None:
    """Send the same `current` as quickly as it is taken."""
    await repeat(relay, message(current()) * 100)


async def many_files(relay: SocketRelay) -> None:
    """Select another file with each event."""
    for number in range(3000):
        name = f"file {number}.gcode"
        payload = {"name": name, "path": name, "origin": "local"}
        await relay.inject(message(event("MetadataStatisticsUpdated", payload)))
        await relay.inject(message(current(progress={"completion": number % 100})))


async def many_events(relay: SocketRelay) -> None:
    """Send 50,000 events that people would hear of."""
    block = message(event("FilamentChange")) + message(event("Waiting"))
    for _ in range(250):
        await relay.inject(block * 100)
        await asyncio.sleep(0.01)


async def many_settings(relay: SocketRelay) -> None:
    """Say again and again that the settings have changed."""
    for _ in range(100):
        await relay.inject(message(event("SettingsUpdated")) * 30)
        await asyncio.sleep(0.03)


async def large_frames(relay: SocketRelay) -> None:
    """Send frames of almost the largest size, which take far more memory once they are read."""
    data = frame(b"[" + b"[]," * (4 * MEGABYTE // 3 - 100) + b"[]]")
    for _ in range(20):
        await relay.inject(data)
        await asyncio.sleep(0.05)


async def not_unicode(relay: SocketRelay) -> None:
    """Send a text that is none."""
    await relay.inject(frame(b'{"current": {"state": "\xff\xfe"}}'))


async def not_numbers(relay: SocketRelay) -> None:
    """Send what JSON has no way to write, and what no number holds."""
    for value in (b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e308", b"9" * 400):
        await relay.inject(
            frame(
                b'{"current": {"progress": {"completion": %b, "printTimeLeft": %b}, '
                b'"temps": [{"time": %b, "tool0": {"actual": %b, "target": %b}}], '
                b'"currentZ": %b, "serverTime": %b}}' % ((value,) * 7)
            )
        )


async def nested(relay: SocketRelay) -> None:
    """Send a list in a list in a list, a million times."""
    await relay.inject(frame(b"[" * MEGABYTE + b"]" * MEGABYTE))


def wrong_types() -> Iterator[bytes]:
    """Yield messages with each kind of value in each place."""
    values: list[Any] = [None, True, -1, 1e300, "text", [], [[]], {}, {"a": {"b": 1}}]
    places = (
        "state", "job", "progress", "currentZ", "offsets", "temps", "logs", "resends",
        "serverTime", "markings", "busyFiles",
    )  # fmt: skip
    for value in values:
        for place in places:
            yield message({"current": {place: value}})
        for type_ in (
            "PrintDone2",
            "Error",
            "ZChange",
            "FileAdded",
            "Upload",
            "Connected2",
        ):
            yield message(event(type_, value))
        yield message({"plugin": value})
        yield message({"event": value})
        yield message({"timelapse": value})
        yield message({"slicingProgress": value})
        yield message({"renderProgress": value})


async def odd_types(relay: SocketRelay) -> None:
    """Send each kind of value in each place."""
    for data in wrong_types():
        await relay.inject(data)


async def doubled_keys(relay: SocketRelay) -> None:
    """Send a message that has a key twice, the right one last."""
    right = json.dumps(current()["current"])
    await relay.inject(
        frame(f'{{"current": {{"state": 1}}, "current": {right}}}'.encode())
    )


async def long_texts(relay: SocketRelay) -> None:
    """Send names and errors of 100 kB."""
    text = "ä" * 50_000
    await relay.inject(
        message(event("MetadataAnalysisStarted", {"name": text, "path": text}))
    )
    await relay.inject(message({"plugin": {"plugin": text, "data": text}}))
    await relay.inject(message({"slicingProgress": {"slicer": text, "progress": 5}}))
    await relay.inject(message({"slicingProgress": {"slicer": text, "progress": 100}}))


async def odd_opcodes(relay: SocketRelay) -> None:
    """Send binary data, pings and pongs."""
    await relay.inject(
        frame(b"\x00\x01", BINARY) + frame(b"x", PING) + frame(b"y", PONG)
    )


async def reserved_opcode(relay: SocketRelay) -> None:
    """Send a frame of a kind that does not exist."""
    await relay.inject(frame(b"{}", 5))


async def close(relay: SocketRelay) -> None:
    """Close the socket in order."""
    await relay.inject(frame((1000).to_bytes(2), CLOSE))


async def many_logins(relay: SocketRelay) -> None:
    """Ask 200 times for a new log-in."""
    await relay.inject(message({"reauthRequired": {"reason": "stale"}}) * 200)


async def half_a_frame(relay: SocketRelay) -> None:
    """Send half of a frame and end."""
    data = message(current())
    await relay.inject(data[: len(data) // 2])
    relay.cut()


async def unknown(relay: SocketRelay) -> None:
    """Send messages of kinds that nobody knows."""
    contents: list[Any] = [
        {"brandNew": {"a": 1}},
        {"event": {"type": "🙂"}},
        7,
        "x",
        [],
        None,
    ]
    for content in contents:
        await relay.inject(message(content))


async def silent(relay: SocketRelay) -> None:
    """Pass nothing on any more."""
    relay.passes_down = False


async def heartbeats(relay: SocketRelay) -> None:
    """Pass nothing on but empty messages."""
    relay.passes_down = False
    for _ in range(4):
        await relay.inject(message({}))
        await asyncio.sleep(1)


async def dripping(relay: SocketRelay) -> None:
    """Pass on a byte a second."""
    relay.drips = True
    await asyncio.sleep(4)


async def large_history(relay: SocketRelay) -> None:
    """Send a history of a day of temperatures, as a setting of the user makes it."""
    points = [
        {"time": number * 2, "tool0": {"actual": 21.33, "target": 0.0}, "bed": HEAT}
        for number in range(43_000)
    ]
    await relay.inject(message({"history": current(temps=points)["current"]}))
