"""Tests for how little is written of what is pushed."""

from collections import Counter
from collections.abc import AsyncGenerator
from dataclasses import replace
import random
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.octoprint_plus.api.printer import PrinterError
from custom_components.octoprint_plus.api.state import OFFLINE_STATES, parse_state
from homeassistant.core import HomeAssistant

from ..fake_octoprint import FakeOctoPrint
from ..pushed import Pushed, play, pushing, recording, writes
from ..recorded import FIXTURES
from ..waiting import until

RECORDINGS = sorted(
    path.stem
    for path in (FIXTURES / "push").glob("*.jsonl")
    # These are cases one by one, or hold nothing of the printer.
    if path.stem not in ("appkeys_messages", "edge_cases")
)


pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
async def pushed(
    freezer: FrozenDateTimeFactory,
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    config_entry: MockConfigEntry,
    entity_registry_enabled_by_default: None,
) -> AsyncGenerator[Pushed]:
    """Return a printer of which the server tells what changes, with all its entities."""
    async with pushing(hass, fake, config_entry) as pushed:
        yield pushed


def told_state(message: tuple[float, str, Any]) -> str | None:
    """Return the text of the state that a message tells."""
    _, kind, content = message
    if kind == "current":
        return str(content["state"]["text"])
    if content["type"] == "PrinterStateChanged":
        return str(content["payload"]["state_string"])
    return None


@pytest.mark.parametrize("name", RECORDINGS)
async def test_recordings(
    freezer: FrozenDateTimeFactory, pushed: Pushed, name: str
) -> None:
    """Test that no entity writes what is there already, and that the truth comes out."""
    messages = list(recording(name))
    states = [text for text in map(told_state, messages) if text is not None]
    before = set(pushed.hass.states.async_entity_ids())
    with writes(pushed.hass) as written:
        await play(pushed, freezer, name)
    # Those that came meanwhile write once more.
    assert not before & set(written.reported)
    assert len(written.reported) == len(set(written.reported))
    # A dozen entities follow the state; what drifts is told a few times a minute.
    changes = sum(kind == "event" for _, kind, _ in messages)
    assert len(written.changed) <= 12 * changes + 60
    if states:
        state, expected = pushed.coordinator.data.state, parse_state(states[-1])
        assert state is expected or {state, expected} <= OFFLINE_STATES
    assert pushed.coordinator.is_pushed
    assert pushed.fake.push.opened == 1


async def test_noise(freezer: FrozenDateTimeFactory, pushed: Pushed) -> None:
    """Test that temperatures that wander are written by nobody, nor is anybody called."""
    draw = random.Random(3)
    pushed.fake.load("operational_idle_no_file")
    printer = pushed.fake.json("GET", "/api/printer")["temperature"]
    await pushed.current()
    await pushed.idle()
    with (
        writes(pushed.hass) as written,
        patch.object(
            pushed.coordinator,
            "async_update_listeners",
            wraps=pushed.coordinator.async_update_listeners,
        ) as called,
    ):
        for _ in range(600):
            freezer.tick(0.5)
            temps = {
                name: heater | {"actual": heater["actual"] + draw.uniform(-0.45, 0.45)}
                for name, heater in printer.items()
            }
            await pushed.fake.push.current(temps=[temps])
        await pushed.heard()
    assert written.changed == []
    assert written.reported == []
    # The slow poll, which takes 5 minutes, calls them once.
    assert called.call_count <= 1


async def test_heating_up(freezer: FrozenDateTimeFactory, pushed: Pushed) -> None:
    """Test that a heater is followed calmly on its way, and at once when it has arrived."""
    bed = "sensor.prusa_bed_temperature"
    target = {"actual": 20.0, "target": 60.0}
    pushed.fake.load("operational_idle_no_file")
    await pushed.current(temps=[{"bed": target}])
    await pushed.tick(freezer, 10)
    with writes(pushed.hass) as written:
        # A degree a second, told twice a second.
        for step in range(78):
            freezer.tick(0.5)
            await pushed.current(temps=[{"bed": target | {"actual": 20 + step / 2}}])
    assert 7 <= written.changed.count(bed) <= 9
    assert float(pushed.hass.states.get(bed).state) < 58.5
    await pushed.current(temps=[{"bed": target | {"actual": 59.2}}])
    assert float(pushed.hass.states.get(bed).state) == 59.2
    assert written.reported == []


async def test_print(freezer: FrozenDateTimeFactory, pushed: Pushed) -> None:
    """Test what an hour of a print writes, with a `current` each second."""
    pushed.fake.load("printing_local")
    await pushed.state("PRINTING", "Printing")
    await pushed.current()
    await pushed.idle()
    draw = random.Random(3)
    with writes(pushed.hass) as written:
        for second in range(3600):
            freezer.tick(1)
            await pushed.fake.push.current(
                currentZ=round(0.2 * (second // 40) + draw.choice([0, 0, 0.4]), 1),
                progress={
                    "completion": second / 36,
                    "printTime": second,
                    "printTimeLeft": int((3600 - second) * draw.uniform(0.99, 1.01)),
                },
                temps=[
                    {
                        "tool0": {
                            "actual": 210 + draw.uniform(-0.4, 0.4),
                            "target": 210.0,
                        }
                    }
                ],
            )
            if second % 20 == 19:
                await pushed.heard()
                await pushed.idle()
    counts = Counter(written.changed)
    assert written.reported == []
    assert 55 <= counts["sensor.prusa_print_time"] <= 60
    assert 50 <= counts["sensor.prusa_print_time_left"] <= 75
    assert 90 <= counts["sensor.prusa_progress"] <= 100
    assert 20 <= counts["sensor.prusa_z_height"] <= 60
    assert counts["sensor.prusa_finish_time"] <= 10
    assert counts["sensor.prusa_tool_temperature"] <= 1
    assert sum(counts.values()) < 60 * 6


async def test_first_update_writes_nothing(pushed: Pushed) -> None:
    """Test that an entity knows what it wrote when it was added."""
    with writes(pushed.hass) as written:
        pushed.coordinator.async_update_listeners()
    assert written.changed == []
    assert written.reported == []


async def test_unavailable_is_written_once(pushed: Pushed) -> None:
    """Test that what is not shown while it is unavailable is not written either."""
    await pushed.fake.stop()
    await until(lambda: not pushed.coordinator.last_update_success)
    with writes(pushed.hass) as written:
        pushed.coordinator.data = replace(
            pushed.coordinator.data,
            error=PrinterError(
                error="Away", reason=None, consequence=None, faq_url=None
            ),
        )
        pushed.coordinator.async_update_listeners()
    assert written.changed == []
    assert written.reported == []


async def test_file_is_selected_again(pushed: Pushed) -> None:
    """Test that the size is kept, which OctoPrint's event does not tell."""
    pushed.fake.load("operational_idle_file_selected")
    await pushed.current()
    await pushed.idle()
    size = pushed.coordinator.data.job.file.size
    file = pushed.fake.json("GET", "/api/job")["job"]["file"]
    with writes(pushed.hass) as written:
        await pushed.event("FileSelected", **(file | {"size": None}))
    assert size is not None
    assert pushed.coordinator.data.job.file.size == size
    assert written.reported == []
