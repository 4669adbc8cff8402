"""Tests of a file whose name OctoPrint stores in another way than it shows it."""

from pathlib import Path
from time import monotonic

import pytest

from scripts.lab import OctoPrintServer
from scripts.lab.octoprint_config import OctoPrintOptions
from scripts.lab.sample_print import sample_print

from .home import Home, values
from .matrix import NEXT
from .record import Change, Record

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]

SHOWN = "Why? Part: 2*3.gcode"


async def check_names(
    octoprint: OctoPrintServer, shown: Record[Change], name: str
) -> None:
    """Print a file as another client does, and see under which names it is known."""
    since = monotonic()
    answer = await octoprint.upload(
        SHOWN, sample_print(3, nozzle=25, bed=25), print_=True
    )
    stored = answer["files"]["local"]["path"]
    assert stored != SHOWN
    await shown.wait_for(lambda x: x.attributes.get("event_type") == "finished", since)
    assert values(shown, f"sensor.{name}_file", since) == [SHOWN]
    assert values(shown, f"sensor.{name}_last_print", since) == [SHOWN]
    events = [
        change.attributes
        for change in shown.after(since)
        if change.entity_id == f"event.{name}_print"
    ]
    told = [(each["event_type"], each["file"], each["path"]) for each in events]
    assert told == [("started", SHOWN, stored), ("finished", SHOWN, stored)]


async def test_one_name(home: Home, shown: Record[Change]) -> None:
    """Test that File, Last print and the events of a print have the shown name only."""
    await check_names(home.octoprint, shown, "voron")


async def test_one_name_of_octoprint_2(
    home: Home, shown: Record[Change], tmp_path: Path
) -> None:
    """Test the same of OctoPrint 2."""
    options = OctoPrintOptions(name="Ender")
    async with (
        OctoPrintServer(tmp_path, version=NEXT, options=options) as octoprint,
        home.beside(octoprint) as other,
    ):
        await other.hass.wait_for("sensor.ender_state", "operational")
        await check_names(octoprint, shown, "ender")
