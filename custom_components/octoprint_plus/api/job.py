"""Job: what is printed, how far it is, and its commands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .entries import Filament, parse_filament
from .errors import ConnectionCause, OctoPrintConnectionError
from .parsing import (
    Json,
    duration,
    identifier,
    label,
    mapping,
    message,
    percentage,
    text_or_other,
)
from .permissions import Permission
from .quantities import byte_size, elapsed
from .transport import ApiFamily

ENDPOINT = "api/job"


class PrintResult(StrEnum):
    """How a print ended."""

    CANCELLED = "cancelled"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class JobFile:
    """The file of a job."""

    name: str
    """As shown to people; an SD card's names are short."""

    path: str
    """The path within its storage."""

    origin: str
    """The storage: local, or the printer's (sdcard, from OctoPrint 2 on printer).

    Another name is one that we do not know, and other where none is told.
    """

    size: int | None
    """Bytes."""

    is_named: bool = field(default=True, compare=False)
    """Whether the name is the one shown to people; until it is told, it is the stored one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far the job is; all None while there is none."""

    completion: float | None
    """Percent of the file's bytes that were sent, 0 to 100."""

    print_time: int | None
    """Seconds since the start, pauses excluded."""

    print_time_left: int | None
    """Seconds, an estimate."""

    print_time_left_origin: str | None
    """Where the estimate comes from, for example linear or analysis."""


def same_file(one: JobFile | None, other: JobFile | None) -> bool:
    """Return whether two jobs have the same file, whatever else is told of it."""
    if one is None or other is None:
        return one is other
    return one.path == other.path and one.origin == other.origin


NO_PROGRESS = Progress(
    completion=None, print_time=None, print_time_left=None, print_time_left_origin=None
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """The selected or running job."""

    state: str
    """The printer's state as a text, in every state."""

    error: str | None
    """The last error's text; only this family tells it while the printer is off."""

    file: JobFile | None
    user: str | None
    """Who started it."""

    estimated_print_time: float | None
    """Seconds, from the analysis of the file."""

    progress: Progress
    filament: Mapping[str, Filament] = field(default_factory=dict)
    """What it needs, by tool, from the analysis of the file."""


class JobApi(ApiFamily):
    """Calls of the family job."""

    async def get(self) -> Job:
        """Return the job (GET /api/job)."""
        return parse_job(
            await self._transport.get(ENDPOINT, permission=Permission.STATUS)
        )

    async def start(self) -> None:
        """Print the selected file. Without one OctoPrint silently does nothing."""
        await self._command("start")

    async def cancel(self) -> None:
        """Cancel the running or paused job."""
        await self._command("cancel")

    async def restart(self) -> None:
        """Print a paused job again from its beginning."""
        await self._command("restart")

    async def pause(self) -> None:
        """Pause the running job."""
        await self._command("pause", "pause")

    async def resume(self) -> None:
        """Resume the paused job."""
        await self._command("pause", "resume")

    async def toggle(self) -> None:
        """Pause the running job or resume the paused one.

        What it will be is found out here: the toggle of OctoPrint 2.0.0rc7 never
        resumes.
        """
        if (await self.get()).state == "Paused":
            await self.resume()
        else:
            await self.pause()

    async def _command(self, command: str, action: str | None = None) -> None:
        data = {"command": command} | ({"action": action} if action else {})
        await self._transport.post(ENDPOINT, data, permission=Permission.PRINT)


def parse_job(answer: Json) -> Job:
    """Read the answer of GET /api/job."""
    if (state := label(answer.get("state"))) is None:
        raise OctoPrintConnectionError(
            f"{ENDPOINT} did not answer as OctoPrint does",
            ConnectionCause.NOT_OCTOPRINT,
        )
    job = mapping(answer.get("job"))
    progress = mapping(answer.get("progress"))
    return Job(
        state=state,
        error=_stripped(answer.get("error")),
        file=parse_job_file(mapping(job.get("file"))),
        user=label(job.get("user")),
        estimated_print_time=elapsed(job.get("estimatedPrintTime")),
        progress=Progress(
            completion=percentage(progress.get("completion")),
            print_time=duration(progress.get("printTime")),
            print_time_left=duration(progress.get("printTimeLeft")),
            print_time_left_origin=label(progress.get("printTimeLeftOrigin")),
        ),
        filament=parse_filament(job.get("filament")),
    )


def parse_job_file(data: Json) -> JobFile | None:
    """Read a job's file, which OctoPrint fills with nulls where there is none."""
    name = identifier(data.get("name"))
    path = identifier(data.get("path")) or name
    if name is None or path is None:
        return None
    return JobFile(
        name=label(data.get("display")) or name,
        path=path,
        origin=text_or_other(data.get("origin")),
        size=byte_size(data.get("size")),
    )


def _stripped(value: object) -> str | None:
    """Return an error's text; a lost connection's ends with a colon and a blank."""
    return (message(value) or "").strip().rstrip(":") or None
