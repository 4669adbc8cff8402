"""Stands in for Bed Visualizer: answers as that was recorded to, and shares no code with it.

The virtual printer measures nothing, so each G29 that the plugin listens to has the same mesh.
"""

from threading import Timer

import flask
from octoprint.events import Events
import octoprint.plugin

MESH = [["+0.100", "+0.050", "-0.025"], ["+0.080", "+0.000", "-0.100"]]
BED = {
    "type": "rectangular",
    "x_min": 0,
    "x_max": 200.0,
    "y_min": 0,
    "y_max": 200.0,
    "z_min": 0,
    "z_max": 200.0,
}


class BedVisualizer(
    octoprint.plugin.SettingsPlugin,
    octoprint.plugin.SimpleApiPlugin,
):
    """A plugin that waits for a mesh."""

    def __init__(self) -> None:
        """Listen to nothing yet."""
        super().__init__()
        self._is_listening = False

    def get_settings_defaults(self) -> dict:
        """Return the settings that a client may read."""
        return {
            "command": "",
            "timeout": 1800,
            "stored_mesh": [],
            "stored_mesh_x": [],
            "stored_mesh_y": [],
            "stored_mesh_z_height": 2,
            "mesh_timestamp": "",
            "save_mesh": True,
        }

    def get_api_commands(self) -> dict:
        """Return the only command, which does nothing."""
        return {"stopProcessing": []}

    def on_api_command(self, command: str, data: dict) -> None:
        """Do nothing."""

    def on_api_get(self, request: flask.Request) -> object:
        """Stop listening where that is asked for."""
        if request.args.get("stopProcessing"):
            self._is_listening = False
            return flask.jsonify(stopped=True)
        return flask.make_response("", 204)

    def is_api_protected(self) -> bool:
        """Ask nobody who they are, as the plugin does."""
        return False

    def on_at_command(
        self,
        comm: object,
        phase: str,
        command: str,
        parameters: str,
        *args: object,
        **kwargs: object,
    ) -> None:
        """Listen from @BEDLEVELVISUALIZER on."""
        if command == "BEDLEVELVISUALIZER":
            if parameters:
                self._send({"timeout_override": parameters})
            self._is_listening = True
            self._send({"processing": True})

    def on_sent(
        self,
        comm: object,
        phase: str,
        cmd: str,
        cmd_type: object,
        gcode: object,
        *args: object,
        **kwargs: object,
    ) -> None:
        """Have a mesh soon after a G29."""
        if gcode == "G29" and self._is_listening:
            Timer(0.2, self._collected).start()

    def _collected(self) -> None:
        if not self._is_listening:
            return
        self._is_listening = False
        found = {"mesh": MESH, "bed": BED}
        self._send(found)
        self._event_bus.fire(
            Events.PLUGIN_BEDLEVELVISUALIZER_MESH_DATA_COLLECTED, found
        )

    def _send(self, data: dict) -> None:
        self._plugin_manager.send_plugin_message(self._identifier, data)


__plugin_name__ = "Bed Visualizer (stand-in)"
__plugin_pythoncompat__ = ">=3.7,<4"
__plugin_version__ = "1.1.2"
__plugin_implementation__ = BedVisualizer()
__plugin_hooks__ = {
    "octoprint.comm.protocol.atcommand.sending": __plugin_implementation__.on_at_command,
    "octoprint.comm.protocol.gcode.sent": __plugin_implementation__.on_sent,
    "octoprint.events.register_custom_events": lambda *_, **__: ["mesh_data_collected"],
}
