"""Setting how prints are recorded, for the action and the entity alike."""

from dataclasses import replace
from typing import Any

from ..api import OctoPrintConflictError
from ..api.permissions import Permission
from ..api.timelapse import OFF, TIMED, ZCHANGE, TimelapseConfig
from ..coordinator import OctoPrintCoordinator
from .execute import async_look, async_refresh_or_raise, busy_refusal, refusal

TYPES = [OFF, TIMED, ZCHANGE]

PERMISSIONS = (Permission.TIMELAPSE_ADMIN, Permission.TIMELAPSE_LIST)

# What both ways of recording have.
SHARED = ("post_roll", "fps", "render_after_print")

OPTIONS = {
    OFF: (),
    TIMED: (*SHARED, "interval"),
    ZCHANGE: (*SHARED, "min_delay", "retraction_z_hop"),
}


async def async_set_timelapse(
    coordinator: OctoPrintCoordinator,
    kind: str | None,
    options: dict[str, Any],
    *,
    save: bool = False,
) -> None:
    """Record as asked from the next print on; what is not given stays as it is."""
    await async_refresh_or_raise(coordinator)
    server = coordinator.data.server.server
    known = (await coordinator.client.timelapse.list()).config
    kind = kind or known.type
    for name in options:
        if name not in OPTIONS.get(kind, ()):
            raise refusal(
                "timelapse_option_unused", coordinator.name, option=name, type=kind
            )
    if "render_after_print" in options and not server.is_at_least(1, 11):
        raise refusal(
            "timelapse_option_new", coordinator.name, option="render_after_print"
        )
    await async_look(coordinator)
    if coordinator.data.is_busy and known.type != OFF:
        # OctoPrint would end the recording, and make no film of it.
        raise busy_refusal("timelapse_busy", coordinator)
    config = replace(_kept(known, kind), **options)
    try:
        await coordinator.client.timelapse.configure(config, save=save)
    except OctoPrintConflictError as err:
        raise refusal("timelapse_refused", coordinator.name, type=kind) from err
    await coordinator.async_request_full_refresh()


def _kept(known: TimelapseConfig, kind: str) -> TimelapseConfig:
    """Return a config with what the known one has in common with its type."""
    if kind == known.type:
        return known
    shared = {name: getattr(known, name) for name in SHARED if kind != OFF}
    return TimelapseConfig(type=kind, **shared)
