"""SpoolManager: the spools that the plugin keeps itself, and which is on which tool."""

from dataclasses import dataclass

from ..bodies import LISTS
from ..errors import OctoPrintNotFoundError
from ..parsing import Json, integer, items, label, mapping, promised
from ..quantities import MAX_TOOLS, filament_length, tool_number, weight
from .parsing import is_true, loose_color, loose_number
from .requests import PluginFamily
from .spools import MAX_SPOOLS, Need, Spool, listed

PLUGIN = "SpoolManager"

# Without all of these the plugin answers an empty list, and an error in every browser.
# "to" is how many; "selectedPageSize" is what the newer versions go by.
QUERY = {
    "from": "0",
    "to": "100000",
    "selectedPageSize": "all",
    "sortColumn": "displayName",
    "sortOrder": "asc",
    "filterName": "all",
}

NO_SPOOL = -1


@dataclass(frozen=True, kw_only=True, slots=True)
class SpoolList:
    """All spools, and the selected one of each tool."""

    spools: tuple[Spool, ...]
    selected: tuple[Spool | None, ...]
    """By tool; shorter than the printer has tools where none was ever selected."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FilamentChecked:
    """Another file or spool was selected, and the plugin compared the two."""

    is_enough: bool | None
    """None where the file or a spool tells too little."""

    needs: tuple[Need, ...]
    spools: tuple[str | None, ...] = ()
    """The names of the spools that were compared, by what needs them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SpoolsChanged:
    """Spools were added, changed, selected or used: list them again."""


type SpoolManagerMessage = FilamentChecked | SpoolsChanged


class SpoolManagerApi(PluginFamily):
    """Calls of SpoolManager; most of its versions ask nobody who they are."""

    async def list(self) -> SpoolList:
        """Return the spools and which of them are selected (GET loadSpoolsByQuery)."""
        path = "loadSpoolsByQuery"
        answer = await self._plugins.get_path(PLUGIN, path, QUERY, limit=LISTS)
        return parse_spools(promised(answer, f"plugin/{PLUGIN}/{path}"))

    async def select(
        self,
        tool: int,
        spool_id: int | None,
        *,
        commit: bool | None = None,
    ) -> None:
        """Select a spool for a tool, or none (PUT selectSpool).

        It is taken from any other tool. While printing `commit` must say whether what
        was used so far is booked on the spool before: OctoPrintConflictError without.
        An id that the plugin does not know keeps its server busy for ever, so the
        spool is looked up first: raises OctoPrintNotFoundError for one not listed.
        """
        if tool < 0:
            raise OctoPrintNotFoundError(f"There is no tool {tool}")
        if spool_id is not None:
            listed((await self.list()).spools, spool_id)
        data: dict[str, object] = {
            "databaseId": NO_SPOOL if spool_id is None else spool_id,
            "toolIndex": tool,
        }
        if commit is not None:
            data["commitCurrentSpoolValues"] = commit
        await self._plugins.send_path(PLUGIN, "selectSpool", data, method="PUT")


def parse_spools(answer: Json) -> SpoolList:
    """Read the answer of loadSpoolsByQuery."""
    selected = answer.get("selectedSpools")
    return SpoolList(
        spools=tuple(
            found
            for item in items(answer.get("allSpools"), MAX_SPOOLS)
            if (found := parse_spool(item)) is not None
        ),
        selected=tuple(parse_spool(mapping(item)) for item in selected[:MAX_TOOLS])
        if isinstance(selected, list)
        else (),
    )


def parse_spool(data: Json) -> Spool | None:
    """Read a spool, whose weights are texts, empty where nobody has entered one."""
    spool_id = integer(data.get("databaseId"))
    if spool_id is None or spool_id < 0:
        return None
    return Spool(
        id=spool_id,
        name=label(data.get("displayName")) or f"#{spool_id}",
        material=label(data.get("material")),
        vendor=label(data.get("vendor")),
        color=loose_color(data.get("color")),
        total_weight=weight(loose_number(data.get("totalWeight"))),
        used_weight=weight(loose_number(data.get("usedWeight"))),
        remaining_weight=weight(loose_number(data.get("remainingWeight"))),
        remaining_length=filament_length(loose_number(data.get("remainingLength"))),
        is_usable=data.get("isActive") is not False
        and not is_true(data.get("isTemplate")),
    )


def parse_message(data: Json) -> SpoolManagerMessage | None:
    """Read what the plugin pushes; its events never leave the server."""
    action = label(data.get("action")) or ""
    if action == "requiredFilamentChanged":
        return _checked(data)
    return SpoolsChanged() if action.startswith("reloadTable") else None


def _checked(data: Json) -> FilamentChecked:
    results = items(data.get("detailedSpoolResult"), MAX_TOOLS)
    is_unknown = is_true(data.get("metaDataMissing")) or is_true(
        data.get("attributesMissing")
    )
    without = any(result.get("spoolSelected") is False for result in results)
    is_enough: bool | None = None
    if is_true(data.get("notEnough")):
        is_enough = False
    elif results and not is_unknown and not without:
        is_enough = True
    return FilamentChecked(
        is_enough=is_enough,
        needs=tuple(
            Need(
                tool=tool,
                spool_id=None,
                length=filament_length(loose_number(result.get("requiredLength"))),
                weight=weight(loose_number(result.get("requiredWeight"))),
            )
            for result in results
            if (tool := tool_number(result.get("toolIndex"))) is not None
        ),
        spools=tuple(label(result.get("spoolName")) for result in results),
    )
