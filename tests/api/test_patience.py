"""Tests of what OctoPrint answers only when it is done."""

from collections.abc import Awaitable, Callable

import aiohttp
import pytest

from custom_components.octoprint_plus.api import (
    OctoPrintClient,
    patience,
    transport as transport_module,
)
from custom_components.octoprint_plus.api.errors import (
    ConnectionCause,
    OctoPrintConnectionError,
    OctoPrintUnfinishedError,
)
from custom_components.octoprint_plus.api.system import SystemCommand
from tests.fake_octoprint import FakeOctoPrint

CUSTOM = SystemCommand(source="custom", action="backup", name="Backup")
RESTART = SystemCommand(source="core", action="restart", name="Restart")
RUN = "/api/system/commands/custom/backup"

type Command = Callable[[OctoPrintClient], Awaitable[object]]


@pytest.fixture(autouse=True)
def commands(fake: FakeOctoPrint) -> None:
    """Let the server know what is asked."""
    for path in (RUN, "/api/system/commands/core/restart"):
        fake.answer("POST", path, status=204)
    fake.answer("POST", "/api/connection", status=204)
    fake.answer("DELETE", "/api/files/local/a.gcode", status=204)
    fake.answer("POST", "/api/files/local/a.gcode", status=204)
    fake.answer("POST", "/api/settings", json={})
    fake.answer("POST", "/api/plugin/x", json={})
    fake.answer("POST", "/plugin/softwareupdate/update", json={"order": ["octoprint"]})
    timelapses = {"config": {"type": "off"}, "enabled": True}
    timelapses |= {"files": [{"name": "a.mp4"}], "unrendered": [{"name": "b"}]}
    fake.answer("GET", "/api/timelapse?unrendered=true", json=timelapses)
    fake.answer("DELETE", "/api/timelapse/a.mp4", json=timelapses)
    fake.answer("DELETE", "/api/timelapse/unrendered/b", status=204)


@pytest.mark.parametrize(
    "command",
    [
        lambda client: client.system.run(CUSTOM),
        lambda client: client.connection.disconnect(),
        lambda client: client.connection.connect(),
        lambda client: client.files.delete("local", "a.gcode"),
        lambda client: client.settings.update({"appearance": {"name": "x"}}),
        lambda client: client.files.list(),
        lambda client: client.plugins.command("x", "y", timeout=60),
        lambda client: client.plugins.software_update.update(["octoprint"]),
        lambda client: client.timelapse.list(),
        lambda client: client.timelapse.delete("a.mp4"),
        lambda client: client.timelapse.delete_unrendered("b"),
    ],
)
async def test_own_patience(
    client: OctoPrintClient,
    fake: FakeOctoPrint,
    monkeypatch: pytest.MonkeyPatch,
    command: Command,
) -> None:
    """What takes longer than any other answer is waited for."""
    monkeypatch.setattr(
        transport_module, "REQUEST_TIMEOUT", aiohttp.ClientTimeout(total=0.05)
    )
    fake.delay = 0.3
    await command(client)
    with pytest.raises(OctoPrintConnectionError) as err:
        await client.job.get()
    assert err.value.cause is ConnectionCause.TIMEOUT


async def test_may_still_be_running(
    client: OctoPrintClient, fake: FakeOctoPrint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not done in time may still be running, and is told so."""
    monkeypatch.setattr(patience, "SYSTEM_COMMAND", 0.1)
    monkeypatch.setattr(transport_module, "UNFINISHED", 0)
    fake.delay = 60
    with pytest.raises(OctoPrintUnfinishedError) as err:
        await client.system.run(CUSTOM)
    assert err.value.cause is ConnectionCause.TIMEOUT
    assert err.value.seconds >= 0.1
    assert len(fake.commands()) == 1


async def test_proxy_gives_up_first(
    client: OctoPrintClient, fake: FakeOctoPrint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that gives up says nothing of the command behind it."""
    fake.answer("POST", RUN, status=504, body="<h1>Gateway Time-out</h1>")
    with pytest.raises(OctoPrintConnectionError) as quick:
        await client.system.run(CUSTOM)
    assert not isinstance(quick.value, OctoPrintUnfinishedError)
    monkeypatch.setattr(transport_module, "UNFINISHED", 0)
    with pytest.raises(OctoPrintUnfinishedError) as err:
        await client.system.run(CUSTOM)
    assert err.value.cause is ConnectionCause.BAD_GATEWAY


async def test_command_that_ends_the_server(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    """A restart that ends OctoPrint before it has answered is what was asked for."""
    fake.drop_next()
    await client.system.run(RESTART)
    fake.drop_next()
    with pytest.raises(OctoPrintConnectionError) as err:
        await client.system.run(CUSTOM)
    assert err.value.cause is ConnectionCause.BROKEN
