"""Test that no answer, however odd, breaks more than itself."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
import math
import random
from typing import Any

import pytest

from custom_components.octoprint_plus.api import OctoPrintClient, OctoPrintError
from custom_components.octoprint_plus.api.connection import parse_connection
from custom_components.octoprint_plus.api.entries import parse_entry
from custom_components.octoprint_plus.api.job import parse_job, parse_job_file
from custom_components.octoprint_plus.api.permissions import CurrentUser
from custom_components.octoprint_plus.api.printer import (
    parse_error,
    parse_flags,
    parse_heaters,
    parse_printer,
)
from custom_components.octoprint_plus.api.profiles import parse_profile
from custom_components.octoprint_plus.api.settings import parse_settings
from custom_components.octoprint_plus.api.version import ServerInfo
from custom_components.octoprint_plus.model.prints import Memory
from custom_components.octoprint_plus.model.snapshot import ServerData, advance
from tests.fake_octoprint import FakeOctoPrint
from tests.recorded import json_answer, recorded

ROUNDS = 300

SCALARS = (
    None,
    True,
    False,
    0,
    -1,
    10**400,
    1e308,
    0.1,
    math.nan,
    math.inf,
    -math.inf,
    "",
    " ",
    "Printing",
    "NaN",
    "../..",
    "\ud800",
    "\x00",
    "🐙" * 50,
)

SERVER = ServerData(
    server=ServerInfo(version="1.11.8", safe_mode=None),
    user=CurrentUser(name="admin", permissions=frozenset({"ADMIN"})),
    settings=None,
    profiles={},
    commands=(),
)

READS: dict[str, Callable[[OctoPrintClient], Awaitable[object]]] = {
    "/api/connection": lambda client: client.connection.get(),
    "/api/currentuser": lambda client: client.access.current_user(),
    "/api/files": lambda client: client.files.list(recursive=False),
    "/api/files/local/test_main.gcode": lambda client: client.files.info(
        "local", "test_main.gcode"
    ),
    "/api/job": lambda client: client.job.get(),
    "/api/printer": lambda client: client.printer.get(),
    "/api/printer/error": lambda client: client.printer.error(),
    "/api/printerprofiles": lambda client: client.profiles.list(),
    "/api/server": lambda client: client.server.get(),
    "/api/settings": lambda client: client.settings.get(),
    "/api/system/commands": lambda client: client.system.commands(),
    "/api/printer/command/custom": lambda client: client.printer.controls(),
    "/api/slicing": lambda client: client.slicing.list(),
    "/api/system/usage": lambda client: client.system.usage(),
    "/api/timelapse": lambda client: client.timelapse.list(),
}


def junk(rng: random.Random, depth: int = 3) -> Any:
    """Return any JSON, and what Python takes for JSON."""
    if depth and rng.random() < 0.4:
        count = rng.randrange(4)
        if rng.random() < 0.5:
            return [junk(rng, depth - 1) for _ in range(count)]
        return {str(rng.choice(SCALARS)): junk(rng, depth - 1) for _ in range(count)}
    return rng.choice(SCALARS)


def spoiled(rng: random.Random, value: Any) -> Any:
    """Return a recorded answer with junk in some places and others left out."""
    if rng.random() < 0.1:
        return junk(rng)
    if isinstance(value, dict):
        return {
            key if rng.random() < 0.95 else str(rng.choice(SCALARS)): spoiled(rng, item)
            for key, item in value.items()
            if rng.random() < 0.95
        }
    if isinstance(value, list):
        return [spoiled(rng, item) for item in value]
    return value


def leaves(value: object) -> Iterator[object]:
    """Yield all that is in what was read."""
    if is_dataclass(value):
        for each in fields(value):
            yield from leaves(getattr(value, each.name))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield key
            yield from leaves(item)
    elif isinstance(value, tuple | frozenset):
        for item in value:
            yield from leaves(item)
    else:
        yield value


def check(value: object) -> None:
    """Check that what was read holds only what the rest of the world can take."""
    for leaf in leaves(value):
        assert isinstance(leaf, str | int | float | datetime | None)
        if isinstance(leaf, float):
            assert math.isfinite(leaf)
        if isinstance(leaf, str):
            leaf.encode()


def cases() -> list[tuple[Callable[[Any], object], Any]]:
    """Return each parser with an answer that it was made for."""
    printer = recorded("multi_printing", "printer").json
    error = recorded("error_fatal_while_printing", "printer_error").json
    job = recorded("printing_local", "job").json
    profiles = recorded("general", "printerprofiles").json["profiles"]
    return [
        (parse_connection, recorded("general", "connection").json),
        (parse_entry, {"children": recorded("files", "recursive").json["files"]}),
        (parse_error, error),
        (parse_flags, printer["state"]["flags"]),
        (parse_heaters, printer["temperature"]),
        (parse_job, job),
        (parse_job_file, job["job"]["file"]),
        (parse_printer, printer),
        (lambda data: parse_profile("x", data), profiles["_default"]),
        (parse_settings, recorded("general", "settings").json),
    ]


@pytest.mark.parametrize("seed", range(5))
def test_parsers(seed: int) -> None:
    rng = random.Random(seed)
    for parse, answer in cases():
        check(parse(answer))
        for number in range(ROUNDS // 5):
            data = spoiled(rng, answer) if number % 2 else junk(rng)
            if not isinstance(data, dict):
                data = {key: junk(rng) for key in answer}
            try:
                check(parse(data))
            except OctoPrintError:
                # Where an answer lacks what OctoPrint always tells.
                assert parse is parse_job


@pytest.mark.parametrize("path", READS)
async def test_reads(client: OctoPrintClient, fake: FakeOctoPrint, path: str) -> None:
    rng = random.Random(path)
    answer = fake.json("GET", path)
    refused = 0
    for number in range(40):
        data = spoiled(rng, answer) if number % 2 else junk(rng)
        body = json_answer(data)
        fake.answer("GET", path, body=body.body, headers=body.headers)
        try:
            check(await READS[path](client))
        except OctoPrintError:
            refused += 1
    # Some are no answer at all, and some can be read.
    assert 0 < refused < 40


def test_snapshots() -> None:
    rng = random.Random(0)
    memory = Memory()
    snapshot = None
    recordings = ("printing_local", "paused", "after_print_done", "disconnected")
    for number in range(ROUNDS):
        folder = rng.choice(recordings)
        data = spoiled(rng, recorded(folder, "job").json)
        try:
            job = parse_job(data if isinstance(data, dict) else {})
        except OctoPrintError:
            continue
        printer = spoiled(rng, recorded("multi_printing", "printer").json)
        snapshot = advance(
            snapshot,
            memory,
            server=SERVER,
            connection=parse_connection({}),
            job=job,
            printer=parse_printer(printer) if isinstance(printer, dict) else None,
            error=None,
            now=datetime(2026, 11, 21, number // 60, number % 60, tzinfo=UTC),
        )
        memory = snapshot.memory
        check(snapshot)
    assert memory.last_print is not None
