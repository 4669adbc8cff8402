"""Tests of the actions that change the filament."""

import asyncio
from collections.abc import Generator
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.octoprint_plus.commands import (
    filament,
    filament_change as change,
)
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from tests.fake_octoprint import FakeOctoPrint
from tests.given import Refused
from tests.waiting import refresh, until

from .conftest import Call, message, unusable

FAST = 60_000

type Tool = tuple[str, Any]


def target(degrees: float) -> Tool:
    """Return the command that sets the tool's target."""
    return ("/api/printer/tool", {"command": "target", "targets": {"tool0": degrees}})


def move(amount: float, speed: float) -> Tool:
    """Return the command that moves filament."""
    return (
        "/api/printer/tool",
        {"command": "extrude", "amount": amount, "speed": speed},
    )


def sent(fake: FakeOctoPrint) -> list[Tool]:
    """Return what was sent after the printer was asked for its targets."""
    commands = fake.commands()
    asked = [("/api/printer/command", {"commands": ["M105"]})]
    assert commands[:1] in ([], asked)
    return commands[1:]


@pytest.fixture(autouse=True)
def report_time() -> Generator[None]:
    """Let the printer answer at once."""
    with (
        patch(f"{filament.__name__}.REPORT_TIME", 0),
        patch(f"{change.__name__}.SETTLING", 0),
    ):
        yield


@pytest.fixture(autouse=True)
def quick_extruder(fake: FakeOctoPrint) -> None:
    """Let the printer profile allow that filament is moved in next to no time."""
    profiles = fake.json("GET", "/api/printerprofiles")
    profiles["profiles"]["_default"]["axes"]["e"]["speed"] = FAST
    fake.answer("GET", "/api/printerprofiles", json=profiles)


class Printer:
    """The printer's tool as it is told."""

    def __init__(self, hass: HomeAssistant, fake: FakeOctoPrint, entry: Any) -> None:
        """Take what tells it."""
        self._hass, self._fake, self._entry = hass, fake, entry

    async def tell(self, actual: float, wanted: float) -> None:
        """Tell the tool's temperatures."""
        printer = self._fake.json("GET", "/api/printer")
        printer["temperature"]["tool0"] |= {"actual": actual, "target": wanted}
        self._fake.answer("GET", "/api/printer", json=printer)
        await refresh(self._hass, self._entry)


