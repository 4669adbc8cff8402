"""How far a print head can be moved, by the volume of the printer's profile."""

from collections.abc import Mapping
from math import hypot

from ..api import Volume
from .refusals import refusal


def limits(volume: Volume) -> dict[str, tuple[float, float]]:
    """Return the lowest and the highest position of each axis that the profile tells."""
    sizes = {"x": volume.width, "y": volume.depth, "z": volume.height}
    if volume.form_factor == "circular":
        # The width is the diameter, and there is no other depth.
        sizes["y"] = volume.width
    found = {}
    for axis, size in sizes.items():
        if not size:
            continue
        is_centred = axis != "z" and (
            volume.origin == "center" or volume.form_factor == "circular"
        )
        low, high = (-size / 2, size / 2) if is_centred else (0.0, size)
        box = volume.custom_box or {}
        found[axis] = box.get(f"{axis}_min", low), box.get(f"{axis}_max", high)
    return found


def check_reach(
    volume: Volume, axes: Mapping[str, float], *, absolute: bool, printer: str
) -> None:
    """Raise an error for what would move the head beyond its limits.

    Where the head is OctoPrint does not tell, so of a distance is only known that it is
    too long from anywhere.
    """
    known = limits(volume)
    for axis, value in axes.items():
        if axis not in known:
            continue
        low, high = known[axis]
        placeholders = {"axis": axis.upper(), "value": f"{value:g}"}
        if absolute and not low <= value <= high:
            raise refusal(
                "position_outside",
                printer,
                **placeholders,
                min=f"{low:g}",
                max=f"{high:g}",
            )
        if not absolute and abs(value) > high - low:
            raise refusal(
                "distance_too_long", printer, **placeholders, size=f"{high - low:g}"
            )
    if absolute and volume.form_factor == "circular" and not volume.custom_box:
        radius = (volume.width or float("inf")) / 2
        if hypot(axes.get("x", 0), axes.get("y", 0)) > radius:
            raise refusal("position_off_plate", printer, radius=f"{radius:g}")
