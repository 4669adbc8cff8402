"""Tests for the OctoPrint event entities."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    snapshot_platform,
)
from syrupy.assertion import SnapshotAssertion

from custom_components.octoprint_plus.api.job import PrintResult
from custom_components.octoprint_plus.const import DOMAIN
from custom_components.octoprint_plus.model.prints import LastPrint
from custom_components.octoprint_plus.model.snapshot import Snapshot
from custom_components.octoprint_plus.sync.poller import OctoPrintPoller
from custom_components.octoprint_plus.sync.print_end import ATTEMPTS as SETTLE_ATTEMPTS
from homeassistant.const import (
    EVENT_HOMEASSISTANT_STARTED,
    EVENT_STATE_CHANGED,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    Platform,
)
from homeassistant.core import (
    CoreState,
    Event,
    EventStateChangedData,
    HomeAssistant,
    callback,
)
from homeassistant.helpers import entity_registry as er

from .fake_octoprint import FakeOctoPrint
from .pushed import Pushed, play
from .waiting import refresh, until

ENTITIES = ("event.prusa_print", "event.prusa_printer", "event.prusa_timelapse")

NO_TIME = {STATE_UNAVAILABLE, STATE_UNKNOWN}


pytestmark = pytest.mark.usefixtures("quick")


class Fired:
    """What automations on the event entities see."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.events: list[tuple[str, dict[str, Any]]] = []

    @property
    def types(self) -> list[str]:
        """Return what happened, in its order."""
        return [type_ for type_, _ in self.events]

    @callback
    def note(self, event: Event[EventStateChangedData]) -> None:
        """Take down an event as a trigger does: another time than before, and no return."""
        old, new = event.data["old_state"], event.data["new_state"]
        if event.data["entity_id"] not in ENTITIES or old is None or new is None:
            return
        if old.state == STATE_UNAVAILABLE or new.state in {old.state, *NO_TIME}:
            return
        data = {
            key: value
            for key, value in new.attributes.items()
            if key not in {"event_type", "event_types", "friendly_name"}
        }
        self.events.append((new.attributes["event_type"], data))


