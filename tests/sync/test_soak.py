"""Test a day of a printer, in seconds."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
import gc
import logging
import random
import tracemalloc

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.octoprint_plus.api.state import parse_state_id
from homeassistant.core import HomeAssistant
from homeassistant.util.async_ import get_scheduled_timer_handles

from ..fake_octoprint import FakeOctoPrint
from ..insides import listener_count
from ..pushed import Pushed, pushing, writes
from .soak import Hour, Printer

HOURS = 24

ENTITIES = 50

# Bytes that an hour may leave behind, of which caches and their like are the most.
LEAK_LIMIT = 100_000


@pytest.fixture
async def printer(
    freezer: FrozenDateTimeFactory,
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    config_entry: MockConfigEntry,
    no_heartbeat: None,
    entity_registry_enabled_by_default: None,
) -> AsyncGenerator[Printer]:
    """Return a printer with all its entities, at the beginning of its day."""
    # asyncio's debug mode would take some times as long.
    hass.loop.set_debug(False)
    async with pushing(hass, fake, config_entry) as pushed:
        printer = Printer(pushed, freezer, random.Random(7))
        printer.z = 0.0
        await printer.step(1)
        # An entity does not know what it wrote when it was added.
        await hass.async_block_till_done()
        pushed.coordinator.async_update_listeners()
        yield printer


async def live(printer: Printer, number: int) -> None:
    """Live through an hour, each of another kind."""
    begin, name = printer.clock, f"part_{number}.gcode"
    match number % 8:
        case 0:
            # Nothing happens.
            pass
        case 1:
            await printer.start(name)
            await printer.print(1800, 0, 0.5)
            await printer.pause(300)
            await printer.print(1800, 0.5, 1)
            await printer.finish()
        case 2:
            await printer.start(name)
            await printer.print(3000, 0, 0.4)
            await printer.cancel()
            await printer.lose()
        case 3:
            await printer.start(name)
            await printer.print(3000, 0, 0.3)
            await printer.fail()
        case 4:
            # It is lost now and then in a print.
            await printer.start(name)
            for part in range(4):
                await printer.print(2400, part / 4, (part + 1) / 4)
                await printer.lose()
            await printer.finish()
        case 5:
            # It ends while the server is away, and the next file is chosen.
            await printer.start(name)
            await printer.print(1200, 0, 1)
            printer.remember("done")
            printer.state_id = "OPERATIONAL"
            printer.file["name"] = printer.file["path"] = "next.gcode"
            printer.progress = dict.fromkeys(printer.progress)
            printer.target = dict.fromkeys(printer.target, 0.0)
            await printer.restart_server()
        case 6:
            await printer.enter("OFFLINE")
            await printer.restart_server(600)
            await printer.enter("CONNECTING")
            await printer.enter("OPERATIONAL")
            await printer.event("Connected", port="VIRTUAL", baudrate="AUTO")
        case 7:
            # Some short ones in a row.
            for part in range(3):
                await printer.start(f"{part}_{name}")
                await printer.print(400, 0, 1)
                await printer.finish()
    await printer.rest(begin + 3600 - printer.clock)


def most_writes(hour: Hour) -> float:
    """Return how much an hour may write, by the steps and paces of the publisher."""
    return (
        # Each event changes what some buttons and sensors offer and show.
        20 * hour.changes
        # Progress by the percent; time, time left and finish time by the minute.
        + 101 * hour.prints
        + 3 * hour.printing / 60
        # Z at its pace.
        + hour.printing / 15
        # Two heaters with a sensor and a thermostat each, at their pace.
        + 4 * hour.heating / 5
        # All of them go and come back.
        + 2 * ENTITIES * hour.outages
    )


def check_truth(pushed: Pushed, printer: Printer) -> None:
    """See that what is shown is what is."""
    data = pushed.coordinator.data
    assert pushed.coordinator.is_pushed
    assert pushed.coordinator.last_update_success
    assert data.state is parse_state_id(printer.state_id)
    assert (data.job.file.name if data.job.file else None) == printer.file["name"]
    assert data.memory.running is None
    assert not data.has_problem
    last = data.memory.last_print
    assert (last and (last.name, last.result.value)) == printer.ended
    for name, heater in data.heaters.items():
        assert heater.target == printer.target[name]
        assert heater.actual == pytest.approx(printer.actual[name], abs=1.5)


def counts(printer: Printer) -> tuple[int, int, int]:
    """Return how many tasks, timers and listeners there are."""
    loop = asyncio.get_running_loop()
    handles = get_scheduled_timer_handles(loop)
    return (
        len(asyncio.all_tasks()),
        sum(not handle.cancelled() for handle in handles),
        listener_count(printer.pushed.coordinator),
    )


@pytest.mark.slow
async def test_a_day(
    printer: Printer,
    hass: HomeAssistant,
    caplog: pytest.LogCaptureFixture,
    request: pytest.FixtureRequest,
) -> None:
    """Test that a day of all that happens ends in the truth, and leaves nothing behind."""
    pushed = printer.pushed
    # Lines that are captured would be taken for a leak.
    caplog.set_level(logging.WARNING)
    caplog.clear()
    begin = counts(printer)
    memory: list[int] = []
    for number in range(HOURS + 2):
        if number == HOURS:
            # Two more are traced, of the kind that uses the most.
            tracemalloc.start()
            request.addfinalizer(tracemalloc.stop)
        printer.hour = Hour()
        with writes(hass) as written:
            await live(printer, number if number < HOURS else 4)
        # Those that are unavailable may be so again, where the socket is back before
        # the poll.
        assert len(written.reported) <= ENTITIES * printer.hour.outages
        assert len(written.changed) <= most_writes(printer.hour), Counter(
            written.changed
        ).most_common(8)
        check_truth(pushed, printer)
        assert [record.levelname for record in caplog.records] == [
            "ERROR"
        ] * printer.hour.restarts
        caplog.clear()
        pushed.told.clear()
        pushed.fake.clear()
        pushed.fake.push.received.clear()
        pushed.fake.push.handshakes.clear()
        if number >= HOURS:
            gc.collect()
            memory.append(tracemalloc.get_traced_memory()[0])
    assert memory[1] - memory[0] < LEAK_LIMIT
    tasks, timers, listeners = counts(printer)
    assert tasks <= begin[0] + 1
    assert timers <= begin[1] + 1
    assert listeners == begin[2]

    # A poll of everything finds nothing that is otherwise.
    before = pushed.coordinator.data
    pushed.coordinator.async_expire(with_plugins=False)
    await pushed.coordinator.async_refresh()
    after = pushed.coordinator.data
    assert (after.state, after.job, after.memory) == (
        before.state,
        before.job,
        before.memory,
    )
