"""Stands in for PSU Control: answers as that was recorded to, and shares no code with it.

It switches nothing but a state of its own; the method GPIO finds no pins, as on most machines.
"""

import time

import flask
from octoprint.access import ADMIN_GROUP
from octoprint.access.permissions import Permissions
from octoprint.events import Events
import octoprint.plugin
from octoprint.util import RepeatedTimer

COMMANDS = {"turnPSUOn": True, "turnPSUOff": False}


class PsuControl(
    octoprint.plugin.EventHandlerPlugin,
    octoprint.plugin.SettingsPlugin,
    octoprint.plugin.SimpleApiPlugin,
    octoprint.plugin.StartupPlugin,
):
    """A power supply that is a variable."""

    def __init__(self) -> None:
        """Start as off, as after each start of the server."""
        super().__init__()
        self._is_on = False

    def get_settings_defaults(self) -> dict:
        """Return the settings that a client may read."""
        return {
            "switchingMethod": "GCODE",
            "sensingMethod": "INTERNAL",
            "postOnDelay": 0.0,
            "sensePollingInterval": 5,
            "onGCodeCommand": "M80",
            "offGCodeCommand": "M81",
        }

    def on_after_startup(self) -> None:
        """Tell the state again and again."""
        interval = self._settings.get_int(["sensePollingInterval"])
        RepeatedTimer(interval, self._tell, daemon=True).start()

    def on_event(self, event: str, payload: object) -> None:
        """Tell a new client the state."""
        if event == Events.CLIENT_OPENED:
            self._tell()

    def get_api_commands(self) -> dict:
        """Return the commands, none of which takes a parameter."""
        return {"turnPSUOn": [], "turnPSUOff": [], "togglePSU": [], "getPSUState": []}

    def on_api_get(self, request: object) -> object:
        """Tell the state."""
        return self.on_api_command("getPSUState", {})

    def on_api_command(self, command: str, data: dict) -> object:
        """Switch, or tell the state; who may not is told so in plain text."""
        is_read = command == "getPSUState"
        needed = "STATUS" if is_read else "PLUGIN_PSUCONTROL_CONTROL"
        if not getattr(Permissions, needed).can():
            return flask.make_response("Insufficient rights", 403)
        if is_read:
            return flask.jsonify(isPSUOn=self._is_on)
        self._switch(COMMANDS.get(command, not self._is_on))
        return None

    def is_api_protected(self) -> bool:
        """Ask nobody who they are, as the plugin does."""
        return False

    def _switch(self, is_on: bool) -> None:
        if self._settings.get(["switchingMethod"]) != "GCODE":
            return
        delay = self._settings.get_float(["postOnDelay"]) if is_on else 0.0
        time.sleep(0.1 + delay)
        has_changed = is_on != self._is_on
        self._is_on = is_on
        if has_changed:
            self._event_bus.fire(
                Events.PLUGIN_PSUCONTROL_PSU_STATE_CHANGED, {"isPSUOn": is_on}
            )
        self._tell()

    def _tell(self) -> None:
        self._plugin_manager.send_plugin_message(
            self._identifier, {"isPSUOn": self._is_on}
        )

    def get_permissions(self, *args: object, **kwargs: object) -> list:
        """Return the permission to switch, which only admins have."""
        return [
            {
                "key": "CONTROL",
                "name": "Control",
                "description": "Allows to switch the power supply",
                "roles": ["admin"],
                "dangerous": True,
                "default_groups": [ADMIN_GROUP],
            }
        ]


__plugin_name__ = "PSU Control (stand-in)"
__plugin_pythoncompat__ = ">=3.7,<4"
__plugin_version__ = "1.0.6"
__plugin_implementation__ = PsuControl()
__plugin_hooks__ = {
    "octoprint.access.permissions": __plugin_implementation__.get_permissions,
    "octoprint.events.register_custom_events": lambda *_, **__: ["psu_state_changed"],
}
