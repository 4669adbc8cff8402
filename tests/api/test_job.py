"""Test job: what is printed, how far it is, and its commands."""

from typing import Any

import pytest

from custom_components.octoprint_plus.api import (
    ConnectionCause,
    OctoPrintClient,
    OctoPrintConflictError,
    OctoPrintConnectionError,
    OctoPrintPermissionError,
)
from custom_components.octoprint_plus.api.entries import Filament
from custom_components.octoprint_plus.api.job import Job, JobFile, Progress, parse_job
from tests.fake_octoprint import FakeOctoPrint


async def test_printing(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.load("printing_local")
    assert await client.job.get() == Job(
        state="Printing",
        error=None,
        file=JobFile(
            name="test_main.gcode", path="test_main.gcode", origin="local", size=6097
        ),
        user="admin",
        estimated_print_time=114.35067124205626,
        progress=Progress(
            completion=58.84861407249466,
            print_time=4,
            print_time_left=2,
            print_time_left_origin="linear",
        ),
        filament={"tool0": Filament(length=144, volume=0)},
    )


async def test_fresh_server(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.load("operational_idle_no_file")
    assert await client.job.get() == Job(
        state="Operational",
        error=None,
        file=None,
        user=None,
        estimated_print_time=None,
        progress=Progress(
            completion=None,
            print_time=None,
            print_time_left=None,
            print_time_left_origin=None,
        ),
    )


async def test_file_on_sd_card(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.load("printing_sd")
    job = await client.job.get()
    assert job.file == JobFile(
        name="sdtest~1.gco", path="sdtest~1.gco", origin="sdcard", size=3631
    )
    assert job.estimated_print_time is None


async def test_lost_connection(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    """OctoPrint ends that text with a colon and a blank, which say nothing."""
    fake.load("error_connection_dropped_while_printing")
    job = await client.job.get()
    assert (job.state, job.error) == (
        "Offline after error",
        "SerialTimeoutException",
    )


@pytest.mark.parametrize("answer", [{}, {"state": None}, {"state": {"text": "x"}}])
def test_without_a_state(answer: dict[str, Any]) -> None:
    with pytest.raises(OctoPrintConnectionError) as caught:
        parse_job(answer)
    assert caught.value.cause is ConnectionCause.NOT_OCTOPRINT


def test_junk() -> None:
    job = parse_job(
        {
            "state": "Printing",
            "error": ["x"],
            "job": {"file": {"path": "a/b.gcode", "name": "b.gcode", "size": "6 kB"}},
            "progress": {"completion": "50", "printTime": float("inf")},
        }
    )
    assert job.error is None
    assert job.file == JobFile(
        name="b.gcode", path="a/b.gcode", origin="other", size=None
    )
    assert job.progress.completion is None
    assert job.progress.print_time is None


@pytest.mark.parametrize(
    ("call", "sent"),
    [
        ("start", {"command": "start"}),
        ("cancel", {"command": "cancel"}),
        ("restart", {"command": "restart"}),
        ("pause", {"command": "pause", "action": "pause"}),
        ("resume", {"command": "pause", "action": "resume"}),
    ],
)
async def test_commands(
    client: OctoPrintClient, fake: FakeOctoPrint, call: str, sent: dict[str, Any]
) -> None:
    await getattr(client.job, call)()
    assert fake.commands() == [("/api/job", sent)]


@pytest.mark.parametrize(
    ("folder", "action"),
    [("printing_local", "pause"), ("pausing", "pause"), ("paused", "resume")],
)
async def test_toggle(
    client: OctoPrintClient, fake: FakeOctoPrint, folder: str, action: str
) -> None:
    fake.load(folder)
    await client.job.toggle()
    assert fake.commands() == [("/api/job", {"command": "pause", "action": action})]


async def test_refused_while_off(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.load("disconnected")
    with pytest.raises(OctoPrintConflictError, match="Printer is not operational"):
        await client.job.start()


async def test_not_permitted(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.user("readonly")
    with pytest.raises(OctoPrintPermissionError) as caught:
        await client.job.cancel()
    assert caught.value.permission == "PRINT"
