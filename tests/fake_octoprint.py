"""A real HTTP server on the loopback that answers as OctoPrint was recorded to answer."""

import asyncio
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from email.utils import formatdate
from hashlib import sha1
import json as jsonlib
import ssl
from time import time
from typing import Any, Self
from weakref import WeakSet

from aiohttp import web

from .fake_push import NOT_FOUND, SOCKET_PATH, FakePush
from .recorded import Answer, folder_index, json_answer, recorded

__all__ = ["APP_TOKEN", "FakeOctoPrint", "Request", "recorded"]

DEFAULT_STATE = "operational_idle_file_selected"
DEFAULT_FOLDERS = ("general", "files", DEFAULT_STATE)

# Only one folder of these printers holds their profile.
PROFILE_FOLDERS = {
    "multi_heating": "multi_idle_custom_sensors",
    "multi_printing": "multi_idle_custom_sensors",
}

# A deactivated user's key is refused by all but this: whose it is, is still told.
CURRENT_USERS = {"inactive": "user1"}

SETTINGS_OF_USERS = {
    "readonly": "settings_as_readonly",
    "user1": "settings_as_operator",
}

READ_PERMISSIONS = (
    ("/api/version", "STATUS"),
    ("/api/server", "STATUS"),
    ("/api/connection", "STATUS"),
    ("/api/printerprofiles", "CONNECTION"),
    ("/api/printer/command", "CONTROL"),
    ("/api/printer", "STATUS"),
    ("/api/job", "STATUS"),
    ("/api/files", "FILES_LIST"),
    ("/api/settings", "SETTINGS_READ"),
    ("/api/system", "SYSTEM"),
    ("/api/timelapse", "TIMELAPSE_LIST"),
)

WRITE_PERMISSIONS = (
    ("/api/connection", "CONNECTION"),
    ("/api/printer", "CONTROL"),
    ("/api/job", "PRINT"),
    ("/api/files", "FILES_SELECT"),
    ("/api/settings", "SETTINGS"),
    ("/api/system", "SYSTEM"),
    ("/api/timelapse", "TIMELAPSE_ADMIN"),
)

WITH_ETAG = ("/api/files", "/api/printerprofiles", "/api/settings", "/api/timelapse")

APP_TOKEN = "DUMMY_APP_TOKEN"
APP_KEY_REQUEST = "/plugin/appkeys/request"

LOGIN_PATH = "/api/login"

UNSET: Any = object()


@dataclass(frozen=True)
class Request:
    """A request as it came in."""

    method: str
    path: str
    """Still encoded, without the prefix and the query."""

    query: Mapping[str, str]
    headers: Mapping[str, str]
    json: Any
    body: bytes = b""


