"""Test util: what the server itself can reach."""

import pytest

from custom_components.octoprint_plus.api import (
    OctoPrintClient,
    OctoPrintConnectionError,
    OctoPrintPermissionError,
)
from custom_components.octoprint_plus.api.util import PathTest, UrlTest
from tests.fake_octoprint import FakeOctoPrint

from .answering import replay

PATH = "/api/util/test"


async def test_path(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    replay(fake, "general", "util_test_path")
    found = await client.util.test_path("/tmp", check_type="dir", check_access="rw")  # noqa: S108
    assert found == PathTest(exists=True, is_type=True, may_access=True, result=True)
    await client.util.test_path("/x")
    assert fake.commands() == [
        (
            PATH,
            {
                "command": "path",
                "path": "/tmp",  # noqa: S108
                "check_type": "dir",
                "check_access": "rw",
            },
        ),
        (PATH, {"command": "path", "path": "/x", "check_access": ""}),
    ]


async def test_url(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    replay(fake, "general", "util_test_url")
    url = "http://octopi.local/webcam/?action=snapshot"
    assert await client.util.test_url(url, verify_ssl=False) == UrlTest(
        status=403, content_type="application/json", result=True
    )
    ((path, sent),) = fake.commands()
    assert path == PATH
    assert sent == {
        "command": "url",
        "url": url,
        "method": "GET",
        "validSsl": False,
        "timeout": 4,
    }


async def test_url_without_an_answer(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    fake.answer("POST", PATH, json={"url": "x", "status": 0, "result": False})
    assert await client.util.test_url("http://x/") == UrlTest(
        status=None, content_type=None, result=False
    )


async def test_server(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    replay(fake, "general", "util_test_server")
    assert await client.util.test_server("127.0.0.1", 5011)
    fake.answer("POST", PATH, json={})
    assert not await client.util.test_server("127.0.0.1", 5011)


async def test_junk(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.answer("POST", PATH, json=[1])
    with pytest.raises(OctoPrintConnectionError):
        await client.util.test_server("127.0.0.1", 5011)


async def test_not_permitted(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.user("user1")
    fake.answer("POST", PATH, status=403, json={"error": "no"})
    with pytest.raises(OctoPrintPermissionError) as caught:
        await client.util.test_url("http://x/")
    assert caught.value.permission == "ADMIN"
