"""How the sensors of OctoPrint Plus are described."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from homeassistant.components.sensor import SensorEntityDescription

from .api import Snapshot

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
