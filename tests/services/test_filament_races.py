"""Tests of prints that start, end, pause, resume or are canceled while filament is changed.

What is waited for takes minutes on a printer, and next to no time here. So a print does not
begin after so many seconds, but after each single request, which is every moment that there is.
"""

import asyncio
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.octoprint_plus.api import OctoPrintClient
from custom_components.octoprint_plus.commands import (
    filament,
    filament_change,
    left_hot,
)
from custom_components.octoprint_plus.commands.observe import observe
from custom_components.octoprint_plus.model.heated import Heated, Observation
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import issue_registry as ir
from tests.fake_octoprint import FakeOctoPrint, Request
from tests.recorded import Answer
from tests.waiting import refresh, until

from .conftest import ALL_PLATFORMS, Call, message

FILAMENT = 210.0
IN_PRINT = 215.0
FAST = 60_000

IDLE, PRINTING, PAUSED = "Operational", "Printing", "Paused"


@dataclass
class Model:
    """A printer with one tool, which is as hot as it is told to be at once."""

    fake: FakeOctoPrint
    state: str = IDLE
    file: str | None = None
    target: float = 0.0
    requests: list[str] = field(default_factory=list)
    """All requests so far."""

    heated: list[tuple[str, float]] = field(default_factory=list)
    """The state in which each target came, and the target."""

    event: Callable[[Model], None] | None = None
    """What happens to the printer."""

    at: int | None = None
    """After how many requests that happens."""

    has_happened: bool = False
    looks: int = 0
    """How often the change has looked at the printer since."""

    is_unavoidable: bool = False
    """Whether a command was already on its way when it happened."""

    def __post_init__(self) -> None:
        """Answer instead of the recordings."""
        self._reply = self.fake.reply
        self.fake.reply = self.answer
        self.show()

    def answer(self, request: Request, target: str) -> Answer:
        """Answer a request, then let happen what is to happen after it."""
        answer = self._reply(request, target)
        command = request.json or {}
        if request.path == "/api/printer/tool" and command.get("command") == "target":
            self.target = float(command["targets"]["tool0"])
            self.heated.append((self.state, self.target))
            self.is_unavoidable |= self.has_happened and not self.looks
        self.requests.append(f"{request.method} {request.path}")
        if self.event is not None and len(self.requests) == self.at:
            self.event(self)
            self.has_happened = True
        self.show()
        return answer

    async def observe(self, client: OctoPrintClient, heater: str) -> Observation:
        """Look at the printer as the change does, and count it."""
        self.looks += self.has_happened
        return await observe(client, heater)

    def show(self) -> None:
        """Let the recordings tell what is so now."""
        printer = self.fake.json("GET", "/api/printer")
        printer["temperature"]["tool0"] |= {
            "actual": self.target or 25.0,
            "target": self.target,
        }
        flags = {
            "operational": True,
            "printing": self.state == PRINTING,
            "paused": self.state == PAUSED,
            "ready": self.state == IDLE,
        }
        printer["state"] = {
            "text": self.state,
            "flags": printer["state"]["flags"] | flags,
        }
        self.fake.answer("GET", "/api/printer", json=printer)
        job = self.fake.json("GET", "/api/job")
        job["state"] = self.state
        file = {"name": self.file, "path": self.file, "origin": "local", "size": 1000}
        job["job"]["file"] = file if self.file else dict.fromkeys(file)
        job["progress"] |= {"printTime": 100 if self.file else None, "completion": 10.0}
        self.fake.answer("GET", "/api/job", json=job)


def start(model: Model) -> None:
    """Begin a print that heats the tool, as somebody at OctoPrint's own page."""
    model.state, model.file, model.target = PRINTING, "new.gcode", IN_PRINT


def start_cold(model: Model) -> None:
    """Begin a print that has not heated yet."""
    model.state, model.file = PRINTING, "new.gcode"


def start_and_pause(model: Model) -> None:
    """Begin a print that is paused at once."""
    model.state, model.file, model.target = PAUSED, "new.gcode", IN_PRINT


