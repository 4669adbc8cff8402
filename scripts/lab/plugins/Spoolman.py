"""Stands in for the Spoolman plugin: answers as that was recorded to, and shares no code with it.

It plays the Spoolman server, too, which is down where its address is empty.
"""

import flask
from octoprint.events import Events
import octoprint.plugin

# Of PLA, 1.75 mm thick.
GRAMS_PER_MILLIMETRE = 0.00298

SPOOLS = [
    {
        "id": 7,
        "filament": {
            "name": "Galaxy Black",
            "vendor": {"name": "Prusament"},
            "material": "PLA",
            "color_hex": "3D3E3D",
            "weight": 1000.0,
        },
        "remaining_weight": 744.5,
        "used_weight": 255.5,
        "remaining_length": 249612.3,
        "archived": False,
    },
    {"id": 8, "filament": {"material": "PETG"}, "used_weight": 0.0},
]


class Spoolman(
    octoprint.plugin.BlueprintPlugin,
    octoprint.plugin.SettingsPlugin,
):
    """A plugin that knows two spools."""

    def get_settings_defaults(self) -> dict:
        """Return the settings that a client may read."""
        return {"spoolmanUrl": "http://127.0.0.1:9", "selectedSpoolIds": {}}

    @octoprint.plugin.BlueprintPlugin.route("/spoolman/spools", methods=["GET"])
    def spools(self) -> object:
        """List the spools."""
        if not self._settings.get(["spoolmanUrl"]):
            code = "spoolman_api__instance_url_empty"
            return flask.make_response(flask.jsonify(error={"code": code}), 400)
        return flask.jsonify(data={"spools": SPOOLS})

    @octoprint.plugin.BlueprintPlugin.route("/self/spool", methods=["POST"])
    def select(self) -> flask.Response:
        """Select whatever is asked for, under whatever name."""
        data = flask.request.get_json()
        tool, spool = data.get("toolIdx"), data.get("spoolId")
        selected = dict(self._settings.get(["selectedSpoolIds"]))
        spool_id = None if spool is None else str(spool)
        selected[str(tool)] = {"spoolId": spool_id}
        self._settings.set(["selectedSpoolIds"], selected)
        self._settings.save()
        payload = {"toolIdx": tool, "spoolId": spool_id}
        self._event_bus.fire(Events.PLUGIN_SPOOLMAN_SPOOL_SELECTED, payload)
        return flask.jsonify(data={})

    @octoprint.plugin.BlueprintPlugin.route(
        "/self/current-job-requirements", methods=["GET"]
    )
    def requirements(self) -> flask.Response:
        """Tell what the selected file needs, as OctoPrint has analysed it."""
        job = self._printer.get_current_job()
        selected = self._settings.get(["selectedSpoolIds"])
        tools = {}
        for name, used in ((job or {}).get("filament") or {}).items():
            # Without a file there is a length of nothing in place of the tools.
            if not name.startswith("tool"):
                continue
            tool = name[len("tool") :]
            chosen = (selected.get(tool) or {}).get("spoolId")
            tools[tool] = {
                "spoolId": None if chosen is None else int(chosen),
                "filamentLength": used["length"],
                "filamentWeight": used["length"] * GRAMS_PER_MILLIMETRE,
            }
        return flask.jsonify(
            data={"isFilamentUsageAvailable": bool(tools), "tools": tools}
        )

    def is_blueprint_csrf_protected(self) -> bool:
        """Protect what changes something, as the plugin does."""
        return True


__plugin_name__ = "Spoolman (stand-in)"
__plugin_pythoncompat__ = ">=3.7,<4"
__plugin_version__ = "1.3.0"
__plugin_implementation__ = Spoolman()
__plugin_hooks__ = {
    "octoprint.events.register_custom_events": lambda *_, **__: [
        "spool_selected",
        "spool_usage_committed",
        "spool_usage_error",
    ],
}