@contextmanager
def firing(hass: HomeAssistant) -> Iterator[Fired]:
    """Take down what the event entities fire."""
    fired = Fired()
    stop = hass.bus.async_listen(EVENT_STATE_CHANGED, fired.note)
    try:
        yield fired
    finally:
        stop()


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Set the printer up."""
    if entry.entry_id not in {
        each.entry_id for each in hass.config_entries.async_entries()
    }:
        entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


async def unload(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Take the printer down."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()


async def test_events(
    hass: HomeAssistant,
    config_entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
) -> None:
    """Test all event entities of a printer, to which nothing happened yet."""
    with patch("custom_components.octoprint_plus.PLATFORMS", [Platform.EVENT]):
        await set_up(hass, config_entry)
        await snapshot_platform(hass, entity_registry, snapshot, config_entry.entry_id)
        await unload(hass, config_entry)


# While it is pushed.

FATAL = (
    "Thermal Runaway, system stopped! Heater_ID: bed - Printer halted. kill() called!"
)

RECORDINGS = {
    # The second pause ends with a restart of the print.
    "lifecycle_local_pause_resume_cancel": [
        *("started", "paused", "resumed", "paused", "cancelled"),
        *("started", "cancelled"),
    ],
    "lifecycle_local_pause_resume_done": ["started", "finished"],
    "lifecycle_nonfatal_firmware_error_disconnectOnErrors_false": [
        *("started", "failed"),
    ],
    "lifecycle_sd_upload_print_pause_cancel": [
        *("started", "paused", "resumed", "finished"),
        *("started", "finished"),
    ],
    "lifecycle_timelapse": [
        *("started", "finished"),
        *("started", "capture_failed", "failed", "cancelled"),
        *("started", "rendering", "finished", "failed"),
    ],
    "lifecycle_timelapse_success": [
        *("started", "rendering", "finished", "rendered"),
    ],
    "misc_gcode_events_idle": ["started", "cancelled", "waiting"],
    "multi_tool_print": ["started", "finished"],
}


@pytest.mark.parametrize(("name", "types"), RECORDINGS.items())
async def test_recording(
    pushed: Pushed, freezer: FrozenDateTimeFactory, name: str, types: list[str]
) -> None:
    """Test that a recording fires exactly what happened, in its order."""
    with firing(pushed.hass) as fired:
        await play(pushed, freezer, name)
        for _ in range(SETTLE_ATTEMPTS):
            await pushed.tick(freezer, 10)
        assert fired.types == types
        # Once told, it is told no more.
        pushed.fake.load("operational_idle_no_file")
        await unload(pushed.hass, pushed.entry)
        await pushed.load()
        await pushed.up()
        assert fired.types == types


async def test_recorded_errors(pushed: Pushed, freezer: FrozenDateTimeFactory) -> None:
    """Test that each error is fired once, and what a print failed for with its end."""
    with firing(pushed.hass) as fired:
        await play(pushed, freezer, "lifecycle_errors")
        await pushed.tick(freezer, 10)
    assert fired.types.count("started") == 4
    assert fired.types.count("connected") == 6
    assert fired.types.count("disconnected") == 7
    errors = [data["error"] for type_, data in fired.events if type_ == "error"]
    reasons = [data["reason"] for type_, data in fired.events if type_ == "failed"]
    assert len(errors) == 6
    assert errors[0] == reasons[0] == FATAL
    assert errors[2] == reasons[1] == "SerialTimeoutException"
    assert errors[5] == reasons[2]
    assert len(reasons) == 3


async def test_reason_that_comes_late(
    pushed: Pushed, freezer: FrozenDateTimeFactory
) -> None:
    """Test that a print which an error cancels is told once it is known which."""
    await begin(pushed)
    pushed.fake.load("after_nonfatal_firmware_error_cancelled_job")
    with firing(pushed.hass) as fired:
        await pushed.event("PrintCancelling", firmwareError="Something odd happened")
        await pushed.state("CANCELLING", "Cancelling")
        await pushed.state("OPERATIONAL", "Operational")
        for _ in range(SETTLE_ATTEMPTS):
            await pushed.tick(freezer, 3)
    assert fired.types == ["error", "failed"]
    assert fired.events[-1][1]["reason"] == "Something odd happened"


def printed(pushed: Pushed) -> dict[str, Any]:
    """Return the file that is printed."""
    file: dict[str, Any] = pushed.fake.json("GET", "/api/job")["job"]["file"]
    return {key: file[key] for key in ("name", "path", "origin", "size")}


async def begin(pushed: Pushed) -> dict[str, Any]:
    """Push that a print begins, and return its file."""
    pushed.fake.load("printing_local")
    file = printed(pushed)
    await pushed.state("STARTING", "Starting")
    await pushed.event("PrintStarted", **file)
    await pushed.state("PRINTING", "Printing")
    return file


async def test_one_moment(pushed: Pushed, freezer: FrozenDateTimeFactory) -> None:
    """Test that what happens in the same millisecond is fired in its order."""
    with firing(pushed.hass) as fired:
        for kind in ("Waiting", "FilamentChange", "FilamentChange", "Waiting"):
            await pushed.fake.push.event(kind, {})
        await begin(pushed)
    assert fired.types == [
        *("waiting", "filament_change", "filament_change", "waiting", "started")
    ]


async def test_states_come_first(pushed: Pushed) -> None:
    """Test that an automation on an event sees the states that go with it."""
    seen = []

    @callback
    def look(event: Event[EventStateChangedData]) -> None:
        if event.data["entity_id"] == "event.prusa_print":
            seen.append(
                (
                    pushed.state_of("sensor.state"),
                    pushed.state_of("sensor.last_print_result"),
                )
            )

    stop = pushed.hass.bus.async_listen(EVENT_STATE_CHANGED, look)
    file = await begin(pushed)
    await pushed.state("CANCELLING", "Cancelling")
    await pushed.event("PrintCancelled", **file, time=3, reason="cancelled")
    await pushed.state("OPERATIONAL", "Operational")
    stop()
    assert seen == [("starting", "unknown"), ("operational", "cancelled")]


async def test_reconnect(pushed: Pushed) -> None:
    """Test that a socket that comes back tells what was missed, and only that."""
    pushed.fake.load("printing_local")
    with firing(pushed.hass) as fired:
        for expected in (["started"], [], ["paused"], []):
            await pushed.fake.push.drop()
            await until(lambda: not pushed.coordinator.is_pushed)
            pushed.coordinator.async_server_seen()
            await pushed.up()
            await pushed.current()
            await pushed.idle()
            assert fired.types == expected
            fired.events.clear()
            if expected == ["started"]:
                continue
            pushed.fake.load("paused")


async def test_server_away(hass: HomeAssistant, pushed: Pushed) -> None:
    """Test that a server that comes back fires nothing but what happened meanwhile."""
    await pushed.event("Waiting")
    await pushed.fake.stop()
    await pushed.coordinator.async_refresh()
    assert hass.states.get("event.prusa_print").state == STATE_UNAVAILABLE
    with firing(hass) as fired:
        await pushed.fake.start()
        await refresh(hass, pushed.entry)
        assert (
            hass.states.get("event.prusa_print").attributes["event_type"] == "waiting"
        )
        assert fired.types == []
        await pushed.fake.stop()
        await pushed.coordinator.async_refresh()
        pushed.fake.load("printing_local")
        await pushed.fake.start()
        await refresh(hass, pushed.entry)
        assert fired.types == ["started"]


# Restarts.


@pytest.mark.parametrize(
    "recorded",
    [
        "operational_idle_file_selected",
        "printing_local",
        "paused",
        "cancelling",
        "finishing",
        "disconnected",
        "error_fatal_while_idle",
        "after_m112",
        "after_nonfatal_firmware_error_cancelled_job",
        "after_print_done",
    ],
)
async def test_nothing_is_fired_again(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    config_entry: MockConfigEntry,
    recorded: str,
) -> None:
    """Test that a new printer and reloads fire nothing."""
    fake.load(recorded)
    with firing(hass) as fired:
        for _ in range(3):
            await set_up(hass, config_entry)
            await refresh(hass, config_entry)
            await unload(hass, config_entry)
    assert fired.types == []


@pytest.mark.parametrize(
    ("before", "after", "types"),
    [
        ("operational_idle_no_file", "printing_local", ["started"]),
        ("operational_idle_no_file", "paused", ["started", "paused"]),
        ("printing_local", "paused", ["paused"]),
        ("paused", "printing_local", ["resumed"]),
        ("printing_local", "operational_idle_no_file", ["cancelled"]),
        ("disconnected", "printing_local", ["connected", "started"]),
        (
            "printing_local",
            "error_fatal_while_printing",
            ["disconnected", "error", "failed"],
        ),
        (
            "operational_idle_no_file",
            "after_nonfatal_firmware_error_cancelled_job",
            ["error"],
        ),
    ],
)
async def test_while_away(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    config_entry: MockConfigEntry,
    before: str,
    after: str,
    types: list[str],
) -> None:
    """Test that what happened while Home Assistant was down is fired once."""
    fake.load(before)
    await set_up(hass, config_entry)
    await unload(hass, config_entry)
    fake.load(after)
    with firing(hass) as fired:
        await set_up(hass, config_entry)
        for _ in range(SETTLE_ATTEMPTS):
            await refresh(hass, config_entry)
        assert fired.types == types
        assert all(
            data.get("reason", 1) for type_, data in fired.events if type_ == "failed"
        )
        await hass.config_entries.async_reload(config_entry.entry_id)
        await hass.async_block_till_done()
        assert fired.types == types
        await unload(hass, config_entry)


async def test_before_home_assistant_started(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """Test that all waits for the automations, which listen from the start on."""
    await set_up(hass, config_entry)
    await unload(hass, config_entry)
    fake.load("printing_local")
    hass.set_state(CoreState.starting)
    with firing(hass) as fired:
        await set_up(hass, config_entry)
        fake.load("paused")
        await refresh(hass, config_entry)
        assert fired.types == []
        # It is not lost where Home Assistant does not come to its start.
        await unload(hass, config_entry)
        await set_up(hass, config_entry)
        assert fired.types == []
        hass.set_state(CoreState.running)
        hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
        await hass.async_block_till_done()
        assert fired.types == ["started", "paused"]
        await unload(hass, config_entry)


async def test_unload_before_it_is_settled(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test that an end that waits for the history of its file is not lost by a reload."""
    fake.load("printing_local")
    await refresh(hass, init_integration)
    fake.load("operational_idle_no_file")
    with firing(hass) as fired:
        await refresh(hass, init_integration)
        assert fired.types == []
        await hass.config_entries.async_reload(init_integration.entry_id)
        await hass.async_block_till_done()
        for _ in range(SETTLE_ATTEMPTS):
            await refresh(hass, init_integration)
        assert fired.types == ["cancelled"]


