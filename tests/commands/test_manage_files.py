"""Tests of the commands that change what is stored."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from custom_components.octoprint_plus.api.permissions import permission_name
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from tests.api.answering import replay
from tests.fake_octoprint import FakeOctoPrint, Request
from tests.given import Refused
from tests.services.conftest import message

from .conftest import Call
from .stub import StubCoordinator

LOCAL = "/api/files/local"
MAIN = f"{LOCAL}/test_main.gcode"
TEST = "/api/files/test"

TRANSFERS = ["copy_file", "move_file"]

ASTRAY = ["..", "../x.gcode", "a/../../x.gcode", "a//b.gcode", "a\\..\\b.gcode"]


def writes(fake: FakeOctoPrint) -> list[Request]:
    """Return the requests that change something."""
    return [
        request
        for request in fake.requests
        if request.method != "GET" and request.path not in (TEST, "/api/login")
    ]


async def fails(
    call: Call, fake: FakeOctoPrint, action: str, *, sent: int = 0, **data: Any
) -> tuple[str | None, dict[str, str] | None]:
    """Return with what text an action fails that sends no more than so much."""
    fake.clear()
    with pytest.raises(ServiceValidationError) as raised:
        await call(action, **data)
    assert len(writes(fake)) == sent
    return message(raised.value)


def placeholders(path: str, **more: str) -> dict[str, str]:
    """Return what every error for a file names."""
    return {"path": path, "location": "local", "printer": "Prusa"} | more


@pytest.fixture(autouse=True)
def sanitize(fake: FakeOctoPrint) -> Callable[[str], None]:
    """Let new names be kept as they are, and return a function that says otherwise."""

    def sanitize_as(path: str) -> None:
        fake.answer("POST", TEST, json={"sanitized": path})

    sanitize_as("new.gcode")
    entry = {"name": "test_main.gcode", "path": "test_main.gcode", "size": 6097}
    fake.answer("GET", MAIN, json=entry | {"type": "machinecode", "origin": "local"})
    return sanitize_as


@pytest.fixture
async def printing(fake: FakeOctoPrint, stub: StubCoordinator) -> str:
    """Let a file be printed, and return its path."""
    fake.load("printing_local")
    await stub.async_refresh()
    file = stub.data.job.file
    assert file
    return str(file.path)


@pytest.fixture
async def limited(fake: FakeOctoPrint, stub: StubCoordinator) -> Callable[[str], Any]:
    """Return a function that takes a permission away."""
    names = ["STATUS", "FILES_LIST", "FILES_UPLOAD", "FILES_DELETE", "FILES_SELECT"]

    async def without(permission: str) -> None:
        user = fake.json("GET", "/api/currentuser")
        user["permissions"] = [name for name in names if name != permission]
        fake.answer("GET", "/api/currentuser", json=user)
        await stub.reload()

    return without


# Copying and moving.


@pytest.mark.parametrize("action", TRANSFERS)
async def test_transfer(call: Call, fake: FakeOctoPrint, action: str) -> None:
    """A file is copied or moved in one request, and its new path is returned."""
    command = action.removesuffix("_file")
    fake.answer("POST", MAIN, status=201, json={"path": "new.gcode"})
    fake.clear()
    path = await call(action, path="/test_main.gcode", destination="new.gcode")
    assert path == "new.gcode"
    assert [(each.path, each.json) for each in writes(fake)] == [
        (MAIN, {"command": command, "destination": "new.gcode"})
    ]


@pytest.mark.parametrize("name", ["Bénchy ü.gcode", "奔驰🐙.gcode", "a #%&b.gcode"])
async def test_names(
    call: Call, fake: FakeOctoPrint, sanitize: Callable[[str], None], name: str
) -> None:
    """A name with every kind of letter comes through, in a path and in a body."""
    sanitize(f"My_Folder/2 {name}")
    folder = fake.json("GET", "/api/files/local/My_Folder")
    entry = {"name": name, "path": f"My_Folder/{name}", "type": "machinecode"}
    fake.answer(
        "GET", "/api/files/local/My_Folder", json=folder | {"children": [entry]}
    )
    path = f"/api/files/local/My_Folder/{quote(name)}"
    fake.answer("GET", path, json=entry)
    fake.answer("POST", path, status=201, json={"path": f"My_Folder/2 {name}"})
    fake.answer("DELETE", path, status=204)
    fake.clear()
    data = {"path": f"My_Folder/{name}", "destination": f"My_Folder/2 {name}"}
    for action in TRANSFERS:
        assert await call(action, **data) == f"My_Folder/2 {name}"
    await call("delete_file", path=data["path"])
    assert [(each.method, each.path) for each in writes(fake)] == [
        ("POST", path),
        ("POST", path),
        ("DELETE", path),
    ]


@pytest.mark.parametrize("action", TRANSFERS)
@pytest.mark.parametrize("destination", ASTRAY)
async def test_destination_astray(
    call: Call, fake: FakeOctoPrint, action: str, destination: str
) -> None:
    """A path that would leave the storage is never sent."""
    data: dict[str, Any] = {"path": "test_main.gcode", "destination": destination}
    assert await fails(call, fake, action, **data) == (
        "path_invalid",
        placeholders(destination),
    )


@pytest.mark.parametrize("action", TRANSFERS)
@pytest.mark.parametrize("path", [*ASTRAY, "nope.gcode"])
async def test_transfer_what_is_not_there(
    call: Call, fake: FakeOctoPrint, action: str, path: str
) -> None:
    """What is not there is named."""
    data: dict[str, Any] = {"path": path, "destination": "new.gcode"}
    assert await fails(call, fake, action, **data) == (
        "file_not_found",
        placeholders(path),
    )


@pytest.mark.parametrize("action", TRANSFERS)
@pytest.mark.parametrize("destination", ["test_main.gcode", "test_main.gcode/a"])
async def test_transfer_into_itself(
    call: Call, fake: FakeOctoPrint, action: str, destination: str
) -> None:
    """Nothing can be put into itself."""
    data: dict[str, Any] = {"path": "test_main.gcode", "destination": destination}
    assert await fails(call, fake, action, **data) == (
        "file_into_itself",
        placeholders("test_main.gcode", destination=destination),
    )


@pytest.mark.parametrize("action", TRANSFERS)
async def test_transfer_into_no_folder(
    call: Call, fake: FakeOctoPrint, action: str, sanitize: Callable[[str], None]
) -> None:
    """A folder that is missing is named, and nothing is sent."""
    sanitize("nope/new.gcode")
    data: dict[str, Any] = {"path": "test_main.gcode", "destination": "nope/new.gcode"}
    assert await fails(call, fake, action, **data) == (
        "folder_not_found",
        placeholders("nope"),
    )


@pytest.mark.parametrize("action", TRANSFERS)
async def test_name_taken(call: Call, fake: FakeOctoPrint, action: str) -> None:
    """Nothing is overwritten."""
    replay(fake, "files_commands", "copy_conflict")
    data: dict[str, Any] = {"path": "test_main.gcode", "destination": "new.gcode"}
    assert await fails(call, fake, action, sent=1, **data) == (
        "name_taken",
        placeholders("new.gcode"),
    )


@pytest.mark.parametrize("action", TRANSFERS)
async def test_ending_forbidden(call: Call, fake: FakeOctoPrint, action: str) -> None:
    """An ending that OctoPrint does not take is told from other reasons."""
    fake.answer("POST", MAIN, status=400, json={"error": "Bad Request"})
    data: dict[str, Any] = {"path": "test_main.gcode", "destination": "new.exe"}
    assert await fails(call, fake, action, sent=1, **data) == (
        "ending_forbidden",
        placeholders("new.exe"),
    )
    with pytest.raises(HomeAssistantError) as raised:
        await call(action, path="test_main.gcode", destination="new.gcode")
    assert raised.value.translation_key == "command_failed"
    assert "Bad Request" in str(raised.value.translation_placeholders)


async def test_copy_to_a_full_disk(call: Call, fake: FakeOctoPrint) -> None:
    """A full disk is told, and nothing is sent."""
    fake.answer("GET", LOCAL, json=fake.json("GET", LOCAL) | {"free": 10})
    data: dict[str, Any] = {"path": "test_main.gcode", "destination": "new.gcode"}
    assert await fails(call, fake, "copy_file", **data) == (
        "storage_full",
        placeholders("new.gcode"),
    )


@pytest.mark.parametrize(
    ("action", "permissions"),
    [
        ("copy_file", ("FILES_LIST", "FILES_UPLOAD")),
        ("move_file", ("FILES_LIST", "FILES_UPLOAD", "FILES_DELETE")),
        ("delete_file", ("FILES_LIST", "FILES_DELETE")),
        ("create_folder", ("FILES_UPLOAD",)),
        ("analyse_file", ("FILES_UPLOAD",)),
        ("get_file", ("FILES_LIST",)),
    ],
)
async def test_not_permitted(
    call: Call,
    fake: FakeOctoPrint,
    limited: Callable[[str], Any],
    action: str,
    permissions: tuple[str, ...],
) -> None:
    """The missing permission is named, and nothing is sent."""
    data: dict[str, Any] = {"destination": "new.gcode"} if action in TRANSFERS else {}
    for permission in permissions:
        await limited(permission)
        assert await fails(call, fake, action, path="test_main.gcode", **data) == (
            "command_missing_permission",
            {
                "command": action,
                "permission": permission_name(permission),
                "printer": "Prusa",
            },
        )


# What is being printed.


@pytest.mark.parametrize(
    ("action", "data"),
    [("delete_file", {}), ("move_file", {"destination": "new.gcode"})],
)
async def test_printed_file_is_protected(
    call: Call, fake: FakeOctoPrint, printing: str, action: str, data: dict[str, Any]
) -> None:
    """What is being printed is neither deleted nor moved, and nothing is sent."""
    assert await fails(call, fake, action, path=printing, **data) == (
        "file_in_use",
        placeholders(printing),
    )


async def test_folder_of_printed_file_is_protected(
    call: Call,
    fake: FakeOctoPrint,
    printing: str,
    stub: StubCoordinator,
) -> None:
    """A folder with what is being printed is not deleted, one of a like name may be."""
    job = fake.json("GET", "/api/job")
    job["job"]["file"] |= {"path": f"My_Folder/{printing}"}
    fake.answer("GET", "/api/job", json=job)
    await stub.async_refresh()
    data: dict[str, Any] = {"path": "My_Folder", "recursive": True}
    assert await fails(call, fake, "delete_file", **data) == (
        "file_in_use",
        placeholders("My_Folder"),
    )
    fake.answer("GET", f"{LOCAL}/My", json={"name": "My", "type": "folder"})
    fake.answer("DELETE", f"{LOCAL}/My", status=204)
    await call("delete_file", path="My", recursive=True)


async def test_print_ended_meanwhile(
    call: Call, fake: FakeOctoPrint, printing: str
) -> None:
    """What was printed until a moment ago can be deleted."""
    fake.load("operational_idle_file_selected")
    fake.answer("GET", f"{LOCAL}/{printing}", json={"name": printing})
    fake.answer("DELETE", f"{LOCAL}/{printing}", status=204)
    fake.clear()
    await call("delete_file", path=printing)
    assert [each.method for each in writes(fake)] == ["DELETE"]


async def test_print_started_meanwhile(call: Call, fake: FakeOctoPrint) -> None:
    """OctoPrint's own refusal of what it prints is told from a name that is taken."""
    fake.answer("DELETE", MAIN, status=409, json={"error": "currently in use"})
    data: dict[str, Any] = {"path": "test_main.gcode"}
    assert await fails(call, fake, "delete_file", sent=1, **data) == (
        "file_in_use",
        placeholders("test_main.gcode"),
    )
    fake.answer("POST", MAIN, status=409, json={"error": "currently in use"})
    fake.load("printing_local")
    job = fake.json("GET", "/api/job")
    job["job"]["file"] |= {"path": "test_main.gcode"}
    fake.answer("GET", "/api/job", json=job)
    data["destination"] = "new.gcode"
    assert await fails(call, fake, "move_file", sent=1, **data) == (
        "file_in_use",
        placeholders("test_main.gcode"),
    )


