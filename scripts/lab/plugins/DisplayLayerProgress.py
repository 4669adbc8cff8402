"""Stands in for DisplayLayerProgress: answers as that was recorded to, and shares no code with it.

It counts the layers of an uploaded file, and takes a selected one for printed.
"""

import re

import flask
from octoprint.events import Events
import octoprint.plugin

LAYER = re.compile(r"^;LAYER:", re.MULTILINE)
METADATA = "DisplayLayerProgress"
UNKNOWN = "-"


class DisplayLayerProgress(
    octoprint.plugin.BlueprintPlugin,
    octoprint.plugin.EventHandlerPlugin,
    octoprint.plugin.SettingsPlugin,
):
    """A plugin that counts layers."""

    def __init__(self) -> None:
        """Know no file yet."""
        super().__init__()
        self._layers = UNKNOWN
        self._path = UNKNOWN

    def get_settings_defaults(self) -> dict:
        """Return a setting that a client may read."""
        return {"sendLayerInformationsViaWebSocket": True}

    @octoprint.plugin.BlueprintPlugin.route("/values", methods=["GET"])
    def values(self) -> flask.Response:
        """Tell the values, all of them as texts."""
        return flask.jsonify(
            {
                "currentFilename": self._path,
                "fanSpeed": UNKNOWN,
                "feedrate": "1500",
                "height": {"current": UNKNOWN, "total": "1.2"},
                "layer": {
                    "current": self._layers,
                    "total": self._layers,
                    "averageLayerDurationInSeconds": UNKNOWN,
                    "lastLayerDurationInSeconds": 5,
                },
                "print": {
                    "printerState": "operational",
                    "progress": "0",
                    "m73progress": "",
                    "timeLeftInSeconds": UNKNOWN,
                    "changeFilamentCount": 0,
                },
            }
        )

    def is_blueprint_csrf_protected(self) -> bool:
        """Protect nothing, as there is nothing to change."""
        return False

    def on_event(self, event: str, payload: dict) -> None:
        """Count the layers of a new file; tell those of a selected one."""
        if event == Events.FILE_ADDED and payload["storage"] == "local":
            path = self._file_manager.path_on_disk("local", payload["path"])
            with open(path, encoding="utf-8") as file:  # noqa: PTH123 - OctoPrint hands out texts.
                count = len(LAYER.findall(file.read()))
            self._file_manager.set_additional_metadata(
                "local",
                payload["path"],
                METADATA,
                {"totalLayerCountWithoutOffset": str(count)},
                overwrite=True,
            )
        elif event == Events.FILE_SELECTED:
            found = self._file_manager.get_metadata("local", payload["path"]) or {}
            layers = found.get(METADATA, {})
            self._layers = layers.get("totalLayerCountWithoutOffset", UNKNOWN)
            self._path = payload["path"]
            self._plugin_manager.send_plugin_message(
                f"{self._identifier}-websocket-payload",
                {
                    "updateReason": "frontEndCall",
                    "totalLayer": self._layers,
                    "currentLayer": UNKNOWN,
                    "fanspeed": "Off",
                    "currentFilename": self._path,
                },
            )


__plugin_name__ = "DisplayLayerProgress (stand-in)"
__plugin_pythoncompat__ = ">=3.7,<4"
__plugin_version__ = "1.28.0"
__plugin_implementation__ = DisplayLayerProgress()
