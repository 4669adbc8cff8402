"""Tests that no flood of events reaches the recorder, and that none of what matters is lost in it."""

from typing import cast

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.octoprint_plus.api import EventType, PrintEventType
from custom_components.octoprint_plus.api.socket.events import (
    OCCURRENCE_PARSERS,
    Occurrence,
    Subject,
)
from custom_components.octoprint_plus.sync.errors import UnexpectedErrors
from custom_components.octoprint_plus.sync.events import (
    BURST,
    MOST_WAITING,
    PACES,
    EventLimit,
    OctoPrintEvents,
)
from custom_components.octoprint_plus.sync.store import OctoPrintStore
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback

from ..pushed import Pushed

FLOOD = 2000


pytestmark = pytest.mark.usefixtures("freezer", "no_heartbeat")


def types(hass: HomeAssistant) -> list[str]:
    """Return the list to which each row of an event is added from now on."""
    found: list[str] = []

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        if event.data["entity_id"].startswith("event.") and event.data["new_state"]:
            found.append(event.data["new_state"].attributes["event_type"])

    hass.bus.async_listen(EVENT_STATE_CHANGED, note)
    return found


@pytest.mark.parametrize("event", OCCURRENCE_PARSERS)
async def test_flood(
    pushed: Pushed, freezer: FrozenDateTimeFactory, event: str
) -> None:
    """Test thousands of an event at once, while a print begins and ends."""
    rows = types(pushed.hass)
    for _ in range(FLOOD):
        await pushed.fake.push.event(event, {})
    await pushed.heard()
    pushed.fake.load("printing_local")
    await pushed.state("PRINTING", "Printing")
    await pushed.current()
    for _ in range(FLOOD):
        await pushed.fake.push.event(event, {})
    await pushed.heard()
    path = pushed.fake.json("GET", "/api/job")["job"]["file"]["path"]
    await pushed.event("PrintDone", path=path, time=42.0)
    pushed.fake.load("after_print_done")
    await pushed.state("OPERATIONAL", "Operational")
    await pushed.current()
    await pushed.idle()
    assert [each for each in rows if each in ("started", "finished")] == [
        "started",
        "finished",
    ]
    assert 1 <= len(rows) - 2 <= BURST
    # A while later it is told again.
    told = len(rows)
    freezer.tick(700)
    await pushed.event(event)
    assert len(rows) == told + 1


async def test_pictures_make_no_rows(pushed: Pushed) -> None:
    """Test that a picture is told to nobody, and not even asked for."""
    rows = types(pushed.hass)
    await pushed.event("CaptureDone", file="/tmp/1.jpg")  # noqa: S108
    assert rows == []
    assert "CaptureDone" not in pushed.fake.push.subscription["events"]


def test_pace() -> None:
    """Test that kinds have room each, which comes again by and by."""
    limit = EventLimit()
    one = Occurrence(subject=Subject.PRINT, type=PrintEventType.WAITING)
    other = Occurrence(subject=Subject.PRINT, type=PrintEventType.FILAMENT_CHANGE)
    assert [limit.admits(one, 0.0) for _ in range(BURST + 3)] == (
        [True] * BURST + [False] * 3
    )
    assert limit.admits(other, 0.0)
    assert [limit.admits(one, now) for now in (0.5, 1.1, 1.2, 2.2)] == [
        *(False, True, False, True)
    ]
    assert all(limit.admits(one, 10_000.0) for _ in range(BURST))
    assert not limit.admits(one, 10_000.0)


@pytest.mark.parametrize("kind", PACES)
def test_rare_kinds(kind: EventType) -> None:
    """Test what is told once in a print, and then rarely."""
    limit = EventLimit()
    one = Occurrence(subject=Subject.TIMELAPSE, type=kind)
    told = [now for now in range(0, 3600, 10) if limit.admits(one, now)]
    assert told == [0, 600, 1200, 1800, 2400, 3000]
    limit.begin_print()
    assert limit.admits(one, 3600)


def test_what_waits_is_bounded(hass: HomeAssistant) -> None:
    """Test that nothing piles up without end while nobody listens."""
    store = OctoPrintStore(hass, "any")
    events = OctoPrintEvents(hass, store, UnexpectedErrors(lambda: "Prusa"))
    for number in range(2 * MOST_WAITING):
        events.async_add(
            Occurrence(subject=Subject.PRINT, type=cast("EventType", str(number)))
        )
    told: list[Occurrence] = []
    events.async_listen(Subject.PRINT, told.append)
    events.async_open(hass)
    assert [each.type for each in told] == [
        str(number) for number in range(MOST_WAITING, 2 * MOST_WAITING)
    ]
