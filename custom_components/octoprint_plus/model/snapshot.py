"""Snapshot: everything known of one printer at one moment, and how the next one comes.

All functions here are pure: what the server answered or pushed, and a snapshot, make
the next snapshot. A part that did not change stays the same object.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from operator import attrgetter, is_none

from ..api import (
    BUSY_STATES,
    CONNECTING_STATES,
    NO_HEATERS,
    NO_PROGRESS,
    OFFLINE_STATES,
    ONLY_PUSHED,
    PRINTER_MESSAGES,
    Connection,
    Control,
    Current,
    CurrentUser,
    ErrorOccurred,
    FileSelected,
    Heater,
    Job,
    JobFile,
    Occurrence,
    PluginTold,
    PrintEnding,
    PrinterError,
    PrinterProfile,
    PrinterState,
    PrintStarted,
    PushMessage,
    ReadAgain,
    RenderProgress,
    ServerInfo,
    Settings,
    SlicingProgress,
    State,
    StateChanged,
    Subject,
    SystemCommand,
    TimelapseChanged,
    TimelapseConfig,
    TimelapseEventType,
    ToolChanged,
    parse_state,
    read_heaters,
    same_file,
)
from .plugins import PluginStates, advance_plugins, of_installed
from .prints import Memory, next_memory, note_ending

NO_PLUGINS = PluginStates()


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerData:
    """What changes rarely: who answers, and what it lets the key do."""

    server: ServerInfo
    user: CurrentUser
    settings: Settings | None
    """None where the key may not read them, as with the three below."""

    profiles: Mapping[str, PrinterProfile]
    commands: tuple[SystemCommand, ...]
    timelapse: TimelapseConfig | None = None
    """How prints are recorded; None where the key may not read it, as with the next."""

    free_space: int | None = None
    """Bytes on the disk that files are uploaded to."""
    controls: Mapping[str, Control] = field(default_factory=dict)
    """What the user has added to OctoPrint's interface and can be run, by full name."""

    clock_error: int | None = None
    """By how many seconds its clock is ahead of ours, if that lasts; None where it is not known."""

    @property
    def installed(self) -> frozenset[str]:
        """Return the plugins that are there, as far as the key may see."""
        return self.settings.plugins if self.settings else frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """Everything known of one printer at one moment."""

    server: ServerData
    connection: Connection
    job: Job
    state: State
    heaters: Mapping[str, Heater] = field(default_factory=dict)
    """By OctoPrint's names, only those that the printer's profile allows."""

    sensors: Mapping[str, Heater] = field(default_factory=dict)
    """What else the firmware reports a temperature of; none of these can be set."""

    sd_ready: bool | None = None
    z: float | None = None
    """The height of the print head in millimetres; only pushed, never polled."""

    active_tool: int | None = None
    """The tool that was made the active one last; only told when it changes, never polled."""

    rendering: int | None = None
    """How far the rendering of a timelapse is, in percent; only pushed, as the next one."""

    slicing: int | None = None
    upload: int | None = None
    """How far our own uploads are, in percent; OctoPrint tells nothing of these."""

    error: PrinterError | None = None
    memory: Memory = field(default_factory=Memory)
    plugins: PluginStates = NO_PLUGINS
    told_at: datetime | None = field(default=None, compare=False)
    """When the server told what changed last."""

    @property
    def is_connected(self) -> bool:
        """Return whether the printer is connected to the server and ready to talk."""
        return self.state not in OFFLINE_STATES and self.state not in CONNECTING_STATES

    @property
    def is_busy(self) -> bool:
        """Return whether a job runs or is paused, or a file is sent; or whether that may be so."""
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


_PARTS = attrgetter(*(each.name for each in fields(Snapshot)))
_PLUGINS = attrgetter(*(each.name for each in fields(PluginStates)))


def existing_parts(snapshot: Snapshot) -> tuple[object, ...]:
    """Return all that decides which entities there are.

    Which of the parts are known at all is found by looking at every one, so that none of those
    to come is forgotten.
    """
    return (
        snapshot.server,
        snapshot.connection.printer_profile,
        snapshot.memory.heaters,
        snapshot.memory.sensors,
        *map(is_none, _PARTS(snapshot)),
        *map(is_none, _PLUGINS(snapshot.plugins)),
    )


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
        # No poll tells these, so it leaves them as they were.
        z=previous.z if previous and printer else None,
        active_tool=previous.active_tool if previous and printer else None,
        rendering=previous.rendering if previous else None,
        slicing=previous.slicing if previous else None,
        upload=previous.upload if previous else None,
        error=error,
        plugins=_plugins_of(server, previous) if previous else NO_PLUGINS,
        told_at=now,
    )
    heaters, sensors = NO_HEATERS, NO_HEATERS
    if printer:
        kept = {} if previous is None else previous.sensors
        reported = {
            name: sensor for name, sensor in kept.items() if name in ONLY_PUSHED
        } | dict(printer.heaters)
        heaters, sensors = read_heaters(reported, draft.profile)
    has_failed = error is not None and (previous is None or error != previous.error)
    return replace(
        draft,
        heaters=heaters,
        sensors=sensors,
        memory=next_memory(
            memory,
            state,
            job,
            heaters,
            now=now,
            told_at=previous.told_at if previous else None,
            has_failed=has_failed,
            sensors=sensors,
        ),
    )


