"""Actions on all entities that there are (`entity_id: all`), which nobody means for a printer.

Home Assistant leaves entities with a category out of devices, areas and floors, but not out of
`all`: `climate.set_temperature` on all thermostats would cool a print. An entity is not told what
a call's target is, so the calls are noted when they are announced: within what makes the call, as
the branches of a script make theirs at the same time. Only a call that a listener makes, such as the
first one of an automation, is announced after it, elsewhere, and known just by its context and
domain. Where one of these is on everything, all are left out, which harms no print.
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

type Call = tuple[str, str]
"""The id of its context, and its domain."""

# The newest is the last.
CALLS: HassKey[dict[Call, None]] = HassKey("octoprint_plus_calls_on_all")

MAX_CALLS = 100

DOMAINS = frozenset(Platform)

# The call that was announced last in what runs now, and whether it is on everything.
_ANNOUNCED: ContextVar[tuple[Call | None, bool]] = ContextVar(
    "octoprint_plus_announced", default=(None, False)
)

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
        target = event.data[ATTR_SERVICE_DATA].get(ATTR_ENTITY_ID)
        is_on_all = (
            isinstance(target, str) and target.strip().lower() == ENTITY_MATCH_ALL
        )
        _ANNOUNCED.set((call, is_on_all))
        if is_on_all:
            calls[call] = None
            if len(calls) > MAX_CALLS:
                del calls[next(iter(calls))]

    hass.bus.async_listen(EVENT_CALL_SERVICE, note, event_filter=is_on_entities)


@callback
def async_begin_command(hass: HomeAssistant, context: Context, domain: str) -> None:
    """Let what runs now know whether it comes from an action on everything."""
    call = (context.id, domain)
    announced, is_on_all = _ANNOUNCED.get()
    _IS_ON_ALL.set(is_on_all if announced == call else call in hass.data.get(CALLS, ()))


@callback
def async_end_command() -> None:
    """Let what follows in the same task be meant again."""
    _IS_ON_ALL.set(False)


def require_meant() -> None:
    """Raise OnAllError where the command that runs comes from an action on everything."""
    if _IS_ON_ALL.get():
        raise OnAllError
