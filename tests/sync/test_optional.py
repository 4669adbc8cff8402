"""Tests of what a printer can be shown without: no fault of it keeps anything else away."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from datetime import timedelta
import json
from typing import Any

import aiohttp
from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.octoprint_plus.api import bodies
from custom_components.octoprint_plus.coordinator import POLL_PUSHED
from custom_components.octoprint_plus.sync.optional_reader import (
    FIRST_RETRY,
    LONGEST_RETRY,
)
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

from ..fake_octoprint import FakeOctoPrint
from ..pushed import Pushed, pushing
from ..waiting import PATIENCE, refresh, until

OPTIONAL = [
    "/api/settings",
    "/api/printerprofiles",
    "/api/system/commands",
    "/api/system/usage",
    "/api/timelapse",
    "/api/printer/command/custom",
    "/api/printer/error",
]

JSON = {"Content-Type": "application/json"}

FAULTS: dict[str, dict[str, Any]] = {
    "hangs": {},
    "500": {"status": 500, "json": {"error": "A plugin broke"}},
    "502": {"status": 502, "body": "<html>Bad gateway</html>"},
    "503": {"status": 503, "body": "<html>Unavailable</html>"},
    "504": {"status": 504},
    "429": {"status": 429, "json": {}},
    "404": {"status": 404, "json": {}},
    "409": {"status": 409, "json": {}},
    "403": {"status": 403, "json": {}},
    "302": {"status": 302, "headers": {"Location": "/login"}},
    "page": {"body": "<html>Log in</html>"},
    "no_json": {"body": "{", "headers": JSON},
    "null": {"json": None},
    "list": {"json": [1, [], {}]},
    "text": {"json": "odd"},
    "nothing": {"status": 204},
    "odd": {"json": {"config": [], "profiles": 1, "core": {}, "files": "x"}},
    "too_large": {
        "body": json.dumps({"x": "y" * 40_000}).encode(),
        "headers": JSON,
    },
}


@pytest.fixture(autouse=True)
def slow(monkeypatch: pytest.MonkeyPatch, quick: None) -> None:
    """Let what hangs hang until it is let go, and little be too large."""
    monkeypatch.setattr(
        "custom_components.octoprint_plus.api.transport.REQUEST_TIMEOUT",
        aiohttp.ClientTimeout(total=10**6),
    )
    little = replace(bodies.ORDINARY, size=35_000)
    monkeypatch.setattr(bodies.Limit, "allows", little.allows)


def break_(fake: FakeOctoPrint, path: str, fault: str) -> None:
    """Let a path fail."""
    if fault == "hangs":
        fake.held.add(path)
    else:
        fake.answer("GET", path, **FAULTS[fault])


def mend(fake: FakeOctoPrint, path: str, fault: str) -> None:
    """Let it answer as ever."""
    if fault == "hangs":
        fake.held.discard(path)
    else:
        fake.restore("GET", path)


@pytest.fixture
async def set_up(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> AsyncGenerator[Callable[[], Any]]:
    """Return what sets the printer up."""

    async def do() -> None:
        config_entry.add_to_hass(hass)
        async with asyncio.timeout(PATIENCE):
            assert await hass.config_entries.async_setup(config_entry.entry_id)
            await hass.async_block_till_done()

    yield do
    fake.held.clear()
    if config_entry.state is ConfigEntryState.LOADED:
        await hass.config_entries.async_unload(config_entry.entry_id)


@pytest.mark.parametrize(
    ("fault", "path"),
    [
        (fault, path)
        for fault in FAULTS
        for path in OPTIONAL
        if fault == "502" or path in ("/api/settings", "/api/printer/error")
    ]
    + [
        pytest.param("hangs", path, marks=pytest.mark.slow)
        for path in OPTIONAL
        if path not in ("/api/settings", "/api/printer/error")
    ],
)
async def test_set_up(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    config_entry: MockConfigEntry,
    set_up: Callable[[], Any],
    fault: str,
    path: str,
) -> None:
    """Test that the printer loads with a fault in one of them, and has all once that is over."""
    fake.load("printing_local")
    break_(fake, path, fault)
    await set_up()
    assert config_entry.state is ConfigEntryState.LOADED
    assert hass.states.get("sensor.prusa_state").state == "printing"
    assert hass.states.get("sensor.prusa_file").state == "test_main.gcode"

    mend(fake, path, fault)
    coordinator = config_entry.runtime_data
    coordinator.async_expire()
    await refresh(hass, config_entry)
    await until(
        lambda: (
            coordinator.data.server.settings
            and coordinator.data.server.profiles
            and coordinator.data.server.commands
            and coordinator.data.server.timelapse
            and coordinator.data.server.free_space
        )
    )


async def test_set_up_while_all_hangs(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    config_entry: MockConfigEntry,
    set_up: Callable[[], Any],
) -> None:
    """Test that the printer loads while none of them answers, and the entities come when they do."""
    fake.load("printing_local")
    fake.held.update(OPTIONAL)
    await set_up()
    assert hass.states.get("sensor.prusa_state").state == "printing"
    assert hass.states.get("select.prusa_timelapse") is None
    assert fake.held
    # All of them were asked for at once.
    await until(lambda: {each.path for each in fake.requests} >= set(OPTIONAL))
    fake.held.clear()
    await until(lambda: hass.states.get("select.prusa_timelapse"))
    coordinator = config_entry.runtime_data
    await until(lambda: coordinator.data.server.controls is not None)
    await until(lambda: coordinator.data.server.profiles)
    assert coordinator.last_update_success


@pytest.mark.slow
async def test_what_fails_is_tried_ever_more_rarely(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    config_entry: MockConfigEntry,
    set_up: Callable[[], Any],
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Test that what always fails is read again soon, then rarely, and logged once."""
    path = "/api/timelapse"
    break_(fake, path, "502")
    await set_up()
    coordinator = config_entry.runtime_data
    reads: list[int] = []
    for second in range(0, 4 * 3600, 30):
        fake.clear()
        freezer.tick(30)
        await coordinator.async_refresh()
        if any(each.path == path for each in fake.requests):
            reads.append(second + 30)
    pauses = [after - before for before, after in zip([0, *reads], reads, strict=False)]
    assert pauses[0] == FIRST_RETRY
    assert pauses == sorted(pauses)
    assert pauses[-1] >= LONGEST_RETRY
    assert caplog.text.count("HTTP 502") == 1


