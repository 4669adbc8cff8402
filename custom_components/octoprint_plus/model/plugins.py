"""States: what is known of the plugins at one moment, and how the next one comes.

None is what is not known, and where there is no such plugin.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta

from ..api import (
    BedMesh,
    Spool,
    action_command,
    bed_level_visualizer,
    cancel_objects,
    display_layer_progress,
    psu_control,
    software_update,
    spool_manager,
    spoolman,
)

# A mesh is told as a message and as an event, which overtake each other.
SAME_MESH = timedelta(seconds=10)


@dataclass(frozen=True, kw_only=True, slots=True)
class PluginStates:
    """What is known of the plugins."""

    psu: psu_control.PsuState | None = None
    psu_settings: psu_control.PsuSettings | None = None
    prompt: action_command.Prompt | None = None
    """The question that the printer asks just now."""

    is_prompt_known: bool = False
    """Whether it is known if the printer asks something."""

    objects: tuple[cancel_objects.PrintObject, ...] | None = None
    active_object: int | None = None
    """The id of the object that is printed just now."""

    layers: display_layer_progress.LayerProgress | None = None
    mesh: BedMesh | None = None
    spools: tuple[Spool, ...] | None = None
    selected_spools: Mapping[int, int] = field(default_factory=dict)
    """The ids of the spools by the numbers of their tools."""

    is_enough: bool | None = None
    """Whether the selected spools last for the selected file."""

    versions: software_update.SoftwareVersions | None = None
    updating: str | None = None
    """The component that is updated just now."""


NOTHING = PluginStates()

_SPOOLS = ("spools", "selected_spools", "is_enough")

FIELDS: Mapping[str, tuple[str, ...]] = {
    action_command.PROMPT_PLUGIN: ("prompt", "is_prompt_known"),
    bed_level_visualizer.PLUGIN: ("mesh",),
    cancel_objects.PLUGIN: ("objects", "active_object"),
    display_layer_progress.PLUGIN: ("layers",),
    psu_control.PLUGIN: ("psu", "psu_settings"),
    software_update.PLUGIN: ("versions", "updating"),
    spool_manager.PLUGIN: _SPOOLS,
    spoolman.PLUGIN: _SPOOLS,
}
"""What is known of each plugin."""


def of_installed(states: PluginStates, installed: Collection[str]) -> PluginStates:
    """Return the states without those of plugins that are gone."""
    kept = {name for plugin in installed for name in FIELDS.get(plugin, ())}
    gone = {
        each.name: getattr(NOTHING, each.name)
        for each in fields(PluginStates)
        if each.name not in kept
    }
    after = replace(states, **gone)
    return states if after == states else after


def advance_plugins(states: PluginStates, message: object) -> PluginStates:
    """Return the states that follow from a message, the same ones if nothing does."""
    after = _advance(states, message)
    return states if after == states else after


def _advance(states: PluginStates, message: object) -> PluginStates:
    match message:
        case psu_control.PsuState():
            return replace(states, psu=message)
        case action_command.PromptShown(prompt=prompt):
            return replace(states, prompt=prompt, is_prompt_known=True)
        case action_command.PromptClosed():
            return replace(states, prompt=None, is_prompt_known=True)
        case cancel_objects.ObjectList(objects=objects):
            # The ids begin anew with each file.
            active = states.active_object if objects else None
            return replace(states, objects=objects, active_object=active)
        case cancel_objects.ActiveObject(id=active):
            return replace(states, active_object=active)
        case cancel_objects.ObjectCancelled(object=cancelled):
            return replace(states, objects=_with(states.objects, cancelled))
        case display_layer_progress.LayerProgress():
            return replace(states, layers=message)
        case bed_level_visualizer.MeshCollected(mesh=mesh):
            return replace(states, mesh=_newer(states.mesh, mesh))
        case spool_manager.FilamentChecked(is_enough=is_enough):
            return replace(states, is_enough=is_enough)
        case spoolman.SpoolSelected(tool=tool, spool_id=spool_id):
            selected = dict(states.selected_spools)
            selected.pop(tool, None)
            if spool_id is not None:
                selected[tool] = spool_id
            return replace(states, selected_spools=selected)
        case software_update.Updating(target=target):
            return replace(states, updating=target)
        case software_update.UpdateFailed() | software_update.UpdatesEnded():
            return replace(states, updating=None)
    return states


def _with(
    objects: tuple[cancel_objects.PrintObject, ...] | None,
    changed: cancel_objects.PrintObject,
) -> tuple[cancel_objects.PrintObject, ...]:
    return tuple(changed if each.id == changed.id else each for each in objects or ())


def _newer(known: BedMesh | None, mesh: BedMesh) -> BedMesh:
    """Return the mesh, the one that is known where it is told a second time."""
    if (
        known is not None
        and known.time is not None
        and mesh.time is not None
        and mesh.time - known.time < SAME_MESH
        and replace(mesh, time=known.time) == known
    ):
        return known
    return mesh


def merge_plugins(
    before: PluginStates, after: PluginStates, now: PluginStates
) -> PluginStates:
    """Return the states of now with what an answer changed, unless it was told since."""
    news = {
        each.name: value
        for each in fields(PluginStates)
        if (value := getattr(after, each.name)) != getattr(before, each.name)
        and getattr(now, each.name) is getattr(before, each.name)
    }
    return replace(now, **news) if news else now


def has_to_be_read(message: object) -> str | None:
    """Return the plugin of which a message tells only that something changed."""
    match message:
        case spool_manager.SpoolsChanged() | spool_manager.FilamentChecked():
            # Nothing else is told where another spool was selected.
            return spool_manager.PLUGIN
        case spoolman.SpoolUsed() | spoolman.SpoolSelected():
            return spoolman.PLUGIN
        case (
            software_update.VersionsChanged()
            | software_update.Updated()
            | software_update.UpdatesEnded(is_restarting=False)
        ):
            return software_update.PLUGIN
    return None
