"""A printer of which the server tells by itself what changes, for the tests."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
import json as jsonlib
from typing import Any, Self

from freezegun.api import FrozenDateTimeFactory
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.octoprint_plus.api.socket.messages import Hello, PushMessage
from custom_components.octoprint_plus.api.socket.push import PushLost, PushStarted
from custom_components.octoprint_plus.coordinator import (
    POLL_PUSHED,
    OctoPrintCoordinator,
)
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_STATE_CHANGED, EVENT_STATE_REPORTED
from homeassistant.core import (
    Event,
    EventStateChangedData,
    EventStateReportedData,
    HomeAssistant,
    callback,
)

from .fake_octoprint import FakeOctoPrint
from .recorded import FIXTURES
from .waiting import until

POLL = ["/api/job", "/api/printer"]

FULL_POLL = [
    *POLL,
    "/api/connection",
    "/api/currentuser",
    "/api/server",
    "/api/settings",
    "/api/printerprofiles",
    "/api/system/commands",
    "/api/timelapse",
    "/api/system/usage",
    "/api/printer/command/custom",
    "/api/printer/error",
]


class Pushed:
    """The entry, its server, and all that its coordinator is told."""

    def __init__(
        self, hass: HomeAssistant, fake: FakeOctoPrint, entry: MockConfigEntry
    ) -> None:
        """Take an entry that is not set up yet."""
        self.hass = hass
        self.fake = fake
        self.entry = entry
        self.told: list[PushStarted | PushLost | PushMessage] = []
        self._barriers = 0

    @property
    def coordinator(self) -> OctoPrintCoordinator:
        """Return the coordinator of the entry that is loaded."""
        coordinator: OctoPrintCoordinator = self.entry.runtime_data
        return coordinator

    async def load(self) -> Self:
        """Set the entry up, which is then listening, but has not yet heard anything."""
        self.entry.add_to_hass(self.hass)
        await self.hass.config_entries.async_setup(self.entry.entry_id)
        await self.hass.async_block_till_done()
        self.listen()
        return self

    def listen(self) -> None:
        """Take down what the coordinator is told."""
        receive = self.coordinator.listener.async_receive

        @callback
        def hear(message: PushStarted | PushLost | PushMessage) -> None:
            receive(message)
            self.told.append(message)

        self.coordinator.listener.async_receive = hear  # type: ignore[method-assign]

    async def up(self) -> Self:
        """Wait until the socket is up and the poll after it is over."""
        await until(
            lambda: (
                self.coordinator.is_pushed
                and self.coordinator.update_interval == POLL_PUSHED
                and self.fake.push.sockets == 1
            )
        )
        await self.heard()
        self.fake.clear()
        return self

    async def unload(self) -> None:
        """Unload the entry if it is loaded."""
        if self.entry.state is ConfigEntryState.LOADED:
            await self.hass.config_entries.async_unload(self.entry.entry_id)
        await self.hass.async_block_till_done()

    def of[M](self, kind: type[M]) -> list[M]:
        """Return what was told of a kind."""
        return [each for each in self.told if isinstance(each, kind)]

    async def heard(self) -> None:
        """Wait until all that was sent so far has been taken."""
        self._barriers += 1
        version = f"barrier {self._barriers}"
        await self.fake.push.send({"connected": {"version": version}})
        await until(lambda: Hello(version=version) in self.told[-3:])

    async def lose(self) -> None:
        """Lose the socket, while the server goes on answering."""
        self.fake.clear()
        count = len(self.of(PushLost))
        await self.fake.push.drop()
        await until(lambda: len(self.of(PushLost)) > count)
        await self.idle()

    async def idle(self) -> None:
        """Wait until no poll is under way."""
        for _ in range(5):
            await asyncio.sleep(0)
        await until(lambda: not self.coordinator.is_polling)
        await asyncio.sleep(0)

    async def tick(self, freezer: FrozenDateTimeFactory, seconds: float) -> None:
        """Let time pass, and all that is due then happen."""
        freezer.tick(timedelta(seconds=seconds))
        await self.idle()

    async def event(self, kind: str, /, **payload: Any) -> None:
        """Push an event and let it be taken."""
        await self.fake.push.event(kind, payload)
        await self.heard()

    async def state(self, state_id: str, text: str | None = None) -> None:
        """Push that the printer's state changed."""
        payload = {"state_id": state_id} | ({"state_string": text} if text else {})
        await self.event("PrinterStateChanged", **payload)

    async def current(self, **changes: Any) -> None:
        """Push what REST would answer, with changes."""
        await self.fake.push.current(**changes)
        await self.heard()

    def gets(self) -> list[str]:
        """Return the paths that were read."""
        return [each.path for each in self.fake.requests if each.method == "GET"]

    def state_of(self, entity_id: str) -> str | None:
        """Return the state of an entity, by its id without the printer's name."""
        domain, _, name = entity_id.partition(".")
        state = self.hass.states.get(f"{domain}.prusa_{name}")
        return state.state if state else None