def resume(model: Model) -> None:
    """Let the paused print go on."""
    model.state = PRINTING


def cancel(model: Model) -> None:
    """Cancel the paused print, which switches no heater off."""
    model.state, model.file = IDLE, None


def replace(model: Model) -> None:
    """Cancel the paused print, begin another one and pause that."""
    model.state, model.file, model.target = PAUSED, "new.gcode", IN_PRINT


@pytest.fixture(autouse=True)
def quick() -> Generator[None]:
    """Let the printer answer at once, and polls follow commands at once."""
    with (
        patch(f"{filament.__name__}.REPORT_TIME", 0),
        patch(f"{filament_change.__name__}.SETTLING", 0),
        patch("custom_components.octoprint_plus.coordinator.REFRESH_DELAY", 0),
    ):
        yield


@pytest.fixture(autouse=True)
def quick_extruder(fake: FakeOctoPrint) -> None:
    """Let the printer profile, which is read at setup, allow quick moves."""
    profiles = fake.json("GET", "/api/printerprofiles")
    profiles["profiles"]["_default"]["axes"]["e"]["speed"] = FAST
    fake.answer("GET", "/api/printerprofiles", json=profiles)


@pytest.fixture
def model(fake: FakeOctoPrint) -> Model:
    """Return the printer."""
    return Model(fake)


async def change(call: Call, timeout: float = 60) -> HomeAssistantError | None:
    """Load filament and return the error, if any; seconds that the tool may take to get hot."""
    try:
        await call(
            "load_filament",
            length=30,
            temperature=FILAMENT,
            speed=FAST,
            timeout=timeout,
        )
    except HomeAssistantError as err:
        return err
    return None


async def run(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    model: Model,
    call: Call,
    before: tuple[str, str | None, float],
    event: Callable[[Model], None] | None = None,
    at: int | None = None,
    timeout: float = 60,
) -> HomeAssistantError | None:
    """Load filament on a printer that is as before, and let something happen meanwhile."""
    model.event = None
    model.state, model.file, model.target = before
    model.show()
    await refresh(hass, entry)
    model.requests.clear()
    model.heated.clear()
    model.event, model.at = event, at
    model.has_happened = model.is_unavoidable = False
    model.looks = 0
    with (
        patch(f"{filament.__name__}.observe", model.observe),
        patch(f"{filament_change.__name__}.observe", model.observe),
    ):
        task = asyncio.ensure_future(change(call, timeout))
        while not task.done():
            await asyncio.wait([task], timeout=0.05)
            if model.has_happened:
                # It is noticed without waiting for the next poll.
                await entry.runtime_data.async_refresh()
    await hass.async_block_till_done()
    return task.result()


NO_PRINT = (IDLE, None, 0.0)
PAUSED_PRINT = (PAUSED, "old.gcode", 190.0)

COMMAND = "POST /api/printer/tool"


@pytest.mark.parametrize(
    ("before", "event", "expected"),
    [
        # A print that was not there before owns its heaters.
        (NO_PRINT, start, IN_PRINT),
        pytest.param(NO_PRINT, start_cold, None, marks=pytest.mark.slow),
        pytest.param(NO_PRINT, start_and_pause, IN_PRINT, marks=pytest.mark.slow),
        pytest.param(PAUSED_PRINT, replace, IN_PRINT, marks=pytest.mark.slow),
        # The paused print that goes on gets its own temperature again.
        (PAUSED_PRINT, resume, 190.0),
        pytest.param(PAUSED_PRINT, cancel, 0.0, marks=pytest.mark.slow),
    ],
)
async def test_race_of_a_print(
    hass: HomeAssistant,
    init_integration: MockConfigEntry,
    model: Model,
    call: Call,
    before: tuple[str, str | None, float],
    event: Callable[[Model], None],
    expected: float | None,
) -> None:
    """Whatever happens after whichever request, the printer is as hot as it should be."""
    assert await run(hass, init_integration, model, call, before) is None
    count = len(model.requests)
    assert model.heated == [(before[0], FILAMENT), (before[0], before[2])]
    assert count > 10
    skipped = 0
    for at in range(1, count + 1):
        await run(hass, init_integration, model, call, before, event, at)
        if model.is_unavoidable:
            # No client could know: the command was on its way.
            skipped += 1
            continue
        is_new = model.file == "new.gcode"
        if is_new and model.state == PRINTING:
            # Not a single command of ours came during the print.
            assert [each for each in model.heated if each[0] == PRINTING] == [], at
        if expected is not None and at < count - 1:
            wanted = {expected}
            if event is cancel:
                # The print's own target is nobody's, unless it was never changed by us.
                wanted = {0.0, before[2]}
            assert model.target in wanted, (at, model.heated)
        assert init_integration.runtime_data.filament_task is None
    # Those are few: right before heating, and before restoring.
    assert skipped <= count // 4


