"""Test downloads: what is stored, read piece by piece."""

import asyncio
from typing import Any

import aiohttp
import pytest

from custom_components.octoprint_plus.api import (
    ConnectionCause,
    OctoPrintClient,
    OctoPrintConnectionError,
    OctoPrintError,
    OctoPrintNotFoundError,
    OctoPrintPermissionError,
    OctoPrintRequestError,
    transport as transport_module,
)
from tests.fake_octoprint import FakeOctoPrint

GCODE = b"G28\nG1 X10\n"
PATH = "/downloads/files/local/a%20b/%C3%BC%23.gcode"
TEXT = {"Content-Type": "text/plain"}


async def content(client: OctoPrintClient, path: str, **options: Any) -> bytes:
    """Return a whole file."""
    async with client.files.download(path, **options) as download:
        return b"".join([chunk async for chunk in download.chunks()])


async def test_download(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.answer("GET", PATH, body=GCODE, headers=TEXT)
    async with client.files.download("a b/ü#.gcode") as download:
        assert (download.size, download.content_type) == (len(GCODE), "text/plain")
        assert (download.is_partial, download.content_range) == (False, None)
        assert [chunk async for chunk in download.chunks()] == [GCODE]
        assert [chunk async for chunk in download.chunks()] == []
    (request,) = fake.requests
    assert request.headers["X-Api-Key"] == fake.key
    assert request.headers["Accept-Encoding"] == "identity"
    assert "Range" not in request.headers


async def test_range(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    where = {"Content-Range": "bytes 0-3/11"}
    fake.answer("GET", PATH, status=206, body=GCODE[:4], headers=TEXT | where)
    async with client.files.download(
        "a b/ü#.gcode", byte_range="bytes=0-3"
    ) as download:
        assert download.is_partial
        assert download.content_range == "bytes 0-3/11"
        assert download.size == 4
    assert fake.requests[0].headers["Range"] == "bytes=0-3"


async def test_film(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    path = "/downloads/timelapse/a%20b.mp4"
    fake.answer("GET", path, body=b"film", headers={"Content-Type": "video/mp4"})
    async with client.timelapse.download("a b.mp4") as download:
        assert download.content_type == "video/mp4"
        assert [chunk async for chunk in download.chunks()] == [b"film"]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (404, OctoPrintNotFoundError),
        (416, OctoPrintRequestError),
        (302, OctoPrintConnectionError),
        (502, OctoPrintConnectionError),
    ],
)
async def test_errors(
    client: OctoPrintClient,
    fake: FakeOctoPrint,
    status: int,
    error: type[OctoPrintError],
) -> None:
    fake.answer("GET", PATH, status=status, body="<html>No</html>")
    with pytest.raises(error):
        await content(client, "a b/ü#.gcode")


async def test_not_permitted(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    """Test the refusal, which is a page."""
    fake.user("limited")
    fake.answer("GET", PATH, status=403, body="<html>403: Forbidden</html>")
    with pytest.raises(OctoPrintPermissionError) as caught:
        await content(client, "a b/ü#.gcode")
    assert caught.value.permission == "FILES_DOWNLOAD"


@pytest.mark.parametrize("path", ["..", "a/../../config.yaml", "", "/etc/passwd"])
async def test_astray(client: OctoPrintClient, fake: FakeOctoPrint, path: str) -> None:
    with pytest.raises(OctoPrintNotFoundError, match="There is nothing at"):
        await content(client, path)
    with pytest.raises(OctoPrintNotFoundError, match="There is nothing at"):
        async with client.timelapse.download(path):
            pass
    assert fake.requests == []


async def test_breaks_off(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.answer("GET", PATH, body=GCODE, headers=TEXT)
    fake.truncate_next()
    with pytest.raises(OctoPrintConnectionError) as caught:
        await content(client, "a b/ü#.gcode")
    assert caught.value.cause is ConnectionCause.BROKEN


async def test_stalls(
    client: OctoPrintClient, fake: FakeOctoPrint, monkeypatch: pytest.MonkeyPatch
) -> None:
    timeout = aiohttp.ClientTimeout(total=None, sock_read=0.05)
    monkeypatch.setattr(transport_module, "DOWNLOAD_TIMEOUT", timeout)
    fake.answer("GET", PATH, body=GCODE, headers=TEXT)
    fake.delay = 60
    with pytest.raises(OctoPrintConnectionError) as caught:
        await content(client, "a b/ü#.gcode")
    assert caught.value.cause is ConnectionCause.TIMEOUT


async def test_readers_own_error(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    """Test that what goes wrong where the pieces go is not taken for OctoPrint's."""
    fake.answer("GET", PATH, body=GCODE, headers=TEXT)

    async def read() -> None:
        async with client.files.download("a b/ü#.gcode") as download:
            async for _ in download.chunks():
                raise TimeoutError

    with pytest.raises(TimeoutError):
        await read()
    await asyncio.sleep(0)
    assert (await client.job.get()).state == "Operational"
