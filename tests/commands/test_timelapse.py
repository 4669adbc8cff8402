"""Tests of the commands for timelapses."""

from typing import Any

import pytest

from tests.fake_octoprint import FakeOctoPrint
from tests.given import TIMED, TIMELAPSE, TIMELAPSE_LIST, Refused, written
from tests.services.conftest import message

from .conftest import Call
from .stub import StubCoordinator


@pytest.mark.parametrize(
    ("known", "data", "option", "kind"),
    [
        (TIMED, {"min_delay": 3}, "min_delay", "timed"),
        (TIMED, {"type": "zchange", "interval": 3}, "interval", "zchange"),
        (TIMED, {"type": "off", "fps": 3}, "fps", "off"),
        ({"type": "off"}, {"post_roll": 3}, "post_roll", "off"),
    ],
)
async def test_option_of_another_type(
    refused: Refused,
    timelapses: dict[str, Any],
    fake: FakeOctoPrint,
    known: dict[str, Any],
    data: dict[str, Any],
    option: str,
    kind: str,
) -> None:
    """An option that the type does not have would be lost without a word."""
    fake.answer("GET", TIMELAPSE_LIST, json=timelapses | {"config": known})
    assert message(await refused("set_timelapse", **data)) == (
        "timelapse_option_unused",
        {"printer": "Prusa", "option": option, "type": kind},
    )


async def test_option_of_a_newer_octoprint(
    refused: Refused,
    fake: FakeOctoPrint,
    timelapses: dict[str, Any],
    stub: StubCoordinator,
) -> None:
    """OctoPrint 1.10 passes over what it does not know."""
    server = fake.json("GET", "/api/server")
    fake.answer("GET", "/api/server", json=server | {"version": "1.10.3"})
    await stub.reload()
    error = await refused("set_timelapse", render_after_print="never")
    assert message(error) == (
        "timelapse_option_new",
        {"printer": "Prusa", "option": "render_after_print"},
    )


async def test_set_nothing(refused: Refused) -> None:
    """Something has to be given."""
    assert message(await refused("set_timelapse")) == (
        "timelapse_nothing",
        {"printer": "Prusa"},
    )


async def test_server_that_cannot_record(
    refused: Refused, fake: FakeOctoPrint, timelapses: dict[str, Any]
) -> None:
    """OctoPrint says yes and does nothing; that is told."""
    fake.answer("POST", TIMELAPSE, json=timelapses | {"config": {"type": "off"}})
    assert message(await refused("set_timelapse", type="zchange", sent=1)) == (
        "timelapse_refused",
        {"printer": "Prusa", "type": "zchange"},
    )


@pytest.mark.usefixtures("timelapses")
async def test_set_while_recording(
    call: Call, refused: Refused, fake: FakeOctoPrint, timelapses: dict[str, Any]
) -> None:
    """A recording is not ended, even if it is news; what is not recorded can be."""
    fake.load("printing_local")
    fake.answer("GET", TIMELAPSE_LIST, json=timelapses)
    error = await refused("set_timelapse", interval=9)
    assert message(error) == ("timelapse_busy", {"printer": "Prusa"})
    fake.answer("GET", TIMELAPSE_LIST, json=timelapses | {"config": {"type": "off"}})
    fake.answer("POST", TIMELAPSE, json=timelapses)
    await call("set_timelapse", type="timed")
    assert fake.commands() == [(TIMELAPSE, {"type": "timed"})]


CALLS = [
    ("render_timelapse", {}),
    ("delete_timelapse", {}),
    ("delete_timelapse", {"unrendered": True}),
]


@pytest.mark.parametrize(
    "name",
    [
        "nope.mp4",
        "..",
        "../vase",
        "../../api/job",
        "unrendered/vase",
        "vase/",
        "/",
        "*",
        "a%20b%23%C3%BC.mp4",
        "奔驰🐙",
        "VASE",
    ],
)
@pytest.mark.parametrize(("action", "data"), CALLS)
@pytest.mark.usefixtures("timelapses")
async def test_name_that_is_not_there(
    refused: Refused,
    fake: FakeOctoPrint,
    action: str,
    data: dict[str, Any],
    name: str,
) -> None:
    """A name that was not listed, or leads elsewhere, is refused and nothing is sent."""
    fake.clear()
    assert message(await refused(action, name=name, **data)) == (
        "timelapse_not_found",
        {"printer": "Prusa", "name": name},
    )
    assert written(fake) == []


@pytest.mark.parametrize("name", ["recorded", "rendered"])
@pytest.mark.parametrize(("action", "data"), [CALLS[0], CALLS[2]])
@pytest.mark.usefixtures("timelapses")
async def test_images_in_use(
    refused: Refused,
    fake: FakeOctoPrint,
    action: str,
    data: dict[str, Any],
    name: str,
) -> None:
    """Images are left alone while they are recorded or rendered."""
    fake.clear()
    assert message(await refused(action, name=name, **data)) == (
        "timelapse_in_use",
        {"printer": "Prusa", "name": name},
    )
    assert written(fake) == []


async def test_images_that_vanish(
    refused: Refused, fake: FakeOctoPrint, timelapses: dict[str, Any]
) -> None:
    """Images that somebody else deletes meanwhile are not found."""
    fake.answer("POST", f"{TIMELAPSE}/unrendered/vase", status=404)
    error = await refused("render_timelapse", name="vase", sent=1)
    assert error.translation_key == "timelapse_not_found"


@pytest.mark.usefixtures("timelapses")
async def test_render_during_a_print(refused: Refused, fake: FakeOctoPrint) -> None:
    """Rendering would slow down a print, and OctoPrint refuses it."""
    fake.load("printing_local")
    assert message(await refused("render_timelapse", name="vase")) == (
        "printer_busy",
        {
            "command": "render_timelapse",
            "file": "test_main.gcode",
            "printer": "Prusa",
        },
    )
