"""Timelapses: how prints are recorded, the films, and images without one."""

from dataclasses import fields, replace
from typing import Any

from homeassistant.core import Context
from homeassistant.exceptions import ServiceValidationError

from ..api import (
    TIMELAPSE_OFF,
    TIMELAPSE_TIMED,
    TIMELAPSE_ZCHANGE,
    OctoPrintConflictError,
    OctoPrintNotFoundError,
    Permission,
    TimelapseConfig,
    TimelapseOptions,
    Timelapses,
    Unrendered,
    octolapse,
)
from ..coordinator import OctoPrintCoordinator
from .checks import async_check_free, async_look, async_refresh_or_raise, require_plugin
from .execute import server_command
from .refusals import busy_refusal, refusal
from .rights import async_check_admin

TYPES = [TIMELAPSE_OFF, TIMELAPSE_TIMED, TIMELAPSE_ZCHANGE]

PERMISSIONS = (Permission.TIMELAPSE_ADMIN, Permission.TIMELAPSE_LIST)

# What both ways of recording have.
SHARED = ("post_roll", "fps", "render_after_print")

OPTIONS = {
    TIMELAPSE_OFF: (),
    TIMELAPSE_TIMED: (*SHARED, "interval"),
    TIMELAPSE_ZCHANGE: (*SHARED, "min_delay", "retraction_z_hop"),
}


async def async_set_timelapse(
    coordinator: OctoPrintCoordinator,
    kind: str | None,
    wanted: TimelapseOptions | None = None,
    *,
    save: bool = False,
    label: str = "set_timelapse",
    context: Context | None,
) -> None:
    """Record as wanted from the next print on, or, where it is to be saved, always.

    POST /api/timelapse. What is None stays as it is. The label is what people call the command,
    for errors.
    """
    if save:
        # Then it is a setting of OctoPrint.
        await async_check_admin(coordinator, context, label)
    options = {
        each.name: value
        for each in fields(TimelapseOptions)
        if wanted and (value := getattr(wanted, each.name)) is not None
    }
    if kind is None and not options and not save:
        raise refusal("timelapse_nothing", coordinator.name)
    # OctoPrint would save for administrators only, and not say so to others.
    needed = (*PERMISSIONS, *((Permission.ADMIN,) if save else ()))
    async with server_command(coordinator, label, *needed):
        await _async_set(coordinator, kind, options, save=save)


async def _async_set(
    coordinator: OctoPrintCoordinator,
    kind: str | None,
    options: dict[str, Any],
    *,
    save: bool,
) -> None:
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
    if coordinator.data.is_busy and known.type != TIMELAPSE_OFF:
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
    shared = {name: getattr(known, name) for name in SHARED if kind != TIMELAPSE_OFF}
    return TimelapseConfig(type=kind, **shared)


async def async_list_timelapses(coordinator: OctoPrintCoordinator) -> Timelapses:
    """Return how prints are recorded, the films, and images without a film."""
    async with server_command(
        coordinator, "list_timelapses", Permission.TIMELAPSE_LIST
    ):
        return await coordinator.client.timelapse.list()


async def async_render_timelapse(coordinator: OctoPrintCoordinator, name: str) -> None:
    """Make a film of images (POST /api/timelapse/unrendered/<name>)."""
    command = "render_timelapse"
    async with server_command(
        coordinator,
        command,
        Permission.TIMELAPSE_LIST,
        Permission.TIMELAPSE_MANAGE_UNRENDERED,
    ):
        await _async_find_images(coordinator, name)
        # It takes all that a small computer has, which a print needs.
        await async_check_free(coordinator, command)
        try:
            await coordinator.client.timelapse.render(name)
        except OctoPrintNotFoundError as err:
            raise _not_found(coordinator, name) from err


async def async_delete_timelapse(
    coordinator: OctoPrintCoordinator,
    name: str,
    *,
    unrendered: bool = False,
    context: Context | None,
) -> None:
    """Delete a film, or images of which no film was made (DELETE /api/timelapse/<name>)."""
    command = "delete_timelapse"
    # What is deleted is gone.
    await async_check_admin(coordinator, context, command)
    permission = (
        Permission.TIMELAPSE_MANAGE_UNRENDERED
        if unrendered
        else Permission.TIMELAPSE_DELETE
    )
    async with server_command(
        coordinator, command, Permission.TIMELAPSE_LIST, permission
    ):
        try:
            if unrendered:
                await _async_find_images(coordinator, name)
                await coordinator.client.timelapse.delete_unrendered(name)
            else:
                await coordinator.client.timelapse.delete(name)
        except OctoPrintNotFoundError as err:
            raise _not_found(coordinator, name) from err


async def async_get_octolapse(
    coordinator: OctoPrintCoordinator,
) -> octolapse.Octolapse:
    """Return what Octolapse does, and how it is set (POST /plugin/octolapse/loadState)."""
    command = "get_octolapse"
    require_plugin(coordinator, command, octolapse.PLUGIN)
    async with server_command(coordinator, command):
        return await coordinator.client.plugins.octolapse.get()


async def _async_find_images(
    coordinator: OctoPrintCoordinator, name: str
) -> Unrendered:
    """Return images that nobody is working with, or raise why there are none."""
    found = await coordinator.client.timelapse.list()
    images = next((each for each in found.unrendered if each.name == name), None)
    if images is None:
        raise _not_found(coordinator, name)
    if images.is_recording or images.is_rendering:
        raise refusal("timelapse_in_use", coordinator.name, name=name)
    return images


def _not_found(coordinator: OctoPrintCoordinator, name: str) -> ServiceValidationError:
    return refusal("timelapse_not_found", coordinator.name, name=name)
