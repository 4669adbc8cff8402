"""Actions on all entities that there are (`entity_id: all`), which nobody means for a printer.

Home Assistant leaves entities with a category out of devices, areas and floors, but not out of
`all`: `climate.set_temperature` on all thermostats would cool a print. An entity is not told what
a call's target is, so the calls are noted when they are announced.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from homeassistant.const import (
    ATTR_DOMAIN,
    ATTR_ENTITY_ID,
    ATTR_SERVICE_DATA,
    ENTITY_MATCH_ALL,
    EVENT_CALL_SERVICE,
    Platform,
)
from homeassistant.core import Context, Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util.hass_dict import HassKey

# By the id of their context and their domain; the newest is the last.
CALLS: HassKey[dict[tuple[str, str], None]] = HassKey("octoprint_plus_calls_on_all")

MAX_CALLS = 100

DOMAINS = frozenset(Platform)

_IS_ON_ALL: ContextVar[bool] = ContextVar("octoprint_plus_is_on_all", default=False)


class OnAllError(HomeAssistantError):
    """The command comes from an action on everything; only the base of controls sees it."""


@callback
def async_watch_calls(hass: HomeAssistant) -> None:
    """Note which actions are on everything, from now on."""
    calls = hass.data[CALLS] = {}

    @callback
    def is_on_entities(data: Mapping[str, Any]) -> bool:
        return data[ATTR_DOMAIN] in DOMAINS

    @callback
    def note(event: Event) -> None:
        call = (event.context.id, event.data[ATTR_DOMAIN])
        # A later action of the same script, on what it names, is meant.
        calls.pop(call, None)
        target = event.data[ATTR_SERVICE_DATA].get(ATTR_ENTITY_ID)
        if isinstance(target, str) and target.strip().lower() == ENTITY_MATCH_ALL:
            calls[call] = None
            if len(calls) > MAX_CALLS:
                del calls[next(iter(calls))]

    hass.bus.async_listen(EVENT_CALL_SERVICE, note, event_filter=is_on_entities)


@callback
def async_begin_command(hass: HomeAssistant, context: Context, domain: str) -> None:
    """Let what runs now know whether it comes from an action on everything."""
    _IS_ON_ALL.set((context.id, domain) in hass.data.get(CALLS, ()))


@callback
def async_end_command() -> None:
    """Let what follows in the same task be meant again."""
    _IS_ON_ALL.set(False)


def require_meant() -> None:
    """Raise OnAllError where the command that runs comes from an action on everything."""
    if _IS_ON_ALL.get():
        raise OnAllError
