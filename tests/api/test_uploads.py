"""Test uploads: what goes over the line, and what happens when it does not."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import Message
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import aiohttp
import pytest
from yarl import URL

from custom_components.octoprint_plus.api import (
    ConnectionCause,
    OctoPrintAuthError,
    OctoPrintClient,
    OctoPrintConflictError,
    OctoPrintConnectionError,
    OctoPrintError,
    OctoPrintNotFoundError,
    OctoPrintPermissionError,
    OctoPrintRequestError,
    OctoPrintServerError,
    uploads,
)
from custom_components.octoprint_plus.api.uploads import CHUNK, Upload, parse_upload
from tests.fake_octoprint import FakeOctoPrint, Request

from .answering import replay
from .conftest import Clock

LOCAL = "/api/files/local"
GCODE = b"G28\nG1 X10\n"

DONE = Upload(
    name="test_main.gcode",
    path="test_main.gcode",
    printer_path=None,
    is_done=True,
    is_selected=False,
    is_printing=False,
)


async def chunks(*pieces: bytes) -> AsyncIterator[bytes]:
    """Yield pieces as a source on the network would."""
    for piece in pieces:
        await asyncio.sleep(0)
        yield piece


def form(request: Request) -> dict[str, Message]:
    """Return the parts of a form by name."""
    content_type = request.headers["Content-Type"].encode()
    message = message_from_bytes(
        b"Content-Type: " + content_type + b"\r\n\r\n" + request.body
    )
    parts = message.get_payload()
    assert isinstance(parts, list)
    return {
        str(part.get_param("name", header="content-disposition")): part
        for part in parts
        if isinstance(part, Message)
    }


def values(request: Request) -> dict[str, bytes]:
    """Return what is in the parts of a form."""
    return {
        name: bytes(part.get_payload(decode=True))
        for name, part in form(request).items()
    }


def posts(fake: FakeOctoPrint) -> list[Request]:
    """Return the uploads."""
    return [
        request for request in fake.requests if request.path == LOCAL and request.body
    ]


@asynccontextmanager
async def reading(
    session: aiohttp.ClientSession, answer: bytes, limit: int
) -> AsyncGenerator[OctoPrintClient]:
    """Yield a client of a server that reads so many bytes, then answers or falls silent."""
    done = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"GET"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
            writer.write(b"Content-Length: 2\r\nConnection: close\r\n\r\n{}")
            await writer.drain()
            writer.close()
            return
        left = limit
        while left > 0 and (got := await reader.read(min(left, 65536))):
            left -= len(got)
        if answer:
            writer.write(answer)
            await writer.drain()
        else:
            await done.wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        url = URL(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        yield OctoPrintClient(session, url, "DUMMY_API_KEY")
        done.set()


# What goes well.


@pytest.mark.parametrize("is_file", [False, True])
async def test_upload(
    client: OctoPrintClient, fake: FakeOctoPrint, is_file: bool
) -> None:
    replay(fake, "upload", "local_plain")
    content = BytesIO(GCODE) if is_file else chunks(GCODE[:4], b"", GCODE[4:])
    seen: list[int] = []
    upload = await client.files.upload(
        "local", "test_main.gcode", content, len(GCODE), on_progress=seen.append
    )
    assert upload == DONE
    (request,) = posts(fake)
    assert request.headers["X-Api-Key"] == fake.key
    # OctoPrint takes no upload of unknown length.
    assert int(request.headers["Content-Length"]) == len(request.body)
    assert "Transfer-Encoding" not in request.headers
    assert values(request) == {
        "noOverwrite": b"true",
        "select": b"false",
        "print": b"false",
        "file": GCODE,
    }
    assert seen == sorted(seen)
    assert seen[-1] == len(GCODE)


async def test_all_that_can_be_asked_for(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    replay(fake, "upload", "print_true")
    upload = await client.files.upload(
        "local",
        "prt.gcode",
        BytesIO(GCODE),
        len(GCODE),
        folder="Größe #1/50%",
        overwrite=True,
        select=True,
        print_=True,
        user_data={"from": "Home Assistant"},
    )
    assert (upload.is_selected, upload.is_printing) == (False, True)
    assert values(posts(fake)[0]) == {
        "noOverwrite": b"false",
        "select": b"true",
        "print": b"true",
        "path": "Größe #1/50%".encode(),
        "userdata": b'{"from": "Home Assistant"}',
        "file": GCODE,
    }


@pytest.mark.parametrize(
    "name",
    [
        "plain.gcode",
        "Bénchy ü.gcode",
        "奔驰🐙.gcode",
        "a#b?c%d&e=f;g+h.gcode",
        'it\'s "quoted".gcode',
        "e\u0301.gcode",
        "\u202eedocg.gcode",
    ],
)
async def test_names(client: OctoPrintClient, fake: FakeOctoPrint, name: str) -> None:
    replay(fake, "upload", "unicode_name")
    await client.files.upload("local", name, BytesIO(GCODE), len(GCODE))
    header = form(posts(fake)[0])["file"]["Content-Disposition"]
    start = "form-data; name=\"file\"; filename*=utf-8''"
    assert header.startswith(start)
    assert header.isascii()
    assert unquote(header.removeprefix(start)) == name


async def test_empty_file(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    replay(fake, "upload", "local_plain")
    await client.files.upload("local", "empty.gcode", BytesIO(), 0)
    assert values(posts(fake)[0])["file"] == b""


async def test_long_file(
    client: OctoPrintClient, fake: FakeOctoPrint, tmp_path: Path
) -> None:
    replay(fake, "upload", "local_plain")
    content = b"".join(b"G1 X%d\n" % number for number in range(100_000))
    path = tmp_path / "long.gcode"
    path.write_bytes(content)
    seen: list[int] = []
    with path.open("rb") as file:
        await client.files.upload(
            "local", "long.gcode", file, len(content), on_progress=seen.append
        )
        assert not file.closed
    # One piece as large as a file is cut up, too.
    await client.files.upload("local", "long.gcode", chunks(content), len(content))
    assert [values(request)["file"] for request in posts(fake)] == [content] * 2
    assert seen == [*range(CHUNK, len(content), CHUNK), len(content)]


async def test_to_the_printer(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    replay(fake, "upload", "sdcard")
    assert await client.files.upload(
        "sdcard", "SD Long Name Test.gcode", BytesIO(GCODE), len(GCODE)
    ) == Upload(
        name="SD Long Name Test.gcode",
        path="SD Long Name Test.gcode",
        printer_path="sd_lon~1.gco",
        is_done=False,
        is_selected=False,
        is_printing=False,
    )


def test_to_the_printer_on_octoprint_2() -> None:
    answer = {
        "done": True,
        "files": {"printer": {"name": "a~1.gco", "path": "a~1.gco"}},
    }
    upload = parse_upload(answer, "a long name.gcode")
    assert (upload.name, upload.path, upload.printer_path) == ("a~1.gco",) * 3


def test_junk() -> None:
    answers: list[dict[str, Any]] = [
        {},
        {"files": []},
        {"files": {"local": None}, "done": "yes"},
    ]
    for answer in answers:
        upload = parse_upload(answer, "a.gcode")
        assert (upload.name, upload.path, upload.is_done) == (
            "a.gcode",
            "a.gcode",
            False,
        )


# What OctoPrint refuses.


@pytest.mark.parametrize(
    ("name", "error", "text"),
    [
        ("same_name_noOverwrite", OctoPrintConflictError, "noOverwrite was set"),
        ("invalid_extension", OctoPrintRequestError, "invalid type"),
        ("stl_model", OctoPrintRequestError, "invalid type"),
        ("path_traversal", OctoPrintRequestError, "invalid file name"),
        ("userdata_bad_json", OctoPrintRequestError, "invalid JSON"),
    ],
)
async def test_refused(
    client: OctoPrintClient,
    fake: FakeOctoPrint,
    name: str,
    error: type[OctoPrintError],
    text: str,
) -> None:
    replay(fake, "upload", name)
    with pytest.raises(error, match=text):
        await client.files.upload("local", "a.gcode", BytesIO(GCODE), len(GCODE))
    # Nothing is cleaned up that is not ours.
    assert [each.method for each in fake.requests] == ["GET", "POST"]


async def test_unknown_location(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    replay(fake, "upload", "unknown_location")
    with pytest.raises(OctoPrintNotFoundError):
        await client.files.upload("nowhere", "a.gcode", BytesIO(GCODE), len(GCODE))


async def test_unknown_key(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.key = "another"
    with pytest.raises(OctoPrintAuthError):
        await client.files.upload("local", "a.gcode", BytesIO(GCODE), len(GCODE))


@pytest.mark.parametrize(
    ("has", "missing"),
    [
        ([], "FILES_UPLOAD"),
        (["FILES_UPLOAD"], "FILES_DELETE"),
        (["FILES_UPLOAD", "FILES_DELETE"], None),
    ],
)
async def test_not_permitted(
    client: OctoPrintClient, fake: FakeOctoPrint, has: list[str], missing: str | None
) -> None:
    """Test that the missing permission is named, which to overwrite is another one."""
    user = fake.json("GET", "/api/currentuser")
    user["permissions"] = ["STATUS", *has]
    fake.answer("GET", "/api/currentuser", json=user)
    with pytest.raises(OctoPrintPermissionError) as caught:
        await client.files.upload(
            "local", "a.gcode", BytesIO(GCODE), len(GCODE), overwrite=True
        )
    assert caught.value.permission == missing


# What is refused before it is sent.


@pytest.mark.parametrize(
    "name", ["", "..", "a/b.gcode", "../a.gcode", "a\\b.gcode", "a\n"]
)
async def test_no_name(client: OctoPrintClient, fake: FakeOctoPrint, name: str) -> None:
    with pytest.raises(OctoPrintRequestError, match="is not a name"):
        await client.files.upload("local", name, BytesIO(GCODE), len(GCODE))
    assert fake.requests == []


@pytest.mark.parametrize("folder", ["..", "a/../..", "/a", "a/", "a\\..\\b"])
async def test_no_folder(
    client: OctoPrintClient, fake: FakeOctoPrint, folder: str
) -> None:
    with pytest.raises(OctoPrintRequestError, match="is not a name"):
        await client.files.upload(
            "local", "a.gcode", BytesIO(GCODE), len(GCODE), folder=folder
        )
    assert fake.requests == []


async def test_user_data_that_is_no_json(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    with pytest.raises(OctoPrintRequestError, match="JSON"):
        await client.files.upload(
            "local", "a.gcode", BytesIO(GCODE), len(GCODE), user_data={"a": object()}
        )
    assert fake.requests == []


# A full disk.


async def test_too_little_space(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    listing = fake.json("GET", LOCAL)
    fake.answer("GET", LOCAL, json=listing | {"free": 10})
    with pytest.raises(OctoPrintRequestError, match="10 bytes free, and 11 are needed"):
        await client.files.upload("local", "a.gcode", BytesIO(GCODE), len(GCODE))
    assert posts(fake) == []


@pytest.mark.parametrize(
    "listing", [{"json": {}}, {"status": 403, "json": {"error": "no"}}]
)
async def test_unknown_space(
    client: OctoPrintClient, fake: FakeOctoPrint, listing: dict[str, Any]
) -> None:
    replay(fake, "upload", "local_plain")
    fake.answer("GET", LOCAL, **listing)
    upload = client.files.upload("local", "a.gcode", BytesIO(GCODE), len(GCODE))
    assert await upload == DONE


@pytest.mark.parametrize(
    ("size", "overwrite", "is_deleted"),
    [
        (len(GCODE) - 1, False, True),
        (0, False, True),
        # Whole after all.
        (len(GCODE), False, False),
        # There was something of that name before.
        (len(GCODE) - 1, True, False),
    ],
)
async def test_piece_that_octoprint_leaves(
    client: OctoPrintClient,
    fake: FakeOctoPrint,
    size: int,
    overwrite: bool,
    is_deleted: bool,
) -> None:
    """Test the disk that fills up while OctoPrint puts the file in its place."""
    full = {"error": "[Errno 28] No space left on device"}
    fake.answer("POST", LOCAL, status=500, json=full)
    fake.answer("POST", "/api/files/test", json={"sanitized": "f/a.gcode"})
    fake.answer("GET", f"{LOCAL}/f/a.gcode", json={"name": "a.gcode", "size": size})
    fake.answer("DELETE", f"{LOCAL}/f/a.gcode", status=204)
    with pytest.raises(OctoPrintServerError, match="No space left"):
        await client.files.upload(
            "local",
            ".a.gcode",
            BytesIO(GCODE),
            len(GCODE),
            folder="f",
            overwrite=overwrite,
        )
    deleted = [each.path for each in fake.requests if each.method == "DELETE"]
    assert deleted == ([f"{LOCAL}/f/a.gcode"] if is_deleted else [])


async def test_no_piece(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.answer("POST", LOCAL, status=500, json={"error": "internal"})
    with pytest.raises(OctoPrintServerError, match="internal"):
        await client.files.upload("local", "new.gcode", BytesIO(GCODE), len(GCODE))


# What goes wrong with the file.


@pytest.mark.parametrize("size", [len(GCODE) - 1, 0])
async def test_longer_than_said(
    client: OctoPrintClient, fake: FakeOctoPrint, size: int
) -> None:
    with pytest.raises(OctoPrintRequestError, match=f"more than the {size} bytes"):
        await client.files.upload("local", "a.gcode", chunks(GCODE), size)
    assert posts(fake) == []


async def test_shorter_than_said(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    with pytest.raises(OctoPrintRequestError, match="11 bytes where it should have 12"):
        await client.files.upload("local", "a.gcode", BytesIO(GCODE), 12)
    assert posts(fake) == []


@pytest.mark.parametrize("error", [OSError("gone"), TimeoutError(), ValueError("x")])
async def test_failing_source(
    client: OctoPrintClient, fake: FakeOctoPrint, error: Exception
) -> None:
    """Test that its own error is told, and no other one."""

    async def source() -> AsyncIterator[bytes]:
        yield GCODE
        raise error

    with pytest.raises(type(error)) as caught:
        await client.files.upload("local", "a.gcode", source(), 1000)
    assert caught.value is error
    assert posts(fake) == []


async def test_failing_progress(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    def fail(sent: int) -> None:
        raise LookupError(sent)

    with pytest.raises(LookupError):
        await client.files.upload(
            "local", "a.gcode", BytesIO(GCODE), len(GCODE), on_progress=fail
        )
    assert posts(fake) == []


async def test_cancelled(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    began = asyncio.Event()
    closed = asyncio.Event()

    async def source() -> AsyncIterator[bytes]:
        try:
            yield GCODE
            began.set()
            await asyncio.Event().wait()
        finally:
            closed.set()

    task = asyncio.create_task(client.files.upload("local", "a.gcode", source(), 1000))
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await closed.wait()
    assert posts(fake) == []
    assert (await client.job.get()).state == "Operational"


# What goes wrong on the way.


async def test_sent_once(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    async def source() -> AsyncIterator[bytes]:
        fake.drop_next()
        yield GCODE

    with pytest.raises(OctoPrintConnectionError) as caught:
        await client.files.upload("local", "a.gcode", source(), len(GCODE))
    assert caught.value.cause is ConnectionCause.BROKEN
    assert len(posts(fake)) == 1


@pytest.mark.usefixtures("socket_enabled")
async def test_server_that_takes_no_more(
    session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test the stall in the middle, with more to send than any buffer holds."""
    monkeypatch.setattr(uploads, "STALL_TIMEOUT", 0.3)
    size = 64 * 1024 * 1024

    async def source() -> AsyncIterator[bytes]:
        for _ in range(0, size, CHUNK):
            yield bytes(CHUNK)

    seen: list[int] = []
    async with reading(session, b"", 1024 * 1024) as slow:
        with pytest.raises(OctoPrintConnectionError, match="standstill") as caught:
            await slow.files.upload(
                "local", "a.gcode", source(), size, on_progress=seen.append
            )
    assert caught.value.cause is ConnectionCause.TIMEOUT
    assert 0 < seen[-1] < size