# Deleting.


async def test_delete(call: Call, fake: FakeOctoPrint) -> None:
    """A file is deleted."""
    fake.answer("DELETE", MAIN, status=204)
    fake.clear()
    await call("delete_file", path="test_main.gcode")
    assert [(each.method, each.path) for each in writes(fake)] == [("DELETE", MAIN)]


async def test_delete_folder(call: Call, fake: FakeOctoPrint) -> None:
    """A folder is deleted with all in it only where that is asked for."""
    path = f"{LOCAL}/My_Folder"
    assert await fails(call, fake, "delete_file", path="My_Folder") == (
        "folder_not_deleted",
        placeholders("My_Folder"),
    )
    fake.answer("DELETE", path, status=204)
    fake.clear()
    await call("delete_file", path="My_Folder", recursive=True)
    assert [(each.method, each.path) for each in writes(fake)] == [("DELETE", path)]


@pytest.mark.parametrize("path", [*ASTRAY, "nope.gcode", "/"])
async def test_delete_what_is_not_there(
    call: Call, fake: FakeOctoPrint, path: str
) -> None:
    """What is not there is named."""
    assert await fails(call, fake, "delete_file", path=path, recursive=True) == (
        "file_not_found",
        placeholders(path),
    )


async def test_delete_what_was_deleted_meanwhile(
    call: Call, fake: FakeOctoPrint
) -> None:
    """What is gone when it shall be deleted is named."""
    fake.answer("DELETE", MAIN, status=404, json={"error": "Not found"})
    data: dict[str, Any] = {"path": "test_main.gcode"}
    assert await fails(call, fake, "delete_file", sent=1, **data) == (
        "file_not_found",
        placeholders("test_main.gcode"),
    )


