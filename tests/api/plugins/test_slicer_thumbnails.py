"""Test slicer thumbnails: where they are, on either OctoPrint, and what they are."""

from typing import Any

import pytest

from custom_components.octoprint_plus.api import (
    OctoPrintClient,
    OctoPrintConnectionError,
    OctoPrintNotFoundError,
    OctoPrintPermissionError,
)
from custom_components.octoprint_plus.api.plugins import slicer_thumbnails
from custom_components.octoprint_plus.api.plugins.slicer_thumbnails import (
    Picture,
    Thumbnail,
    parse_thumbnail,
)
from tests.fake_octoprint import FakeOctoPrint

ROUTE = "plugin/prusaslicerthumbnails/thumbnail"
PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 100
JPEG = b"\xff\xd8\xff" + b"x" * 100


def of_plugin(path: str, thumbnail: str) -> dict[str, Any]:
    return {
        "path": path,
        "thumbnail": thumbnail,
        "thumbnail_src": "prusaslicerthumbnails",
    }


@pytest.mark.parametrize(
    ("entry", "thumbnail"),
    [
        (
            of_plugin("my part.gcode", f"{ROUTE}/my%20part.png?20261121033735"),
            Thumbnail(path=f"{ROUTE}/my%20part.png", version="20261121033735"),
        ),
        (
            # The plugin encodes no folders, so what it wrote is ambiguous.
            of_plugin("100% sub/multi.gco", f"{ROUTE}/100% sub/multi.png?1"),
            Thumbnail(path=f"{ROUTE}/100%25%20sub/multi.png", version="1"),
        ),
        (
            of_plugin("a/Größe?.GCODE", f"{ROUTE}/a/x.png"),
            Thumbnail(path=f"{ROUTE}/a/Gr%C3%B6%C3%9Fe%3F.png"),
        ),
        (
            {"thumbnail": "plugin/UltimakerFormatPackage/thumbnail/a.png?2"},
            Thumbnail(
                path="plugin/UltimakerFormatPackage/thumbnail/a.png", version="2"
            ),
        ),
        (
            {"thumbnail": "plugin/other/a b\r\n#c.png"},
            Thumbnail(path="plugin/other/a%20b%0D%0A%23c.png"),
        ),
        (
            {
                "refs": {
                    "thumbnail": "http://octopi/x/downloads/thumbs/local/a%20b.gcode"
                }
            },
            Thumbnail(path="downloads/thumbs/local/a%20b.gcode"),
        ),
    ],
)
def test_path(entry: dict[str, Any], thumbnail: Thumbnail) -> None:
    assert parse_thumbnail(entry) == thumbnail


def test_built_in_comes_first() -> None:
    entry = of_plugin("a.gcode", f"{ROUTE}/a.png")
    entry["refs"] = {"thumbnail": "http://octopi/downloads/thumbs/local/a.gcode"}
    assert parse_thumbnail(entry) == Thumbnail(path="downloads/thumbs/local/a.gcode")


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"thumbnail": ""},
        {"thumbnail": None, "refs": None},
        {"thumbnail": "http://elsewhere/plugin/a.png"},
        {"thumbnail": "/plugin/a.png"},
        {"thumbnail": "plugin/../api/settings"},
        {"thumbnail": "plugin/a/%2E%2e/b.png"},
        {"thumbnail": "plugin//elsewhere/a.png"},
        {"thumbnail": "api/settings"},
        {"thumbnail": f"{ROUTE}/a.png", "thumbnail_src": "prusaslicerthumbnails"},
        of_plugin("../../../api/settings", f"{ROUTE}/a.png"),
        {"refs": {"thumbnail": "http://octopi/api/settings"}},
        {"refs": {"thumbnail": "http://octopi/downloads/thumbs/../../api/settings"}},
        {"refs": {"thumbnail": "http://[/downloads/thumbs/local/a"}},
        {"refs": {"thumbnail": "http://octopi/downloads/thumbs/"}},
    ],
)
def test_no_path(entry: dict[str, Any]) -> None:
    assert parse_thumbnail(entry) is None


@pytest.mark.parametrize(
    ("content", "content_type"), [(PNG, "image/png"), (JPEG, "image/jpeg")]
)
async def test_get(
    client: OctoPrintClient, fake: FakeOctoPrint, content: bytes, content_type: str
) -> None:
    """The type is that of the content: slicers put JPEG into what is called PNG."""
    fake.answer(
        "GET",
        f"/{ROUTE}/my%20part.png",
        body=content,
        headers={"Content-Type": "image/png"},
    )
    # The fake holds back an answer of another type than JSON from nobody.
    picture = await client.plugins.slicer_thumbnails.get(
        Thumbnail(path=f"{ROUTE}/my%20part.png", version="1")
    )
    assert picture == Picture(content=content, content_type=content_type)
    assert fake.requests[-1].headers["X-Api-Key"] == fake.key


@pytest.mark.parametrize("body", [b"", b"<html>Log in</html>", b"PNG"])
async def test_get_no_picture(
    client: OctoPrintClient, fake: FakeOctoPrint, body: bytes
) -> None:
    headers = {"Content-Type": "image/png"}
    fake.answer("GET", f"/{ROUTE}/a.png", body=body, headers=headers)
    with pytest.raises(OctoPrintConnectionError):
        await client.plugins.slicer_thumbnails.get(Thumbnail(path=f"{ROUTE}/a.png"))


async def test_get_too_large(
    client: OctoPrintClient, fake: FakeOctoPrint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slicer_thumbnails, "MAX_IMAGE", 50)
    headers = {"Content-Type": "image/png"}
    fake.answer("GET", f"/{ROUTE}/a.png", body=PNG, headers=headers)
    with pytest.raises(OctoPrintConnectionError):
        await client.plugins.slicer_thumbnails.get(Thumbnail(path=f"{ROUTE}/a.png"))


async def test_get_broken(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    """A connection that breaks in the middle is told as what it is."""
    headers = {"Content-Type": "image/png"}
    fake.answer("GET", f"/{ROUTE}/a.png", body=PNG, headers=headers)
    fake.truncate_next()
    with pytest.raises(OctoPrintConnectionError):
        await client.plugins.slicer_thumbnails.get(Thumbnail(path=f"{ROUTE}/a.png"))


async def test_get_missing(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.answer("GET", f"/{ROUTE}/a.png", status=404, body="<html>Not found</html>")
    with pytest.raises(OctoPrintNotFoundError):
        await client.plugins.slicer_thumbnails.get(Thumbnail(path=f"{ROUTE}/a.png"))


@pytest.mark.parametrize(
    ("path", "permission"),
    [
        (f"{ROUTE}/a.png", "FILES_LIST"),
        ("downloads/thumbs/local/a.gcode", "FILES_DOWNLOAD"),
    ],
)
async def test_get_not_permitted(
    client: OctoPrintClient, fake: FakeOctoPrint, path: str, permission: str
) -> None:
    fake.answer("GET", f"/{path}", status=403, body="<html>Forbidden</html>")
    with pytest.raises(OctoPrintPermissionError) as caught:
        await client.plugins.slicer_thumbnails.get(Thumbnail(path=path))
    assert caught.value.permission == permission


async def test_scan(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    path = "/api/plugin/prusaslicerthumbnails"
    answer = {"no_thumbnail": ["nothumb.gcode"], "no_thumbnail_src": []}
    fake.answer("POST", path, json=answer)
    assert await client.plugins.slicer_thumbnails.scan() == ("nothumb.gcode",)
    assert fake.commands() == [(path, {"command": "crawl_files"})]
