"""Cancel Objects: the objects of a print, each of which may be left out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..errors import OctoPrintNotFoundError
from ..parsing import Json, integer, items, label, mapping
from ..quantities import position
from .parsing import is_true
from .requests import PluginFamily

PLUGIN = "cancelobject"


@dataclass(frozen=True, kw_only=True, slots=True)
class PrintObject:
    """An object of the selected file, with what of the bed it has taken so far."""

    id: int
    name: str
    is_cancelled: bool
    is_ignored: bool
    """Whether the user has named it as none, such as a skirt."""

    min_x: float | None
    """Millimetres; None until the first of it is printed."""

    max_x: float | None
    min_y: float | None
    max_y: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectList:
    """All objects; none of them where no file is selected and after a job."""

    objects: tuple[PrintObject, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ActiveObject:
    """Another object is printed, at every change: objects times layers in a print."""

    id: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectCancelled:
    """An object was cancelled, here or elsewhere."""

    object: PrintObject


type CancelObjectsMessage = ObjectList | ActiveObject | ObjectCancelled


class CancelObjectsApi(PluginFamily):
    """Calls of Cancel Objects."""

    async def list(self) -> tuple[PrintObject, ...]:
        """Return the objects of the selected file (POST objlist).

        Which of them is printed right now is told over the socket alone.
        """
        answer = await self._plugins.command(PLUGIN, "objlist")
        return parse_objects(mapping(answer).get("list"))

    async def cancel(self, object_id: int) -> None:
        """Leave an object out from its next layer on; there is no way back.

        The plugin looks at no permission and takes any number, so it is looked up
        first: raises OctoPrintNotFoundError for an object that is not listed.
        """
        if all(each.id != object_id for each in await self.list()):
            raise OctoPrintNotFoundError(f"There is no object {object_id}")
        await self._plugins.command(PLUGIN, "cancel", {"cancelled": object_id})


def parse_objects(value: object) -> tuple[PrintObject, ...]:
    """Read a list of objects."""
    return tuple(found for item in items(value) if (found := parse_object(item)))


def parse_object(data: Json) -> PrintObject | None:
    """Read an object."""
    name, object_id = label(data.get("object")), integer(data.get("id"))
    if name is None or object_id is None:
        return None
    min_x, max_x = _span(data.get("min_x"), data.get("max_x"))
    min_y, max_y = _span(data.get("min_y"), data.get("max_y"))
    return PrintObject(
        id=object_id,
        name=name,
        is_cancelled=is_true(data.get("cancelled")),
        is_ignored=is_true(data.get("ignore")),
        min_x=min_x,
        max_x=max_x,
        min_y=min_y,
        max_y=max_y,
    )


def parse_message(data: Json) -> CancelObjectsMessage | None:
    """Read what the plugin pushes."""
    if isinstance(objects := data.get("objects"), list):
        return ObjectList(objects=parse_objects(objects))
    if "ActiveID" in data:
        return ActiveObject(id=integer(data["ActiveID"]))
    return None


def _object_list(payload: Json) -> CancelObjectsMessage | None:
    return parse_message({"objects": payload.get("object_list")})


def _current_object(payload: Json) -> CancelObjectsMessage | None:
    found = parse_object(mapping(payload.get("current_object")))
    return None if found is None else ActiveObject(id=found.id)


def _object_cancelled(payload: Json) -> CancelObjectsMessage | None:
    found = parse_object(mapping(payload.get("object_cancelled")))
    return None if found is None else ObjectCancelled(object=found)


EVENTS: Mapping[str, Callable[[Json], CancelObjectsMessage | None]] = {
    "plugin_cancelobject_object_list": _object_list,
    "plugin_cancelobject_current_object": _current_object,
    "plugin_cancelobject_object_cancelled": _object_cancelled,
}


def _span(low: object, high: object) -> tuple[float | None, float | None]:
    """Return where an object begins and ends.

    Before anything of it is printed it begins at 10 m and ends at 0.
    """
    begin, end = position(low), position(high)
    if begin is None or end is None or begin > end:
        return None, None
    return begin, end
