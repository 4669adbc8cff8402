"""The failure of a poll, as Home Assistant wants to hear of it."""

from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers.update_coordinator import UpdateFailed

from .api import (
    OctoPrintAuthError,
    OctoPrintConnectionError,
    OctoPrintError,
    OctoPrintNotFoundError,
    OctoPrintPermissionError,
)
from .const import DOMAIN


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
                permission=err.permission or "STATUS",
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
