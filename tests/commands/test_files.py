"""Tests of the commands for files."""

import pytest

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from tests.fake_octoprint import FakeOctoPrint
from tests.given import Refused
from tests.services.conftest import message

from .conftest import Call
from .stub import StubCoordinator

ACTIONS = (("print_file", True), ("select_file", False))


@pytest.mark.parametrize(("action", "_"), ACTIONS)
async def test_unknown_file(refused: Refused, action: str, _: bool) -> None:
    """A file that is not there is named."""
    error = await refused(action, path="nope.gcode", sent=1)
    assert message(error) == (
        "file_not_found",
        {"location": "local", "path": "nope.gcode", "printer": "Prusa"},
    )


async def test_unknown_file_without_listing(
    refused: Refused,
    fake: FakeOctoPrint,
    stub: StubCoordinator,
) -> None:
    """A key that may not list files is told the same."""
    user = fake.json("GET", "/api/currentuser")
    user["permissions"] = ["STATUS", "FILES_SELECT", "PRINT"]
    fake.answer("GET", "/api/currentuser", json=user)
    await stub.reload()
    error = await refused("print_file", path="nope.gcode", sent=1)
    assert error.translation_key == "file_not_found"


@pytest.mark.parametrize(
    "path", ["../secret.gcode", "a/../../b.gcode", "a//b.gcode", "./a.gcode", "/"]
)
async def test_path_leaves_storage(refused: Refused, path: str) -> None:
    """A path that would leave the storage is never sent."""
    error = await refused("print_file", path=path)
    assert message(error) == (
        "file_not_found",
        {"location": "local", "path": path, "printer": "Prusa"},
    )


async def test_folder(refused: Refused, fake: FakeOctoPrint) -> None:
    """A folder is told from a file that is missing."""
    fake.answer(
        "POST", "/api/files/local/My_Folder", status=404, json={"error": "Not found"}
    )
    error = await refused("print_file", path="My_Folder/", sent=1)
    assert message(error) == (
        "file_is_folder",
        {"location": "local", "path": "My_Folder/", "printer": "Prusa"},
    )


@pytest.mark.parametrize("kind", ["model", "machinecode", None])
async def test_not_printable(call: Call, fake: FakeOctoPrint, kind: str | None) -> None:
    """A model is told from other reasons to refuse a file."""
    path = "/api/files/local/prt.gcode"
    fake.answer("POST", path, status=415, json={"error": "Cannot select file"})
    if kind is None:
        fake.answer("GET", path, status=404, json={"error": "Not found"})
    else:
        fake.answer("GET", path, json=fake.json("GET", path) | {"type": kind})
    with pytest.raises(HomeAssistantError) as raised:
        await call("print_file", path="prt.gcode")
    is_model = kind == "model"
    assert isinstance(raised.value, ServiceValidationError) == is_model
    expected = "file_not_printable" if is_model else "command_failed"
    assert raised.value.translation_key == expected
