"""OctoPrint's push socket as it was recorded and measured, with any fault that is asked for."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
import json as jsonlib
from typing import Any, NamedTuple

from aiohttp import WSMsgType, web

from .fake_push_messages import Read, connected, current, history, recording
from .fake_push_socket import LINES, NOTHING, Socket, Subscription, User, understood
from .recorded import Answer, json_answer, recorded

SOCKET_PATH = "/sockjs/websocket"

NOT_FOUND = Answer(404, b"<h1>Not Found</h1>", {"Content-Type": "text/html"})

# Seconds that a test may wait for what a machine that stalls does late.
PATIENCE = 60

# What OctoPrint holds back for a socket that was logged out.
BACKLOG = 100

# Only admins are told the addresses in these events.
EVENTS_WITH_ADDRESS = ("ClientAuthed", "ClientOpened")


class Received(NamedTuple):
    """A message of a client, and which socket it came in by, counted from 0."""

    socket: int
    message: Any


class FakePush:
    """The push socket of a FakeOctoPrint."""

    def __init__(self, read: Read) -> None:
        """Take what tells the answer of REST to a path."""
        self.enabled = False
        """Off, it is as behind a proxy that does not speak WebSocket."""

        self.refusal: Answer | None = None
        """What is answered instead of opening a socket."""

        self.silent: set[str] = set()
        """The names of messages that are withheld, such as connected and history."""

        self.z: float | None = None
        self.clock_ahead = 0.0
        """Seconds by which the server's clock is ahead of the true time."""

        self.handshakes: list[dict[str, str]] = []
        """The headers of all requests for a socket, also of those refused."""

        self.received: list[Received] = []
        self.opened = 0
        """How many sockets were ever opened."""

        self.pings = 0
        """How many pings were answered."""

        self._read = read
        self._logins = 0
        self._sessions: dict[str, User] = {}
        self._sockets: list[Socket] = []
        self._newest: Socket | None = None
        self._changed = asyncio.Event()

    @property
    def sockets(self) -> int:
        """Return how many sockets are open, logged in and not frozen."""
        return len(list(self._logged_in()))

    @property
    def throttle(self) -> int:
        """Return the throttle of the newest socket."""
        return self._newest.throttle if self._newest else 1

    @property
    def subscription(self) -> Any:
        """Return the subscription of the newest socket as the client put it, if it did."""
        return self._newest.wish if self._newest else None

    @property
    def sessions(self) -> list[str]:
        """Return the sessions by which a socket may log in, oldest first."""
        return list(self._sessions)

    async def send(self, message: dict[str, Any] | str | bytes) -> None:
        """Send JSON, a raw text frame or a binary frame to whoever is logged in."""
        for socket in self._logged_in():
            with suppress(ConnectionError):
                if isinstance(message, bytes):
                    await socket.ws.send_bytes(message)
                elif isinstance(message, str):
                    await socket.ws.send_str(message)
                else:
                    await socket.ws.send_json(message)

    async def send_anyway(self, message: dict[str, Any]) -> None:
        """Send JSON to the newest socket, logged in or not, even a message that is withheld."""
        if self._newest is None:
            raise RuntimeError("No socket was opened")
        await self._newest.ws.send_json(message)

    async def event(self, type: str, payload: Any = None) -> None:
        """Tell an event to those who subscribed to it."""
        for socket in tuple(self._sockets):
            if not socket.wants("events", type):
                continue
            told = payload
            if type in EVENTS_WITH_ADDRESS and not self._may(socket.user, "ADMIN"):
                told = {}
            await self._tell(socket, "event", {"type": type, "payload": told})

    async def current(self, **changes: Any) -> None:
        """Tell what REST would answer now, with changes, to those who subscribed to it."""
        state = current(self._read, self.z, self.clock_ahead, changes)
        for socket in self._logged_in():
            if not self._may(socket.user, "STATUS") or not socket.wants_state():
                continue
            content = dict(state)
            for kind in LINES:
                if self._may(socket.user, "MONITOR_TERMINAL"):
                    content[kind] = socket.lines(kind, content[kind])
                else:
                    del content[kind]
            await self._say(socket, "current", content)

    async def replay(self, name: str) -> None:
        """Send what OctoPrint sent in a recording, at once, as far as it was subscribed to."""
        for kind, content in recording(name):
            for socket in self._logged_in():
                if kind == "event":
                    wanted = socket.wants("events", content["type"])
                elif kind == "plugin":
                    wanted = socket.wants("plugins", content["plugin"])
                elif kind == "current":
                    wanted = socket.wants_state()
                else:
                    wanted = kind not in ("connected", "history")
                if wanted:
                    await self._tell(socket, kind, content)

    async def reauth(self, reason: str) -> None:
        """Ask for a new login: by logout, stale and removed the session ends, by modified it does not."""
        for socket in self._logged_in():
            if socket.user is not None and reason != "modified":
                self._sessions.pop(socket.user.session, None)
                socket.user = None
            await self._say(socket, "reauthRequired", {"reason": reason})
        self._notify()

    async def drop(self) -> None:
        """Abort the connections of all sockets, without a word."""
        async with asyncio.timeout(PATIENCE):
            while self._sockets:
                changed = self._changed
                for socket in self._sockets:
                    socket.transport.abort()
                await changed.wait()

    async def close(self, code: int = 1000) -> None:
        """Close all sockets that are not frozen in an orderly way."""
        closing = [socket for socket in self._sockets if socket.running.is_set()]
        for socket in closing:
            await socket.ws.close(code=code)
        await self._until(lambda: not set(closing) & set(self._sockets), PATIENCE)

    def freeze(self) -> None:
        """Let the sockets that are open now be half-open: nothing is heard, answered or sent.

        New ones work, and what is told meanwhile is lost to the frozen ones.
        """
        for socket in self._sockets:
            socket.running.clear()
        self._notify()

    def thaw(self) -> None:
        """Let frozen sockets go on, with all that the client has sent meanwhile."""
        for socket in self._sockets:
            socket.running.set()
        self._notify()

    def forget_sessions(self) -> None:
        """Let all sessions be stale from now on; who is logged in stays so."""
        self._sessions.clear()

    async def wait_for_sockets(self, count: int, timeout: float = PATIENCE) -> None:
        """Wait until so many sockets are open, logged in and not frozen."""
        await self._until(lambda: self.sockets == count, timeout)

    async def wait_closed(self, timeout: float = PATIENCE) -> None:
        """Wait until no socket is open, logged in or not."""
        await self._until(lambda: not self._sockets, timeout)

    async def stop(self) -> None:
        """Drop all sockets and forget the sessions, as OctoPrint does when it ends."""
        self.forget_sessions()
        await self.drop()

    def login(self, json: Any, *, active: bool = True) -> Answer:
        """Answer POST /api/login with a known key, of an active or deactivated user."""
        if not isinstance(json, dict) or "passive" not in json:
            error = "Neither user and pass attributes nor passive flag present"
            return json_answer({"error": error}, 400)
        account = self._read("/api/currentuser").json
        if not active or not account.get("name"):
            return recorded("auth_errors", "inactive_user_key_login")
        name = account["name"]
        try:
            answer = recorded("auth_errors", f"login_passive_{name}")
        except KeyError:
            answer = recorded("auth_errors", "login_passive_admin")
        self._logins += 1
        session = f"DUMMY_SESSION_{self._logins:052}"
        self._sessions[session] = User(name, session, tuple(account["permissions"]))
        changes = {"name": name, "groups": account["groups"], "session": session}
        return json_answer(answer.json | changes, 200, answer.headers)

    async def handle(
        self, request: web.BaseRequest, refusal: Answer | None
    ) -> web.StreamResponse:
        """Open a socket and serve it to its end, or refuse it."""
        refusal = refusal or self.refusal or (None if self.enabled else NOT_FOUND)
        # Pings and closing are answered by hand, for a frozen socket must not.
        ws = web.WebSocketResponse(timeout=1, autoclose=False, autoping=False)
        if refusal is None and not ws.can_prepare(request):
            refusal = Answer(400, b'Can "Upgrade" only to "WebSocket".')
        if refusal is not None:
            return web.Response(
                status=refusal.status, body=refusal.body, headers=refusal.headers
            )
        await ws.prepare(request)
        if request.transport is None:
            raise ConnectionResetError
        socket = Socket(self.opened, ws, request.transport)
        socket.running.set()
        self.opened += 1
        self._newest = socket
        self._sockets.append(socket)
        try:
            await self._say(socket, "connected", connected(self._read))
            await self._serve(socket)
        finally:
            self._sockets.remove(socket)
            self._notify()
        return ws

    async def _serve(self, socket: Socket) -> None:
        while True:
            message = await socket.ws.receive()
            await socket.running.wait()
            if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                await self._take(socket, message.data)
            elif message.type is WSMsgType.PING:
                with suppress(ConnectionError):
                    await socket.ws.pong(message.data)
                self.pings += 1
            elif message.type is WSMsgType.CLOSE:
                await socket.ws.close(code=message.data or 1000)
                return
            elif message.type is WSMsgType.CLOSING:
                # close() waits for the client's reply and ends the connection, which cancels this.
                await asyncio.get_running_loop().create_future()
            elif message.type is not WSMsgType.PONG:
                return

    async def _take(self, socket: Socket, data: str | bytes) -> None:
        try:
            message = jsonlib.loads(data)
        except ValueError:
            self.received.append(Received(socket.number, data))
            return
        self.received.append(Received(socket.number, message))
        try:
            asked = understood(message)
        except AttributeError, TypeError:
            # OctoPrint fails at these, and so the socket ends.
            socket.transport.abort()
            return
        if asked is None:
            return
        kind, value = asked
        if kind == "auth":
            await self._auth(socket, *value)
        elif kind == "throttle":
            socket.throttle = value
        else:
            await self._subscribe(socket, message["subscribe"], value)

    async def _subscribe(
        self, socket: Socket, wish: Any, subscription: Subscription | None
    ) -> None:
        before = socket.subscription or NOTHING
        socket.subscription = subscription or before
        if subscription is None:
            return
        socket.wish = wish
        if socket.registered and subscription.state not in (None, before.state):
            await self._tell(socket, "history", self._history(socket, socket.user))

    async def _auth(self, socket: Socket, name: str, session: str) -> None:
        user = self._sessions.get(session)
        if user is None or user.name != name:
            socket.user = None
            await self._say(socket, "reauthRequired", {"reason": "stale"})
            self._notify()
            return
        held_back, socket.backlog = socket.backlog, []
        for kind, content in held_back:
            await self._say(socket, kind, content)
        if not socket.registered and self._may(user, "STATUS"):
            socket.registered = True
            if socket.wants_state():
                await self._say(socket, "history", self._history(socket, user))
            await self._say(socket, "timelapse", None)
        # Only now, so that nothing overtakes the history.
        socket.user = user
        await self.event(
            "ClientAuthed", {"username": name, "remoteAddress": "127.0.0.1"}
        )
        self._notify()

    async def _tell(self, socket: Socket, kind: str, content: Any) -> None:
        """Send a message that needs a login, or hold it back until there is one again."""
        if self._may(socket.user, "STATUS"):
            await self._say(socket, kind, content)
        elif (
            socket.user is None and socket.registered and len(socket.backlog) < BACKLOG
        ):
            socket.backlog.append((kind, content))

    async def _say(self, socket: Socket, kind: str, content: Any) -> None:
        """Send a message, unless it is withheld or the socket frozen."""
        if kind not in self.silent and socket.running.is_set():
            with suppress(ConnectionError):
                await socket.ws.send_json({kind: content})

    def _logged_in(self) -> Iterator[Socket]:
        return (
            socket
            for socket in tuple(self._sockets)
            if socket.user is not None and socket.running.is_set()
        )

    def _may(self, user: User | None, permission: str) -> bool:
        """Return whether a user has a permission, which may have changed since the login."""
        if user is None:
            return False
        user_now = self._read("/api/currentuser").json
        same = user_now.get("name") == user.name
        permissions = user_now["permissions"] if same else user.permissions
        return permission in permissions or "ADMIN" in permissions

    def _history(self, socket: Socket, user: User | None) -> dict[str, Any]:
        content = history(self._read, self.z, self.clock_ahead)
        # Whoever may not see the terminal is told all of it here: so does OctoPrint 1.11.
        if self._may(user, "MONITOR_TERMINAL"):
            for kind in LINES:
                content[kind] = socket.lines(kind, content[kind])
        return content

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _until(self, condition: Callable[[], bool], timeout: float) -> None:
        async with asyncio.timeout(timeout):
            while not condition():
                await self._changed.wait()
