"""Tests of what is done by G-code, on a real OctoPrint and Home Assistant."""

from pathlib import Path
from time import monotonic

import pytest

from custom_components.octoprint_plus.const import DOMAIN
from scripts.lab import HomeAssistant, OctoPrintOptions, OctoPrintServer, RequestError
from scripts.lab.integration import add_printer
from scripts.lab.sample_print import sample_print

from .conftest import UUID, complaints

pytestmark = pytest.mark.live

OPTIONS = OctoPrintOptions(
    name="Voron",
    upnp_uuid=UUID,
    settings={"plugins": {"virtual_printer": {"sendBusy": True, "busyInterval": 1}}},
)


async def test_gcode(tmp_path: Path) -> None:
    """Test answers, fan, display, buttons, filament and the emergency stop."""
    async with (
        OctoPrintServer(tmp_path / "octoprint", options=OPTIONS) as octoprint,
        HomeAssistant(tmp_path / "hass") as hass,
    ):
        await add_printer(hass, octoprint, approve=True)
        await hass.wait_for("sensor.voron_state", "operational")

        # The answers of the firmware.
        response = await hass.call(
            DOMAIN,
            "send_gcode",
            {"commands": ["M115", "M105", "M503", "M420 V"]},
            return_response=True,
        )
        info, temperatures, settings, leveling = response["answers"]
        assert info["firmware"]["name"] == "Virtual Marlin 1.0"
        assert info["firmware"]["capabilities"]["AUTOREPORT_TEMP"] is True
        assert temperatures["temperatures"].keys() == {"tool0", "bed"}
        assert "M92" in [each["command"] for each in settings["settings"]]
        assert leveling["leveling"]["enabled"] is False

        # A command that takes longer than the time-out, as the printer is busy.
        begun = monotonic()
        response = await hass.call(
            DOMAIN,
            "send_gcode",
            {"commands": "M109 S120", "timeout": 6},
            return_response=True,
        )
        assert monotonic() - begun > 7
        assert response["answers"][0]["lines"]
        await hass.call(DOMAIN, "send_gcode", {"commands": "M104 S0"})

        # The fan, the display, the buttons.
        await hass.call(
            "fan",
            "set_percentage",
            {"entity_id": "fan.voron_part_cooling_fan", "percentage": 40},
        )
        fan = await hass.wait_for("fan.voron_part_cooling_fan", "on")
        assert fan["attributes"]["percentage"] == 40
        await hass.call(
            "notify",
            "send_message",
            {"entity_id": "notify.voron_display", "message": "Dinner\nM104 S99"},
        )
        for button in ("auto_bed_level", "motors_off"):
            await hass.call("button", "press", {"entity_id": f"button.voron_{button}"})
        response = await hass.call(
            DOMAIN, "send_gcode", {"commands": "M105"}, return_response=True
        )
        tool = response["answers"][0]["temperatures"]["tool0"]
        assert not tool["target"]

        # Filament, never cold, and the earlier temperature again.
        with pytest.raises(RequestError, match="at least 170"):
            await hass.call(DOMAIN, "load_filament", {"length": 30, "temperature": 100})
        await hass.call(
            DOMAIN,
            "load_filament",
            {"length": 30, "temperature": 175, "speed": 1200, "timeout": 60},
        )
        await hass.wait_for("climate.voron_tool", "off")

        # A change in the middle of a print.
        await octoprint.upload("long.gcode", sample_print(60))
        await hass.call(DOMAIN, "print_file", {"path": "long.gcode"})
        await hass.wait_for("sensor.voron_state", "printing")
        with pytest.raises(RequestError, match="busy"):
            await hass.call(DOMAIN, "unload_filament", {"length": 30})
        await hass.call("button", "press", {"entity_id": "button.voron_pause_print"})
        await hass.wait_for("sensor.voron_state", "paused", timeout=180)
        await hass.call(
            DOMAIN, "unload_filament", {"length": 30, "temperature": 175, "speed": 1200}
        )
        await hass.wait_for("sensor.voron_state", "paused")

        # The emergency stop: the heaters go, and the switch brings the printer back.
        await hass.call(
            "climate",
            "set_temperature",
            {"entity_id": "climate.voron_bed", "temperature": 40},
        )
        await hass.call(DOMAIN, "emergency_stop")
        await hass.wait_for("sensor.voron_state", "offline_after_error")
        error = await hass.wait_for(
            "sensor.voron_error", lambda x: "M112" in x["state"]
        )
        assert error["state"].startswith("Closing serial port")
        for entity_id in (
            "climate.voron_tool",
            "climate.voron_bed",
            "fan.voron_part_cooling_fan",
        ):
            await hass.wait_for(entity_id, "unavailable")
        with pytest.raises(RequestError, match="Cut the printer's power"):
            await hass.call(DOMAIN, "emergency_stop")
        connection = {"entity_id": "switch.voron_printer_connection"}
        await hass.wait_for(connection["entity_id"], "off")
        await hass.call("switch", "turn_on", connection)
        await hass.wait_for("sensor.voron_state", "operational", timeout=180)
        await hass.wait_for("climate.voron_bed", "off")
        await hass.wait_for("fan.voron_part_cooling_fan", "unknown")

        # The button does the same, at once.
        await hass.call("button", "press", {"entity_id": "button.voron_emergency_stop"})
        await hass.wait_for("sensor.voron_state", "offline_after_error")
        assert complaints(hass) == []
