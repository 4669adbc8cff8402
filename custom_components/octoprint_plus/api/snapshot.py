"""Snapshot: everything known of one printer at one moment, and how the next one comes.

All functions here are pure: an answer of the server and a snapshot make the next
snapshot. A part that did not change stays the same object.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
import re

from .access import CurrentUser
from .connection import Connection
from .job import Job
from .memory import Memory, next_memory
from .printer import Heater, PrinterError, PrinterState
from .profiles import PrinterProfile
from .server import ServerInfo
from .settings import Settings
from .state import BUSY_STATES, CONNECTING_STATES, OFFLINE_STATES, State, parse_state
from .system import SystemCommand

TOOL = re.compile(r"tool(0|[1-9][0-9]?)")


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerData:
    """What changes rarely: who answers, and what it lets the key do."""

    server: ServerInfo
    user: CurrentUser
    settings: Settings | None
    """None where the key may not read them, as with the two below."""

    profiles: Mapping[str, PrinterProfile]
    commands: tuple[SystemCommand, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """Everything known of one printer at one moment."""

    server: ServerData
    connection: Connection
    job: Job
    state: State | None
    """None where OctoPrint names a state that we do not know."""

    heaters: Mapping[str, Heater] = field(default_factory=dict)
    """By OctoPrint's names, only those that the printer's profile allows."""

    sd_ready: bool | None = None
    z: float | None = None
    """The height of the print head in millimetres; only pushed, never polled."""

    error: PrinterError | None = None
    memory: Memory = field(default_factory=Memory)

    @property
    def is_connected(self) -> bool:
        """Return whether the printer is connected to the server and ready to talk."""
        return self.state is not None and (
            self.state not in OFFLINE_STATES and self.state not in CONNECTING_STATES
        )

    @property
    def is_busy(self) -> bool:
        """Return whether a job runs, is paused, or a file is sent to the printer."""
        return self.state in BUSY_STATES

    @property
    def error_text(self) -> str | None:
        """Return the last error's text, from whichever family tells it."""
        return self.error.error if self.error else self.job.error

    @property
    def has_problem(self) -> bool:
        """Return whether an error stopped the print or the connection."""
        return self.error_text is not None or self.state in (
            State.ERROR,
            State.OFFLINE_AFTER_ERROR,
        )

    @property
    def is_heating(self) -> bool:
        """Return whether any heater is switched on."""
        return any(heater.target for heater in self.heaters.values())

    @property
    def profile(self) -> PrinterProfile | None:
        """Return the printer's profile: the one in use, else the default."""
        profiles = self.server.profiles
        used = self.connection.printer_profile
        if used is not None and used in profiles:
            return profiles[used]
        return next((p for p in profiles.values() if p.default), None)


def allowed_heaters(
    heaters: Mapping[str, Heater], profile: PrinterProfile | None
) -> dict[str, Heater]:
    """Return the heaters that can be set.

    Firmwares report other sensors and junk beside them, and a target for a tool
    that the profile does not have would heat the only hotend.
    """
    return {
        name: heater
        for name, heater in sorted(heaters.items())
        if is_allowed(name, profile)
    }


def is_allowed(name: str, profile: PrinterProfile | None) -> bool:
    """Return whether a printer with this profile, if it is known, has the heater."""
    if name == "bed":
        return profile is None or profile.heated_bed
    if name == "chamber":
        return profile is None or profile.heated_chamber
    if (tool := TOOL.fullmatch(name)) is None:
        return False
    return profile is None or int(tool[1]) < profile.tool_count


def advance(
    previous: Snapshot | None,
    memory: Memory,
    *,
    server: ServerData,
    connection: Connection,
    job: Job,
    printer: PrinterState | None,
    error: PrinterError | None,
    now: datetime,
) -> Snapshot:
    """Return the snapshot that follows from the answers of one poll.

    `printer` is None while the printer is not connected; `now` has a time zone.
    """
    state = parse_state(job.state, printer.flags if printer else None)
    draft = Snapshot(
        server=server,
        connection=connection,
        job=job,
        state=state,
        sd_ready=printer.sd_ready if printer else None,
        error=error,
    )
    heaters = allowed_heaters(printer.heaters, draft.profile) if printer else {}
    has_failed = error is not None and (previous is None or error != previous.error)
    return replace(
        draft,
        heaters=heaters,
        memory=next_memory(memory, state, job, heaters, now=now, has_failed=has_failed),
    )
