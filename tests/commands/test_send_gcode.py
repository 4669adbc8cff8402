"""Tests of the command that sends G-code."""

import pytest

from custom_components.octoprint_plus.api.gcode import MAX_REQUEST
from tests.fake_octoprint import FakeOctoPrint
from tests.given import Refused
from tests.services.conftest import message

from .conftest import Call


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("M118 *** Ring ***", "sign"),
        ("M118 a\u2028M112", "control"),
        ("N7 G28", "number"),
        ("M118 " + "x" * 76, "length"),
    ],
)
async def test_unsafe(
    refused: Refused, fake: FakeOctoPrint, line: str, reason: str
) -> None:
    """A line that would cost a print is refused, and nothing else is sent."""
    error = await refused("send_gcode", commands=["G28", line])
    assert message(error) == (
        f"gcode_unsafe_{reason}",
        {"printer": "Prusa", "line": line, "length": str(len(line)), "limit": "80"},
    )
    assert fake.commands() == []


@pytest.mark.parametrize("commands", ["", " \n\n", [], ["; a", ";b"]])
async def test_empty(refused: Refused, commands: str | list[str]) -> None:
    """What has no command in it is refused."""
    error = await refused("send_gcode", commands=commands)
    assert message(error) == ("gcode_empty", {"printer": "Prusa"})


async def test_too_long(call: Call, refused: Refused, fake: FakeOctoPrint) -> None:
    """What OctoPrint would hang up on is refused."""
    line = "G1 X10 Y10"
    count = MAX_REQUEST // len(f'"{line}", ') - 1
    await call("send_gcode", commands=[line] * count)
    assert len(fake.commands()[0][1]["commands"]) == count
    error = await refused("send_gcode", commands=[line] * (count + 2))
    assert message(error) == ("gcode_too_long", {"printer": "Prusa"})


@pytest.mark.parametrize("action", ["select_file", "print_file", "delete_file"])
@pytest.mark.parametrize("name", ["a;b.gco", "a*b.gco", "a\nM112.gco"])
async def test_names_on_the_printer(
    refused: Refused, fake: FakeOctoPrint, action: str, name: str
) -> None:
    """A name that would become another file's in G-code is refused."""
    error = await refused(action, path=name, location="sdcard")
    assert message(error)[0] == "file_name_unsafe"
    assert fake.commands() == []
