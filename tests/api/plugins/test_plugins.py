"""Test plugins: what goes for any of them."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from custom_components.octoprint_plus.api import (
    ConnectionCause,
    OctoPrintAuthError,
    OctoPrintClient,
    OctoPrintConflictError,
    OctoPrintConnectionError,
    OctoPrintError,
    OctoPrintNotFoundError,
    OctoPrintPermissionError,
    OctoPrintRateLimitError,
    OctoPrintRequestError,
    Permission,
)
from custom_components.octoprint_plus.api.errors import OctoPrintPluginError
from custom_components.octoprint_plus.api.plugins import PluginsApi
from tests.fake_octoprint import FakeOctoPrint, recorded

type Call = Callable[[PluginsApi], Awaitable[Any]]

BROWSER = "The browser (or proxy) sent a request that this server could not understand."

CALLS: list[tuple[str, str, Call, Any]] = [
    ("GET", "/api/plugin/health_check", lambda p: p.get("health_check"), None),
    (
        "POST",
        "/api/plugin/psucontrol",
        lambda p: p.command("psucontrol", "turnPSUOn"),
        {"command": "turnPSUOn"},
    ),
    (
        "GET",
        "/plugin/DisplayLayerProgress/values",
        lambda p: p.get_path("DisplayLayerProgress", "values"),
        None,
    ),
    (
        "POST",
        "/plugin/Spoolman/self/spool",
        lambda p: p.send_path("Spoolman", "self/spool", {"spoolId": "1"}),
        {"spoolId": "1"},
    ),
    (
        "PUT",
        "/plugin/SpoolManager/selectSpool",
        lambda p: p.send_path(
            "SpoolManager", "/selectSpool", {"databaseId": 1}, method="PUT"
        ),
        {"databaseId": 1},
    ),
]

ANSWERS: list[tuple[dict[str, Any], Any]] = [
    ({"json": {"isPSUOn": False}}, {"isPSUOn": False}),
    ({"json": [1, "two"]}, [1, "two"]),
    ({"json": None}, None),
    ({"json": False}, False),
    ({"json": "text"}, "text"),
    ({"status": 204}, None),
    ({"body": ""}, None),
    ({"body": "OK"}, "OK"),
]


@pytest.mark.parametrize(("method", "path", "call", "sent"), CALLS)
@pytest.mark.parametrize(("answer", "expected"), ANSWERS)
async def test_calls(
    client: OctoPrintClient,
    fake: FakeOctoPrint,
    method: str,
    path: str,
    call: Call,
    sent: Any,
    answer: dict[str, Any],
    expected: Any,
) -> None:
    fake.answer(method, path, **answer)
    assert await call(client.plugins) == expected
    (request,) = fake.requests
    assert (request.method, request.path, request.json) == (method, path, sent)
    assert request.headers["X-Api-Key"] == fake.key


async def test_recorded(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    """Test the bundled plugins' answers, one of which is JSON's null."""
    for name in ("api_action_command_prompt", "api_health_check"):
        answer = recorded("plugins", name)
        plugin = name.removeprefix("api_")
        fake.answer("GET", f"/api/plugin/{plugin}", json=answer.json)
        assert await client.plugins.get(plugin) == answer.json
    assert recorded("plugins", "api_action_command_prompt").body.strip() == b"null"


async def test_parameters(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.answer("GET", "/api/plugin/appkeys", json={"keys": []})
    fake.answer("POST", "/api/plugin/action_command_prompt", status=204)
    fake.answer("GET", "/plugin/softwareupdate/check", json={})
    await client.plugins.get("appkeys", {"app": "Größe & Co"})
    await client.plugins.command("action_command_prompt", "select", {"choice": 0})
    # The command is named by the caller, not by its parameters.
    await client.plugins.command("action_command_prompt", "x", {"command": "y"})
    await client.plugins.get_path("softwareupdate", "check", {"force": "true"})
    assert fake.requests[0].query == {"app": "Größe & Co"}
    assert fake.requests[1].json == {"command": "select", "choice": 0}
    assert fake.requests[2].json == {"command": "x"}
    assert fake.requests[3].query == {"force": "true"}


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("", "/plugin/a/"),
        ("/", "/plugin/a/"),
        ("b/", "/plugin/a/b/"),
        ("b/c d#?%.png", "/plugin/a/b/c%20d%23%3F%25.png"),
        ("%2e%2e/x", "/plugin/a/%252e%252e/x"),
        ("ü\\..\n", "/plugin/a/%C3%BC%5C..%0A"),
        ("http:evil.example", "/plugin/a/http%3Aevil.example"),
    ],
)
async def test_paths(
    client: OctoPrintClient, fake: FakeOctoPrint, path: str, sent: str
) -> None:
    fake.answer("GET", sent, json={})
    await client.plugins.get_path("a", path)
    assert fake.requests[0].path == sent


@pytest.mark.parametrize(
    "path",
    ["..", "../api/settings", "b/../../c", ".", "b/./c", "b//c", "//evil", "b//"],
)
async def test_refused_paths(
    client: OctoPrintClient, fake: FakeOctoPrint, path: str
) -> None:
    with pytest.raises(OctoPrintNotFoundError):
        await client.plugins.get_path("a", path)
    assert fake.requests == []


@pytest.mark.parametrize(
    "plugin",
    ["", ".", "..", "../settings", "a/b", "a?b", "a#b", "a%2Fb", "a b", "ä", "a\n"],
)
async def test_refused_plugins(
    client: OctoPrintClient, fake: FakeOctoPrint, plugin: str
) -> None:
    with pytest.raises(OctoPrintNotFoundError, match="There is no plugin"):
        await client.plugins.get(plugin)
    with pytest.raises(OctoPrintNotFoundError, match="There is no plugin"):
        await client.plugins.command(plugin, "x")
    with pytest.raises(OctoPrintNotFoundError, match="There is no plugin"):
        await client.plugins.get_path(plugin, "x")
    assert fake.requests == []


async def test_unknown_plugin(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    """Test the plugin that is not there: 404 to reads, 400 to commands."""
    fake.answer("POST", "/api/plugin/nope", status=400, json={"error": BROWSER})
    with pytest.raises(OctoPrintNotFoundError):
        await client.plugins.get("nope")
    with pytest.raises(OctoPrintNotFoundError, match="no plugin 'nope' that takes"):
        await client.plugins.command("nope", "x")
    with pytest.raises(OctoPrintNotFoundError):
        await client.plugins.get_path("nope", "x")


@pytest.mark.parametrize(
    "there", [{"json": {}}, {"status": 204}, {"status": 500, "json": {"error": "x"}}]
)
async def test_unknown_command(
    client: OctoPrintClient, fake: FakeOctoPrint, there: dict[str, Any]
) -> None:
    """Test that a plugin that is there and refuses is told from one that is not."""
    refusal = {"error": "command is invalid"}
    fake.answer("POST", "/api/plugin/psucontrol", status=400, json=refusal)
    fake.answer("GET", "/api/plugin/psucontrol", **there)
    with pytest.raises(OctoPrintRequestError, match="command is invalid"):
        await client.plugins.command("psucontrol", "mesh")
    assert [each.method for each in fake.requests] == ["POST", "GET"]


@pytest.mark.parametrize(("method", "path", "call", "_"), CALLS)
@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, OctoPrintRequestError),
        (404, OctoPrintNotFoundError),
        (405, OctoPrintRequestError),
        (409, OctoPrintConflictError),
        (413, OctoPrintRequestError),
        (429, OctoPrintRateLimitError),
        (500, OctoPrintRequestError),
    ],
)
async def test_errors(
    client: OctoPrintClient,
    fake: FakeOctoPrint,
    method: str,
    path: str,
    call: Call,
    _: Any,
    status: int,
    error: type[OctoPrintError],
) -> None:
    fake.answer("GET", path, json={})
    fake.answer(method, path, status=status, json={"error": "So says the plugin"})
    with pytest.raises(error, match="So says the plugin"):
        await call(client.plugins)


@pytest.mark.parametrize(("method", "path", "call", "_"), CALLS)
async def test_unknown_key(
    client: OctoPrintClient,
    fake: FakeOctoPrint,
    method: str,
    path: str,
    call: Call,
    _: Any,
) -> None:
    fake.answer(method, path, json={})
    fake.key = "another"
    with pytest.raises(OctoPrintAuthError):
        await call(client.plugins)


@pytest.mark.parametrize("body", ["Insufficient rights", '{"error": "no"}'])
async def test_missing_permission(
    client: OctoPrintClient, fake: FakeOctoPrint, body: str
) -> None:
    """Test a plugin's own refusal, which need not be JSON."""
    fake.user("readonly")
    fake.answer("POST", "/api/plugin/psucontrol", status=403, body=body)
    with pytest.raises(OctoPrintPermissionError, match="for api/plugin/psu") as caught:
        await client.plugins.command("psucontrol", "turnPSUOn")
    assert caught.value.permission is None
    needed = Permission.PLUGIN_PSUCONTROL_CONTROL
    with pytest.raises(OctoPrintPermissionError, match=needed) as caught:
        await client.plugins.command("psucontrol", "turnPSUOn", permission=needed)
    assert caught.value.permission == needed