@pytest.fixture
def printer(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> Printer:
    """Return the printer."""
    return Printer(hass, fake, init_integration)


@pytest.mark.parametrize("recorded", ["operational_idle_no_file", "paused"])
@pytest.mark.parametrize(("action", "sign"), [("load", 1), ("unload", -1)])
@pytest.mark.parametrize("earlier", [0, 190])
async def test_change(
    call: Call,
    fake: FakeOctoPrint,
    printer: Printer,
    recorded: str,
    action: str,
    sign: int,
    earlier: float,
) -> None:
    """It heats, waits, moves in steps, and sets the earlier target again."""
    fake.load(recorded)
    await printer.tell(20, earlier)
    fake.clear()
    task = asyncio.ensure_future(
        call(f"{action}_filament", length=60, temperature=210, speed=FAST)
    )
    await until(lambda: sent(fake))
    await printer.tell(100, 210)
    await printer.tell(207, 210)
    assert sent(fake) == [target(210)]
    await printer.tell(209.5, 210)
    await task
    speed = sent(fake)[1][1]["speed"]
    assert sent(fake) == [
        target(210),
        *(move(sign * step, speed) for step in (25, 25, 10)),
        target(earlier),
    ]


async def test_last_target(call: Call, fake: FakeOctoPrint, printer: Printer) -> None:
    """Without a temperature the last one is taken."""
    await printer.tell(230, 230)
    await printer.tell(230, 0)
    fake.clear()
    await call("load_filament", length=5, speed=FAST)
    assert sent(fake)[0] == target(230)
    assert sent(fake)[-1] == target(0)


async def test_not_hot(call: Call, fake: FakeOctoPrint, printer: Printer) -> None:
    """A tool that does not get hot moves nothing."""
    with pytest.raises(HomeAssistantError) as err:
        await call("load_filament", length=5, temperature=200, timeout=1)
    assert err.value.translation_key == "filament_not_hot"
    assert sent(fake) == [target(200), target(0)]


async def test_target_changed(
    call: Call, fake: FakeOctoPrint, printer: Printer
) -> None:
    """Somebody else's temperature ends it, and stays."""
    task = asyncio.ensure_future(call("load_filament", length=5, temperature=200))
    await until(lambda: sent(fake))
    await printer.tell(50, 200)
    await printer.tell(60, 100)
    with pytest.raises(HomeAssistantError) as err:
        await task
    assert err.value.translation_key == "filament_target_changed"
    assert sent(fake) == [target(200)]


async def test_home_assistant_stops(
    hass: HomeAssistant, call: Call, fake: FakeOctoPrint, printer: Printer
) -> None:
    """The tool is cooled while Home Assistant stops, before it closes its connections."""
    task = asyncio.ensure_future(call("load_filament", length=5, temperature=200))
    await until(lambda: sent(fake))
    await printer.tell(50, 200)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()
    assert sent(fake) == [target(200), target(0)]
    await asyncio.wait([task])
    assert task.cancelled()


async def test_report_on_its_way(
    call: Call, fake: FakeOctoPrint, printer: Printer
) -> None:
    """An earlier report that comes late is not taken for somebody else's temperature."""
    with patch(f"{change.__name__}.SETTLING", 60):
        task = asyncio.ensure_future(
            call("load_filament", length=5, temperature=200, speed=FAST)
        )
        await until(lambda: sent(fake))
        await printer.tell(50, 200)
        await printer.tell(50, 0)
        await printer.tell(200, 200)
        await task
    assert sent(fake)[-1] == target(0)


async def test_target_changed_before_ours_was_told(
    call: Call, fake: FakeOctoPrint, printer: Printer
) -> None:
    """Somebody else's temperature ends it also where ours was never seen."""
    task = asyncio.ensure_future(call("load_filament", length=5, temperature=200))
    await until(lambda: sent(fake))
    await printer.tell(50, 60)
    with pytest.raises(HomeAssistantError) as err:
        await task
    assert err.value.translation_key == "filament_target_changed"
    assert sent(fake) == [target(200)]


@pytest.mark.parametrize(
    ("now", "restored", "key"),
    [
        ("resuming", [target(190)], "filament_state_changed"),
        ("cancelling", [target(0)], "filament_state_changed"),
        # Nobody switches it off, and the firmware keeps it hot.
        ("disconnected", [], "filament_left_hot"),
    ],
)
async def test_state_changed(
    hass: HomeAssistant,
    call: Call,
    fake: FakeOctoPrint,
    printer: Printer,
    init_integration: MockConfigEntry,
    now: str,
    restored: list[Tool],
    key: str,
) -> None:
    """A print that goes on gets its own temperature, a cancelled one none."""
    fake.load("paused")
    await printer.tell(100, 190)
    fake.clear()
    task = asyncio.ensure_future(call("load_filament", length=5, temperature=210))
    await until(lambda: sent(fake))
    await printer.tell(150, 210)
    heaters = fake.json("GET", "/api/printer")["temperature"]
    fake.load(now)
    if now != "disconnected":
        told = fake.json("GET", "/api/printer") | {"temperature": heaters}
        fake.answer("GET", "/api/printer", json=told)
    await refresh(hass, init_integration)
    with pytest.raises(HomeAssistantError) as err:
        await task
    assert err.value.translation_key == key
    assert sent(fake) == [target(210), *restored]


async def test_unloaded(
    hass: HomeAssistant,
    call: Call,
    fake: FakeOctoPrint,
    printer: Printer,
    init_integration: MockConfigEntry,
) -> None:
    """When the integration ends, so does it, and the earlier target is set."""
    task = asyncio.ensure_future(call("load_filament", length=5, temperature=210))
    await until(lambda: sent(fake))
    await hass.config_entries.async_unload(init_integration.entry_id)
    with pytest.raises(HomeAssistantError) as err:
        await task
    assert err.value.translation_key == "filament_interrupted"
    assert sent(fake) == [target(210), target(0)]


async def test_twice(
    call: Call, refused: Refused, fake: FakeOctoPrint, printer: Printer
) -> None:
    """One at a time; who stops a script stops it."""
    task = asyncio.ensure_future(call("load_filament", length=5, temperature=210))
    await until(lambda: sent(fake))
    error = await refused("unload_filament", length=5, temperature=210)
    assert message(error) == ("filament_busy", {"printer": "Prusa"})
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sent(fake) == [target(210), target(0)]


async def test_cooled(call: Call, fake: FakeOctoPrint, printer: Printer) -> None:
    """A tool that cools down moves no more filament."""
    await printer.tell(210, 210)
    fake.clear()
    task = asyncio.ensure_future(
        call("load_filament", length=60, temperature=210, speed=3000)
    )
    await until(lambda: len(sent(fake)) == 2)
    with patch("custom_components.octoprint_plus.sync.publisher.TEMPERATURE_PACE", 0):
        await printer.tell(190, 210)
    with pytest.raises(HomeAssistantError) as err:
        await task
    assert message(err.value) == (
        "filament_cooled",
        {"actual": "190", "printer": "Prusa", "temperature": "210", "timeout": "600"},
    )
    assert [each[1]["command"] for each in sent(fake)].count("extrude") == 1
    assert sent(fake)[-1] == target(210)


@pytest.mark.parametrize("offset", [5, -5])
async def test_offset(
    hass: HomeAssistant,
    call: Call,
    fake: FakeOctoPrint,
    printer: Printer,
    init_integration: MockConfigEntry,
    offset: int,
) -> None:
    """An offset counts for files only, so it changes nothing here."""
    told = fake.json("GET", "/api/printer")
    told["temperature"]["tool0"] |= {"actual": 20, "target": 0, "offset": offset}
    fake.answer("GET", "/api/printer", json=told)
    await refresh(hass, init_integration)
    fake.clear()
    task = asyncio.ensure_future(
        call("load_filament", length=5, temperature=210.4, speed=FAST)
    )
    await until(lambda: sent(fake))
    # The firmware rounds it.
    await printer.tell(100, 210)
    await printer.tell(209.6, 210)
    await task
    assert [each[1]["command"] for each in sent(fake)] == [
        "target",
        "extrude",
        "target",
    ]
    assert sent(fake)[-1] == target(0)


async def test_left_hot(call: Call, fake: FakeOctoPrint, printer: Printer) -> None:
    """A tool that could not be cooled again is told."""
    task = asyncio.ensure_future(
        call("load_filament", length=5, temperature=200, timeout=1)
    )
    await until(lambda: sent(fake))
    await printer.tell(50, 200)
    fake.answer("POST", "/api/printer/tool", status=500, json={"error": "Broken"})
    with pytest.raises(HomeAssistantError) as err:
        await task
    assert err.value.translation_key == "filament_left_hot"
    assert sent(fake) == [target(200), target(0)]


async def test_left_hot_when_unloaded(
    hass: HomeAssistant,
    call: Call,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
) -> None:
    """The same where it was interrupted."""
    task = asyncio.ensure_future(call("load_filament", length=5, temperature=200))
    await until(lambda: sent(fake))
    fake.answer("POST", "/api/printer/tool", status=500, json={"error": "Broken"})
    await hass.config_entries.async_unload(init_integration.entry_id)
    with pytest.raises(HomeAssistantError) as err:
        await task
    assert err.value.translation_key == "filament_left_hot"


async def test_permission(
    hass: HomeAssistant,
    refused: Refused,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
) -> None:
    """Who may not control the printer heats nothing."""
    fake.user("readonly")
    await hass.config_entries.async_reload(init_integration.entry_id)
    for action in ("load_filament", "unload_filament"):
        error = await refused(action, length=5, temperature=200)
        assert error.translation_key == "command_missing_permission"


async def test_no_temperature(refused: Refused) -> None:
    """Without a temperature, of a tool that was never heated, nothing is sent."""
    error = await refused("load_filament", length=5)
    assert error.translation_key == "filament_no_temperature"


async def test_no_heater(
    hass: HomeAssistant,
    refused: Refused,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
) -> None:
    """A tool whose temperature is not reported cannot be watched."""
    fake.load("just_connected_no_temps_yet")
    await refresh(hass, init_integration)
    error = await refused("load_filament", length=5, temperature=200)
    assert error.translation_key == "filament_no_heater"


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({"temperature": 169}, "filament_too_cold"),
        ({"temperature": 301}, "filament_too_hot"),
        ({"temperature": 200, "tool": 1}, "tool_unknown"),
    ],
)
async def test_refused(refused: Refused, data: dict[str, Any], key: str) -> None:
    """What would go wrong is refused before anything is sent."""
    error = await refused("load_filament", length=5, **data)
    assert error.translation_key == key


