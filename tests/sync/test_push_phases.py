"""Tests for unloading, reloading, removing and stopping in each phase of a socket."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
import logging
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.octoprint_plus.api.socket.push import PushLost, PushStarted
from custom_components.octoprint_plus.const import DOMAIN
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_API_KEY, CONF_URL, CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.util.async_ import get_scheduled_timer_handles

from ..fake_octoprint import FakeOctoPrint
from ..insides import busy_connections
from ..pushed import Pushed, pushing
from ..recorded import Answer
from ..waiting import until


@pytest.fixture
async def printer(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> AsyncGenerator[Pushed]:
    """Return a printer that is not set up yet, the server of which has a socket."""
    fake.push.enabled = True
    pushed = Pushed(hass, fake, config_entry)
    yield pushed
    if not hass.is_stopping:
        await pushed.unload()


async def connecting(pushed: Pushed) -> None:
    await in_the_pause(pushed)
    pushed.fake.push.refusal = None
    pushed.fake.delay = 60
    attempts = len(pushed.fake.push.handshakes)
    pushed.coordinator.async_server_seen()
    await until(lambda: len(pushed.fake.push.handshakes) > attempts)


async def waiting_for_hello(pushed: Pushed) -> None:
    pushed.fake.push.silent.add("connected")
    await pushed.load()
    await until(lambda: pushed.fake.push.opened == 1)


async def logging_in(pushed: Pushed) -> None:
    await waiting_for_hello(pushed)
    pushed.fake.clear()
    pushed.fake.delay = 60
    await pushed.fake.push.send_anyway({"connected": {}})
    await until(lambda: [each.path for each in pushed.fake.requests] == ["/api/login"])


async def waiting_for_history(pushed: Pushed) -> None:
    pushed.fake.push.silent.add("history")
    await pushed.load()
    await until(lambda: pushed.fake.push.sockets == 1)


async def up(pushed: Pushed) -> None:
    await pushed.load()
    await pushed.up()


async def just_up(pushed: Pushed) -> None:
    """The poll that follows a socket is on its way."""
    await waiting_for_hello(pushed)
    hold = asyncio.Event()
    get = pushed.coordinator.client.job.get

    async def held() -> Any:
        await hold.wait()
        return await get()

    pushed.coordinator.client.job.get = held  # type: ignore[method-assign]
    await pushed.fake.push.send_anyway({"connected": {}})
    await until(lambda: pushed.of(PushStarted))
    await until(lambda: pushed.coordinator.is_polling)


async def polling(pushed: Pushed) -> None:
    """The slow poll is on its way, and gets no answer."""
    await up(pushed)
    pushed.fake.delay = 60
    pushed.coordinator.listener.async_poll_now()
    await until(lambda: pushed.gets() == ["/api/job"])


async def about_to_poll(pushed: Pushed) -> None:
    """An event asks for a poll, which waits for more of its kind."""
    await up(pushed)
    await pushed.event("SettingsUpdated")


async def polling_for_an_event(pushed: Pushed) -> None:
    """The poll that an event asked for is on its way, and gets no answer."""
    await up(pushed)
    pushed.fake.delay = 60
    with patch.object(pushed.coordinator.poll_soon, "cooldown", 0):
        await pushed.event("SettingsUpdated")
    await until(lambda: pushed.gets() == ["/api/job"])


async def half_open(pushed: Pushed) -> None:
    await up(pushed)
    pushed.fake.push.freeze()


async def printing(pushed: Pushed) -> None:
    """What is to be kept is about to be written out."""
    await up(pushed)
    pushed.fake.load("printing_local")
    await pushed.state("PRINTING", "Printing")
    await pushed.current()


async def just_lost(pushed: Pushed) -> None:
    """The poll that follows the loss is on its way."""
    await up(pushed)
    pushed.fake.delay = 60
    await pushed.fake.push.drop()
    await until(lambda: pushed.of(PushLost))


async def in_the_pause(pushed: Pushed) -> None:
    await up(pushed)
    pushed.fake.push.refusal = Answer(502)
    await pushed.fake.push.drop()
    await until(lambda: pushed.of(PushLost))
    await pushed.idle()


PHASES = (
    connecting,
    waiting_for_hello,
    logging_in,
    waiting_for_history,
    just_up,
    up,
    polling,
    about_to_poll,
    polling_for_an_event,
    half_open,
    printing,
    just_lost,
    in_the_pause,
)


def remains(pushed: Pushed) -> list[str]:
    """Return the tasks and timers of the printer that are still there."""
    loop = asyncio.get_running_loop()
    tasks = [
        repr(task)
        for task in asyncio.all_tasks()
        if "octoprint_plus" in repr(task) and task is not asyncio.current_task()
    ]
    timers = [
        repr(handle)
        for handle in get_scheduled_timer_handles(loop)
        if not handle.cancelled()
    ]
    mine = ("ClientWebSocketResponse", "DataUpdateCoordinator", "Debouncer", "Prusa")
    return [
        *(task for task in tasks if "tests/" not in task),
        *(timer for timer in timers if any(name in timer for name in mine)),
    ]


async def assert_clean(pushed: Pushed, caplog: pytest.LogCaptureFixture) -> None:
    """See that no task, timer, socket or log line is left."""
    session = async_get_clientsession(pushed.hass)
    await until(lambda: not busy_connections(session))
    await until(lambda: not remains(pushed))
    pushed.fake.push.thaw()
    await pushed.fake.push.wait_closed()
    assert [record.getMessage() for record in caplog.records if is_told(record)] == []


def is_told(record: logging.LogRecord) -> bool:
    """Return whether a record is for users: any of ours, and whatever went wrong."""
    if record.name == "asyncio":
        # It warns of steps that take long.
        return record.levelno >= logging.ERROR
    least = logging.INFO if "octoprint_plus" in record.name else logging.WARNING
    return record.levelno >= least


@pytest.mark.parametrize("phase", PHASES)
async def test_unload(
    printer: Pushed,
    caplog: pytest.LogCaptureFixture,
    phase: Callable[[Pushed], Awaitable[None]],
) -> None:
    await phase(printer)
    caplog.clear()
    await printer.hass.config_entries.async_unload(printer.entry.entry_id)
    assert printer.entry.state is ConfigEntryState.NOT_LOADED
    await assert_clean(printer, caplog)


@pytest.mark.parametrize("phase", PHASES)
async def test_remove(
    printer: Pushed,
    caplog: pytest.LogCaptureFixture,
    phase: Callable[[Pushed], Awaitable[None]],
) -> None:
    await phase(printer)
    caplog.clear()
    await printer.hass.config_entries.async_remove(printer.entry.entry_id)
    await assert_clean(printer, caplog)


@pytest.mark.parametrize("phase", PHASES)
async def test_reload(
    printer: Pushed,
    caplog: pytest.LogCaptureFixture,
    phase: Callable[[Pushed], Awaitable[None]],
) -> None:
    """Test that the next life begins as the first one, with one socket."""
    await phase(printer)
    printer.fake.delay = 0
    printer.fake.push.silent.clear()
    printer.fake.push.refusal = None
    old = printer.coordinator
    caplog.clear()
    await printer.hass.config_entries.async_reload(printer.entry.entry_id)
    assert printer.entry.state is ConfigEntryState.LOADED
    assert printer.coordinator is not old
    assert not old.is_pushed
    printer.listen()
    await printer.up()
    assert old.listener.task.done()
    assert not old.is_polling
    await printer.unload()
    await assert_clean(printer, caplog)


@pytest.mark.parametrize("phase", PHASES)
async def test_stop(
    printer: Pushed,
    caplog: pytest.LogCaptureFixture,
    phase: Callable[[Pushed], Awaitable[None]],
) -> None:
    """Test that Home Assistant has to wait for nothing when it stops, and stops without a word."""
    await phase(printer)
    caplog.clear()
    await printer.hass.async_stop()
    assert "Timed out waiting" not in caplog.text
    await assert_clean(printer, caplog)


async def test_stop_forgets_nothing(
    printer: Pushed, hass_storage: dict[str, Any]
) -> None:
    """Test that a print that just began is kept over the stop."""
    await printing(printer)
    await printer.hass.async_stop()
    kept = hass_storage[f"{DOMAIN}.{printer.entry.entry_id}"]["data"]
    assert kept["running"]["file"]["name"] == "test_main.gcode"


def entry_of(fake: FakeOctoPrint, title: str) -> MockConfigEntry:
    """Return a config entry for a server, not yet added."""
    return MockConfigEntry(
        domain=DOMAIN,
        title=title,
        unique_id=title,
        data={
            CONF_API_KEY: fake.key,
            CONF_URL: fake.url,
            CONF_VERIFY_SSL: True,
        },
    )


async def test_two_servers(hass: HomeAssistant, fake: FakeOctoPrint) -> None:
    """Test that two servers, be it with one key, know nothing of each other."""
    async with (
        FakeOctoPrint() as other,
        pushing(hass, fake, entry_of(fake, "Prusa")) as one,
        pushing(hass, other, entry_of(other, "Other")) as two,
    ):
        assert other.key == fake.key
        # Their sessions are by chance of the same name, which is worth nothing elsewhere.
        assert fake.push.sessions == other.push.sessions
        assert one.coordinator.listener.push is not two.coordinator.listener.push
        other.load("printing_local")
        await two.state("PRINTING", "Printing")
        await two.current()
        assert hass.states.get("sensor.other_state").state == "printing"
        assert hass.states.get("sensor.prusa_state").state == "operational"
        await other.push.reauth("modified")
        await until(lambda: two.gets()[-1:] == ["/api/printer/error"])
        assert one.gets() == []
        await other.stop()
        await until(lambda: not two.coordinator.last_update_success)
        assert one.coordinator.is_pushed
        assert hass.states.get("sensor.prusa_state").state == "operational"
        await two.unload()
        await one.heard()
        assert one.coordinator.is_pushed


async def test_two_entries_on_one_server(
    hass: HomeAssistant, fake: FakeOctoPrint
) -> None:
    """Test that two entries on a server have a session and a socket each."""
    fake.push.enabled = True
    one = Pushed(hass, fake, entry_of(fake, "Prusa"))
    two = Pushed(hass, fake, entry_of(fake, "Other"))
    try:
        await one.load()
        await until(lambda: fake.push.sockets == 1)
        await two.load()
        await until(lambda: fake.push.sockets == 2)
        await until(lambda: one.coordinator.is_pushed and two.coordinator.is_pushed)
        logins = [
            received.message["auth"]
            for received in fake.push.received
            if "auth" in received.message
        ]
        assert len(set(logins)) == len(logins) == 2
        fake.load("printing_local")
        await fake.push.event("PrinterStateChanged", {"state_id": "PRINTING"})
        await one.heard()
        await two.heard()
        for name in ("prusa", "other"):
            assert hass.states.get(f"sensor.{name}_state").state == "printing"
        await one.unload()
        await fake.push.wait_for_sockets(1)
        await two.heard()
        assert two.coordinator.is_pushed
    finally:
        await one.unload()
        await two.unload()
