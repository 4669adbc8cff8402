"""OctoPrint's API as OctoPrint documents it; it knows nothing of Home Assistant."""

from .client import OctoPrintClient
from .errors import (
    ConnectionCause,
    OctoPrintAuthError,
    OctoPrintConflictError,
    OctoPrintConnectionError,
    OctoPrintError,
    OctoPrintNotFoundError,
    OctoPrintPermissionError,
    OctoPrintPluginError,
    OctoPrintRateLimitError,
    OctoPrintRequestError,
    OctoPrintServerError,
)
from .job import PrintResult
from .permissions import Permission, permission_name
from .state import State

__all__ = [
    "ConnectionCause",
    "OctoPrintAuthError",
    "OctoPrintClient",
    "OctoPrintConflictError",
    "OctoPrintConnectionError",
    "OctoPrintError",
    "OctoPrintNotFoundError",
    "OctoPrintPermissionError",
    "OctoPrintPluginError",
    "OctoPrintRateLimitError",
    "OctoPrintRequestError",
    "OctoPrintServerError",
    "Permission",
    "PrintResult",
    "State",
    "permission_name",
]
