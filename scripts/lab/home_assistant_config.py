"""The files that a Home Assistant of the lab starts with."""

import json
from pathlib import Path
from typing import Any

from .server import HOST, ROOT

DOMAIN = "octoprint_plus"

# Not default_config, which wants packages that must be compiled and looks for devices in the network.
CONFIGURATION = f"""\
frontend:
api:
config:
websocket_api:
recorder:
history:
logbook:
media_source:
conversation:
logger:
  default: warning
  logs:
    custom_components.{DOMAIN}: debug
"""


def write_config(folder: Path, port: int, configuration: str) -> None:
    """Write the configuration, the HTTP server's address and the link to the integration."""
    (folder / "configuration.yaml").write_text(
        CONFIGURATION + configuration, encoding="utf-8"
    )
    # An address in configuration.yaml would be on trial only, and given up for 0.0.0.0:8123 after five minutes.
    # Version 2.2 is read by 2026.10, and by 2026.11 too, which makes it its own version 3.
    _store(
        folder,
        "http",
        (2, 2),
        {
            "stable": {
                "server_host": [HOST],
                "server_port": port,
                "cors_allowed_origins": ["https://cast.home-assistant.io"],
                "ip_ban_enabled": True,
                "login_attempts_threshold": -1,
                "ssl_profile": "modern",
                "use_x_frame_options": True,
                "created_at": "2026-11-01T00:00:00+00:00",
                "error": None,
                "error_message": None,
            },
            "pending": None,
            "yaml_migration_done": True,
        },
    )
    # Every Home Assistant resolves .local names; only the loopback adapter means that it asks nobody and hears nobody.
    _store(folder, "core.network", (1, 1), {"configured_adapters": ["lo", "lo0"]})
    if not (folder / ".storage/onboarding").exists():
        # This step would add integrations that talk to servers elsewhere.
        _store(folder, "onboarding", (4, 1), {"done": ["core_config"]})
    link = folder / "custom_components" / DOMAIN
    link.parent.mkdir(exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(ROOT / "custom_components" / DOMAIN)


def _store(
    folder: Path, key: str, version: tuple[int, int], data: dict[str, Any]
) -> None:
    path = folder / ".storage" / key
    path.parent.mkdir(exist_ok=True)
    major, minor = version
    content = {"version": major, "minor_version": minor, "key": key, "data": data}
    path.write_text(json.dumps(content, indent=2), encoding="utf-8")
