"""Reads what many printers push and does nothing with it: what of the costs is the machine's and aiohttp's."""

import asyncio
import json
import sys
import time

from aiohttp import ClientSession, ClientWebSocketResponse, TCPConnector, WSMsgType

from custom_components.octoprint_plus.api.socket.messages import EVENTS
from custom_components.octoprint_plus.api.socket.push import THROTTLE_CALM
from scripts.lab.server import HOST, ROOT, LabError

from .simulator import API_KEY

SETTLE_SECONDS = 3.0

WISH = {
    "state": {"logs": False, "messages": False},
    "events": list(EVENTS),
    "plugins": False,
}


async def listen(ports: list[int], seconds: float) -> dict[str, float]:
    """Return what a process of its own takes to listen to printers."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.listener", str(seconds), *map(str, ports)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(seconds + 60):
            output, _ = await process.communicate()
    except BaseException:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        raise LabError("the listener failed")
    answer: dict[str, float] = json.loads(output)
    return answer


class Listener:
    """Counts the messages of all printers."""

    def __init__(self) -> None:
        """Begin with none."""
        self.messages = 0

    async def read(self, session: ClientSession, port: int) -> None:
        """Log in as the integration does, and read for ever."""
        url = f"http://{HOST}:{port}"
        key = {"X-Api-Key": API_KEY}
        passive = {"passive": True}
        async with session.post(
            f"{url}/api/login", headers=key, json=passive
        ) as response:
            login = await response.json()
        async with session.ws_connect(
            f"{url}/sockjs/websocket", compress=15, decode_text=False, heartbeat=15
        ) as socket:
            await socket.send_json({"subscribe": WISH})
            await socket.send_json({"throttle": THROTTLE_CALM})
            await socket.send_json({"auth": f"{login['name']}:{login['session']}"})
            await self._count(socket)

    async def _count(self, socket: ClientWebSocketResponse[bool]) -> None:
        while (await socket.receive()).type is WSMsgType.TEXT:
            self.messages += 1
        raise LabError("a socket was closed")


async def measure(ports: list[int], seconds: float) -> dict[str, float]:
    """Listen, and return what that takes of this process."""
    listener = Listener()
    # As many connections as it takes.
    connector = TCPConnector(limit=0)
    async with (
        ClientSession(connector=connector) as session,
        asyncio.TaskGroup() as group,
    ):
        tasks = [group.create_task(listener.read(session, port)) for port in ports]
        await asyncio.sleep(SETTLE_SECONDS)
        began, used, before = (
            time.perf_counter(),
            time.process_time(),
            listener.messages,
        )
        await asyncio.sleep(seconds)
        took = time.perf_counter() - began
        result = {
            "cpu_percent": (time.process_time() - used) / took * 100,
            "messages_per_second": (listener.messages - before) / took,
        }
        for task in tasks:
            task.cancel()
    return result


def main() -> int:
    """Print the result as JSON."""
    seconds, *ports = sys.argv[1:]
    print(json.dumps(asyncio.run(measure(list(map(int, ports)), float(seconds)))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
