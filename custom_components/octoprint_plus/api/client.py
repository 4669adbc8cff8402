"""The client: one session, one address, one key, one way a request goes."""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
import json
import re
from typing import Any

import aiohttp
from yarl import URL

from .access import CURRENT_USER, AccessApi
from .connection import ConnectionApi
from .errors import (
    ConnectionCause,
    OctoPrintAuthError,
    OctoPrintConflictError,
    OctoPrintConnectionError,
    OctoPrintNotFoundError,
    OctoPrintPermissionError,
    OctoPrintRateLimitError,
    OctoPrintRequestError,
)
from .files import FilesApi
from .job import JobApi
from .printer import PrinterApi
from .profiles import ProfilesApi
from .server import ServerApi
from .settings import SettingsApi
from .system import SystemApi
from .wire import Json, mapping, promised, text

TIMEOUT = aiohttp.ClientTimeout(total=10)

# A socket that sent nothing for this many seconds is asked whether it lives, and
# is given up when it has not answered after half as many more.
HEARTBEAT = 15

# Closing in order is a courtesy; nobody waits long for it.
SOCKET_TIMEOUT = aiohttp.ClientWSTimeout(ws_close=1.0)

# With 30 minutes of temperatures of 7 sensors the largest message was 230 kB.
MAX_MESSAGE = 4 * 1024 * 1024

# The largest window there is: messages repeat themselves almost wholly.
COMPRESS = 15

# The one text of an error that has to be read: OctoPrint answers a write with
# an unknown key as if a browser had forgotten its token.
CSRF_ERROR = "CSRF validation failed"

MAX_ANSWER = 32 * 1024 * 1024

# The words by which log-in pages are addressed.
LOGIN = re.compile(r"log-?in|sign-?in|auth|\bsso\b", re.IGNORECASE)
PASSWORD_FIELD = re.compile(rb"type=[\"']?password", re.IGNORECASE)


