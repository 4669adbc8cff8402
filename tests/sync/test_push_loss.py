"""Tests for a socket that is lost, refused, and back: polling takes over and hands back."""

import asyncio
from datetime import timedelta
from functools import partial
from ipaddress import ip_address
import logging
from time import time

from aiohttp import ClientWebSocketResponse
from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from yarl import URL

from custom_components.octoprint_plus.api.socket.connection import close_socket
from custom_components.octoprint_plus.api.socket.push import PushLost, PushStarted
from custom_components.octoprint_plus.const import DOMAIN
from custom_components.octoprint_plus.coordinator import (
    POLL_ACTIVE,
    POLL_IDLE,
    POLL_PUSHED,
)
from custom_components.octoprint_plus.sync.listener import DEAF_AFTER
from homeassistant.config_entries import SOURCE_REAUTH, SOURCE_ZEROCONF
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
from homeassistant.util import dt as dt_util

from ..conftest import UUID
from ..fake_octoprint import FakeOctoPrint
from ..pushed import POLL, Pushed
from ..recorded import Answer
from ..waiting import until

MESSAGES = "custom_components.octoprint_plus.api.socket.messages"
PUSH = "custom_components.octoprint_plus.api.socket.push"


@pytest.fixture(autouse=True)
def quick(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, quick: None
) -> None:
    """Let pauses last until they are ended."""
    monkeypatch.setattr(f"{PUSH}.reconnect_pause", lambda _: 10**6)
    caplog.set_level(logging.INFO)


def has_failed(pushed: Pushed, times: int) -> bool:
    """Return whether so many attempts have failed."""
    return len(pushed.of(PushLost)) >= times


async def attempt(pushed: Pushed, times: int = 1) -> None:
    """End the pause before the next attempt, which fails."""
    for count in range(len(pushed.of(PushLost)), len(pushed.of(PushLost)) + times):
        pushed.coordinator.async_server_seen()
        await until(partial(has_failed, pushed, count + 1))
    await pushed.idle()