def advance_aside(
    previous: Snapshot,
    *,
    server: ServerData,
    connection: Connection,
    printer: PrinterState | None,
    error: PrinterError | None,
) -> Snapshot:
    """Return the snapshot with those answers of a poll that are never pushed.

    For polls during which something newer than their answers was pushed.
    """
    sd_ready = previous.sd_ready
    if printer is not None and previous.is_connected:
        sd_ready = printer.sd_ready
    return replace(
        previous,
        server=server,
        connection=connection,
        sd_ready=sd_ready,
        error=error,
        plugins=_plugins_of(server, previous),
    )


def advance_server(previous: Snapshot, server: ServerData) -> Snapshot:
    """Return the snapshot with what else is known of the server."""
    draft = replace(previous, server=server, plugins=_plugins_of(server, previous))
    if draft.server.profiles == previous.server.profiles:
        return draft
    reported = {**draft.sensors, **draft.heaters}
    heaters, sensors = read_heaters(reported, draft.profile)
    return replace(draft, heaters=heaters, sensors=sensors)


def _plugins_of(server: ServerData, previous: Snapshot) -> PluginStates:
    """Return what is known of the plugins that the server still has."""
    if server is previous.server:
        return previous.plugins
    return of_installed(previous.plugins, server.installed)


def advance_pushed(previous: Snapshot, message: PushMessage, now: datetime) -> Snapshot:
    """Return the snapshot that follows from a pushed message, the same one if nothing does."""
    if isinstance(message, Current):
        return _advance_current(previous, message, now)
    if isinstance(message, PluginTold):
        plugins = advance_plugins(previous.plugins, message.message)
        is_same = plugins is previous.plugins
        return previous if is_same else replace(previous, plugins=plugins)
    if isinstance(message, ToolChanged):
        return advance_tool(previous, message.tool)
    if isinstance(message, RenderProgress | SlicingProgress | Occurrence):
        return _advance_progress(previous, message)
    if not isinstance(message, PRINTER_MESSAGES):
        return previous
    snapshot = replace(_advance_event(previous, message, now), told_at=now)
    return previous if snapshot == previous else snapshot


def advance_tool(previous: Snapshot, tool: int) -> Snapshot:
    """Return the snapshot after a tool was made the active one, the same if it was."""
    if tool == previous.active_tool or not previous.is_connected:
        return previous
    return replace(previous, active_tool=tool)


def advance_unheard(previous: Snapshot) -> Snapshot:
    """Return the snapshot without what nobody tells any more: the tool of a print, some sensors."""
    active_tool = None if previous.is_busy else previous.active_tool
    sensors = previous.sensors
    if not ONLY_PUSHED.isdisjoint(sensors):
        sensors = {
            name: sensor for name, sensor in sensors.items() if name not in ONLY_PUSHED
        }
    if active_tool == previous.active_tool and sensors is previous.sensors:
        return previous
    return replace(previous, active_tool=active_tool, sensors=sensors)


def _advance_progress(
    previous: Snapshot, message: RenderProgress | SlicingProgress | Occurrence
) -> Snapshot:
    rendering, slicing = previous.rendering, previous.slicing
    match message:
        case RenderProgress():
            rendering = message.progress
        case SlicingProgress():
            slicing = None if message.progress >= 100 else message.progress
        case Occurrence(subject=Subject.TIMELAPSE, type=TimelapseEventType.RENDERING):
            rendering = 0
        case Occurrence(
            subject=Subject.TIMELAPSE,
            type=TimelapseEventType.RENDERED | TimelapseEventType.FAILED,
        ):
            rendering = None
    if (rendering, slicing) == (previous.rendering, previous.slicing):
        return previous
    return replace(previous, rendering=rendering, slicing=slicing)


def _advance_event(previous: Snapshot, message: PushMessage, now: datetime) -> Snapshot:
    match message:
        case StateChanged():
            return _advance_state(previous, message.state, now)
        case FileSelected():
            job = _select(previous.job, message.file)
            return replace(previous, job=replace(job, progress=NO_PROGRESS))
        case PrintStarted():
            return _advance_started(previous, message.file, now)
        case PrintEnding():
            memory = note_ending(
                previous.memory, message.result, message.path, message.print_time
            )
            return replace(previous, memory=memory)
        case ErrorOccurred():
            return replace(_note_failure(previous), error=message.error)
        case TimelapseChanged():
            return _advance_timelapse(previous, message.config)
        case ReadAgain(has_failed=True):
            return _note_failure(previous)
    return previous


