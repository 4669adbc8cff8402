"""Tests of connection, rates, offsets, tools, controls and the SD card on a real printer."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from custom_components.octoprint_plus.const import DOMAIN
from scripts.lab import HomeAssistant, OctoPrintOptions, OctoPrintServer, RequestError
from scripts.lab.integration import add_printer
from scripts.lab.sample_print import sample_print

from .conftest import UUID, complaints

pytestmark = pytest.mark.live

CONTROLS = [
    {
        "name": "Filament",
        "children": [
            {
                "name": "Load",
                "commands": ["M83", "G1 E%(length)d F%(speed)d"],
                "input": [
                    {"name": "Length", "parameter": "length", "default": 50},
                    {
                        "name": "Speed",
                        "parameter": "speed",
                        "default": 300,
                        "slider": {"min": 100, "max": 600, "step": 50},
                    },
                ],
            },
            {"name": "Report", "command": "M114"},
        ],
    },
    {"name": "Page", "javascript": "alert(1)", "command": "M117 never"},
]

DISABLED = {
    "button": ["control_Filament / Report", "sd_init", "sd_refresh", "sd_release"],
    "number": ["bed_offset", "tool0_offset", "tool1_offset"],
    "select": ["baudrate", "port", "printer_profile"],
}


async def until(check: Callable[[], Awaitable[object]]) -> None:
    """Wait until an asynchronous check is true."""
    async with asyncio.timeout(60):
        while not await check():
            await asyncio.sleep(0.1)


async def test_printer_actions(tmp_path: Path) -> None:
    """Test each row of the families connection, printer and job."""
    base = tmp_path / "octoprint"
    options = OctoPrintOptions(
        name="Voron",
        upnp_uuid=UUID,
        extruders=2,
        settings={"controls": CONTROLS},
    )
    async with (
        OctoPrintServer(base, options=options) as octoprint,
        HomeAssistant(tmp_path / "hass") as hass,
    ):
        log = base / "logs/plugin_virtual_printer_serial.log"

        seen = 0

        async def sent(command: str) -> None:
            """Wait until the printer was sent a line, after the one waited for before."""

            async def check() -> bool:
                nonlocal seen
                line = f"<<< {command}\n"
                found = log.read_text(encoding="utf-8").find(line, seen)
                if found >= 0:
                    seen = found + len(line)
                return found >= 0

            await until(check)

        async def refused(action: str, match: str, **data: Any) -> None:
            with pytest.raises(RequestError, match=match):
                await hass.call(DOMAIN, action, data)

        entry_id = await add_printer(hass, octoprint)
        await hass.wait_for("climate.voron_tool_1", "off")
        ids = {
            (platform, key): await hass.entity_id(entry_id, platform, key)
            for platform, keys in DISABLED.items()
            for key in keys
        }
        for entity_id in ids.values():
            await hass.ws(
                "config/entity_registry/update", entity_id=entity_id, disabled_by=None
            )
        # To reload the entry is not enough: Home Assistant does that itself, much later.
        await hass.stop()
        await hass.start()
        await hass.wait_entry(entry_id)

        async def press(key: str) -> None:
            await hass.call("button", "press", {"entity_id": ids["button", key]})

        async def set_number(entity_id: str, value: float) -> None:
            await hass.call(
                "number", "set_value", {"entity_id": entity_id, "value": value}
            )

        async def select(entity_id: str, option: str) -> None:
            await hass.call(
                "select", "select_option", {"entity_id": entity_id, "option": option}
            )

        # How it is connected.
        await hass.wait_for("sensor.voron_port", "VIRTUAL")
        await hass.wait_for("sensor.voron_baud_rate", "115200")

        # When it connected it was asked for the files of its card.
        await sent("M20")

        # Offsets are told back.
        offset = ids["number", "tool1_offset"]
        await hass.wait_for(offset, lambda x: x["state"] in ("0", "0.0"))
        await set_number(offset, -5)
        await hass.wait_for(offset, lambda x: x["state"] in ("-5", "-5.0"))
        await set_number(ids["number", "bed_offset"], 3)

        async def has_offsets() -> bool:
            printer = await octoprint.request("GET", "/api/printer")
            heaters = printer["temperature"]
            return (heaters["tool1"]["offset"], heaters["bed"]["offset"]) == (-5, 3)

        await until(has_offsets)
        with pytest.raises(RequestError, match="51"):
            await set_number(offset, 51)

        # Rates are assumed.
        await set_number("number.voron_feed_rate", 120)
        await sent("M220 S120")
        await set_number("number.voron_flow_rate", 95)
        await sent("M221 S95")
        await hass.wait_for("number.voron_feed_rate", lambda x: x["state"] == "120.0")

        # The active tool.
        await select("select.voron_active_tool", "tool1")
        await sent("T1")
        await hass.call(DOMAIN, "select_tool", {"tool": 0})
        await sent("T0")
        await hass.wait_for("select.voron_active_tool", "tool0")
        await refused("select_tool", "no tool 2", tool=2)

        # The volume.
        await hass.call(DOMAIN, "jog", {"x": 200, "absolute": True})
        await refused("jog", "outside its volume", x=201, absolute=True)
        await refused("jog", "farther than its volume", z=-201)

        # Controls and scripts.
        await press("control_Filament / Report")
        await sent("M114")
        await hass.call(
            DOMAIN,
            "run_control",
            {"control": "Filament / Load", "parameters": {"length": 7}},
        )
        await sent("G1 E7 F300")
        await refused(
            "run_control", "Filament / Load, Filament / Report", control="Page"
        )
        await refused(
            "run_control",
            "from 100 to 600",
            control="Filament / Load",
            parameters={"speed": 5},
        )
        script = {"gcode": {"greeting": "M117 {{ context.who }}"}}
        await octoprint.request("POST", "/api/settings", json={"scripts": script})
        await hass.call(
            DOMAIN, "run_script", {"script": "greeting", "context": {"who": "You"}}
        )
        await sent("M117 You")
        await refused("run_script", "no script nope", script="nope")

        # The SD card.
        await press("sd_refresh")
        await sent("M20")
        await press("sd_release")
        await sent("M22")
        await hass.wait_for(ids["button", "sd_release"], "unavailable")
        await press("sd_init")
        await hass.wait_for(
            ids["button", "sd_release"], lambda x: x["state"] != "unavailable"
        )

        # Nothing aborts a print.
        await octoprint.upload("Pot.gcode", sample_print(60), print_=True)
        await hass.wait_for("sensor.voron_state", "printing")
        await refused("connect", "Cancel the print first")
        await refused("disconnect", "Cancel the print first")
        await refused("select_tool", "busy with Pot", tool=1)
        await hass.call(DOMAIN, "fake_ack", {})
        await hass.call("button", "press", {"entity_id": "button.voron_cancel_print"})
        await hass.wait_for("sensor.voron_state", "operational")

        # Connecting with what was chosen, and with what is named.
        await hass.call(DOMAIN, "disconnect", {})
        await hass.wait_for("sensor.voron_state", "offline")
        await hass.wait_for("sensor.voron_port", "unavailable")
        await refused("connect", "AUTO, .*VIRTUAL", port="/dev/nowhere")
        await refused("connect", "does not offer the baud rate 1,", baudrate=1)
        await refused("connect", "no printer profile nope", profile="nope")
        await select(ids["select", "baudrate"], "250000")
        await select(ids["select", "port"], "VIRTUAL")
        await hass.call(
            "switch", "turn_on", {"entity_id": "switch.voron_printer_connection"}
        )
        await hass.wait_for("sensor.voron_baud_rate", "250000")
        await hass.wait_for("number.voron_feed_rate", "unknown")
        answer = await octoprint.request("GET", "/api/connection")
        assert answer["options"]["baudratePreference"] == 115200
        await hass.call(
            DOMAIN,
            "connect",
            {"baudrate": 57600, "profile": "Voron", "save": True, "autoconnect": False},
        )
        await hass.wait_for("sensor.voron_baud_rate", "57600")
        answer = await octoprint.request("GET", "/api/connection")
        assert answer["options"]["baudratePreference"] == 57600
        assert answer["options"]["portPreference"] == "VIRTUAL"
        serial = (await octoprint.request("GET", "/api/settings"))["serial"]
        assert serial["autoconnect"] is False

        # The choice outlives a restart of Home Assistant.
        await hass.stop()
        await hass.start()
        await hass.wait_entry(entry_id)
        await hass.wait_for(ids["select", "baudrate"], "250000")
        assert complaints(hass) == []
