"""Tests on a real printer that nothing done to the room, or to everything, harms a print."""

import asyncio
from pathlib import Path
import re

import pytest

from scripts.lab import HomeAssistant, OctoPrintOptions, OctoPrintServer, RequestError
from scripts.lab.integration import add_printer
from scripts.lab.sample_print import sample_print
from tests.test_accidents import ACTIONS

from .conftest import UUID
from .matrix import VENVS
from .record import until

pytestmark = pytest.mark.live

# The harness's version and the newest release.

# What OctoPrint sends by itself: it asks for temperatures, and after a pause where the head is.
BY_ITSELF = {"M105"}
AT_PAUSES = {"M110 N0", "M114", "M400"}

SENTENCES = (
    "turn on the fan in the office",
    "turn off the fan in the office",
    "turn off everything in the office",
    "turn on everything in the office",
    "turn everything on",
    "turn everything off",
    "turn off all switches",
    "turn on all the fans",
    "set the temperature in the office to 21",
    "set the temperature to 21",
    "set the office to 21 degrees",
    "what is the temperature in the office",
    "turn on Voron Tool",
    "turn off Voron Bed",
    "turn on Voron",
    "press Voron Cancel print",
    "turn on Voron Emergency stop",
)

FOR_VOICE = {
    "sensor.voron_finish_time",
    "sensor.voron_print_time_left",
    "sensor.voron_progress",
    "sensor.voron_state",
}

STATE = "sensor.voron_state"
CONNECTION = "switch.voron_printer_connection"
SLOW = "button.voron_slow"

WARM = {"temperature": 41}


def lines(server: OctoPrintServer, start: int = 0) -> list[str]:
    """Return what the printer was sent, without numbers, checksums and comments."""
    log = server.folder / "logs/plugin_virtual_printer_serial.log"
    return [
        re.sub(r"^N\d+ |\*\d+$", "", line.partition(" <<< ")[2]).strip()
        for line in log.read_text(encoding="utf-8")[start:].splitlines()
        if " <<< " in line
    ]


def size(server: OctoPrintServer) -> int:
    """Return how long the printer's log is."""
    log = server.folder / "logs/plugin_virtual_printer_serial.log"
    return len(log.read_text(encoding="utf-8"))


async def room(hass: HomeAssistant, entry_id: str) -> list[dict[str, str]]:
    """Put the printer into a labeled room on a floor, and return all ways to mean it."""
    [device] = [
        each for each in await hass.devices() if entry_id in each["config_entries"]
    ]
    floor = await hass.ws("config/floor_registry/create", name="Upstairs")
    label = await hass.ws("config/label_registry/create", name="Workshop")
    quiet = await hass.ws("config/label_registry/create", name="Quiet")
    area = await hass.ws(
        "config/area_registry/create",
        name="Office",
        floor_id=floor["floor_id"],
        labels=[quiet["label_id"]],
    )
    await hass.ws(
        "config/device_registry/update",
        device_id=device["id"],
        area_id=area["area_id"],
        labels=[label["label_id"]],
    )
    return [
        {"device_id": device["id"]},
        {"area_id": area["area_id"]},
        {"floor_id": floor["floor_id"]},
        {"label_id": label["label_id"]},
        {"label_id": quiet["label_id"]},
    ]


async def do_all(hass: HomeAssistant, targets: list[dict[str, str]]) -> None:
    """Do whatever acts to all targets and to everything, and say what means the room."""
    for target in [*targets, {"entity_id": "all"}]:
        for domain, service, data in ACTIONS:
            if domain == "button" and "entity_id" not in target:
                continue
            try:
                await hass.call(domain, service, {**target, **data})
            except RequestError:
                # Home Assistant knows no "turn on all", and no number that fits all.
                assert domain in ("homeassistant", "number"), (domain, service)
                assert target == {"entity_id": "all"}
    for text in SENTENCES:
        answer = await hass.post(
            "conversation/process", {"text": text, "language": "en"}
        )
        assert answer["response"]["response_type"] != "action_done", (text, answer)


