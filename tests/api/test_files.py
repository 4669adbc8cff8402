"""Test files: what is stored, and selecting or printing it."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import pytest

from custom_components.octoprint_plus.api import (
    OctoPrintClient,
    OctoPrintConflictError,
    OctoPrintNotFoundError,
    OctoPrintPermissionError,
)
from custom_components.octoprint_plus.api.entries import (
    MAX_DEPTH,
    Analysis,
    Entry,
    Filament,
    LastPrintOfFile,
    Prints,
    parse_entry,
)
from custom_components.octoprint_plus.api.plugins.slicer_thumbnails import Thumbnail
from tests.fake_octoprint import FakeOctoPrint

PATHS = [
    "plain.gcode",
    "with blank.gcode",
    "Bénchy ü.gcode",
    "奔驰🐙.gcode",
    "a#b.gcode",
    "a?b.gcode",
    "50%.gcode",
    "a%2Fb.gcode",
    "a+b&c=d;e:f@g.gcode",
    "..hidden...gcode",
    "sdtest~1.gco",
    "folder/sub folder/in #folder.gcode",
]


async def test_info(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    assert await client.files.info("local", "Heater Test.gcode") == Entry(
        name="Heater Test.gcode",
        path="Heater Test.gcode",
        origin="local",
        type="machinecode",
        size=551,
        date=datetime(2026, 11, 21, 2, 32, 2, tzinfo=UTC),
        analysis=Analysis(
            estimated_print_time=4.080168923923731,
            filament={"tool0": Filament(length=10.8, volume=0)},
            width=20,
            depth=20,
            height=0.9,
        ),
        prints=Prints(
            success=1,
            failure=0,
            last=LastPrintOfFile(
                success=True,
                date=datetime(2026, 11, 21, 2, 32, 53, 967811, tzinfo=UTC),
                print_time=9.216582820999975,
            ),
        ),
        thumbnail=None,
        total_layers=None,
        children=(),
    )


async def test_list(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.load("files")
    files = await client.files.list()
    assert (files.free, files.total) == (80032030720, 270553174016)
    assert [entry.path for entry in files.walk()] == [
        "prt.gcode",
        "renamed.gcode",
        "other.gcode",
        "Heater Test.gcode",
        "My Folder",
        "My Folder/sub",
        "Bénchy ü.gcode",
        "auto",
        "auto/created",
        "auto/created/auto.gcode",
        "auto/test copy moved.gcode",
        "test_main.gcode",
        "sel.gcode",
        "My_Folder",
        "My_Folder/sub",
        "My_Folder/sub/in folder.gcode",
        "My_Folder/test_main.gcode",
        "SD Long Name Test.gcode",
        "test_c-1.gco",
    ]
    assert [entry.path for entry in files.walk() if entry.is_folder] == [
        "My Folder",
        "My Folder/sub",
        "auto",
        "auto/created",
        "My_Folder",
        "My_Folder/sub",
    ]
    *_, on_sd_card = files.walk()
    # OctoPrint shows these with a slash that is not part of the path.
    assert (on_sd_card.name, on_sd_card.origin) == ("test_c-1.gco", "sdcard")


@pytest.mark.parametrize(
    ("location", "recursive", "path", "query"),
    [
        (None, True, "/api/files", {"recursive": "true"}),
        (None, False, "/api/files", {}),
        ("local", True, "/api/files/local", {"recursive": "true"}),
        ("sdcard", False, "/api/files/sdcard", {}),
    ],
)
async def test_list_asks_for(
    client: OctoPrintClient,
    fake: FakeOctoPrint,
    location: str | None,
    recursive: bool,
    path: str,
    query: dict[str, str],
) -> None:
    await client.files.list(location, recursive=recursive)
    (request,) = fake.requests
    assert (request.path, request.query) == (path, query)


async def test_sd_card_tells_no_free_space(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    files = await client.files.list("sdcard", recursive=False)
    assert (files.free, files.total) == (None, None)


async def test_list_is_not_kept(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    """Test that a long list is not held in memory for the next time."""
    first = await client.files.list()
    assert await client.files.list() == first
    assert "If-None-Match" not in fake.requests[1].headers


@pytest.mark.parametrize("path", PATHS)
async def test_paths_arrive(
    client: OctoPrintClient, fake: FakeOctoPrint, path: str
) -> None:
    with suppress(OctoPrintNotFoundError):
        await client.files.info("local", path)
    with suppress(OctoPrintNotFoundError):
        await client.files.select("local", path)
    assert len(fake.requests) == 2
    for request in fake.requests:
        assert request.query == {}
        assert request.path.count("/") == 4 + path.count("/")
        assert request.path.isascii()
        assert unquote(request.path, errors="strict") == f"/api/files/local/{path}"


async def test_unencodable_path(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    with pytest.raises(OctoPrintNotFoundError):
        await client.files.info("local", "W\udcfcrfel.gcode")
    assert fake.requests[0].path == "/api/files/local/W%3Frfel.gcode"


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("local", ""),
        ("local", "."),
        ("local", ".."),
        ("local", "../../settings"),
        ("local", "a/../b.gcode"),
        ("local", "a/./b.gcode"),
        ("local", "/etc/passwd"),
        ("local", "a//b.gcode"),
        ("local", "a/"),
        ("..", "settings"),
        ("", "a.gcode"),
    ],
)
async def test_refused_paths(
    client: OctoPrintClient, fake: FakeOctoPrint, location: str, path: str
) -> None:
    with pytest.raises(OctoPrintNotFoundError, match="There is nothing at"):
        await client.files.info(location, path)
    with pytest.raises(OctoPrintNotFoundError, match="There is nothing at"):
        await client.files.select(location, path)
    assert fake.requests == []


async def test_refused_location(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    with pytest.raises(OctoPrintNotFoundError):
        await client.files.list("..")
    assert fake.requests == []


@pytest.mark.parametrize("print_", [False, True])
async def test_select(
    client: OctoPrintClient, fake: FakeOctoPrint, print_: bool
) -> None:
    await client.files.select("local", "Heater Test.gcode", print_=print_)
    assert fake.commands() == [
        (
            "/api/files/local/Heater%20Test.gcode",
            {"command": "select", "print": print_},
        )
    ]


async def test_select_while_off(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.load("disconnected")
    with pytest.raises(OctoPrintConflictError, match="cannot select a new file"):
        await client.files.select("local", "test_main.gcode")


async def test_not_permitted(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.user("limited")
    with pytest.raises(OctoPrintPermissionError) as caught:
        await client.files.list()
    assert caught.value.permission == "FILES_LIST"
    with pytest.raises(OctoPrintPermissionError) as caught:
        await client.files.select("local", "test_main.gcode")
    assert caught.value.permission == "FILES_SELECT"
    with pytest.raises(OctoPrintPermissionError) as caught:
        await client.files.select("local", "test_main.gcode", print_=True)
    assert caught.value.permission == "PRINT"


def test_metadata_of_plugins() -> None:
    entry = parse_entry(
        {
            "name": "a.gcode",
            "path": "b/a.gcode",
            "thumbnail": "plugin/prusaslicerthumbnails/thumbnail/b/a.png?20261121",
            "thumbnail_src": "prusaslicerthumbnails",
            "DisplayLayerProgress": {"totalLayerCountWithoutOffset": "6"},
        }
    )
    assert entry.thumbnail == Thumbnail(
        path="plugin/prusaslicerthumbnails/thumbnail/b/a.png", version="20261121"
    )
    assert entry.total_layers == 6


@pytest.mark.parametrize(
    ("options", "query"),
    [
        ({}, {"recursive": "true"}),
        ({"recursive": False}, {}),
        ({"force": True}, {"recursive": "true", "force": "true"}),
    ],
)
async def test_list_options(
    client: OctoPrintClient,
    fake: FakeOctoPrint,
    options: dict[str, Any],
    query: dict[str, str],
) -> None:
    await client.files.list(**options)
    assert fake.requests[-1].query == query


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"name": None, "path": 3, "date": "yesterday", "children": {}},
        {"date": float("inf"), "size": "big", "gcodeAnalysis": [], "prints": "none"},
        {"date": 1e20, "gcodeAnalysis": {}, "prints": {}, "children": [None, 1]},
        {"date": -1e300},
    ],
)
def test_junk(data: dict[str, Any]) -> None:
    assert parse_entry(data) == Entry(
        name="",
        path="",
        origin="other",
        type="other",
        size=None,
        date=None,
        analysis=None,
        prints=None,
        thumbnail=None,
        total_layers=None,
        children=(),
    )


def test_junk_within() -> None:
    entry = parse_entry(
        {
            "name": "a.gcode",
            "gcodeAnalysis": {
                "dimensions": "large",
                "estimatedPrintTime": float("nan"),
                "filament": {"tool0": None, "tool1": {"length": "1 m"}},
            },
            "prints": {"success": None, "failure": "2", "last": {"success": 1}},
        }
    )
    assert entry.analysis == Analysis(
        estimated_print_time=None,
        filament={"tool1": Filament(length=None, volume=None)},
        width=None,
        depth=None,
        height=None,
    )
    assert entry.prints == Prints(
        success=0,
        failure=0,
        last=LastPrintOfFile(success=False, date=None, print_time=None),
    )


def test_folders_without_end() -> None:
    data: dict[str, Any] = {"name": "the innermost"}
    for _ in range(10_000):
        data = {"name": "folder", "type": "folder", "children": [data]}
    entry = parse_entry(data)
    depth = 0
    while entry.children:
        (entry,) = entry.children
        depth += 1
    assert depth == MAX_DEPTH
