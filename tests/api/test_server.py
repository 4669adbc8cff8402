"""Test version and server."""

import pytest

from custom_components.octoprint_plus.api import (
    ConnectionCause,
    OctoPrintClient,
    OctoPrintConnectionError,
)
from custom_components.octoprint_plus.api.version import ServerInfo
from tests.fake_octoprint import FakeOctoPrint


async def test_server(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    assert await client.server.get() == ServerInfo(version="1.11.8", safe_mode=None)


async def test_safe_mode(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.answer(
        "GET", "/api/server", json={"version": "1.11.8", "safemode": "settings"}
    )
    assert await client.server.get() == ServerInfo(
        version="1.11.8", safe_mode="settings"
    )


async def test_version_where_there_is_no_server(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    fake.answer("GET", "/api/server", status=404, json={"error": "Not found"})
    assert await client.server.get() == ServerInfo(version="1.11.8", safe_mode=None)
    assert [request.path for request in fake.requests] == [
        "/api/server",
        "/api/version",
    ]


async def test_version_where_a_proxy_fails_for_the_server(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    fake.answer("GET", "/api/server", status=502)
    assert await client.server.get() == ServerInfo(version="1.11.8", safe_mode=None)
    fake.answer("GET", "/api/version", status=502)
    with pytest.raises(OctoPrintConnectionError):
        await client.server.get()


async def test_without_a_version(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.answer("GET", "/api/server", json={"version": 1})
    with pytest.raises(OctoPrintConnectionError) as caught:
        await client.server.get()
    assert caught.value.cause is ConnectionCause.NOT_OCTOPRINT


@pytest.mark.parametrize(
    ("version", "storage"),
    [
        ("1.9.3", "sdcard"),
        ("2.0.0rc7", "printer"),
        ("10.1", "printer"),
        ("x", "sdcard"),
    ],
)
async def test_what_the_printers_storage_is_called(
    client: OctoPrintClient, fake: FakeOctoPrint, version: str, storage: str
) -> None:
    fake.answer("GET", "/api/server", json={"version": version})
    await client.server.get()
    assert (await client.server.get()).printer_storage == storage
