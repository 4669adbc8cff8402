"""Reading answers: OctoPrint's own, those of something else, and none at all."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
import json
import re
from typing import Any, Final

import aiohttp

from .errors import ConnectionCause, OctoPrintConnectionError

MAX_ANSWER = 32 * 1024 * 1024

# The words by which log-in pages are addressed.
LOGIN = re.compile(r"log-?in|sign-?in|auth|\bsso\b", re.IGNORECASE)
PROXY_STATUSES = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.PROXY_AUTHENTICATION_REQUIRED,
)
PASSWORD_FIELD = re.compile(rb"type=[\"']?password", re.IGNORECASE)


class NoJson:
    """What an answer's content is where it is no JSON."""


NO_JSON: Final = NoJson()


@contextmanager
def connection_errors() -> Generator[None]:
    """Turn what may happen before and in an answer into our own errors."""
    try:
        yield
    except TimeoutError as err:
        raise OctoPrintConnectionError(
            "OctoPrint did not answer in time", ConnectionCause.TIMEOUT
        ) from err
    except aiohttp.ClientError as err:
        raise connection_error(err) from err
    except UnicodeError as err:
        raise OctoPrintConnectionError(
            "The host's name is not valid", ConnectionCause.NOT_FOUND
        ) from err


async def whole(response: aiohttp.ClientResponse) -> bytes:
    """Return the whole body of an answer of reasonable size."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MAX_ANSWER:
            raise OctoPrintConnectionError(
                "The answer is larger than any of OctoPrint's",
                ConnectionCause.TOO_LARGE,
            )
    return bytes(body)


def decoded(headers: Mapping[str, str], body: bytes) -> Any:
    """Return the JSON of an answer, or NO_JSON where it is something else."""
    if "json" not in headers.get("Content-Type", ""):
        return NO_JSON
    try:
        return json.loads(body)
    except ValueError, RecursionError:
        return NO_JSON


def plain_text(body: bytes) -> str | None:
    """Return an answer's text, None where it is a page or no text at all."""
    try:
        found = body.decode()
    except UnicodeDecodeError:
        return None
    return None if found.lstrip().startswith("<") else found.strip()


def raise_foreign(status: int, headers: Mapping[str, str]) -> None:
    """Raise where the status is none of OctoPrint's, but a proxy's or another server's."""
    if 300 <= status < 400:
        if LOGIN.search(headers.get("Location", "")):
            raise proxy_login()
        raise redirected()
    if status in PROXY_STATUSES:
        raise proxy_login()
    if status > HTTPStatus.INTERNAL_SERVER_ERROR:
        raise bad_gateway(status)


def redirected() -> OctoPrintConnectionError:
    """Say that the server is elsewhere, where the key is not sent."""
    return OctoPrintConnectionError(
        "The server redirects to another address", ConnectionCause.REDIRECTED
    )


def bad_gateway(status: int) -> OctoPrintConnectionError:
    """Say that a proxy gets no answer from OctoPrint behind it."""
    return OctoPrintConnectionError(
        f"The server answered HTTP {status}", ConnectionCause.BAD_GATEWAY
    )


def proxy_login() -> OctoPrintConnectionError:
    """Say that a proxy wants a log-in of its own."""
    return OctoPrintConnectionError(
        "A proxy in front of OctoPrint asks for a log-in", ConnectionCause.PROXY_LOGIN
    )


def foreign_page(body: bytes) -> OctoPrintConnectionError:
    """Tell the log-in page of a proxy from any other page that is not OctoPrint's API."""
    if PASSWORD_FIELD.search(body[:20_000]):
        return proxy_login()
    return OctoPrintConnectionError(
        "Something answered, but not OctoPrint", ConnectionCause.NOT_OCTOPRINT
    )


def connection_error(err: aiohttp.ClientError) -> OctoPrintConnectionError:
    """Name why no answer came; the texts of aiohttp hold addresses, so they stay out."""
    match err:
        case aiohttp.WSServerHandshakeError():
            return _handshake_error(err.status)
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


def _handshake_error(status: int) -> OctoPrintConnectionError:
    """Name why no WebSocket could be opened where something answered."""
    if status in PROXY_STATUSES:
        return proxy_login()
    if status > HTTPStatus.INTERNAL_SERVER_ERROR:
        return bad_gateway(status)
    return OctoPrintConnectionError(
        f"The server answered HTTP {status} to a WebSocket",
        ConnectionCause.NOT_OCTOPRINT,
    )