async def test_race_of_our_own_prints(
    hass: HomeAssistant,
    init_integration: MockConfigEntry,
    fake: FakeOctoPrint,
    model: Model,
    call: Call,
) -> None:
    """Home Assistant starts no print while filament is changed, from wherever."""
    await refresh(hass, init_integration)
    fake.held.add("/api/printer/tool")
    task = asyncio.ensure_future(change(call))
    await until(lambda: any(r.path == "/api/printer/tool" for r in fake.requests))
    for data in (
        {"path": "test_main.gcode"},
        {"path": "test_main.gcode", "location": "local"},
    ):
        with pytest.raises(ServiceValidationError) as raised:
            await call("print_file", **data)
        assert message(raised.value)[0] == "filament_busy"
    fake.held.clear()
    assert await task is None
    assert all(
        path != "/api/files/local/test_main.gcode" for path, _ in fake.commands()
    )


async def test_race_before_a_print_of_ours(
    hass: HomeAssistant,
    init_integration: MockConfigEntry,
    fake: FakeOctoPrint,
    model: Model,
    call: Call,
) -> None:
    """No filament is changed while a print is about to start."""
    await refresh(hass, init_integration)
    path = "/api/files/local/test_main.gcode"
    fake.held.add(path)
    task = asyncio.ensure_future(call("print_file", path="test_main.gcode"))
    await until(lambda: any(r.path == path for r in fake.requests))
    error = await change(call)
    assert error is not None
    assert message(error)[0] == "filament_before_print"
    assert model.heated == []
    fake.held.clear()
    await task


@pytest.mark.parametrize("state", ["idle", "printing", "somebody else's"])
async def test_left_hot_is_put_right(
    hass: HomeAssistant,
    init_integration: MockConfigEntry,
    fake: FakeOctoPrint,
    model: Model,
    call: Call,
    state: str,
) -> None:
    """A server that was gone in the middle finds the tool cooled once it is back."""
    issues = ir.async_get(hass)
    issue = f"left_hot_{init_integration.entry_id}"
    cooled = f"left_hot_cooled_{init_integration.entry_id}"

    def gone(_: Model) -> None:
        fake.answer("GET", "*", status=502)
        fake.answer("POST", "*", status=502)

    # Right after the tool was heated.
    assert await run(hass, init_integration, model, call, NO_PRINT) is None
    at = model.requests.index(COMMAND) + 1
    # A server that is back in time changes nothing, so it is waited for.
    error = await run(hass, init_integration, model, call, NO_PRINT, gone, at, 1)
    assert error is not None
    assert message(error)[0] == "filament_left_hot"
    await refresh(hass, init_integration)
    assert issues.async_get_issue("octoprint_plus", issue) is not None
    # It is kept over a restart.
    await hass.config_entries.async_unload(init_integration.entry_id)
    await hass.config_entries.async_setup(init_integration.entry_id)
    assert issues.async_get_issue("octoprint_plus", issue) is not None
    fake.restore("GET", "*")
    fake.restore("POST", "*")
    model.event = None
    if state == "printing":
        start(model)
    elif state == "somebody else's":
        model.target = 60.0
    model.show()
    model.heated.clear()
    await hass.config_entries.async_reload(init_integration.entry_id)
    await until(lambda: init_integration.runtime_data.store.heated is None)
    await hass.async_block_till_done()
    assert issues.async_get_issue("octoprint_plus", issue) is None
    if state == "idle":
        assert model.heated == [(IDLE, 0.0)]
        await refresh(hass, init_integration)
        assert issues.async_get_issue("octoprint_plus", cooled) is not None
    else:
        assert model.heated == []
        assert issues.async_get_issue("octoprint_plus", cooled) is None


