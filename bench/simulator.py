"""Many OctoPrints in one process, each on a port of its own of the loopback; every second one prints.

`GET /simulate` on the control port returns
    `ports`     of the printers
    `states`    of the printers
    `told`      the state events since the last call, as [time.time(), printer, state]
    `currents`  how many of them were sent in all

`POST /simulate` takes `{"printer": 7, "do": "pause"}`, where start, pause, resume and cancel come as they were
recorded, with all their events; and `{"do": "quiet"}` and `{"do": "talk"}`, which hold back all `current`s or not.
"""

import argparse
import asyncio
from contextlib import suppress
import hashlib
import json
from pathlib import Path
import signal
import socket
import sys
import time
from typing import Any, override

from aiohttp import WSMsgType, web

from scripts.lab.server import HOST, ROOT, Server
from tests.recorded import Answer, json_answer

from . import recorded
from .simulated import SimulatedPrinter

API_KEY = "DUMMY_API_KEY"

SOCKET = "/sockjs/websocket"

TICK = 0.5

# Two ticks are never exactly half a second apart.
JITTER = 0.1

WITH_ETAG = ("/api/files", "/api/printerprofiles", "/api/settings")


class Simulator(Server):
    """The simulator as a process."""

    title = "The simulator"

    def __init__(self, folder: Path, printers: int) -> None:
        """Take the folder for its output, and the number of printers."""
        super().__init__(folder, None)
        self._printers = printers

    @override
    def _command(self) -> list[str | Path]:
        module = [sys.executable, "-m", "bench.simulator"]
        return [*module, "--printers", str(self._printers), "--port", str(self.port)]

    @override
    def _environment(self) -> dict[str, str]:
        return super()._environment() | {"PYTHONPATH": str(ROOT)}

    @override
    async def _ready(self) -> bool:
        return len((await self.look())["ports"]) == self._printers

    async def look(self) -> dict[str, Any]:
        """Return ports, states and what was told."""
        async with self.session.get("/simulate") as response:
            answer: dict[str, Any] = await response.json()
        return answer

    async def do(self, action: str, printer: int = 0) -> None:
        """Let a printer do something, or hold back all `current`s."""
        order = {"printer": printer, "do": action}
        async with self.session.post("/simulate", json=order) as response:
            response.raise_for_status()


class Client:
    """One client's socket."""

    def __init__(self, ws: web.WebSocketResponse) -> None:
        """Begin as a client that has not said anything."""
        self.ws = ws
        self.is_known = False
        self.is_told = False
        self.throttle = 1
        self.wants_state = True
        self.events: frozenset[str] | None = None
        """None: all."""

        self.points: list[str] = []
        self._sent_at = 0.0

    def is_due(self, now: float) -> bool:
        """Return whether the next `current` may be sent, and take it as sent."""
        if not self.is_known or not self.wants_state:
            return False
        if now - self._sent_at < TICK * self.throttle - JITTER:
            return False
        self._sent_at = now
        return True

    def subscribe(self, wish: dict[str, Any]) -> None:
        """Take what the client wants to hear; what is missing it does not want."""
        self.wants_state = bool(wish.get("state"))
        events = wish.get("events") or []
        self.events = None if events is True else frozenset(events)

    async def send(self, text: str) -> bool:
        """Send a message, and return whether that was possible."""
        with suppress(ConnectionError):
            await self.ws.send_str(text)
            return True
        return False