@pytest.mark.parametrize(("method", "path", "call", "_"), CALLS)
@pytest.mark.parametrize("body", [b"<html>It works!</html>", b"\xff\xfe"])
async def test_no_answer_of_a_plugin(
    client: OctoPrintClient,
    fake: FakeOctoPrint,
    method: str,
    path: str,
    call: Call,
    _: Any,
    body: bytes,
) -> None:
    fake.answer(method, path, body=body)
    # The plugin is named, and not the address, where it was told something already.
    name = path.removeprefix("/api").split("/")[2].partition("?")[0]
    with pytest.raises(OctoPrintPluginError, match=name) as caught:
        await call(client.plugins)
    assert ("may have done" in str(caught.value)) is (method != "GET")


@pytest.mark.parametrize(("method", "path", "call", "_"), CALLS[1:2] + CALLS[3:])
async def test_sent_once(
    client: OctoPrintClient,
    fake: FakeOctoPrint,
    method: str,
    path: str,
    call: Call,
    _: Any,
) -> None:
    """Test that no command is sent again where the connection broke."""
    fake.answer(method, path, status=204)
    await call(client.plugins)
    fake.drop_next()
    with pytest.raises(OctoPrintConnectionError) as caught:
        await call(client.plugins)
    assert caught.value.cause is ConnectionCause.BROKEN
    assert len(fake.requests) == 2


async def test_slow_plugin(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    """Test that a call may have its own time-out."""
    fake.answer("POST", "/api/plugin/psucontrol", status=204)
    fake.delay = 0.2
    with pytest.raises(OctoPrintConnectionError) as caught:
        await client.plugins.command("psucontrol", "turnPSUOn", timeout=0.05)
    assert caught.value.cause is ConnectionCause.TIMEOUT
    await client.plugins.command("psucontrol", "turnPSUOn", timeout=60)
