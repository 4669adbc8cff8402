"""Connecting OctoPrint to the printer, and what has to be right before."""

import asyncio

from homeassistant.core import Context

from ..api import (
    CONNECTING_STATES,
    OFFLINE_STATES,
    ConnectionOptions,
    Permission,
    parse_state,
)
from ..coordinator import OctoPrintCoordinator
from ..model.choice import ConnectionChoice
from ..model.snapshot import Snapshot
from .checks import async_look, async_refresh_or_raise
from .execute import printer_command, server_command
from .refusals import busy_refusal, failure, refusal
from .rights import async_check_admin

AUTO_PORT = "AUTO"
AUTO_BAUDRATE = 0

# A disconnect sends the printer a script first.
DISCONNECT_TIMEOUT = 10
DISCONNECT_PACE = 0.25


async def async_connect_printer(
    coordinator: OctoPrintCoordinator,
    wanted: ConnectionChoice,
    *,
    anew: bool = True,
    save: bool = False,
    autoconnect: bool | None = None,
    label: str = "connect",
    context: Context | None,
) -> None:
    """Connect as wanted (POST /api/connection), also `anew` where it is connected and idle.

    What is not wanted is as chosen by the select entities, else as OctoPrint prefers. Saving it,
    and whether OctoPrint connects when it starts, are settings of OctoPrint. The label is what
    people call the command, for errors.
    """
    if save or autoconnect is not None:
        await async_check_admin(coordinator, context, label)
    if not anew:
        await async_refresh_or_raise(coordinator)
        if is_connected_soon(coordinator.data):
            # A print must not be lost to a tap.
            return
    async with server_command(coordinator, label, Permission.CONNECTION):
        if anew:
            await async_refresh_or_raise(coordinator)
        if coordinator.data.is_busy:
            raise busy_refusal("connect_while_busy", coordinator)
        is_two = coordinator.data.server.server.is_at_least(2, 0)
        if is_two and autoconnect is not None and not save:
            # OctoPrint 2 would leave it as it is, without a word.
            raise refusal("autoconnect_needs_save", coordinator.name)
        await _async_connect(coordinator, wanted, save=save, autoconnect=autoconnect)


def is_connected_soon(snapshot: Snapshot) -> bool:
    """Return whether the printer is connected or just being connected."""
    return snapshot.is_connected or snapshot.state in CONNECTING_STATES


async def _async_connect(
    coordinator: OctoPrintCoordinator,
    wanted: ConnectionChoice,
    *,
    save: bool,
    autoconnect: bool | None,
) -> None:
    """Connect; a printer that is connected is disconnected first, unless it prints."""
    choice, name = coordinator.choice, coordinator.name
    port = choice.port if wanted.port is None else wanted.port
    baudrate = choice.baudrate if wanted.baudrate is None else wanted.baudrate
    profile = wanted.printer_profile
    if profile is None:
        profile = choice.printer_profile
    if (port, baudrate, profile) != (None, None, None):
        # What is plugged in may have changed a moment ago.
        options = (await coordinator.client.connection.get()).options
        _check_port(options, port, name)
        _check_baudrate(options, baudrate, name)
        profile = _profile_id(options, profile, name)
    if is_connected_soon(coordinator.data):
        await async_look(coordinator)
        if coordinator.data.is_busy:
            raise busy_refusal("connect_while_busy", coordinator)
        # OctoPrint would do nothing, without a word.
        await _async_disconnect_and_wait(coordinator)
    await coordinator.client.connection.connect(
        port=port,
        baudrate=baudrate,
        printer_profile=profile,
        save=save,
        autoconnect=autoconnect,
    )


async def _async_disconnect_and_wait(coordinator: OctoPrintCoordinator) -> None:
    """Disconnect, and wait for it: OctoPrint answers before."""
    client = coordinator.client
    await client.connection.disconnect()
    try:
        async with asyncio.timeout(DISCONNECT_TIMEOUT):
            while parse_state((await client.job.get()).state) not in OFFLINE_STATES:
                await asyncio.sleep(DISCONNECT_PACE)
    except TimeoutError as err:
        raise failure("still_connected", coordinator) from err


def _check_port(options: ConnectionOptions, port: str | None, printer: str) -> None:
    if port not in (None, AUTO_PORT, *options.ports):
        raise refusal(
            "port_unknown",
            printer,
            port=str(port),
            ports=", ".join((AUTO_PORT, *options.ports)),
        )


def _check_baudrate(
    options: ConnectionOptions, baudrate: int | None, printer: str
) -> None:
    if baudrate not in (None, AUTO_BAUDRATE, *options.baudrates):
        raise refusal(
            "baudrate_unknown",
            printer,
            baudrate=str(baudrate),
            baudrates=", ".join(map(str, (AUTO_BAUDRATE, *options.baudrates))),
        )


def _profile_id(
    options: ConnectionOptions, profile: str | None, printer: str
) -> str | None:
    """Return the id of a profile that is named by its id or by its name."""
    if profile is None:
        return None
    by_name = {name: each for each, name in reversed(options.printer_profiles)}
    by_id = {each: each for each, _ in options.printer_profiles}
    if (found := (by_name | by_id).get(profile)) is None:
        raise refusal(
            "profile_unknown", printer, profile=profile, profiles=", ".join(by_id)
        )
    return found


async def async_disconnect_printer(
    coordinator: OctoPrintCoordinator, *, label: str = "disconnect"
) -> None:
    """Disconnect (POST /api/connection), unless that would cost a print."""
    async with server_command(coordinator, label, Permission.CONNECTION):
        await async_refresh_or_raise(coordinator)
        if coordinator.data.is_busy:
            raise busy_refusal("disconnect_while_busy", coordinator)
        await coordinator.client.connection.disconnect()


async def async_fake_ack(coordinator: OctoPrintCoordinator) -> None:
    """Free a communication that waits for a lost acknowledgement, in a print too."""
    # OctoPrint would take it without a printer, too.
    await async_refresh_or_raise(coordinator)
    async with printer_command(coordinator, "fake_ack", Permission.CONNECTION):
        await coordinator.client.connection.fake_ack()
