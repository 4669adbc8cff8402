"""Tests of the actions for files."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from syrupy.assertion import SnapshotAssertion

from homeassistant.core import HomeAssistant
from tests.api.answering import replay
from tests.fake_octoprint import FakeOctoPrint
from tests.given import Refused
from tests.waiting import refresh

from .conftest import Call, message, unusable

ACTIONS = (("print_file", True), ("select_file", False))


@pytest.fixture
async def octoprint_2(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Let the server be OctoPrint 2, which has another name for the printer's storage."""
    fake.answer("GET", "/api/server", json={"version": "2.0.0rc7", "safemode": None})
    await hass.config_entries.async_reload(init_integration.entry_id)


@pytest.mark.parametrize(("action", "is_print"), ACTIONS)
@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("prt.gcode", "prt.gcode"),
        ("/prt.gcode", "prt.gcode"),
        ("Heater Test.gcode", "Heater%20Test.gcode"),
        ("My_Folder/sub/in folder.gcode", "My_Folder/sub/in%20folder.gcode"),
        ("Bénchy ü.gcode", "B%C3%A9nchy%20%C3%BC.gcode"),
    ],
)
async def test_select(
    call: Call,
    fake: FakeOctoPrint,
    action: str,
    is_print: bool,
    path: str,
    address: str,
) -> None:
    """A file is selected, and printed if asked for, in one request."""
    await call(action, path=path)
    assert fake.commands() == [
        (f"/api/files/local/{address}", {"command": "select", "print": is_print})
    ]


@pytest.mark.parametrize("location", ["sdcard", "printer"])
async def test_print_from_sd(call: Call, fake: FakeOctoPrint, location: str) -> None:
    """The printer's storage has another name in OctoPrint 1."""
    fake.load("sdcard")
    await call("print_file", path="/sdtest~1.gco", location=location)
    assert fake.commands() == [
        ("/api/files/sdcard/sdtest~1.gco", {"command": "select", "print": True})
    ]


@pytest.mark.usefixtures("octoprint_2")
@pytest.mark.parametrize("location", ["sdcard", "printer"])
async def test_print_from_printer(
    call: Call, fake: FakeOctoPrint, location: str
) -> None:
    """The printer's storage has another name in OctoPrint 2."""
    path = "/api/files/printer/a.gcode"
    fake.answer("POST", path, status=204)
    await call("print_file", path="a.gcode", location=location)
    assert fake.commands() == [(path, {"command": "select", "print": True})]


@pytest.mark.parametrize("data", [{}, {"path": ""}, {"path": "a", "location": "cloud"}])
async def test_unusable(call: Call, fake: FakeOctoPrint, data: dict[str, Any]) -> None:
    """A file has a path, in a storage that exists."""
    with unusable():
        await call("print_file", **data)
    assert fake.commands() == []


async def test_list(
    call: Call, fake: FakeOctoPrint, snapshot: SnapshotAssertion
) -> None:
    """The whole tree comes with all that is known of each file."""
    fake.load("files")
    assert await call("list_files", response=True) == snapshot
    assert fake.commands() == []


async def test_list_sd(
    call: Call, fake: FakeOctoPrint, snapshot: SnapshotAssertion
) -> None:
    """Little is known of a file on the printer."""
    fake.load("sdcard")
    response = await call("list_files", response=True, location="printer")
    assert response == snapshot


async def test_list_thumbnail(call: Call, fake: FakeOctoPrint) -> None:
    """A preview of a plugin is listed, and missing values do no harm."""
    thumbnail = "plugin/prusaslicerthumbnails/thumbnail/a.png?20261121"
    fake.answer(
        "GET",
        "/api/files",
        json={
            "files": [
                {
                    "name": "a.gcode",
                    "path": "a.gcode",
                    "thumbnail": thumbnail,
                    "gcodeAnalysis": {"estimatedPrintTime": 60},
                    "prints": {"success": 0, "failure": 2, "last": {"success": False}},
                    "DisplayLayerProgress": {"totalLayerCountWithoutOffset": "6"},
                }
            ]
        },
    )
    assert await call("list_files", response=True) == {
        "files": [
            {
                "date": None,
                "dimensions": {"width": None, "depth": None, "height": None},
                "estimated_print_time": 60,
                "filament": {},
                "location": "other",
                "name": "a.gcode",
                "path": "a.gcode",
                "prints": {
                    "success": 0,
                    "failure": 2,
                    "last": {"success": False, "date": None, "print_time": None},
                },
                "size": None,
                "thumbnail": thumbnail.partition("?")[0],
                "total_layers": 6,
                "type": "other",
            }
        ],
        "free": None,
        "total": None,
    }


@pytest.mark.parametrize(
    ("data", "paths"),
    [
        ({"path": "My_Folder"}, ["My_Folder/sub", "My_Folder/test_main.gcode"]),
        ({"path": "/My_Folder/sub/"}, ["My_Folder/sub/in folder.gcode"]),
        ({"path": "auto", "location": "local"}, ["auto/created", "auto/test copy moved.gcode"]),
    ],
)  # fmt: skip
async def test_list_folder(call: Call, data: dict[str, Any], paths: list[str]) -> None:
    """One folder can be listed."""
    response = await call("list_files", response=True, **data)
    assert response is not None
    files: Any = response["files"]
    assert [file["path"] for file in files] == paths
    assert all(("children" in file) == (file["type"] == "folder") for file in files)


