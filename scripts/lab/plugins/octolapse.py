"""Stands in for Octolapse: answers as that was recorded to, and shares no code with it.

A timelapse is active while a print is, and takes no pictures.
"""

import flask
from octoprint.access.permissions import Permissions
from octoprint.events import Events
import octoprint.plugin

IDLE = 1
WAITING_FOR_TRIGGER = 3
WAITING_TO_RENDER = 6
PROFILES = {
    "printers": [{"guid": "p1", "name": "My printer", "description": ""}],
    "stabilizations": [{"guid": "s1", "name": "Back", "description": ""}],
    "current_printer_profile_guid": "p1",
    "current_stabilization_profile_guid": "s1",
}


class Octolapse(
    octoprint.plugin.BlueprintPlugin,
    octoprint.plugin.EventHandlerPlugin,
    octoprint.plugin.SettingsPlugin,
):
    """A plugin with a state."""

    def __init__(self) -> None:
        """Start idle."""
        super().__init__()
        self._state = IDLE
        self._main = {
            "is_octolapse_enabled": True,
            "test_mode_enabled": False,
            "version": "0.4.5",
        }

    def get_settings_defaults(self) -> dict:
        """Return all that OctoPrint's settings say of it."""
        return {"version": "0.4.5", "load": None, "restore_default_settings": None}

    @octoprint.plugin.BlueprintPlugin.route("/loadState", methods=["POST"])
    def load_state(self) -> flask.Response:
        """Tell everything."""
        return flask.jsonify(
            main_settings=self._main, status=self._status(), state=None, success=True
        )

    @octoprint.plugin.BlueprintPlugin.route("/loadMainSettings", methods=["POST"])
    def load_main_settings(self) -> flask.Response:
        """Tell the main settings."""
        return flask.jsonify(success=True, **self._main)

    @octoprint.plugin.BlueprintPlugin.route("/setEnabled", methods=["POST"])
    @Permissions.ADMIN.require(403)
    def set_enabled(self) -> flask.Response:
        """Switch the plugin on or off; both keys must be there."""
        data = flask.request.get_json()
        self._main["is_octolapse_enabled"] = data["is_octolapse_enabled"]
        self._tell("settings-changed", data["client_id"])
        return flask.jsonify(success=True, enabled=data["is_octolapse_enabled"])

    @octoprint.plugin.BlueprintPlugin.route("/setTestMode", methods=["POST"])
    @Permissions.ADMIN.require(403)
    def set_test_mode(self) -> flask.Response:
        """Switch the test mode on or off; both keys must be there."""
        data = flask.request.get_json()
        self._main["test_mode_enabled"] = data["test_mode_enabled"]
        self._tell("settings-changed", data["client_id"])
        return flask.jsonify(success=True, enabled=data["test_mode_enabled"])

    @octoprint.plugin.BlueprintPlugin.route("/stopTimelapse", methods=["POST"])
    @Permissions.ADMIN.require(403)
    def stop_timelapse(self) -> flask.Response:
        """Stop, and hang where there is nothing to stop."""
        self._state = IDLE if self._is_active() else WAITING_TO_RENDER
        self._tell("timelapse-stopped", "Octolapse has been stopped.")
        return flask.jsonify(success=True)

    def is_blueprint_csrf_protected(self) -> bool:
        """Do without, as the plugin does."""
        return False

    def on_event(self, event: str, payload: object) -> None:
        """Begin and end with a print."""
        if event == Events.PRINT_STARTED:
            self._state = WAITING_FOR_TRIGGER
            self._tell("timelapse-start", "Octolapse has started a timelapse.")
        elif event in (Events.PRINT_DONE, Events.PRINT_FAILED) and self._is_active():
            self._state = IDLE
            self._tell("timelapse-complete", "Octolapse has completed a timelapse.")

    def _is_active(self) -> bool:
        return self._state == WAITING_FOR_TRIGGER

    def _status(self) -> dict:
        return {
            "snapshot_count": 0,
            "snapshot_failed_count": 0,
            "is_timelapse_active": self._is_active(),
            "is_taking_snapshot": False,
            "is_rendering": False,
            "is_test_mode_active": False,
            "waiting_to_render": self._state == WAITING_TO_RENDER,
            "state": self._state,
            "profiles": PROFILES,
            "unfinished_renderings": None,
            "in_process_renderings": None,
        }

    def _tell(self, kind: str, message: str) -> None:
        self._plugin_manager.send_plugin_message(
            self._identifier, {"type": kind, "msg": message, "status": self._status()}
        )


__plugin_name__ = "Octolapse (stand-in)"
__plugin_pythoncompat__ = ">=3.7,<4"
__plugin_version__ = "0.4.5"
__plugin_implementation__ = Octolapse()
