"""Support for OctoPrint sensors."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, override

from homeassistant.components.homeassistant.const import DATA_EXPOSED_ENTITIES
from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import (
    EntityCategory,
    UnitOfDataRate,
    UnitOfInformation,
    UnitOfLength,
    UnitOfMass,
    UnitOfRatio,
    UnitOfTemperature,
    UnitOfTime,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .api import (
    OTHER_NAME,
    BedMesh,
    Heater,
    JobFile,
    Permission,
    PrintResult,
    Spool,
    State,
    bed_level_visualizer,
    display_layer_progress,
    software_update,
)
from .coordinator import OctoPrintConfigEntry
from .entity import OctoPrintEntity, async_add_entities_when_known
from .model.heaters import KnownHeater, extruder_count, known_heaters, other_sensors
from .model.prints import LastPrint, RunningPrint
from .model.snapshot import Snapshot

MAX_STATE_LENGTH = 255


@dataclass(frozen=True, kw_only=True)
class OctoPrintSensorDescription(SensorEntityDescription):
    """Describe an OctoPrint sensor."""

    available_fn: Callable[[Snapshot], bool] = lambda _: True
    attributes_fn: Callable[[Snapshot], Mapping[str, Any] | None] = lambda _: None
    exists_fn: Callable[[Snapshot], bool] = lambda _: True
    is_for_voice: bool = False
    """Whether a new one is exposed to Assist, like what else people ask their home for."""

    value_fn: Callable[[Snapshot], datetime | float | int | str | None]


def part[P, V](
    part_fn: Callable[[Snapshot], P | None], value_fn: Callable[[P], V]
) -> Callable[[Snapshot], V | None]:
    """Return how to read a value of a part that is not always there."""

    def value(snapshot: Snapshot) -> V | None:
        return None if (part := part_fn(snapshot)) is None else value_fn(part)

    return value


def _layers(snapshot: Snapshot) -> display_layer_progress.LayerProgress | None:
    return snapshot.plugins.layers


def _mesh(snapshot: Snapshot) -> BedMesh | None:
    return snapshot.plugins.mesh


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
        if key != software_update.OCTOPRINT and component.is_update_available
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
        exists_fn=lambda x: bed_level_visualizer.PLUGIN in x.server.installed,
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


PARALLEL_UPDATES = 0

NO_ERROR = "no_error"

# What OctoPrint reports where we have no word for it.
REPORTED = "reported"

# The name that Home Assistant keeps for Assist.
ASSIST = "conversation"

ESTIMATE_ORIGINS = [
    "analysis",
    "average",
    "estimate",
    "linear",
    "mixed-analysis",
    "mixed-average",
    "printer",
    OTHER_NAME,
]


def _file(snapshot: Snapshot) -> JobFile | None:
    return snapshot.job.file


def _running(snapshot: Snapshot) -> RunningPrint | None:
    return snapshot.memory.running


def _last_print(snapshot: Snapshot) -> LastPrint | None:
    return snapshot.memory.last_print


def _error(snapshot: Snapshot) -> str:
    """Return the error's text, cut to what a state can hold."""
    return (snapshot.error_text or NO_ERROR)[:MAX_STATE_LENGTH]


def _error_attributes(snapshot: Snapshot) -> Mapping[str, Any] | None:
    if (error := snapshot.error) is None:
        return None
    return {
        "reason": error.reason,
        "consequence": error.consequence,
        "faq_url": error.faq_url,
    }


def _reported_origin(snapshot: Snapshot) -> str | None:
    return snapshot.job.progress.print_time_left_origin


def _estimate_origin(origin: str) -> str:
    return origin if origin in ESTIMATE_ORIGINS else OTHER_NAME


def _origin_attributes(snapshot: Snapshot) -> Mapping[str, Any] | None:
    origin = _reported_origin(snapshot)
    return (
        None
        if origin is None or origin in ESTIMATE_ORIGINS
        else {REPORTED: origin[:MAX_STATE_LENGTH]}
    )


def _state_attributes(snapshot: Snapshot) -> Mapping[str, Any] | None:
    is_known = snapshot.state is not State.OTHER
    return None if is_known else {REPORTED: snapshot.job.state[:MAX_STATE_LENGTH]}


def _may_upload(snapshot: Snapshot) -> bool:
    return snapshot.server.user.may(Permission.FILES_UPLOAD)


def _tells_port(snapshot: Snapshot) -> bool:
    """Return whether this OctoPrint tells how it is connected, which OctoPrint 2 does not."""
    return not snapshot.server.server.is_at_least(2, 0)


