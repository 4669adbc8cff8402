"""Tests of what may happen between Home Assistant and OctoPrint while it prints."""

import asyncio
from contextlib import suppress

import pytest

from ..home import STATE
from ..record import watching
from .faults import FAULTS, SETUP_FAULTS, Fault
from .home import MOST_LAG, MOST_LINES, MOST_MEMORY, PrintingHome

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]


def cases(faults: tuple[Fault, ...]) -> list[object]:
    """Return all faults, those that are not quick for the slow run only."""
    return [
        pytest.param(
            fault, id=fault.name, marks=() if fault.is_quick else pytest.mark.slow
        )
        for fault in faults
    ]


@pytest.mark.parametrize("fault", cases(FAULTS))
async def test_fault_while_printing(printing: PrintingHome, fault: Fault) -> None:
    """Test that a fault passes, and leaves the print, the log and Home Assistant alone."""
    proxy = printing.proxy
    await proxy.restore()
    # The pauses between attempts grow with each socket that is lost soon, as in the tests before.
    await printing.reload()
    await printing.recovered()
    logged, commands = len(printing.hass.log()), len(proxy.commands)
    async with watching(printing.hass) as shown, printing.watched() as toll:
        if fault.refuses:
            await proxy.refuse()
        elif fault.rule is not None:
            proxy.rule = fault.rule
            # All is read anew then.
            proxy.cut_sockets()
        if fault.inject is not None:
            relay = printing.relay
            # Home Assistant may give the socket up meanwhile.
            with suppress(ConnectionError):
                await fault.inject(relay)
        await asyncio.sleep(fault.seconds)
        await proxy.restore()
        await printing.recovered()
    allowed = {"printing"} | ({"unavailable"} if fault.may_be_unavailable else set())
    assert {x.state for x in shown.after() if x.entity_id == STATE} <= allowed
    await printing.goes_on()
    assert proxy.commands[commands:] == []
    complaints = printing.complaints(logged)
    assert len(complaints) <= MOST_LINES, complaints
    assert not [entry for entry in complaints if "Traceback" in entry], complaints
    assert toll.lag < MOST_LAG
    assert toll.memory < MOST_MEMORY
    assert await printing.hass.flows() == []


@pytest.mark.parametrize("fault", cases(SETUP_FAULTS))
async def test_fault_at_setup(printing: PrintingHome, fault: Fault) -> None:
    """Test that what is optional does not keep a printer from being set up."""
    await printing.proxy.restore()
    await printing.recovered()
    printing.proxy.rule = fault.rule
    await printing.reload()
    await printing.hass.wait_entry(printing.entry_id, timeout=60)
    await printing.hass.wait_for(STATE, "printing", timeout=60)
    assert printing.proxy.rule is not None
    await printing.proxy.restore()
    await printing.recovered()
    await printing.goes_on()