class Station:
    """One OctoPrint: its printer, its REST answers and its clients."""

    def __init__(self, number: int, simulation: Simulation) -> None:
        """Every second one prints."""
        self.number = number
        self.printer = SimulatedPrinter(number, prints=number % 2 == 0)
        self.is_busy = False
        self._simulation = simulation
        self._clients: set[Client] = set()
        self._sessions: set[str] = set()

    async def run(self) -> None:
        """Go on for ever."""
        loop = asyncio.get_running_loop()
        # They do not all tick in the same moment.
        due = loop.time() + TICK * self.number / self._simulation.size
        while True:
            await asyncio.sleep(due - loop.time())
            now = loop.time()
            due += TICK
            point = self.printer.tick(TICK, now)
            for client in tuple(self._clients):
                if point is not None:
                    client.points.append(point)
                if not self._simulation.is_quiet and client.is_due(now):
                    points, client.points = client.points, []
                    self._simulation.currents += 1
                    text = f'{{"current": {self.printer.content(points)}}}'
                    if not await client.send(text):
                        self._clients.discard(client)

    async def act(self, action: str) -> None:
        """Let an action happen as it was recorded."""
        self.is_busy = True
        for step in recorded.action(action):
            await asyncio.sleep(step.after)
            text = self.printer.event(step)
            if step.state is not None:
                told = (time.time(), self.number, step.state)
                self._simulation.told.append(told)
            for client in tuple(self._clients):
                wants = client.events is None or step.type in client.events
                if client.is_known and wants:
                    await client.send(text)
        self.is_busy = False

    def answer(self, method: str, path: str, key: str | None) -> Answer:
        """Return the answer to a request."""
        if key != API_KEY:
            return recorded.refused()
        match f"{method} {path}":
            case "GET /api/job":
                return json_answer(self.printer.job())
            case "GET /api/printer":
                return json_answer(self.printer.printer())
            case "GET /api/connection":
                return json_answer(self.printer.connection())
            case "POST /api/login":
                session = f"{self.number:032x}{len(self._sessions):032x}"
                self._sessions.add(session)
                return json_answer(recorded.login() | {"session": session})
            case "GET /api/plugin/action_command_prompt":
                return json_answer(None)
        if method == "GET" and path in recorded.answers():
            return recorded.answers()[path]
        return json_answer({"error": "Not found"}, 404)

    async def serve(self, request: web.BaseRequest) -> web.WebSocketResponse:
        """Serve a client's socket."""
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        client = Client(ws)
        hello = {"connected": recorded.message("connected")}
        await client.send(json.dumps(hello))
        try:
            async for frame in ws:
                if frame.type is WSMsgType.TEXT:
                    await self._take(client, json.loads(frame.data))
        finally:
            self._clients.discard(client)
        return ws

    async def _take(self, client: Client, message: dict[str, Any]) -> None:
        if "subscribe" in message:
            client.subscribe(message["subscribe"])
        elif "throttle" in message:
            client.throttle = message["throttle"]
        elif "auth" in message:
            await self._let_in(client, message["auth"])

    async def _let_in(self, client: Client, auth: str) -> None:
        name, _, session = auth.partition(":")
        if name != recorded.login()["name"] or session not in self._sessions:
            client.is_known = False
            await client.send('{"reauthRequired": {"reason": "stale"}}')
            return
        if not client.is_told:
            client.is_told = True
            if client.wants_state:
                await client.send(f'{{"history": {self.printer.history()}}}')
            await client.send('{"timelapse": null}')
        client.is_known = True
        self._clients.add(client)


class Simulation:
    """All printers, and their control."""

    def __init__(self, size: int) -> None:
        """Make so many."""
        self.size = size
        self.is_quiet = False
        self.currents = 0
        self.told: list[tuple[float, int, str]] = []
        self._stations = [Station(number, self) for number in range(size)]
        self._by_port: dict[int, Station] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, control: int) -> None:
        """Listen and run until it is cancelled."""
        runner = web.ServerRunner(web.Server(self._serve))
        await runner.setup()
        for station in self._stations:
            listener = socket.socket()
            listener.bind((HOST, 0))
            self._by_port[listener.getsockname()[1]] = station
            await web.SockSite(runner, listener).start()
        app = web.Application()
        app.router.add_get("/simulate", self._look)
        app.router.add_post("/simulate", self._order)
        control_runner = web.AppRunner(app, access_log=None)
        await control_runner.setup()
        await web.TCPSite(control_runner, HOST, control).start()
        async with asyncio.TaskGroup() as group:
            for station in self._stations:
                group.create_task(station.run())

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.transport is None:
            raise ConnectionResetError
        port: int = request.transport.get_extra_info("sockname")[1]
        station = self._by_port[port]
        if request.path == SOCKET:
            return await station.serve(request)
        answer = station.answer(
            request.method, request.path, request.headers.get("X-Api-Key")
        )
        headers = dict(answer.headers)
        if answer.status == 200 and request.path.startswith(WITH_ETAG):
            digest = hashlib.sha1(answer.body, usedforsecurity=False).hexdigest()
            headers["ETag"] = f'"{digest}"'
            if request.headers.get("If-None-Match") == headers["ETag"]:
                return web.Response(status=304, headers=headers)
        return web.Response(status=answer.status, body=answer.body, headers=headers)

    async def _look(self, _: web.Request) -> web.Response:
        told, self.told = self.told, []
        return web.json_response(
            {
                "ports": list(self._by_port),
                "states": [station.printer.text for station in self._stations],
                "told": told,
                "currents": self.currents,
            }
        )

    async def _order(self, request: web.Request) -> web.Response:
        order = await request.json()
        action = order["do"]
        if action in ("quiet", "talk"):
            self.is_quiet = action == "quiet"
            return web.Response(status=204)
        station = self._stations[order["printer"]]
        if station.is_busy:
            return web.Response(status=409)
        task = asyncio.create_task(station.act(action))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return web.Response(status=204)


async def run(printers: int, port: int) -> None:
    """Run until a signal ends it."""
    task = asyncio.create_task(Simulation(printers).run(port))
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, task.cancel)
    with suppress(asyncio.CancelledError):
        await task


def main() -> int:
    """Run the simulator."""
    parser = argparse.ArgumentParser(prog="bench.simulator", description=__doc__)
    parser.add_argument("--printers", type=int, required=True)
    parser.add_argument("--port", type=int, required=True, help="of the control")
    arguments = parser.parse_args()
    asyncio.run(run(arguments.printers, arguments.port))
    return 0


if __name__ == "__main__":
    sys.exit(main())