@ALL_PLATFORMS
@pytest.mark.parametrize(
    ("domain", "action", "data"),
    [
        ("octoprint_plus", "disconnect", {}),
        ("octoprint_plus", "connect", {}),
        ("octoprint_plus", "extrude", {"amount": 5}),
        ("octoprint_plus", "home", {}),
        (
            "octoprint_plus",
            "run_system_command",
            {"source": "core", "action": "restart"},
        ),
        ("switch", "turn_off", {"entity_id": "switch.prusa_printer_connection"}),
        ("button", "press", {"entity_id": "button.prusa_home_all_axes"}),
        ("button", "press", {"entity_id": "button.prusa_start_print"}),
    ],
)
async def test_nothing_harms_a_filament_change(
    hass: HomeAssistant,
    init_integration: MockConfigEntry,
    fake: FakeOctoPrint,
    model: Model,
    call: Call,
    domain: str,
    action: str,
    data: dict[str, Any],
) -> None:
    """What would leave the tool hot and out of reach is refused while filament is changed."""
    model.file = "test_main.gcode"
    model.show()
    await refresh(hass, init_integration)
    fake.held.add("/api/printer/tool")
    task = asyncio.ensure_future(change(call))
    await until(lambda: any(r.path == "/api/printer/tool" for r in fake.requests))
    sent = len(fake.commands())
    with pytest.raises(ServiceValidationError) as raised:
        await hass.services.async_call(domain, action, data, blocking=True)
    assert message(raised.value)[0] == "filament_busy"
    assert len(fake.commands()) == sent
    fake.held.clear()
    assert await task is None


async def test_left_hot_survives_a_mistake(
    hass: HomeAssistant,
    init_integration: MockConfigEntry,
    model: Model,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An unexpected error does not end the tries to switch a hot nozzle off."""
    coordinator = init_integration.runtime_data
    model.target = FILAMENT
    model.show()
    heated = Heated(
        heater="tool0", temperature=FILAMENT, earlier=0, file=None, print_time=None
    )
    with patch(f"{left_hot.__name__}.observe", side_effect=KeyError("oops")):
        await coordinator.store.async_note_heated(heated)
        await refresh(hass, init_integration)
        await until(lambda: "oops" in caplog.text)
    assert coordinator.store.heated == heated
    freezer.tick(left_hot.RETRY + 1)
    async_fire_time_changed(hass)
    await until(lambda: coordinator.store.heated is None)
    assert model.heated == [(IDLE, 0.0)]


async def test_left_hot_is_told_where_the_key_is_refused(
    hass: HomeAssistant,
    init_integration: MockConfigEntry,
    fake: FakeOctoPrint,
    model: Model,
) -> None:
    """People hear of a hot nozzle also where the printer cannot be set up."""
    heated = Heated(
        heater="tool0", temperature=FILAMENT, earlier=0, file=None, print_time=None
    )
    await init_integration.runtime_data.store.async_note_heated(heated)
    await hass.config_entries.async_unload(init_integration.entry_id)
    hass.config_entries.async_update_entry(
        init_integration, title="[Click](https://evil.example)"
    )
    fake.key = "ANOTHER_KEY"
    await hass.config_entries.async_setup(init_integration.entry_id)
    key = f"left_hot_{init_integration.entry_id}"
    issue = ir.async_get(hass).async_get_issue("octoprint_plus", key)
    assert issue is not None
    assert issue.translation_placeholders is not None
    assert "](" not in issue.translation_placeholders["printer"]
    # It goes with the printer.
    await hass.config_entries.async_remove(init_integration.entry_id)
    assert ir.async_get(hass).async_get_issue("octoprint_plus", key) is None
