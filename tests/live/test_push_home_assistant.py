"""Tests of a printer that tells Home Assistant by itself what changes."""

from collections.abc import AsyncGenerator, Callable
from statistics import median
from time import monotonic

import aiohttp
import pytest
import pytest_asyncio
from yarl import URL

from custom_components.octoprint_plus.api import OctoPrintClient, State
from custom_components.octoprint_plus.api.socket.messages import (
    ErrorOccurred,
    StateChanged,
)
from custom_components.octoprint_plus.api.socket.push import OctoPrintPush, PushStarted
from custom_components.octoprint_plus.const import DOMAIN
from scripts.lab import OctoPrintServer
from scripts.lab.octoprint_config import ADMIN_KEY

from .families import until as until_async
from .home import AT_ONCE, BED, END, RESULT, STATE, Home, add, has_target, shows, values
from .record import Change, Heard, Record, listening, until

ENDER_BED = "climate.ender_bed"

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(loop_scope="module")
async def told(home: Home) -> AsyncGenerator[Record[Heard]]:
    """Return what OctoPrint tells."""
    async with aiohttp.ClientSession() as session:
        client = OctoPrintClient(session, URL(home.octoprint.url), ADMIN_KEY)
        async with listening(OctoPrintPush(client)) as record:
            await record.wait_for(lambda x: isinstance(x, PushStarted))
            yield record


def is_state(state: State) -> Callable[[Heard], bool]:
    """Return a check for the event of a state."""
    return lambda x: isinstance(x, StateChanged) and x.state is state


async def test_print(home: Home, told: Record[Heard], shown: Record[Change]) -> None:
    """Test that a print shows at once, whatever is done to it, and each end once."""
    delays: list[float] = []

    async def both(state: State, since: float) -> None:
        event = await told.wait_for(is_state(state), since)
        change = await shown.wait_for(shows(STATE, state), since)
        delays.append(change.at - event.at)

    since = monotonic()
    await home.start_print("Ring.gcode", 60)
    await both(State.PRINTING, since)
    for action, state in (("pause", State.PAUSED), ("resume", State.PRINTING)):
        since = monotonic()
        await home.job("pause", action=action)
        await both(state, since)
    since = monotonic()
    await home.job("cancel")
    await both(State.CANCELLING, since)
    await both(State.OPERATIONAL, since)
    await shown.wait_for(shows(RESULT, "cancelled"), since)

    since = monotonic()
    await home.start_print("Pot.gcode", 3)
    await both(State.PRINTING, since)
    await both(State.FINISHING, since)
    await both(State.OPERATIONAL, since)
    done = await shown.wait_for(shows(RESULT, "done"), since)
    assert max(delays) < AT_ONCE
    # Not just with the next `current`, which may be a second and a half away.
    assert median(delays) < 0.5

    # Nothing is taken back by the polls and messages that follow.
    since = await home.set_bed(30)
    await shown.wait_for(has_target(BED, 30), since)
    await home.hass.call("homeassistant", "update_entity", {"entity_id": STATE})
    await home.set_bed(0)
    await shown.wait_for(shows(BED, "off"), done.at)
    assert values(shown, RESULT)[-2:] == ["cancelled", "done"]
    assert len(values(shown, RESULT)) == 2
    assert len(values(shown, END)) == 2


async def test_target(home: Home, shown: Record[Change]) -> None:
    """Test that a target that was set at OctoPrint shows soon."""
    for target, check in (
        (37, has_target(BED, 37)),
        (36, has_target(BED, 36)),
        (0, shows(BED, "off")),
    ):
        since = await home.set_bed(target)
        change = await shown.wait_for(check, since)
        assert change.at - since < AT_ONCE


