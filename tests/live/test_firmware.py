"""Test what a printer's firmware answers, read off a real OctoPrint's terminal."""

from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from custom_components.octoprint_plus.api import OctoPrintClient, OctoPrintConflictError
from custom_components.octoprint_plus.api.firmware import (
    parse_firmware_info,
    parse_firmware_settings,
    parse_leveling,
    parse_temperatures,
)
from custom_components.octoprint_plus.api.socket.terminal import ask_gcode
from scripts.lab import OctoPrintServer
from scripts.lab.octoprint_config import OPERATOR_KEY
from scripts.lab.sample_print import sample_print

from .families import ON_EVERY_VERSION, connected, until

pytestmark = ON_EVERY_VERSION


async def test_firmware(
    tmp_path: Path, session: aiohttp.ClientSession, version: str
) -> None:
    """Test M115, M105, M503 and M420 of the virtual printer, and what is not answered."""
    async with OctoPrintServer(tmp_path, version=version) as server:
        client = await connected(session, server)

        async def has_heaters() -> bool:
            return bool((await client.printer.get()).heaters)

        # While it connects OctoPrint may drop what is to be sent.
        await until(has_heaters)
        commands = ("M115", "M105", "M503", "M420 V", "M117 Hi")
        replies = await ask_gcode(client, commands, timeout=30)
        assert [each.command for each in replies] == list(commands)
        said = [each.lines for each in replies]
        info = parse_firmware_info(said[0])
        assert info
        assert info.name == "Virtual Marlin 1.0"
        assert info.capabilities["AUTOREPORT_TEMP"] is True

        heaters = parse_temperatures(said[1])
        assert heaters.keys() == {"tool0", "bed"}
        assert heaters["bed"].target == 0

        settings = {each.command: each for each in parse_firmware_settings(said[2])}
        assert settings["M92"].group == "Steps per unit"
        assert settings["M92"].parameters == {"X": 80, "Y": 80, "Z": 800, "E": 90}
        assert settings["M301"].parameters == {"P": 27.08, "I": 2.51, "D": 73.09}

        # It knows no mesh.
        leveling = parse_leveling(said[3])
        assert (leveling.is_enabled, leveling.mesh) == (False, None)
        assert said[4] == ("echo:Hi",)

        # What OctoPrint holds back.
        (blocked,) = await ask_gcode(client, ["M0"], timeout=5)
        assert blocked.lines == ()

        # In the middle of a print.
        await server.upload("a.gcode", sample_print(60), print_=True)
        await server.wait_state("Printing")
        (reply,) = await ask_gcode(client, ["M115"], timeout=30)
        assert parse_firmware_info(reply.lines) == info
        await client.job.cancel()
        await server.wait_state("Operational")

        # Who may not, and with nobody there.
        operator = OctoPrintClient(session, URL(server.url), OPERATOR_KEY)
        assert (await ask_gcode(operator, ["M115"], timeout=30))[0].lines
        await client.connection.disconnect()
        with pytest.raises(OctoPrintConflictError):
            await ask_gcode(client, ["M115"], timeout=30)
