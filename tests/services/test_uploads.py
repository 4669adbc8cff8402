"""Tests of the action that uploads a file."""

import asyncio
from collections.abc import Awaitable, Callable
import gc
import logging
import os
from pathlib import Path
import tempfile
from typing import Any
from unittest.mock import patch
from urllib.parse import quote

from aiohttp import ClientResponse, FormData
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.octoprint_plus.api.permissions import permission_name
from homeassistant.components.file_upload import TEMP_DIR_NAME
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from tests.api.answering import replay
from tests.api.test_uploads import values
from tests.fake_octoprint import FakeOctoPrint, Request
from tests.waiting import refresh, until

from .conftest import ALL_PLATFORMS, Call, message, unusable

LOCAL = "/api/files/local"
CARD = "/api/files/sdcard"
STORED = "/api/files/local/test_main.gcode"
TEST = "/api/files/test"
GCODE = b"G28\nG1 X10\n"
UPLOAD = "sensor.prusa_upload"

MEGABYTE = 1024 * 1024

type Give = Callable[..., Awaitable[str]]


def uploads(fake: FakeOctoPrint) -> list[Request]:
    """Return the requests that change something."""
    return [
        request
        for request in fake.requests
        if request.method != "GET" and request.path not in (TEST, "/api/login")
    ]


@pytest.fixture
def media(hass: HomeAssistant, tmp_path: Path) -> Path:
    """Return a folder that Home Assistant may read, with a file in it."""
    folder = tmp_path / "media"
    folder.mkdir()
    (folder / "vase.gcode").write_bytes(GCODE)
    hass.config.media_dirs = {"local": str(folder)}
    hass.config.allowlist_external_dirs = {str(folder)}
    return folder


@pytest.fixture
def source(media: Path) -> str:
    """Return the path of a file that Home Assistant may read."""
    return str(media / "vase.gcode")


async def give(
    hass_client: ClientSessionGenerator, content: bytes, name: str
) -> ClientResponse:
    """Upload a file to Home Assistant, as a browser does for its file selector."""
    form = FormData(quote_fields=False)
    form.add_field("file", content, filename=name)
    client = await hass_client()
    response: ClientResponse = await client.post("/api/file_upload", data=form)
    return response


@pytest.fixture
def given(
    init_integration: MockConfigEntry, hass_client: ClientSessionGenerator
) -> Give:
    """Return a function that uploads a file to Home Assistant, and returns its id."""

    async def upload(content: bytes = GCODE, name: str = "vase.gcode") -> str:
        response = await give(hass_client, content, name)
        assert response.status == 200
        assert kept()
        return str((await response.json())["file_id"])

    return upload


def kept() -> list[Path]:
    """Return what Home Assistant has of all that was uploaded to it."""
    return [*Path(tempfile.gettempdir(), TEMP_DIR_NAME).iterdir()]


def memory() -> int:
    """Return how much memory this process has, in bytes."""
    pages = Path("/proc/self/statm").read_text(encoding="utf-8").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let temporary files be those of one test."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@pytest.fixture
def shown(hass: HomeAssistant) -> list[str]:
    """Return all that the sensor shows from now on."""
    states: list[str] = []

    def note(event: Event[Any]) -> None:
        if event.data["entity_id"] == UPLOAD:
            states.append(event.data["new_state"].state)

    hass.bus.async_listen(EVENT_STATE_CHANGED, callback(note))
    return states


@pytest.fixture(autouse=True)
def octoprint_answers(fake: FakeOctoPrint) -> None:
    """Let every name be free, and an upload succeed."""
    fake.answer("POST", TEST, json={"exists": False})
    replay(fake, "upload", "local_plain")


@pytest.fixture
def fails(call: Call, fake: FakeOctoPrint) -> Callable[..., Any]:
    """Return a function that uploads in vain, and returns with what text."""

    async def upload(*, sent: int = 0, **data: Any) -> tuple[str, dict[str, str]]:
        fake.clear()
        with pytest.raises(ServiceValidationError) as raised:
            await call("upload_file", **data)
        assert len(uploads(fake)) == sent
        key, found = message(raised.value)
        assert key is not None
        assert found is not None
        return key, found

    return upload


