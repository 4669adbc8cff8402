"""The two that are compared: a Home Assistant each, behind a counting proxy each."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
import time
from typing import Any, Self

from scripts.lab import LabError, OctoPrintServer
from scripts.lab.integration import add_printer
from scripts.lab.octoprint_config import ADMIN_KEY
from scripts.lab.server import HOST

from .home_assistant import BenchHomeAssistant, Change
from .proxy import CountingProxy

BUILT_IN = "built_in"
OURS = "ours"

UNAVAILABLE = "unavailable"

type Wanted = Callable[[str | None], bool]


@dataclass
class Side:
    """A Home Assistant with one integration, and how that names things."""

    name: str
    home_assistant: BenchHomeAssistant
    proxy: CountingProxy
    entry_id: str = ""
    entities: set[str] = field(default_factory=set)
    state: str = ""
    tool_target: str = ""
    bed_target: str = ""

    async def set_up(self, octoprint: OctoPrintServer) -> None:
        """Add the printer through the integration's own dialog."""
        if self.name == OURS:
            # Only its address differs: nothing is started here.
            behind_proxy = OctoPrintServer(
                octoprint.folder, port=self.proxy.port, options=octoprint.options
            )
            self.entry_id = await add_printer(self.home_assistant, behind_proxy)
        else:
            self.entry_id = await _add_built_in(self.home_assistant, self.proxy.port)

    async def find_entities(self) -> None:
        """Look up the entities that are watched."""
        registry = await self.home_assistant.entities(self.entry_id)
        by_unique_id = {each["unique_id"]: each["entity_id"] for each in registry}
        self.entities = set(by_unique_id.values())

        def find(part: str) -> str:
            for unique_id, entity_id in by_unique_id.items():
                if unique_id.startswith(part) or unique_id.endswith(part):
                    return str(entity_id)
            raise LabError(f"{self.name} has no {part} in {sorted(by_unique_id)}")

        if self.name == OURS:
            self.state = await self.home_assistant.entity_id(
                self.entry_id, "sensor", "state"
            )
            self.tool_target = find("_tool0_target_temperature")
            self.bed_target = find("_bed_target_temperature")
        else:
            self.state = find("Current State-")
            self.tool_target = find("target tool0 temp-")
            self.bed_target = find("target bed temp-")

    def word(self, state: str) -> str:
        """Return what it calls a state of the printer; the built-in integration has no word for off."""
        is_off = state in ("offline", "offline_after_error")
        return UNAVAILABLE if is_off and self.name == BUILT_IN else state

    async def wait(self, state: str) -> None:
        """Wait until it shows a state of the printer."""
        await self.home_assistant.wait_for(self.state, self.word(state), timeout=150)


async def _add_built_in(home_assistant: BenchHomeAssistant, port: int) -> str:
    step = await home_assistant.flow_start("octoprint")
    answer: dict[str, Any] = {
        "username": "admin",
        "host": HOST,
        "port": port,
        "path": "/",
        "ssl": False,
        "verify_ssl": True,
        # Given here, it is what the dialog would wait for an approval to get.
        "api_key": ADMIN_KEY,
    }
    step = await home_assistant.flow_step(step["flow_id"], answer)
    if step["type"] != "create_entry":
        raise LabError(f"the built-in integration's dialog ends at {step}")
    entry_id = str(step["result"]["entry_id"])
    await home_assistant.wait_entry(entry_id)
    return entry_id


class Tracker:
    """Follows all state changes of a Home Assistant."""

    def __init__(self, home_assistant: BenchHomeAssistant) -> None:
        """Take the Home Assistant."""
        self._home_assistant = home_assistant
        self._changes: list[Change] = []
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin."""
        await self._home_assistant.reset_probe(changes=True)
        now = time.time()
        self._changes = [
            Change(now, entity_id, state["state"])
            for entity_id, state in (await self._home_assistant.states()).items()
        ]
        self._task = asyncio.create_task(self._follow())
        return self

    async def __aexit__(self, *_: object) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _follow(self) -> None:
        while True:
            # The times are taken within Home Assistant, so it does not matter how often it is asked.
            self._changes += await self._home_assistant.changes()
            await asyncio.sleep(0.25)

    def last(self, entity_id: str) -> str | None:
        """Return an entity's state as last heard."""
        for change in reversed(self._changes):
            if change.entity_id == entity_id:
                return change.state
        return None

    async def wait(
        self, entity_id: str, wanted: Wanted, since: float, *, timeout: float
    ) -> float:
        """Return when a state came that is wanted, the first time since then."""
        end = time.time() + timeout
        while True:
            if self._task is not None and self._task.done():
                self._task.result()
            for change in self._changes:
                if (
                    change.time >= since
                    and change.entity_id == entity_id
                    and wanted(change.state)
                ):
                    return change.time
            if time.time() > end:
                raise LabError(
                    f"{entity_id} is {self.last(entity_id)} after {timeout} s"
                )
            await asyncio.sleep(0.05)