def _walk(entries: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for entry in entries:
        yield entry
        yield from _walk(entry.get("children", []))


class FakeOctoPrint:
    """OctoPrint as far as this project uses it, with any fault that is asked for."""

    def __init__(
        self, path: str = "", *, ssl_context: ssl.SSLContext | None = None
    ) -> None:
        """Prepare a server below a path, which does not listen yet."""
        self.key = "DUMMY_API_KEY"
        self.delay = 0.0
        """Seconds before any answer."""

        self.held: set[str] = set()
        """Paths whose requests are not answered as long as they stand here; * is all."""

        self.has_dates = False
        """Whether a proxy on the same machine dates all answers, as OctoPrint does not."""

        self.proxy_login: str | None = None
        """The name:password that a proxy in front of it asks for."""

        self.drops_bodies = False
        """Whether it forgets what it is sent while it reads that."""

        self.connections = 0
        """How many TCP connections were opened."""

        self.transports: WeakSet[asyncio.Transport] = WeakSet()
        """The connections by which a request came, as long as they are there."""

        self.requests: list[Request] = []
        self.reply: Callable[[Request, str], Answer] = self._answer
        """What answers a request, told its path and query, too; a test may wrap it in its own."""

        self.prefix = path.rstrip("/")
        """The path of the server, as it is sent."""

        self._ssl = ssl_context
        self._port = 0
        self._runner: web.ServerRunner | None = None
        self._recorded: dict[str, Answer] = {}
        self.refuses_unknown_keys = False
        """Whether an unknown key is refused everywhere, as up to OctoPrint 1.10."""

        self._answers: dict[str, Answer] = {}
        self._user = "admin"
        self._to_drop = 0
        self._to_truncate = 0
        self._app_key: str | None = None
        self.push = FakePush(self._read)
        self._too_many_app_keys = False
        self.load(DEFAULT_STATE)

    async def __aenter__(self) -> Self:
        """Start listening."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop listening."""
        await self.stop()

    @property
    def url(self) -> str:
        """Return the address, without a slash at its end."""
        scheme = "https" if self._ssl else "http"
        return f"{scheme}://127.0.0.1:{self._port}{self.prefix}"

    async def start(self) -> None:
        """Listen, on the same port as before where it has listened before."""
        self._runner = web.ServerRunner(
            web.Server(self._handle, handler_cancellation=True), shutdown_timeout=0.05
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, ssl_context=self._ssl)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Go away: refuse new connections and drop the open ones, as OctoPrint does."""
        if self._runner is None:
            return
        self.transports.clear()
        for site in tuple(self._runner.sites):
            await site.stop()
        await self.push.stop()
        await self._runner.cleanup()
        self._runner = None

    def load(self, *folders: str) -> None:
        """Answer as recorded in these folders, on top of an idle, connected printer.

        An answer given by hand gives way where a folder has one for the same request.
        """
        self._recorded = {
            "GET /api/printer/error": json_answer({"error": "", "reason": ""}),
            # The printer asks nothing.
            "GET /api/plugin/action_command_prompt": json_answer({}),
        }
        for folder in DEFAULT_FOLDERS:
            self._load_folder(folder)
        for folder in folders:
            if folder in PROFILE_FOLDERS:
                self._recorded["GET /api/printerprofiles"] = recorded(
                    PROFILE_FOLDERS[folder], "printerprofiles"
                )
            for request in self._load_folder(folder):
                self._answers.pop(request, None)

    def answer(
        self,
        method: str,
        path: str,
        *,
        status: int = 200,
        json: Any = UNSET,
        body: bytes | str = b"",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answer a request by hand from now on.

        The path may have a query, to answer just that one, or be "*" for a proxy
        that answers everything of that method itself.
        """
        if json is not UNSET:
            answer = json_answer(json, status, headers)
        else:
            content = body.encode() if isinstance(body, str) else body
            default = {"Content-Type": "text/html; charset=utf-8"} if content else {}
            answer = Answer(status, content, {**default, **(headers or {})})
        self._answers[f"{method} {path}"] = answer

    def restore(self, method: str, path: str) -> None:
        """Take back an answer given by hand."""
        del self._answers[f"{method} {path}"]

    def restore_all(self) -> None:
        """Take back all answers given by hand."""
        self._answers.clear()

    def json(self, method: str, path: str) -> Any:
        """Return a copy of what the current user would be answered, for editing."""
        found = self._find(f"{method} {path}", path.partition("?")[0], method)
        if found is None:
            raise KeyError(f"{method} {path}")
        return deepcopy(found.json)

    def user(self, name: str) -> None:
        """Let the key belong to admin, user1, readonly, limited, none or inactive from now on."""
        _current_user(name)
        self._user = name
        self._answers.pop("GET /api/currentuser", None)

    def commands(self) -> list[tuple[str, Any]]:
        """Return the paths and bodies of all writes so far, logins aside."""
        return [
            (request.path, request.json)
            for request in self.requests
            if request.method != "GET" and request.path != LOGIN_PATH
        ]

    def clear(self) -> None:
        """Forget the requests so far."""
        self.requests.clear()

    def decide(self, granted: bool) -> None:
        """Let the user grant or deny the pending request for an application key."""
        if self._app_key != "pending":
            raise RuntimeError("Nobody has asked for an application key")
        self._app_key = "granted" if granted else None

    def rate_limit_app_keys(self, limited: bool = True) -> None:
        """Refuse further requests for application keys, or allow them again."""
        self._too_many_app_keys = limited

    def drop_next(self, count: int = 1) -> None:
        """Close the connection without an answer to the next requests."""
        self._to_drop = count

    def truncate_next(self, count: int = 1) -> None:
        """Close the connection in the middle of the next answers."""
        self._to_truncate = count

    def _load_folder(self, folder: str) -> set[str]:
        found = set()
        for name, entry in folder_index(folder).items():
            request = entry["request"]
            is_read = request.startswith("GET ")
            if is_read and "user" not in entry and request not in found:
                found.add(request)
                self._recorded[request] = recorded(folder, name)
        return found

    def _find(self, request: str, path: str, method: str) -> Answer | None:
        plain = f"{method} {path}"
        for key in (request, plain, f"{method} *"):
            if key in self._answers:
                return self._answers[key]
        return self._find_recorded(request, path, method)

    def _find_recorded(self, request: str, path: str, method: str) -> Answer | None:
        plain = f"{method} {path}"
        if plain == "GET /api/currentuser":
            return _current_user(self._user)
        if plain == "GET /api/settings" and self._user in SETTINGS_OF_USERS:
            return recorded("general", SETTINGS_OF_USERS[self._user])
        for key in (request, plain):
            if key in self._recorded:
                return self._recorded[key]
        if method == "GET" and path.startswith("/api/files/"):
            entry = self._entries().get(path.removeprefix("/api/files/"))
            return json_answer(entry) if entry else None
        return None

    def _read(self, path: str) -> Answer:
        """Return what OctoPrint itself knows, be there a fault in answering it or not."""
        request = f"GET {path}"
        answer = self._answers.get(request)
        meant = (200, 409) if path == "/api/printer" else (200,)
        if answer is None or answer.status not in meant or not _is_object(answer):
            answer = self._find_recorded(request, path, "GET")
        if answer is None:
            raise KeyError(request)
        return answer

    def _entries(self) -> dict[str, dict[str, Any]]:
        """Return all files and folders by location and encoded path."""
        listings = (
            answer
            for answers in (self._recorded, self._answers)
            for request, answer in answers.items()
            if request.startswith("GET /api/files") and answer.status == 200
        )
        entries = {}
        for listing in listings:
            data = listing.json
            for entry in _walk(data.get("files", [data])):
                if refs := entry.get("refs"):
                    path = refs["resource"].partition("/api/files/")[2]
                    entries[path] = entry
        return entries

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        transport = request.transport
        if transport is None:
            raise ConnectionResetError
        if transport not in self.transports:
            self.connections += 1
            self.transports.add(transport)
        raw_path, _, query = request.raw_path.partition("?")
        if raw_path == self.prefix + SOCKET_PATH:
            return await self._handle_socket(request)
        body = await self._body(request)
        path = raw_path.removeprefix(self.prefix)
        received = Request(
            request.method,
            path,
            dict(request.query),
            dict(request.headers),
            jsonlib.loads(body) if body and "json" in request.content_type else None,
            body,
        )
        self.requests.append(received)
        if self._to_drop:
            self._to_drop -= 1
            transport.abort()
            return web.Response()
        await asyncio.sleep(self.delay)
        while self.held & {path, "*"}:
            await asyncio.sleep(0.01)
        if not self._is_logged_in(received):
            answer = Answer(401, b"", {"WWW-Authenticate": 'Basic realm="Printer"'})
        elif raw_path.startswith(self.prefix + "/"):
            answer = self.reply(received, f"{path}?{query}" if query else path)
        else:
            answer = NOT_FOUND
        return await self._send(request, received, answer)

    async def _body(self, request: web.BaseRequest) -> bytes:
        if not self.drops_bodies:
            return await request.read()
        while await request.content.readany():
            pass
        return b""

    async def _handle_socket(self, request: web.BaseRequest) -> web.StreamResponse:
        self.push.handshakes.append(dict(request.headers))
        await asyncio.sleep(self.delay)
        by_hand = (f"GET {SOCKET_PATH}", "GET *")
        answers = (self._answers[key] for key in by_hand if key in self._answers)
        return await self.push.handle(request, next(answers, None))

    async def _send(
        self, request: web.BaseRequest, received: Request, answer: Answer
    ) -> web.StreamResponse:
        ahead = self.push.clock_ahead
        date = formatdate(time() + ahead, usegmt=True) if self.has_dates else ""
        headers = {"Date": date, **answer.headers}
        status, body = answer.status, answer.body
        if received.path.startswith(WITH_ETAG) and (received.method, status) == (
            "GET",
            200,
        ):
            headers["ETag"] = f'"{sha1(body, usedforsecurity=False).hexdigest()}"'
            if received.headers.get("If-None-Match") == headers["ETag"]:
                status, body = 304, b""
        if self._to_truncate:
            self._to_truncate -= 1
            status = 200 if status == 204 else status
            response = web.StreamResponse(status=status, headers=headers)
            response.content_length = len(body) + 100
            await response.prepare(request)
            await response.write(body)
            if request.transport is not None:
                request.transport.close()
            return response
        return web.Response(status=status, body=body, headers=headers)

    def _answer(self, request: Request, target: str) -> Answer:
        key = f"{request.method} {target}"
        found = self._find(key, request.path, request.method)
        if found is not None and self._is_fault(request, key, found):
            return found
        if request.path.startswith("/plugin/appkeys/") and found is None:
            return self._answer_app_keys(request)
        if not self._is_known(request):
            if self.refuses_unknown_keys and "X-Api-Key" in request.headers:
                return json_answer({"error": "Invalid API key"}, 403)
            return self._answer_unknown(request, found)
        if key == f"POST {LOGIN_PATH}" and found is None:
            return self.push.login(request.json, active=self._user != "inactive")
        if refusal := self._refusal(request):
            return refusal
        if found is not None:
            return found
        if request.method == "POST":
            return self._answer_command(request)
        return recorded("files_commands", "get_unknown")

    def _is_fault(self, request: Request, key: str, found: Answer) -> bool:
        """Return whether an answer given by hand is none that waits for a key."""
        if f"{request.method} *" in self._answers:
            return True
        by_hand = {key, f"{request.method} {request.path}"} & self._answers.keys()
        return bool(by_hand) and not (200 <= found.status < 300 and _is_json(found))

    def _is_logged_in(self, request: Request) -> bool:
        if self.proxy_login is None:
            return True
        basic = b64encode(self.proxy_login.encode()).decode()
        return request.headers.get("Authorization") == f"Basic {basic}"

    def _is_known(self, request: Request) -> bool:
        authorization = request.headers.get("Authorization", "")
        key = request.headers.get("X-Api-Key") or authorization.removeprefix("Bearer ")
        return key == self.key

    def _answer_unknown(self, request: Request, found: Answer | None) -> Answer:
        """Answer to a missing or unknown key."""
        if request.method != "GET":
            return recorded("auth_errors", "wrong_key_post_job")
        if request.path == "/api/currentuser":
            return recorded("auth_errors", "wrong_key_currentuser")
        if found is None and not request.path.startswith("/api/files/"):
            return recorded("files_commands", "get_unknown")
        return recorded("auth_errors", "wrong_key_version")

    def _refusal(self, request: Request) -> Answer | None:
        """Return the refusal that comes before any answer, if there is one."""
        path = request.path
        if request.method == "POST" and not self._is_operational():
            # OctoPrint looks at the printer before it looks at the permission.
            if path == "/api/job":
                return recorded("disconnected", "post_job_start")
            if path.startswith("/api/printer/"):
                return recorded("disconnected", "post_printer_tool")
        is_read = request.method == "GET"
        table = READ_PERMISSIONS if is_read else WRITE_PERMISSIONS
        needed = {
            next((name for start, name in table if path.startswith(start)), "STATUS")
        }
        if is_read and path == "/api/currentuser":
            return None
        if isinstance(request.json, dict) and request.json.get("print") is True:
            needed.add("PRINT")
        # What it knows, be there a fault in answering it or not.
        user = self._read("/api/currentuser").json
        if self._user != "inactive" and (
            "ADMIN" in user["permissions"] or needed <= set(user["permissions"])
        ):
            return None
        return recorded("auth_errors", "wrong_key_version")

    def _is_operational(self) -> bool:
        answer = self._find("GET /api/printer", "/api/printer", "GET")
        return answer is None or answer.status != 409

    def _answer_command(self, request: Request) -> Answer:
        if request.path.startswith("/api/files/"):
            if request.path.removeprefix("/api/files/") not in self._entries():
                return recorded("files_commands", "select_unknown_404")
            if not self._is_operational():
                return recorded("error_fatal_while_printing", "post_select")
        if request.path.startswith("/api/system/commands/"):
            source, _, action = request.path.removeprefix(
                "/api/system/commands/"
            ).partition("/")
            commands = self.json("GET", "/api/system/commands").get(source, [])
            if action not in [command["action"] for command in commands]:
                return recorded("general", "system_command_unknown")
        elif not request.path.startswith(tuple(p for p, _ in WRITE_PERMISSIONS)):
            return recorded("files_commands", "get_unknown")
        return Answer(204)

    def _answer_app_keys(self, request: Request) -> Answer:
        if (request.method, request.path) == ("GET", "/plugin/appkeys/probe"):
            return Answer(204)
        if (request.method, request.path) == ("POST", APP_KEY_REQUEST):
            if self._too_many_app_keys:
                return recorded("appkeys", "request_rate_limited")
            self._app_key = "pending"
            user = (request.json or {}).get("user")
            query = f"?user={user}" if user else ""
            return json_answer(
                {
                    "app_token": APP_TOKEN,
                    "auth_dialog": f"{self.url}/plugin/appkeys/auth/{APP_TOKEN}{query}",
                },
                201,
                {"Location": f"{self.url}{APP_KEY_REQUEST}/{APP_TOKEN}"},
            )
        is_poll = request.method == "GET" and (
            request.path == f"{APP_KEY_REQUEST}/{APP_TOKEN}"
        )
        if is_poll and self._app_key == "pending":
            return recorded("appkeys", "2_poll_pending")
        if is_poll and self._app_key == "granted":
            self._app_key = None
            return json_answer({"api_key": self.key})
        return recorded("appkeys", "6_poll_again_after_granted")


def _is_json(answer: Answer) -> bool:
    return "json" in answer.headers.get("Content-Type", "") or not answer.body


def _is_object(answer: Answer) -> bool:
    try:
        return isinstance(answer.json, dict)
    except ValueError:
        return False


def _current_user(name: str) -> Answer:
    return recorded("auth_errors", f"currentuser_{CURRENT_USERS.get(name, name)}")
