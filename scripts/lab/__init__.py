"""The lab: real OctoPrint and Home Assistant servers for the demo, the live tests and the bench."""

from .home_assistant import HomeAssistant
from .octoprint import OctoPrintServer
from .octoprint_config import OctoPrintOptions
from .server import LabError, RequestError

__all__ = [
    "HomeAssistant",
    "LabError",
    "OctoPrintOptions",
    "OctoPrintServer",
    "RequestError",
]