# What goes well.


async def test_upload(call: Call, fake: FakeOctoPrint, source: str) -> None:
    """A file is uploaded under its own name, and nothing is overwritten."""
    fake.clear()
    response = await call("upload_file", response=True, source=source)
    assert response == {
        "name": "test_main.gcode",
        "path": "test_main.gcode",
        "printer_path": None,
        "size": len(GCODE),
        "selected": False,
        "printing": False,
    }
    [request] = uploads(fake)
    assert request.path == LOCAL
    assert b"filename*=utf-8''vase.gcode\r\n" in request.body
    assert values(request) == {
        "noOverwrite": b"true",
        "select": b"false",
        "print": b"false",
        "file": GCODE,
    }


@pytest.mark.parametrize("name", ["Bénchy ü.gcode", "奔驰🐙.gcode", "a #%&b.gcode"])
async def test_all_that_can_be_asked_for(
    call: Call, fake: FakeOctoPrint, source: str, name: str
) -> None:
    """Folder, name, overwriting and selecting are passed on; nothing is asked before."""
    fake.answer("POST", STORED, status=204)
    fake.clear()
    response = await call(
        "upload_file",
        response=True,
        source=source,
        folder="/Töpfe/Co/",
        name=name,
        overwrite=True,
        select=True,
    )
    assert response is not None
    assert response["selected"] is True
    request, selection = uploads(fake)
    assert [each.path for each in fake.requests if each.method == "POST"] == [
        LOCAL,
        STORED,
    ]
    assert selection.json == {"command": "select", "print": False}
    parts = values(request)
    assert parts.pop("file") == GCODE
    assert parts == {
        "noOverwrite": b"false",
        "select": b"false",
        "print": b"false",
        "path": "Töpfe/Co".encode(),
    }


async def test_print(call: Call, fake: FakeOctoPrint, source: str) -> None:
    """A file is uploaded, then printed, while the printer is still there to print it."""
    fake.answer("POST", STORED, status=204)
    fake.clear()
    response = await call("upload_file", response=True, source=source, print=True)
    assert response is not None
    assert response["printing"] is True
    assert response["selected"] is True
    request, start = uploads(fake)
    assert values(request)["print"] == b"false"
    assert start.json == {"command": "select", "print": True}


@pytest.mark.parametrize("option", ["print", "select"])
async def test_to_the_card_and_printed(
    hass: HomeAssistant,
    call: Call,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
    source: str,
    option: str,
) -> None:
    """Only OctoPrint knows when the printer's card has all of a file."""
    fake.load("sdcard")
    await refresh(hass, init_integration)
    fake.answer(
        "POST",
        CARD,
        status=201,
        json={"done": True, "effectiveSelect": True, "effectivePrint": True},
    )
    fake.clear()
    await call("upload_file", source=source, location="printer", **{option: True})
    [request] = uploads(fake)
    assert values(request)[option] == b"true"


@pytest.mark.parametrize("way", ["disable", "reload", "remove"])
@pytest.mark.parametrize("moment", ["before", "under way", "answered"])
@pytest.mark.parametrize("option", ["print", "select"])
async def test_action_ends_with_its_printer(
    hass: HomeAssistant,
    call: Call,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
    source: str,
    way: str,
    moment: str,
    option: str,
) -> None:
    """What is disabled, reloaded or removed meanwhile prints and selects nothing any more."""
    entries = hass.config_entries
    entry_id = init_integration.entry_id
    path = TEST if moment == "before" else LOCAL
    fake.answer("POST", STORED, status=204)
    fake.held.add(path)
    fake.clear()
    task = asyncio.ensure_future(call("upload_file", source=source, **{option: True}))
    await until(lambda: any(request.path == path for request in fake.requests))
    if moment == "answered":
        # What has to end may be waiting for nothing just then.
        fake.held.clear()
    match way:
        case "disable":
            await entries.async_set_disabled_by(entry_id, ConfigEntryDisabler.USER)
        case "reload":
            await entries.async_reload(entry_id)
        case _:
            await entries.async_remove(entry_id)
    with pytest.raises(HomeAssistantError) as raised:
        await task
    assert message(raised.value) == (
        "command_interrupted",
        {"command": "upload_file", "printer": "Prusa"},
    )
    fake.held.clear()
    await hass.async_block_till_done()
    assert [request for request in uploads(fake) if request.path == STORED] == []


