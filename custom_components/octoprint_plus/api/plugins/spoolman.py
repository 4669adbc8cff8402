"""Spoolman: the spools of a Spoolman server, and which of them is on which tool."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..bodies import LISTS
from ..errors import OctoPrintNotFoundError
from ..parsing import Json, integer, items, label, mapping, members, promised
from ..quantities import MAX_TOOLS, filament_length, tool_number, weight
from .parsing import is_true, loose_color, loose_integer, loose_number
from .requests import PluginFamily
from .spools import MAX_SPOOLS, Need, Spool, is_enough, listed

PLUGIN = "Spoolman"

# The plugin itself waits for minutes where nobody answers at the server's address.
TIMEOUT = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class JobRequirements:
    """What the selected file needs; nothing of it before it is analysed."""

    is_available: bool
    needs: tuple[Need, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class SpoolSelected:
    """A spool was selected for a tool, here or elsewhere."""

    tool: int
    spool_id: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class SpoolUsed:
    """What a tool has used was booked, when a print paused or ended."""

    tool: int
    spool_id: int | None
    length: float | None
    """Millimetres."""


type SpoolmanMessage = SpoolSelected | SpoolUsed


class SpoolmanApi(PluginFamily):
    """Calls of the Spoolman plugin; any user may make any of them."""

    async def list(self) -> tuple[Spool, ...]:
        """Return the spools of the Spoolman server (GET spoolman/spools).

        Raises OctoPrintRequestError, with the plugin's code for why, where that
        server does not answer.
        """
        answer = await self._get("spoolman/spools")
        return tuple(
            found
            for item in items(answer.get("spools"), MAX_SPOOLS)
            if (found := parse_spool(item)) is not None
        )

    async def selected(self) -> dict[int, int]:
        """Return the ids of the selected spools by tool (GET /api/settings)."""
        return parse_selected(await self._plugins.settings(PLUGIN))

    async def select(self, tool: int, spool_id: int | None) -> None:
        """Select a spool for a tool, or none (POST self/spool).

        The plugin takes anything, so the spool is looked up first: raises
        OctoPrintNotFoundError for one that is not listed. The tool must be one of
        the printer's profile.
        """
        if tool < 0:
            raise OctoPrintNotFoundError(f"There is no tool {tool}")
        if spool_id is not None:
            listed(await self.list(), spool_id)
        await self._plugins.send_path(
            PLUGIN,
            "self/spool",
            {"toolIdx": tool, "spoolId": spool_id},
            timeout=TIMEOUT,
        )

    async def requirements(self) -> JobRequirements:
        """Return what the selected file needs (GET self/current-job-requirements)."""
        return parse_requirements(await self._get("self/current-job-requirements"))

    async def is_enough(self) -> bool | None:
        """Return whether the selected spools last for the selected file."""
        requirements = await self.requirements()
        if not requirements.needs:
            return None
        return is_enough(requirements.needs, await self.list())

    async def _get(self, path: str) -> Json:
        answer = await self._plugins.get_path(
            PLUGIN, path, limit=LISTS, timeout=TIMEOUT
        )
        endpoint = f"plugin/{PLUGIN}/{path}"
        return promised(promised(answer, endpoint).get("data"), endpoint)


def parse_spool(data: Json) -> Spool | None:
    """Read one of Spoolman's spools, which leaves out what it does not know."""
    if (spool_id := integer(data.get("id"))) is None:
        return None
    filament = mapping(data.get("filament"))
    vendor = label(mapping(filament.get("vendor")).get("name"))
    material = label(filament.get("material"))
    names = (name for name in (vendor, material) if name)
    return Spool(
        id=spool_id,
        name=label(filament.get("name")) or " ".join(names) or f"#{spool_id}",
        material=material,
        vendor=vendor,
        color=loose_color(filament.get("color_hex")),
        total_weight=weight(
            loose_number(data.get("initial_weight", filament.get("weight")))
        ),
        used_weight=weight(loose_number(data.get("used_weight"))),
        remaining_weight=weight(loose_number(data.get("remaining_weight"))),
        remaining_length=filament_length(loose_number(data.get("remaining_length"))),
        is_usable=not is_true(data.get("archived")),
    )


def parse_selected(settings: Json) -> dict[int, int]:
    """Read the selection in the plugin's part of the settings: texts by texts."""
    return {
        tool: spool_id
        for key, value in members(settings.get("selectedSpoolIds"), MAX_TOOLS)
        if (tool := tool_number(loose_number(key))) is not None
        and (spool_id := loose_integer(value.get("spoolId"))) is not None
    }


def parse_requirements(data: Json) -> JobRequirements:
    """Read the answer of current-job-requirements."""
    return JobRequirements(
        is_available=is_true(data.get("isFilamentUsageAvailable")),
        needs=tuple(
            Need(
                tool=tool,
                spool_id=loose_integer(value.get("spoolId")),
                length=filament_length(loose_number(value.get("filamentLength"))),
                weight=weight(loose_number(value.get("filamentWeight"))),
            )
            for key, value in members(data.get("tools"), MAX_TOOLS)
            if (tool := tool_number(loose_number(key))) is not None
        ),
    )


def _selected(payload: Json) -> SpoolmanMessage | None:
    if (tool := tool_number(loose_number(payload.get("toolIdx")))) is None:
        return None
    return SpoolSelected(tool=tool, spool_id=loose_integer(payload.get("spoolId")))


def _used(payload: Json) -> SpoolmanMessage | None:
    if (tool := tool_number(loose_number(payload.get("toolIdx")))) is None:
        return None
    return SpoolUsed(
        tool=tool,
        spool_id=loose_integer(payload.get("spoolId")),
        length=filament_length(loose_number(payload.get("extrusionLength"))),
    )


# The plugin pushes no messages of its own.
EVENTS: Mapping[str, Callable[[Json], SpoolmanMessage | None]] = {
    "plugin_Spoolman_spool_selected": _selected,
    "plugin_Spoolman_spool_usage_committed": _used,
}
