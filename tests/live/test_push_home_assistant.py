"""Tests of a printer that tells Home Assistant by itself what changes, and of all that may come between."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import re
from statistics import median
from time import monotonic
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from pytest_socket import enable_socket
from yarl import URL

from custom_components.octoprint_plus.api import OctoPrintClient, State
from custom_components.octoprint_plus.api.messages import ErrorOccurred, StateChanged
from custom_components.octoprint_plus.api.push import OctoPrintPush, PushStarted
from custom_components.octoprint_plus.const import DOMAIN
from scripts.lab import HomeAssistant, OctoPrintOptions, OctoPrintServer
from scripts.lab.octoprint_config import ADMIN_KEY
from scripts.lab.sample_print import sample_print

from .conftest import UUID
from .proxy import TcpProxy
from .record import Change, Heard, Record, listening, until, watching

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]

STATE = "sensor.voron_state"
RESULT = "sensor.voron_last_print_result"
END = "sensor.voron_last_print_end"
BED = "climate.voron_bed"

# Seconds within which Home Assistant shows what OctoPrint told. On a quiet machine
# it takes some hundredths.
AT_ONCE = 1

# A target has no event, so it comes with a `current`.
WITH_CURRENT = 2.5

# Home Assistant waits 20 seconds and more for what does not end by itself.
STOPPED = 10

AWAY = "ERROR (MainThread) [custom_components.octoprint_plus] Error fetching Voron data"
RECOVERED = (
    "INFO (MainThread) [custom_components.octoprint_plus] Fetching Voron data recovered"
)


class Log:
    """What a Home Assistant logs while a test runs."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Begin with what is logged from now on."""
        self.expected: list[str] = []
        """What the lines that tell of a fault have to hold, in their order."""

        self._hass = hass
        self._start = len(hass.log())

    def lines(self, *texts: str) -> list[str]:
        """Return what is logged with any of some texts."""
        entries = re.split(r"\n(?=\d{4}-\d\d-\d\d )", self._hass.log()[self._start :])
        return [entry for entry in entries if any(text in entry for text in texts)]

    def check(self) -> None:
        """See that no fault is logged but those that are expected."""
        faults = [
            line
            for line in self.lines(" WARNING ", " ERROR ", " CRITICAL ", "Traceback")
            # With each failed poll, Home Assistant tells where it failed to whoever debugs.
            if " DEBUG " not in line
        ]
        assert len(faults) == len(self.expected), faults
        for fault, expected in zip(faults, self.expected, strict=True):
            assert expected in fault
            assert "Traceback" not in fault


@dataclass
class Home:
    """A Home Assistant and an OctoPrint, with a proxy between them."""

    hass: HomeAssistant
    octoprint: OctoPrintServer
    proxy: TcpProxy
    entry_id: str
    log: Log = field(init=False)

    async def start_print(self, name: str, seconds: float) -> None:
        """Upload a file and print it, with next to no time for heating."""
        gcode = sample_print(seconds, nozzle=25, bed=25)
        await self.octoprint.upload(name, gcode, print_=True)

    async def job(self, command: str, **data: Any) -> None:
        """Command the job at OctoPrint, as somebody on its own page."""
        await self.octoprint.request(
            "POST", "/api/job", json={"command": command} | data
        )

    async def set_bed(self, target: int) -> float:
        """Set the bed's target at OctoPrint and return when it was set."""
        return await set_bed(self.octoprint, target)

    async def reload(self) -> None:
        """Reload the entry."""
        await self.hass.post(f"config/config_entries/entry/{self.entry_id}/reload", {})
        await self.hass.wait_entry(self.entry_id)

    async def is_pushed(self) -> None:
        """Wait until OctoPrint tells by itself what changes, over one socket."""
        await is_pushed(self.hass, self.entry_id)
        await until(lambda: self.proxy.sockets == 1, timeout=5)

    async def end_print(self) -> None:
        """Cancel the print, and wait until Home Assistant knows."""
        await self.job("cancel")
        await self.hass.wait_for(STATE, "operational")


async def add(hass: HomeAssistant, url: str, name: str, key: str = ADMIN_KEY) -> str:
    """Add the OctoPrint at an address and return the entry's id."""
    step = await hass.flow_start(DOMAIN)
    for answer in (
        {"url": url, "verify_ssl": True},
        {"next_step_id": "api_key"},
        {"api_key": key},
        {"name": name},
    ):
        step = await hass.flow_step(step["flow_id"], answer)
    entry_id = str(step["result"]["entry_id"])
    await hass.wait_entry(entry_id)
    return entry_id


async def is_pushed(hass: HomeAssistant, entry_id: str) -> None:
    """Wait until an OctoPrint tells by itself what changes."""
    async with asyncio.timeout(60):
        while True:
            answer = await hass.get(f"diagnostics/config_entry/{entry_id}")
            if answer["data"]["is_pushed"]:
                return
            await asyncio.sleep(0.1)


