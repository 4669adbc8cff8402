"""The failure of a poll or of the socket, and what it means; and mistakes of our own."""

from collections.abc import Callable

from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers.update_coordinator import UpdateFailed

from ..api import (
    ConnectionCause,
    OctoPrintAuthError,
    OctoPrintConnectionError,
    OctoPrintError,
    OctoPrintNotFoundError,
    OctoPrintPermissionError,
    Permission,
    permission_name,
)
from ..const import DOMAIN, LOGGER

AWAY_CAUSES = frozenset(
    {
        ConnectionCause.BAD_GATEWAY,
        ConnectionCause.BROKEN,
        ConnectionCause.NOT_FOUND,
        ConnectionCause.REFUSED,
        ConnectionCause.TIMEOUT,
        ConnectionCause.UNREACHABLE,
    }
)


class UnexpectedErrors:
    """Logs what nobody thought of once, with its traceback, however often it comes."""

    def __init__(self, name: Callable[[], str]) -> None:
        """Take what returns the printer's name."""
        self._name = name
        self._logged: set[tuple[object, ...]] = set()

    def log(self, task: str, err: Exception) -> None:
        """Log an error that came up in a task."""
        at = err.__traceback__
        while at is not None and at.tb_next is not None:
            at = at.tb_next
        place = (
            task,
            type(err),
            at and (at.tb_frame.f_code.co_filename, at.tb_lineno),
        )
        if place in self._logged:
            LOGGER.debug("%s: unexpected error while %s again", self._name(), task)
            return
        self._logged.add(place)
        LOGGER.error("%s: unexpected error while %s", self._name(), task, exc_info=err)


def is_away(err: OctoPrintError) -> bool:
    """Return whether all of the server may be away, and not just one of its answers."""
    return isinstance(err, OctoPrintConnectionError) and err.cause in AWAY_CAUSES


def is_lost(err: OctoPrintError) -> bool:
    """Return whether no answer came, and not one that refuses the key."""
    return isinstance(err, OctoPrintConnectionError) and not needs_reauth(err)


def needs_reauth(err: OctoPrintError) -> bool:
    """Return whether the key, or the log-in of a proxy, is refused."""
    return isinstance(err, OctoPrintAuthError) or (
        isinstance(err, OctoPrintConnectionError)
        and err.cause is ConnectionCause.BASIC_AUTH
    )


def update_failure(
    err: OctoPrintError, printer: str
) -> ConfigEntryAuthFailed | UpdateFailed:
    """Return the translated failure."""
    match err:
        case OctoPrintAuthError():
            return ConfigEntryAuthFailed(
                translation_domain=DOMAIN,
                translation_key="invalid_auth",
                translation_placeholders={"printer": printer},
            )
        case OctoPrintPermissionError():
            return _failed(
                "missing_permission",
                printer,
                permission=permission_name(err.permission or Permission.STATUS),
            )
        case OctoPrintNotFoundError():
            # All that is polled is there in every OctoPrint.
            return _failed("connection_not_octoprint", printer)
        case OctoPrintConnectionError(cause=ConnectionCause.BASIC_AUTH):
            # The password of the proxy is asked for as a new key is.
            return ConfigEntryAuthFailed(
                translation_domain=DOMAIN,
                translation_key=f"connection_{err.cause}",
                translation_placeholders={"printer": printer},
            )
        case OctoPrintConnectionError():
            return _failed(f"connection_{err.cause}", printer)
    return _failed("request_failed", printer, error=str(err))


def unexpected_failure(printer: str) -> UpdateFailed:
    """Return the translated failure where the mistake is ours."""
    return _failed("unexpected_error", printer)


def _failed(key: str, printer: str, **placeholders: str) -> UpdateFailed:
    return UpdateFailed(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"printer": printer, **placeholders},
    )
