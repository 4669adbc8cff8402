"""What a poll reads, and how much of it is due."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic

from .api import (
    OctoPrintAuthError,
    OctoPrintClient,
    OctoPrintConflictError,
    OctoPrintError,
    OctoPrintNotFoundError,
    OctoPrintPermissionError,
    OctoPrintRequestError,
    RunningPrint,
    ServerData,
    Snapshot,
)
from .api.connection import Connection
from .api.controls import Control
from .api.job import Job
from .api.memory import LastPrint, settle
from .api.printer import PrinterError, PrinterState
from .api.state import CONNECTING_STATES, OFFLINE_STATES, parse_state
from .api.timelapse import TimelapseConfig
from .const import LOGGER

# Settings, profiles, commands and the key's permissions change when an
# administrator changes them, now and then. The socket tells of most of that.
MAX_AGE_POLLED = timedelta(minutes=5).total_seconds()
MAX_AGE_PUSHED = timedelta(hours=2).total_seconds()

# Bytes. The free space always moves a little, and nobody acts upon less.
FREE_SPACE_STEP = 100_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """What one poll was answered; where something was not due, what is known of it."""

    server: ServerData
    connection: Connection
    job: Job
    printer: PrinterState | None
    """None while the printer is not connected."""

    error: PrinterError | None


class OctoPrintPoller:
    """Reads one server."""

    def __init__(self, client: OctoPrintClient, name: str) -> None:
        """Take the client, and the printer's name for the log."""
        self._client = client
        self._name = name
        self._read_at: float | None = None
        self._expired = 0
        self._failing: set[str] = set()

    @property
    def has_expired(self) -> bool:
        """Return whether what was read had to be read again before the end of the poll."""
        return self._read_at is None

    def expire(self) -> None:
        """Let the next poll read everything, also what changes rarely."""
        self._read_at = None
        self._expired += 1

    async def async_read(
        self, previous: Snapshot | None, *, is_pushed: bool
    ) -> Answers:
        """Read what is due: while it is pushed, just job and printer most of the time."""
        expired = self._expired
        job, printer = await self._async_get_job()
        has_connected = printer is not None and not (previous and previous.is_connected)
        if previous and is_pushed and self._is_fresh(MAX_AGE_PUSHED):
            return Answers(
                server=previous.server,
                connection=previous.connection,
                job=job,
                printer=printer,
                error=previous.error,
            )
        connection = await self._client.connection.get()
        if previous is not None and (
            connection.printer_profile != previous.connection.printer_profile
            or has_connected
        ):
            # Its profile may have been made or changed a moment ago.
            self._read_at = None
        if previous and self._is_fresh(MAX_AGE_POLLED):
            server = previous.server
        else:
            server = await self._async_get_server(previous)
            # What changed while it was read has to be read again.
            self._read_at = monotonic() if expired == self._expired else None
        return Answers(
            server=server,
            connection=connection,
            job=job,
            printer=printer,
            error=await self._async_get_error(server, previous),
        )

    async def async_settle(
        self, snapshot: Snapshot, last_print: LastPrint, running: RunningPrint
    ) -> LastPrint | None:
        """Return the end of a print by its file's own history, None if it has none yet."""
        if running.file.origin != "local" or not snapshot.server.user.may("FILES_LIST"):
            return last_print
        try:
            entry = await self._client.files.info("local", running.file.path)
        except OctoPrintError:
            return None
        history = entry.prints.last if entry.prints else None
        return settle(last_print, running, history) if history else None

    def _is_fresh(self, max_age: float) -> bool:
        return self._read_at is not None and monotonic() - self._read_at < max_age

    async def _async_get_job(self) -> tuple[Job, PrinterState | None]:
        """Read the job and, while it is connected, the printer."""
        job = await self._client.job.get()
        state = parse_state(job.state)
        if state in OFFLINE_STATES or state in CONNECTING_STATES:
            # It would answer 409, each time with a warning in OctoPrint's log.
            return job, None
        try:
            return job, await self._client.printer.get()
        except OctoPrintConflictError:
            # The printer went away between the two answers.
            return await self._client.job.get(), None

    async def _async_get_server(self, previous: Snapshot | None) -> ServerData:
        """Read what changes rarely."""
        client = self._client
        old = previous.server if previous else None
        user = await client.access.current_user()
        if user.name is None:
            # Where guests may read, an unknown key is not refused but taken for none.
            raise OctoPrintAuthError("OctoPrint does not know the API key")
        data = ServerData(
            server=await client.server.get(),
            user=user,
            settings=await self._async_get_optional(
                client.settings.get, old.settings if old else None
            )
            if user.may("SETTINGS_READ")
            else None,
            profiles=await self._async_get_optional(
                client.profiles.list, old.profiles if old else {}
            )
            if user.may("CONNECTION")
            else {},
            commands=await self._async_get_optional(
                client.system.commands, old.commands if old else ()
            )
            if user.may("SYSTEM")
            else (),
            timelapse=await self._async_get_optional(
                self._async_get_timelapse, old.timelapse if old else None
            )
            if user.may("TIMELAPSE_LIST")
            else None,
            free_space=_steady_free_space(
                old.free_space if old else None,
                await self._async_get_optional(
                    self._async_get_disk
                    if user.may("SYSTEM")
                    else self._async_get_storage,
                    old.free_space if old else None,
                )
                if user.may("SYSTEM") or user.may("FILES_LIST")
                else None,
            ),
            controls=await self._async_get_optional(
                self._async_get_controls, old.controls if old else {}
            )
            if user.may("CONTROL")
            else {},
        )
        return old if old == data else data

    async def _async_get_timelapse(self) -> TimelapseConfig | None:
        """Read how prints are recorded; None where timelapses are switched off."""
        found = await self._client.timelapse.list()
        return found.config if found.is_enabled else None

    async def _async_get_disk(self) -> int | None:
        """Read the free space of the disk that files are uploaded to."""
        usage = (await self._client.system.usage()).get("uploads")
        return usage.free if usage else None

    async def _async_get_storage(self) -> int | None:
        """Read the same with the files, which is all that most keys may."""
        # With one storage OctoPrint 2 counts what is reserved for the system as free.
        return (await self._client.files.list(recursive=False)).free

    async def _async_get_controls(self) -> Mapping[str, Control]:
        """Read the user's own controls."""
        return (await self._client.printer.controls()).runnable()

    async def _async_get_optional[T](
        self, get: Callable[[], Awaitable[T]], known: T
    ) -> T:
        """Read what printing does not depend on; where that fails, keep what is known."""
        name = get.__qualname__
        try:
            answer = await get()
        except (
            OctoPrintConflictError,
            OctoPrintNotFoundError,
            OctoPrintPermissionError,
            OctoPrintRequestError,
        ) as err:
            if name not in self._failing:
                self._failing.add(name)
                LOGGER.warning("%s: OctoPrint failed to answer: %s", self._name, err)
            return known
        self._failing.discard(name)
        return answer

    async def _async_get_error(
        self, server: ServerData, previous: Snapshot | None
    ) -> PrinterError | None:
        """Read the last error, where this OctoPrint tells it."""
        if not server.server.is_at_least(1, 10):
            return None
        known = previous.error if previous else None
        return await self._async_get_optional(self._client.printer.error, known)


def _steady_free_space(known: int | None, read: int | None) -> int | None:
    """Return the free space, the one known as long as it is nearly right."""
    if known is None or read is None or abs(read - known) >= FREE_SPACE_STEP:
        return read
    return known
