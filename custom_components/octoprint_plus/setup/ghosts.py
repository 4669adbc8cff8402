"""Entities of heaters that were registered by a guess: there is no such heater."""

import re
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from ..const import LOGGER
from ..device import instance_id, printer_title
from ..model.heaters import has_heater
from ..model.snapshot import Snapshot

# The climate entity, both sensors and the offset.
KEY = re.compile(r"(bed|chamber|tool[0-9]+)(|_temperature|_target_temperature|_offset)")


@callback
def async_watch_ghosts(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Remove them as soon as the profiles tell which heaters there are."""
    coordinator: DataUpdateCoordinator[Snapshot] = entry.runtime_data
    checked: tuple[object, ...] = ()

    @callback
    def check() -> None:
        nonlocal checked
        snapshot = coordinator.data
        is_reported = any(each.actual is not None for each in snapshot.heaters.values())
        grounds = (snapshot.server.profiles, is_reported)
        if grounds == checked:
            return
        checked = grounds
        if snapshot.server.profiles:
            _remove(hass, entry, snapshot, is_reported=is_reported)

    check()
    entry.async_on_unload(coordinator.async_add_listener(check))


@callback
def _remove(
    hass: HomeAssistant,
    entry: ConfigEntry[Any],
    snapshot: Snapshot,
    *,
    is_reported: bool,
) -> None:
    registry = er.async_get(hass)
    start = f"{instance_id(entry)}_"
    for each in er.async_entries_for_config_entry(registry, entry.entry_id):
        found = KEY.fullmatch(each.unique_id.removeprefix(start))
        # With another of its profiles, the printer may well have it.
        if found is None or has_heater(snapshot.server.profiles, found[1]):
            continue
        if found[2] == "_temperature" and (
            not is_reported or found[1] in snapshot.memory.sensors
        ):
            # It cannot be set, but it is measured, or may be.
            continue
        LOGGER.info(
            "%s is removed: %s has no such heater",
            each.entity_id,
            printer_title(hass, entry),
        )
        registry.async_remove(each.entity_id)
