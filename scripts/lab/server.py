"""What every server of the lab shares: a process group of its own, a port on 127.0.0.1, start, stop, restart."""

from abc import ABC, abstractmethod
import asyncio
from contextlib import suppress
import os
from pathlib import Path
import random
import signal
import socket
from types import TracebackType
from typing import Any, Self

from aiohttp import (
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    TCPConnector,
)

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"


class LabError(Exception):
    """A server did not do what it was asked to."""


class RequestError(LabError):
    """A server answered with an error."""

    def __init__(self, request: str, status: int | str, answer: Any) -> None:
        """Keep the status (or the websocket's error code) and the answer."""
        super().__init__(f"{request}: {status} {answer}")
        self.status = status
        self.answer = answer


def free_port(preferred: int | None = None) -> int:
    """Return the preferred port if it is free, else any free one."""
    # Below the range that the system takes for outgoing connections, so that it is still free after a restart.
    # Tests that run at the same time have ports of their own, also while a server of theirs is stopped.
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 4
    lowest = 20000 + 2500 * worker
    candidates = [random.randint(lowest, lowest + 2499) for _ in range(100)]
    for port in [preferred, *candidates] if preferred else candidates:
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
            return port
    raise LabError("found no free port")


async def read_answer(request: str, response: ClientResponse) -> Any:
    """Return an answer's JSON or text (None if it is empty), or raise its error."""
    answer: Any = await response.text()
    if response.content_type == "application/json":
        answer = await response.json()
    if not response.ok:
        raise RequestError(request, response.status, answer)
    return None if answer == "" else answer


class Server(ABC):
    """One server process."""

    title: str
    start_timeout = 120.0
    stop_timeout = 30.0

    def __init__(self, folder: Path, port: int | None) -> None:
        """Take the server's folder, and its port or a free one."""
        self.folder = folder.resolve()
        self.port = port or free_port()
        self._process: asyncio.subprocess.Process | None = None
        self._session: ClientSession | None = None

    @property
    def url(self) -> str:
        """Return the server's address."""
        return f"http://{HOST}:{self.port}"

    @property
    def pid(self) -> int | None:
        """Return the process id while the server runs."""
        process = self._process
        return process.pid if process and process.returncode is None else None

    @property
    def output(self) -> Path:
        """Return the file with what the process printed."""
        return self.folder / "output.log"

    @property
    def session(self) -> ClientSession:
        """Return the HTTP session."""
        if self._session is None:
            raise LabError(f"{self.title} is not started")
        return self._session

    def _prepare(self) -> None:
        """Write what the server needs before it starts."""
        self.folder.mkdir(parents=True, exist_ok=True)

    @abstractmethod
    def _command(self) -> list[str | Path]:
        """Return the command that starts the server."""

    @abstractmethod
    async def _ready(self) -> bool:
        """Return whether the server can be used."""

    def _environment(self) -> dict[str, str]:
        return dict(os.environ)

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop."""
        await self.stop()

    async def start(self) -> None:
        """Start the server and wait until it can be used; where that fails nothing is left running."""
        if self._process is not None:
            raise LabError(f"{self.title} is started already")
        await asyncio.to_thread(self._prepare)
        # OctoPrint 1.9 closes a connection after each answer without saying so.
        connector = TCPConnector(force_close=True)
        self._session = ClientSession(
            self.url, connector=connector, timeout=ClientTimeout(total=30)
        )
        try:
            with self.output.open("ab") as output:
                self._process = await asyncio.create_subprocess_exec(
                    *self._command(),
                    cwd=self.folder,
                    env=self._environment(),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    # Ctrl-C in a terminal must not reach the server before we end it in order.
                    start_new_session=True,
                )
            await self._until_ready(self._process)
        except BaseException:
            await self.stop()
            raise

    async def _until_ready(self, process: asyncio.subprocess.Process) -> None:
        try:
            async with asyncio.timeout(self.start_timeout):
                while process.returncode is None:
                    # Nobody listens yet, or OctoPrint closes the connections of its first moments.
                    with suppress(ClientError, OSError):
                        if await self._ready():
                            return
                    await asyncio.sleep(0.1)
        except TimeoutError:
            reason = f"was not ready within {self.start_timeout:.0f} s"
        else:
            reason = f"ended with {process.returncode}"
        raise LabError(f"{self.title} on port {self.port} {reason}:\n{self.tail()}")

    async def stop(self) -> None:
        """End the server, by force where it does not end in time."""
        process, self._process = self._process, None
        session, self._session = self._session, None
        if session is not None:
            await session.close()
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(self.stop_timeout):
                await process.wait()
        except TimeoutError:
            pass
        finally:
            # What the server started itself (OctoPrint's analysis of a file) ends with it.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        await process.wait()

    async def restart(self) -> None:
        """Stop and start again, in the same folder and on the same port."""
        await self.stop()
        await self.start()

    async def ended(self) -> int:
        """Wait until the process ends by itself and return its code."""
        if self._process is None:
            raise LabError(f"{self.title} is not started")
        return await self._process.wait()

    def tail(self, lines: int = 40) -> str:
        """Return the last lines that the process printed."""
        if not self.output.exists():
            return ""
        text = self.output.read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:])
