"""What a poll reads, and how much of it is due."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from time import monotonic
from typing import Any

from ..api import (
    CONNECTING_STATES,
    OFFLINE_STATES,
    Connection,
    Control,
    CurrentUser,
    Job,
    OctoPrintAuthError,
    OctoPrintClient,
    OctoPrintConflictError,
    OctoPrintError,
    Permission,
    PrinterError,
    PrinterState,
    TimelapseConfig,
    parse_state,
)
from ..model.prints import LastPrint, RunningPrint, settle
from ..model.snapshot import ServerData, Snapshot
from .optional_reader import FIRST_RETRY, OptionalReader

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

    def __init__(
        self,
        client: OctoPrintClient,
        optional: OptionalReader,
        latest: Callable[[], Snapshot | None],
    ) -> None:
        """Take the client, what reads all that may be missing, and what returns the latest snapshot."""
        self._client = client
        self._optional = optional
        self._latest = latest
        self._read_at: float | None = None
        self._retry_at = float("inf")
        self._expired = 0
        self._readable: Collection[str] = ()

    @property
    def has_expired(self) -> bool:
        """Return whether what was read had to be read again before the end of the poll."""
        return self._read_at is None

    @property
    def retry_in(self) -> float | None:
        """Return in how many seconds something that failed is to be read again."""
        return self._optional.retry_in(self._readable)

    def expire(self) -> None:
        """Let the next poll read everything, also what changes rarely."""
        self._read_at = None
        self._expired += 1
        self._optional.expire()

    async def async_read(
        self, previous: Snapshot | None, *, is_pushed: bool
    ) -> Answers:
        """Read what is due: while it is pushed, just job and printer most of the time."""
        expired = self._expired
        job, printer = await self._async_get_job()
        has_connected = printer is not None and not (previous and previous.is_connected)
        is_calm = is_pushed and self._is_fresh(MAX_AGE_PUSHED)
        if previous and is_calm:
            connection = previous.connection
        else:
            connection = await self._client.connection.get()
        if previous is not None and (
            connection.printer_profile != previous.connection.printer_profile
            or (has_connected and not is_calm)
        ):
            # Its profile may have been made or changed a moment ago.
            self._read_at = None
        if previous and (is_calm or self._is_fresh(MAX_AGE_POLLED)):
            server, due = previous.server, self._optional.due
        else:
            server, due = await self._async_get_server(previous), None
        reads = self._reads(server)
        self._readable = frozenset(reads)
        if due is not None:
            reads = {name: read for name, read in reads.items() if name in due}
        # Older ones do not tell it, and while it is pushed it is pushed, too.
        if server.server.is_at_least(1, 10) and not (previous and is_calm):
            reads["error"] = self._client.printer.error
        answers = await self._optional.async_read(reads)
        if due is None:
            # What changed while it was read has to be read again.
            self._read_at = monotonic() if expired == self._expired else None
        known = previous.error if previous else None
        error = answers.pop("error", known)
        latest = self._latest()
        if latest is not None and due is not None:
            # Something may have come late.
            server = latest.server
        elif latest is not None:
            server = with_optional(server, _optional_of(latest.server, server.user))
        server = replace(
            with_optional(server, answers),
            clock_error=self._client.clock.lasting_error,
        )
        return Answers(
            server=previous.server
            if previous and previous.server == server
            else server,
            connection=connection,
            job=job,
            printer=printer,
            error=error,
        )

    async def async_settle(
        self, snapshot: Snapshot, last_print: LastPrint, running: RunningPrint
    ) -> LastPrint | None:
        """Return the end of a print by its file's own history, None if it has none yet."""
        if running.file.origin != "local" or not snapshot.server.user.may(
            Permission.FILES_LIST
        ):
            return last_print
        try:
            entry = await self._client.files.info("local", running.file.path)
        except OctoPrintError:
            return None
        history = entry.prints.last if entry.prints else None
        return settle(last_print, running, history) if history else None

    def _is_fresh(self, max_age: float) -> bool:
        now = monotonic()
        return (
            self._read_at is not None
            and now - self._read_at < max_age
            and now < self._retry_at
        )

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
        """Read who answers and what the key may do, without all that is optional."""
        client = self._client
        old = previous.server if previous else None
        try:
            user = await client.access.current_user()
            server = await client.server.get()
        except OctoPrintAuthError:
            raise
        except OctoPrintError:
            if old is None:
                raise
            # The server is there, as it told job and connection.
            self._retry_at = monotonic() + FIRST_RETRY
            return old
        self._retry_at = float("inf")
        if user.name is None:
            # Where guests may read, an unknown key is not refused but taken for none.
            raise OctoPrintAuthError("OctoPrint does not know the API key")
        return ServerData(
            server=server, user=user, settings=None, profiles={}, commands=()
        )

    def _reads(self, server: ServerData) -> dict[str, Callable[[], Awaitable[Any]]]:
        """Return what the key may read of all that is optional."""
        client, may = self._client, server.user.may
        space = (
            self._async_get_disk if may(Permission.SYSTEM) else self._async_get_storage
        )
        return {
            name: read
            for name, permission, read in (
                ("settings", Permission.SETTINGS_READ, client.settings.get),
                ("profiles", Permission.CONNECTION, client.profiles.list),
                ("commands", Permission.SYSTEM, client.system.commands),
                ("timelapse", Permission.TIMELAPSE_LIST, self._async_get_timelapse),
                (
                    "free_space",
                    Permission.SYSTEM
                    if may(Permission.SYSTEM)
                    else Permission.FILES_LIST,
                    space,
                ),
                ("controls", Permission.CONTROL, self._async_get_controls),
            )
            if may(permission)
        }

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


# What needs which permission, and so is forgotten with it.
PERMISSIONS = {
    "settings": (Permission.SETTINGS_READ,),
    "profiles": (Permission.CONNECTION,),
    "commands": (Permission.SYSTEM,),
    "timelapse": (Permission.TIMELAPSE_LIST,),
    "free_space": (Permission.SYSTEM, Permission.FILES_LIST),
    "controls": (Permission.CONTROL,),
}


def _optional_of(server: ServerData, user: CurrentUser) -> dict[str, Any]:
    """Return what is known of all that is optional, as far as the key may still read it."""
    return {
        name: getattr(server, name)
        for name, permissions in PERMISSIONS.items()
        if any(user.may(permission) for permission in permissions)
    }


def with_optional(server: ServerData, answers: Mapping[str, Any]) -> ServerData:
    """Return what is known of a server with further answers of it."""
    if not answers:
        return server
    news = dict(answers)
    if "free_space" in news:
        news["free_space"] = _steady_free_space(server.free_space, news["free_space"])
    return replace(server, **news)


def _steady_free_space(known: int | None, read: int | None) -> int | None:
    """Return the free space, the one known as long as it is nearly right."""
    if known is None or read is None or abs(read - known) >= FREE_SPACE_STEP:
        return read
    return known