DESCRIPTIONS: tuple[OctoPrintSensorDescription, ...] = (
    OctoPrintSensorDescription(
        key="progress",
        is_for_voice=True,
        translation_key="progress",
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        value_fn=lambda x: (
            None
            if (completion := x.job.progress.completion) is None
            else round(completion, 1)
        ),
    ),
    OctoPrintSensorDescription(
        key="print_time",
        translation_key="print_time",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        suggested_display_precision=0,
        suggested_unit_of_measurement=UnitOfTime.MINUTES,
        value_fn=lambda x: x.job.progress.print_time,
    ),
    OctoPrintSensorDescription(
        key="print_time_left",
        is_for_voice=True,
        translation_key="print_time_left",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        suggested_display_precision=0,
        suggested_unit_of_measurement=UnitOfTime.MINUTES,
        value_fn=lambda x: x.job.progress.print_time_left,
    ),
    OctoPrintSensorDescription(
        key="start_time",
        translation_key="start_time",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=part(_running, lambda x: x.started_at),
    ),
    OctoPrintSensorDescription(
        key="finish_time",
        is_for_voice=True,
        translation_key="finish_time",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=part(_running, lambda x: x.finish_at),
    ),
    OctoPrintSensorDescription(
        key="estimate_origin",
        translation_key="estimate_origin",
        attributes_fn=_origin_attributes,
        device_class=SensorDeviceClass.ENUM,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        options=ESTIMATE_ORIGINS,
        value_fn=part(_reported_origin, _estimate_origin),
    ),
    OctoPrintSensorDescription(
        key="file_name",
        translation_key="file_name",
        value_fn=part(_file, lambda x: x.name[:MAX_STATE_LENGTH]),
    ),
    OctoPrintSensorDescription(
        key="file_size",
        translation_key="file_size",
        device_class=SensorDeviceClass.DATA_SIZE,
        entity_category=EntityCategory.DIAGNOSTIC,
        native_unit_of_measurement=UnitOfInformation.BYTES,
        suggested_display_precision=1,
        suggested_unit_of_measurement=UnitOfInformation.MEGABYTES,
        value_fn=part(_file, lambda x: x.size),
    ),
    OctoPrintSensorDescription(
        key="z_height",
        translation_key="z_height",
        available_fn=lambda x: x.is_connected,
        device_class=SensorDeviceClass.DISTANCE,
        exists_fn=lambda x: x.z is not None,
        native_unit_of_measurement=UnitOfLength.MILLIMETERS,
        suggested_display_precision=2,
        value_fn=lambda x: x.z,
    ),
    OctoPrintSensorDescription(
        key="rendering",
        translation_key="rendering",
        entity_category=EntityCategory.DIAGNOSTIC,
        exists_fn=lambda x: x.server.timelapse is not None,
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        value_fn=lambda x: x.rendering,
    ),
    OctoPrintSensorDescription(
        key="slicing",
        translation_key="slicing",
        entity_category=EntityCategory.DIAGNOSTIC,
        exists_fn=lambda x: x.slicing is not None,
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        value_fn=lambda x: x.slicing,
    ),
    OctoPrintSensorDescription(
        key="upload",
        translation_key="upload",
        available_fn=_may_upload,
        entity_category=EntityCategory.DIAGNOSTIC,
        exists_fn=_may_upload,
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        value_fn=lambda x: x.upload,
    ),
    OctoPrintSensorDescription(
        key="free_space",
        translation_key="free_space",
        device_class=SensorDeviceClass.DATA_SIZE,
        entity_category=EntityCategory.DIAGNOSTIC,
        exists_fn=lambda x: x.server.free_space is not None,
        native_unit_of_measurement=UnitOfInformation.BYTES,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=1,
        suggested_unit_of_measurement=UnitOfInformation.GIGABYTES,
        value_fn=lambda x: x.server.free_space,
    ),
    OctoPrintSensorDescription(
        key="error",
        translation_key="error",
        attributes_fn=_error_attributes,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=_error,
    ),
    OctoPrintSensorDescription(
        key="port",
        translation_key="port",
        available_fn=lambda x: x.is_connected,
        entity_category=EntityCategory.DIAGNOSTIC,
        exists_fn=_tells_port,
        value_fn=lambda x: x.connection.port,
    ),
    OctoPrintSensorDescription(
        key="baudrate",
        translation_key="baudrate",
        available_fn=lambda x: x.is_connected,
        device_class=SensorDeviceClass.DATA_RATE,
        entity_category=EntityCategory.DIAGNOSTIC,
        exists_fn=_tells_port,
        native_unit_of_measurement=UnitOfDataRate.BITS_PER_SECOND,
        suggested_display_precision=0,
        value_fn=lambda x: x.connection.baudrate,
    ),
    OctoPrintSensorDescription(
        key="last_print_name",
        translation_key="last_print_name",
        value_fn=part(_last_print, lambda x: x.name[:MAX_STATE_LENGTH]),
    ),
    OctoPrintSensorDescription(
        key="last_print_result",
        translation_key="last_print_result",
        device_class=SensorDeviceClass.ENUM,
        options=[result.value for result in PrintResult],
        value_fn=part(_last_print, lambda x: x.result),
    ),
    OctoPrintSensorDescription(
        key="last_print_duration",
        translation_key="last_print_duration",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        suggested_display_precision=0,
        suggested_unit_of_measurement=UnitOfTime.MINUTES,
        value_fn=part(_last_print, lambda x: x.print_time),
    ),
    OctoPrintSensorDescription(
        key="last_print_end",
        translation_key="last_print_end",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=part(_last_print, lambda x: x.ended_at),
    ),
    *PLUGIN_SENSORS,
    # The last one, as they are written in this order, and automations on it want the others.
    OctoPrintSensorDescription(
        key="state",
        is_for_voice=True,
        translation_key="state",
        attributes_fn=_state_attributes,
        device_class=SensorDeviceClass.ENUM,
        options=[state.value for state in State],
        value_fn=lambda x: x.state,
    ),
)


