"""A printer that prints, in a Home Assistant that is watched from outside."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
import os
from pathlib import Path
import re
import signal
from time import monotonic

import aiohttp

from custom_components.octoprint_plus.const import DOMAIN
from scripts.lab import HomeAssistant, OctoPrintServer
from scripts.lab.server import RequestError

from ..home import STATE
from ..record import until
from .proxy import FaultProxy, SocketRelay

# Longer than all faults together.
PRINT_SECONDS = 2 * 3600

# Home Assistant answers a ping within some milliseconds. A machine with two cores that do
# something else, too, may need a second.
MOST_LAG = 2.0
MOST_MEMORY = 250 * 1024 * 1024

# Home Assistant tells of a fault once, and once that it is over.
MOST_LINES = 3

RECOVERY = 90


@dataclass
class Toll:
    """What a fault has cost Home Assistant."""

    lag: float = 0.0
    """The longest answer to a ping, in seconds."""

    memory: int = 0
    """Bytes that it took more at most."""


@dataclass
class PrintingHome:
    """A Home Assistant and an OctoPrint that prints, with a proxy of faults between them."""

    hass: HomeAssistant
    octoprint: OctoPrintServer
    proxy: FaultProxy
    entry_id: str
    _position: int = 0

    async def recovered(self, state: str = "printing") -> None:
        """Wait until all is shown as it is, and told over one socket."""
        await self.hass.wait_entry(self.entry_id, timeout=RECOVERY)
        await self.hass.wait_for(STATE, state, timeout=RECOVERY)
        async with asyncio.timeout(RECOVERY):
            while not await self._is_pushed():
                await asyncio.sleep(0.2)
        await until(lambda: len(self.proxy.relays) == 1)

    async def _is_pushed(self) -> bool:
        answer = await self.hass.get(f"diagnostics/config_entry/{self.entry_id}")
        return bool(answer["data"]["is_pushed"])

    async def reload(self) -> None:
        """Ask Home Assistant to load the entry anew."""
        await self.hass.post(f"config/config_entries/entry/{self.entry_id}/reload", {})

    async def disable(self) -> None:
        """Disable the entry."""
        await self._set_disabled("user")

    async def enable(self) -> None:
        """Enable the entry, if it is disabled."""
        await self._set_disabled(None)

    async def _set_disabled(self, by: str | None) -> None:
        await self.hass.ws(
            "config_entries/disable", entry_id=self.entry_id, disabled_by=by
        )

    async def kill(self) -> None:
        """End Home Assistant as a power cut does."""
        assert self.hass.pid is not None
        os.killpg(self.hass.pid, signal.SIGKILL)
        await self.hass.ended()
        await self.hass.stop()

    async def at_rest(self) -> None:
        """Wait until the printer is connected, cold and idle, and Home Assistant shows it."""
        await self.enable()
        request = self.octoprint.request
        # What was sent to a server that hung may still begin a print.
        calm = 0
        async with asyncio.timeout(RECOVERY):
            while calm < 10:
                state = await self.octoprint.state()
                shown = await self.hass.state(STATE)
                is_calm = state == "Operational" and (
                    shown is not None and shown["state"] == "operational"
                )
                calm = calm + 1 if is_calm else 0
                with suppress(RequestError):
                    if state.startswith(("Printing", "Paused", "Starting")):
                        await request("POST", "/api/job", json={"command": "cancel"})
                    elif state.startswith(("Offline", "Error")):
                        await request(
                            "POST", "/api/connection", json={"command": "connect"}
                        )
                await asyncio.sleep(0.2)
        await request(
            "POST",
            "/api/printer/tool",
            json={"command": "target", "targets": {"tool0": 0}},
        )
        await self.recovered("operational")

    @property
    def relay(self) -> SocketRelay:
        """Return the WebSocket that is open."""
        [relay] = self.proxy.relays
        return relay

    async def goes_on(self) -> None:
        """See that the print is untouched: it goes on in its file."""
        before = self._position
        async with asyncio.timeout(60):
            while True:
                job = await self.octoprint.request("GET", "/api/job")
                assert job["state"] == "Printing"
                self._position = job["progress"]["filepos"] or 0
                if self._position > before:
                    return
                await asyncio.sleep(0.2)

    def complaints(self, since: int) -> list[str]:
        """Return what the integration logged as more than information, or with a traceback."""
        entries = re.split(r"\n(?=\d{4}-\d\d-\d\d )", self.hass.log()[since:])
        return [
            entry
            for entry in entries
            # With each failed poll, Home Assistant tells where it failed to whoever debugs.
            if " DEBUG " not in entry
            and ("Traceback" in entry or f"custom_components.{DOMAIN}" in entry)
            and any(
                level in entry
                for level in (" WARNING ", " ERROR ", " CRITICAL ", "Traceback")
            )
        ]

    @asynccontextmanager
    async def watched(self) -> AsyncGenerator[Toll]:
        """Ping Home Assistant meanwhile and look at its memory."""
        toll = Toll()
        before = self._memory()

        async def watch() -> None:
            async with (
                aiohttp.ClientSession(self.hass.url) as session,
                session.ws_connect("/api/websocket", max_msg_size=0) as socket,
            ):
                await socket.receive_json()
                await socket.send_json(
                    {"type": "auth", "access_token": self.hass.token}
                )
                await socket.receive_json()
                number = 0
                while True:
                    number += 1
                    asked = monotonic()
                    await socket.send_json({"id": number, "type": "ping"})
                    await socket.receive_json()
                    toll.lag = max(toll.lag, monotonic() - asked)
                    toll.memory = max(toll.memory, self._memory() - before)
                    await asyncio.sleep(0.05)

        task = asyncio.create_task(watch())
        try:
            yield toll
            # A ping that is on its way tells of the longest wait.
            answered = toll.lag
            await asyncio.sleep(0.1)
            assert not task.done() or answered, "Home Assistant ended the connection"
        finally:
            task.cancel()
            await asyncio.wait([task])

    def _memory(self) -> int:
        status = Path(f"/proc/{self.hass.pid}/status")
        for line in status.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        return 0