@pytest.mark.parametrize("path", [None, "My_Folder"])
async def test_list_without_subfolders(
    call: Call, fake: FakeOctoPrint, path: str | None
) -> None:
    """What is in folders can be left out."""
    data = {"path": path} if path else {}
    fake.clear()
    response = await call("list_files", response=True, recursive=False, **data)
    assert response is not None
    files: Any = response["files"]
    assert "folder" in [file["type"] for file in files]
    assert not any("children" in file for file in files)
    requests = [each for each in fake.requests if each.path.startswith("/api/files")]
    assert [each.query for each in requests] == [{"recursive": "true"} if path else {}]


@pytest.mark.parametrize("path", ["nope", "prt.gcode", "../"])
async def test_list_unknown_folder(refused: Refused, path: str) -> None:
    """A folder that is not there, or not a folder, is named."""
    error = await refused("list_files", response=True, path=path)
    assert message(error) == (
        "folder_not_found",
        {"location": "local", "path": path, "printer": "Prusa"},
    )


@pytest.mark.usefixtures("octoprint_2")
async def test_list_storage_away(
    hass: HomeAssistant,
    refused: Refused,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
) -> None:
    """OctoPrint 2 has no storage of a printer that is off, or has none."""
    error = await refused("list_files", response=True, location="sdcard")
    assert message(error) == (
        "storage_not_found",
        {"location": "sdcard", "path": "", "printer": "Prusa"},
    )
    fake.load("disconnected")
    await refresh(hass, init_integration)
    error = await refused("list_files", response=True, location="printer")
    assert message(error) == (
        "printer_offline",
        {"command": "list_files", "printer": "Prusa"},
    )


async def test_list_while_offline(
    hass: HomeAssistant,
    call: Call,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
) -> None:
    """OctoPrint's own files can be listed while the printer is off."""
    fake.load("disconnected")
    await refresh(hass, init_integration)
    response = await call("list_files", response=True, location="local")
    assert response is not None
    assert response["files"]


async def test_list_not_permitted(
    hass: HomeAssistant,
    refused: Refused,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
) -> None:
    """The permission to list files is named."""
    fake.user("limited")
    await hass.config_entries.async_reload(init_integration.entry_id)
    error = await refused("list_files", response=True)
    assert message(error) == (
        "command_missing_permission",
        {"command": "list_files", "permission": "File List", "printer": "Prusa"},
    )


async def test_get(call: Call, fake: FakeOctoPrint) -> None:
    """A file comes as in a list."""
    listing = await call("list_files", response=True, location="local")
    assert listing is not None
    files: Any = listing["files"]
    expected = next(each for each in files if each["path"] == "prt.gcode")
    fake.clear()
    assert await call("get_file", response=True, path="/prt.gcode") == expected
    assert fake.commands() == []


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("copy_file", {"path": "a"}),
        ("move_file", {"path": "a", "destination": ""}),
        ("delete_file", {}),
        ("create_folder", {"path": "a", "location": "cloud"}),
    ],
)
async def test_unusable_change(
    call: Call, fake: FakeOctoPrint, action: str, data: dict[str, Any]
) -> None:
    """Paths are given, in a storage that exists."""
    fake.clear()
    with unusable():
        await call(action, **data)
    assert fake.commands() == []


@pytest.mark.parametrize("action", ["copy_file", "move_file"])
async def test_transfer(call: Call, fake: FakeOctoPrint, action: str) -> None:
    """The new path is returned."""
    path = "/api/files/local/test_main.gcode"
    entry = {"name": "test_main.gcode", "path": "test_main.gcode", "size": 6097}
    fake.answer("GET", path, json=entry | {"type": "machinecode", "origin": "local"})
    fake.answer("POST", "/api/files/test", json={"sanitized": "new.gcode"})
    fake.answer("POST", path, status=201, json={"path": "new.gcode"})
    response = await call(
        action, response=True, path="/test_main.gcode", destination="/new.gcode"
    )
    assert response == {"path": "new.gcode"}


async def test_create_folder(call: Call, fake: FakeOctoPrint) -> None:
    """The path of what was created is returned."""
    replay(fake, "upload", "folder_create")
    response = await call("create_folder", response=True, path="/My_Folder/sub/")
    assert response is not None
    assert response["path"]


async def test_delete(call: Call, fake: FakeOctoPrint) -> None:
    """A folder is deleted with all in it where that is asked for."""
    path = "/api/files/local/My_Folder"
    fake.answer("DELETE", path, status=204)
    fake.clear()
    await call("delete_file", path="/My_Folder/", recursive=True)
    assert [each.path for each in fake.requests if each.method == "DELETE"] == [path]


async def test_analyse(call: Call, fake: FakeOctoPrint) -> None:
    """A file is analysed anew."""
    path = "/api/files/local/test_main.gcode"
    fake.answer("POST", path, status=204)
    await call("analyse_file", path="test_main.gcode")
    assert fake.commands() == [(path, {"command": "analyse"})]


async def test_unselect(call: Call, fake: FakeOctoPrint) -> None:
    """The file is unselected."""
    path = "/api/files/local/current"
    fake.answer("POST", path, status=204)
    await call("unselect_file")
    assert fake.commands() == [(path, {"command": "unselect"})]