@pytest.mark.parametrize("venv", VENVS)
async def test_no_natural_click_harms(tmp_path: Path, venv: str) -> None:
    """Nothing goes over the serial line but what the print itself sends, and it goes on."""
    options = OctoPrintOptions(name="Voron", upnp_uuid=UUID, stand_ins=("psucontrol",))
    async with (
        OctoPrintServer(tmp_path / "octoprint", options=options) as octoprint,
        HomeAssistant(tmp_path / "hass", venv=venv) as hass,
    ):
        entry_id = await add_printer(hass, octoprint)
        targets = await room(hass, entry_id)
        await hass.wait_for(CONNECTION, "on")
        exposed = await hass.ws("homeassistant/expose_entity/list")
        assert {
            entity_id
            for entity_id, assistants in exposed["exposed_entities"].items()
            if assistants.get("conversation") and "voron" in entity_id
        } == FOR_VOICE
        name, gcode = "benchy.gcode", sample_print(900, nozzle=25, bed=25)
        await octoprint.upload(name, gcode, select=True)
        await hass.wait_for("button.voron_start_print", "unknown")

        # Idle, with a file that could be printed and heaters that could be heated again.
        await hass.call(
            "climate", "set_temperature", {"entity_id": "climate.voron_bed"} | WARM
        )
        await hass.wait_for("climate.voron_bed", "heat")
        start = size(octoprint)
        await do_all(hass, targets)
        assert set(lines(octoprint, start)) <= BY_ITSELF
        bed = await hass.state("climate.voron_bed") or {}
        assert bed["attributes"]["temperature"] == WARM["temperature"]
        assert await octoprint.state() == "Operational"

        # In a print.
        start = size(octoprint)
        await hass.call("button", "press", {"entity_id": "button.voron_start_print"})
        await hass.wait_for(STATE, "printing")
        for target in targets:
            # What is left of the buttons pauses and resumes.
            await hass.call("button", "press", target)
            await hass.wait_for(STATE, "paused")
            await hass.call("button", "press", target)
            await hass.wait_for(STATE, "printing")
        await do_all(hass, targets)
        assert await octoprint.state() == "Printing"
        psu = await octoprint.request("GET", "/api/plugin/psucontrol")
        assert psu["isPSUOn"] is False
        own = {line.partition(";")[0].strip() for line in gcode.splitlines()}
        sent = len(lines(octoprint, start))
        await until(lambda: len(lines(octoprint, start)) > sent + 20)
        assert set(lines(octoprint, start)) <= own | BY_ITSELF | AT_PAUSES
        await hass.call("button", "press", {"entity_id": "button.voron_cancel_print"})
        await hass.wait_for("sensor.voron_last_print_result", "cancelled")


@pytest.mark.parametrize("venv", VENVS)
async def test_emergency_stop_waits_for_nothing(tmp_path: Path, venv: str) -> None:
    """M112 reaches the printer while another button's command runs for long."""
    began = tmp_path / "began"
    command = f"touch {began}; sleep 6"
    action = {"action": "slow", "name": "Slow", "command": command}
    options = OctoPrintOptions(name="Voron", upnp_uuid=UUID, system_actions=(action,))
    async with (
        OctoPrintServer(tmp_path / "octoprint", options=options) as octoprint,
        HomeAssistant(tmp_path / "hass", venv=venv) as hass,
    ):
        entry_id = await add_printer(hass, octoprint)
        await hass.wait_for(CONNECTION, "on")
        await hass.ws("config/entity_registry/update", entity_id=SLOW, disabled_by=None)
        await hass.post(f"config/config_entries/entry/{entry_id}/reload", {})
        await hass.wait_for(SLOW, "unknown")
        slow = asyncio.create_task(hass.call("button", "press", {"entity_id": SLOW}))
        await until(began.exists)
        stop = asyncio.create_task(
            hass.call("button", "press", {"entity_id": "button.voron_emergency_stop"})
        )
        await until(lambda: "M112" in lines(octoprint))
        assert not slow.done()
        await stop
        await slow
        await hass.wait_for("binary_sensor.voron_problem", "on")