async def test_no_pace_of_a_failure(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that a pushed printer is polled for what failed, and calmly once that is over."""
    path = "/api/timelapse"
    break_(fake, path, "503")
    pushed = Pushed(hass, fake, config_entry)
    fake.push.enabled = True
    await pushed.load()
    await until(lambda: pushed.coordinator.is_pushed)
    await pushed.idle()
    interval = pushed.coordinator.update_interval
    assert interval is not None
    assert interval <= timedelta(seconds=FIRST_RETRY)
    mend(fake, path, "503")
    freezer.tick(timedelta(seconds=FIRST_RETRY + 1))
    await pushed.coordinator.async_refresh()
    assert pushed.coordinator.data.server.timelapse
    assert pushed.coordinator.update_interval == POLL_PUSHED
    # Nothing else was read for it.
    await pushed.unload()


@pytest.mark.parametrize("path", ["/api/currentuser", "/api/server"])
@pytest.mark.parametrize("fault", ["502", "429", "page", "null", "list"])
async def test_who_answers_is_known_already(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    fault: str,
    path: str,
) -> None:
    """Test that a bad answer of what is known already takes nothing down."""
    break_(fake, path, fault)
    for _ in range(3):
        freezer.tick(timedelta(minutes=6))
        await refresh(hass, init_integration)
        assert hass.states.get("sensor.prusa_state").state == "operational"
    mend(fake, path, fault)
    fake.user("limited")
    freezer.tick(timedelta(minutes=6))
    await refresh(hass, init_integration)
    assert not init_integration.runtime_data.may("ADMIN")


@pytest.mark.parametrize("fault", FAULTS)
async def test_while_pushed(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry, fault: str
) -> None:
    """Test that a fault in any of them shows in no state while all is read again."""
    async with pushing(hass, fake, config_entry) as pushed:
        before = pushed.coordinator.data.server
        for path in OPTIONAL:
            break_(fake, path, fault)
        await fake.push.event("SettingsUpdated", {})
        await pushed.heard()
        await until(lambda: "/api/settings" in pushed.gets())
        await pushed.state("PRINTING", "Printing")
        assert pushed.state_of("sensor.state") == "printing"
        await pushed.idle()
        assert pushed.coordinator.last_update_success
        if fault not in ("null", "list", "text", "nothing", "odd"):
            assert pushed.coordinator.data.server.settings == before.settings
        for path in OPTIONAL:
            mend(fake, path, fault)
