"""Reading the address of an OctoPrint server as people type it and as networks announce it."""

from ipaddress import ip_address
import re

from yarl import URL

OCTOPRINT_PORT = 5000
"""Where OctoPrint listens unless something stands in front of it."""

# The paths of OctoPrint's own pages and API, below which no server has its address.
# People copy them out of the browser together with the address.
KNOWN_TAIL = re.compile(
    r"/(api|downloads|login|plugin|recovery|sockjs|static|webcam)(/.*)?$"
)

SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)

HOST_NAME = re.compile(
    r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
    r"(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*"
)


class AddressError(ValueError):
    """The text is no address of a web server."""


class CredentialsError(AddressError):
    """The address holds a user name or a password."""


def parse_address(typed: str) -> tuple[URL, ...]:
    """Return the addresses that a typed one may stand for, the likeliest first.

    Without a scheme that is HTTP before HTTPS, and without a port OctoPrint's own last.
    """
    address = typed.strip()
    if scheme := SCHEME.match(address):
        if scheme[1].lower() not in ("http", "https"):
            raise AddressError
        return (_parse(address),)
    address = address.lstrip("/")
    if _is_ip_address(address) and ":" in address:
        address = f"[{address}]"
    url = _parse(f"http://{address}")
    if url.explicit_port is not None:
        return url, url.with_scheme("https")
    return url, url.with_scheme("https"), url.with_port(OCTOPRINT_PORT)


def on_host(url: URL, host: str) -> URL:
    """Return the same address on another host."""
    return url.with_host(host)


def _parse(address: str) -> URL:
    try:
        url = URL(address)
        host = (url.raw_host or "").rstrip(".")
        port = url.port
    except ValueError as err:
        raise AddressError from err
    if "@" in url.raw_authority:
        raise CredentialsError
    if not port or not (HOST_NAME.fullmatch(host) or _is_ip_address(host)):
        raise AddressError
    path = KNOWN_TAIL.sub("", url.raw_path).rstrip("/")
    return (
        url.with_host(host)
        .with_port(None if url.is_default_port() else port)
        .with_path(path, encoded=True)
    )


def _is_ip_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