class OctoPrintClient:
    """Talks to one OctoPrint server over its REST API.

    The families of OctoPrint's documentation are its attributes, for example
    `client.job.pause()`. Each call raises a child of `OctoPrintError`.
    """

    def __init__(
        self, session: aiohttp.ClientSession, url: URL, api_key: str | None = None
    ) -> None:
        """Take the session to use, the server's address with its path, and the key."""
        self.url = url
        self.keeps_connections = False
        """Whether the server is known to survive a command on a connection used before.

        Up to OctoPrint 1.10 a command that follows a read on the same connection is
        reset before it is executed, so reads close theirs until the version is known.
        """

        self._api_key = api_key
        self._session = session
        self._cache: dict[str, tuple[str, Any]] = {}
        self.access = AccessApi(self)
        self.connection = ConnectionApi(self)
        self.files = FilesApi(self)
        self.job = JobApi(self)
        self.printer = PrinterApi(self)
        self.profiles = ProfilesApi(self)
        self.server = ServerApi(self)
        self.settings = SettingsApi(self)
        self.system = SystemApi(self)

    async def get(
        self,
        path: str,
        *,
        is_kept: bool = False,
        permission: str | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Json:
        """Return the object that a path answers.

        Where it is kept, an answer that did not change since (ETag) comes from memory.
        """
        target = self.resolve(path, params)
        known = self._cache.get(str(target))
        headers = {"If-None-Match": known[0]} if known else {}
        # A server or proxy may close an idle connection in the very moment in which
        # it is used again. aiohttp then asks once more, as is harmless for a read,
        # and never sends a command again.
        status, answer_headers, body = await self._send("GET", target, headers=headers)
        if status == HTTPStatus.NOT_MODIFIED and known:
            return promised(known[1], path)
        answer = await self._checked(path, status, answer_headers, body, permission)
        if is_kept and (etag := answer_headers.get("ETag")):
            self._cache[str(target)] = (etag, answer)
        return promised(answer, path)

    async def post(
        self, path: str, data: Json, *, permission: str | None = None
    ) -> Any:
        """Send a command once, never twice, and return what it answers, if anything."""
        status, headers, body = await self._send("POST", self.resolve(path), data=data)
        return await self._checked(path, status, headers, body, permission)

    async def status(self, path: str) -> int:
        """Return just the status code with which a path answers, without the key."""
        status, _, _ = await self._send("GET", self.resolve(path), with_key=False)
        return status

    async def open_socket(self, path: str) -> aiohttp.ClientWebSocketResponse[bool]:
        """Open the WebSocket of a path; texts arrive as bytes. It needs no key."""
        try:
            async with asyncio.timeout(TIMEOUT.total):
                socket = await self._session.ws_connect(
                    self.resolve(path),
                    compress=COMPRESS,
                    decode_text=False,
                    heartbeat=HEARTBEAT,
                    max_msg_size=MAX_MESSAGE,
                    timeout=SOCKET_TIMEOUT,
                )
        except TimeoutError as err:
            raise OctoPrintConnectionError(
                "OctoPrint did not answer in time", ConnectionCause.TIMEOUT
            ) from err
        except aiohttp.WSServerHandshakeError as err:
            raise _handshake_error(err.status) from err
        except aiohttp.ClientError as err:
            raise _connection_error(err) from err
        except UnicodeError as err:
            raise OctoPrintConnectionError(
                "The host's name is not valid", ConnectionCause.NOT_FOUND
            ) from err
        # aiohttp follows redirects here and cannot be told not to. Nothing secret
        # has been sent yet, and nothing is.
        if socket._response.history:  # noqa: SLF001
            await close_socket(socket)
            raise OctoPrintConnectionError(
                "The server redirects to another address", ConnectionCause.REDIRECTED
            )
        return socket

    def resolve(self, path: str, params: Mapping[str, str] | None = None) -> URL:
        """Return the full address of an encoded path below the server's own."""
        encoded = URL(path, encoded=True).raw_parts
        target = self.url.joinpath(*encoded, encoded=True)
        return target.with_query(params) if params else target

    async def _send(
        self,
        method: str,
        target: URL,
        *,
        data: Json | None = None,
        headers: Mapping[str, str] | None = None,
        with_key: bool = True,
    ) -> tuple[int, Mapping[str, str], bytes]:
        sent_headers = {"Accept": "application/json", **(headers or {})}
        if with_key and self._api_key:
            if not self._api_key.isprintable():
                raise OctoPrintAuthError("No API key looks like that")
            sent_headers["X-Api-Key"] = self._api_key
        if method == "GET" and not self.keeps_connections:
            sent_headers["Connection"] = "close"
        try:
            async with self._session.request(
                method,
                target,
                allow_redirects=False,
                headers=sent_headers,
                json=data,
                timeout=TIMEOUT,
            ) as response:
                body = bytearray()
                async for chunk in response.content.iter_any():
                    body += chunk
                    if len(body) > MAX_ANSWER:
                        raise OctoPrintConnectionError(
                            "The answer is larger than any of OctoPrint's",
                            ConnectionCause.NOT_OCTOPRINT,
                        )
                return response.status, response.headers, bytes(body)
        except TimeoutError as err:
            raise OctoPrintConnectionError(
                "OctoPrint did not answer in time", ConnectionCause.TIMEOUT
            ) from err
        except aiohttp.ClientError as err:
            raise _connection_error(err) from err
        except UnicodeError as err:
            raise OctoPrintConnectionError(
                "The host's name is not valid", ConnectionCause.NOT_FOUND
            ) from err

    async def _checked(
        self,
        path: str,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        permission: str | None,
    ) -> Any:
        """Return the decoded answer, or raise what its status stands for."""
        content = _decoded(headers, body)
        message = text(mapping(content).get("error")) or f"HTTP {status}"
        if 200 <= status < 300:
            if body and content is None:
                raise _foreign_page(body)
            return content
        if 300 <= status < 400:
            if LOGIN.search(headers.get("Location", "")):
                raise OctoPrintConnectionError(
                    "A proxy in front of OctoPrint asks for a log-in",
                    ConnectionCause.PROXY_LOGIN,
                )
            raise OctoPrintConnectionError(
                "The server redirects to another address", ConnectionCause.REDIRECTED
            )
        if status in (
            HTTPStatus.UNAUTHORIZED,
            HTTPStatus.PROXY_AUTHENTICATION_REQUIRED,
        ):
            raise OctoPrintConnectionError(
                "A proxy in front of OctoPrint asks for a log-in",
                ConnectionCause.PROXY_LOGIN,
            )
        if status == HTTPStatus.BAD_REQUEST and message == CSRF_ERROR:
            raise OctoPrintAuthError("OctoPrint does not know the API key")
        if status == HTTPStatus.FORBIDDEN:
            await self._raise_forbidden(path, body, permission)
        if status == HTTPStatus.NOT_FOUND:
            if path == CURRENT_USER:
                raise _foreign_page(body)
            raise OctoPrintNotFoundError(message)
        if status == HTTPStatus.CONFLICT:
            raise OctoPrintConflictError(message)
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            raise OctoPrintRateLimitError(message)
        if status > HTTPStatus.INTERNAL_SERVER_ERROR:
            raise OctoPrintConnectionError(
                f"The server answered HTTP {status}", ConnectionCause.BAD_GATEWAY
            )
        raise OctoPrintRequestError(message)

    async def _raise_forbidden(
        self, path: str, body: bytes, permission: str | None
    ) -> None:
        """Tell an unknown key from a known one that lacks a permission."""
        if path != CURRENT_USER:
            user = await self.access.current_user()
            if user.name is None:
                raise OctoPrintAuthError("OctoPrint does not know the API key")
            if permission == "STATUS" and user.may(permission):
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
        if self._api_key and "permissions" in mapping(_decoded(headers, open_body)):
            raise OctoPrintAuthError("OctoPrint does not know the API key")
        raise _foreign_page(body)


def _decoded(headers: Mapping[str, str], body: bytes) -> Any:
    """Return the JSON of an answer, or None where it is something else."""
    if "json" not in headers.get("Content-Type", ""):
        return None
    try:
        return json.loads(body)
    except ValueError, RecursionError:
        return None


def _foreign_page(body: bytes) -> OctoPrintConnectionError:
    """Tell the log-in page of a proxy from any other page that is not OctoPrint's API."""
    if PASSWORD_FIELD.search(body[:20_000]):
        return OctoPrintConnectionError(
            "A proxy in front of OctoPrint asks for a log-in",
            ConnectionCause.PROXY_LOGIN,
        )
    return OctoPrintConnectionError(
        "Something answered, but not OctoPrint", ConnectionCause.NOT_OCTOPRINT
    )


async def close_socket(socket: aiohttp.ClientWebSocketResponse[bool]) -> None:
    """Close a socket in order."""
    try:
        await socket.close()
    finally:
        # aiohttp 3.14 takes the server's answer for a sign of life and starts the
        # timer of its heartbeat anew.
        socket._cancel_heartbeat()  # noqa: SLF001


def _handshake_error(status: int) -> OctoPrintConnectionError:
    """Name why no WebSocket could be opened where something answered."""
    if status in (
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.PROXY_AUTHENTICATION_REQUIRED,
    ):
        return OctoPrintConnectionError(
            "A proxy in front of OctoPrint asks for a log-in",
            ConnectionCause.PROXY_LOGIN,
        )
    if status > HTTPStatus.INTERNAL_SERVER_ERROR:
        return OctoPrintConnectionError(
            f"The server answered HTTP {status}", ConnectionCause.BAD_GATEWAY
        )
    return OctoPrintConnectionError(
        f"The server answered HTTP {status} to a WebSocket",
        ConnectionCause.NOT_OCTOPRINT,
    )


def _connection_error(err: aiohttp.ClientError) -> OctoPrintConnectionError:
    """Name why no answer came; the texts of aiohttp hold addresses, so they stay out."""
    match err:
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError():
            return OctoPrintConnectionError(
                "The server's TLS certificate is not trusted", ConnectionCause.TLS
            )
        case aiohttp.ClientConnectorDNSError():
            return OctoPrintConnectionError(
                "The host's name is not known", ConnectionCause.NOT_FOUND
            )
        case aiohttp.ClientConnectorError(os_error=ConnectionRefusedError()):
            return OctoPrintConnectionError(
                "The host refused the connection", ConnectionCause.REFUSED
            )
        case aiohttp.ClientConnectorError():
            return OctoPrintConnectionError(
                "The host cannot be reached", ConnectionCause.NOT_FOUND
            )
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError():
            return OctoPrintConnectionError(
                "The address is not valid", ConnectionCause.NOT_FOUND
            )
        case aiohttp.ClientResponseError():
            return OctoPrintConnectionError(
                "Something answered, but not OctoPrint", ConnectionCause.NOT_OCTOPRINT
            )
    return OctoPrintConnectionError(
        "The connection broke before OctoPrint answered", ConnectionCause.BROKEN
    )