async def come_back(pushed: Pushed) -> None:
    """End the pause before the next attempt, which succeeds."""
    count = len(pushed.of(PushStarted))
    pushed.coordinator.async_server_seen()
    await until(lambda: len(pushed.of(PushStarted)) > count)
    await pushed.idle()


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return how grave what was logged of the printer is."""
    return [
        record.levelname
        for record in caplog.records
        if record.name.startswith("custom_components.octoprint_plus")
    ]


def reauth_flows(hass: HomeAssistant) -> int:
    """Return how often the user is asked for another key."""
    flows = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    return sum(flow["context"]["source"] == SOURCE_REAUTH for flow in flows)


async def test_polling_takes_over(pushed: Pushed) -> None:
    """Test that a lost socket is followed by a poll at once, and the usual pace of polls."""
    fake = pushed.fake
    fake.load("printing_local")
    await pushed.state("PRINTING", "Printing")
    await pushed.current()
    fake.load("paused")
    await pushed.lose()
    assert not pushed.coordinator.is_pushed
    # What was missed is seen, and all is read: it may have been a restart.
    assert pushed.state_of("sensor.state") == "paused"
    assert pushed.gets()[:2] == POLL
    assert "/api/settings" in pushed.gets()
    assert pushed.gets().count("/api/job") == 1
    assert pushed.coordinator.update_interval == POLL_ACTIVE

    # What changes before the socket is back is seen.
    fake.clear()
    fake.push.silent.add("history")
    fake.load("printing_local")
    count = fake.push.opened
    pushed.coordinator.async_server_seen()
    await until(lambda: fake.push.opened > count and fake.push.sockets == 1)
    assert not pushed.coordinator.is_pushed
    assert pushed.gets() == []
    fake.push.silent.clear()
    await pushed.lose()
    await come_back(pushed)
    assert pushed.coordinator.is_pushed
    assert pushed.coordinator.update_interval == POLL_PUSHED
    assert pushed.state_of("sensor.state") == "printing"


async def test_poll_after_each_reconnect(pushed: Pushed) -> None:
    """Test that one poll, of everything, settles the truth each time the socket is back."""
    for _ in range(3):
        await pushed.lose()
        pushed.fake.clear()
        await come_back(pushed)
        assert pushed.gets().count("/api/job") == 1
        assert pushed.gets().count("/api/settings") == 1
        assert pushed.coordinator.update_interval == POLL_PUSHED


async def test_printer_is_polled_meanwhile(
    freezer: FrozenDateTimeFactory, pushed: Pushed
) -> None:
    pushed.fake.push.refusal = Answer(502)
    await pushed.lose()
    assert pushed.coordinator.update_interval == POLL_IDLE
    pushed.fake.load("disconnected")
    await pushed.tick(freezer, 31)
    assert pushed.state_of("sensor.state") == "offline"


@pytest.mark.parametrize("is_gone", [False, True])
async def test_print_ends_while_away(pushed: Pushed, is_gone: bool) -> None:
    """Test that a print that nobody saw ending is told as finished, once, by its history."""
    results: list[str] = []

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        if (state := event.data["new_state"]) and state.state != "unavailable":
            results.append(state.state)

    fake, hass = pushed.fake, pushed.hass
    stop = async_track_state_change_event(
        hass, "sensor.prusa_last_print_duration", note
    )
    fake.load("printing_local")
    await pushed.state("PRINTING", "Printing")
    await pushed.current()
    if is_gone:
        await fake.stop()
        await until(lambda: not pushed.coordinator.last_update_success)
    else:
        fake.push.refusal = Answer(502)
        # Until another state is loaded.
        fake.answer("GET", "/api/connection", status=502)
        await pushed.lose()
    assert not pushed.coordinator.last_update_success
    # Another file was selected since, so nothing is left to be seen of it.
    fake.load("operational_idle_no_file")
    last = {"success": True, "date": time(), "printTime": 12.4}
    fake.answer(
        "GET",
        "/api/files/local/test_main.gcode",
        json={
            "name": "test_main.gcode",
            "prints": {"success": 1, "failure": 0, "last": last},
        },
    )
    if is_gone:
        await fake.start()
    else:
        fake.push.refusal = None
    await come_back(pushed)
    await until(lambda: pushed.coordinator.update_interval == POLL_PUSHED)
    assert pushed.state_of("sensor.last_print_result") == "done"
    assert pushed.state_of("sensor.last_print") == "test_main.gcode"
    for _ in range(3):
        await pushed.lose()
        await come_back(pushed)
    stop()
    assert [round(float(result) * 60) for result in results[-1:]] == [12]
    assert len(set(results)) == len(results)


async def test_print_that_ends_on_the_socket_reads_no_history(pushed: Pushed) -> None:
    """Test that an end that was told as it came is not asked for."""
    pushed.fake.load("printing_local")
    await pushed.state("PRINTING", "Printing")
    await pushed.current()
    path = pushed.fake.json("GET", "/api/job")["job"]["file"]["path"]
    await pushed.state("FINISHING", "Finishing")
    await pushed.event("PrintDone", path=path, time=42.0)
    pushed.fake.load("after_print_done")
    await pushed.state("OPERATIONAL", "Operational")
    await pushed.idle()
    assert pushed.state_of("sensor.last_print_result") == "done"
    assert pushed.gets() == []


async def test_server_is_gone_and_back(
    pushed: Pushed, caplog: pytest.LogCaptureFixture
) -> None:
    """Test that a restart of OctoPrint costs one line each way, however long it takes."""
    caplog.clear()
    await pushed.fake.stop()
    await until(lambda: not pushed.coordinator.last_update_success)
    assert pushed.state_of("sensor.state") == "unavailable"
    await attempt(pushed, 10)
    for _ in range(5):
        await pushed.coordinator.async_refresh()
    await pushed.fake.start()
    await come_back(pushed)
    await pushed.up()
    assert pushed.state_of("sensor.state") == "operational"
    assert lines(caplog) == ["ERROR", "INFO"]


async def test_poll_ends_the_pause(
    pushed: Pushed, caplog: pytest.LogCaptureFixture
) -> None:
    """Test that a poll that is answered again tells the socket to come back."""
    await pushed.fake.stop()
    await until(lambda: not pushed.coordinator.last_update_success)
    await attempt(pushed, 3)
    await pushed.fake.start()
    await pushed.coordinator.async_refresh()
    await pushed.up()


async def test_socket_is_refused(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    config_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test a proxy that lets no socket through: one warning, polls, one line at its end."""
    pushed = await Pushed(hass, fake, config_entry).load()
    # The first attempt may be over already.
    await until(lambda: len(fake.push.handshakes) == 1)
    await pushed.idle()
    assert lines(caplog) == []
    assert pushed.coordinator.update_interval == POLL_IDLE
    while len(fake.push.handshakes) < DEAF_AFTER:
        assert lines(caplog) == []
        await attempt(pushed)
    await until(lambda: lines(caplog))
    await attempt(pushed, 5)
    await pushed.coordinator.async_refresh()
    assert lines(caplog) == ["WARNING"]
    assert "socket cannot be used" in caplog.text
    assert fake.url not in caplog.text.partition("socket cannot be used")[2]
    assert pushed.state_of("sensor.state") == "operational"

    fake.push.enabled = True
    await come_back(pushed)
    assert lines(caplog) == ["WARNING", "INFO"]
    for _ in range(3):
        await pushed.lose()
        await come_back(pushed)
    assert lines(caplog) == ["WARNING", "INFO"]

    # It may be refused a second time, which is news again.
    fake.push.enabled = False
    await pushed.lose()
    await attempt(pushed, DEAF_AFTER + 2)
    assert lines(caplog) == ["WARNING", "INFO", "WARNING"]
    await pushed.unload()


