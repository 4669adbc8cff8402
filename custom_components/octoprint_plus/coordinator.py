"""Data update coordinator of OctoPrint Plus: one per printer, the only truth."""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, override

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
)
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Event, HassJob, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.debounce import Debouncer
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util import dt as dt_util

from .api import (
    CONNECTING_STATES,
    THROTTLE_CALM,
    THROTTLE_QUICK,
    Current,
    JobFile,
    Occurrence,
    OctoPrintError,
    PluginTold,
    PushMessage,
    ReadAgain,
    ReauthRequired,
    State,
    StateChanged,
    Subject,
)
from .const import CONF_MAX_TEMPS, DOMAIN, LOGGER, default_max_temp
from .device import async_update_device, instance_id, printer_title
from .model.choice import ConnectionChoice
from .model.heaters import is_warming
from .model.plugins import PluginStates
from .model.prints import Memory, RunningPrint
from .model.snapshot import (
    Snapshot,
    advance,
    advance_aside,
    advance_pushed,
    advance_server,
    advance_tool,
    advance_unheard,
    existing_parts,
)
from .setup.clients import entry_client
from .sync.errors import (
    UnexpectedErrors,
    is_lost,
    needs_reauth,
    unexpected_failure,
    update_failure,
)
from .sync.events import OctoPrintEvents
from .sync.listener import PushListener
from .sync.naming import with_shown_name
from .sync.optional_reader import OptionalReader
from .sync.plugin_reader import PluginReader
from .sync.poller import OctoPrintPoller, with_optional
from .sync.print_end import PrintEnd, ended_between, is_certain
from .sync.publisher import Publisher
from .sync.store import OctoPrintStore
from .sync.upload_progress import UploadProgress

type OctoPrintConfigEntry = ConfigEntry[OctoPrintCoordinator]

# While something happens people look; otherwise a printer changes only when
# somebody uses it elsewhere.
POLL_ACTIVE = timedelta(seconds=10)
POLL_IDLE = timedelta(seconds=30)

# These states last for moments, and somebody is waiting for them to pass.
POLL_TRANSIENT = timedelta(seconds=2)
TRANSIENT_STATES = CONNECTING_STATES | {
    State.CANCELLING,
    State.FINISHING,
    State.PAUSING,
    State.RESUMING,
    State.STARTING,
}

# While the server tells by itself what changes, a poll only looks whether both
# ways tell the same, and whether the key is still good.
POLL_PUSHED = timedelta(minutes=5)

# A server that told something so many seconds ago is there, even where a poll fails.
PROOF_OF_LIFE = 30

# OctoPrint queues a command before it answers, and shows the effect moments later.
REFRESH_DELAY = 0.3


