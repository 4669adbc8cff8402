"""Transport: one session, one address, one key, and the one way a request goes."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from time import monotonic
from typing import Any

import aiohttp
from yarl import URL

from .bodies import LARGE, NO_JSON, ORDINARY, Limit, decoded, whole
from .clock import ServerClock
from .errors import (
    ConnectionCause,
    OctoPrintAuthError,
    OctoPrintConflictError,
    OctoPrintConnectionError,
    OctoPrintNotFoundError,
    OctoPrintPermissionError,
    OctoPrintRateLimitError,
    OctoPrintRequestError,
    OctoPrintServerError,
    OctoPrintUnfinishedError,
)
from .login import ProxyLogin
from .parsing import Json, dumped, mapping, promised, text
from .patience import patient
from .permissions import (
    CURRENT_USER,
    UNKNOWN_USER,
    CurrentUser,
    Needed,
    Permission,
    parse_user,
)
from .private_aiohttp import was_redirected
from .responses import (
    connection_error,
    connection_errors,
    foreign_page,
    plain_text,
    raise_foreign,
    raise_instead_of_user,
    redirected,
)
from .socket.connection import close_socket
from .version import ServerInfo

REQUEST_TIMEOUT = aiohttp.ClientTimeout(total=10)

# Who waited for longer was heard, and a proxy gave up before OctoPrint was done.
UNFINISHED = 5
UNFINISHED_CAUSES = (
    ConnectionCause.BAD_GATEWAY,
    ConnectionCause.BROKEN,
    ConnectionCause.TIMEOUT,
)

# Large files take as long as they take; only silence is too long.
DOWNLOAD_TIMEOUT = aiohttp.ClientTimeout(total=None, connect=10, sock_read=30)
UPLOAD_TIMEOUT = aiohttp.ClientTimeout(total=None, connect=10)

# A socket that sent nothing for this many seconds is asked whether it lives, and
# is given up when it has not answered after half as many more.
HEARTBEAT = 15

# Closing in order is a courtesy; nobody waits long for it.
SOCKET_TIMEOUT = aiohttp.ClientWSTimeout(ws_close=1.0)

# The history that comes after the log-in holds all temperatures that OctoPrint keeps for
# its graph: 230 kB in half an hour with 7 sensors, 6.6 MB in a day with two. How long it
# keeps them is up to its user. What is not needed of it is never parsed.
MAX_MESSAGE = 64 * 1024 * 1024

# The largest window there is: messages repeat themselves almost wholly.
COMPRESS = 15

# The one text of an error that has to be read: OctoPrint answers a write with
# an unknown key as if a browser had forgotten its token.
CSRF_ERROR = "CSRF validation failed"

# Characters of an error that is no JSON; OctoPrint's own are a sentence.
MAX_MESSAGE_TEXT = 200

# Errors that OctoPrint answers even to whose key it is, which all may ask.
USER_REFUSALS = (
    HTTPStatus.FORBIDDEN,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
)

# aiohttp sends these again by itself where a connection broke.
REPEATED = ("DELETE", "PUT")


class Transport:
    """Sends requests to one OctoPrint server, and turns what goes wrong into errors.

    Each call raises a child of `OctoPrintError`.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: URL,
        api_key: str | None = None,
        *,
        login: ProxyLogin | None = None,
    ) -> None:
        """Take the session to use, the server's address with its path, and the key.

        The log-in is that of a proxy in front of OctoPrint, and goes with every request.
        """
        self.clock = ServerClock()
        self.url = url
        self.server_info: ServerInfo | None = None
        """The server as it answered last; what is peculiar to its version follows from it."""

        self._api_key = api_key
        self._login = {"Authorization": login.header} if login else {}
        self._session = session
        self._cache: dict[str, tuple[str, Any]] = {}

    async def get(
        self,
        path: str,
        *,
        is_kept: bool = False,
        limit: Limit = ORDINARY,
        permission: Needed = None,
        params: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Json:
        """Return the object that a path answers.

        Where it is kept, an answer that did not change since (ETag) comes from memory.
        """
        target = self.resolve(path, params)
        known = self._cache.get(str(target))
        headers = {"If-None-Match": known[0]} if known else {}
        # A server or proxy may close an idle connection in the very moment in which
        # it is used again. aiohttp then asks once more, as is harmless for a read.
        status, answer_headers, body = await self._send(
            "GET",
            target,
            headers=headers,
            limit=limit,
            timeout=patient(timeout) if timeout else None,
        )
        if status == HTTPStatus.NOT_MODIFIED and known:
            return promised(known[1], path)
        answer = await self._checked(
            path, status, answer_headers, body, permission, limit=limit
        )
        if is_kept and len(body) < LARGE and (etag := answer_headers.get("ETag")):
            self._cache[str(target)] = (etag, answer)
        return promised(answer, path)

    async def post(
        self,
        path: str,
        data: Json,
        *,
        permission: Needed = None,
        timeout: float | None = None,
    ) -> Any:
        """Send a command once, never twice, and return what it answers, if anything."""
        return await self.request(
            "POST", path, data, permission=permission, timeout=timeout
        )

    async def delete(
        self,
        path: str,
        *,
        permission: Needed = None,
        timeout: float | None = None,
    ) -> Any:
        """Delete something, asked once, and return what is answered, if anything."""
        return await self.request(
            "DELETE", path, permission=permission, timeout=timeout
        )

    async def request(
        self,
        method: str,
        path: str,
        data: Any = None,
        *,
        is_text_fine: bool = False,
        limit: Limit = ORDINARY,
        params: Mapping[str, str] | None = None,
        permission: Needed = None,
        timeout: float | None = None,
    ) -> Any:
        """Send anything and return the JSON that is answered, None where it is nothing.

        `timeout` is in seconds, for what OctoPrint answers only when it is done; after
        that OctoPrintUnfinishedError comes. Where text is fine, an answer that is
        neither JSON nor a page is returned as it is.
        """
        begun = monotonic()
        try:
            status, headers, body = await self._send(
                method,
                self.resolve(path, params),
                data=data,
                limit=limit,
                timeout=patient(timeout) if timeout else None,
            )
            return await self._checked(
                path,
                status,
                headers,
                body,
                permission,
                is_text_fine=is_text_fine,
                limit=limit,
            )
        except OctoPrintConnectionError as err:
            waited = monotonic() - begun
            if timeout and waited >= UNFINISHED and err.cause in UNFINISHED_CAUSES:
                raise OctoPrintUnfinishedError(waited, err.cause) from err
            raise

    async def upload(
        self,
        path: str,
        chunks: AsyncIterator[bytes],
        headers: Mapping[str, str],
        *,
        permission: Needed = None,
    ) -> Any:
        """Send a long body (POST) as it comes, and return what is answered.

        There is no time-out: whoever makes the chunks knows what is too long.
        """
        status, answer_headers, body = await self._send(
            "POST",
            self.resolve(path),
            body=chunks,
            headers=headers,
            timeout=UPLOAD_TIMEOUT,
        )
        return await self._checked(path, status, answer_headers, body, permission)

    @asynccontextmanager
    async def download(
        self,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        permission: Needed = None,
    ) -> AsyncGenerator[aiohttp.ClientResponse]:
        """Yield the answer of a path whose body is read as it comes."""
        response = await self._open(
            "GET", self.resolve(path), headers=headers, timeout=DOWNLOAD_TIMEOUT
        )
        async with response:
            if not 200 <= response.status < 300:
                with connection_errors():
                    body = await whole(response)
                await self._checked(
                    path, response.status, response.headers, body, permission
                )
            yield response

    async def current_user(self) -> CurrentUser:
        """Return the key's user (GET /api/currentuser), which answers for any key."""
        try:
            answer = await self.get(CURRENT_USER)
        except OctoPrintAuthError:
            # Up to 1.10 an unknown key is refused even here.
            return UNKNOWN_USER
        return parse_user(answer)

    async def status(self, path: str) -> int:
        """Return just the status code with which a path answers, without the key."""
        status, _, _ = await self._send("GET", self.resolve(path), with_key=False)
        return status

    async def open_socket(self, path: str) -> aiohttp.ClientWebSocketResponse[bool]:
        """Open the WebSocket of a path; texts arrive as bytes. It needs no key."""
        with connection_errors():
            async with asyncio.timeout(REQUEST_TIMEOUT.total):
                socket = await self._session.ws_connect(
                    self.resolve(path),
                    compress=COMPRESS,
                    decode_text=False,
                    headers=self._login,
                    heartbeat=HEARTBEAT,
                    max_msg_size=MAX_MESSAGE,
                    timeout=SOCKET_TIMEOUT,
                )
        # aiohttp follows redirects here and cannot be told not to. It sends the proxy's
        # log-in to no other origin, no other secret has been sent yet, and none is.
        if was_redirected(socket):
            await close_socket(socket)
            raise redirected()
        return socket

    def resolve(self, path: str, params: Mapping[str, str] | None = None) -> URL:
        """Return the full address of an encoded path below the server's own."""
        encoded = URL(path, encoded=True).raw_parts
        target = self.url.joinpath(*encoded, encoded=True)
        return target.with_query(params) if params else target

    async def _open(
        self,
        method: str,
        target: URL,
        *,
        data: Any = None,
        body: AsyncIterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: aiohttp.ClientTimeout | None = None,
        with_key: bool = True,
    ) -> aiohttp.ClientResponse:
        """Send a request, the one way that all of them go; the answer is unread."""
        sent_headers = {
            "Accept": "application/json",
            **(headers or {}),
            **self._login,
        }
        if with_key and self._api_key:
            if not self._api_key.isprintable():
                raise OctoPrintAuthError("No API key looks like that")
            sent_headers["X-Api-Key"] = self._api_key
        content: AsyncIterator[bytes] | bytes | None = body
        if data is not None:
            # Sessions have their own ways to write JSON, and some write NaN.
            content = dumped(data).encode()
            sent_headers["Content-Type"] = "application/json"
        if content is None and not (
            self.server_info and self.server_info.keeps_connections
        ):
            sent_headers["Connection"] = "close"
        with connection_errors():
            response = await self._session.request(
                method,
                target,
                allow_redirects=False,
                data=content,
                headers=sent_headers,
                middlewares=(_once,) if method in REPEATED else None,
                timeout=timeout or REQUEST_TIMEOUT,
            )
        self.clock.read(response.headers)
        return response

    async def _send(
        self,
        method: str,
        target: URL,
        *,
        data: Any = None,
        body: AsyncIterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        limit: Limit = ORDINARY,
        timeout: aiohttp.ClientTimeout | None = None,
        with_key: bool = True,
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Send a request and return its answer, wholly read."""
        response = await self._open(
            method,
            target,
            data=data,
            body=body,
            headers=headers,
            timeout=timeout,
            with_key=with_key,
        )
        with connection_errors():
            async with response:
                content = await whole(response, limit)
                if body is not None:
                    # Answered before it had everything, it would have to read the rest.
                    response.close()
                return response.status, response.headers, content

    async def _checked(
        self,
        path: str,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        permission: Needed,
        *,
        is_text_fine: bool = False,
        limit: Limit = ORDINARY,
    ) -> Any:
        """Return the decoded answer, or raise what its status stands for."""
        content = await decoded(headers, body, limit)
        if 200 <= status < 300:
            if content is not NO_JSON or not body:
                return None if content is NO_JSON else content
            if is_text_fine and (plain := plain_text(body)) is not None:
                return plain
            raise foreign_page(body)
        raise_foreign(status, headers, body)
        if path == CURRENT_USER and status not in USER_REFUSALS:
            raise_instead_of_user(status, body)
        error = mapping(content).get("error")
        message = (
            text(error)
            # A plugin may name its error by a code instead of a text.
            or text(mapping(error).get("code"))
            or (plain_text(body) or "" if content is NO_JSON else "")[:MAX_MESSAGE_TEXT]
            or f"HTTP {status}"
        )
        if status == HTTPStatus.BAD_REQUEST and message == CSRF_ERROR:
            raise OctoPrintAuthError("OctoPrint does not know the API key")
        if status == HTTPStatus.FORBIDDEN:
            await self._raise_forbidden(path, body, permission)
        if status == HTTPStatus.NOT_FOUND:
            raise OctoPrintNotFoundError(message)
        if status == HTTPStatus.CONFLICT:
            raise OctoPrintConflictError(message)
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            raise OctoPrintRateLimitError(message)
        if status == HTTPStatus.INTERNAL_SERVER_ERROR:
            raise OctoPrintServerError(message)
        raise OctoPrintRequestError(message)

    async def _raise_forbidden(
        self, path: str, body: bytes, permission: Needed
    ) -> None:
        """Tell an unknown key from a known one that lacks a permission."""
        if path != CURRENT_USER:
            user = await self.current_user()
            if user.name is None:
                raise OctoPrintAuthError("OctoPrint does not know the API key")
            if isinstance(permission, tuple):
                # Which of them is missing is not said.
                permission = next((p for p in permission if not user.may(p)), None)
            if permission == Permission.STATUS and user.may(permission):
                # So is the key of a user that is switched off, which keeps its
                # permissions and may use none of them.
                raise OctoPrintAuthError("The API key's user is switched off")
            raise OctoPrintPermissionError(
                f"The API key lacks the permission {permission or f'for {path}'}",
                permission,
            )
        # OctoPrint answers this path to everybody, up to 1.10 save for unknown keys.
        _, headers, open_body = await self._send(
            "GET", self.resolve(path), with_key=False
        )
        opened = mapping(await decoded(headers, open_body))
        if self._api_key and "permissions" in opened:
            raise OctoPrintAuthError("OctoPrint does not know the API key")
        raise_instead_of_user(HTTPStatus.FORBIDDEN, body)


async def _once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a command again: only its own errors let it."""
    try:
        return await handler(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as err:
        raise connection_error(err) from err


class ApiFamily:
    """A family of OctoPrint's API."""

    def __init__(self, transport: Transport) -> None:
        """Take the way on which requests go."""
        self._transport = transport
