"""Test what a printer's firmware answers, read off a real OctoPrint's terminal."""

import asyncio
import json
from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from custom_components.octoprint_plus.api import OctoPrintClient
from custom_components.octoprint_plus.api.firmware import (
    parse_firmware_info,
    parse_firmware_settings,
    parse_leveling,
    parse_temperatures,
)
from scripts.lab import OctoPrintServer
from scripts.lab.octoprint_config import ADMIN_KEY

pytestmark = pytest.mark.live


async def answer(client: OctoPrintClient, command: str) -> list[str]:
    """Send G-code and return what the terminal shows of the answer."""
    socket = await client.open_socket("sockjs/websocket")
    try:
        login = await client.access.login()
        await socket.send_json({"subscribe": {"state": {"logs": True}}})
        await socket.send_json({"auth": f"{login.name}:{login.session}"})
        while b'"history"' not in (await socket.receive()).data:
            pass
        await client.printer.send_gcode([command])
        lines: list[str] = []
        async with asyncio.timeout(20):
            while True:
                message = json.loads((await socket.receive()).data)
                lines += message.get("current", {}).get("logs", [])
                sent = [n for n, line in enumerate(lines) if command in line]
                for number in range(sent[0], len(lines)) if sent else ():
                    if lines[number].startswith("Recv: ok"):
                        return lines[sent[0] + 1 : number + 1]
    finally:
        await socket.close()


async def test_firmware(tmp_path: Path, session: aiohttp.ClientSession) -> None:
    """Test M115, M105, M503 and M420 of the virtual printer."""
    async with OctoPrintServer(tmp_path) as server:
        client = OctoPrintClient(session, URL(server.url), ADMIN_KEY)
        info = parse_firmware_info(await answer(client, "M115"))
        assert info
        assert info.name == "Virtual Marlin 1.0"
        assert info.capabilities["AUTOREPORT_TEMP"] is True

        heaters = parse_temperatures(await answer(client, "M105"))
        assert heaters.keys() == {"tool0", "bed"}
        assert heaters["bed"].target == 0

        lines = await answer(client, "M503")
        settings = {each.command: each for each in parse_firmware_settings(lines)}
        assert settings["M92"].group == "Steps per unit"
        assert settings["M92"].parameters == {"X": 80, "Y": 80, "Z": 800, "E": 90}
        assert settings["M301"].parameters == {"P": 27.08, "I": 2.51, "D": 73.09}

        # It knows no mesh.
        leveling = parse_leveling(await answer(client, "M420 V"))
        assert (leveling.is_enabled, leveling.mesh) == (False, None)
