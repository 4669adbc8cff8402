"""What the tests of the plugins on a real OctoPrint share."""

from collections.abc import AsyncGenerator
from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from custom_components.octoprint_plus.api import OctoPrintClient
from scripts.lab import OctoPrintOptions, OctoPrintServer
from scripts.lab.octoprint_config import ADMIN_KEY, STAND_INS, VIEWER_KEY

from .pushed import Pushed, plugin_socket


@pytest.fixture
async def server(tmp_path: Path) -> AsyncGenerator[OctoPrintServer]:
    """Return an OctoPrint with all stand-ins, whose firmware asks questions."""
    options = OctoPrintOptions(
        stand_ins=tuple(path.stem for path in STAND_INS.glob("*.py")),
        settings={
            "plugins": {
                "action_command_prompt": {"enable": "always"},
                "bedlevelvisualizer": {"command": "G28\nG29 T\n"},
                "psucontrol": {"sensePollingInterval": 1},
            }
        },
    )
    async with OctoPrintServer(tmp_path, options=options) as server:
        yield server


@pytest.fixture
def client(session: aiohttp.ClientSession, server: OctoPrintServer) -> OctoPrintClient:
    """Return an admin's client."""
    return OctoPrintClient(session, URL(server.url), ADMIN_KEY)


@pytest.fixture
def viewer(session: aiohttp.ClientSession, server: OctoPrintServer) -> OctoPrintClient:
    """Return a client of somebody who may only look."""
    return OctoPrintClient(session, URL(server.url), VIEWER_KEY)


@pytest.fixture
async def pushed(client: OctoPrintClient) -> AsyncGenerator[Pushed]:
    """Return what the plugins push."""
    async with plugin_socket(client) as pushed:
        yield pushed
