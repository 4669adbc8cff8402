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
from .memory import LastPrint, Memory, PrintResult, RunningPrint
from .snapshot import ServerData, Snapshot
from .state import State

__all__ = [
    "ConnectionCause",
    "LastPrint",
    "Memory",
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
    "PrintResult",
    "RunningPrint",
    "ServerData",
    "Snapshot",
    "State",
]