async def test_refused_while_the_server_is_gone(
    pushed: Pushed, caplog: pytest.LogCaptureFixture
) -> None:
    """Test that attempts count only while polls are answered."""
    await pushed.fake.stop()
    await until(lambda: not pushed.coordinator.last_update_success)
    await attempt(pushed, DEAF_AFTER * 2)
    pushed.fake.push.enabled = False
    await pushed.fake.start()
    await pushed.coordinator.async_refresh()
    await until(lambda: len(pushed.fake.push.handshakes) == 2)
    await pushed.idle()
    assert lines(caplog) == ["ERROR", "INFO"]


async def test_key_is_revoked(freezer: FrozenDateTimeFactory, pushed: Pushed) -> None:
    """Test that the slow poll notices it, as the socket goes on talking."""
    pushed.fake.key = "ANOTHER_KEY"
    await pushed.current()
    await pushed.tick(freezer, 150)
    await pushed.current()
    assert pushed.coordinator.last_update_success
    assert reauth_flows(pushed.hass) == 0
    await pushed.tick(freezer, 151)
    await until(lambda: reauth_flows(pushed.hass) == 1)
    await pushed.fake.push.wait_closed()
    assert not pushed.coordinator.is_pushed
    assert pushed.state_of("sensor.state") == "unavailable"
    opened = len(pushed.fake.push.handshakes)
    await pushed.tick(freezer, 3600)
    assert len(pushed.fake.push.handshakes) == opened
    assert reauth_flows(pushed.hass) == 1


@pytest.mark.parametrize("reason", ["removed", "logout", "modified"])
async def test_key_is_revoked_and_told(pushed: Pushed, reason: str) -> None:
    """Test that a log-in that is asked for and fails ends in the dialog for a new key."""
    pushed.fake.key = "ANOTHER_KEY"
    await pushed.fake.push.reauth(reason)
    await until(lambda: reauth_flows(pushed.hass) == 1)
    await pushed.fake.push.wait_closed()
    await pushed.idle()
    assert not pushed.coordinator.is_pushed
    assert pushed.coordinator.listener.task.done()


async def test_key_is_good_again(pushed: Pushed) -> None:
    """Test that a printer is listened to again once a poll finds its key taken again."""
    key, pushed.fake.key = pushed.fake.key, "ANOTHER_KEY"
    await pushed.coordinator.async_refresh()
    await until(pushed.coordinator.listener.task.done)
    assert not pushed.coordinator.last_update_success
    pushed.fake.key = key
    await pushed.coordinator.async_refresh()
    await until(lambda: pushed.coordinator.is_pushed)
    assert pushed.state_of("sensor.state") == "operational"


