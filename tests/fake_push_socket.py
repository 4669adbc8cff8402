"""One client of the fake push socket: what it wishes, and whether it is logged in."""

import asyncio
from dataclasses import dataclass, field
import re
from typing import Any, NamedTuple, Self

from aiohttp import web

LINES = ("logs", "messages")


class User(NamedTuple):
    """Who is logged in on a socket, by which session."""

    name: str
    session: str
    permissions: tuple[str, ...]


@dataclass(frozen=True)
class Subscription:
    """What a client wants to hear."""

    state: dict[str, bool | str] | None = None
    events: tuple[str, ...] | None = ()
    """None: all of them."""

    plugins: tuple[str, ...] | None = ()

    @classmethod
    def read(cls, data: dict[str, Any]) -> Self:
        """Read a client's wish; ValueError if it is not to be understood."""
        state = data.get("state", False)
        if state is True:
            state = {"logs": True, "messages": False}
        elif isinstance(state, dict):
            state = {name: _rule(state.get(name, False)) for name in LINES}
        elif state is not False:
            raise ValueError("neither a boolean nor a filter")
        return cls(
            state or None,
            _names(data.get("events", [])),
            _names(data.get("plugins", [])),
        )


NOTHING = Subscription()


def _rule(value: Any) -> bool | str:
    if isinstance(value, str):
        try:
            re.compile(value)
        except re.error as err:
            raise ValueError("no regular expression") from err
        return value
    if isinstance(value, bool):
        return value
    raise ValueError("neither a regular expression nor a boolean")


def _names(value: Any) -> tuple[str, ...] | None:
    if isinstance(value, bool):
        return None if value else ()
    if isinstance(value, list):
        return tuple(value)
    raise ValueError("neither a list nor a boolean")


@dataclass(eq=False)
class Socket:
    """An open socket."""

    number: int
    ws: web.WebSocketResponse
    transport: asyncio.Transport
    running: asyncio.Event = field(default_factory=asyncio.Event)
    """Not set while it is half-open."""

    user: User | None = None
    registered: bool = False
    """Whether it was logged in before: OctoPrint tells the history only the first time."""

    throttle: int = 1
    wish: Any = None
    """The subscription as the client put it."""

    subscription: Subscription | None = None
    """None: everything."""

    backlog: list[tuple[str, Any]] = field(default_factory=list)

    def wants_state(self) -> bool:
        """Return whether the client wants history and current."""
        return self.subscription is None or self.subscription.state is not None

    def wants(self, kind: str, name: str) -> bool:
        """Return whether the client wants an event, or a message of a plugin."""
        if self.subscription is None:
            return True
        names = getattr(self.subscription, kind)
        return names is None or name in names

    def lines(self, kind: str, lines: list[str]) -> list[str]:
        """Return those lines of the terminal that the client wants."""
        if self.subscription is None or self.subscription.state is None:
            return lines
        rule = self.subscription.state[kind]
        if isinstance(rule, bool):
            return lines if rule else []
        return [line for line in lines if re.search(rule, line)]


def understood(message: Any) -> tuple[str, Any] | None:
    """Return what a client asks for; OctoPrint fails with AttributeError or TypeError where it does not look."""
    if "auth" in message:
        parts = message["auth"].split(":")
        return ("auth", parts) if len(parts) == 2 else None
    if "throttle" in message:
        try:
            throttle = int(message["throttle"])
        except ValueError:
            return None
        return ("throttle", throttle) if throttle >= 1 else None
    if "subscribe" in message:
        try:
            return ("subscribe", Subscription.read(message["subscribe"]))
        except ValueError:
            # The filter is ignored, but filtering begins.
            return ("subscribe", None)
    return None
