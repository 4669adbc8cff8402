"""The server itself: commands of its machine, and the printers that it may be connected to."""

from dataclasses import dataclass

from homeassistant.core import Context

from ..api import Permission, PrinterProfile, software_update
from ..coordinator import OctoPrintCoordinator
from .checks import async_check_free, async_refresh_or_raise
from .execute import octoprint_command, server_command
from .refusals import busy_refusal, refusal
from .rights import async_check_admin


@dataclass(frozen=True, kw_only=True, slots=True)
class Profiles:
    """The printer profiles."""

    profiles: tuple[PrinterProfile, ...]
    current: str | None
    """The id of the one in use, None while the printer is off."""


async def async_run_system_command(
    coordinator: OctoPrintCoordinator,
    source: str,
    action: str,
    *,
    context: Context | None,
) -> None:
    """Run a command that the server offers, unless that would cost a print.

    POST /api/system/commands/<source>/<action>
    """
    name = "run_system_command"
    await async_check_admin(coordinator, context, name)
    async with server_command(coordinator, name, Permission.SYSTEM):
        commands = await coordinator.client.system.commands()
        for command in commands:
            if (command.source, command.action) == (source, action):
                await async_check_free(coordinator, name)
                await coordinator.client.system.run(command)
                return
        raise refusal(
            "system_command_unknown",
            coordinator.name,
            command=f"{source}/{action}",
            offered=", ".join(sorted(f"{x.source}/{x.action}" for x in commands))
            or "-",
        )


async def async_list_profiles(coordinator: OctoPrintCoordinator) -> Profiles:
    """Return what OctoPrint knows of its printers (GET /api/printerprofiles)."""
    async with server_command(coordinator, "list_profiles", Permission.CONNECTION):
        profiles = await coordinator.client.profiles.list()
        current = (await coordinator.client.connection.get()).printer_profile
    return Profiles(profiles=tuple(profiles.values()), current=current)


async def async_update_octoprint(coordinator: OctoPrintCoordinator, label: str) -> None:
    """Let the server update itself, which restarts it, unless that would cost a print.

    POST /plugin/softwareupdate/update. The label is what people call it, for errors.
    """
    await async_refresh_or_raise(coordinator)
    if coordinator.data.is_busy:
        raise busy_refusal("update_while_busy", coordinator)
    async with octoprint_command(coordinator, label):
        await coordinator.client.plugins.software_update.update(
            [software_update.OCTOPRINT]
        )
