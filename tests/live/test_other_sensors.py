"""Tests of temperatures that cannot be set, as a real OctoPrint tells them."""

from pathlib import Path

import pytest

from scripts.lab import HomeAssistant, OctoPrintOptions, OctoPrintServer
from scripts.lab.integration import add_printer

from .conftest import complaints

pytestmark = pytest.mark.live

REPORT = "!!DEBUG:send T:21.3 /0.0 B:21.3 /0.0 C:31.5 /0.0 A:35.2 P:28.4"


async def test_only_measured(tmp_path: Path) -> None:
    """A chamber that is not heated, and what only the firmware knows, are read-only."""
    # OctoPrint tells of an unheated chamber where the firmware says that it measures it.
    virtual = {"capabilities": {"CHAMBER_TEMPERATURE": True}}
    octoprint_options = OctoPrintOptions(
        name="Voron",
        settings={
            "plugins": {"virtual_printer": virtual},
            "serial": {"capabilities": {"chamber_temp": True}},
        },
    )
    async with (
        OctoPrintServer(tmp_path / "octoprint", options=octoprint_options) as octoprint,
        HomeAssistant(tmp_path / "hass") as hass,
    ):
        entry_id = await add_printer(hass, octoprint)
        await hass.wait_for("sensor.voron_tool_temperature", lambda x: x["state"] != "")
        before = {each["entity_id"] for each in await hass.entities(entry_id)}
        assert not [each for each in before if "chamber" in each or "_a_" in each]
        await octoprint.request(
            "POST", "/api/printer/command", json={"command": REPORT}
        )
        await hass.wait_for("sensor.voron_chamber_temperature", "31.5")
        new = {
            each["entity_id"]: each["disabled_by"]
            for each in await hass.entities(entry_id)
            if each["entity_id"] not in before
        }
        assert new == {
            "sensor.voron_chamber_temperature": None,
            "sensor.voron_sensor_a_temperature": "integration",
            "sensor.voron_sensor_p_temperature": "integration",
        }
        assert complaints(hass) == []
