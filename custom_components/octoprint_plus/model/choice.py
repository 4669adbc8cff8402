"""What was chosen in Home Assistant for the next connection to the printer."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class ConnectionChoice:
    """A port, a baud rate and a profile; None is as OctoPrint prefers."""

    port: str | None = None
    """AUTO to have it found out."""

    baudrate: int | None = None
    """Bits per second, 0 to have it found out."""

    printer_profile: str | None = None
    """The profile's id."""