# Folders.


async def test_create_folder(call: Call, fake: FakeOctoPrint) -> None:
    """A folder is created in one that exists, and its path is returned."""
    replay(fake, "upload", "folder_create")
    fake.clear()
    assert await call("create_folder", path="/My_Folder/sub/")
    [request] = writes(fake)
    assert request.path == LOCAL
    assert b'name="foldername"\r\n\r\nsub\r\n' in request.body
    assert b'name="path"\r\n\r\nMy_Folder\r\n' in request.body


@pytest.mark.parametrize("path", [*ASTRAY, "/"])
async def test_create_folder_astray(call: Call, fake: FakeOctoPrint, path: str) -> None:
    """A path that would leave the storage is never sent."""
    assert await fails(call, fake, "create_folder", path=path) == (
        "path_invalid",
        placeholders(path),
    )


async def test_create_folder_named_like_a_file(call: Call, fake: FakeOctoPrint) -> None:
    """A folder cannot be named like a file."""
    replay(fake, "upload", "folder_create_bad_name")
    assert await fails(call, fake, "create_folder", sent=1, path="x.gcode") == (
        "folder_name_invalid",
        placeholders("x.gcode"),
    )


@pytest.mark.parametrize("parent", ["nope", "test_main.gcode"])
async def test_create_folder_in_no_folder(
    call: Call, fake: FakeOctoPrint, parent: str
) -> None:
    """A folder that is missing, or a file, is named."""
    fake.answer("POST", LOCAL, status=400, json={"error": "Bad Request"})
    path = f"{parent}/sub"
    assert await fails(call, fake, "create_folder", sent=1, path=path) == (
        "folder_not_found",
        placeholders(parent),
    )


