"""Reading the address of an OctoPrint server as people type it and as networks announce it."""

from ipaddress import ip_address
import re
from urllib.parse import unquote

from yarl import URL

from ..api import ProxyLogin

OCTOPRINT_PORT = 5000
"""Where OctoPrint listens unless something stands in front of it."""

# The paths of OctoPrint's own pages and API, below which no server has its address.
# People copy them out of the browser together with the address.
KNOWN_TAIL = re.compile(
    r"/(api|downloads|login|plugin|recovery|sockjs|static|webcam)(/.*)?$"
)

SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)

# A slash too few or too many, or slashes the other way round: what is meant is plain.
MISTYPED_SCHEME = re.compile(
    r"^(https?)(?::[/\\]{1,2}|[/\\]{2})(?![/\\])", re.IGNORECASE
)

# Characters of an address that mean something where Markdown shows it.
MARKDOWN_IN_URL = re.compile(r"[!'()*\[\]|~]")

HOST_NAME = re.compile(
    r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
    r"(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*"
)


class AddressError(ValueError):
    """The text is no address of a web server."""


class CredentialsError(AddressError):
    """The address holds a user name or a password."""


def split_login(typed: str) -> tuple[str, ProxyLogin | None]:
    """Return an address without the user and password that stand in it, and these.

    Raises AddressError where there is a user but no address around it.
    """
    address = MISTYPED_SCHEME.sub(r"\1://", typed.strip(), count=1)
    scheme = SCHEME.match(address)
    start = scheme.end() if scheme else 0
    authority = re.match(r"[^/?#]*", address[start:])
    userinfo, at, _ = authority[0].rpartition("@") if authority else ("", "", "")
    if not at:
        return address, None
    user, _, password = userinfo.partition(":")
    login = ProxyLogin(unquote(user), unquote(password)) if user else None
    if login is not None and not login.is_valid:
        raise AddressError
    return address[:start] + address[start + len(userinfo) + 1 :], login


def parse_address(typed: str) -> tuple[URL, ...]:
    """Return the addresses that a typed one may stand for, the likeliest first.

    Without a scheme that is HTTP before HTTPS, and without a port OctoPrint's own last.
    """
    address = MISTYPED_SCHEME.sub(r"\1://", typed.strip(), count=1)
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


def alternatives(urls: tuple[URL, ...]) -> tuple[URL, ...]:
    """Return where OctoPrint may be instead on the same host, the likeliest first.

    That is the other scheme, the address without its path, and OctoPrint's own port.
    """
    found: dict[URL, None] = {}
    for url in urls:
        other = url.with_scheme("https" if url.scheme == "http" else "http")
        found[_normal(other)] = None
    for url in urls:
        if url.raw_path != "/":
            found[_normal(url.with_path("/"))] = None
    for url in urls:
        if url.explicit_port is None:
            own = url.with_scheme("http").with_port(OCTOPRINT_PORT)
            found[_normal(own.with_path("/"))] = None
    return tuple(url for url in found if url not in urls)


def address_text(url: URL) -> str:
    """Return an address as Markdown shows it and nothing else, with the same meaning."""
    if not MARKDOWN_IN_URL.search(url.raw_path):
        return str(url)
    path = MARKDOWN_IN_URL.sub(lambda match: f"%{ord(match[0]):02X}", url.raw_path)
    return str(url.with_path(path, encoded=True))


def _normal(url: URL) -> URL:
    return url.with_port(None) if url.is_default_port() else url


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
