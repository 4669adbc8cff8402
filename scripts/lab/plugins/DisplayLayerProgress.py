"""Stands in for DisplayLayerProgress: answers as that was recorded to, and shares no code with it.

It counts the layers of an uploaded file, and marks them in it to know them again in a print.
"""

import re

import flask
from octoprint.events import Events
from octoprint.filemanager.util import LineProcessorStream, StreamWrapper
import octoprint.plugin

LAYER = re.compile(r"^;LAYER:", re.MULTILINE)
MARK = "M117 INDICATOR-Layer"
METADATA = "DisplayLayerProgress"
UNKNOWN = "-"


class Marking(LineProcessorStream):
    """An upload with a mark after each comment that begins a layer."""

    def process_line(self, line: bytes) -> bytes:
        """Mark a line."""
        if not line.startswith(b";LAYER:"):
            return line
        number = line.strip()[len(b";LAYER:") :]
        return line + MARK.encode() + number + b"\n"


class DisplayLayerProgress(
    octoprint.plugin.BlueprintPlugin,
    octoprint.plugin.EventHandlerPlugin,
    octoprint.plugin.SettingsPlugin,
):
    """A plugin that counts layers."""

    def __init__(self) -> None:
        """Know no file yet."""
        super().__init__()
        self._layer = UNKNOWN
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
                    "current": self._layer,
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
            self._tell("frontEndCall", UNKNOWN)
        elif event == Events.PRINT_STARTED:
            self._tell("printerStateChanged", UNKNOWN)

    def mark(self, path: str, file: object, *args: object, **kwargs: object) -> object:
        """Mark the layers of an upload."""
        if not path.endswith(".gcode"):
            return file
        return StreamWrapper(file.filename, Marking(file.stream()))

    def on_queuing(
        self,
        comm: object,
        phase: str,
        cmd: str,
        cmd_type: object,
        gcode: object,
        *args: object,
        **kwargs: object,
    ) -> object:
        """Take a mark for a layer that begins, and keep it from the printer."""
        if not cmd.startswith(MARK):
            return None
        self._tell("layerChanged", str(int(cmd[len(MARK) :]) + 1))
        return (None,)

    def _tell(self, reason: str, layer: str) -> None:
        self._layer = layer
        self._plugin_manager.send_plugin_message(
            f"{self._identifier}-websocket-payload",
            {
                "updateReason": reason,
                "totalLayer": self._layers,
                "currentLayer": layer,
                "fanspeed": "Off",
                "currentFilename": self._path,
            },
        )


__plugin_name__ = "DisplayLayerProgress (stand-in)"
__plugin_pythoncompat__ = ">=3.7,<4"
__plugin_version__ = "1.28.0"
__plugin_implementation__ = DisplayLayerProgress()
__plugin_hooks__ = {
    "octoprint.comm.protocol.gcode.queuing": __plugin_implementation__.on_queuing,
    "octoprint.filemanager.preprocessor": __plugin_implementation__.mark,
}
