"""Tests that nothing unexpected ends what is pushed: it is logged once, and the socket opened again."""

from collections.abc import Callable
from functools import partial
import logging
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.octoprint_plus.api.socket.events import Subject
from custom_components.octoprint_plus.api.socket.messages import MessageReader
from custom_components.octoprint_plus.api.socket.push import PushLost, PushStarted
from custom_components.octoprint_plus.sync import plugins as states
from custom_components.octoprint_plus.sync.events import OctoPrintEvents
from custom_components.octoprint_plus.sync.listener import DOUBLED
from custom_components.octoprint_plus.sync.plugin_reader import PluginReader
from custom_components.octoprint_plus.sync.poller import OctoPrintPoller
from custom_components.octoprint_plus.sync.publisher import Publisher
from homeassistant.core import HomeAssistant
from homeassistant.util.dt import utcnow

from ..fake_octoprint import FakeOctoPrint
from ..pushed import Pushed
from ..waiting import until

COORDINATOR = "custom_components.octoprint_plus.coordinator"
LISTENER = "custom_components.octoprint_plus.sync.listener"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, quick: None) -> None:
    """Let there be no pauses."""
    monkeypatch.setattr(f"{LISTENER}.reconnect_pause", lambda _: 0.001)
    monkeypatch.setattr(
        "custom_components.octoprint_plus.api.socket.push.reconnect_pause",
        lambda _: 0.001,
    )


def fail(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, times: int = 1
) -> Callable[[], int]:
    """Let a function fail, and return what tells how often it did."""
    real = getattr(owner, name)
    failed = 0

    def failing(*args: Any, **kwargs: Any) -> Any:
        nonlocal failed
        if failed < times:
            failed += 1
            raise KeyError("of nobody's expectation")
        return real(*args, **kwargs)

    monkeypatch.setattr(owner, name, failing)
    return lambda: failed


def tracebacks(caplog: pytest.LogCaptureFixture) -> int:
    """Return how many tracebacks were logged."""
    return sum(
        record.exc_info is not None and record.levelno >= logging.ERROR
        for record in caplog.records
    )


async def shows_what_is_pushed(pushed: Pushed) -> None:
    """Wait until all is as ever: the socket is up, and a state that it tells is shown."""
    await until(lambda: pushed.coordinator.is_pushed and pushed.fake.push.sockets == 1)
    await pushed.idle()
    assert pushed.coordinator.last_update_success
    pushed.fake.load("paused")
    await pushed.state("PAUSED", "Paused")
    await pushed.current()
    assert pushed.state_of("sensor.state") == "paused"


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (MessageReader, "read"),
        ("coordinator.advance_pushed", None),
        (Publisher, "show"),
        (PluginReader, "async_follow"),
        (OctoPrintEvents, "async_note"),
        (OctoPrintEvents, "async_tell"),
    ],
)
async def test_station(
    pushed: Pushed,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    owner: Any,
    name: str | None,
) -> None:
    """Test a mistake in each thing that a message passes through."""
    if name is None:
        from custom_components.octoprint_plus import coordinator as owner  # noqa: PLC0415

        name = "advance_pushed"
    failed = fail(monkeypatch, owner, name)
    opened = pushed.fake.push.opened
    pushed.fake.load("printing_local")
    await pushed.fake.push.event(
        "PrinterStateChanged", {"state_id": "PRINTING", "state_string": "Printing"}
    )
    await until(failed)
    await until(lambda: pushed.fake.push.opened > opened)
    await shows_what_is_pushed(pushed)
    assert tracebacks(caplog) == 1
    assert caplog.text.count('KeyError: "of nobody\'s expectation"') == 1
    assert "Prusa: unexpected error while" in caplog.text


@pytest.mark.parametrize("kind", [PushStarted, PushLost])
async def test_around_the_socket(
    pushed: Pushed,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    kind: type,
) -> None:
    """Test a mistake in taking that the socket is up, or lost."""
    receive = pushed.coordinator.listener.async_receive
    failed = False

    def failing(message: Any) -> None:
        nonlocal failed
        if isinstance(message, kind) and not failed:
            failed = True
            raise KeyError("of nobody's expectation")
        receive(message)

    monkeypatch.setattr(pushed.coordinator.listener, "async_receive", failing)
    await pushed.fake.push.drop()
    await until(lambda: failed)
    await shows_what_is_pushed(pushed)
    assert tracebacks(caplog) == 1


