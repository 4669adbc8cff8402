"""What is read of the plugins, beside the polls: some of them take their time."""

import asyncio
from collections.abc import Callable
from time import monotonic

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from ..api import (
    ConnectionCause,
    Job,
    OctoPrintClient,
    OctoPrintConnectionError,
    OctoPrintError,
    Permission,
    spool_manager,
    spoolman,
)
from ..const import DOMAIN, LOGGER
from ..device import printer_title
from ..model.plugins import PluginStates, has_to_be_read, merge_plugins
from ..model.snapshot import Snapshot
from .errors import UnexpectedErrors, is_away
from .plugins import PERMISSIONS, READERS

# Most of it is pushed, and new versions are published every few weeks.
MAX_AGE = 3600.0

# What a plugin itself depends on may start later than everything else.
RETRY = 300.0

# SpoolManager compares file and spools also for being read, once or more often. What it
# tells until so many seconds later is likely to be no news, where it tells the same.
ECHO = 0.3


class PluginReader:
    """Reads the plugins that are installed."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        client: OctoPrintClient,
        get: Callable[[], Snapshot | None],
        take: Callable[[PluginStates], None],
        unexpected: UnexpectedErrors,
    ) -> None:
        """Take what returns the latest snapshot, and what takes the plugins' next states."""
        self._unexpected = unexpected
        self._hass = hass
        self._entry = entry
        self._client = client
        self._get = get
        self._take = take
        self._task: asyncio.Task[None] | None = None
        self._read_at: dict[str, float] = {}
        self._echo_until: dict[str, float] = {}
        self._echoes: set[spool_manager.FilamentChecked] = set()
        """What SpoolManager has told since it was last read for something else."""

        self._failing: set[str] = set()

    def expire(self, plugin: str | None = None) -> None:
        """Let a plugin, or all of them, be due."""
        if plugin is None:
            self._read_at.clear()
        else:
            self._read_at.pop(plugin, None)

    @callback
    def async_hear(self, message: object) -> None:
        """Read the plugin again of which a message tells only that something changed."""
        if (plugin := has_to_be_read(message)) is None:
            return
        if not isinstance(message, spool_manager.FilamentChecked):
            self.async_read_again(plugin)
            return
        if monotonic() >= self._echo_until.get(plugin, 0):
            self._echoes.clear()
        if message not in self._echoes:
            self._echoes.add(message)
            self.async_read_again(plugin)
        elif plugin in self._read_at:
            # A spool that is told alike may have been selected since, too, but to read it
            # again at once would never end.
            self._read_at[plugin] = monotonic() - MAX_AGE + RETRY

    @callback
    def async_follow(self, before: Job, after: Job) -> None:
        """Read again what depends on the job, where another file, or need of it, is told."""
        if before is not after and (
            before.file != after.file or before.filament != after.filament
        ):
            # It tells nobody that it compares the spools with another file.
            self.async_read_again(spoolman.PLUGIN)

    @callback
    def async_read_again(self, plugin: str) -> None:
        """Read a plugin, where it is installed, as soon as what is being read is."""
        self.expire(plugin)
        self.async_read()

    @callback
    def async_read(self) -> None:
        """Read what is due, if not some of it is being read already."""
        self._expire_absent()
        if (self._task is None or self._task.done()) and self._next() is not None:
            self._task = self._entry.async_create_background_task(
                self._hass, self._async_read(), f"{DOMAIN} plugins {self._entry.title}"
            )

    async def async_wait_idle(self) -> None:
        """Wait until no plugin is being read."""
        if self._task is not None:
            await asyncio.wait([self._task])

    def _expire_absent(self) -> None:
        """Let a plugin that is not there be due once it is there again."""
        if (snapshot := self._get()) is not None:
            for plugin in READERS.keys() - installed_plugins(snapshot):
                self.expire(plugin)

    def _next(self) -> str | None:
        """Return a plugin that is there, may be read, and was not for long."""
        if (snapshot := self._get()) is None:
            return None
        installed, user = installed_plugins(snapshot), snapshot.server.user
        oldest = monotonic() - MAX_AGE
        for plugin in READERS:
            if (
                plugin in installed
                and user.may(PERMISSIONS.get(plugin, Permission.STATUS))
                and self._read_at.get(plugin, oldest) <= oldest
            ):
                return plugin
        return None

    async def _async_read(self) -> None:
        """Read one plugin after the other; what one of them fails to tell stays."""
        while (plugin := self._next()) and (snapshot := self._get()):
            self._read_at[plugin] = monotonic()
            self._echo_until[plugin] = float("inf")
            before = snapshot.plugins
            try:
                after = await READERS[plugin](self._client, before)
                self._failing.discard(plugin)
                if latest := self._get():
                    # What was pushed meanwhile is newer.
                    self._take(merge_plugins(before, after, latest.plugins))
            except OctoPrintError as err:
                if await self._is_away(err):
                    # That is for the polls to tell.
                    self.expire(plugin)
                    return
                self._read_at[plugin] = monotonic() - MAX_AGE + RETRY
                if plugin not in self._failing:
                    self._failing.add(plugin)
                    LOGGER.warning(
                        "%s: the plugin %s failed to answer: %s",
                        printer_title(self._hass, self._entry),
                        plugin,
                        err,
                    )
            except Exception as err:  # noqa: BLE001
                # All others are read nevertheless.
                self._unexpected.log(f"reading the plugin {plugin}", err)
            finally:
                self._echo_until[plugin] = monotonic() + ECHO
                self._expire_absent()

    async def _is_away(self, err: OctoPrintError) -> bool:
        """Return whether the server is away, and not just what a plugin waits for itself."""
        if not is_away(err):
            return False
        if (
            isinstance(err, OctoPrintConnectionError)
            and err.cause is not ConnectionCause.TIMEOUT
        ):
            return True
        try:
            await self._client.server.get()
        except OctoPrintError:
            return True
        return False


def installed_plugins(snapshot: Snapshot) -> frozenset[str]:
    """Return the plugins that are there; of two that keep account of spools just one."""
    installed = snapshot.server.installed
    if spoolman.PLUGIN in installed:
        return installed - {spool_manager.PLUGIN}
    return installed
