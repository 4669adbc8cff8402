"""Permissions: what a key may do, and whose key it is."""

from dataclasses import dataclass
from enum import StrEnum

from .errors import ConnectionCause, OctoPrintConnectionError
from .parsing import Json, label, texts

CURRENT_USER = "api/currentuser"


class Permission(StrEnum):
    """What a call needs, by OctoPrint's name for it; those of plugins begin with PLUGIN."""

    ADMIN = "ADMIN"
    CONNECTION = "CONNECTION"
    CONTROL = "CONTROL"
    FILES_DELETE = "FILES_DELETE"
    FILES_DOWNLOAD = "FILES_DOWNLOAD"
    FILES_LIST = "FILES_LIST"
    FILES_SELECT = "FILES_SELECT"
    FILES_UPLOAD = "FILES_UPLOAD"
    MONITOR_TERMINAL = "MONITOR_TERMINAL"
    PLUGIN_ACTION_COMMAND_PROMPT_INTERACT = "PLUGIN_ACTION_COMMAND_PROMPT_INTERACT"
    PLUGIN_PRUSASLICERTHUMBNAILS_SCAN = "PLUGIN_PRUSASLICERTHUMBNAILS_SCAN"
    PLUGIN_PSUCONTROL_CONTROL = "PLUGIN_PSUCONTROL_CONTROL"
    PLUGIN_SOFTWAREUPDATE_CHECK = "PLUGIN_SOFTWAREUPDATE_CHECK"
    PLUGIN_SOFTWAREUPDATE_UPDATE = "PLUGIN_SOFTWAREUPDATE_UPDATE"
    PRINT = "PRINT"
    SETTINGS = "SETTINGS"
    SETTINGS_READ = "SETTINGS_READ"
    SLICE = "SLICE"
    STATUS = "STATUS"
    SYSTEM = "SYSTEM"
    TIMELAPSE_ADMIN = "TIMELAPSE_ADMIN"
    TIMELAPSE_DELETE = "TIMELAPSE_DELETE"
    TIMELAPSE_DOWNLOAD = "TIMELAPSE_DOWNLOAD"
    TIMELAPSE_LIST = "TIMELAPSE_LIST"
    TIMELAPSE_MANAGE_UNRENDERED = "TIMELAPSE_MANAGE_UNRENDERED"


KNOWN: dict[str, str] = {each.value: each for each in Permission}

type Needed = Permission | tuple[Permission, ...] | None
"""The permission that a call needs, or several; for the error where one is missing."""

# As OctoPrint's own pages show them, those of plugins below their plugin's name.
NAMES: dict[str, str] = {
    Permission.CONNECTION: "Connection",
    Permission.CONTROL: "Control",
    Permission.FILES_DELETE: "File Delete",
    Permission.FILES_DOWNLOAD: "File Download",
    Permission.FILES_LIST: "File List",
    Permission.FILES_SELECT: "File Select",
    Permission.FILES_UPLOAD: "File Upload",
    Permission.MONITOR_TERMINAL: "Terminal",
    Permission.PLUGIN_ACTION_COMMAND_PROMPT_INTERACT: (
        "Action Command Prompt Support: Interact with printer prompts"
    ),
    Permission.PRINT: "Print",
    Permission.SETTINGS: "Settings Admin",
    Permission.SETTINGS_READ: "Settings Access",
    Permission.SLICE: "Slice",
    Permission.STATUS: "Status",
    Permission.SYSTEM: "System",
    Permission.TIMELAPSE_ADMIN: "Timelapse Admin",
    Permission.TIMELAPSE_DELETE: "Timelapse Delete",
    Permission.TIMELAPSE_DOWNLOAD: "Timelapse Download",
    Permission.TIMELAPSE_LIST: "Timelapse List",
    Permission.TIMELAPSE_MANAGE_UNRENDERED: "Timelapse Manage Unrendered",
}


def permission_name(permission: str) -> str:
    """Return what OctoPrint's pages call a permission, itself where that is not known."""
    return NAMES.get(permission, permission)


@dataclass(frozen=True, kw_only=True, slots=True)
class CurrentUser:
    """Whose key it is and what it may do."""

    name: str | None
    """None where OctoPrint does not know the key."""

    permissions: frozenset[str]
    """OctoPrint's names, for example CONTROL or PRINT."""

    def may(self, permission: str) -> bool:
        """Return whether the key has a permission; administrators have all of them."""
        return permission in self.permissions or Permission.ADMIN in self.permissions


UNKNOWN_USER = CurrentUser(name=None, permissions=frozenset())


def parse_user(data: Json) -> CurrentUser:
    """Return the user that `/api/currentuser` answers; raises OctoPrintConnectionError."""
    if "permissions" not in data:
        raise OctoPrintConnectionError(
            "Something answered, but not OctoPrint", ConnectionCause.NOT_OCTOPRINT
        )
    return CurrentUser(
        name=label(data.get("name")),
        # As members the ones that are asked for are found without comparing texts.
        permissions=frozenset(
            KNOWN.get(name, name) for name in texts(data.get("permissions"))
        ),
    )
