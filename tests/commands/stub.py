"""A printer without Home Assistant: what commands ask of a coordinator, on a server that replays."""

import asyncio
from collections.abc import Coroutine
from types import SimpleNamespace
from typing import Any, cast

from custom_components.octoprint_plus.api import (
    JobFile,
    OctoPrintClient,
    OctoPrintError,
)
from custom_components.octoprint_plus.const import default_max_temp
from custom_components.octoprint_plus.coordinator import OctoPrintCoordinator
from custom_components.octoprint_plus.model.choice import ConnectionChoice
from custom_components.octoprint_plus.model.prints import Memory
from custom_components.octoprint_plus.model.snapshot import (
    Snapshot,
    advance,
    advance_server,
    advance_tool,
)
from custom_components.octoprint_plus.sync.errors import (
    UnexpectedErrors,
    update_failure,
)
from custom_components.octoprint_plus.sync.optional_reader import OptionalReader
from custom_components.octoprint_plus.sync.poller import OctoPrintPoller, with_optional
from custom_components.octoprint_plus.sync.upload_progress import UploadProgress
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util


class StubCoordinator:
    """Polls a server, and keeps what it tells; all else that commands ask for is plain."""

    name = "Prusa"
    is_pushed = False
    is_unloaded = False
    last_update_success = True
    poll_failure: HomeAssistantError | None = None
    filament_task: asyncio.Task[Any] | None = None
    starting_prints = 0

    def __init__(self, client: OctoPrintClient) -> None:
        """Take the client of a server, which is not asked anything yet."""
        self.client = client
        self.choice = ConnectionChoice()
        self.ending: set[asyncio.Timeout] = set()
        self.users: dict[str, Any] = {}
        self.hass = SimpleNamespace(
            async_add_executor_job=asyncio.to_thread,
            auth=SimpleNamespace(async_get_user=self._get_user),
        )
        self.config_entry = SimpleNamespace(async_start_reauth=self._start_reauth)
        self.reauth_started = 0
        self.read_plugins: list[str] = []
        self.store = SimpleNamespace(last_seen=None)
        self.unexpected = UnexpectedErrors(lambda: self.name)
        self.uploads = UploadProgress(lambda: self.name, lambda _: None)
        self._snapshot: Snapshot | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._poller = self._new_poller()

    def _new_poller(self) -> OctoPrintPoller:
        return OctoPrintPoller(
            self.client,
            OptionalReader(
                lambda: self.name, self._start, self._take_optional, self.unexpected
            ),
            lambda: self._snapshot,
        )

    @property
    def typed(self) -> OctoPrintCoordinator:
        """Return it as what it stands for."""
        return cast("OctoPrintCoordinator", self)

    @property
    def data(self) -> Snapshot:
        """Return what is known."""
        assert self._snapshot is not None
        return self._snapshot

    @property
    def file(self) -> JobFile | None:
        """Return the selected or printed file."""
        return self.data.job.file

    def may(self, permission: str) -> bool:
        """Return whether the key has a permission."""
        return self.data.server.user.may(permission)

    def max_temp(self, heater: str) -> float:
        """Return the highest temperature that may be set."""
        return default_max_temp(heater)

    async def reload(self) -> None:
        """Forget all, and read it anew."""
        self._snapshot = None
        self._poller = self._new_poller()
        await self.async_refresh()

    async def async_refresh(self) -> None:
        """Poll."""
        try:
            answers = await self._poller.async_read(self._snapshot, is_pushed=False)
        except OctoPrintError as err:
            self.last_update_success = False
            self.poll_failure = update_failure(err, self.name)
            return
        self.last_update_success = True
        self.poll_failure = None
        self._snapshot = advance(
            self._snapshot,
            self._snapshot.memory if self._snapshot else Memory(),
            server=answers.server,
            connection=answers.connection,
            job=answers.job,
            printer=answers.printer,
            error=answers.error,
            now=dt_util.utcnow(),
        )
        # What a poll does not wait for is there by the time that a test looks.
        await asyncio.gather(*self._tasks)

    async def async_request_refresh(self) -> None:
        """Poll."""
        await self.async_refresh()

    async def async_request_full_refresh(self) -> None:
        """Poll all."""
        self._poller.expire()
        await self.async_refresh()

    async def async_before_command(self) -> None:
        """Do nothing: nothing is pushed."""

    async def async_after_command(self) -> None:
        """Do nothing: whoever tests looks at what was sent."""

    def async_note_tool(self, tool: int) -> None:
        """Note that a tool was made the active one."""
        self._snapshot = advance_tool(self.data, tool)

    def async_read_plugin(self, plugin: str) -> None:
        """Note that a plugin is to be read again."""
        self.read_plugins.append(plugin)

    def _start(
        self, coroutine: Coroutine[Any, Any, None], _: str
    ) -> asyncio.Task[None]:
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _take_optional(self, name: str, answer: Any) -> None:
        if self._snapshot is not None and name != "error":
            server = with_optional(self._snapshot.server, {name: answer})
            self._snapshot = advance_server(self._snapshot, server)

    async def _get_user(self, user_id: str) -> Any:
        return self.users.get(user_id)

    def _start_reauth(self, _: object) -> None:
        self.reauth_started += 1
