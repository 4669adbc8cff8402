"""A printer in a real Home Assistant, with a proxy between them."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
import re
from time import monotonic
from typing import Any

from custom_components.octoprint_plus.const import DOMAIN
from custom_components.octoprint_plus.coordinator import POLL_PUSHED
from scripts.lab import HomeAssistant, OctoPrintServer
from scripts.lab.octoprint_config import ADMIN_KEY
from scripts.lab.sample_print import sample_print

from .proxy import TcpProxy
from .record import Change, Record, until

STATE = "sensor.voron_state"
RESULT = "sensor.voron_last_print_result"
END = "sensor.voron_last_print_end"
BED = "climate.voron_bed"

# Seconds within which Home Assistant shows what OctoPrint told. On a quiet machine
# it takes some hundredths, or some seconds for what has no event and comes with a
# `current`. A busy one may stall for long, but polls are minutes apart.
AT_ONCE = 30

PUSHED = POLL_PUSHED.total_seconds()

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
        """Set the bed's target at OctoPrint and return when that began."""
        began = monotonic()
        await self.octoprint.request(
            "POST", "/api/printer/bed", json={"command": "target", "target": target}
        )
        return began

    async def reload(self) -> None:
        """Reload the entry."""
        await self.hass.post(f"config/config_entries/entry/{self.entry_id}/reload", {})
        await self.hass.wait_entry(self.entry_id)

    async def is_pushed(self, *, sockets: int | None = 1) -> None:
        """Wait until OctoPrint tells by itself what changes, and the poll after it is over.

        Over so many sockets, None where old ones are still there.
        """
        async with asyncio.timeout(60):
            while True:
                answer = await self.hass.get(
                    f"diagnostics/config_entry/{self.entry_id}"
                )
                found = answer["data"]
                if found["is_pushed"] and found["poll_interval"] == PUSHED:
                    break
                await asyncio.sleep(0.1)
        if sockets is not None:
            await until(lambda: self.proxy.sockets == sockets)

    async def remove(self) -> None:
        """Remove the entry, and see that its socket goes."""
        await self.hass.delete(f"config/config_entries/entry/{self.entry_id}")
        await until(lambda: self.proxy.sockets == 0)

    @asynccontextmanager
    async def beside(
        self, octoprint: OctoPrintServer, key: str = ADMIN_KEY
    ) -> AsyncGenerator[Home]:
        """Add another OctoPrint to the same Home Assistant meanwhile."""
        async with TcpProxy(octoprint) as proxy:
            entry_id = await add(self.hass, proxy.url, "Ender", key)
            other = Home(self.hass, octoprint, proxy, entry_id)
            try:
                await other.is_pushed()
                yield other
            finally:
                await other.remove()


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
