"""Tests of the event entities in a real Home Assistant."""

from pathlib import Path

import pytest

from custom_components.octoprint_plus.const import DOMAIN
from scripts.lab import HomeAssistant, OctoPrintServer
from scripts.lab.integration import add_printer
from scripts.lab.sample_print import sample_print

from .conftest import complaints
from .matrix import VENVS
from .record import until

pytestmark = pytest.mark.live

TYPES = "started, paused, resumed, finished, failed, cancelled, filament_change"

# An automation sees what people's automations see, at the start of Home Assistant too.
CONFIGURATION = f"""
system_log:
automation:
  - alias: Take down
    triggers:
      - trigger: event.received
        target:
          entity_id: [event.voron_print, event.voron_printer]
        options:
          event_type: [{TYPES}, waiting, connected, disconnected, error]
    actions:
      - action: system_log.write
        data:
          message: "Took down {{{{ trigger.to_state.attributes.event_type }}}}."
          level: warning
    mode: queued
    max: 50
"""

FILE = "Vase.gcode"


def fired(hass: HomeAssistant) -> list[str]:
    """Return all that was taken down, over restarts."""
    return [
        line.split("Took down ")[1].split(".")[0]
        for line in hass.log().splitlines()
        if "Took down " in line
    ]


async def wait_for(hass: HomeAssistant, expected: list[str]) -> None:
    """Wait until so much was taken down, and then for all that was under way by then."""
    await until(lambda: len(fired(hass)) >= len(expected))
    line = f"That is all so far: {len(expected)}"
    await hass.call("system_log", "write", {"message": line, "level": "warning"})
    await until(lambda: line in hass.log())
    assert fired(hass) == expected


@pytest.mark.parametrize("venv", VENVS)
async def test_events(tmp_path: Path, octoprint: OctoPrintServer, venv: str) -> None:
    """Test that each thing that happens is fired once, over restarts and reconnects."""
    expected: list[str] = []
    config = tmp_path / "hass"
    async with HomeAssistant(config, venv=venv, configuration=CONFIGURATION) as hass:
        entry_id = await add_printer(hass, octoprint)
        await hass.wait_for("event.voron_print", "unknown")

        # A print that is paused while Home Assistant restarts.
        await octoprint.upload(FILE, sample_print(25))
        await hass.call(DOMAIN, "print_file", {"path": FILE})
        expected += ["started"]
        await wait_for(hass, expected)
        await hass.wait_for(
            "sensor.voron_progress",
            lambda x: x["state"] not in {"0", "1", "unavailable", "unknown"},
        )
        await hass.call("button", "press", {"entity_id": "button.voron_pause_print"})
        expected += ["paused"]
        await wait_for(hass, expected)
        paused = await hass.state("event.voron_print") or {}
        assert paused["attributes"]["file"] == FILE
        await hass.stop()
        await hass.start()
        await hass.wait_entry(entry_id)
        await hass.wait_for("event.voron_print", paused["state"])
        await wait_for(hass, expected)

        # It goes on, and ends, while Home Assistant is not there.
        await hass.call("button", "press", {"entity_id": "button.voron_resume_print"})
        expected += ["resumed"]
        await wait_for(hass, expected)
        await hass.stop()
        await octoprint.wait_state("Operational", timeout=180)
        await hass.start()
        await hass.wait_entry(entry_id)
        expected += ["finished"]
        await wait_for(hass, expected)
        finished = await hass.state("event.voron_print") or {}
        assert finished["attributes"]["print_time"] > 0

        # The printer, and the server.
        switch = {"entity_id": "switch.voron_printer_connection"}
        await hass.call("switch", "turn_off", switch)
        expected += ["disconnected"]
        await wait_for(hass, expected)
        await hass.call("switch", "turn_on", switch)
        expected += ["connected"]
        await wait_for(hass, expected)
        await hass.post(f"config/config_entries/entry/{entry_id}/reload", {})
        await hass.wait_entry(entry_id)
        await wait_for(hass, expected)
        await octoprint.upload("Pot.gcode", sample_print(60), print_=True)
        expected += ["started"]
        await wait_for(hass, expected)
        await octoprint.debug("trigger_fatal_error_marlin")
        expected += ["disconnected", "error", "failed"]
        await wait_for(hass, expected)
        failed = await hass.state("event.voron_print") or {}
        assert "Thermal Runaway" in failed["attributes"]["reason"]
        await hass.call("switch", "turn_on", switch)
        expected += ["connected"]
        await wait_for(hass, expected)

        # A filament change, for which the virtual printer pauses and never goes on.
        await octoprint.upload("Two colours.gcode", sample_print(60), print_=True)
        expected += ["started"]
        await wait_for(hass, expected)
        await hass.wait_for("sensor.voron_state", "printing")
        await hass.call(DOMAIN, "send_gcode", {"commands": "M600"})
        expected += ["filament_change", "paused"]
        await wait_for(hass, expected)
        await hass.stop()
        await hass.start()
        await hass.wait_entry(entry_id)
        await wait_for(hass, expected)
        assert complaints(hass) == []
