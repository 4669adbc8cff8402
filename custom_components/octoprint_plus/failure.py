"""The failure of a poll or of the socket, and what it means."""

from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers.update_coordinator import UpdateFailed

from .api import (
    OctoPrintAuthError,
    OctoPrintConnectionError,
    OctoPrintError,
    OctoPrintNotFoundError,
    OctoPrintPermissionError,
)
from .api.access import permission_name
from .api.errors import ConnectionCause
from .const import DOMAIN

AWAY_CAUSES = frozenset(
    {
        ConnectionCause.BAD_GATEWAY,
        ConnectionCause.BROKEN,
        ConnectionCause.NOT_FOUND,
        ConnectionCause.REFUSED,
        ConnectionCause.TIMEOUT,
    }
)


def is_away(err: OctoPrintError) -> bool:
    """Return whether all of the server may be away, and not just one of its answers."""
    return isinstance(err, OctoPrintConnectionError) and err.cause in AWAY_CAUSES


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
                permission=permission_name(err.permission or "STATUS"),
            )
        case OctoPrintNotFoundError():
            # All that is polled is there in every OctoPrint.
            return _failed("connection_not_octoprint", printer)
        case OctoPrintConnectionError():
            return _failed(f"connection_{err.cause}", printer)
    return _failed("request_failed", printer, error=str(err))


def _failed(key: str, printer: str, **placeholders: str) -> UpdateFailed:
    return UpdateFailed(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"printer": printer, **placeholders},
    )