async def test_create_folder_fails(
    call: Call,
    fake: FakeOctoPrint,
    limited: Callable[[str], Any],
) -> None:
    """What OctoPrint says is shown where the cause is not known."""
    fake.answer("POST", LOCAL, status=400, json={"error": "Nope"})
    for path in ("sub", "My_Folder/sub"):
        with pytest.raises(HomeAssistantError) as raised:
            await call("create_folder", path=path)
        assert raised.value.translation_key == "command_failed"
    await limited("FILES_LIST")
    with pytest.raises(HomeAssistantError) as raised:
        await call("create_folder", path="nope/sub")
    assert raised.value.translation_key == "command_failed"


# Analysing.


async def test_analyse(call: Call, fake: FakeOctoPrint) -> None:
    """A file is analysed anew."""
    fake.answer("POST", MAIN, status=204)
    fake.clear()
    await call("analyse_file", path="test_main.gcode")
    assert [(each.path, each.json) for each in writes(fake)] == [
        (MAIN, {"command": "analyse"})
    ]


@pytest.mark.parametrize(
    ("path", "status", "kind", "key"),
    [
        ("nope.gcode", 404, None, "file_not_found"),
        ("My_Folder", 404, "folder", "file_is_folder"),
        ("My_Folder", 400, "folder", "file_is_folder"),
        ("cube.stl", 400, "model", "file_not_analysable"),
        ("odd.gcode", 400, "machinecode", "command_failed"),
    ],
)
async def test_not_analysable(
    call: Call, fake: FakeOctoPrint, path: str, status: int, kind: str | None, key: str
) -> None:
    """What cannot be analysed is told why."""
    fake.answer("POST", f"{LOCAL}/{path}", status=status, json={"error": "no"})
    if kind:
        fake.answer("GET", f"{LOCAL}/{path}", json={"name": path, "type": kind})
    with pytest.raises(HomeAssistantError) as raised:
        await call("analyse_file", path=path)
    assert raised.value.translation_key == key


# The printer's own storage.


