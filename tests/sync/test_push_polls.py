"""Tests for the polls beside what is pushed."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import pairwise
import logging
from time import time
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.octoprint_plus.api.timelapse import TimelapseConfig
from custom_components.octoprint_plus.coordinator import (
    POLL_IDLE,
    POLL_PUSHED,
    POLL_TRANSIENT,
)
from homeassistant.helpers import device_registry as dr

from ..fake_octoprint import Request
from ..pushed import FULL_POLL, POLL, Pushed
from ..recorded import Answer
from ..waiting import until

pytestmark = pytest.mark.usefixtures("quick")


async def test_requests(freezer: FrozenDateTimeFactory, pushed: Pushed) -> None:
    """Test that half an hour of a printer that prints costs two requests each 5 minutes."""
    pushed.fake.load("printing_local")
    await pushed.state("PRINTING", "Printing")
    per_minute = []
    for minute in range(30):
        pushed.fake.clear()
        for quarter in range(4):
            await pushed.tick(freezer, 15)
            bed = {"actual": 60 + (minute + quarter) % 3, "target": 60}
            await pushed.current(temps=[{"bed": bed}])
        per_minute.append(pushed.gets())
    polls = [minute for minute, paths in enumerate(per_minute) if paths]
    assert all(per_minute[minute] == POLL for minute in polls)
    # A quarter of a minute is what the clock moves on by, each time.
    assert 5 <= len(polls) <= 6
    assert all(4 <= later - earlier <= 6 for earlier, later in pairwise([0, *polls]))
    assert pushed.fake.commands() == []
    assert pushed.fake.push.opened == 1


async def test_everything_is_read_now_and_then(
    freezer: FrozenDateTimeFactory, pushed: Pushed
) -> None:
    """Test that what no event tells of is found out after two hours."""
    settings = pushed.fake.json("GET", "/api/settings")
    settings["appearance"]["name"] = "Renamed"
    pushed.fake.answer("GET", "/api/settings", json=settings)
    polls = []
    for _ in range(25):
        pushed.fake.clear()
        await pushed.tick(freezer, 301)
        # Plugins are read by a clock of their own, and time out where this one jumps.
        await pushed.coordinator.async_wait_idle()
        polls.append([path for path in pushed.gets() if "plugin" not in path])
    assert polls.count(FULL_POLL) == 1
    assert polls.count(POLL) == 24
    assert pushed.coordinator.data.server.settings.name == "Renamed"


async def test_drift_is_caught(freezer: FrozenDateTimeFactory, pushed: Pushed) -> None:
    """Test that the slow poll corrects what the socket never told."""
    pushed.fake.load("disconnected")
    await pushed.tick(freezer, 301)
    assert pushed.state_of("sensor.state") == "offline"
    assert pushed.coordinator.is_pushed


@asynccontextmanager
async def poll_on_its_way(
    pushed: Pushed, family: object, method: str
) -> AsyncGenerator[None]:
    """Hold a poll back meanwhile that has got the answer to a method, and let it end then."""
    gate = asyncio.Event()
    get = getattr(family, method)
    asked = False

    async def held() -> Any:
        nonlocal asked
        answer = await get()
        asked = True
        await gate.wait()
        return answer

    with patch.object(family, method, held):
        poll = pushed.hass.async_create_task(pushed.coordinator.async_refresh())
        await until(lambda: asked)
        yield
        gate.set()
        await poll


async def test_poll_that_is_overtaken(pushed: Pushed) -> None:
    """Test that what is pushed while a poll is on its way is newer and stays."""
    async with poll_on_its_way(pushed, pushed.coordinator.client.job, "get"):
        pushed.fake.load("printing_local")
        await pushed.state("PRINTING", "Printing")
        await pushed.current()
    assert pushed.state_of("sensor.state") == "printing"
    assert pushed.state_of("sensor.file") == "test_main.gcode"
    assert pushed.coordinator.last_update_success
    assert pushed.coordinator.data.memory.last_print is None


async def test_poll_that_is_overtaken_tells_what_is_never_pushed(
    pushed: Pushed,
) -> None:
    """Test that a poll that is overtaken still counts for version and permissions."""
    server = pushed.fake.json("GET", "/api/server")
    pushed.fake.answer("GET", "/api/server", json=server | {"version": "1.12.0"})
    pushed.coordinator.async_expire(with_plugins=False)
    async with poll_on_its_way(pushed, pushed.coordinator.client.system, "commands"):
        pushed.fake.load("printing_local")
        await pushed.state("PRINTING", "Printing")
    assert pushed.state_of("sensor.state") == "printing"
    assert pushed.coordinator.data.server.server.version == "1.12.0"


async def test_poll_that_is_overtaken_leaves_the_timelapse(pushed: Pushed) -> None:
    """Test that a timelapse that was pushed meanwhile is newer than what is known."""
    async with poll_on_its_way(pushed, pushed.coordinator.client.job, "get"):
        await pushed.fake.push.send({"timelapse": {"type": "zchange", "options": {}}})
        await pushed.heard()
    assert pushed.coordinator.data.server.timelapse == TimelapseConfig(type="zchange")


async def test_poll_fails_while_the_server_talks(
    freezer: FrozenDateTimeFactory,
    pushed: Pushed,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that an answer that went astray takes nothing down, and silence beside it does."""
    caplog.set_level(logging.INFO)
    pushed.fake.answer("GET", "/api/job", status=502)
    await pushed.current()
    await pushed.coordinator.async_refresh()
    assert pushed.coordinator.last_update_success
    assert pushed.state_of("sensor.state") == "operational"
    # It is tried again soon.
    assert pushed.coordinator.update_interval == POLL_IDLE
    await pushed.tick(freezer, 31)
    assert not pushed.coordinator.last_update_success
    assert pushed.state_of("sensor.state") == "unavailable"
    assert pushed.coordinator.is_pushed
    pushed.fake.restore("GET", "/api/job")
    await pushed.tick(freezer, 31)
    assert pushed.state_of("sensor.state") == "operational"
    lines = [
        record for record in caplog.records if record.name.startswith("custom_comp")
    ]
    assert [record.levelname for record in lines] == ["ERROR", "INFO"]