class OctoPrintCoordinator(DataUpdateCoordinator[Snapshot]):
    """Keeps the snapshot of one printer."""

    config_entry: OctoPrintConfigEntry

    def __init__(self, hass: HomeAssistant, entry: OctoPrintConfigEntry) -> None:
        """Initialize the coordinator."""
        super().__init__(
            hass,
            LOGGER,
            config_entry=entry,
            name=entry.title,
            update_interval=POLL_ACTIVE,
            always_update=False,
        )
        self.poll_soon = Debouncer(
            hass,
            LOGGER,
            cooldown=REFRESH_DELAY,
            immediate=False,
            function=self._async_poll_with_entry,
            background=True,
        )
        """What polls soon, once for all who ask for it meanwhile."""

        self.client = entry_client(hass, entry.data)
        self.store = OctoPrintStore(hass, entry.entry_id)
        self.unexpected = UnexpectedErrors(lambda: self.name)
        """Where mistakes of our own are logged."""

        self.events = OctoPrintEvents(hass, self.store, self.unexpected)
        self.uploads = UploadProgress(lambda: self.name, self._async_show_upload)
        """What follows the uploads to this printer."""

        self.is_polling = False
        """Whether the server is being asked now."""

        self.poll_failure: HomeAssistantError | None = None
        """Why the last poll failed, also where that is not shown, as the server still talks."""

        self.is_unloaded = False
        self.ending: set[asyncio.Timeout] = set()
        """What is under way and ends when the entry is unloaded."""

        self.filament_task: asyncio.Task[Any] | None = None
        """The action that changes filament now, None without one."""

        self.starting_prints = 0
        """How many commands are on their way that start a print."""

        self.listener = PushListener(hass, entry, self.client, self)
        """What keeps the socket open."""

        self._poller = OctoPrintPoller(
            self.client,
            OptionalReader(
                lambda: self.name,
                self._async_start_task,
                self._async_take_optional,
                self.unexpected,
            ),
            lambda: self._truth,
        )
        self.plugin_reader = PluginReader(
            hass,
            entry,
            self.client,
            lambda: self._truth,
            self._async_take_plugins,
            self.unexpected,
        )
        self._publisher = Publisher()
        self._held_back: CALLBACK_TYPE | None = None
        self._held_back_until = float("inf")
        self._show_held_back = HassJob(
            self._async_show_held_back, f"{DOMAIN} pace", cancel_on_shutdown=True
        )
        self._truth: Snapshot | None = None
        self._taken = 0
        self._heard_at = float("-inf")
        self._is_poll_awaited = False
        self._print_end = PrintEnd()
        self._existing: object = None
        self._existing_watchers: list[CALLBACK_TYPE] = []
        self._unwatch_existing: CALLBACK_TYPE | None = None

    @property  # type: ignore[explicit-override]
    @override
    def name(self) -> str:
        """Return what the user calls the printer now."""
        return printer_title(self.hass, self.config_entry)

    @name.setter
    def name(self, _: str) -> None:
        """Leave the name where it is kept: the base class would keep it a second time."""

    @property
    def instance_id(self) -> str:
        """Return what the unique ids of the device and its entities begin with."""
        return instance_id(self.config_entry)

    @property
    def choice(self) -> ConnectionChoice:
        """Return what the next connection to the printer is to use."""
        port, baudrate = self.store.value("port"), self.store.value("baudrate")
        profile = self.store.value("printer_profile")
        return ConnectionChoice(
            port=port if isinstance(port, str) else None,
            baudrate=baudrate if isinstance(baudrate, int) else None,
            printer_profile=profile if isinstance(profile, str) else None,
        )

    @property
    def is_pushed(self) -> bool:
        """Return whether the server tells by itself what changes."""
        return self.listener.is_pushed

    @property
    def file(self) -> JobFile | None:
        """Return the selected or printed file, which is shown once its name is known."""
        return self._truth.job.file if self._truth else None

    def may(self, permission: str) -> bool:
        """Return whether the key has a permission, by OctoPrint's name for it."""
        return self.data.server.user.may(permission)

    def max_temp(self, heater: str) -> float:
        """Return the highest temperature in degrees Celsius that may be set."""
        limits: Mapping[str, float] = self.config_entry.options.get(CONF_MAX_TEMPS, {})
        return limits.get(heater, default_max_temp(heater))

    @callback
    def async_start_push(self) -> None:
        """Listen to what the server tells by itself, until the entry is unloaded."""
        self.listener.async_start()

    @callback
    def async_end_commands(self) -> None:
        """End what is under way, as the entry is being unloaded."""
        self.is_unloaded = True
        for ending in self.ending:
            ending.reschedule(self.hass.loop.time())

    @callback
    def async_server_seen(self) -> None:
        """Note that the server was just seen in the network."""
        self.listener.push.reconnect_now()

    async def async_wait_idle(self) -> None:
        """Wait until no poll that was asked for runs any more, and no plugin is being read."""
        async with self.poll_soon.async_lock():
            await self.plugin_reader.async_wait_idle()

    async def async_before_command(self) -> None:
        """Let the server tell soon what a command effects, where it tells by itself."""
        if self.is_pushed:
            await self.listener.push.hurry()

    async def async_after_command(self) -> None:
        """Read the effect of a command, or let the server tell it soon."""
        if self.is_pushed:
            await self.listener.push.hurry()
        else:
            self._is_poll_awaited = True
            await self.async_request_refresh()

    async def async_request_full_refresh(self) -> None:
        """Read again soon, also what changes rarely."""
        self._poller.expire()
        await self.async_request_refresh()

    @callback
    def async_expire(self, *, with_plugins: bool = True) -> None:
        """Let the next poll read also what changes rarely."""
        self._poller.expire()
        if with_plugins:
            self.plugin_reader.expire()

    @callback
    def async_read_plugin(self, plugin: str) -> None:
        """Read a plugin again, where it is installed."""
        self.plugin_reader.async_read_again(plugin)

    @callback
    def async_forget_pushed(self) -> None:
        """Forget what only the socket tells."""
        if self._truth is not None:
            self._truth = advance_unheard(
                replace(self._truth, z=None, rendering=None, slicing=None)
            )
            self._async_keep_tool(self._truth)

    @callback
    def async_forget_disabled(self) -> None:
        """Forget what was set by entities that are disabled: nobody would see that it holds.

        What is known without them, as the active tool, comes back by itself.
        """
        for each in er.async_entries_for_config_entry(
            er.async_get(self.hass), self.config_entry.entry_id
        ):
            key = each.unique_id.removeprefix(f"{self.instance_id}_")
            if each.disabled and self.store.value(key) is not None:
                self.store.async_set_value(key, None)

    @callback
    def async_note_tool(self, tool: int) -> None:
        """Note that a tool was made the active one, which no poll tells."""
        if self._truth is not None:
            self._async_take(advance_tool(self._truth, tool))
            self._async_show(self._truth)

    @callback
    def _async_entry_changed(
        self, change: ConfigEntryChange, entry: ConfigEntry
    ) -> None:
        """Let device and repairs have the name that the entry was given."""
        if (
            change is ConfigEntryChange.UPDATED
            and entry is self.config_entry
            and self._truth is not None
        ):
            async_update_device(self.hass, self.config_entry, self._truth)
            self.async_update_listeners()

    @override
    async def _async_setup(self) -> None:
        """Load what has to outlive a restart of Home Assistant."""
        self.config_entry.async_on_unload(
            async_dispatcher_connect(
                self.hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._async_entry_changed
            )
        )
        self.config_entry.async_on_unload(
            self.hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, self._async_stopping)
        )
        await self.store.async_load()
        self.async_forget_disabled()
        self.events.async_load()

    @override
    async def _async_update_data(self) -> Snapshot:
        """Poll the server."""
        # What was asked for until now is read now.
        self.poll_soon.async_cancel()
        self._is_poll_awaited = False
        self.is_polling = True
        try:
            truth = await self._async_poll()
            self._async_take(truth)
            await self._async_settle()
            # More may have been pushed meanwhile.
            truth = self._truth or truth
            shown = self._publish(truth)
        except OctoPrintError as err:
            self._async_poll_failed(err)
            self.poll_failure = update_failure(err, self.name)
            if self._is_talking and is_lost(err):
                # Just the answer went astray, of a server that is there.
                return self.data
            raise self.poll_failure from err
        except Exception as err:
            self.unexpected.log("reading what OctoPrint answers", err)
            self.update_interval = POLL_IDLE
            self._poller.expire()
            self.poll_failure = unexpected_failure(self.name)
            if self._is_talking:
                return self.data
            raise self.poll_failure from err
        finally:
            self.is_polling = False
        self.poll_failure = None
        self.update_interval = self._poll_interval(truth)
        self.listener.async_answered()
        # The base class lets the states be written before anything else can run.
        self.hass.loop.call_soon(self.events.async_tell)
        self.plugin_reader.async_read()
        return shown

    @callback
    @override
    def async_add_listener(
        self, update_callback: CALLBACK_TYPE, context: Any = None
    ) -> CALLBACK_TYPE:
        """Let somebody see what is shown; who fails keeps it from no other, and is logged once."""

        @callback
        def update() -> None:
            try:
                update_callback()
            except Exception as err:  # noqa: BLE001
                self.unexpected.log("updating an entity", err)

        return super().async_add_listener(update, context)

    @callback
    def async_watch_existing(self, changed: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Tell somebody that other entities may be there now, until the returned is called."""
        self._existing_watchers.append(changed)
        if self._unwatch_existing is None:
            self._unwatch_existing = self.async_add_listener(
                self._async_compare_existing
            )

        @callback
        def stop() -> None:
            self._existing_watchers.remove(changed)
            if not self._existing_watchers and self._unwatch_existing is not None:
                self._unwatch_existing()
                self._unwatch_existing = None

        return stop

    @callback
    def _async_compare_existing(self) -> None:
        """Look whether other entities may be there now."""
        found = existing_parts(self.data)
        if found == self._existing:
            return
        self._existing = found
        for changed in list(self._existing_watchers):
            try:
                changed()
            except Exception as err:  # noqa: BLE001
                self.unexpected.log("adding entities", err)

    @property
    def _is_talking(self) -> bool:
        """Return whether the server told something a moment ago."""
        return self.is_pushed and monotonic() - self._heard_at < PROOF_OF_LIFE

    @override
    async def async_request_refresh(self) -> None:
        """Poll soon."""
        await self.poll_soon.async_call()

    async def _async_poll_with_entry(self) -> None:
        """Poll as long as the entry is loaded, and Home Assistant has its connections."""
        if self.hass.is_stopping:
            return
        poll = self.config_entry.async_create_background_task(
            self.hass, self.async_refresh(), f"{DOMAIN} poll {self.name}"
        )
        await asyncio.wait([poll])

    @callback
    def _async_poll_failed(self, err: OctoPrintError) -> None:
        """Poll again later, and all of it where the server may come back as another one."""
        if needs_reauth(err):
            self.listener.async_refuse()
        # All is unavailable until a poll succeeds.
        self.update_interval = POLL_IDLE
        if is_lost(err):
            # It may come back in another version, with other settings, or without our key.
            self._poller.expire()

    def _poll_interval(self, truth: Snapshot) -> timedelta:
        """Return when to poll again, which may be for something that failed."""
        interval = self._usual_interval(truth)
        if (retry_in := self._poller.retry_in) is not None:
            interval = min(interval, max(timedelta(seconds=retry_in), POLL_TRANSIENT))
        return interval

    def _usual_interval(self, truth: Snapshot) -> timedelta:
        if (
            not self._print_end.is_settled
            or self._is_poll_awaited
            or self._poller.has_expired
        ):
            # What is asked for while a poll that was asked for runs is not read at once.
            return POLL_TRANSIENT
        if self.is_pushed:
            return POLL_PUSHED
        if truth.state in TRANSIENT_STATES:
            return POLL_TRANSIENT
        if truth.is_busy or truth.is_heating:
            return POLL_ACTIVE
        return POLL_IDLE

    async def _async_poll(self) -> Snapshot:
        """Ask for what may have changed and return the next snapshot."""
        before, taken = self._truth, self._taken
        answers = await self._poller.async_read(before, is_pushed=self.is_pushed)
        truth = self._truth
        if truth is not None and before is not None and taken != self._taken:
            # What was pushed meanwhile is newer than the answers.
            return advance_aside(
                truth,
                server=answers.server
                if truth.server is before.server
                else replace(answers.server, timelapse=truth.server.timelapse),
                connection=answers.connection,
                printer=answers.printer,
                error=answers.error if truth.error is before.error else truth.error,
            )
        truth = advance(
            truth,
            self._memory,
            server=answers.server,
            connection=answers.connection,
            job=answers.job,
            printer=answers.printer,
            error=answers.error,
            now=dt_util.utcnow(),
        )
        if (ended := ended_between(self._memory, truth)) is not None:
            self._async_note_end(ended, is_certain=False)
        return truth if self.is_pushed else advance_unheard(truth)

    @property
    def _memory(self) -> Memory:
        return self._truth.memory if self._truth else self.store.memory

    @callback
    def _async_note_end(self, ended: RunningPrint, *, is_certain: bool) -> None:
        """Let the end of a print be settled before it is told, where it is not certain."""
        # The print before is told as it seems to have ended, and this one as it is named.
        self._print_end.begin(ended, is_certain=True)
        self._async_end_naming()
        self._print_end.begin(ended, is_certain=is_certain)

    async def _async_settle(self) -> None:
        """Correct the end of a print by the file's own history, where it has one."""
        # The socket, which is opened after the first poll, tells the server's clock.
        if (
            self._print_end.is_settled
            or self._truth is None
            or self.listener.task is None
        ):
            return
        settled = await self._print_end.async_settle(self._poller, self._truth)
        if settled is not None:
            memory = replace(self._truth.memory, last_print=settled)
            self._async_take(replace(self._truth, memory=memory))
        else:
            # As it seemed, where it has been asked for often enough.
            self._async_note()

    @callback
    def async_receive(self, message: PushMessage) -> None:
        """Take what the server told, in one step."""
        previous = self._truth
        if previous is None:
            return
        # Nearly all messages are of this kind, and tell nothing but the next snapshot.
        is_current = isinstance(message, Current)
        if not is_current and isinstance(message, Occurrence):
            if message.subject is Subject.PRINT:
                # That the print has begun is told before.
                self._async_end_naming()
            self.events.async_add(with_shown_name(message, previous))
        self._heard_at = monotonic()
        if not self.last_update_success:
            # It is there again, whatever it was that went wrong.
            self._async_schedule_poll()
        truth = advance_pushed(previous, message, dt_util.utcnow())
        if not self.is_pushed:
            # It is the history: what happened before it nobody has told.
            truth = advance_unheard(truth)
        if not is_current:
            self._async_read_what_follows(message, previous)
        if truth is previous:
            if isinstance(message, Occurrence):
                self.events.async_tell()
            return
        if ended := ended_between(previous.memory, truth):
            self._async_note_end(ended, is_certain=is_certain(ended, truth))
            if not self._print_end.is_settled:
                self._async_schedule_poll()
        self._taken += 1
        self._async_take(truth)
        self._async_show(truth)
        self.events.async_tell()

    @callback
    def _async_read_what_follows(
        self, message: PushMessage, previous: Snapshot
    ) -> None:
        """Read what a message tells of only in part."""
        if isinstance(message, ReadAgain | ReauthRequired):
            self._poller.expire()
            if isinstance(message, ReadAgain) and message.event == "SettingsUpdated":
                self.plugin_reader.expire()
            self._async_schedule_poll()
        elif isinstance(message, StateChanged) and (
            message.state is State.OFFLINE and previous.has_problem
        ):
            # That it is offline after an error only a later `current` tells, which may be
            # held back until it tells nothing new.
            self._async_schedule_poll()
        elif isinstance(message, PluginTold):
            self.plugin_reader.async_hear(message.message)

    @callback
    def _async_schedule_poll(self) -> None:
        """Poll soon; where one runs meanwhile, which is too early, once more after it."""
        self._is_poll_awaited = True
        self.poll_soon.async_schedule_call()

    @callback
    def _async_take(self, truth: Snapshot) -> None:
        """Make a snapshot the truth."""
        previous, self._truth = self._truth, truth
        self._publisher.naming.follow(truth, monotonic())
        self._async_keep_tool(truth)
        if truth.heaters:
            self.store.async_see(truth.heaters)
        self._async_note()
        if previous is not None and previous.plugins is not truth.plugins:
            self.events.async_note_layers(previous, truth)
        if previous is not None:
            self.plugin_reader.async_follow(previous.job, truth.job)
        is_awaited = (
            truth.state in TRANSIENT_STATES
            or is_warming(truth.heaters)
            or self._is_name_awaited
        )
        self.listener.push.throttle = THROTTLE_QUICK if is_awaited else THROTTLE_CALM
        if previous is not None and truth.server is not previous.server:
            async_update_device(self.hass, self.config_entry, truth)

    @callback
    def _async_keep_tool(self, truth: Snapshot) -> None:
        """Keep the active tool; where a printer is just ready, what was kept may still hold."""
        is_settled = (
            truth.active_tool is not None or truth.state is not State.OPERATIONAL
        )
        if is_settled and self.store.value("tool") != truth.active_tool:
            self.store.async_set_value("tool", truth.active_tool)

    @callback
    def _async_note(self) -> None:
        if self._truth is not None:
            is_named = not self._is_name_awaited
            is_settled = self._print_end.is_settled and is_named
            self.events.async_note(self._truth, is_settled=is_settled)

    @property
    def _is_name_awaited(self) -> bool:
        return self._publisher.naming.is_awaited(monotonic())

    @callback
    def _async_end_naming(self) -> None:
        """Let the stored name of a file do for what is to be told of it."""
        self._publisher.naming.give_up()
        self._async_note()

    @callback
    def _async_stopping(self, _: Event) -> None:
        """Keep what waits for a name, so that its end is told after the restart."""
        self._async_end_naming()
        self.events.async_keep()

    @callback
    def _async_show(self, truth: Snapshot) -> None:
        shown = self._publish(truth)
        if shown is not self.data:
            self.data = shown
            self.async_update_listeners()

    @callback
    def _async_take_plugins(self, states: PluginStates) -> None:
        if self._truth is not None and states is not self._truth.plugins:
            self._async_take(replace(self._truth, plugins=states))
            self._async_show(self._truth)
            self.events.async_tell()

    def _async_start_task(
        self, coroutine: Coroutine[Any, Any, None], name: str
    ) -> asyncio.Task[None]:
        """Start what ends with the entry."""
        return self.config_entry.async_create_background_task(
            self.hass, coroutine, f"{DOMAIN} {name} {self.name}"
        )

    @callback
    def _async_take_optional(self, name: str, answer: Any) -> None:
        """Take what a poll did not wait for."""
        if self._truth is None or name == "error":
            # What the last error was is read again with the next poll.
            return
        server = with_optional(self._truth.server, {name: answer})
        if server != self._truth.server:
            self._async_take(advance_server(self._truth, server))
            self._async_show(self._truth)
            self.plugin_reader.async_read()

    @callback
    def _async_show_upload(self, percent: int | None) -> None:
        if self._truth is not None and percent != self._truth.upload:
            self._truth = replace(self._truth, upload=percent)
            self._async_show(self._truth)

    def _publish(self, truth: Snapshot) -> Snapshot:
        """Return what is shown of the truth."""
        # The base class declares the data as always there, which it is not at first.
        shown: Snapshot | None = self.data
        now = monotonic()
        publish = self._publisher.show(shown, truth, now)
        due_at = self._publisher.due_at
        if due_at is not None and due_at < self._held_back_until:
            # Nothing may come any more that would bring it along.
            self._async_forget_held_back()
            self._held_back_until = due_at
            self._held_back = async_call_later(
                self.hass, due_at - now, self._show_held_back
            )
        return publish

    @callback
    def _async_show_held_back(self, _: datetime) -> None:
        """Show what a pace held back, now that it is over."""
        self._held_back = None
        self._held_back_until = float("inf")
        if self._truth is not None:
            self._async_note()
            self._async_show(self._truth)
            self.events.async_tell()

    @callback
    def _async_forget_held_back(self) -> None:
        if self._held_back is not None:
            self._held_back()
            self._held_back = None
        self._held_back_until = float("inf")

    @override
    async def async_shutdown(self) -> None:
        """End it, with what was to be shown later."""
        await super().async_shutdown()
        self.poll_soon.async_shutdown()
        self._async_forget_held_back()
