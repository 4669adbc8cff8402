"""Test access: the current user, its permissions, and application keys."""

import json

import aiohttp
import pytest
from yarl import URL

from custom_components.octoprint_plus.api import (
    ConnectionCause,
    OctoPrintAuthError,
    OctoPrintClient,
    OctoPrintConnectionError,
    OctoPrintRateLimitError,
)
from custom_components.octoprint_plus.api.permissions import NAMES, permission_name
from tests.fake_octoprint import APP_TOKEN, FakeOctoPrint
from tests.recorded import FIXTURES


def test_permission_names() -> None:
    """Test that permissions are named as the server names them."""
    path = FIXTURES / "general/access_permissions.json"
    recorded = json.loads(path.read_text(encoding="utf-8"))["permissions"]
    names = {each["key"]: each["name"] for each in recorded}
    assert NAMES.items() <= names.items()
    assert permission_name("PLUGIN_ANY") == "PLUGIN_ANY"


@pytest.mark.parametrize(
    ("user", "allowed", "refused"),
    [
        ("admin", {"CONTROL", "SYSTEM", "ANYTHING_NEW"}, set()),
        ("user1", {"CONTROL", "PRINT", "CONNECTION", "FILES_SELECT"}, {"SYSTEM"}),
        ("readonly", {"STATUS", "FILES_LIST", "SETTINGS_READ"}, {"CONTROL", "PRINT"}),
        ("limited", {"STATUS"}, {"FILES_LIST", "SETTINGS_READ"}),
        ("none", set(), {"STATUS"}),
    ],
)
async def test_current_user(
    client: OctoPrintClient,
    fake: FakeOctoPrint,
    user: str,
    allowed: set[str],
    refused: set[str],
) -> None:
    fake.user(user)
    found = await client.access.current_user()
    assert found.name == user
    assert all(found.may(permission) for permission in allowed)
    assert not any(found.may(permission) for permission in refused)


async def test_unknown_key(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.key = "another"
    user = await client.access.current_user()
    assert user.name is None
    assert not user.may("STATUS")


async def test_current_user_of_something_else(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    fake.answer("GET", "/api/currentuser", json={"name": "admin"})
    with pytest.raises(OctoPrintConnectionError) as caught:
        await client.access.current_user()
    assert caught.value.cause is ConnectionCause.NOT_OCTOPRINT


async def test_current_user_refused(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    """OctoPrint never refuses that, so something in front of it did."""
    fake.answer("GET", "*", status=403, body="Forbidden")
    with pytest.raises(OctoPrintConnectionError) as caught:
        await client.access.current_user()
    assert caught.value.cause is ConnectionCause.PROXY_REFUSED
    with pytest.raises(OctoPrintConnectionError):
        await client.job.get()
    # Each asks once more without the key, to see whether it is the key's fault.
    assert len(fake.requests) == 5


@pytest.mark.parametrize("status", [204, 404, 403])
async def test_app_keys_status(
    client: OctoPrintClient, fake: FakeOctoPrint, status: int
) -> None:
    if status != 204:
        fake.answer("GET", "/plugin/appkeys/probe", status=status)
    assert await client.access.app_keys_status() == status
    assert "X-Api-Key" not in fake.requests[0].headers


@pytest.mark.parametrize("user", [None, "admin", "Jörg & Co"])
async def test_app_key_granted(
    session: aiohttp.ClientSession, socket_enabled: None, user: str | None
) -> None:
    async with FakeOctoPrint("/octoprint") as fake:
        client = OctoPrintClient(session, URL(fake.url))
        request = await client.access.request_app_key("Home Assistant", user)
        sent = {"app": "Home Assistant"} | ({"user": user} if user else {})
        assert fake.commands() == [("/plugin/appkeys/request", sent)]
        assert request.app_token == APP_TOKEN
        assert str(request.auth_dialog).startswith(
            f"{fake.url}/plugin/appkeys/auth/{APP_TOKEN}"
        )
        assert request.auth_dialog.query.get("user") == user

        assert await client.access.poll_app_key(request.app_token) is None
        assert await client.access.poll_app_key(request.app_token) is None
        fake.decide(granted=True)
        assert await client.access.poll_app_key(request.app_token) == fake.key
        # It is told only once.
        with pytest.raises(OctoPrintAuthError):
            await client.access.poll_app_key(request.app_token)


async def test_app_key_denied(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    request = await client.access.request_app_key("Home Assistant")
    fake.decide(granted=False)
    with pytest.raises(OctoPrintAuthError, match="denied"):
        await client.access.poll_app_key(request.app_token)


async def test_app_key_too_many(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.rate_limit_app_keys()
    with pytest.raises(OctoPrintRateLimitError, match="too many app key requests"):
        await client.access.request_app_key("Home Assistant")


async def test_app_key_without_token(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    fake.answer("POST", "/plugin/appkeys/request", json={"app_token": 4})
    with pytest.raises(OctoPrintConnectionError) as caught:
        await client.access.request_app_key("Home Assistant")
    assert caught.value.cause is ConnectionCause.NOT_OCTOPRINT


async def test_app_key_token_is_encoded(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    fake.answer(
        "POST", "/plugin/appkeys/request", json={"app_token": "../a?b#c"}, status=201
    )
    request = await client.access.request_app_key("Home Assistant")
    assert request.auth_dialog.raw_path == "/plugin/appkeys/auth/..%2Fa%3Fb%23c"
    with pytest.raises(OctoPrintAuthError):
        await client.access.poll_app_key(request.app_token)
    assert fake.requests[-1].path == "/plugin/appkeys/request/..%2Fa%3Fb%23c"
