"""The objects of a print, any of which can be left out of the rest of it."""

from ..api import cancel_objects
from ..coordinator import OctoPrintCoordinator
from .checks import require_plugin
from .execute import server_command
from .refusals import refusal


async def async_list_objects(
    coordinator: OctoPrintCoordinator,
) -> tuple[cancel_objects.PrintObject, ...]:
    """Return the objects of the selected file."""
    command = "list_objects"
    require_plugin(coordinator, command, cancel_objects.PLUGIN)
    async with server_command(coordinator, command):
        return await coordinator.client.plugins.cancel_objects.list()


async def async_cancel_object(
    coordinator: OctoPrintCoordinator, wanted: int | str
) -> None:
    """Leave an object, by its id or name, out of the rest of the print."""
    command = "cancel_object"
    require_plugin(coordinator, command, cancel_objects.PLUGIN)
    api = coordinator.client.plugins.cancel_objects
    async with server_command(coordinator, command):
        objects = await api.list()
        ids = [each.id for each in objects if wanted in (each.id, each.name)]
        placeholders = {
            "object": str(wanted),
            "objects": ", ".join(f"{each.id}: {each.name}" for each in objects) or "-",
        }
        if not ids:
            raise refusal("object_unknown", coordinator.name, **placeholders)
        if len(ids) > 1:
            raise refusal("object_ambiguous", coordinator.name, **placeholders)
        await api.cancel(ids[0])
