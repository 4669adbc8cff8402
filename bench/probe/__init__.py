"""What the bench sees from within Home Assistant; enabled by a line `bench_probe:` in its configuration.

It is linked into custom_components and asked with Home Assistant's own token:

`GET /api/bench_probe` returns
    `time`      the clock, as time.time() tells it
    `lag`       how late the event loop ran a timer, in ms: `p50`, `p99`, `max` and `count`; null while not measured
    `writes`    by entity id how often its state was `changed`, and `reported` though it was the same
    `changes`   those since the last call that asked for them, as [time, entity id, state or null]

`POST /api/bench_probe` with `{"lag": bool, "changes": bool}` forgets all that was seen, and says what is measured
from then on. At first it is only the writes: the timer of the lag costs a few ms of processor time per second.
"""

from collections import Counter, deque
import time
from typing import Any

from aiohttp import web

from homeassistant.components.http import HomeAssistantView
from homeassistant.const import EVENT_STATE_CHANGED, EVENT_STATE_REPORTED
from homeassistant.core import (
    Event,
    EventStateChangedData,
    EventStateReportedData,
    HomeAssistant,
    callback,
)
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.typing import ConfigType

DOMAIN = "bench_probe"

CONFIG_SCHEMA = cv.empty_config_schema(DOMAIN)

INTERVAL = 0.02

MAX_CHANGES = 200_000


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Listen from the start."""
    probe = Probe(hass)
    hass.bus.async_listen(EVENT_STATE_CHANGED, probe.on_change)
    # Home Assistant insists on a filter for this event, as it is so frequent.
    hass.bus.async_listen(
        EVENT_STATE_REPORTED, probe.on_report, event_filter=_any_report
    )
    hass.http.register_view(ProbeView(probe))
    return True


@callback
def _any_report(_: EventStateReportedData) -> bool:
    return True


class Probe:
    """Counts the state writes, keeps the changes, and measures the event loop's lag."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Start with nothing seen."""
        self._loop = hass.loop
        self._round = 0
        self._measure_changes = False
        self.changes: deque[tuple[float, str, str | None]] = deque(maxlen=MAX_CHANGES)
        self.changed: Counter[str] = Counter()
        self.reported: Counter[str] = Counter()
        self.lags: list[float] | None = None

    @callback
    def reset(self, *, lag: bool, changes: bool) -> None:
        """Forget what was seen, and choose what is measured."""
        self.changes.clear()
        self.changed.clear()
        self.reported.clear()
        self._measure_changes = changes
        self.lags = [] if lag else None
        self._round += 1
        if lag:
            self._tick(self._round, None)

    @callback
    def on_change(self, event: Event[EventStateChangedData]) -> None:
        """Count a state that was written and differs."""
        self.changed[event.data["entity_id"]] += 1
        if self._measure_changes:
            state = event.data["new_state"]
            self.changes.append(
                (time.time(), event.data["entity_id"], state.state if state else None)
            )

    @callback
    def on_report(self, event: Event[EventStateReportedData]) -> None:
        """Count a state that was written and is the same."""
        self.reported[event.data["entity_id"]] += 1

    @callback
    def _tick(self, number: int, due: float | None) -> None:
        if number != self._round or self.lags is None:
            return
        now = self._loop.time()
        if due is not None:
            self.lags.append((now - due) * 1000)
        self._loop.call_at(now + INTERVAL, self._tick, number, now + INTERVAL)

    def answer(self) -> dict[str, Any]:
        """Return what was seen, and give away the changes."""
        changes = list(self.changes)
        self.changes.clear()
        return {
            "time": time.time(),
            "lag": _summary(sorted(self.lags)) if self.lags else None,
            "writes": {
                entity_id: {
                    "changed": self.changed[entity_id],
                    "reported": self.reported[entity_id],
                }
                for entity_id in self.changed | self.reported
            },
            "changes": changes,
        }


def _summary(lags: list[float]) -> dict[str, float]:
    last = len(lags) - 1
    return {
        "p50": round(lags[last // 2], 3),
        "p99": round(lags[round(last * 0.99)], 3),
        "max": round(lags[last], 3),
        "count": len(lags),
    }


class ProbeView(HomeAssistantView):
    """Hands out what was seen."""

    url = "/api/bench_probe"
    name = "api:bench_probe"

    def __init__(self, probe: Probe) -> None:
        """Take the probe."""
        self._probe = probe

    async def get(self, request: web.Request) -> web.Response:
        """Return what was seen."""
        return self.json(self._probe.answer())

    async def post(self, request: web.Request) -> web.Response:
        """Start anew."""
        wanted = await request.json()
        self._probe.reset(
            lag=bool(wanted.get("lag")), changes=bool(wanted.get("changes"))
        )
        return self.json({})