@pytest.mark.parametrize("location", ["sdcard", "printer"])
@pytest.mark.parametrize("action", [*TRANSFERS, "create_folder"])
async def test_card_has_no_folders(
    call: Call, fake: FakeOctoPrint, action: str, location: str
) -> None:
    """OctoPrint 1 neither copies nor makes folders on a card."""
    data: dict[str, Any] = {"destination": "b.gco"} if action in TRANSFERS else {}
    data |= {"path": "a.gco", "location": location}
    key, values = await fails(call, fake, action, **data)
    assert key == "storage_read_only"
    assert values is not None
    assert values["location"] == location
    assert values["command"] == action


@pytest.mark.parametrize(
    ("folder", "key"),
    [("disconnected", "printer_offline"), ("sd_released", "sd_not_ready")],
)
@pytest.mark.parametrize("action", ["delete_file", "analyse_file", "print_file"])
async def test_card_is_missing(
    call: Call,
    fake: FakeOctoPrint,
    stub: StubCoordinator,
    action: str,
    folder: str,
    key: str,
) -> None:
    """A card that is not there, or a printer that is off, is told."""
    fake.load(folder)
    await stub.async_refresh()
    data: dict[str, Any] = {"path": "a.gco", "location": "printer"}
    assert (await fails(call, fake, action, **data))[0] == key


@pytest.mark.parametrize("action", ["delete_file", "analyse_file", "print_file"])
async def test_card_taken_out_meanwhile(
    call: Call,
    fake: FakeOctoPrint,
    stub: StubCoordinator,
    action: str,
) -> None:
    """A file that is missing since its card is missing is told as such."""
    fake.load("sdcard")
    await stub.async_refresh()
    fake.load("sd_released")
    data: dict[str, Any] = {"path": "a.gco", "location": "printer"}
    sent = 0 if action == "delete_file" else 1
    assert (await fails(call, fake, action, sent=sent, **data))[0] == "sd_not_ready"


async def test_delete_on_card(
    call: Call,
    fake: FakeOctoPrint,
    stub: StubCoordinator,
) -> None:
    """A file on a card is deleted; a card that came back meanwhile is noticed."""
    fake.load("sd_released")
    await stub.async_refresh()
    fake.load("sdcard")
    path = "/api/files/sdcard/sdtest~1.gco"
    fake.answer("DELETE", path, status=204)
    fake.clear()
    await call("delete_file", path="sdtest~1.gco", location="printer")
    assert [(each.method, each.path) for each in writes(fake)] == [("DELETE", path)]
    fake.answer("DELETE", path, status=409, json={"error": "busy"})
    data: dict[str, Any] = {"path": "sdtest~1.gco", "location": "printer"}
    key, _ = await fails(call, fake, "delete_file", sent=1, **data)
    assert key == "command_conflict"


# Getting and unselecting.


@pytest.mark.parametrize(
    ("path", "key"),
    [("nope.gcode", "file_not_found"), ("../a", "file_not_found"), ("My_Folder", "file_is_folder")],
)  # fmt: skip
async def test_get_no_file(refused: Refused, path: str, key: str) -> None:
    """What is not there, or a folder, is named."""
    error = await refused("get_file", path=path)
    assert message(error) == (key, placeholders(path))


async def test_unselect(call: Call, fake: FakeOctoPrint) -> None:
    """The file is unselected."""
    path = f"{LOCAL}/current"
    fake.answer("POST", path, status=204)
    fake.clear()
    await call("unselect_file")
    assert fake.commands() == [(path, {"command": "unselect"})]


async def test_unselect_nothing(call: Call, fake: FakeOctoPrint) -> None:
    """That nothing is selected is told from other reasons."""
    replay(fake, "files_commands", "unselect_nothing_selected")
    with pytest.raises(ServiceValidationError) as raised:
        await call("unselect_file")
    assert raised.value.translation_key == "command_conflict"
    job = fake.json("GET", "/api/job")
    job["job"]["file"] = dict.fromkeys(job["job"]["file"])
    fake.answer("GET", "/api/job", json=job)
    assert await fails(call, fake, "unselect_file", sent=1) == (
        "no_file_selected",
        {"printer": "Prusa"},
    )


async def test_unselect_during_print(
    call: Call, fake: FakeOctoPrint, printing: str
) -> None:
    """The file of a print stays selected."""
    key, values = await fails(call, fake, "unselect_file")
    assert key == "printer_busy"
    assert values is not None
    assert values["file"] == printing
