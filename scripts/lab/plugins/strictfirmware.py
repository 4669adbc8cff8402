"""Makes the virtual printer read lines as firmwares do that were there before 2015.

The first star begins the checksum, and a colon ends the line.
"""

from octoprint.plugins.virtual_printer.virtual import VirtualPrinter

__plugin_name__ = "Strict firmware"
__plugin_pythoncompat__ = ">=3.7,<4"

write = VirtualPrinter.write


def strict_write(self: VirtualPrinter, data: bytes) -> int:
    """Break the checksum of a line that such a firmware would not understand."""
    line, _, checksum = data.partition(b"*")
    if data.startswith(b"N") and (b":" in line or b"*" in checksum):
        write(self, line + b"*999\n")
        return len(data)
    return write(self, data)


VirtualPrinter.write = strict_write