async def test_from_media_browser(call: Call, fake: FakeOctoPrint, media: Path) -> None:
    """A file is found by the name that the media browser has for it."""
    (media / "Töpfe").mkdir()
    (media / "Töpfe" / "Größe 1.gcode").write_bytes(b"M105\n")
    media_id = "media-source://media_source/local/Töpfe/Größe 1.gcode"
    fake.clear()
    await call("upload_file", source=media_id)
    [request] = uploads(fake)
    assert values(request)["file"] == b"M105\n"
    assert b"''Gr%C3%B6%C3%9Fe%201.gcode\r\n" in request.body
    # What a card passes on that lets somebody browse media.
    chosen = {
        "media_content_id": media_id,
        "media_content_type": "",
        "metadata": {"title": "Größe 1.gcode"},
    }
    await call("upload_file", source=chosen)
    assert values(uploads(fake)[-1])["file"] == b"M105\n"


@pytest.mark.usefixtures("temporary")
@pytest.mark.parametrize("name", ["vase.gcode", "Größe 1 奔驰🐙.gcode", "a'#%&b.gcode"])
async def test_from_interface(
    call: Call, fails: Callable[..., Any], fake: FakeOctoPrint, given: Give, name: str
) -> None:
    """A file is uploaded that the interface was given, which serves once."""
    upload = await given(GCODE, name)
    fake.clear()
    response = await call("upload_file", response=True, upload=upload)
    assert response is not None
    assert response["size"] == len(GCODE)
    [request] = uploads(fake)
    assert values(request)["file"] == GCODE
    assert f"''{quote(name, safe='')}\r\n".encode() in request.body
    assert kept() == []
    assert await fails(upload=upload) == (
        "upload_not_found",
        {"printer": "Prusa", "upload": upload},
    )
    await call("upload_file", upload=await given(), name="b.gcode")
    assert b"''b.gcode\r\n" in uploads(fake)[-1].body


async def test_to_the_printer(
    hass: HomeAssistant,
    call: Call,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
    source: str,
) -> None:
    """A file is uploaded to the printer's own storage."""
    fake.load("sdcard")
    await refresh(hass, init_integration)
    replay(fake, "upload", "sdcard")
    response = await call(
        "upload_file", response=True, source=source, location="printer"
    )
    assert response is not None
    assert response["printer_path"]
    assert uploads(fake)[-1].path == CARD


@pytest.mark.parametrize("name", ["a;b.gcode", "a*b.gcode"])
async def test_printer_storage_names(
    hass: HomeAssistant,
    call: Call,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
    source: str,
    name: str,
) -> None:
    """A new file may have any name: OctoPrint gives it one that the printer can have."""
    fake.load("sdcard")
    await refresh(hass, init_integration)
    replay(fake, "upload", "sdcard")
    await call("upload_file", source=source, location="printer", name=name)
    [request] = uploads(fake)
    assert request.path == CARD
    assert f"''{quote(name, safe='')}\r\n".encode() in request.body


