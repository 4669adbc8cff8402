"""Patience: for how many seconds to wait for what OctoPrint answers when it is done.

All else is answered at once, and has the client's own time-out.
"""

import aiohttp

SYSTEM_COMMAND = 600
"""A command of the machine's, which may be a script or a backup."""

PLUGIN_COMMAND_TIMEOUT = 120
"""Whatever a plugin does; those that are known have their own."""

FILES = 300
"""Copying, moving and deleting, which may be a folder with gigabytes on an SD card."""

LISTING = 60
"""Looking through thousands of files."""

CONNECTION = 45
"""Connecting and disconnecting: OctoPrint lets what is queued go first, for 10 seconds."""

CONNECT = 10
"""Until a host that is there takes a connection."""

SETTINGS = 60
"""Saving settings, which every plugin takes part in."""


def patient(seconds: float) -> aiohttp.ClientTimeout:
    """Return a time-out that waits for the answer, not for a host that is away."""
    return aiohttp.ClientTimeout(total=seconds, connect=min(seconds, CONNECT))
