"""Tests of the command that slices."""

from typing import Any

import pytest

from custom_components.octoprint_plus.api.permissions import permission_name
from homeassistant.exceptions import ServiceValidationError
from tests.fake_octoprint import FakeOctoPrint
from tests.given import MODEL, SLICERS, Refused, sliced
from tests.services.conftest import message

from .conftest import Call
from .stub import StubCoordinator


@pytest.mark.parametrize(
    ("data", "error", "placeholders"),
    [
        ({"slicer": "raw"}, "slicer_unknown", {"slicers": "cura, slic3r"}),
        ({"slicer": "../cura"}, "slicer_unknown", {"slicer": "../cura"}),
        ({"profile": "nope"}, "slicer_profile_unknown", {"profiles": "coarse, fine"}),
        ({"destination": "../x.gcode"}, "slice_name_invalid", {"name": "../x.gcode"}),
        ({"destination": "a/x.gcode"}, "slice_name_invalid", {}),
        ({"destination": "..."}, "slice_name_invalid", {}),
        ({"destination": "x.stl"}, "slice_name_extension", {"extensions": "gcode, g"}),
        ({"destination": "x"}, "slice_name_extension", {}),
        ({"path": "nope.stl"}, "slice_file_not_found", {"path": "nope.stl"}),
        ({"path": "../../etc/passwd.stl"}, "slice_file_not_found", {}),
        ({"path": "/"}, "slice_file_not_found", {}),
        ({"path": "test_main.gcode"}, "slice_not_a_model", {"slicer": "Cura"}),
        ({"path": "folder.stl"}, "slice_not_a_model", {}),
    ],
)
@pytest.mark.usefixtures("slicer")
async def test_refused(
    refused: Refused,
    fake: FakeOctoPrint,
    data: dict[str, Any],
    error: str,
    placeholders: dict[str, str],
) -> None:
    """What cannot be sliced is refused by its cause, and nothing is sent."""
    folder = {"name": "folder.stl", "path": "folder.stl", "type": "folder"}
    fake.answer("GET", "/api/files/local/folder.stl", json=folder)
    found = message(await refused("slice_file", **{"path": "vases/spiral.stl"} | data))
    assert found[0] == error
    assert placeholders.items() <= (found[1] or {}).items()


@pytest.mark.parametrize("slicers", [{}, {"raw": SLICERS["raw"]}])
async def test_no_slicer(
    refused: Refused, fake: FakeOctoPrint, slicers: dict[str, Any]
) -> None:
    """Mostly there is no slicer."""
    fake.answer("GET", "/api/slicing", json=slicers)
    error = await refused("slice_file", path="vases/spiral.stl")
    assert message(error) == ("slicer_missing", {"printer": "Prusa"})


@pytest.mark.usefixtures("slicer")
async def test_busy_or_off(
    call: Call,
    refused: Refused,
    fake: FakeOctoPrint,
    stub: StubCoordinator,
) -> None:
    """To slice needs no printer, to print afterwards does."""
    for recorded, error in (
        ("printing_local", "printer_busy"),
        ("disconnected", "printer_offline"),
    ):
        fake.load(recorded)
        await stub.async_refresh()
        found = await refused("slice_file", path="vases/spiral.stl", print=True)
        assert found.translation_key == error
        await call("slice_file", path="vases/spiral.stl")
    assert len(sliced(fake)) == 2


@pytest.mark.usefixtures("slicer")
async def test_conflict(refused: Refused, fake: FakeOctoPrint) -> None:
    """OctoPrint's own refusal is told."""
    fake.answer("POST", MODEL, status=409, json={"error": "Printed right now"})
    error = await refused("slice_file", path="vases/spiral.stl", sent=2)
    assert error.translation_key == "command_conflict"


@pytest.mark.parametrize(
    ("data", "missing"),
    [
        ({}, "SLICE"),
        ({}, "FILES_LIST"),
        ({"print": True}, "FILES_SELECT"),
        ({"print": True}, "PRINT"),
    ],
)
@pytest.mark.usefixtures("slicer")
async def test_permissions(
    call: Call,
    fake: FakeOctoPrint,
    stub: StubCoordinator,
    data: dict[str, Any],
    missing: str,
) -> None:
    """What the key may not do is refused by the permission's name."""
    account = fake.json("GET", "/api/currentuser")
    account["permissions"] = sorted(set(account["permissions"]) - {"ADMIN", missing})
    fake.answer("GET", "/api/currentuser", json=account)
    await stub.reload()
    with pytest.raises(ServiceValidationError) as raised:
        await call("slice_file", path="vases/spiral.stl", **data)
    assert message(raised.value) == (
        "command_missing_permission",
        {
            "command": "slice_file",
            "permission": permission_name(missing),
            "printer": "Prusa",
        },
    )
    assert fake.commands() == []