async def remove(hass: HomeAssistant, entry_id: str) -> None:
    """Remove an entry."""
    await hass.delete(f"config/config_entries/entry/{entry_id}")


async def set_bed(octoprint: OctoPrintServer, target: int) -> float:
    """Set the bed's target at an OctoPrint and return when it was set."""
    await octoprint.request(
        "POST", "/api/printer/bed", json={"command": "target", "target": target}
    )
    return monotonic()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lab(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Home]:
    """Return a Home Assistant with a printer."""
    # The harness forbids sockets before the fixtures of a module are made.
    enable_socket()
    folder = tmp_path_factory.mktemp("lab")
    options = OctoPrintOptions(name="Voron", upnp_uuid=UUID)
    async with (
        OctoPrintServer(folder / "octoprint", options=options) as octoprint,
        TcpProxy(octoprint) as proxy,
        HomeAssistant(folder / "hass") as hass,
    ):
        entry_id = await add(hass, proxy.url, "Voron")
        yield Home(hass, octoprint, proxy, entry_id)


@pytest_asyncio.fixture(loop_scope="module")
async def home(lab: Home) -> AsyncGenerator[Home]:
    """Return it while OctoPrint's socket is up, and see what it logged meanwhile."""
    if lab.hass.pid is None:
        await lab.hass.start()
    # The pauses between attempts grow with each socket that is lost soon, as in the
    # tests before.
    await lab.reload()
    await lab.is_pushed()
    await lab.hass.wait_for(STATE, "operational")
    lab.log = Log(lab.hass)
    yield lab
    lab.log.check()


@pytest_asyncio.fixture(loop_scope="module")
async def shown(home: Home) -> AsyncGenerator[Record[Change]]:
    """Return what Home Assistant shows."""
    async with watching(home.hass) as record:
        yield record