async def test_firmware_error(
    home: Home, told: Record[Heard], shown: Record[Change]
) -> None:
    """Test that an error of the firmware shows at once, with its text."""
    await home.octoprint.debug("trigger_fatal_error_marlin")
    event = await told.wait_for(lambda x: isinstance(x, ErrorOccurred))
    for check in (
        lambda x: x.entity_id == "sensor.voron_error" and "Thermal Runaway" in x.state,
        shows("binary_sensor.voron_problem", "on"),
        shows(STATE, "offline_after_error"),
        shows(BED, "unavailable"),
    ):
        assert (await shown.wait_for(check)).at - event.at < AT_ONCE
    error = await home.hass.state("sensor.voron_error") or {}
    assert error["attributes"]["reason"] == "firmware"
    since = monotonic()
    await home.octoprint.request("POST", "/api/connection", json={"command": "connect"})
    event = await told.wait_for(is_state(State.OPERATIONAL), since)
    for check in (
        shows(STATE, "operational"),
        shows("binary_sensor.voron_problem", "off"),
        shows("sensor.voron_error", "no_error"),
    ):
        assert (await shown.wait_for(check, since)).at - event.at < AT_ONCE


async def test_reload_and_remove(home: Home, shown: Record[Change]) -> None:
    """Test that the entry may go while a print runs, which it does not touch."""
    await home.start_print("Ring.gcode", 60)
    await shown.wait_for(shows(STATE, "printing"))
    since = monotonic()
    await home.reload()
    await shown.wait_for(shows(STATE, "printing"), since)
    await home.is_pushed()
    await home.job("pause")
    await shown.wait_for(shows(STATE, "paused"), since)
    since = monotonic()
    await home.job("pause", action="resume")
    await shown.wait_for(shows(STATE, "printing"), since)

    await home.remove()
    assert await home.octoprint.state() == "Printing"
    home.entry_id = await add(home.hass, home.proxy.url, "Voron")
    await home.hass.wait_for(STATE, "printing")
    await home.job("cancel")
    await shown.wait_for(shows(RESULT, "cancelled"), since)
    await shown.wait_for(shows(STATE, "operational"), since)


async def test_two_printers(
    home: Home, ender: OctoPrintServer, shown: Record[Change]
) -> None:
    """Test that each of two printers with the same key tells of itself."""
    async with home.beside(ender) as other:
        for printer, target, bed in ((other, 33, ENDER_BED), (home, 34, BED)):
            since = await printer.set_bed(target)
            change = await shown.wait_for(has_target(bed, target), since)
            assert change.at - since < AT_ONCE
        for target, bed in ((33, BED), (34, ENDER_BED)):
            check = has_target(bed, target)
            assert [x for x in shown.after() if check(x)] == []
        await home.set_bed(0)
        await other.set_bed(0)
        await shown.wait_for(shows(BED, "off"), since)
    assert home.proxy.sockets == 1


async def test_key_revoked(
    home: Home, ender: OctoPrintServer, shown: Record[Change]
) -> None:
    """Test a revoked key, which OctoPrint's socket does not mind."""
    home.log.expected = ["ERROR (MainThread) [custom_components.octoprint_plus] Auth"]
    state = "sensor.ender_state"
    answer = await ender.request(
        "POST", "/api/plugin/appkeys", json={"command": "generate", "app": "Lab"}
    )
    async with home.beside(ender, answer["api_key"]) as other:
        await ender.revoke_app_key("Lab")
        since = await other.set_bed(33)
        await shown.wait_for(has_target(ENDER_BED, 33), since)
        assert await home.hass.flows() == []

        await home.hass.call("homeassistant", "update_entity", {"entity_id": state})
        await shown.wait_for(shows(state, "unavailable"), since)
        await until(lambda: other.proxy.sockets == 0)
        # Home Assistant starts it beside all else.
        await until_async(home.hass.flows)
        [flow] = await home.hass.flows()
        assert (flow["handler"], flow["context"]["source"]) == (DOMAIN, "reauth")
        assert flow["context"]["entry_id"] == other.entry_id
        await other.set_bed(0)
        # It is not asked again and again.
        assert other.proxy.requests.count("POST /api/login") == 1
    assert home.proxy.sockets == 1