async def test_socket_that_closes_late(
    pushed: Pushed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that the end of a refused socket takes nothing from the one opened since."""
    may_close = asyncio.Event()

    async def close_late(socket: ClientWebSocketResponse[bool]) -> None:
        await may_close.wait()
        await close_socket(socket)

    monkeypatch.setattr(f"{PUSH}.close_socket", close_late)
    key, pushed.fake.key = pushed.fake.key, "ANOTHER_KEY"
    await pushed.coordinator.async_refresh()
    refused = pushed.coordinator.listener.task
    pushed.fake.key = key
    await pushed.coordinator.async_refresh()
    await until(lambda: pushed.coordinator.is_pushed)
    assert not refused.done()
    may_close.set()
    await until(refused.done)
    await pushed.idle()
    assert pushed.coordinator.is_pushed


async def test_command_is_refused(pushed: Pushed) -> None:
    """Test that a command with a revoked key ends as a poll does, though the socket talks."""
    pushed.fake.key = "ANOTHER_KEY"
    with pytest.raises(
        HomeAssistantError, match="not accept the API key of Prusa any more"
    ):
        await pushed.hass.services.async_call(
            "button",
            "press",
            {"entity_id": "button.prusa_home_all_axes"},
            blocking=True,
        )
    await until(lambda: pushed.state_of("sensor.state") == "unavailable")
    await until(lambda: reauth_flows(pushed.hass) == 1)
    await pushed.fake.push.wait_closed()


async def test_server_away_before_the_socket_is_up(
    pushed: Pushed, caplog: pytest.LogCaptureFixture
) -> None:
    """Test that a server that goes away while it is polled is not taken for a deaf proxy."""
    pushed.fake.push.enabled = False
    await pushed.lose()
    await pushed.fake.stop()
    await attempt(pushed, 1)
    await until(lambda: pushed.state_of("sensor.state") == "unavailable")
    await attempt(pushed, DEAF_AFTER)
    assert lines(caplog) == ["ERROR"]
    await pushed.fake.start()


async def test_user_is_switched_off(pushed: Pushed) -> None:
    pushed.fake.user("inactive")
    await pushed.lose()
    await until(lambda: reauth_flows(pushed.hass) == 1)
    await until(pushed.coordinator.listener.task.done)


async def test_key_is_refused_from_the_start(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """Test a key that is revoked between the first poll and the log-in of the socket."""
    fake.push.enabled = True
    fake.push.silent.add("connected")
    pushed = await Pushed(hass, fake, config_entry).load()
    await until(lambda: fake.push.opened == 1)
    fake.key = "ANOTHER_KEY"
    await fake.push.send_anyway({"connected": {}})
    await until(lambda: reauth_flows(hass) == 1)
    await fake.push.wait_closed()
    await pushed.unload()


async def test_discovery_ends_the_pause(pushed: Pushed) -> None:
    """Test that a printer that announces itself again is listened to at once."""
    await pushed.lose()
    address = URL(pushed.fake.url)
    host = ip_address(address.host or "")
    announcement = ZeroconfServiceInfo(
        hostname="octopi.local.",
        ip_address=host,
        ip_addresses=[host],
        name='OctoPrint instance "Prusa"._octoprint._tcp.local.',
        port=address.port,
        properties={"path": "/", "uuid": UUID, "version": "1.11.8"},
        type="_octoprint._tcp.local.",
    )
    result = await pushed.hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_ZEROCONF}, data=announcement
    )
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    await pushed.up()
    assert pushed.fake.push.opened == 2


@pytest.mark.parametrize("hours", [-30_000, -2, 2, 30_000])
async def test_clock_jumps(
    pushed: Pushed, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    """Test that a clock that is set, as after a start without a network, changes nothing."""
    fake = pushed.fake
    fake.load("printing_local")
    await pushed.state("PRINTING", "Printing")
    await pushed.current()
    now = dt_util.utcnow
    jump = timedelta(hours=hours)
    monkeypatch.setattr(f"{MESSAGES}.CURRENT_MAX_AGE", 60)
    monkeypatch.setattr(dt_util, "utcnow", lambda: now() + jump)
    await pushed.current()
    assert pushed.state_of("sensor.state") == "printing"
    assert pushed.coordinator.is_pushed
    assert pushed.gets() == []
    # A `current` that is older than the event is still known as that.
    await pushed.state("PAUSED", "Paused")
    await pushed.current()
    assert pushed.state_of("sensor.state") == "paused"
    # A poll that fails beside it is still known as astray.
    fake.answer("GET", "/api/job", status=502)
    await pushed.coordinator.async_refresh()
    assert pushed.coordinator.last_update_success
    fake.restore("GET", "/api/job")
    # And the end is told with the new time.
    fake.load("after_cancel")
    path = pushed.coordinator.data.job.file.path
    await pushed.event("PrintCancelled", path=path, time=3.0)
    await pushed.state("OPERATIONAL", "Operational")
    assert pushed.state_of("sensor.last_print_result") == "cancelled"
    ended_at = pushed.coordinator.data.memory.last_print.ended_at
    assert abs(ended_at - dt_util.utcnow()) < timedelta(minutes=1)
    await pushed.lose()
    await come_back(pushed)
    assert pushed.coordinator.update_interval == POLL_PUSHED