def _advance_timelapse(previous: Snapshot, told: TimelapseConfig) -> Snapshot:
    known = previous.server.timelapse
    if known is None:
        # The key may not read it.
        return previous
    config = told
    if told.type == known.type:
        # OctoPrint does not tell the rest.
        config = replace(
            known,
            interval=known.interval if told.interval is None else told.interval,
            min_delay=known.min_delay if told.min_delay is None else told.min_delay,
            retraction_z_hop=known.retraction_z_hop
            if told.retraction_z_hop is None
            else told.retraction_z_hop,
        )
    if config == known:
        return previous
    return replace(previous, server=replace(previous.server, timelapse=config))


def _select(job: Job, file: JobFile | None) -> Job:
    """Return the job with the file of an event, which does not tell the size."""
    return job if same_file(job.file, file) else replace(job, file=file)


def _advance_current(previous: Snapshot, message: Current, now: datetime) -> Snapshot:
    job, state = previous.job, previous.state
    if message.job is not None:
        job, state = message.job, parse_state(message.job.state, message.flags)
    is_off = state in OFFLINE_STATES or state in CONNECTING_STATES
    heaters, sensors = previous.heaters, previous.sensors
    if is_off:
        heaters = sensors = NO_HEATERS
    elif message.heaters is not None:
        heaters, sensors = read_heaters(message.heaters, previous.profile)
    if heaters == previous.heaters:
        heaters = previous.heaters
    if sensors == previous.sensors:
        sensors = previous.sensors
    z = None if is_off else message.z
    active_tool = None if is_off else previous.active_tool
    sd_ready = previous.sd_ready
    if is_off:
        sd_ready = None
    elif sd_ready is not None:
        sd_ready = message.sd_ready
    if (
        job is previous.job
        and state is previous.state
        and heaters is previous.heaters
        and sensors is previous.sensors
        and z == previous.z
        and active_tool == previous.active_tool
        and sd_ready is previous.sd_ready
    ):
        return previous
    return replace(
        previous,
        job=job,
        state=state,
        heaters=heaters,
        sensors=sensors,
        z=z,
        active_tool=active_tool,
        sd_ready=sd_ready,
        error=_error_in(state, previous),
        memory=_next_memory(previous, state, job, heaters, now, sensors),
        told_at=now,
    )


def _next_memory(
    previous: Snapshot,
    state: State,
    job: Job,
    heaters: Mapping[str, Heater],
    now: datetime,
    sensors: Iterable[str] = (),
) -> Memory:
    return next_memory(
        previous.memory,
        state,
        job,
        heaters,
        now=now,
        told_at=previous.told_at,
        has_failed=False,
        sensors=sensors,
    )


def _advance_state(previous: Snapshot, state: State, now: datetime) -> Snapshot:
    """Return the snapshot after a state that came without all that goes with it."""
    if state is State.OFFLINE and previous.state in OFFLINE_STATES:
        # The event says just offline, also after an error.
        state = (
            State.OFFLINE_AFTER_ERROR
            if previous.state is State.ERROR
            else previous.state
        )
    job, heaters, sensors = previous.job, previous.heaters, previous.sensors
    z, active_tool = previous.z, previous.active_tool
    if state is State.STARTING:
        job = replace(job, progress=NO_PROGRESS)
    memory = previous.memory
    if memory.running is not None:
        # A print begins with the event that names its file, or with a `current`.
        memory = _next_memory(previous, state, job, heaters, now)
    if state in OFFLINE_STATES or state in CONNECTING_STATES:
        job = replace(job, file=None, progress=NO_PROGRESS)
        heaters, sensors, z, active_tool = NO_HEATERS, NO_HEATERS, None, None
    return replace(
        previous,
        job=job,
        state=state,
        heaters=heaters,
        sensors=sensors,
        z=z,
        active_tool=active_tool,
        error=_error_in(state, previous),
        memory=memory,
    )


def _advance_started(
    previous: Snapshot, file: JobFile | None, now: datetime
) -> Snapshot:
    job = previous.job
    if file is not None and not same_file(job.file, file):
        job = replace(job, file=file, progress=NO_PROGRESS)
    memory = _next_memory(previous, previous.state, job, previous.heaters, now)
    return replace(previous, job=job, memory=memory)


def _note_failure(previous: Snapshot) -> Snapshot:
    running = previous.memory.running
    if running is None:
        return previous
    memory = replace(previous.memory, running=replace(running, failed=True))
    return replace(previous, memory=memory)


def _error_in(state: State, previous: Snapshot) -> PrinterError | None:
    """Return the last error, which OctoPrint forgets when it connects or prints anew."""
    is_new = state is not previous.state
    if is_new and (state is State.STARTING or state in CONNECTING_STATES):
        return None
    return previous.error
