"""Printer profiles: what the printer is."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .wire import Json, flag, integer, mapping, number, text

if TYPE_CHECKING:
    from .client import OctoPrintClient


@dataclass(frozen=True, kw_only=True, slots=True)
class Volume:
    """The printable volume in millimetres."""

    width: float | None
    depth: float | None
    height: float | None
    form_factor: str | None
    """rectangular or circular."""

    origin: str | None
    """lowerleft or center."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PrinterProfile:
    """A printer profile."""

    id: str
    name: str | None
    model: str | None
    extruder_count: int
    shared_nozzle: bool
    heated_bed: bool
    heated_chamber: bool
    volume: Volume
    default: bool

    @property
    def tool_count(self) -> int:
        """How many tools have a heater of their own."""
        return 1 if self.shared_nozzle else self.extruder_count


class ProfilesApi:
    """Calls of the family printer profiles."""

    def __init__(self, client: OctoPrintClient) -> None:
        """Keep the client that sends the requests."""
        self._client = client

    async def list(self) -> dict[str, PrinterProfile]:
        """Return the profiles by id (GET /api/printerprofiles).

        Needs the permission CONNECTION, which users that may only read lack.
        """
        answer = await self._client.get(
            "api/printerprofiles", is_kept=True, permission="CONNECTION"
        )
        return {
            profile_id: parse_profile(profile_id, mapping(profile))
            for key, profile in mapping(answer.get("profiles")).items()
            if (profile_id := text(key))
        }


def parse_profile(profile_id: str, data: Json) -> PrinterProfile:
    """Read a profile."""
    extruder = mapping(data.get("extruder"))
    volume = mapping(data.get("volume"))
    return PrinterProfile(
        id=profile_id,
        name=text(data.get("name")),
        model=text(data.get("model")),
        extruder_count=max(integer(extruder.get("count")) or 1, 1),
        shared_nozzle=flag(extruder.get("sharedNozzle")),
        heated_bed=data.get("heatedBed") is not False,
        heated_chamber=flag(data.get("heatedChamber")),
        volume=Volume(
            width=number(volume.get("width")),
            depth=number(volume.get("depth")),
            height=number(volume.get("height")),
            form_factor=text(volume.get("formFactor")),
            origin=text(volume.get("origin")),
        ),
        default=flag(data.get("default")),
    )
