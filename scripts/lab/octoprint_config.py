"""The files that an OctoPrint of the lab starts with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
import json
from pathlib import Path
from typing import Any

ADMIN_KEY = "ADMINKEYADMINKEYADMINKEYADMINKEY"
OPERATOR_KEY = "USERKEYUSERKEYUSERKEYUSERKEYUSER"
VIEWER_KEY = "READONLYKEYREADONLYKEYREADONLYKE"
LIMITED_KEY = "LIMITEDKEYLIMITEDKEYLIMITEDKEYLI"
NOBODY_KEY = "NONEKEYNONEKEYNONEKEYNONEKEYNONE"

USERS: dict[str, tuple[str, list[str], list[str]]] = {
    "admin": (ADMIN_KEY, ["admins", "users"], []),
    "operator": (OPERATOR_KEY, ["users"], []),
    "viewer": (VIEWER_KEY, ["readonly"], []),
    "limited": (LIMITED_KEY, [], ["STATUS"]),
    "nobody": (NOBODY_KEY, [], []),
}

# What talks to the network, announces itself or starts slowly.
DISABLED_PLUGINS = (
    "achievements",
    "announcements",
    "backup",
    "discovery",
    "errortracking",
    "file_check",
    "firmware_check",
    "health_check",
    "pi_support",
    "pluginmanager",
    "softwareupdate",
    "tracking",
)

STAND_INS = Path(__file__).parent / "plugins"

# No setting confines the discovery plugin: its sockets listen on every interface. So it keeps its settings (the UUID)
# and its descriptor, and opens no socket.
SILENT_DISCOVERY = '''\
"""Keeps the bundled discovery plugin off the network."""

from octoprint.plugins.discovery import DiscoveryPlugin

__plugin_name__ = "Silent discovery"
__plugin_pythoncompat__ = ">=3.7,<4"


def silent(*args):
    pass


DiscoveryPlugin.initialize = silent
DiscoveryPlugin.on_startup = silent
DiscoveryPlugin.on_shutdown = silent
'''


@dataclass(frozen=True, kw_only=True)
class OctoPrintOptions:
    """What kind of OctoPrint and printer it is."""

    name: str = "Lab printer"
    """The instance's name (appearance.name)."""
    extruders: int = 1
    shared_nozzle: bool = False
    bed: bool = True
    chamber: bool = False
    sd: bool = True
    autoconnect: bool = True
    plugins: tuple[str, ...] = ()
    """Bundled plugins to enable that are off by default."""
    stand_ins: tuple[str, ...] = ()
    """Stand-ins for plugins of others, by the names of the files in scripts/lab/plugins."""
    scripts: Mapping[str, str] = field(default_factory=dict)
    """G-code scripts by name, such as afterPrintPaused."""
    upnp_uuid: str | None = None
    """The instance's UUID; enables the discovery plugin without its network part."""
    temperature_profiles: tuple[Mapping[str, Any], ...] = (
        {"name": "PLA", "extruder": 210, "bed": 60, "chamber": None},
        {"name": "PETG", "extruder": 240, "bed": 80, "chamber": None},
    )
    system_actions: tuple[Mapping[str, Any], ...] = ()
    """Custom system commands: mappings with action, name, command, and confirm where it asks."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Anything else for config.yaml, merged over the rest."""
    admin_password: str | None = None
    """Admin's password for the web interface; without one only API keys work."""


def write_config(basedir: Path, version: str, options: OctoPrintOptions) -> None:
    """Write a new base folder; YAML reads JSON, and OctoPrint rewrites the files in its own way."""
    config = _merge(_config(version, options), options.settings)
    profile = _profile(options)
    for path, content in (
        ("config.yaml", config),
        ("users.yaml", _users()),
        ("printerProfiles/_default.profile", profile),
    ):
        (basedir / path).parent.mkdir(parents=True, exist_ok=True)
        (basedir / path).write_text(json.dumps(content, indent=2), encoding="utf-8")
    (basedir / "plugins").mkdir(exist_ok=True)
    for name in options.stand_ins:
        file = f"{name}.py"
        (basedir / "plugins" / file).symlink_to(STAND_INS / file)
    if options.upnp_uuid:
        (basedir / "plugins/silent_discovery.py").write_text(
            SILENT_DISCOVERY, encoding="utf-8"
        )


def _config(version: str, options: OctoPrintOptions) -> dict[str, Any]:
    enabled = {*options.plugins, *(("discovery",) if options.upnp_uuid else ())}
    plugins: dict[str, Any] = {
        "_disabled": [name for name in DISABLED_PLUGINS if name not in enabled],
        "virtual_printer": {
            # OctoPrint 2 believes the firmware about its chamber, not the reports.
            "capabilities": {"CHAMBER_TEMPERATURE": options.chamber},
            "enabled": True,
            "hasBed": options.bed,
            "hasChamber": options.chamber,
            "numExtruders": options.extruders,
            "sharedNozzle": options.shared_nozzle,
            # The default asks for resends at certain lines.
            "simulated_errors": [],
        },
    }
    if options.upnp_uuid:
        plugins["discovery"] = {"upnpUuid": options.upnp_uuid}
    serial = {"port": "VIRTUAL", "baudrate": 115200}
    connection: dict[str, Any] = {
        "serial": serial | {"autoconnect": options.autoconnect}
    }
    if version.startswith("2."):
        connection = {
            "printerConnection": {
                "autoconnect": options.autoconnect,
                "preferred": {"connector": "serial", "parameters": serial},
            }
        }
    return {
        "appearance": {"name": options.name},
        "feature": {"sdSupport": options.sd},
        "plugins": plugins,
        "scripts": {"gcode": dict(options.scripts)},
        "server": {
            "firstRun": False,
            "onlineCheck": {"enabled": False},
            "pluginBlacklist": {"enabled": False},
        },
        "system": {"actions": list(options.system_actions)},
        "temperature": {"profiles": list(options.temperature_profiles)},
        **connection,
    }


def _users() -> dict[str, Any]:
    return {"_version": 2} | {
        name: {
            "active": True,
            "apikey": key,
            "groups": groups,
            "permissions": permissions,
            "password": "x",
            "settings": {},
        }
        for name, (key, groups, permissions) in USERS.items()
    }


def _profile(options: OctoPrintOptions) -> dict[str, Any]:
    return {
        "id": "_default",
        "name": options.name,
        "model": "Virtual printer",
        "color": "default",
        "volume": {
            "width": 200,
            "depth": 200,
            "height": 200,
            "formFactor": "rectangular",
            "origin": "lowerleft",
            "custom_box": False,
        },
        "heatedBed": options.bed,
        "heatedChamber": options.chamber,
        "extruder": {
            "count": options.extruders,
            "offsets": [[25.0 * number, 0.0] for number in range(options.extruders)],
            "nozzleDiameter": 0.4,
            "sharedNozzle": options.shared_nozzle,
            "defaultExtrusionLength": 5,
        },
        "axes": {
            axis: {"speed": speed, "inverted": False}
            for axis, speed in (("x", 6000), ("y", 6000), ("z", 200), ("e", 300))
        },
    }


def _merge(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = (
            _merge(below, value)
            if isinstance(below, dict) and isinstance(value, Mapping)
            else value
        )
    return merged
