"""Printer profiles: what the printer is."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from . import quantities
from .parsing import Json, flag, integer, label, mapping, members
from .permissions import Permission
from .transport import ApiFamily

AXES = ("x", "y", "z", "e")

BOX = ("x_min", "x_max", "y_min", "y_max", "z_min", "z_max")


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

    custom_box: Mapping[str, float] | None = None
    """How far the head may move beyond the volume: x_min, x_max and so on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Axis:
    """How an axis is moved by hand."""

    speed: float | None
    """Millimetres a minute."""

    inverted: bool


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
    color: str | None = None
    """For example red; None for OctoPrint's default."""

    axes: Mapping[str, Axis] = field(default_factory=dict)
    """x, y, z and e, as far as the profile tells."""

    nozzle_diameter: float | None = None
    """Millimetres."""

    default_extrusion_length: float | None = None
    """Millimetres."""

    @property
    def tool_count(self) -> int:
        """How many tools have a heater of their own."""
        return 1 if self.shared_nozzle else self.extruder_count


class ProfilesApi(ApiFamily):
    """Calls of the family printer profiles."""

    async def list(self) -> dict[str, PrinterProfile]:
        """Return the profiles by id (GET /api/printerprofiles).

        Needs the permission CONNECTION, which users that may only read lack.
        """
        answer = await self._transport.get(
            "api/printerprofiles", is_kept=True, permission=Permission.CONNECTION
        )
        return {
            profile_id: parse_profile(profile_id, profile)
            for profile_id, profile in members(answer.get("profiles"))
        }


def parse_profile(profile_id: str, data: Json) -> PrinterProfile:
    """Read a profile."""
    extruder = mapping(data.get("extruder"))
    volume = mapping(data.get("volume"))
    return PrinterProfile(
        id=profile_id,
        name=label(data.get("name")),
        model=label(data.get("model")),
        extruder_count=min(
            max(integer(extruder.get("count")) or 1, 1), quantities.MAX_TOOLS
        ),
        shared_nozzle=flag(extruder.get("sharedNozzle")),
        heated_bed=data.get("heatedBed") is not False,
        heated_chamber=flag(data.get("heatedChamber")),
        volume=Volume(
            width=quantities.extent(volume.get("width")),
            depth=quantities.extent(volume.get("depth")),
            height=quantities.extent(volume.get("height")),
            form_factor=label(volume.get("formFactor")),
            origin=label(volume.get("origin")),
            custom_box=_positions(volume.get("custom_box")),
        ),
        default=flag(data.get("default")),
        color=None if (color := label(data.get("color"))) == "default" else color,
        axes={
            name: Axis(
                speed=quantities.speed(axis.get("speed")),
                inverted=flag(axis.get("inverted")),
            )
            for name, axis in mapping(data.get("axes")).items()
            if name in AXES and isinstance(axis, dict)
        },
        nozzle_diameter=quantities.extent(extruder.get("nozzleDiameter")),
        default_extrusion_length=quantities.extent(
            extruder.get("defaultExtrusionLength")
        ),
    )


def _positions(value: object) -> dict[str, float] | None:
    """Return the positions in an object, None where there is none."""
    if not isinstance(value, dict):
        return None
    return {
        name: found
        for name in BOX
        if (found := quantities.position(value.get(name))) is not None
    }