@dataclass(frozen=True, kw_only=True)
class HeaterSensorKind:
    """Describe what is measured of each heater."""

    suffix: str
    value_fn: Callable[[Heater], float | None]


TEMPERATURE = HeaterSensorKind(suffix="temperature", value_fn=lambda x: x.actual)

HEATER_KINDS: tuple[HeaterSensorKind, ...] = (
    TEMPERATURE,
    HeaterSensorKind(suffix="target_temperature", value_fn=lambda x: x.target),
)


def _heater(name: str, snapshot: Snapshot) -> Heater | None:
    """Return a heater, or what is none (any more) by the profile in use."""
    return snapshot.heaters.get(name) or snapshot.sensors.get(name)


def _has_heater(heater: str, snapshot: Snapshot) -> bool:
    return _heater(heater, snapshot) is not None


def _temperature(
    heater: str, value_fn: Callable[[Heater], float | None], snapshot: Snapshot
) -> float | None:
    """Return a temperature to a tenth of a degree; finer is noise."""
    if (values := _heater(heater, snapshot)) is None:
        return None
    return None if (value := value_fn(values)) is None else round(value, 1)


def describe(snapshot: Snapshot) -> Iterable[OctoPrintSensorDescription]:
    """Yield the sensors that the printer has now."""
    for description in DESCRIPTIONS:
        if description.exists_fn(snapshot):
            yield description
    yield from spool_sensors(snapshot)
    heaters = list(known_heaters(snapshot))
    for heater in heaters:
        for kind in HEATER_KINDS:
            yield _describe_heater(heater, kind)
    known = {heater.name for heater in heaters}
    for sensor in other_sensors(snapshot):
        if sensor.name not in known:
            yield replace(
                _describe_heater(sensor, TEMPERATURE),
                # A letter of the firmware's says nothing to most people.
                entity_registry_enabled_default=sensor.name in ("bed", "chamber"),
            )


def _describe_heater(
    heater: KnownHeater, kind: HeaterSensorKind
) -> OctoPrintSensorDescription:
    # A sensor may be called as any other key is.
    prefix = "sensor_" if heater.translation_key == "sensor" else ""
    return OctoPrintSensorDescription(
        key=f"{prefix}{heater.name}_{kind.suffix}",
        translation_key=f"{heater.translation_key}_{kind.suffix}",
        available_fn=partial(_has_heater, heater.name),
        device_class=SensorDeviceClass.TEMPERATURE,
        native_unit_of_measurement=UnitOfTemperature.CELSIUS,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=1,
        translation_placeholders={"number": heater.number},
        value_fn=partial(_temperature, heater.name, kind.value_fn),
    )


async def async_setup_entry(
    hass: HomeAssistant,
    entry: OctoPrintConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up OctoPrint sensors based on a config entry."""
    async_add_entities_when_known(
        entry.runtime_data, async_add_entities, describe, OctoPrintSensorEntity
    )


class OctoPrintSensorEntity(OctoPrintEntity, SensorEntity):
    """Defines an OctoPrint sensor."""

    entity_description: OctoPrintSensorDescription

    @override
    def get_initial_entity_options(self) -> er.EntityOptionsType | None:
        """Return also whether Assist may be asked for it, which users then change as they like.

        A nozzle's temperature would be one of the room's, so by default Home Assistant would
        expose it, and not what people do ask for. This is read when the entity is registered
        for the first time, and never again.
        """
        options = super().get_initial_entity_options() or {}
        exposed_entities = self.hass.data.get(DATA_EXPOSED_ENTITIES)
        if (
            exposed_entities is None
            or not exposed_entities.async_get_expose_new_entities(ASSIST)
        ):
            # Then Home Assistant exposes nothing by itself.
            return options or None
        exposure = {"should_expose": self.entity_description.is_for_voice}
        return {**options, ASSIST: exposure}

    @property
    @override
    def available(self) -> bool:
        """Return whether the printer can tell the value."""
        return super().available and self.entity_description.available_fn(self.snapshot)

    @property
    @override
    def native_value(self) -> datetime | float | int | str | None:
        """Return the state of the sensor."""
        return self.entity_description.value_fn(self.snapshot)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """Return what belongs to the value."""
        return self.entity_description.attributes_fn(self.snapshot)

    @override
    def shows(self) -> object:
        """Return all that the state is made of."""
        return self.native_value, self.extra_state_attributes