async def test_pushed_during_unload(pushed: Pushed) -> None:
    """Test that what is pushed while the entities go is fired when they are back."""
    pushed.fake.load("printing_local")
    unload_platforms = pushed.hass.config_entries.async_unload_platforms

    async def slow(entry: MockConfigEntry, platforms: list[Platform]) -> bool:
        unloaded = await unload_platforms(entry, platforms)
        await pushed.state("PRINTING", "Printing")
        await pushed.current()
        assert pushed.coordinator.data.memory.running
        return unloaded

    with firing(pushed.hass) as fired:
        with patch.object(pushed.hass.config_entries, "async_unload_platforms", slow):
            await unload(pushed.hass, pushed.entry)
        assert fired.types == []
        await pushed.load()
        await pushed.up()
        assert fired.types == ["started"]


async def test_stop(pushed: Pushed, hass_storage: dict[str, Any]) -> None:
    """Test that what happens while Home Assistant stops is left to its next start."""
    pushed.fake.load("printing_local")
    with firing(pushed.hass) as fired:
        pushed.hass.set_state(CoreState.stopping)
        await pushed.state("PRINTING", "Printing")
        await pushed.current()
        pushed.hass.set_state(CoreState.running)
        assert fired.types == []
        await unload(pushed.hass, pushed.entry)
        assert (
            "running" not in hass_storage[f"{DOMAIN}.{pushed.entry.entry_id}"]["data"]
        )
        await pushed.load()
        await pushed.up()
        assert fired.types == ["started"]