async def test_refusal_is_believed(pushed: Pushed) -> None:
    """Test that what the server itself answers counts, however much it talks."""
    pushed.fake.answer("GET", "/api/job", status=500, json={"error": "Broken"})
    await pushed.current()
    await pushed.coordinator.async_refresh()
    assert not pushed.coordinator.last_update_success
    assert pushed.coordinator.update_interval == POLL_IDLE
    # The next message lets it be asked again.
    pushed.fake.load("operational_idle_no_file")
    pushed.fake.answer("GET", "/api/job", json=pushed.fake.json("GET", "/api/job"))
    await pushed.current()
    await until(lambda: pushed.coordinator.last_update_success)
    assert pushed.coordinator.update_interval == POLL_PUSHED


async def test_end_of_a_print_that_is_overtaken(pushed: Pushed) -> None:
    """Test that the history of a print does not settle the end of the next one."""
    fake = pushed.fake
    fake.load("printing_local")
    await pushed.state("PRINTING", "Printing")
    await pushed.current()
    info = pushed.coordinator.client.files.info
    gate, asked = asyncio.Event(), asyncio.Event()

    async def held(location: str, path: str) -> Any:
        asked.set()
        await gate.wait()
        return await info(location, path)

    last = {"success": True, "date": time(), "printTime": 12.4}
    answer = {"name": "test_main.gcode", "prints": {"success": 1, "last": last}}
    fake.answer("GET", "/api/files/local/test_main.gcode", json=answer)
    with patch.object(pushed.coordinator.client.files, "info", held):
        fake.load("operational_idle_no_file")
        await pushed.state("OPERATIONAL", "Operational")
        await until(asked.is_set)
        # Meanwhile another print begins and ends.
        other = {"name": "b.gcode", "path": "b.gcode", "origin": "local", "size": 1}
        await pushed.state("STARTING", "Starting")
        await pushed.event("PrintStarted", **other)
        await pushed.state("PRINTING", "Printing")
        await pushed.event("PrintFailed", path="b.gcode", time=3.0, reason="error")
        await pushed.state("OPERATIONAL", "Operational")
        gate.set()
        await pushed.idle()
    assert pushed.state_of("sensor.last_print") == "b.gcode"
    assert pushed.state_of("sensor.last_print_result") == "failed"


async def test_settings_that_change_during_a_poll(pushed: Pushed) -> None:
    """Test that what was read a moment too early is read again soon."""
    coordinator, reply = pushed.coordinator, pushed.fake.reply

    def answer(request: Request, target: str) -> Answer:
        if request.path == "/api/system/commands":
            coordinator.async_expire()
        return reply(request, target)

    pushed.fake.reply = answer
    coordinator.async_expire()
    await coordinator.async_refresh()
    assert coordinator.update_interval == POLL_TRANSIENT
    pushed.fake.reply = reply
    pushed.fake.clear()
    await coordinator.async_refresh()
    assert "/api/settings" in pushed.gets()
    assert coordinator.update_interval == POLL_PUSHED


async def test_device_is_gone(
    pushed: Pushed, device_registry: dr.DeviceRegistry
) -> None:
    """Test a new version of a server whose device was removed by hand."""
    (device,) = dr.async_entries_for_config_entry(
        device_registry, pushed.entry.entry_id
    )
    device_registry.async_remove_device(device.id)
    await pushed.hass.async_block_till_done()
    server = pushed.fake.json("GET", "/api/server")
    pushed.fake.answer("GET", "/api/server", json=server | {"version": "1.12.0"})
    await pushed.event("SettingsUpdated")
    await until(lambda: pushed.coordinator.data.server.server.version == "1.12.0")
    assert pushed.coordinator.is_pushed


@pytest.mark.parametrize("is_asked_for", [True, False])
async def test_poll_that_is_asked_for_while_one_runs(
    pushed: Pushed, is_asked_for: bool
) -> None:
    """Test that what happens during a poll, which may be too early for it, is read after it."""
    coordinator = pushed.coordinator
    fake = pushed.fake
    fake.load("error_fatal_while_idle")
    await pushed.event("Error", error="Kill() called!", reason="firmware")
    await pushed.state("ERROR", "Error: Kill() called!")
    fake.held.add("/api/job")
    if is_asked_for:
        await coordinator.async_request_refresh()
    else:
        pushed.hass.async_create_task(coordinator.async_refresh())
    await until(lambda: "/api/job" in pushed.gets())
    await pushed.state("OFFLINE", "Offline")
    for _ in range(20):
        await asyncio.sleep(0)
    assert pushed.gets().count("/api/job") == 1
    fake.held.clear()
    await until(lambda: not coordinator.is_polling)
    if is_asked_for:
        # Both are asked for in the same way, of which there is one at a time.
        assert coordinator.update_interval == POLL_TRANSIENT
    else:
        await until(lambda: pushed.gets().count("/api/job") == 2)


async def test_nothing_is_subscribed_that_is_dropped(pushed: Pushed) -> None:
    """Test that the server is not asked to tell what nothing is made of."""
    subscription = pushed.fake.push.subscription
    assert not {"octolapse", "action_command_notification"} & set(
        subscription["plugins"]
    )
    assert not [each for each in subscription["events"] if "octolapse" in each]
    assert "CaptureDone" not in subscription["events"]
