"""Stands in for Slicer Thumbnails: answers as that was recorded to, and shares no code with it."""

import base64
import os
import re
from urllib.parse import quote

import flask
from octoprint.access import ADMIN_GROUP
from octoprint.access.permissions import Permissions
from octoprint.events import Events
import octoprint.plugin

THUMBNAIL = re.compile(r"; thumbnail begin .*\n((?:; .*\n)*?); thumbnail end")


class SlicerThumbnails(
    octoprint.plugin.BlueprintPlugin,
    octoprint.plugin.EventHandlerPlugin,
    octoprint.plugin.SettingsPlugin,
    octoprint.plugin.SimpleApiPlugin,
):
    """A plugin that takes pictures out of files."""

    def get_settings_defaults(self) -> dict:
        """Return a setting that a client may read."""
        return {"sync_on_refresh": False}

    def on_event(self, event: str, payload: dict) -> None:
        """Look for a picture in a new file."""
        if event == Events.FILE_ADDED and payload["storage"] == "local":
            self._extract(payload["path"])

    def get_api_commands(self) -> dict:
        """Return the only command."""
        return {"crawl_files": []}

    def on_api_command(self, command: str, data: dict) -> flask.Response:
        """Look for pictures in all files of the first folder."""
        if not Permissions.PLUGIN_PRUSASLICERTHUMBNAILS_SCAN.can():
            return flask.make_response("Insufficient rights", 403)
        files = self._file_manager.list_files("local")["local"]
        without = [
            each["path"]
            for each in files.values()
            if each["type"] == "machinecode" and not self._extract(each["path"])
        ]
        return flask.jsonify(no_thumbnail=without, no_thumbnail_src=[])

    def is_api_protected(self) -> bool:
        """Ask nobody who they are, as the plugin does."""
        return False

    @octoprint.plugin.BlueprintPlugin.route("/thumbnail/<path:name>", methods=["GET"])
    @Permissions.FILES_LIST.require(403)
    def thumbnail(self, name: str) -> flask.Response:
        """Send a picture."""
        return flask.send_from_directory(self.get_plugin_data_folder(), name)

    def is_blueprint_csrf_protected(self) -> bool:
        """Protect nothing, as there is nothing to change."""
        return False

    def _extract(self, path: str) -> bool:
        source = self._file_manager.path_on_disk("local", path)
        with open(source, encoding="utf-8") as file:  # noqa: PTH123 - OctoPrint hands out texts.
            found = THUMBNAIL.search(file.read())
        if not found:
            return False
        name = re.sub(r"\.(gcode|gco|tft)$", ".png", path)
        target = os.path.join(self.get_plugin_data_folder(), name)  # noqa: PTH118
        os.makedirs(os.path.dirname(target), exist_ok=True)  # noqa: PTH103, PTH120
        with open(target, "wb") as file:  # noqa: PTH123
            file.write(base64.b64decode(found.group(1).replace("; ", "")))
        # It encodes the name and not the folders.
        folder, _, last = name.rpartition("/")
        address = f"{folder}/{quote(last)}" if folder else quote(last)
        for key, value in (
            ("thumbnail", f"plugin/{self._identifier}/thumbnail/{address}?20261121"),
            ("thumbnail_src", self._identifier),
        ):
            self._file_manager.set_additional_metadata(
                "local", path, key, value, overwrite=True
            )
        return True

    def get_permissions(self, *args: object, **kwargs: object) -> list:
        """Return the permission to look through all files."""
        return [
            {
                "key": "SCAN",
                "name": "Scan files",
                "description": "Allows to look for pictures in all files",
                "roles": ["admin"],
                "default_groups": [ADMIN_GROUP],
            }
        ]


__plugin_name__ = "Slicer Thumbnails (stand-in)"
__plugin_pythoncompat__ = ">=3.7,<4"
__plugin_version__ = "1.2.2"
__plugin_implementation__ = SlicerThumbnails()
__plugin_hooks__ = {
    "octoprint.access.permissions": __plugin_implementation__.get_permissions,
}