# While it is polled.


async def test_end_without_a_history(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test that an end is fired after the last attempt, though no state changes then."""
    fake.load("printing_local")
    await refresh(hass, init_integration)
    fake.load("operational_idle_no_file")
    with firing(hass) as fired:
        for _ in range(SETTLE_ATTEMPTS - 1):
            await refresh(hass, init_integration)
            assert fired.types == []
        await refresh(hass, init_integration)
        assert fired.types == ["cancelled"]
        await refresh(hass, init_integration)
    assert fired.types == ["cancelled"]


async def test_another_end_before_it_is_settled(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that no end is lost where two come at once, and none is mixed up."""
    fake.load("printing_local")
    job = fake.json("GET", "/api/job")
    with firing(hass) as fired:
        await refresh(hass, init_integration)
        names = ("second.gcode", "third.gcode")
        for name in names:
            freezer.tick(20)
            named = {"name": name, "display": name, "path": name}
            other = {**job["job"], "file": {**job["job"]["file"], **named}}
            fake.answer("GET", "/api/job", json={**job, "job": other})
            await refresh(hass, init_integration)
        fake.load("operational_idle_no_file")
        for _ in range(SETTLE_ATTEMPTS):
            await refresh(hass, init_integration)
    files = ["test_main.gcode", *names]
    assert [(type_, data["file"]) for type_, data in fired.events] == [
        (type_, file) for file in files for type_ in ("started", "cancelled")
    ]


async def test_another_end_while_it_is_settled(
    pushed: Pushed, freezer: FrozenDateTimeFactory
) -> None:
    """Test that the history of a file says nothing of the print that ended after it."""
    gate = asyncio.Event()
    asked = asyncio.Event()

    async def held(
        _: OctoPrintPoller, snapshot: Snapshot, last_print: LastPrint, running: Any
    ) -> LastPrint:
        asked.set()
        await gate.wait()
        return replace(last_print, result=PrintResult.DONE)

    with (
        firing(pushed.hass) as fired,
        patch.object(OctoPrintPoller, "async_settle", held),
    ):
        await begin(pushed)
        pushed.fake.load("disconnected")
        await pushed.state("OFFLINE", "Offline")
        await until(asked.is_set)
        freezer.tick(9)
        await pushed.state("OPERATIONAL", "Operational")
        file = await begin(pushed)
        await pushed.state("CANCELLING", "Cancelling")
        await pushed.event("PrintCancelled", **file, time=3, reason="cancelled")
        pushed.fake.load("operational_idle_no_file")
        await pushed.state("OPERATIONAL", "Operational")
        gate.set()
        await pushed.idle()
    prints = [type_ for type_ in fired.types if not type_.endswith("connected")]
    assert prints == ["started", "failed", "started", "cancelled"]
    assert pushed.state_of("sensor.last_print_result") == "cancelled"


# Disabled entities.


async def test_disabled(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    config_entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
) -> None:
    """Test that nothing waits for an entity that is disabled."""
    await set_up(hass, config_entry)
    entity_registry.async_update_entity(
        "event.prusa_print", disabled_by=er.RegistryEntryDisabler.USER
    )
    await hass.async_block_till_done()
    fake.load("printing_local")
    with firing(hass) as fired:
        await refresh(hass, config_entry)
        fake.load("error_fatal_while_printing")
        for _ in range(SETTLE_ATTEMPTS):
            await refresh(hass, config_entry)
        assert fired.types == ["disconnected", "error"]
        entity_registry.async_update_entity("event.prusa_print", disabled_by=None)
        await hass.config_entries.async_reload(config_entry.entry_id)
        await hass.async_block_till_done()
        fake.load("printing_local")
        await refresh(hass, config_entry)
        assert fired.types == ["disconnected", "error", "connected", "started"]
    await unload(hass, config_entry)


# The store.

OLD_STORE = {
    "heaters": ["bed", "tool0"],
    "last_targets": {"bed": 60.0, "tool0": 215.0},
    "running": {
        "file": {
            "name": "test_main.gcode",
            "origin": "local",
            "path": "test_main.gcode",
            "size": 3409,
        },
        "cancelled": False,
        "completed": False,
        "failed": False,
        "finish_at": None,
        "print_time": 0,
        "started_at": "2026-11-21T10:00:00+00:00",
    },
    "last_print": {
        "ended_at": "2026-11-20T10:00:00+00:00",
        "name": "before.gcode",
        "print_time": 77,
        "result": "done",
    },
}


@pytest.mark.parametrize(
    ("recorded", "types"),
    [
        ("printing_local", []),
        ("paused", []),
        ("disconnected", ["failed"]),
        ("operational_idle_no_file", ["cancelled"]),
    ],
)
async def test_store_of_an_earlier_version(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    fake: FakeOctoPrint,
    config_entry: MockConfigEntry,
    recorded: str,
    types: list[str],
) -> None:
    """Test that an update fires nothing but how a print ended during it."""
    key = f"{DOMAIN}.{config_entry.entry_id}"
    hass_storage[key] = {
        "version": 1,
        "minor_version": 1,
        "key": key,
        "data": OLD_STORE,
    }
    fake.load(recorded)
    with firing(hass) as fired:
        await set_up(hass, config_entry)
        for _ in range(SETTLE_ATTEMPTS):
            await refresh(hass, config_entry)
        assert fired.types == types
        await unload(hass, config_entry)
    kept = hass_storage[key]["data"]
    assert kept["last_targets"]["tool0"]
    assert kept["last_print"]["name"] == (
        "test_main.gcode" if types else "before.gcode"
    )
    assert kept["connected"] is (recorded != "disconnected")
    if recorded in {"printing_local", "paused"}:
        assert kept["running"]["paused"] is (recorded == "paused")


async def test_store(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    fake: FakeOctoPrint,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that what was told is written a moment later, without an unload."""
    key = f"{DOMAIN}.{config_entry.entry_id}"
    fake.load("error_fatal_while_idle")
    await set_up(hass, config_entry)

    async def kept() -> dict[str, Any]:
        freezer.tick(2)
        async_fire_time_changed(hass)
        await hass.async_block_till_done()
        data: dict[str, Any] = hass_storage[key]["data"]
        return data

    assert ((await kept())["connected"], len((await kept())["errors"])) == (False, 1)
    fake.load("printing_local")
    await refresh(hass, config_entry)
    assert ((await kept())["connected"], (await kept())["errors"]) == (True, [])
    assert (await kept())["running"]["paused"] is False
    fake.load("paused")
    await refresh(hass, config_entry)
    assert (await kept())["running"]["paused"] is True
    error = {"error": "Something odd", "reason": "firmware", "consequence": ""}
    fake.answer("GET", "/api/printer/error", json=error)
    await refresh(hass, config_entry)
    assert (await kept())["errors"] == ["Something odd"]
    await unload(hass, config_entry)
