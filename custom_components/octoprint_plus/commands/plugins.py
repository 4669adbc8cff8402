"""Commands to any of OctoPrint's plugins."""

from collections.abc import Mapping
from typing import Any

from homeassistant.core import Context

from ..api import (
    PLUGIN_COMMAND_TIMEOUT,
    OctoPrintNotFoundError,
    psu_control,
    without_secrets,
)
from ..coordinator import OctoPrintCoordinator
from .execute import server_command
from .psu import async_check_power_off
from .refusals import refusal
from .rights import async_check_admin


async def async_plugin_command(
    coordinator: OctoPrintCoordinator,
    plugin: str,
    command: str | None,
    parameters: Mapping[str, Any],
    *,
    context: Context | None,
) -> Any:
    """Send a plugin a command (POST /api/plugin/<plugin>), or ask it without one (GET).

    Returns the JSON that it answers, without secrets.
    """
    # Nobody knows what a plugin does when it is told something.
    await async_check_admin(coordinator, context, "plugin_command")
    plugins = coordinator.client.plugins
    async with server_command(coordinator, "plugin_command"):
        if plugin == psu_control.PLUGIN:
            await _async_check_psu_command(coordinator, command)
        try:
            if command is None:
                answer = await plugins.get(
                    plugin,
                    {key: str(value) for key, value in parameters.items()},
                    timeout=PLUGIN_COMMAND_TIMEOUT,
                )
            else:
                answer = await plugins.command(
                    plugin, command, dict(parameters), timeout=PLUGIN_COMMAND_TIMEOUT
                )
        except OctoPrintNotFoundError as err:
            raise refusal(
                "plugin_without_api", coordinator.name, plugin=plugin
            ) from err
    return without_secrets(answer)


async def _async_check_psu_command(
    coordinator: OctoPrintCoordinator, command: str | None
) -> None:
    """Cut no power this way where the command for it would refuse to."""
    psu = coordinator.data.plugins.psu
    if command == "turnPSUOff" or (
        command == "togglePSU" and (psu is None or psu.is_on)
    ):
        await async_check_power_off(coordinator)
