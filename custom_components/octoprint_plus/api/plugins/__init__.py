"""Plugins: those that are known have a module each, any other is reached as such."""

from ..printer import PrinterApi
from ..transport import Transport
from .action_command import ActionCommandApi
from .bed_level_visualizer import BedLevelVisualizerApi
from .cancel_objects import CancelObjectsApi
from .display_layer_progress import DisplayLayerProgressApi
from .octolapse import OctolapseApi
from .psu_control import PsuControlApi
from .requests import PLUGIN_ID, PluginRequests
from .slicer_thumbnails import SlicerThumbnailsApi
from .software_update import SoftwareUpdateApi
from .spool_manager import SpoolManagerApi
from .spoolman import SpoolmanApi

__all__ = ["PLUGIN_ID", "PluginsApi"]


class PluginsApi(PluginRequests):
    """Calls of any plugin, and of those that are known."""

    def __init__(self, transport: Transport, printer: PrinterApi) -> None:
        """Take the way on which requests go, and what sends G-code."""
        super().__init__(transport)
        self.action_command = ActionCommandApi(self)
        self.bed_level_visualizer = BedLevelVisualizerApi(self, printer)
        self.cancel_objects = CancelObjectsApi(self)
        self.display_layer_progress = DisplayLayerProgressApi(self)
        self.octolapse = OctolapseApi(self)
        self.psu_control = PsuControlApi(self)
        self.slicer_thumbnails = SlicerThumbnailsApi(self)
        self.software_update = SoftwareUpdateApi(self)
        self.spool_manager = SpoolManagerApi(self)
        self.spoolman = SpoolmanApi(self)
