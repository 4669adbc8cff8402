"""Test files: all that can be done with them besides selecting, printing and uploading."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from custom_components.octoprint_plus.api import (
    OctoPrintClient,
    OctoPrintConflictError,
    OctoPrintNotFoundError,
    OctoPrintPermissionError,
    OctoPrintRequestError,
    OctoPrintServerError,
)
from custom_components.octoprint_plus.api.entries import Taken
from custom_components.octoprint_plus.api.files import FilesApi
from tests.fake_octoprint import FakeOctoPrint, Request

from .answering import replay

type Call = Callable[[FilesApi], Awaitable[Any]]

MAIN = "/api/files/local/test_main.gcode"
TEST = "/api/files/test"

ASTRAY = ["..", "../x.gcode", "a/../../x.gcode", "a//b", "/etc/passwd", "", "a\\..\\b"]


def sanitize_as(fake: FakeOctoPrint, path: str) -> None:
    """Let that be the path that a new name gets."""
    fake.answer("POST", TEST, json={"sanitized": path})


def writes(fake: FakeOctoPrint) -> list[Request]:
    """Return the requests that change something."""
    return [
        request
        for request in fake.requests
        if request.method != "GET" and request.path != TEST
    ]


# Taken names and how names become.


async def test_taken(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    replay(fake, "files_commands", "files_test_exists")
    assert await client.files.taken("local", "test_main.gcode") == Taken(
        size=6097,
        date=datetime(2026, 11, 21, 2, 32, 2, tzinfo=UTC),
    )
    assert fake.commands() == [
        (
            TEST,
            {
                "command": "exists",
                "storage": "local",
                "path": "",
                "filename": "test_main.gcode",
            },
        )
    ]


async def test_free(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.answer("POST", TEST, json={"exists": False})
    assert await client.files.taken("local", "new.gcode", "a/b c") is None
    assert fake.commands()[0][1]["path"] == "a/b c"


async def test_taken_on_octoprint_1_9(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    fake.answer("POST", TEST, json={"exists": True, "suggestion": "a_1.gcode"})
    assert await client.files.taken("local", "a.gcode") == Taken(size=None, date=None)


async def test_taken_where_octoprint_1_fails(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    """Test the printer's storage, and a folder that does not exist."""
    fake.load("files")
    fake.answer("POST", TEST, status=500, json={"error": "internal"})
    taken = await client.files.taken("sdcard", "test_c-1.gco")
    assert taken
    assert await client.files.taken("sdcard", "other.gco") is None
    assert await client.files.taken("local", "x.gcode", "no/such") is None


