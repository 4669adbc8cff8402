"""Stands in for Cancel Objects: answers as that was recorded to, and shares no code with it.

It leaves nothing out of a print; it knows the objects of the selected file, which are cancelled, and which is
printed where the file has the plugin's own marks.
"""

import re

import flask
from octoprint.events import Events
import octoprint.plugin

# The plugin makes the latter of the former.
COMMENT = re.compile(r"^(?:; printing object|@Object) (.+)$", re.MULTILINE)
ENDS = (
    Events.FILE_DESELECTED,
    Events.PRINT_DONE,
    Events.PRINT_FAILED,
    Events.PRINT_CANCELLED,
)


class CancelObjects(
    octoprint.plugin.EventHandlerPlugin,
    octoprint.plugin.SettingsPlugin,
    octoprint.plugin.SimpleApiPlugin,
):
    """A plugin that knows the objects of a file."""

    def __init__(self) -> None:
        """Know no objects yet."""
        super().__init__()
        self._objects: list = []

    def get_settings_defaults(self) -> dict:
        """Return the settings that a client may read."""
        return {"object_regex": [], "stoptags": False, "shownav": True, "ignored": ""}

    def get_api_commands(self) -> dict:
        """Return the commands with their parameters."""
        return {"skip": [], "cancel": ["cancelled"], "objlist": [], "resetpos": []}

    def on_api_command(self, command: str, data: dict) -> object:
        """List the objects, or cancel one; an unknown one is taken for nothing."""
        if command == "cancel":
            wanted = int(data["cancelled"])
            for each in self._objects:
                if each["id"] == wanted:
                    each["cancelled"] = True
                    self._fire("OBJECT_CANCELLED", {"object_cancelled": each})
                    self._tell()
        elif command == "objlist":
            self._tell()
            return flask.jsonify(list=self._objects)
        return None

    def on_api_get(self, request: object) -> object:
        """Tell the objects again, over the socket."""
        self._tell()
        return flask.make_response("", 204)

    def is_api_protected(self) -> bool:
        """Ask nobody who they are, as the plugin does."""
        return False

    def on_event(self, event: str, payload: dict) -> None:
        """Know the objects of the selected file, and none after a job."""
        if event == Events.FILE_SELECTED and payload["origin"] == "local":
            path = self._file_manager.path_on_disk("local", payload["path"])
            with open(path, encoding="utf-8") as file:  # noqa: PTH123 - OctoPrint hands out texts.
                names = list(dict.fromkeys(COMMENT.findall(file.read())))
            self._objects = [_object(number, name) for number, name in enumerate(names)]
            self._tell()
        elif event in ENDS:
            self._objects = []
            self._send({"objects": []})

    def on_at_command(
        self,
        comm: object,
        phase: str,
        command: str,
        parameters: str,
        *args: object,
        **kwargs: object,
    ) -> None:
        """Note which object is printed from now on."""
        for each in self._objects:
            if command == "Object" and each["object"] == parameters:
                self._send({"ActiveID": each["id"]})
                self._fire("CURRENT_OBJECT", {"current_object": each})

    def _tell(self) -> None:
        self._send({"objects": self._objects})
        self._send({"ActiveID": 0 if self._objects else None})
        self._fire("OBJECT_LIST", {"object_list": self._objects})

    def _fire(self, name: str, payload: dict) -> None:
        self._event_bus.fire(getattr(Events, f"PLUGIN_CANCELOBJECT_{name}"), payload)

    def _send(self, data: dict) -> None:
        self._plugin_manager.send_plugin_message(self._identifier, data)


def _object(number: int, name: str) -> dict:
    """Return an object of which nothing is printed yet."""
    return {
        "object": name,
        "id": number,
        "active": False,
        "cancelled": False,
        "ignore": False,
        "min_x": 10000,
        "max_x": 0,
        "min_y": 10000,
        "max_y": 0,
    }


__plugin_name__ = "Cancel Objects (stand-in)"
__plugin_pythoncompat__ = ">=3.7,<4"
__plugin_version__ = "0.6.3"
__plugin_implementation__ = CancelObjects()
__plugin_hooks__ = {
    "octoprint.comm.protocol.atcommand.queuing": __plugin_implementation__.on_at_command,
    "octoprint.events.register_custom_events": lambda *_, **__: [
        "object_list",
        "object_cancelled",
        "current_object",
    ],
}