def recording(name: str) -> Iterator[tuple[float, str, Any]]:
    """Yield time, name and content of what was recorded of states and events."""
    for line in (FIXTURES / f"push/{name}.jsonl").read_text().splitlines():
        entry = jsonlib.loads(line)
        if "msg" in entry and entry.get("dir", "<") == "<":
            for kind, content in entry["msg"].items():
                if kind in ("current", "event"):
                    yield entry.get("t", 0.0), kind, content


def answer_as(fake: FakeOctoPrint, current: dict[str, Any]) -> None:
    """Let REST answer what a `current` tells."""
    state = current["state"]
    job = {"state": state["text"], "job": current["job"]}
    error = {"error": state["error"]} if state.get("error") else {}
    job |= {"progress": current["progress"]}
    fake.answer("GET", "/api/job", json=job | error)
    if not state["flags"]["operational"]:
        error = {"error": "Printer is not operational"}
        fake.answer("GET", "/api/printer", status=409, json=error)
        return
    points = current.get("temps") or []
    temperature = {
        name: {**value, "offset": current.get("offsets", {}).get(name, 0)}
        for name, value in (points[-1] if points else {}).items()
        if isinstance(value, dict)
    }
    known = fake.json("GET", "/api/printer").get("temperature", {})
    fake.answer(
        "GET",
        "/api/printer",
        json={
            "sd": {"ready": state["flags"]["sdReady"]},
            "state": state,
            "temperature": temperature or known,
        },
    )


def state_told(payload: dict[str, Any]) -> dict[str, Any]:
    """Return the state that an event tells, as a `current` tells it."""
    is_off = payload["state_id"] in {"CONNECTING", "ERROR", "OFFLINE", "OPEN_SERIAL"}
    flags = {"operational": not is_off, "sdReady": not is_off}
    return {"text": payload["state_string"], "flags": flags}


async def play(pushed: Pushed, freezer: FrozenDateTimeFactory, name: str) -> None:
    """Push a recording at its own pace; REST answers what was told last."""
    before = 0.0
    current: dict[str, Any] | None = None
    for at, kind, content in recording(name):
        freezer.tick(timedelta(seconds=max(0, at - before)))
        before = max(at, before)
        if kind == "current":
            current = content
        elif current and content["type"] == "PrinterStateChanged":
            # A `current` that tells it comes later.
            current = current | {"state": state_told(content["payload"])}
        if current:
            answer_as(pushed.fake, current)
        await pushed.fake.push.send({kind: content})
        await pushed.heard()
        await pushed.idle()


@asynccontextmanager
async def pushing(
    hass: HomeAssistant, fake: FakeOctoPrint, entry: MockConfigEntry
) -> AsyncGenerator[Pushed]:
    """Set an entry up whose server pushes, and unload it at the end."""
    fake.push.enabled = True
    pushed = Pushed(hass, fake, entry)
    try:
        await pushed.load()
        yield await pushed.up()
    finally:
        await pushed.unload()


class Writes:
    """The entities that wrote their state."""

    def __init__(self) -> None:
        """Begin with none."""
        self.changed: list[str] = []
        self.reported: list[str] = []
        """Those that wrote what was there already."""


@contextmanager
def writes(hass: HomeAssistant) -> Iterator[Writes]:
    """Take down which entities write their state, changed or not."""
    written = Writes()

    @callback
    def note_changed(event: Event[EventStateChangedData]) -> None:
        written.changed.append(event.data["entity_id"])

    @callback
    def note_reported(event: Event[EventStateReportedData]) -> None:
        written.reported.append(event.data["entity_id"])

    @callback
    def every(_: Any) -> bool:
        return True

    stops = [
        hass.bus.async_listen(EVENT_STATE_CHANGED, note_changed),
        hass.bus.async_listen(EVENT_STATE_REPORTED, note_reported, event_filter=every),
    ]
    try:
        yield written
    finally:
        for stop in stops:
            stop()