@pytest.mark.parametrize(
    ("recorded", "key"),
    [("printing_local", "printer_busy"), ("disconnected", "printer_offline")],
)
async def test_state(
    refused: Refused, fake: FakeOctoPrint, recorded: str, key: str
) -> None:
    """In a print, and without a printer, no filament is moved."""
    fake.load(recorded)
    error = await refused("load_filament", length=5, temperature=200)
    assert error.translation_key == key


async def test_paused_in_octoprint_2(
    hass: HomeAssistant,
    refused: Refused,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
) -> None:
    """OctoPrint 2 moves nothing during a pause, so nothing is heated."""
    fake.answer("GET", "/api/server", json={"version": "2.0.0", "safemode": None})
    await hass.config_entries.async_reload(init_integration.entry_id)
    fake.load("paused")
    error = await refused("load_filament", length=5, temperature=200)
    assert error.translation_key == "printer_busy"


async def test_several_tools(
    hass: HomeAssistant,
    refused: Refused,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
) -> None:
    """With several tools one has to be named, and none during a pause."""
    fake.load("multi_idle_custom_sensors")
    await hass.config_entries.async_reload(init_integration.entry_id)
    error = await refused("load_filament", length=5, temperature=200)
    assert error.translation_key == "tool_required"
    fake.load("multi_idle_custom_sensors", "paused")
    await refresh(hass, init_integration)
    error = await refused("load_filament", length=5, temperature=200, tool=1)
    assert error.translation_key == "tool_paused"


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"length": 0},
        {"length": float("nan")},
        {"length": 5, "temperature": "hot"},
        {"length": 5, "temperature": float("nan")},
        {"length": 5, "speed": float("nan")},
        {"length": 5, "timeout": float("nan")},
        {"length": 5, "tool": -1},
        {"length": 5, "tool": "left"},
    ],
)
async def test_unusable(
    call: Call, fake: FakeOctoPrint, data: dict[str, object]
) -> None:
    """What makes no sense for any printer is refused."""
    with unusable():
        await call("load_filament", **data)
    assert fake.commands() == []
