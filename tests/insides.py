"""What others keep to themselves and tests have to see, each with its reason.

Nothing else in the tests looks at a private part: ruff (SLF001) and tests/test_floors.py see to
that.
"""

import asyncio
from typing import Any

import aiohttp

from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from .waiting import until


def busy_connections(session: aiohttp.ClientSession) -> int:
    """Return how many connections were not given back: a leak is seen nowhere else."""
    connector = session.connector
    return len(connector._acquired) if connector is not None else 0


def break_connection(socket: aiohttp.ClientWebSocketResponse[bool]) -> None:
    """Let a socket be broken before whoever reads it knows: no server can time that."""
    transport = socket._writer.transport
    assert transport is not None
    transport.abort()


def keeps_compressor(socket: aiohttp.ClientWebSocketResponse[bool]) -> bool:
    """Return whether the memory of a compressor, some 300 kB, is held for a socket."""
    return socket._writer._compressobj is not None


def heartbeat(
    socket: aiohttp.ClientWebSocketResponse[bool],
) -> asyncio.TimerHandle | None:
    """Return the timer of a socket's next ping, which is what goes on after its end."""
    return socket._heartbeat_cb


async def abort_connections() -> None:
    """End all connections of the loop, also those that never got beyond their handshake."""
    loop = asyncio.get_running_loop()
    transports = list(loop._transports.values())  # type: ignore[attr-defined]
    for transport in transports:
        transport.abort()
    await until(lambda: all(each._sock is None for each in transports))


def listener_count(coordinator: DataUpdateCoordinator[Any]) -> int:
    """Return how many listen to a coordinator: those that were forgotten add up."""
    return len(coordinator._listeners)