@pytest_asyncio.fixture(loop_scope="module")
async def told(home: Home) -> AsyncGenerator[Record[Heard]]:
    """Return what OctoPrint tells."""
    async with aiohttp.ClientSession() as session:
        client = OctoPrintClient(session, URL(home.octoprint.url), ADMIN_KEY)
        async with listening(OctoPrintPush(client)) as record:
            await record.wait_for(lambda x: isinstance(x, PushStarted))
            yield record


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ender(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncGenerator[OctoPrintServer]:
    """Return another OctoPrint, with the same keys."""
    enable_socket()
    options = OctoPrintOptions(name="Ender")
    folder = tmp_path_factory.mktemp("ender")
    async with OctoPrintServer(folder, options=options) as server:
        yield server


def is_state(state: State) -> Callable[[Heard], bool]:
    """Return a check for the event of a state."""
    return lambda x: isinstance(x, StateChanged) and x.state is state


def shows(entity_id: str, state: str) -> Callable[[Change], bool]:
    """Return a check for a state of an entity."""
    return lambda x: (x.entity_id, x.state) == (entity_id, state)


def has_target(entity_id: str, target: int) -> Callable[[Change], bool]:
    """Return a check for a target temperature of a heater."""
    return lambda x: (
        x.entity_id == entity_id and x.attributes.get("temperature") == target
    )


def values(shown: Record[Change], entity_id: str, since: float = 0) -> list[str]:
    """Return what an entity showed, one value after the other."""
    values: list[str] = []
    for change in shown.after(since):
        if change.entity_id == entity_id and change.state not in values[-1:]:
            values.append(change.state)
    return values


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
    # Not just with the next `current`.
    assert median(delays) < AT_ONCE / 5

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
        since = monotonic()
        set_at = await home.set_bed(target)
        change = await shown.wait_for(check, since)
        assert change.at - set_at < WITH_CURRENT


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


async def test_server_away(home: Home, shown: Record[Change]) -> None:
    """Test a server that stops and starts again: one line each way, and no reload."""
    home.log.expected = [AWAY]
    await home.octoprint.stop()
    stopped_at = monotonic()
    assert (await shown.wait_for(shows(STATE, "unavailable"))).at - stopped_at < AT_ONCE
    await home.octoprint.start()
    await shown.wait_for(shows(STATE, "operational"), stopped_at)
    await home.is_pushed()
    assert len(home.log.lines(RECOVERED)) == 1
    # Home Assistant marks the states of entities that are not loaded.
    assert [x for x in shown.after() if "restored" in x.attributes] == []


async def test_print_ends_out_of_sight(home: Home, shown: Record[Change]) -> None:
    """Test a print that ends while OctoPrint cannot be reached."""
    home.log.expected = [AWAY]
    await home.start_print("Vase.gcode", 3)
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
    assert abs(datetime.fromisoformat(end) - ended) < timedelta(seconds=3)
    name = await home.hass.state("sensor.voron_last_print") or {}
    assert name["state"] == "Vase.gcode"
    assert len(home.log.lines(RECOVERED)) == 1


async def test_cable_pulled(home: Home, shown: Record[Change]) -> None:
    """Test that nothing comes any more, not even an end of the connection."""
    home.log.expected = [AWAY]
    home.proxy.freeze(new=True)
    await shown.wait_for(shows(STATE, "unavailable"), timeout=45)
    home.proxy.thaw()
    await shown.wait_for(shows(STATE, "operational"))
    await home.is_pushed()
    assert len(home.log.lines(RECOVERED)) == 1


async def test_connection_forgotten(home: Home, shown: Record[Change]) -> None:
    """Test a socket that died in silence while the server can be reached."""
    sockets = home.proxy.requests.count("GET /sockjs/websocket")
    home.proxy.freeze(new=False)
    await until(
        lambda: home.proxy.requests.count("GET /sockjs/websocket") > sockets, timeout=45
    )
    since = await home.set_bed(35)
    change = await shown.wait_for(has_target(BED, 35), since)
    assert change.at - since < WITH_CURRENT
    await home.set_bed(0)
    await shown.wait_for(shows(BED, "off"), since)
    assert values(shown, STATE) == []
    home.proxy.thaw()
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
    await shown.wait_for(has_target(BED, 39), since, timeout=20)
    await until(lambda: home.log.lines(*home.log.expected))
    assert home.proxy.sockets == 0
    home.proxy.refuses_sockets = False
    await until(lambda: home.log.lines("OctoPrint's socket is back"))
    since = await home.set_bed(0)
    change = await shown.wait_for(shows(BED, "off"), since)
    assert change.at - since < WITH_CURRENT
    assert values(shown, STATE) == []
    [line] = home.log.lines("OctoPrint's socket is back")
    assert " INFO " in line


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

    await remove(home.hass, home.entry_id)
    await until(lambda: home.proxy.sockets == 0, timeout=5)
    assert await home.octoprint.state() == "Printing"
    home.entry_id = await add(home.hass, home.proxy.url, "Voron")
    await home.hass.wait_for(STATE, "printing")
    await home.end_print()
    await shown.wait_for(shows(RESULT, "cancelled"), since)


async def test_two_printers(
    home: Home, ender: OctoPrintServer, shown: Record[Change]
) -> None:
    """Test that each of two printers with the same key tells of itself."""
    async with TcpProxy(ender) as proxy:
        entry_id = await add(home.hass, proxy.url, "Ender")
        await is_pushed(home.hass, entry_id)
        since = await set_bed(ender, 33)
        change = await shown.wait_for(has_target("climate.ender_bed", 33), since)
        assert change.at - since < WITH_CURRENT
        since = await home.set_bed(34)
        change = await shown.wait_for(has_target(BED, 34), since)
        assert change.at - since < WITH_CURRENT
        for target, entity_id in ((33, BED), (34, "climate.ender_bed")):
            check = has_target(entity_id, target)
            assert [x for x in shown.after() if check(x)] == []
        await home.set_bed(0)
        await set_bed(ender, 0)
        await shown.wait_for(shows(BED, "off"), since)
        await remove(home.hass, entry_id)
        await until(lambda: proxy.sockets == 0, timeout=5)
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
    async with TcpProxy(ender) as proxy:
        entry_id = await add(home.hass, proxy.url, "Ender", answer["api_key"])
        await is_pushed(home.hass, entry_id)
        await ender.revoke_app_key("Lab")
        since = await set_bed(ender, 33)
        await shown.wait_for(has_target("climate.ender_bed", 33), since)
        assert await home.hass.flows() == []

        await home.hass.call("homeassistant", "update_entity", {"entity_id": state})
        await shown.wait_for(shows(state, "unavailable"), since)
        await until(lambda: proxy.sockets == 0, timeout=5)
        [flow] = await home.hass.flows()
        assert (flow["handler"], flow["context"]["source"]) == (DOMAIN, "reauth")
        assert flow["context"]["entry_id"] == entry_id
        await set_bed(ender, 0)
        # It is not asked again and again.
        logins = proxy.requests.count("POST /api/login")
        await remove(home.hass, entry_id)
    assert logins == 1
    assert home.proxy.sockets == 1


async def test_stop_while_listening(home: Home) -> None:
    """Test that Home Assistant stops while the socket is up."""
    began = monotonic()
    await home.hass.stop()
    assert monotonic() - began < STOPPED
    await until(lambda: home.proxy.sockets == 0, timeout=5)


async def test_stop_while_waiting(home: Home) -> None:
    """Test that Home Assistant stops between two attempts to open the socket."""
    home.log.expected = [AWAY]
    await home.proxy.cut()
    # The pause after it is one of at least 2 seconds.
    await until(lambda: home.log.lines("no socket (2)"))
    began = monotonic()
    await home.hass.stop()
    assert monotonic() - began < STOPPED
    await home.proxy.restore()
