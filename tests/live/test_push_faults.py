"""Tests of all that may come between Home Assistant and a printer that tells it what changes."""

import asyncio
from datetime import UTC, datetime, timedelta
from time import monotonic

import pytest

from custom_components.octoprint_plus.sync.listener import DEAF_AFTER
from scripts.lab import OctoPrintServer

from .home import (
    AT_ONCE,
    AWAY,
    BED,
    END,
    RECOVERED,
    RESULT,
    STATE,
    Home,
    has_target,
    shows,
    values,
)
from .record import Change, Record, until

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]


async def test_server_away(home: Home, shown: Record[Change]) -> None:
    """Test a server that stops and starts again: one line each way, and no reload."""
    home.log.expected = [AWAY]
    await home.octoprint.stop()
    stopped_at = monotonic()
    assert (await shown.wait_for(shows(STATE, "unavailable"))).at - stopped_at < AT_ONCE
    await home.octoprint.start()
    await shown.wait_for(shows(STATE, "operational"), stopped_at)
    await home.is_pushed()
    await until(lambda: home.log.lines(RECOVERED))
    assert len(home.log.lines(RECOVERED)) == 1
    # Home Assistant marks the states of entities that are not loaded.
    assert [x for x in shown.after() if "restored" in x.attributes] == []


async def test_print_ends_out_of_sight(home: Home, shown: Record[Change]) -> None:
    """Test a print that ends while OctoPrint cannot be reached."""
    home.log.expected = [AWAY]
    await home.start_print("Vase.gcode", 10)
    printing = await shown.wait_for(shows(STATE, "printing"))
    await home.proxy.cut()
    await shown.wait_for(shows(STATE, "unavailable"))
    await home.octoprint.wait_state("Operational")
    ended = datetime.now(UTC)
    await home.proxy.restore()
    await shown.wait_for(shows(STATE, "operational"), printing.at)
    await shown.wait_for(
        lambda x: x.entity_id == RESULT and x.state != "unavailable", printing.at
    )
    await home.is_pushed()
    await home.hass.call("homeassistant", "update_entity", {"entity_id": STATE})
    assert values(shown, RESULT, printing.at) == ["unavailable", "done"]
    [_, end] = values(shown, END, printing.at)
    assert abs(datetime.fromisoformat(end) - ended) < timedelta(seconds=30)
    name = await home.hass.state("sensor.voron_last_print") or {}
    assert name["state"] == "Vase.gcode"
    await until(lambda: home.log.lines(RECOVERED))
    assert len(home.log.lines(RECOVERED)) == 1


async def test_silence(
    home: Home, ender: OctoPrintServer, shown: Record[Change]
) -> None:
    """Test sockets that die without an end of their connection.

    Of two printers at a time, as it takes half a minute to notice.
    """
    home.log.expected = [AWAY]
    async with home.beside(ender) as other:
        await asyncio.gather(pull_cable(home, shown), forget_connections(other, shown))


async def pull_cable(home: Home, shown: Record[Change]) -> None:
    """See that the printer is unavailable until the cable is back."""
    home.proxy.freeze(new=True)
    await shown.wait_for(shows(STATE, "unavailable"), timeout=180)
    back_at = monotonic()
    await home.proxy.restore()
    await shown.wait_for(shows(STATE, "operational"), back_at)
    await home.is_pushed()
    await until(lambda: home.log.lines(RECOVERED))
    assert len(home.log.lines(RECOVERED)) == 1


async def forget_connections(home: Home, shown: Record[Change]) -> None:
    """See that a new socket takes over while nothing looks as if the server were away."""
    since = monotonic()
    sockets = home.proxy.requests.count("GET /sockjs/websocket")
    home.proxy.freeze(new=False)
    await until(
        lambda: home.proxy.requests.count("GET /sockjs/websocket") > sockets,
        timeout=180,
    )
    await home.is_pushed(sockets=None)
    began = await home.set_bed(35)
    change = await shown.wait_for(has_target("climate.ender_bed", 35), began)
    assert change.at - began < AT_ONCE
    await home.set_bed(0)
    await shown.wait_for(shows("climate.ender_bed", "off"), began)
    assert values(shown, "sensor.ender_state", since) == []
    await home.proxy.restore()
    await home.is_pushed()


async def test_sockets_refused(home: Home, shown: Record[Change]) -> None:
    """Test a proxy that passes on all but WebSockets: the printer is polled."""
    home.log.expected = ["OctoPrint's socket cannot be used"]
    # A heater that is on is polled more often.
    since = await home.set_bed(38)
    await shown.wait_for(has_target(BED, 38), since)
    home.proxy.refuses_sockets = True
    home.proxy.drop_sockets()
    since = await home.set_bed(39)
    await shown.wait_for(has_target(BED, 39), since)
    await until(lambda: home.log.lines(*home.log.expected))
    assert home.proxy.sockets == 0
    home.proxy.refuses_sockets = False
    await until(lambda: home.log.lines("OctoPrint's socket is back"))
    since = await home.set_bed(0)
    change = await shown.wait_for(shows(BED, "off"), since)
    assert change.at - since < AT_ONCE
    assert values(shown, STATE) == []
    [line] = home.log.lines("OctoPrint's socket is back")
    assert " INFO " in line


async def test_server_away_while_sockets_are_refused(
    home: Home, shown: Record[Change]
) -> None:
    """Test that a server that goes away meanwhile is not taken for a deaf proxy."""
    home.log.expected = [AWAY]
    home.proxy.refuses_sockets = True
    # One more attempt in vain would make it a deaf proxy.
    home.proxy.cuts_at = DEAF_AFTER
    cut_at = monotonic()
    await home.reload()
    # A reload shows the entities as unavailable, too; this tells the one from the other.
    await until(lambda: home.log.lines(AWAY))
    await shown.wait_for(shows(STATE, "unavailable"), cut_at)
    await home.proxy.cut()
    back_at = monotonic()
    await home.proxy.restore()
    await shown.wait_for(shows(STATE, "operational"), back_at)
    await home.is_pushed()


async def test_stop_while_listening(home: Home) -> None:
    """Test that Home Assistant stops while the socket is up."""
    await home.hass.stop()
    assert not home.log.lines("Timed out waiting")
    await until(lambda: home.proxy.sockets == 0)


async def test_stop_while_waiting(home: Home) -> None:
    """Test that Home Assistant stops between two attempts to open the socket."""
    home.log.expected = [AWAY]
    await home.proxy.cut()
    # The pause after it is one of at least a second.
    await until(lambda: home.log.lines("no socket (2)"))
    await home.hass.stop()
    assert not home.log.lines("Timed out waiting")
