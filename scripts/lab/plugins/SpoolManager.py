"""Stands in for SpoolManager: answers as that was recorded to, and shares no code with it.

What makes the plugin hang for ever makes this one count, under `hangs` in its settings.
"""

import flask
import octoprint.plugin

QUERY = ("from", "to", "sortColumn", "sortOrder", "filterName")
NO_SPOOL = -1


def _spool(number: int, name: str, remaining: str) -> dict:
    return {
        "databaseId": number,
        "displayName": name,
        "vendor": "Prusament",
        "material": "PLA",
        "color": "#ff0000",
        "colorName": "red",
        "totalWeight": "1000.0",
        "usedWeight": "",
        "remainingWeight": remaining,
        "remainingPercentage": "75.0",
        "totalLength": None,
        "usedLength": None,
        "remainingLength": "",
        "firstUse": "21.11.2026 03:39",
        "labels": "[]",
        "isActive": True,
        "isTemplate": False,
    }


SPOOLS = [_spool(1, "Red PLA", "750.0"), _spool(2, "Nearly empty", "0.01")]


class SpoolManager(
    octoprint.plugin.BlueprintPlugin,
    octoprint.plugin.SettingsPlugin,
):
    """A plugin that knows two spools."""

    def get_settings_defaults(self) -> dict:
        """Return the settings that a client may read."""
        return {"selectedSpoolsDatabaseIds": [], "hangs": 0}

    @octoprint.plugin.BlueprintPlugin.route("/loadSpoolsByQuery", methods=["GET"])
    def load_spools(self) -> flask.Response:
        """List the spools, or none where the query lacks anything."""
        is_whole = all(key in flask.request.values for key in QUERY)
        return flask.jsonify(
            allSpools=SPOOLS if is_whole else [],
            selectedSpools=self._selected(),
            templateSpools=[],
            catalogs={},
            totalItemCount=len(SPOOLS),
        )

    @octoprint.plugin.BlueprintPlugin.route("/selectSpool", methods=["PUT"])
    def select_spool(self) -> flask.Response:
        """Select a spool for a tool, and take it from any other."""
        data = flask.request.get_json()
        wanted, tool = int(data["databaseId"]), int(data["toolIndex"])
        if self._printer.is_printing() and "commitCurrentSpoolValues" not in data:
            flask.abort(409)
        ids = list(self._settings.get(["selectedSpoolsDatabaseIds"]))
        ids += [None] * (tool + 1 - len(ids))
        known = {each["databaseId"]: each for each in SPOOLS}
        if wanted != NO_SPOOL and wanted not in known:
            self._settings.set(["hangs"], self._settings.get(["hangs"]) + 1)
            flask.abort(500)
        ids = [None if each == wanted else each for each in ids]
        ids[tool] = None if wanted == NO_SPOOL else wanted
        self._settings.set(["selectedSpoolsDatabaseIds"], ids)
        self._settings.save()
        self._check()
        return flask.jsonify(selectedSpool=known.get(wanted))

    @octoprint.plugin.BlueprintPlugin.route("/allowedToPrint", methods=["GET"])
    def allowed_to_print(self) -> flask.Response:
        """Tell what is wrong with the first tool's spool."""
        spool, needed = self._check()
        info = [{"toolIndex": 0, "spoolName": (spool or {}).get("displayName", "")}]
        remaining = float(spool["remainingWeight"]) if spool else 0.0
        is_short = bool(spool) and needed is not None and needed > remaining
        return flask.jsonify(
            result={
                "noSpoolSelected": [] if spool else info,
                "filamentNotEnough": info if is_short else [],
                "reminderSpoolSelection": [],
            },
            metaOrAttributesMissing=needed is None,
            toolOffsetEnabled=False,
        )

    def is_blueprint_protected(self) -> bool:
        """Ask nobody who they are, as the plugin does."""
        return False

    def is_blueprint_csrf_protected(self) -> bool:
        """Do without, as the plugin does."""
        return False

    def _selected(self) -> list:
        known = {each["databaseId"]: each for each in SPOOLS}
        ids = self._settings.get(["selectedSpoolsDatabaseIds"])
        return [known.get(each) for each in ids]

    def _check(self) -> tuple:
        """Push how the first tool's spool fits the selected file, as any look at it does."""
        spool = (self._selected() or [None])[0]
        used = (self._printer.get_current_job() or {}).get("filament") or {}
        length = used.get("tool0", {}).get("length")
        needed = None if length is None else length * 0.00298
        is_short = (
            spool is not None
            and needed is not None
            and needed > float(spool["remainingWeight"])
        )
        detail = {
            "toolIndex": 0,
            "requiredLength": length,
            "requiredWeight": needed,
            "notEnough": is_short,
            "remainingWeight": float(spool["remainingWeight"]) if spool else None,
            "spoolSelected": spool is not None,
            "spoolName": spool["displayName"] if spool else None,
        }
        self._plugin_manager.send_plugin_message(
            self._identifier,
            {
                "action": "requiredFilamentChanged",
                "metaDataMissing": needed is None,
                "warnUser": True,
                "attributesMissing": False,
                "notEnough": is_short,
                "detailedSpoolResult": [] if needed is None else [detail],
            },
        )
        return spool, needed


__plugin_name__ = "SpoolManager (stand-in)"
__plugin_pythoncompat__ = ">=3.7,<4"
__plugin_version__ = "1.7.0"
__plugin_implementation__ = SpoolManager()