async def test_source_that_gives_no_more(
    client: OctoPrintClient, fake: FakeOctoPrint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "STALL_TIMEOUT", 0.1)

    async def source() -> AsyncIterator[bytes]:
        yield GCODE
        await asyncio.Event().wait()

    with pytest.raises(OctoPrintConnectionError, match="standstill"):
        await client.files.upload("local", "a.gcode", source(), 1000)
    assert posts(fake) == []


async def test_slow_is_not_stalled(
    client: OctoPrintClient, fake: FakeOctoPrint, clock: Clock
) -> None:
    """Test that an upload may take longer than the time-out, as long as it moves."""
    replay(fake, "upload", "local_plain")

    async def source() -> AsyncIterator[bytes]:
        for _ in range(5):
            clock.now += uploads.STALL_TIMEOUT * 0.4
            # What is due by now comes due.
            await asyncio.sleep(0)
            yield b"G28\n"

    assert await client.files.upload("local", "a.gcode", source(), 20) == DONE


@pytest.mark.usefixtures("socket_enabled")
async def test_no_answer(
    session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that the answer has a time-out of its own."""
    monkeypatch.setattr(uploads, "ANSWER_TIMEOUT", 0.1)
    async with reading(session, b"", 1) as silent:
        with pytest.raises(OctoPrintConnectionError) as caught:
            await silent.files.upload("local", "a.gcode", BytesIO(GCODE), len(GCODE))
    assert caught.value.cause is ConnectionCause.TIMEOUT


@pytest.mark.usefixtures("socket_enabled")
async def test_answered_before_all_is_sent(session: aiohttp.ClientSession) -> None:
    """Test that the rest is not sent where OctoPrint has refused already."""
    answer = (
        b"HTTP/1.1 415 Unsupported Media Type\r\nContent-Type: application/json\r\n"
        b'Content-Length: 25\r\n\r\n{"error": "invalid type"}'
    )
    size = 1024 * 1024 * 1024
    taken = 0

    async def source() -> AsyncIterator[bytes]:
        nonlocal taken
        while taken < size:
            taken += CHUNK
            yield bytes(CHUNK)

    async with reading(session, answer, 1024 * 1024) as refusing:
        with pytest.raises(OctoPrintError):
            await refusing.files.upload("local", "a.exe", source(), size)
    assert taken < size


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\r\n\r\n"])
@pytest.mark.usefixtures("socket_enabled")
async def test_beyond_octoprints_limit(
    session: aiohttp.ClientSession, answer: bytes
) -> None:
    """Test what OctoPrint does with a file that is too large: it slams the door."""
    size = uploads.USUAL_UPLOAD_LIMIT + 1

    async def source() -> AsyncIterator[bytes]:
        while True:
            yield bytes(CHUNK)

    async with reading(session, answer, 0) as refusing:
        with pytest.raises(OctoPrintRequestError, match="larger than OctoPrint takes"):
            await refusing.files.upload("local", "a.gcode", source(), size)


async def test_answer_that_is_none(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    fake.answer("POST", LOCAL, status=201, json=["junk"])
    with pytest.raises(OctoPrintConnectionError) as caught:
        await client.files.upload("local", "a.gcode", BytesIO(GCODE), len(GCODE))
    assert caught.value.cause is ConnectionCause.NOT_OCTOPRINT


async def test_old_server(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    """Test that what comes before an upload closes its connection up to OctoPrint 1.10."""
    replay(fake, "upload", "local_plain")
    fake.answer("DELETE", f"{LOCAL}/a.gcode", status=204)
    await client.files.delete("local", "a.gcode")
    await client.files.upload("local", "a.gcode", BytesIO(GCODE), len(GCODE))
    closes = [each.headers.get("Connection") for each in fake.requests]
    assert closes == ["close", "close", None]


async def test_other_session(fake: FakeOctoPrint) -> None:
    """Test a session that writes JSON in its own way, as Home Assistant's does."""
    replay(fake, "upload", "local_plain")
    async with aiohttp.ClientSession(json_serialize=lambda _: "null") as session:
        client = OctoPrintClient(session, URL(fake.url), fake.key)
        await client.job.pause()
    assert fake.commands() == [("/api/job", {"command": "pause", "action": "pause"})]
