"""Test system: the commands that the server offers for itself and its machine."""

import pytest

from custom_components.octoprint_plus.api import (
    OctoPrintClient,
    OctoPrintConnectionError,
    OctoPrintNotFoundError,
    OctoPrintPermissionError,
)
from custom_components.octoprint_plus.api.system import SystemCommand, Usage
from tests.fake_octoprint import FakeOctoPrint


async def test_commands(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    assert await client.system.commands() == (
        SystemCommand(source="core", action="shutdown", name="Shutdown system"),
        SystemCommand(source="core", action="reboot", name="Reboot system"),
        SystemCommand(source="core", action="restart", name="Restart OctoPrint"),
        SystemCommand(
            source="core",
            action="restart_safe",
            name="Restart OctoPrint in safe mode",
        ),
    )


async def test_custom_commands_and_junk(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    fake.answer(
        "GET",
        "/api/system/commands",
        json={
            "core": None,
            "custom": [
                {"action": "divider"},
                {"name": "No action"},
                "x",
                {"action": "light"},
            ],
            "plugin": [{"action": "psu:on", "name": "Power on"}],
            "unheard_of": [{"action": "x", "name": "X"}],
        },
    )
    assert await client.system.commands() == (
        SystemCommand(source="plugin", action="psu:on", name="Power on"),
        SystemCommand(source="custom", action="light", name="light"),
        SystemCommand(source="unheard_of", action="x", name="X"),
    )


async def test_run(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    await client.system.run(
        SystemCommand(source="core", action="restart", name="Restart OctoPrint")
    )
    assert fake.commands() == [("/api/system/commands/core/restart", {})]


async def test_run_encodes_the_action(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    path = "/api/system/commands/custom/a%20b%2Fc%3F"
    fake.answer("POST", path, status=204)
    await client.system.run(SystemCommand(source="custom", action="a b/c?", name=""))
    assert fake.commands() == [(path, {})]


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_run_what_ends_octoprint_behind_a_proxy(
    client: OctoPrintClient, fake: FakeOctoPrint, status: int
) -> None:
    """Restarted before it has answered, OctoPrint is gone for the proxy, as was asked for."""
    path = "/api/system/commands/core/restart"
    fake.answer("POST", path, status=status, body="<html>Bad gateway</html>")
    await client.system.run(
        SystemCommand(source="core", action="restart", name="Restart")
    )
    fake.answer(
        "POST", "/api/system/commands/custom/lamp", status=status, body="<html></html>"
    )
    with pytest.raises(OctoPrintConnectionError):
        await client.system.run(
            SystemCommand(source="custom", action="lamp", name="Lamp")
        )


async def test_run_unknown(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    with pytest.raises(OctoPrintNotFoundError):
        await client.system.run(SystemCommand(source="core", action="gone", name=""))


async def test_not_permitted(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.user("user1")
    with pytest.raises(OctoPrintPermissionError) as caught:
        await client.system.commands()
    assert caught.value.permission == "SYSTEM"
    with pytest.raises(OctoPrintPermissionError) as caught:
        await client.system.run(SystemCommand(source="core", action="reboot", name=""))
    assert caught.value.permission == "SYSTEM"


async def test_usage(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    usage = await client.system.usage()
    assert usage["uploads"] == Usage(free=79992999936, total=270553174016)
    assert "timelapse" in usage


async def test_usage_junk(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.answer(
        "GET",
        "/api/system/usage",
        json={
            "usage": {
                "a": None,
                "b": {"free": 1},
                "c": {"free": 1, "total": "2"},
                "": {"free": 1, "total": 2},
                "d": {"free": 0, "total": 2},
            }
        },
    )
    assert await client.system.usage() == {"d": Usage(free=0, total=2)}


async def test_usage_not_permitted(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    fake.user("user1")
    with pytest.raises(OctoPrintPermissionError) as caught:
        await client.system.usage()
    assert caught.value.permission == "SYSTEM"