async def test_sanitized(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    replay(fake, "files_commands", "files_test_sanitize")
    path = "some folder/some name ü.gcode"
    assert await client.files.sanitized("local", path) == path
    assert fake.commands() == [
        (
            TEST,
            {
                "command": "sanitize",
                "storage": "local",
                "path": "some folder",
                "filename": "some name ü.gcode",
            },
        )
    ]


async def test_sanitized_on_octoprint_1_9(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    sanitize_as(fake, "/home/pi/.octoprint/uploads/a/b/c.gcode")
    assert await client.files.sanitized("local", "a/b/.c.gcode") == "a/b/c.gcode"


# Commands.


@pytest.mark.parametrize(
    ("call", "path", "sent"),
    [
        (
            lambda files: files.unselect(),
            "/api/files/local/current",
            {"command": "unselect"},
        ),
        (
            lambda files: files.analyse("local", "a b/ü#.gcode"),
            "/api/files/local/a%20b/%C3%BC%23.gcode",
            {"command": "analyse"},
        ),
    ],
)
async def test_commands(
    client: OctoPrintClient,
    fake: FakeOctoPrint,
    call: Call,
    path: str,
    sent: dict[str, Any],
) -> None:
    fake.answer("POST", path, status=204)
    await call(client.files)
    assert fake.commands() == [(path, sent)]


async def test_unselect_nothing(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    """Test OctoPrint's text, which is no JSON here."""
    replay(fake, "files_commands", "unselect_nothing_selected")
    with pytest.raises(OctoPrintConflictError, match="there is no file selected"):
        await client.files.unselect()


async def test_copy(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    replay(fake, "files_commands", "copy")
    sanitize_as(fake, "My_Folder")
    path = await client.files.copy("local", "test_main.gcode", "My_Folder")
    assert path == "My_Folder/test_main.gcode"
    (request,) = writes(fake)
    assert (request.path, request.json) == (
        MAIN,
        {"command": "copy", "destination": "My_Folder"},
    )


async def test_move(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.load("files")
    replay(fake, "files_commands", "move")
    sanitize_as(fake, "auto/test copy moved.gcode")
    path = await client.files.move(
        "local", "test_copy.gcode", "auto/test copy moved?.gcode"
    )
    assert path == "auto/test copy moved.gcode"
    (request,) = writes(fake)
    assert (request.path, request.json) == (
        "/api/files/local/test_copy.gcode",
        {"command": "move", "destination": "auto/test copy moved.gcode"},
    )


@pytest.mark.parametrize("folder", ["nowhere", "test_main.gcode"])
async def test_into_no_folder(
    client: OctoPrintClient, fake: FakeOctoPrint, folder: str
) -> None:
    sanitize_as(fake, f"{folder}/x.gcode")
    for call in (client.files.copy, client.files.move):
        with pytest.raises(OctoPrintNotFoundError):
            await call("local", "Heater Test.gcode", f"{folder}/x.gcode")
    assert writes(fake) == []


@pytest.mark.parametrize("destination", ["test_main.gcode", "test_main.gcode/a"])
async def test_into_itself(
    client: OctoPrintClient, fake: FakeOctoPrint, destination: str
) -> None:
    for call in (client.files.copy, client.files.move):
        with pytest.raises(OctoPrintRequestError, match="into itself"):
            await call("local", "test_main.gcode", destination)
    assert writes(fake) == []


async def test_copy_onto_something(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    replay(fake, "files_commands", "copy_conflict")
    sanitize_as(fake, "My_Folder")
    with pytest.raises(OctoPrintConflictError, match="does already exist"):
        await client.files.copy("local", "test_main.gcode", "My_Folder")


async def test_copy_to_a_full_disk(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    """Test that what does not fit is not begun: OctoPrint would leave a piece of it."""
    listing = fake.json("GET", "/api/files/local")
    fake.answer("GET", "/api/files/local", json=listing | {"free": 6096})
    with pytest.raises(OctoPrintRequestError, match="6096 bytes free, and 6097"):
        await client.files.copy("local", "test_main.gcode", "copy.gcode")
    assert writes(fake) == []


async def test_move_what_is_not_there(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    replay(fake, "files_commands", "move_unknown")
    sanitize_as(fake, "x.gcode")
    with pytest.raises(OctoPrintNotFoundError):
        await client.files.move("local", "nope.gcode", "x.gcode")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/api/files/local/ud.gcode", "ud.gcode"),
        ("/api/files/local/My_Folder/form%20folder", "My_Folder/form folder"),
        ("/api/files/local/50%25%3F%23.gcode", "50%?#.gcode"),
    ],
)
async def test_delete(
    client: OctoPrintClient, fake: FakeOctoPrint, path: str, name: str
) -> None:
    fake.answer("DELETE", path, status=204)
    await client.files.delete("local", name)
    (request,) = fake.requests
    assert (request.method, request.path, request.body) == ("DELETE", path, b"")


async def test_delete_what_is_not_there(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    replay(fake, "files_commands", "delete_unknown")
    with pytest.raises(OctoPrintNotFoundError):
        await client.files.delete("local", "nope.gcode")


async def test_delete_what_is_printed(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    text = "Trying to delete a file that is currently in use"
    fake.answer("DELETE", MAIN, status=409, json={"error": text})
    with pytest.raises(OctoPrintConflictError, match=text):
        await client.files.delete("local", "test_main.gcode")


async def test_create_folder(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    replay(fake, "upload", "folder_create_nested")
    assert await client.files.create_folder("local", "sub", "My Folder") == (
        "My Folder/sub"
    )
    (request,) = fake.requests
    assert b'name="foldername"\r\n\r\nsub\r\n' in request.body
    assert b'name="path"\r\n\r\nMy Folder\r\n' in request.body
    assert b'name="file"' not in request.body
    fake.clear()
    replay(fake, "upload", "folder_create_again")
    assert await client.files.create_folder("local", "My Folder") == "My Folder"
    assert b'name="path"' not in fake.requests[0].body


async def test_create_folder_named_like_a_file(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    replay(fake, "upload", "folder_create_bad_name")
    with pytest.raises(OctoPrintConflictError, match="please try another name"):
        await client.files.create_folder("local", "foo.gcode")


async def test_slice(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    path = "/api/files/local/a%20cube.stl"
    fake.answer("POST", path, status=202, json={"path": "cube.gcode"})
    sliced = await client.files.slice(
        "local",
        "a cube.stl",
        slicer="cura",
        destination="cube.gcode",
        profile="fast",
        printer_profile="_default",
        overrides={"layer_height": 0.2},
        select=True,
    )
    assert sliced == "cube.gcode"
    fake.answer("POST", path, status=202, json=["junk"])
    assert await client.files.slice("local", "a cube.stl", slicer="x") == "a cube.stl"
    assert fake.commands() == [
        (
            path,
            {
                "command": "slice",
                "slicer": "cura",
                "destination": "cube.gcode",
                "profile": "fast",
                "printerProfile": "_default",
                "profile.layer_height": 0.2,
                "select": True,
                "print": False,
            },
        ),
        (path, {"command": "slice", "slicer": "x", "select": False, "print": False}),
    ]


# What is refused before it is sent.


@pytest.mark.parametrize("path", ASTRAY)
async def test_astray(client: OctoPrintClient, fake: FakeOctoPrint, path: str) -> None:
    files = client.files
    calls: list[Awaitable[Any]] = [
        files.delete("local", path),
        files.analyse("local", path),
        files.move("local", path, "x.gcode"),
        files.slice("local", path, slicer="cura"),
    ]
    sanitize_as(fake, "x.gcode")
    for call in calls:
        with pytest.raises(OctoPrintNotFoundError, match="There is nothing at"):
            await call
    assert writes(fake) == []


@pytest.mark.parametrize("path", ASTRAY)
async def test_astray_destination(
    client: OctoPrintClient, fake: FakeOctoPrint, path: str
) -> None:
    files = client.files
    calls: list[Awaitable[Any]] = [
        files.copy("local", "test_main.gcode", path),
        files.move("local", "test_main.gcode", path),
        files.create_folder("local", path),
        files.sanitized("local", path),
        files.taken("local", path),
        files.slice("local", "cube.stl", slicer="cura", destination=path),
    ]
    for call in calls:
        with pytest.raises(OctoPrintRequestError, match="is not a name"):
            await call
    assert writes(fake) == []


@pytest.mark.parametrize("path", ["..", "a/../b", "a\\b", "/a", "\n"])
async def test_astray_parent(
    client: OctoPrintClient, fake: FakeOctoPrint, path: str
) -> None:
    with pytest.raises(OctoPrintRequestError, match="is not a name"):
        await client.files.create_folder("local", "x", path)
    with pytest.raises(OctoPrintRequestError, match="is not a name"):
        await client.files.taken("local", "x", path)
    assert fake.requests == []


@pytest.mark.parametrize("location", ["..", "", "local/../sdcard", "a/b"])
async def test_no_location(
    client: OctoPrintClient, fake: FakeOctoPrint, location: str
) -> None:
    with pytest.raises(OctoPrintNotFoundError):
        await client.files.delete(location, "test_main.gcode")
    assert fake.requests == []


# What differs from version to version.


@pytest.mark.parametrize(
    ("version", "storage"), [("1.11.8", "sdcard"), ("2.0.0rc7", "printer")]
)
@pytest.mark.parametrize("location", ["sdcard", "printer"])
async def test_the_printers_storage(
    client: OctoPrintClient,
    fake: FakeOctoPrint,
    location: str,
    version: str,
    storage: str,
) -> None:
    fake.answer("GET", "/api/server", json={"version": version})
    await client.server.get()
    path = f"/api/files/{storage}/a.gco"
    fake.answer("POST", path, status=204)
    await client.files.select(location, "a.gco")
    assert fake.commands()[0][0] == path


async def test_info_in_no_folder(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    """Test what OctoPrint 1 answers where even the folder does not exist."""
    failure = {"error": "The server encountered an internal error"}
    fake.answer("GET", "/api/files/local/no/such/x.gcode", status=500, json=failure)
    fake.answer("GET", "/api/files/local/no/such", status=500, json=failure)
    with pytest.raises(OctoPrintNotFoundError):
        await client.files.info("local", "no/such/x.gcode")
    fake.answer("GET", MAIN + "/x.gcode", status=500, json=failure)
    with pytest.raises(OctoPrintNotFoundError, match=r"no folder 'test_main.gcode'"):
        await client.files.info("local", "test_main.gcode/x.gcode")


async def test_info_where_octoprint_fails(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    fake.load("files")
    for path in ("auto/x.gcode", "x.gcode"):
        fake.answer("GET", f"/api/files/local/{path}", status=500, json={"error": "x"})
        with pytest.raises(OctoPrintServerError):
            await client.files.info("local", path)


@pytest.mark.parametrize(
    ("call", "permission"),
    [
        (lambda files: files.unselect(), "FILES_SELECT"),
        (lambda files: files.analyse("local", "x"), "FILES_UPLOAD"),
        (lambda files: files.delete("local", "x"), "FILES_DELETE"),
        (lambda files: files.create_folder("local", "x"), "FILES_UPLOAD"),
        (lambda files: files.slice("local", "x", slicer="y"), "SLICE"),
        (lambda files: files.taken("local", "x"), "FILES_LIST"),
        (lambda files: files.sanitized("local", "x"), "FILES_LIST"),
    ],
)
async def test_not_permitted(
    client: OctoPrintClient, fake: FakeOctoPrint, call: Call, permission: str
) -> None:
    fake.user("limited")
    fake.answer("POST", TEST, status=403, json={"error": "no"})
    with pytest.raises(OctoPrintPermissionError) as caught:
        await call(client.files)
    assert caught.value.permission == permission


async def test_move_not_permitted(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    """Test that of the two permissions the missing one is named."""
    user = fake.json("GET", "/api/currentuser")
    user["permissions"] = ["STATUS", "FILES_LIST", "FILES_UPLOAD", "FILES_SELECT"]
    fake.answer("GET", "/api/currentuser", json=user)
    sanitize_as(fake, "x.gcode")
    fake.answer("POST", MAIN, status=403, json={"error": "no"})
    with pytest.raises(OctoPrintPermissionError) as caught:
        await client.files.move("local", "test_main.gcode", "x.gcode")
    assert caught.value.permission == "FILES_DELETE"
