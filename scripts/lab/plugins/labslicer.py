"""A slicer for the tests: its G-code just moves, whatever the model is."""

from pathlib import Path

from octoprint.plugin import SlicerPlugin
from octoprint.slicing import SlicingProfile

GCODE = "G28\nG1 X10 Y10 F3000\nG1 X20 Y20\n"


class LabSlicer(SlicerPlugin):
    """Slices at once."""

    def is_slicer_configured(self) -> bool:
        """Return that it is ready."""
        return True

    def get_slicer_properties(self) -> dict:
        """Return what it is."""
        return {
            "type": "labslicer",
            "name": "Lab slicer",
            "same_device": True,
            "progress_report": False,
            "source_file_types": ["model"],
            "destination_extensions": ["gcode"],
        }

    def get_slicer_default_profile(self) -> SlicingProfile:
        """Return the profile that is used where none is chosen."""
        return SlicingProfile("labslicer", "default", {})

    def get_slicer_profile(self, path: str) -> SlicingProfile:
        """Return a profile of which nothing is kept but its name."""
        return SlicingProfile("labslicer", Path(path).stem, {})

    def save_slicer_profile(
        self,
        path: str,
        profile: SlicingProfile,
        allow_overwrite: bool = True,
        overrides: dict | None = None,
    ) -> None:
        """Keep nothing."""

    def do_slice(
        self,
        model_path: str,
        printer_profile: dict,
        machinecode_path: str | None = None,
        **_: object,
    ) -> tuple:
        """Write the G-code."""
        path = machinecode_path or Path(model_path).with_suffix(".gcode")
        Path(path).write_text(GCODE, encoding="utf-8")
        return True, None


__plugin_name__ = "Lab slicer"
__plugin_pythoncompat__ = ">=3.7,<4"
__plugin_implementation__ = LabSlicer()
