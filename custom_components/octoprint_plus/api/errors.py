"""What can go wrong when talking to OctoPrint."""

from enum import StrEnum


class ConnectionCause(StrEnum):
    """Why no usable answer came from OctoPrint."""

    BAD_GATEWAY = "bad_gateway"
    """A proxy answered that OctoPrint behind it does not (HTTP 5xx)."""

    BASIC_AUTH = "basic_auth"
    """A proxy asks for a user and a password, or refuses those it got (HTTP 401, Basic)."""

    BROKEN = "broken"
    """The connection broke before an answer had come."""

    NOT_FOUND = "not_found"
    """The host's name has no address."""

    NOT_OCTOPRINT = "not_octoprint"
    """Something answered, but not as OctoPrint answers."""

    PROXY_LIMIT = "proxy_limit"
    """A proxy refuses uploads of that size (HTTP 413)."""

    PROXY_LOGIN = "proxy_login"
    """A proxy in front of OctoPrint wants a log-in of its own, on a page."""

    PROXY_REFUSED = "proxy_refused"
    """A proxy or firewall in front of OctoPrint refuses the request (HTTP 4xx)."""

    REDIRECTED = "redirected"
    """The server points to another address, to which the key is not sent."""

    REFUSED = "refused"
    """Nothing listens on that port of the host."""

    TIMEOUT = "timeout"
    """No answer came in time."""

    TLS = "tls"
    """The server's certificate is not trusted."""

    TOO_LARGE = "too_large"
    """What came is larger than anything that is read."""

    UNREACHABLE = "unreachable"
    """There is no way to the host's address, or it is switched off."""

    WANTS_HTTP = "wants_http"
    """HTTPS was asked where HTTP is spoken."""

    WANTS_HTTPS = "wants_https"
    """HTTP was asked where HTTPS is spoken."""

    WRONG_PATH = "wrong_path"
    """A web server answers that there is nothing at this path (HTTP 404)."""


class OctoPrintError(Exception):
    """A request to OctoPrint failed; the text is meant for people."""


class OctoPrintConnectionError(OctoPrintError):
    """No usable answer came: no connection, a time-out, or not OctoPrint."""

    def __init__(self, message: str, cause: ConnectionCause) -> None:
        """Keep why the answer is missing."""
        super().__init__(message)
        self.cause = cause


class OctoPrintUnfinishedError(OctoPrintConnectionError):
    """OctoPrint took a command and had not said in time that it is done; it may go on."""

    def __init__(self, seconds: float, cause: ConnectionCause) -> None:
        """Keep for how long it was waited."""
        super().__init__(f"OctoPrint was not done after {seconds:.0f} seconds", cause)
        self.seconds = seconds


class OctoPrintAuthError(OctoPrintError):
    """OctoPrint does not know the key (403 to reads, 400 "CSRF" to writes)."""


class OctoPrintPermissionError(OctoPrintError):
    """The key is known but lacks a permission (403)."""

    def __init__(self, message: str, permission: str | None) -> None:
        """Keep the missing permission, by OctoPrint's name, where it is known."""
        super().__init__(message)
        self.permission = permission


class OctoPrintConflictError(OctoPrintError):
    """The state of the printer or the file forbids it (409)."""


class OctoPrintNotFoundError(OctoPrintError):
    """There is no such thing on the server (404)."""


class OctoPrintRequestError(OctoPrintError):
    """OctoPrint refused what it was asked (400, 413, 415, 500); its own text."""


class OctoPrintServerError(OctoPrintRequestError):
    """OctoPrint failed at it (500), be it by a mistake of its own or a full disk."""


class OctoPrintFullError(OctoPrintRequestError):
    """There is not enough room on OctoPrint's disk."""


class OctoPrintPluginError(OctoPrintError):
    """A plugin answered something else than it promises; the text names the plugin."""


class OctoPrintRateLimitError(OctoPrintError):
    """OctoPrint was asked too often (429)."""