async def test_the_same_again(
    pushed: Pushed,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that one that comes each time is told once, and met ever more rarely."""
    asked: list[int] = []
    rests: list[float] = []
    push = pushed.coordinator.listener.push
    rest = push.rest

    def pause(count: int) -> float:
        asked.append(count)
        return 0.0001

    async def note(seconds: float) -> None:
        rests.append(seconds)
        await rest(seconds)

    monkeypatch.setattr(f"{LISTENER}.reconnect_pause", pause)
    monkeypatch.setattr(push, "rest", note)
    times = DOUBLED + 3
    failed = fail(monkeypatch, MessageReader, "read", times)
    await pushed.fake.push.current()
    await until(lambda: failed() == times and len(rests) >= times)
    assert asked == list(range(times))
    assert [round(each / 0.0001) for each in rests[:times]] == [
        2 ** min(count, DOUBLED) for count in range(times)
    ]
    await shows_what_is_pushed(pushed)
    assert tracebacks(caplog) == 1


async def test_listener_of_events(
    pushed: Pushed, caplog: pytest.LogCaptureFixture
) -> None:
    """Test that an event that cannot be told loses neither the socket nor the next one."""
    told: list[str] = []

    def listener(occurrence: Any) -> None:
        told.append(occurrence.type)
        raise KeyError(occurrence.type)

    for subject in Subject:
        pushed.coordinator.events.async_listen(subject, listener)
    await pushed.event("Waiting")
    await pushed.event("MovieRendering", gcode="a", movie_basename="b")
    assert told == ["waiting", "rendering"]
    assert pushed.of(PushLost) == []
    assert tracebacks(caplog) == 2


async def test_entity(pushed: Pushed, caplog: pytest.LogCaptureFixture) -> None:
    """Test that an entity that fails with each message is told once, and all others go on."""

    def failing() -> None:
        raise KeyError("ours")

    stop = pushed.coordinator.async_add_listener(failing)
    for state in ("PRINTING", "PAUSED", "PRINTING"):
        await pushed.state(state)
    stop()
    assert pushed.of(PushLost) == []
    assert tracebacks(caplog) == 1
    await shows_what_is_pushed(pushed)


async def test_poll(
    pushed: Pushed, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Test that a mistake in a poll takes nothing down while the server talks."""
    await pushed.current()
    fail(monkeypatch, OctoPrintPoller, "async_read", 3)
    for _ in range(3):
        await pushed.coordinator.async_refresh()
        assert pushed.coordinator.last_update_success
    await pushed.coordinator.async_refresh()
    assert tracebacks(caplog) == 1
    await shows_what_is_pushed(pushed)


async def test_poll_alone(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that polls that fail are told once, and go on until one succeeds."""
    coordinator = init_integration.runtime_data
    failed = fail(monkeypatch, OctoPrintPoller, "async_read", 3)
    await coordinator.async_refresh()

    def is_over(times: int) -> bool:
        has_polled = failed() > times or coordinator.last_update_success
        return has_polled and not coordinator.is_polling

    for times in (1, 2, 3):
        assert failed() == times
        assert not coordinator.last_update_success
        async_fire_time_changed(hass, utcnow() + coordinator.update_interval)
        await until(partial(is_over, times))
    assert coordinator.last_update_success
    assert tracebacks(caplog) == 1


async def test_plugin(
    pushed: Pushed, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Test that a plugin that cannot be read keeps none from being read."""
    reader = pushed.coordinator.plugin_reader
    read: list[str] = []

    async def odd(client: object, before: object) -> Any:
        raise KeyError("odd")

    async def good(client: object, before: object) -> Any:
        read.append("good")
        return before

    monkeypatch.setattr(
        "custom_components.octoprint_plus.sync.plugin_reader.READERS",
        {"odd": odd, "good": good},
    )
    monkeypatch.setattr(
        "custom_components.octoprint_plus.sync.plugin_reader.installed_plugins",
        lambda _: frozenset({"odd", "good"}),
    )
    assert states.READERS
    for _ in range(2):
        reader.expire()
        reader.async_read()
        await reader.async_wait_idle()
    assert read == ["good", "good"]
    assert tracebacks(caplog) == 1
