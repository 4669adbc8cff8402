"""Spools: what the plugins that keep account of filament have in common."""

from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import OctoPrintNotFoundError

# More spools than anybody chooses one of.
MAX_SPOOLS = 5000


@dataclass(frozen=True, kw_only=True, slots=True)
class Spool:
    """A spool of filament; None is what nobody has entered."""

    id: int
    name: str
    """What the user calls the spool or its filament."""

    material: str | None
    vendor: str | None
    color: str | None
    """As #rrggbb, or as it was entered where that is no such number."""

    total_weight: float | None
    """Grams of filament when it was full."""

    used_weight: float | None
    """Grams."""

    remaining_weight: float | None
    """Grams; below 0 where more was used than there was."""

    remaining_length: float | None
    """Millimetres."""

    is_usable: bool = True
    """Whether it can be selected: not archived, not switched off, no template."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """What the selected file needs of a tool's filament."""

    tool: int
    spool_id: int | None
    """The spool that is selected for the tool."""

    length: float | None
    """Millimetres."""

    weight: float | None
    """Grams; None where the filament's density is not known."""


def listed(spools: Iterable[Spool], spool_id: int) -> Spool:
    """Return the spool with an id, which must be one of those that were listed.

    The plugins check no id, and one of them never comes to an end with an unknown one.
    """
    for spool in spools:
        if spool.id == spool_id:
            if not spool.is_usable:
                raise OctoPrintNotFoundError(f"The spool {spool_id} is not in use")
            return spool
    raise OctoPrintNotFoundError(f"There is no spool {spool_id}")


def is_enough(needs: Iterable[Need], spools: Iterable[Spool]) -> bool | None:
    """Return whether the selected spools last for the job, None where that is unknown.

    Tools that share a spool need it together.
    """
    by_id = {spool.id: spool for spool in spools}
    weights: dict[int, float] = {}
    lengths: dict[int, float] = {}
    is_known = False
    has_unknown = False
    for need in needs:
        if not need.length and not need.weight:
            continue
        is_known = True
        spool = by_id.get(need.spool_id) if need.spool_id is not None else None
        if spool is None:
            has_unknown = True
        elif need.weight is not None and spool.remaining_weight is not None:
            weights[spool.id] = weights.get(spool.id, 0.0) + need.weight
        elif need.length is not None and spool.remaining_length is not None:
            lengths[spool.id] = lengths.get(spool.id, 0.0) + need.length
        else:
            has_unknown = True
    if any(
        weight > (by_id[spool_id].remaining_weight or 0.0)
        for spool_id, weight in weights.items()
    ) or any(
        length > (by_id[spool_id].remaining_length or 0.0)
        for spool_id, length in lengths.items()
    ):
        return False
    return True if is_known and not has_unknown else None
