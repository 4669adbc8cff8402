"""The sensors of OctoPrint's plugins, where they are installed."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import EntityCategory, UnitOfLength, UnitOfMass

from .api import Snapshot
from .api.mesh import BedMesh
from .api.plugins import bed_level_visualizer
from .api.plugins.display_layer_progress import LayerProgress
from .api.plugins.software_update import OCTOPRINT
from .api.plugins.spools import Spool
from .heater import extruder_count
from .sensor_description import MAX_STATE_LENGTH, OctoPrintSensorDescription, part


def _layers(snapshot: Snapshot) -> LayerProgress | None:
    return snapshot.plugins.layers


def _mesh(snapshot: Snapshot) -> BedMesh | None:
    return snapshot.plugins.mesh


def _has_bed_visualizer(snapshot: Snapshot) -> bool:
    settings = snapshot.server.settings
    return settings is not None and bed_level_visualizer.PLUGIN in settings.plugins


def _mesh_attributes(snapshot: Snapshot) -> Mapping[str, Any] | None:
    if (mesh := snapshot.plugins.mesh) is None:
        return None
    return {
        "minimum": round(mesh.minimum, 3),
        "maximum": round(mesh.maximum, 3),
        "deviation": round(mesh.deviation, 3),
        "collected_at": mesh.time,
    }


def _updates(snapshot: Snapshot) -> list[str] | None:
    """Return the names of the plugins that have an update."""
    if (versions := snapshot.plugins.versions) is None:
        return None
    return [
        component.name
        for key, component in versions.components.items()
        if key != OCTOPRINT and component.is_update_available
    ]


def _active_object(snapshot: Snapshot) -> str | None:
    """Return the object that is printed, by its number where it is none of the list."""
    plugins = snapshot.plugins
    if (active := plugins.active_object) is None:
        return None
    names = (each.name for each in plugins.objects or () if each.id == active)
    return next(names, f"#{active}")[:MAX_STATE_LENGTH]


PLUGIN_SENSORS: tuple[OctoPrintSensorDescription, ...] = (
    OctoPrintSensorDescription(
        key="layer",
        translation_key="layer",
        exists_fn=lambda x: x.plugins.layers is not None,
        value_fn=part(_layers, lambda x: x.layer),
    ),
    OctoPrintSensorDescription(
        key="total_layers",
        translation_key="total_layers",
        exists_fn=lambda x: x.plugins.layers is not None,
        value_fn=part(_layers, lambda x: x.total_layers),
    ),
    OctoPrintSensorDescription(
        key="mesh_range",
        translation_key="mesh_range",
        attributes_fn=_mesh_attributes,
        device_class=SensorDeviceClass.DISTANCE,
        entity_category=EntityCategory.DIAGNOSTIC,
        exists_fn=_has_bed_visualizer,
        native_unit_of_measurement=UnitOfLength.MILLIMETERS,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=3,
        value_fn=part(_mesh, lambda x: round(x.range, 3)),
    ),
    OctoPrintSensorDescription(
        key="active_object",
        translation_key="active_object",
        entity_registry_enabled_default=False,
        exists_fn=lambda x: x.plugins.objects is not None,
        value_fn=_active_object,
    ),
    OctoPrintSensorDescription(
        key="plugin_updates",
        translation_key="plugin_updates",
        attributes_fn=part(_updates, lambda x: {"plugins": x}),
        entity_category=EntityCategory.DIAGNOSTIC,
        exists_fn=lambda x: x.plugins.versions is not None,
        value_fn=part(_updates, len),
    ),
)


def _spool(tool: int, snapshot: Snapshot) -> Spool | None:
    """Return the spool that is selected for a tool."""
    wanted = snapshot.plugins.selected_spools.get(tool)
    return next(
        (each for each in snapshot.plugins.spools or () if each.id == wanted), None
    )


def _spool_name(tool: int, snapshot: Snapshot) -> str | None:
    """Return what the selected spool is called, its number where it is none of the list."""
    if (spool := _spool(tool, snapshot)) is not None:
        return spool.name[:MAX_STATE_LENGTH]
    wanted = snapshot.plugins.selected_spools.get(tool)
    return None if wanted is None else f"#{wanted}"


def _spool_attributes(tool: int, snapshot: Snapshot) -> Mapping[str, Any] | None:
    if (spool := _spool(tool, snapshot)) is None:
        return None
    return {
        "spool_id": spool.id,
        "material": spool.material,
        "vendor": spool.vendor,
        "color": spool.color,
    }


def spool_sensors(snapshot: Snapshot) -> Iterable[OctoPrintSensorDescription]:
    """Yield the sensors of each tool's spool, where somebody keeps account of spools."""
    if snapshot.plugins.spools is None:
        return
    # Extruders that share a nozzle have a spool each.
    tools = extruder_count(snapshot)
    suffix = "" if tools == 1 else "_number"
    for tool in range(tools):
        yield OctoPrintSensorDescription(
            key=f"tool{tool}_spool",
            translation_key=f"spool{suffix}",
            attributes_fn=partial(_spool_attributes, tool),
            translation_placeholders={"number": str(tool)},
            value_fn=partial(_spool_name, tool),
        )
        yield OctoPrintSensorDescription(
            key=f"tool{tool}_spool_remaining",
            translation_key=f"spool_remaining{suffix}",
            device_class=SensorDeviceClass.WEIGHT,
            native_unit_of_measurement=UnitOfMass.GRAMS,
            suggested_display_precision=0,
            translation_placeholders={"number": str(tool)},
            value_fn=part(partial(_spool, tool), lambda x: x.remaining_weight),
        )
