"""Constants for the OctoPrint Plus integration."""

import logging
from typing import Final

DOMAIN: Final = "octoprint_plus"

LOGGER = logging.getLogger(__package__)

APP_NAME: Final = "Home Assistant"
"""The name that application keys carry in OctoPrint."""

CONF_MAX_TEMPS: Final = "max_temps"
"""Option: the highest temperature that may be set, in degrees Celsius, by heater."""

DEFAULT_MAX_TEMP_TOOL: Final = 300.0
DEFAULT_MAX_TEMP_BED: Final = 120.0
DEFAULT_MAX_TEMP_CHAMBER: Final = 80.0


def default_max_temp(heater: str) -> float:
    """Return the highest temperature of a heater unless the options say otherwise."""
    if heater == "bed":
        return DEFAULT_MAX_TEMP_BED
    if heater == "chamber":
        return DEFAULT_MAX_TEMP_CHAMBER
    return DEFAULT_MAX_TEMP_TOOL
