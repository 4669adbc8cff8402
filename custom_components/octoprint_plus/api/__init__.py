"""OctoPrint's API as OctoPrint documents it; it knows nothing of Home Assistant.

All that others need of it is named here, whatever room it is in.
"""

from .access import AppKeyRequest
from .client import OctoPrintClient
from .connection import Connection, ConnectionOptions
from .controls import Control
from .entries import Entry, FileList, LastPrintOfFile
from .errors import (
    ConnectionCause,
    OctoPrintAuthError,
    OctoPrintConflictError,
    OctoPrintConnectionError,
    OctoPrintError,
    OctoPrintFullError,
    OctoPrintNotFoundError,
    OctoPrintPermissionError,
    OctoPrintPluginError,
    OctoPrintRateLimitError,
    OctoPrintRequestError,
    OctoPrintServerError,
    OctoPrintUnfinishedError,
)
from .firmware import (
    parse_firmware_info,
    parse_firmware_settings,
    parse_leveling,
    parse_temperatures,
)
from .gcode import (
    MAX_GCODE_LINE,
    PlaceholderError,
    UnsafeLineError,
    display_command,
    gcode_lines,
    is_safe_name,
)
from .heaters import (
    MAX_SENSORS,
    NO_HEATERS,
    ONLY_PUSHED,
    allowed_heaters,
    is_allowed,
    is_tool,
    read_heaters,
)
from .job import NO_PROGRESS, Job, JobFile, PrintResult, Progress, same_file
from .login import ProxyLogin
from .mesh import BedMesh
from .parsing import OTHER_NAME, number, seconds
from .paths import checked_name, checked_path
from .patience import PLUGIN_COMMAND_TIMEOUT
from .permissions import CurrentUser, Permission, permission_name
from .plugins import (
    PLUGIN_ID,
    action_command,
    bed_level_visualizer,
    cancel_objects,
    display_layer_progress,
    octolapse,
    psu_control,
    software_update,
    spool_manager,
    spoolman,
)
from .plugins.spools import Spool
from .printer import Heater, PrinterError, PrinterState
from .profiles import PrinterProfile, Volume
from .redaction import is_secret, without_secrets
from .settings import PLUGIN_SETTINGS, SETTINGS_GROUPS, Objection, Settings
from .slicing import Slicer
from .socket.events import Occurrence, Subject
from .socket.messages import (
    PRINTER_MESSAGES,
    Current,
    ErrorOccurred,
    FileSelected,
    PluginTold,
    PrintEnding,
    PrintStarted,
    PushMessage,
    ReadAgain,
    ReauthRequired,
    RenderProgress,
    SlicingProgress,
    StateChanged,
    TimelapseChanged,
    ToolChanged,
)
from .socket.push import (
    THROTTLE_CALM,
    THROTTLE_QUICK,
    OctoPrintPush,
    PushLost,
    PushStarted,
    reconnect_pause,
)
from .socket.terminal import (
    FirmwareSilentError,
    GcodeAnswer,
    PrinterLostError,
    PrinterRestartedError,
    ask_gcode,
)
from .state import (
    BUSY_STATES,
    CONNECTING_STATES,
    JOB_STATES,
    OFFLINE_STATES,
    State,
    parse_state,
)
from .system import SystemCommand
from .timelapse import (
    TIMELAPSE_OFF,
    TIMELAPSE_TIMED,
    TIMELAPSE_ZCHANGE,
    TimelapseConfig,
    Timelapses,
    Unrendered,
)
from .transport import REQUEST_TIMEOUT
from .uploads import USUAL_UPLOAD_LIMIT, OnProgress, Upload
from .version import ServerInfo

__all__ = [
    "BUSY_STATES",
    "CONNECTING_STATES",
    "JOB_STATES",
    "MAX_GCODE_LINE",
    "MAX_SENSORS",
    "NO_HEATERS",
    "NO_PROGRESS",
    "OFFLINE_STATES",
    "ONLY_PUSHED",
    "OTHER_NAME",
    "PLUGIN_COMMAND_TIMEOUT",
    "PLUGIN_ID",
    "PLUGIN_SETTINGS",
    "PRINTER_MESSAGES",
    "REQUEST_TIMEOUT",
    "SETTINGS_GROUPS",
    "THROTTLE_CALM",
    "THROTTLE_QUICK",
    "TIMELAPSE_OFF",
    "TIMELAPSE_TIMED",
    "TIMELAPSE_ZCHANGE",
    "USUAL_UPLOAD_LIMIT",
    "AppKeyRequest",
    "BedMesh",
    "Connection",
    "ConnectionCause",
    "ConnectionOptions",
    "Control",
    "Current",
    "CurrentUser",
    "Entry",
    "ErrorOccurred",
    "FileList",
    "FileSelected",
    "FirmwareSilentError",
    "GcodeAnswer",
    "Heater",
    "Job",
    "JobFile",
    "LastPrintOfFile",
    "Objection",
    "Occurrence",
    "OctoPrintAuthError",
    "OctoPrintClient",
    "OctoPrintConflictError",
    "OctoPrintConnectionError",
    "OctoPrintError",
    "OctoPrintFullError",
    "OctoPrintNotFoundError",
    "OctoPrintPermissionError",
    "OctoPrintPluginError",
    "OctoPrintPush",
    "OctoPrintRateLimitError",
    "OctoPrintRequestError",
    "OctoPrintServerError",
    "OctoPrintUnfinishedError",
    "OnProgress",
    "Permission",
    "PlaceholderError",
    "PluginTold",
    "PrintEnding",
    "PrintResult",
    "PrintStarted",
    "PrinterError",
    "PrinterLostError",
    "PrinterProfile",
    "PrinterRestartedError",
    "PrinterState",
    "Progress",
    "ProxyLogin",
    "PushLost",
    "PushMessage",
    "PushStarted",
    "ReadAgain",
    "ReauthRequired",
    "RenderProgress",
    "ServerInfo",
    "Settings",
    "Slicer",
    "SlicingProgress",
    "Spool",
    "State",
    "StateChanged",
    "Subject",
    "SystemCommand",
    "TimelapseChanged",
    "TimelapseConfig",
    "Timelapses",
    "ToolChanged",
    "Unrendered",
    "UnsafeLineError",
    "Upload",
    "Volume",
    "action_command",
    "allowed_heaters",
    "ask_gcode",
    "bed_level_visualizer",
    "cancel_objects",
    "checked_name",
    "checked_path",
    "display_command",
    "display_layer_progress",
    "gcode_lines",
    "is_allowed",
    "is_safe_name",
    "is_secret",
    "is_tool",
    "number",
    "octolapse",
    "parse_firmware_info",
    "parse_firmware_settings",
    "parse_leveling",
    "parse_state",
    "parse_temperatures",
    "permission_name",
    "psu_control",
    "read_heaters",
    "reconnect_pause",
    "same_file",
    "seconds",
    "software_update",
    "spool_manager",
    "spoolman",
    "without_secrets",
]