async def test_progress(
    call: Call, media: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Progress is logged now and then, not for every piece."""
    (media / "long.gcode").write_bytes(b"x" * 100_000)
    caplog.set_level(logging.DEBUG, "custom_components.octoprint_plus")
    with patch("custom_components.octoprint_plus.api.uploads.CHUNK", 1000):
        await call("upload_file", source=str(media / "long.gcode"))
    lines = [
        record.message
        for record in caplog.records
        if record.name.startswith("custom_components.octoprint_plus")
        and "long.gcode" in record.message
    ]
    assert lines == [
        *(f"Prusa: {part} % of long.gcode uploaded" for part in range(10, 101, 10)),
        "Prusa: uploaded long.gcode (100000 bytes)",
    ]


@ALL_PLATFORMS
@pytest.mark.parametrize(
    ("pace", "expected"),
    [(0, [*range(101), "unknown"]), (60, [0, 100, "unknown"])],
)
async def test_progress_is_shown(
    hass: HomeAssistant,
    call: Call,
    media: Path,
    shown: list[str],
    pace: float,
    expected: list[Any],
) -> None:
    """The sensor follows an upload by whole percents, and no faster than its pace."""
    (media / "long.gcode").write_bytes(b"x" * 100_000)
    assert hass.states.get(UPLOAD).state == "unknown"
    with (
        patch("custom_components.octoprint_plus.api.uploads.CHUNK", 300),
        patch("custom_components.octoprint_plus.sync.publisher.UPLOAD_PACE", pace),
    ):
        await call("upload_file", source=str(media / "long.gcode"))
    assert shown == [str(each) for each in expected]


@ALL_PLATFORMS
async def test_failure_is_shown(
    call: Call, fake: FakeOctoPrint, source: str, shown: list[str]
) -> None:
    """After an upload that failed, nothing is uploaded any more."""
    fake.answer("POST", LOCAL, status=500, json={"error": "internal"})
    with pytest.raises(HomeAssistantError):
        await call("upload_file", source=source)
    assert shown == ["0", "100", "unknown"]


@ALL_PLATFORMS
async def test_large_file(
    hass: HomeAssistant, call: Call, fake: FakeOctoPrint, media: Path, shown: list[str]
) -> None:
    """However large a file is, only a piece of it at a time is in memory."""
    size = 500 * MEGABYTE
    with (media / "large.gcode").open("wb") as large:
        large.truncate(size)
    fake.drops_bodies = True
    # To keep how each task came to be takes longer than what is done here.
    hass.loop.set_debug(False)
    gc.collect()
    before = peak = memory()

    async def watch() -> None:
        nonlocal peak
        while True:
            peak = max(peak, memory())
            await asyncio.sleep(0.02)

    watching = asyncio.create_task(watch())
    try:
        await call("upload_file", source=str(media / "large.gcode"))
    finally:
        watching.cancel()
    [request] = uploads(fake)
    assert size < int(request.headers["Content-Length"]) < size + 1000
    # Client and server together.
    assert peak - before < 32 * MEGABYTE
    assert shown[-2:] == ["100", "unknown"]


# What Home Assistant has not, or may not read.


async def test_not_allowed(
    fails: Callable[..., Any], media: Path, tmp_path: Path
) -> None:
    """Only what Home Assistant may read is read, wherever a link or .. leads to."""
    secret = tmp_path / "secret.gcode"
    secret.write_bytes(GCODE)
    (media / "link.gcode").symlink_to(secret)
    for source in (
        str(secret),
        str(media / "link.gcode"),
        f"{media}/../secret.gcode",
        str(tmp_path / "nothing.gcode"),
        "vase.gcode",
        "media-source://media_source/local/../secret.gcode",
        f"media-source://media_source/local/{secret}",
        "media-source://media_source/nope/vase.gcode",
        "media-source://camera/local/vase.gcode",
    ):
        key, found = await fails(source=source)
        assert key == "source_not_allowed"
        assert found["source"] == source


@pytest.mark.parametrize(
    "media_id",
    [
        "media-source://camera/camera.door",
        "media-source://nas/vase.gcode",
        "media-source://media_source/local/../secret.gcode",
        "/etc/passwd",
        "http://127.0.0.1/vase.gcode",
    ],
)
async def test_other_media(
    fails: Callable[..., Any], media: Path, media_id: str
) -> None:
    """Of the media browser's sources, only Home Assistant's own folders are read."""
    key, found = await fails(source={"media_content_id": media_id})
    assert (key, found["source"]) == ("source_not_allowed", media_id)


@pytest.mark.usefixtures("temporary")
async def test_one_source(
    call: Call, fails: Callable[..., Any], given: Give, source: str
) -> None:
    """A source or an upload is wanted, and not both; then nothing is taken yet."""
    upload = await given()
    for data in ({}, {"source": source, "upload": upload}):
        key, _ = await fails(**data)
        assert key == "one_source"
    await call("upload_file", upload=upload)
    assert kept() == []


@pytest.mark.usefixtures("temporary")
async def test_no_upload(fails: Callable[..., Any], given: Give) -> None:
    """An id is told that Home Assistant does not know, be there others or not."""
    for upload in ("nope", "../vase.gcode", "0" * 32):
        key, found = await fails(upload=upload)
        assert (key, found["upload"]) == ("upload_not_found", upload)
    upload = await given()
    for other in ("nope", f"../{TEMP_DIR_NAME}/{upload}", ".."):
        key, found = await fails(upload=other)
        assert (key, found["upload"]) == ("upload_not_found", other)
    assert len(kept()) == 1


@pytest.mark.usefixtures("temporary")
async def test_upload_that_was_taken(fails: Callable[..., Any], given: Give) -> None:
    """An upload whose file is gone, or that cannot be read, is told."""
    upload = await given()
    [folder] = kept()
    (folder / "vase.gcode").unlink()
    key, _ = await fails(upload=upload)
    assert key == "upload_not_found"
    upload = await given()
    with patch.object(Path, "open", side_effect=PermissionError(13, "Denied")):
        key, found = await fails(upload=upload)
    assert (key, found["error"]) == ("source_unreadable", "Denied")
    assert kept() == []


@pytest.mark.usefixtures("temporary")
@pytest.mark.parametrize("name", ["../vase.gcode", "a/b.gcode", "a\\b.gcode", ".."])
async def test_name_that_home_assistant_refuses(
    init_integration: MockConfigEntry, hass_client: ClientSessionGenerator, name: str
) -> None:
    """A name that leads elsewhere does not come as far as to an action."""
    response = await give(hass_client, GCODE, name)
    assert response.status == 400


@pytest.mark.usefixtures("temporary")
@pytest.mark.parametrize(
    ("content", "name", "data", "expected"),
    [
        (b"", "vase.gcode", {}, "source_empty"),
        (GCODE, "???", {}, "path_invalid"),
        (GCODE, "vase.gcode", {"name": "../vase.gcode"}, "path_invalid"),
        (GCODE, "vase.gcode", {"folder": ".."}, "path_invalid"),
        (GCODE, "vase.gcode", {"folder": "prt.gcode"}, "folder_not_found"),
        (GCODE, "vase.gcode", {"location": "printer"}, "sd_not_ready"),
    ],
)
async def test_upload_in_vain(
    hass: HomeAssistant,
    fails: Callable[..., Any],
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
    given: Give,
    content: bytes,
    name: str,
    data: dict[str, str],
    expected: str,
) -> None:
    """Where an upload fails before anything is sent, Home Assistant does not keep it."""
    fake.load("sd_released")
    await refresh(hass, init_integration)
    key, _ = await fails(upload=await given(content, name), **data)
    assert key == expected
    assert kept() == []


@pytest.mark.usefixtures("temporary")
async def test_upload_that_octoprint_refuses(
    fails: Callable[..., Any], fake: FakeOctoPrint, given: Give
) -> None:
    """Where OctoPrint refuses an upload, Home Assistant does not keep it."""
    replay(fake, "upload", "invalid_extension")
    key, found = await fails(upload=await given(GCODE, "a.exe"), sent=1)
    assert (key, found["path"]) == ("ending_forbidden", "a.exe")
    assert kept() == []


async def test_no_file(fails: Callable[..., Any], media: Path) -> None:
    """Only a file with something in it is uploaded."""
    (media / "empty.gcode").touch()
    os.mkfifo(media / "pipe.gcode")
    for name, expected in (
        ("nope.gcode", "source_not_found"),
        ("vase.gcode/a.gcode", "source_not_found"),
        ("pipe.gcode", "source_not_found"),
        ("", "source_is_folder"),
        ("empty.gcode", "source_empty"),
    ):
        source = str(media / name)
        key, found = await fails(source=source, name="a.gcode")
        assert (key, found["source"]) == (expected, source)


async def test_no_path(fails: Callable[..., Any], media: Path) -> None:
    """A path that is none is told."""
    for source, expected in (
        (f"{media}/a\0.gcode", "source_not_found"),
        (f"{media}/{'a' * 300}.gcode", "source_unreadable"),
    ):
        key, found = await fails(source=source, name="a.gcode")
        assert (key, found["source"]) == (expected, source)


async def test_unreadable(fails: Callable[..., Any], source: str) -> None:
    """What cannot be opened, or not be read to its end, is told with the reason."""
    # Whoever runs the tests may be allowed to read everything.
    with patch.object(Path, "open", side_effect=PermissionError(13, "Denied")):
        key, found = await fails(source=source)
    assert (key, found["error"]) == ("source_unreadable", "Denied")

    class Broken:
        def read(self, _: int) -> bytes:
            raise OSError(5, "Input/output error")

        def close(self) -> None:
            pass

    with patch.object(Path, "open", return_value=Broken()):
        key, found = await fails(source=source)
    assert (key, found["error"]) == ("source_unreadable", "Input/output error")


async def test_file_is_closed(call: Call, fake: FakeOctoPrint, source: str) -> None:
    """The file is closed, be it uploaded or not."""
    opened = []
    original = Path.open

    def keep(self: Path, *args: Any, **options: Any) -> Any:
        opened.append(original(self, *args, **options))
        return opened[-1]

    with patch.object(Path, "open", keep):
        await call("upload_file", source=source)
        fake.answer("POST", LOCAL, status=500, json={"error": "internal"})
        with pytest.raises(HomeAssistantError):
            await call("upload_file", source=source)
    files = [each for each in opened if each.name == source]
    assert [each.closed for each in files] == [True, True]


# Where it cannot go.


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({"folder": "../x"}, "../x"),
        ({"folder": "a//b"}, "a//b"),
        ({"folder": "a\\..\\b"}, "a\\..\\b"),
        ({"name": ".."}, ".."),
        ({"name": "a/b.gcode"}, "a/b.gcode"),
        ({"name": "ü" * 130}, "ü" * 130),
        ({"name": "a\nb.gcode"}, "a\nb.gcode"),
    ],
)
async def test_astray(
    fails: Callable[..., Any], source: str, data: dict[str, str], path: str
) -> None:
    """A path that would leave the storage, or that cannot be, is never sent."""
    key, found = await fails(source=source, **data)
    assert (key, found["path"]) == ("path_invalid", path)


async def test_name_taken(
    fails: Callable[..., Any], fake: FakeOctoPrint, source: str
) -> None:
    """A name that is taken is told before anything is sent, or by OctoPrint."""
    fake.answer("POST", TEST, json={"exists": True})
    key, found = await fails(source=source, folder="My_Folder")
    assert (key, found["path"]) == ("name_taken", "My_Folder/vase.gcode")
    fake.answer("POST", TEST, json={"exists": False})
    replay(fake, "upload", "same_name_noOverwrite")
    key, found = await fails(source=source, sent=1)
    assert (key, found["path"]) == ("name_taken", "vase.gcode")


async def test_folder_is_file(
    fails: Callable[..., Any], fake: FakeOctoPrint, source: str
) -> None:
    """A file cannot take others in."""
    key, found = await fails(source=source, folder="prt.gcode")
    assert (key, found["path"]) == ("folder_not_found", "prt.gcode")


async def test_ending_forbidden(
    fails: Callable[..., Any], fake: FakeOctoPrint, source: str
) -> None:
    """An ending that OctoPrint does not take is told from other reasons."""
    replay(fake, "upload", "invalid_extension")
    key, found = await fails(source=source, name="a.exe", sent=1)
    assert (key, found["path"]) == ("ending_forbidden", "a.exe")


async def test_other_refusal(call: Call, fake: FakeOctoPrint, source: str) -> None:
    """What OctoPrint says is shown where the cause is not known."""
    fake.answer("POST", LOCAL, status=400, json={"error": "Nope"})
    with pytest.raises(HomeAssistantError) as raised:
        await call("upload_file", source=source)
    assert raised.value.translation_key == "command_failed"
    assert raised.value.translation_placeholders == {
        "command": "upload_file",
        "error": "Nope",
        "printer": "Prusa",
    }


async def test_full_disk(
    fails: Callable[..., Any], fake: FakeOctoPrint, source: str
) -> None:
    """A full disk is told before anything is sent, or by OctoPrint; no piece is left."""
    listing = fake.json("GET", LOCAL)
    fake.answer("GET", LOCAL, json=listing | {"free": 10})
    key, found = await fails(source=source)
    assert (key, found["path"]) == ("storage_full", "vase.gcode")
    fake.answer("GET", LOCAL, json=listing)
    full = {"error": "[Errno 28] No space left on device"}
    fake.answer("POST", LOCAL, status=500, json=full)
    fake.answer("POST", TEST, json={"exists": False, "sanitized": "vase.gcode"})
    fake.answer("GET", f"{LOCAL}/vase.gcode", json={"name": "vase.gcode", "size": 3})
    fake.answer("DELETE", f"{LOCAL}/vase.gcode", status=204)
    key, _ = await fails(source=source, sent=2)
    assert key == "storage_full"
    assert uploads(fake)[-1].method == "DELETE"


async def test_too_large(
    fails: Callable[..., Any], fake: FakeOctoPrint, source: str
) -> None:
    """What is larger than OctoPrint takes is told."""
    fake.answer("POST", LOCAL, status=400)
    with (
        patch("custom_components.octoprint_plus.api.uploads.USUAL_UPLOAD_LIMIT", 5),
        patch(
            "custom_components.octoprint_plus.commands.uploads.USUAL_UPLOAD_LIMIT", 5
        ),
    ):
        key, found = await fails(source=source, sent=1)
    assert (key, found["path"]) == ("file_too_large", "vase.gcode")


# When it cannot be.


async def test_printed_file_is_protected(
    hass: HomeAssistant,
    fails: Callable[..., Any],
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
    source: str,
) -> None:
    """What is being printed is not overwritten; another file may be uploaded beside it."""
    fake.load("printing_local")
    await refresh(hass, init_integration)
    file = init_integration.runtime_data.data.job.file
    folder, _, name = file.path.rpartition("/")
    data = {"source": source, "name": name} | ({"folder": folder} if folder else {})
    key, found = await fails(**data, overwrite=True)
    assert (key, found["path"]) == ("file_in_use", file.path)
    for option in ("print", "select"):
        key, found = await fails(source=source, **{option: True})
        assert (key, found["file"]) == ("printer_busy", file.name)
    fake.clear()
    await hass.services.async_call(
        "octoprint_plus", "upload_file", {"source": source}, blocking=True
    )
    assert len(uploads(fake)) == 1


async def test_print_started_meanwhile(
    fails: Callable[..., Any], call: Call, fake: FakeOctoPrint, source: str
) -> None:
    """OctoPrint's own refusal to overwrite what it prints is told as such."""
    fake.answer("POST", LOCAL, status=409, json={"error": "being printed"})
    key, found = await fails(source=source, overwrite=True, sent=1)
    assert key == "command_conflict"
    assert found["error"] == "being printed"
    fake.load("printing_local")
    job = fake.json("GET", "/api/job")
    job["job"]["file"] |= {"path": "vase.gcode"}
    fake.answer("GET", "/api/job", json=job)
    fake.answer("POST", LOCAL, status=409, json={"error": "being printed"})
    # What is known is still that nothing is printed.
    key, found = await fails(source=source, overwrite=True, sent=1)
    assert (key, found["path"]) == ("file_in_use", "vase.gcode")


@pytest.mark.parametrize(
    ("option", "expected"),
    [("print", "uploaded_not_printed"), ("select", "uploaded_not_selected")],
)
@pytest.mark.parametrize("status", [404, 409, 415])
async def test_uploaded_for_nothing(
    fails: Callable[..., Any],
    fake: FakeOctoPrint,
    source: str,
    option: str,
    expected: str,
    status: int,
) -> None:
    """A file that is stored, but neither printed nor selected as asked, is told."""
    fake.answer("POST", STORED, status=status, json={"error": "no"})
    key, found = await fails(source=source, folder="f", **{option: True}, sent=2)
    assert (key, found["path"]) == (expected, "f/vase.gcode")


@pytest.mark.parametrize(
    ("folder", "data", "expected"),
    [
        ("disconnected", {"location": "printer"}, "printer_offline"),
        ("disconnected", {"print": True}, "printer_offline"),
        ("sd_released", {"location": "printer"}, "sd_not_ready"),
        ("printing_local", {"location": "printer"}, "printer_busy"),
    ],
)
async def test_printer_not_ready(
    hass: HomeAssistant,
    fails: Callable[..., Any],
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
    source: str,
    folder: str,
    data: dict[str, Any],
    expected: str,
) -> None:
    """A printer that is off, busy or without a card takes no file, and nothing is sent."""
    fake.load(folder)
    await refresh(hass, init_integration)
    key, _ = await fails(source=source, **data)
    assert key == expected


async def test_card_refuses(
    hass: HomeAssistant,
    fails: Callable[..., Any],
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
    source: str,
) -> None:
    """A refusal of what is for the card is a taken name, unless that is to be overwritten."""
    fake.load("sdcard")
    await refresh(hass, init_integration)
    fake.answer("POST", CARD, status=409, json={"error": "File already exists"})
    data = {"source": source, "location": "printer", "sent": 1}
    key, found = await fails(**data)
    assert (key, found["location"]) == ("name_taken", "printer")
    key, found = await fails(**data, overwrite=True)
    assert (key, found["error"]) == ("command_conflict", "File already exists")
    fake.load("sdcard", "sd_released")
    fake.answer("POST", CARD, status=409, json={"error": "not yet initialized"})
    key, _ = await fails(**data)
    assert key == "sd_not_ready"


ALL = ("STATUS", "FILES_LIST", "FILES_UPLOAD", "FILES_DELETE", "FILES_SELECT", "PRINT")


@pytest.mark.parametrize(
    ("permission", "data"),
    [
        ("FILES_UPLOAD", {}),
        ("FILES_DELETE", {"overwrite": True}),
        ("FILES_SELECT", {"select": True}),
        ("FILES_SELECT", {"print": True}),
        ("PRINT", {"print": True}),
    ],
)
async def test_not_permitted(
    hass: HomeAssistant,
    fails: Callable[..., Any],
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
    source: str,
    permission: str,
    data: dict[str, bool],
) -> None:
    """The missing permission is named, and nothing is sent."""
    user = fake.json("GET", "/api/currentuser")
    user["permissions"] = [name for name in ALL if name != permission]
    fake.answer("GET", "/api/currentuser", json=user)
    await hass.config_entries.async_reload(init_integration.entry_id)
    assert await fails(source=source, **data) == (
        "command_missing_permission",
        {
            "command": "upload_file",
            "permission": permission_name(permission),
            "printer": "Prusa",
        },
    )


async def test_without_listing(
    hass: HomeAssistant,
    call: Call,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
    source: str,
) -> None:
    """A key that may not list files can upload them; OctoPrint tells what is taken."""
    user = fake.json("GET", "/api/currentuser")
    user["permissions"] = [name for name in ALL if name != "FILES_LIST"]
    fake.answer("GET", "/api/currentuser", json=user)
    await hass.config_entries.async_reload(init_integration.entry_id)
    fake.clear()
    await call("upload_file", source=source, folder="a")
    assert [each.path for each in fake.requests if each.method == "POST"] == [LOCAL]


@pytest.mark.parametrize(
    "data",
    [
        {"source": ""},
        {"source": {}},
        {"source": {"media_content_id": ""}},
        {"source": ["a"]},
        {"upload": ""},
        {"upload": {"media_content_id": "a"}},
        {"source": "a", "location": "cloud"},
    ],
)
async def test_unusable(call: Call, fake: FakeOctoPrint, data: dict[str, Any]) -> None:
    """What is given has to be something, and the storage one that exists."""
    with unusable():
        await call("upload_file", **data)
    assert uploads(fake) == []
