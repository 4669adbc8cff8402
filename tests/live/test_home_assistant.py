"""Tests of a printer in a real Home Assistant."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from custom_components.octoprint_plus.const import APP_NAME, DOMAIN
from scripts.lab import HomeAssistant, OctoPrintOptions, OctoPrintServer, RequestError
from scripts.lab.integration import add_printer
from scripts.lab.octoprint_config import OPERATOR_KEY
from scripts.lab.sample_print import sample_print

from .conftest import UUID, complaints
from .matrix import VENVS

pytestmark = pytest.mark.live

# The harness's version and the newest release.

FILE = "Größe 1.gcode"


def time_of(state: dict[str, Any]) -> datetime:
    """Return the time that a timestamp sensor shows."""
    return datetime.fromisoformat(state["state"])


async def press(hass: HomeAssistant, entity_id: str) -> None:
    """Press a button."""
    await hass.call("button", "press", {"entity_id": entity_id})


@pytest.mark.parametrize("venv", ["test", "home-assistant"])
async def test_main_job(tmp_path: Path, octoprint: OctoPrintServer, venv: str) -> None:
    """Test setting up, heating, a whole print, its end, and the actions."""
    async with HomeAssistant(tmp_path / "hass", venv=venv) as hass:
        entry_id = await add_printer(hass, octoprint, approve=True)

        # The device and its entities.
        [device] = [
            each for each in await hass.devices() if entry_id in each["config_entries"]
        ]
        assert (device["name"], device["model"]) == ("Voron", "Virtual printer")
        assert device["sw_version"] == "1.11.8"
        assert device["configuration_url"] == octoprint.url
        for entity in await hass.entities(entry_id):
            assert entity["unique_id"].startswith(UUID), entity
        assert (await hass.wait_for("sensor.voron_state", "operational"))["attributes"][
            "friendly_name"
        ] == "Voron State"

        # The heaters.
        tool = await hass.wait_for("climate.voron_tool", "off")
        assert tool["attributes"]["preset_modes"] == ["PLA", "PETG"]
        assert tool["attributes"]["max_temp"] == 300
        await hass.call(
            "climate",
            "set_preset_mode",
            {"entity_id": "climate.voron_tool", "preset_mode": "PETG"},
        )
        tool = await hass.wait_for("climate.voron_tool", "heat")
        assert tool["attributes"]["temperature"] == 240
        assert tool["attributes"]["hvac_action"] == "heating"
        assert tool["attributes"]["preset_mode"] == "PETG"

        async def is_heating() -> bool:
            printer = await octoprint.request("GET", "/api/printer")
            return bool(printer["temperature"]["tool0"]["target"] == 240)

        await until(is_heating)
        await hass.call(
            "climate",
            "set_hvac_mode",
            {"entity_id": "climate.voron_tool", "hvac_mode": "off"},
        )
        await hass.wait_for("climate.voron_tool", "off")
        with pytest.raises(RequestError, match="999"):
            await hass.call(
                "climate",
                "set_temperature",
                {"entity_id": "climate.voron_tool", "temperature": 999},
            )

        # The actions, and what they refuse.
        await hass.call(DOMAIN, "send_gcode", {"commands": "M104 S50\nM140 S40 ; bed"})
        await hass.wait_for(
            "climate.voron_bed", lambda x: x["attributes"]["temperature"] == 40
        )
        await hass.call(DOMAIN, "home", {"axes": ["x", "y"]})
        await hass.call(DOMAIN, "jog", {"x": 10, "device_id": device["id"]})
        await hass.call(DOMAIN, "extrude", {"amount": 3})
        with pytest.raises(RequestError, match=r"Voron has no file nothing\.gcode"):
            await hass.call(DOMAIN, "print_file", {"path": "nothing.gcode"})
        await octoprint.upload(FILE, sample_print(25), path="Töpfe und Co")
        answer = await hass.call(DOMAIN, "list_files", return_response=True)
        [folder] = answer["files"]
        [file] = folder["children"]
        assert file["path"] == f"Töpfe und Co/{FILE}"

        # A whole print, paused and resumed.
        before = datetime.now(UTC)
        await hass.call(DOMAIN, "print_file", {"path": file["path"]})
        await hass.wait_for("sensor.voron_state", "printing")
        await hass.wait_for("sensor.voron_file", FILE)
        started = await hass.wait_for("sensor.voron_start_time", is_known)
        assert abs(time_of(started) - before) < timedelta(seconds=60)
        await hass.wait_for("sensor.voron_finish_time", is_known)
        await hass.wait_for("sensor.voron_progress", is_known)
        with pytest.raises(RequestError, match="busy"):
            await hass.call(DOMAIN, "home")
        with pytest.raises(RequestError, match="Cancel the print first"):
            await hass.call(
                "switch",
                "turn_off",
                {"entity_id": "switch.voron_printer_connection"},
            )
        await hass.wait_for("button.voron_home_all_axes", "unavailable")
        await press(hass, "button.voron_pause_print")
        await hass.wait_for("sensor.voron_state", "paused")
        await hass.wait_for("binary_sensor.voron_paused", "on")
        assert is_known(await hass.state("sensor.voron_finish_time") or {})
        await press(hass, "button.voron_resume_print")
        await hass.wait_for("binary_sensor.voron_printing", "on")
        await hass.wait_for("sensor.voron_state", "operational", timeout=180)
        await hass.wait_for("sensor.voron_last_print_result", "done")
        await hass.wait_for("sensor.voron_last_print", FILE)
        await hass.wait_for(
            "sensor.voron_start_time", lambda x: x["state"] != started["state"]
        )

        # Another one, cancelled.
        await press(hass, "button.voron_start_print")
        await hass.wait_for("sensor.voron_state", "printing")
        await press(hass, "button.voron_cancel_print")
        await hass.wait_for("sensor.voron_last_print_result", "cancelled")

        # Diagnostics, without secrets.
        diagnostics = str(await hass.get(f"diagnostics/config_entry/{entry_id}"))
        answer = await octoprint.request(
            "GET", f"/api/plugin/appkeys?app={quote(APP_NAME)}"
        )
        key = answer["key"]["api_key"]
        assert key
        assert "operational" in diagnostics
        assert key not in diagnostics
        assert key not in hass.log()
        assert complaints(hass) == []


def is_known(state: Any) -> bool:
    """Return whether an entity shows a value."""
    return state.get("state") not in (None, "unknown", "unavailable")


@pytest.mark.parametrize("venv", VENVS)
async def test_away_and_back(
    tmp_path: Path, octoprint: OctoPrintServer, venv: str
) -> None:
    """Test printer and server going away and coming back, and restarts of both."""
    async with HomeAssistant(tmp_path / "hass", venv=venv) as hass:
        entry_id = await add_printer(hass, octoprint)
        await hass.wait_for("climate.voron_tool", "off")

        # The printer.
        switch = {"entity_id": "switch.voron_printer_connection"}
        await hass.call("switch", "turn_off", switch)
        await hass.wait_for("sensor.voron_state", "offline")
        await hass.wait_for("climate.voron_tool", "unavailable")
        await hass.wait_for("binary_sensor.voron_printer_connected", "off")
        await hass.call("switch", "turn_on", switch)
        await hass.wait_for("sensor.voron_state", "operational")
        await hass.wait_for("climate.voron_tool", "off")

        # A tool that was not there before, without a reload.
        assert await hass.state("climate.voron_tool_1") is None
        await hass.call("switch", "turn_off", switch)
        await hass.wait_for("sensor.voron_state", "offline")
        await octoprint.request(
            "POST",
            "/api/settings",
            json={"plugins": {"virtual_printer": {"numExtruders": 2}}},
        )
        extruder = {"count": 2, "offsets": [[0, 0], [25, 0]]}
        await octoprint.request(
            "PATCH",
            "/api/printerprofiles/_default",
            json={"profile": {"extruder": extruder}},
        )
        await hass.call("switch", "turn_on", switch)
        await hass.wait_for("climate.voron_tool_1", "off")

        # A firmware error, and connecting again.
        await octoprint.debug("trigger_fatal_error_marlin")
        await hass.wait_for("binary_sensor.voron_problem", "on")
        error = await hass.wait_for(
            "sensor.voron_error", lambda x: "Thermal Runaway" in x["state"]
        )
        assert error["attributes"]["reason"] == "firmware"
        assert error["attributes"]["faq_url"].endswith("/firmware-thermal-runaway")
        # Until then to connect does nothing.
        await octoprint.wait_state("Offline after error")
        await hass.call("switch", "turn_on", switch)
        await hass.wait_for("binary_sensor.voron_problem", "off")

        # The server.
        await octoprint.stop()
        await hass.wait_for("sensor.voron_state", "unavailable")
        await hass.wait_for(switch["entity_id"], "unavailable")
        await octoprint.start()
        await hass.wait_for("sensor.voron_state", "operational")

        # Home Assistant restarts while a print ends.
        began = datetime.now(UTC)
        await octoprint.upload("Pot.gcode", sample_print(15), print_=True)
        await hass.wait_for("sensor.voron_state", "printing")
        await hass.stop()
        await octoprint.wait_state("Operational", timeout=180)
        ended = datetime.now(UTC)
        await octoprint.stop()
        await hass.start()
        await hass.wait_entry(entry_id, "setup_retry")
        await octoprint.start()
        await hass.wait_for("sensor.voron_last_print_result", "done", timeout=180)
        end = await hass.wait_for("sensor.voron_last_print_end", is_known)
        # Not when Home Assistant or the server was back.
        assert began < time_of(end) < ended + timedelta(seconds=1)

        # One line each way for the server, none for the printer.
        lines = complaints(hass)
        assert len(lines) == 1, lines
        assert "Error fetching Voron data" in lines[0]
        assert hass.log().count("Fetching Voron data recovered") == 1


@pytest.mark.parametrize("venv", VENVS)
async def test_key_revoked(
    tmp_path: Path, octoprint: OctoPrintServer, venv: str
) -> None:
    """Test that a revoked key asks for another, which brings everything back."""
    async with HomeAssistant(tmp_path / "hass", venv=venv) as hass:
        entry_id = await add_printer(hass, octoprint, approve=True)
        await octoprint.revoke_app_key(APP_NAME)
        # The socket goes on talking, so what notices it is a poll, or a command.
        state = {"entity_id": "sensor.voron_state"}
        await hass.call("homeassistant", "update_entity", state)
        await hass.wait_for("sensor.voron_state", "unavailable")

        async def has_flow() -> list[dict[str, Any]]:
            return [
                flow
                for flow in await hass.flows()
                if flow["handler"] == DOMAIN and flow["context"]["source"] == "reauth"
            ]

        [flow] = await until(has_flow)
        step = await hass.flow_step(flow["flow_id"], {"next_step_id": "api_key"})
        step = await hass.flow_step(flow["flow_id"], {"api_key": "x" * 32})
        assert step["errors"] == {"api_key": "invalid_auth"}
        step = await hass.flow_step(flow["flow_id"], {"api_key": OPERATOR_KEY})
        assert step["reason"] == "reauth_successful"
        await hass.wait_entry(entry_id)
        await hass.wait_for("sensor.voron_state", "operational")


async def until(check: Callable[[], Awaitable[Any]]) -> Any:
    """Wait until a check returns something, and return that."""
    async with asyncio.timeout(60):
        while not (found := await check()):
            await asyncio.sleep(0.2)
    return found


@pytest.mark.parametrize("venv", VENVS)
async def test_two_printers(
    tmp_path: Path, octoprint: OctoPrintServer, venv: str
) -> None:
    """Test two printers of two versions at once, and that actions ask which."""
    options = OctoPrintOptions(name="Ender", chamber=True, extruders=2)
    other = OctoPrintServer(tmp_path / "other", version="1.9.3", options=options)
    async with other, HomeAssistant(tmp_path / "hass", venv=venv) as hass:
        await add_printer(hass, octoprint)
        await add_printer(hass, other, approve=True)
        await hass.wait_for("climate.voron_tool", "off")
        await hass.wait_for("climate.ender_tool_1", "off")
        await hass.wait_for("climate.ender_chamber", "off")
        await hass.call(
            "climate",
            "set_temperature",
            {"entity_id": "climate.ender_tool_1", "temperature": 45},
        )
        await hass.wait_for("climate.ender_tool_1", "heat")
        with pytest.raises(RequestError, match="Ender, Voron"):
            await hass.call(DOMAIN, "send_gcode", {"commands": "M105"})
        await other.upload("Ring.gcode", sample_print(60), print_=True)
        await hass.wait_for("sensor.ender_state", "printing")
        assert (await hass.state("sensor.voron_state") or {})["state"] == "operational"
        await press(hass, "button.ender_cancel_print")
        await hass.wait_for("sensor.ender_last_print_result", "cancelled")
        await hass.wait_for("sensor.ender_state", "operational")
        await other.revoke_app_key(APP_NAME)
        with pytest.raises(RequestError, match="does not accept the API key"):
            await press(hass, "button.ender_home_all_axes")
        await hass.wait_for("sensor.ender_state", "unavailable")
        assert (await hass.state("sensor.voron_state") or {})["state"] == "operational"
