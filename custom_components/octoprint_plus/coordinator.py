"""Data update coordinator of OctoPrint Plus: one per printer, the only truth."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import override

from yarl import URL

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_API_KEY, CONF_URL, CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.debounce import Debouncer
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from .api import (
    OctoPrintAuthError,
    OctoPrintClient,
    OctoPrintConflictError,
    OctoPrintConnectionError,
    OctoPrintError,
    OctoPrintNotFoundError,
    OctoPrintPermissionError,
    OctoPrintRequestError,
    RunningPrint,
    ServerData,
    Snapshot,
    State,
)
from .api.job import Job
from .api.memory import settle
from .api.printer import PrinterError, PrinterState
from .api.snapshot import advance
from .api.state import CONNECTING_STATES, OFFLINE_STATES, parse_state
from .const import CONF_MAX_TEMPS, DOMAIN, LOGGER, default_max_temp
from .store import OctoPrintStore

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

# OctoPrint writes the history of a file a moment after the end of a print.
SETTLE_ATTEMPTS = 3

# OctoPrint queues a command before it answers, and shows the effect moments later.
REFRESH_DELAY = 0.3

# Settings, profiles, commands and the key's permissions change when an
# administrator changes them, now and then.
SERVER_DATA_MAX_AGE = timedelta(minutes=5)


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
            request_refresh_debouncer=Debouncer(
                hass, LOGGER, cooldown=REFRESH_DELAY, immediate=False
            ),
        )
        self.client = OctoPrintClient(
            async_get_clientsession(hass, verify_ssl=entry.data[CONF_VERIFY_SSL]),
            URL(entry.data[CONF_URL]),
            entry.data[CONF_API_KEY],
        )
        self.store = OctoPrintStore(hass, entry.entry_id)
        self._server_read_at: datetime | None = None
        self._failing: set[str] = set()
        self._unsettled: tuple[RunningPrint, int] | None = None

    @property
    def instance_id(self) -> str:
        """Return what the unique ids of the device and its entities begin with."""
        return self.config_entry.unique_id or self.config_entry.entry_id

    @property
    def device_info(self) -> DeviceInfo:
        """Return the device of the printer."""
        profile = self.data.profile
        return DeviceInfo(
            configuration_url=str(self.client.url),
            identifiers={(DOMAIN, self.instance_id)},
            manufacturer="OctoPrint",
            model=profile.model if profile else None,
            name=self.config_entry.title,
            sw_version=self.data.server.server.version,
        )

    def may(self, permission: str) -> bool:
        """Return whether the key has a permission, by OctoPrint's name for it."""
        return self.data.server.user.may(permission)

    def max_temp(self, heater: str) -> float:
        """Return the highest temperature in degrees Celsius that may be set."""
        limits: Mapping[str, float] = self.config_entry.options.get(CONF_MAX_TEMPS, {})
        return limits.get(heater, default_max_temp(heater))

    async def async_request_full_refresh(self) -> None:
        """Read again soon, also what changes rarely."""
        self._server_read_at = None
        await self.async_request_refresh()

    @override
    async def _async_setup(self) -> None:
        """Load what has to outlive a restart of Home Assistant."""
        await self.store.async_load()

    @override
    async def _async_update_data(self) -> Snapshot:
        """Poll the server."""
        try:
            snapshot = await self._async_poll()
        except OctoPrintAuthError as err:
            raise ConfigEntryAuthFailed(
                translation_domain=DOMAIN,
                translation_key="invalid_auth",
                translation_placeholders={"printer": self.name},
            ) from err
        except OctoPrintPermissionError as err:
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key="missing_permission",
                translation_placeholders={
                    "printer": self.name,
                    "permission": err.permission or "STATUS",
                },
            ) from err
        except OctoPrintNotFoundError as err:
            # All that is polled is there in every OctoPrint.
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key="connection_not_octoprint",
                translation_placeholders={"printer": self.name},
            ) from err
        except OctoPrintConnectionError as err:
            # A server that was away may come back in another version, with other
            # settings, or without our key.
            self._server_read_at = None
            self.update_interval = POLL_IDLE
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key=f"connection_{err.cause}",
                translation_placeholders={"printer": self.name},
            ) from err
        except OctoPrintError as err:
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key="request_failed",
                translation_placeholders={"printer": self.name, "error": str(err)},
            ) from err
        if snapshot.state in TRANSIENT_STATES:
            self.update_interval = POLL_TRANSIENT
        elif snapshot.is_busy or snapshot.is_heating:
            self.update_interval = POLL_ACTIVE
        else:
            self.update_interval = POLL_IDLE
        self.store.async_remember(snapshot.memory)
        return snapshot

    async def _async_poll(self) -> Snapshot:
        """Ask for what may have changed and return the next snapshot."""
        now = dt_util.utcnow()
        # The base class declares the data as always there, which it is not yet here.
        previous: Snapshot | None = self.data
        memory = self.store.memory
        job, printer = await self._async_get_job()
        connection = await self.client.connection.get()
        if previous is not None and (
            connection.printer_profile != previous.connection.printer_profile
            or (printer is not None and not previous.is_connected)
        ):
            # Its profile may have been made or changed a moment ago.
            self._server_read_at = None
        server = await self._async_get_server(previous, now)
        error = await self._async_get_error(server)
        snapshot = advance(
            previous,
            memory,
            server=server,
            connection=connection,
            job=job,
            printer=printer,
            error=error,
            now=now,
        )
        snapshot = await self._async_settle(snapshot)
        if previous is not None and server is not previous.server:
            self._async_update_device(snapshot)
        return snapshot

    async def _async_get_job(self) -> tuple[Job, PrinterState | None]:
        """Read the job and, while it is connected, the printer."""
        job = await self.client.job.get()
        state = parse_state(job.state)
        if state in OFFLINE_STATES or state in CONNECTING_STATES:
            # It would answer 409, each time with a warning in OctoPrint's log.
            return job, None
        try:
            return job, await self.client.printer.get()
        except OctoPrintConflictError:
            # The printer went away between the two answers.
            return await self.client.job.get(), None

    async def _async_get_server(
        self, previous: Snapshot | None, now: datetime
    ) -> ServerData:
        """Return what changes rarely, read again when it has become old."""
        if (
            previous is not None
            and self._server_read_at is not None
            and now - self._server_read_at < SERVER_DATA_MAX_AGE
        ):
            return previous.server
        client = self.client
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
        )
        self._server_read_at = now
        return previous.server if previous and previous.server == data else data

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
                LOGGER.warning("%s: OctoPrint failed to answer: %s", self.name, err)
            return known
        self._failing.discard(name)
        return answer

    async def _async_get_error(self, server: ServerData) -> PrinterError | None:
        """Read the last error, where this OctoPrint tells it."""
        if not server.server.is_at_least(1, 10):
            return None
        known: PrinterError | None = self.data.error if self.data else None
        return await self._async_get_optional(self.client.printer.error, known)

    async def _async_settle(self, snapshot: Snapshot) -> Snapshot:
        """Correct the end of a print by the file's own history, where it has one."""
        memory = self.store.memory
        last_print = snapshot.memory.last_print
        if last_print is None:
            return snapshot
        if last_print is not memory.last_print and memory.running:
            self._unsettled = (memory.running, SETTLE_ATTEMPTS)
        if self._unsettled is None:
            return snapshot
        running, attempts = self._unsettled
        self._unsettled = (running, attempts - 1) if attempts > 1 else None
        if running.file.origin != "local" or not snapshot.server.user.may("FILES_LIST"):
            self._unsettled = None
            return snapshot
        with suppress(OctoPrintError):
            entry = await self.client.files.info("local", running.file.path)
            history = entry.prints.last if entry.prints else None
            if history and (settled := settle(last_print, running, history)):
                self._unsettled = None
                return replace(
                    snapshot, memory=replace(snapshot.memory, last_print=settled)
                )
        return snapshot

    @callback
    def _async_update_device(self, snapshot: Snapshot) -> None:
        """Show a new version of OctoPrint or another model on the device."""
        registry = dr.async_get(self.hass)
        device = registry.async_get_device_by_identifier(
            (DOMAIN, self.instance_id), self.config_entry.entry_id
        )
        if device is not None:
            registry.async_update_device(
                device.id,
                model=snapshot.profile.model if snapshot.profile else None,
                sw_version=snapshot.server.server.version,
            )
