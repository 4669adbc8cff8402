"""The OctoPrint of the bench: heaters as slow and noisy as real ones, and a watch on its own words."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
import time
from typing import Any, Self, override

from aiohttp import ClientError, ClientSession, ClientWebSocketResponse, WSMsgType

from scripts.lab import LabError, OctoPrintOptions, OctoPrintServer

UUID = "5b1d4c1e-6a0f-4c56-9a6b-0d7f2f3e9a11"

# The virtual printer's heaters are exact and gain 10 degrees a second. What OctoPrint is told of them passes here:
# each wanders about its true value, and follows it upwards no faster than so many degrees a second.
NOISY_HEATERS = '''\
"""Makes the virtual printer's heaters as noisy, and as slow, as real ones."""

import random
import time

__plugin_name__ = "Noisy heaters"
__plugin_pythoncompat__ = ">=3.7,<4"

RATES = {rates}
HOT = 0.4
COLD = 0.1

chance = random.Random(1)
shown = {{}}
noises = {{}}
seen = [time.monotonic()]


def noisy(comm, temperatures):
    now = time.monotonic()
    passed, seen[0] = now - seen[0], now
    for heater, (actual, target) in list(temperatures.items()):
        if actual is None:
            continue
        gain = RATES.get(heater, 10) * passed
        shown[heater] = min(actual, shown.get(heater, actual) + gain)
        noise = 0.8 * noises.get(heater, 0) + chance.gauss(0, 0.15)
        noises[heater] = max(-0.4, min(0.4, noise))
        scale = 1 if target else COLD / HOT
        temperatures[heater] = (
            round(shown[heater] + noises[heater] * scale, 2),
            target,
        )
    return temperatures


__plugin_hooks__ = {{"octoprint.comm.protocol.temperatures.received": noisy}}
'''


class BenchPrinter(OctoPrintServer):
    """An OctoPrint whose printer heats at the given degrees per second."""

    def __init__(self, basedir: Path, *, tool_rate: float, bed_rate: float) -> None:
        """Take the folder and how fast the heaters are."""
        options = OctoPrintOptions(name="Bench printer", upnp_uuid=UUID)
        super().__init__(basedir, options=options)
        self._rates = {"T0": tool_rate, "B": bed_rate}

    @override
    def _prepare(self) -> None:
        super()._prepare()
        plugin = self.folder / "plugins/noisy_heaters.py"
        plugin.write_text(NOISY_HEATERS.format(rates=self._rates), encoding="utf-8")

    async def connect(self) -> None:
        """Connect the printer."""
        await self.request("POST", "/api/connection", json={"command": "connect"})

    async def disconnect(self) -> None:
        """Disconnect the printer, as when it is switched off."""
        await self.request("POST", "/api/connection", json={"command": "disconnect"})

    async def job(self, command: str, **data: Any) -> None:
        """Command the job."""
        await self.request("POST", "/api/job", json={"command": command, **data})

    async def target_tool(self, target: float) -> None:
        """Set the tool's target."""
        await self.request(
            "POST",
            "/api/printer/tool",
            json={"command": "target", "targets": {"tool0": target}},
        )

    async def target_bed(self, target: float) -> None:
        """Set the bed's target."""
        await self.request(
            "POST", "/api/printer/bed", json={"command": "target", "target": target}
        )

    async def wait_cold(self, temperature: float = 30) -> None:
        """Wait until the heaters are cold."""
        async with asyncio.timeout(300):
            while True:
                answer = await self.request("GET", "/api/printer")
                heaters = answer["temperature"].values()
                if all(heater["actual"] < temperature for heater in heaters):
                    return
                await asyncio.sleep(1)


@dataclass
class Watch:
    """Hears OctoPrint's own events, over a socket of its own that no proxy sees."""

    printer: OctoPrintServer
    events: list[tuple[float, str]] = field(default_factory=list)
    """The time and the state of each PrinterStateChanged."""
    heights: list[float] = field(default_factory=list)
    """The time of each ZChange."""
    closed_at: float | None = None
    _session: ClientSession | None = None
    _task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to listen."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """End."""
        await self.stop()

    async def start(self) -> None:
        """Log in and listen; after OctoPrint was started anew, too."""
        await self.stop()
        login = await self.printer.request("POST", "/api/login", json={"passive": True})
        # The printer's own session is closed before the process is told to end.
        self._session = ClientSession(self.printer.url)
        socket = await self._session.ws_connect("/sockjs/websocket", heartbeat=20)
        subscribe = {
            "state": False,
            "events": ["PrinterStateChanged", "ZChange"],
            "plugins": False,
        }
        await socket.send_json({"subscribe": subscribe})
        await socket.send_json({"auth": f"{login['name']}:{login['session']}"})
        self.closed_at = None
        self._task = asyncio.create_task(self._listen(socket))

    async def stop(self) -> None:
        """End listening."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _listen(self, socket: ClientWebSocketResponse) -> None:
        try:
            async for message in socket:
                now = time.time()
                if message.type is not WSMsgType.TEXT:
                    continue
                event = message.json().get("event")
                if event is None:
                    continue
                if event["type"] == "ZChange":
                    self.heights.append(now)
                else:
                    self.events.append((now, event["payload"]["state_id"]))
        except ClientError, OSError:
            pass
        self.closed_at = time.time()

    async def wait_state(
        self, state_id: str, since: float, *, timeout: float = 60
    ) -> float:
        """Return when OctoPrint told this state, the first time since then."""
        end = time.time() + timeout
        while time.time() < end:
            for moment, seen in self.events:
                if moment >= since and seen == state_id:
                    return moment
            await asyncio.sleep(0.01)
        raise LabError(f"OctoPrint did not tell {state_id} within {timeout} s")

    async def wait_closed(self, *, timeout: float = 30) -> float:
        """Return when the socket dropped."""
        async with asyncio.timeout(timeout):
            while self.closed_at is None:
                await asyncio.sleep(0.005)
        return self.closed_at
