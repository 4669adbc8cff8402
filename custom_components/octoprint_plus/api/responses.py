"""Reading answers: OctoPrint's own, those of something else, and none at all."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
import re
from typing import NoReturn

import aiohttp

from .errors import ConnectionCause, OctoPrintConnectionError

# The words by which log-in pages are addressed.
LOGIN = re.compile(r"log-?in|sign-?in|auth|\bsso\b", re.IGNORECASE)
BASIC = re.compile(r"(^|,)\s*basic\b", re.IGNORECASE)

# Bytes of a page that are looked at.
PAGE_HEAD = 20_000
PROXY_STATUSES = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.PROXY_AUTHENTICATION_REQUIRED,
)
LOGIN_PAGE = re.compile(
    rb"type=[\"']?password|<title>[^<]*(log-? ?in|sign-? ?in|anmeld)", re.IGNORECASE
)

# What web servers say on a port for HTTPS that is asked by HTTP: nginx, Apache, Go's
# (Caddy, Traefik) and Python's.
WANTS_HTTPS = re.compile(
    rb"plain HTTP|HTTP request to an HTTPS|SSL-enabled server port|only speaks HTTPS",
    re.IGNORECASE,
)

# By these OpenSSL says that what came was no TLS at all.
NO_TLS = {
    "HTTP_REQUEST",
    "PACKET_LENGTH_TOO_LONG",
    "RECORD_LAYER_FAILURE",
    "UNKNOWN_PROTOCOL",
    "WRONG_VERSION_NUMBER",
}

# Client errors that OctoPrint itself never answers: misdirected, upgrade required, header
# too large, unavailable for legal reasons, and nginx's for certificates.
PROXY_REFUSALS = (421, 426, 431, 451, 495, 496)


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


def plain_text(body: bytes) -> str | None:
    """Return an answer's text, None where it is a page or no text at all."""
    try:
        found = body.decode()
    except UnicodeDecodeError:
        return None
    return None if found.lstrip().startswith("<") else found.strip()


def raise_foreign(status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Raise where the answer is none of OctoPrint's, but a proxy's or another server's."""
    if 300 <= status < 400:
        if LOGIN.search(headers.get("Location", "")):
            raise proxy_login()
        raise redirected()
    if status in PROXY_STATUSES:
        raise proxy_login(headers)
    if status > HTTPStatus.INTERNAL_SERVER_ERROR:
        raise bad_gateway(status)
    if status in (400, 403, 497) and WANTS_HTTPS.search(body[:PAGE_HEAD]):
        raise OctoPrintConnectionError(
            "The server wants to be asked by HTTPS", ConnectionCause.WANTS_HTTPS
        )
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE and is_page(body):
        raise OctoPrintConnectionError(
            "A proxy in front of OctoPrint refuses uploads of this size (HTTP 413; "
            "nginx: client_max_body_size)",
            ConnectionCause.PROXY_LIMIT,
        )
    if status in PROXY_REFUSALS:
        raise proxy_refused(status)


def is_page(body: bytes) -> bool:
    """Return whether an answer is a page, as proxies write them for people."""
    return body[:PAGE_HEAD].lstrip().startswith(b"<")


def raise_instead_of_user(status: int, body: bytes) -> NoReturn:
    """Raise for an error at the path that OctoPrint answers to everybody."""
    if LOGIN_PAGE.search(body[:PAGE_HEAD]):
        raise proxy_login()
    if status == HTTPStatus.NOT_FOUND:
        raise OctoPrintConnectionError(
            "There is no OctoPrint at this path", ConnectionCause.WRONG_PATH
        )
    raise proxy_refused(status)


def proxy_refused(status: int) -> OctoPrintConnectionError:
    """Say that something in front of OctoPrint lets nobody through."""
    return OctoPrintConnectionError(
        f"A proxy or firewall in front of OctoPrint refuses the request (HTTP {status})",
        ConnectionCause.PROXY_REFUSED,
    )


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


def proxy_login(headers: Mapping[str, str] | None = None) -> OctoPrintConnectionError:
    """Say that a proxy wants a log-in of its own, by Basic authentication or on a page."""
    challenge = headers.get("WWW-Authenticate", "") if headers else ""
    if BASIC.search(challenge):
        return OctoPrintConnectionError(
            "A proxy in front of OctoPrint asks for a user and a password",
            ConnectionCause.BASIC_AUTH,
        )
    return OctoPrintConnectionError(
        "A proxy in front of OctoPrint asks for a log-in", ConnectionCause.PROXY_LOGIN
    )


def foreign_page(body: bytes) -> OctoPrintConnectionError:
    """Tell the log-in page of a proxy from any other page that is not OctoPrint's API."""
    if LOGIN_PAGE.search(body[:PAGE_HEAD]):
        return proxy_login()
    return OctoPrintConnectionError(
        "Something answered, but not OctoPrint", ConnectionCause.NOT_OCTOPRINT
    )


def connection_error(err: aiohttp.ClientError) -> OctoPrintConnectionError:
    """Name why no answer came; the texts of aiohttp hold addresses, so they stay out."""
    match err:
        case aiohttp.WSServerHandshakeError():
            return _handshake_error(err)
        case aiohttp.ClientConnectorSSLError() if _is_no_tls(err):
            return OctoPrintConnectionError(
                "The server speaks HTTP, not HTTPS", ConnectionCause.WANTS_HTTP
            )
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
                "The host cannot be reached", ConnectionCause.UNREACHABLE
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


def _is_no_tls(err: aiohttp.ClientConnectorSSLError) -> bool:
    reason = getattr(err.os_error, "reason", None)
    return reason in NO_TLS


def _handshake_error(err: aiohttp.WSServerHandshakeError) -> OctoPrintConnectionError:
    """Name why no WebSocket could be opened where something answered."""
    status = err.status
    if status in PROXY_STATUSES:
        return proxy_login(err.headers)
    if status > HTTPStatus.INTERNAL_SERVER_ERROR:
        return bad_gateway(status)
    return OctoPrintConnectionError(
        f"The server answered HTTP {status} to a WebSocket",
        ConnectionCause.NOT_OCTOPRINT,
    )
