"""Tests of texts and answers on a real OctoPrint whose printer is as strict as old ones."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
import re
from time import monotonic

import pytest

from custom_components.octoprint_plus.const import DOMAIN
from scripts.lab import HomeAssistant, OctoPrintOptions, OctoPrintServer, RequestError
from scripts.lab.integration import add_printer
from scripts.lab.sample_print import sample_print

from .conftest import UUID, complaints

pytestmark = pytest.mark.live

STATE = "sensor.voron_state"

OPTIONS = OctoPrintOptions(
    name="Voron",
    upnp_uuid=UUID,
    stand_ins=("strictfirmware",),
    system_actions=(
        {"action": "nap", "name": "Nap", "command": "sleep 14"},
        {"action": "long", "name": "Long", "command": "sleep 1"},
    ),
    settings={"serial": {"alwaysSendChecksum": True}},
)

TEXTS = {
    "*** Ring ***": "M117 ### Ring ###",
    "Ready at 14:30": "M117 Ready at 14.30",
    "Größe \u2013 „fünf“; M112": "M117 Groesse - 'fuenf', m112",
    "a\nM104 S99": "M117 a m104 S99",
}


async def connect(hass: HomeAssistant) -> None:
    """Connect again, also where OctoPrint is still at giving the connection up."""
    async with asyncio.timeout(180):
        while (await hass.state(STATE) or {})["state"].startswith("offline"):
            await hass.call(
                "switch", "turn_on", {"entity_id": "switch.voron_printer_connection"}
            )
            await asyncio.sleep(0.5)


@pytest.fixture
async def printer(
    tmp_path: Path,
) -> AsyncGenerator[tuple[HomeAssistant, OctoPrintServer]]:
    """Return a Home Assistant with that printer."""
    async with (
        OctoPrintServer(tmp_path / "octoprint", options=OPTIONS) as octoprint,
        HomeAssistant(tmp_path / "hass") as hass,
    ):
        await add_printer(hass, octoprint, approve=True)
        await hass.wait_for(STATE, "operational")
        yield hass, octoprint


def received(octoprint: OctoPrintServer) -> list[str]:
    """Return what the printer was sent, without numbers and checksums."""
    log = octoprint.folder / "logs/plugin_virtual_printer_serial.log"
    return [
        re.sub(r"^N\d+ |\*\d+$", "", line.partition(" <<< ")[2]).strip()
        for line in log.read_text(encoding="utf-8").splitlines()
        if " <<< " in line
    ]


async def start(hass: HomeAssistant, octoprint: OctoPrintServer) -> None:
    """Start a print."""
    await octoprint.upload("long.gcode", sample_print(20))
    await hass.call(DOMAIN, "print_file", {"path": "long.gcode"})
    await hass.wait_for(STATE, "printing")


async def test_texts_in_a_print(
    printer: tuple[HomeAssistant, OctoPrintServer],
) -> None:
    """No text on the display or in a parameter costs a print."""
    hass, octoprint = printer
    await start(hass, octoprint)
    for text in TEXTS:
        display = {"entity_id": "notify.voron_display", "message": text}
        await hass.call("notify", "send_message", display)
        await hass.call(
            DOMAIN,
            "send_gcode",
            {"commands": "M118 %(text)s", "parameters": {"text": text.split("\n")[0]}},
        )
        await hass.call(DOMAIN, "send_gcode", {"commands": f"M117 raw {text[:5]}"})
    for line in ("M118 *** Ring ***", "M118 a\u2028M112", "N5 G28"):
        with pytest.raises(RequestError, match="was not sent"):
            await hass.call(DOMAIN, "send_gcode", {"commands": line})
    await hass.wait_for(STATE, "operational", timeout=180)
    event = await hass.wait_for("event.voron_print", lambda state: True)
    assert event["attributes"]["event_type"] == "finished"
    lines = received(octoprint)
    for line in TEXTS.values():
        assert line in lines
    assert "M117 raw ### R" in lines
    assert complaints(hass) == []

    # What is sent past us does cost one, so the printer is strict indeed.
    await start(hass, octoprint)
    await octoprint.gcode("M117 *** Ring ***")
    await hass.wait_for(STATE, lambda state: state["state"] != "printing", timeout=180)
    failed = await hass.wait_for(
        "event.voron_print",
        lambda state: state["attributes"]["event_type"] in ("failed", "cancelled"),
        timeout=180,
    )
    assert failed


async def test_answers(printer: tuple[HomeAssistant, OctoPrintServer]) -> None:
    """Answers come or fail for their own reasons, and long commands run to their end."""
    hass, _ = printer

    async def ask(commands: list[str], timeout: int = 30) -> list[list[str]]:
        data = {"commands": commands, "timeout": timeout}
        response = await hass.call(DOMAIN, "send_gcode", data, return_response=True)
        return [each["lines"] for each in response["answers"]]

    # What the printer reports is in no answer, and what is changed is recognized.
    await ask(["M27 S1"])
    await ask(["M155 S1"])
    answers = await ask(["M118 Größe", "G4 P3000", "M115"])
    for line in (line for lines in answers for line in lines):
        assert not re.match(r"(Not )?SD printing|T:|B:|ok T:", line), answers
    assert any("FIRMWARE_NAME" in line for line in answers[2])

    # Without an answer it ends in time.
    await hass.call(DOMAIN, "send_gcode", {"commands": "!!DEBUG:dont_answer"})
    begun = monotonic()
    with pytest.raises(RequestError, match="has not answered"):
        await ask(["M300"], timeout=4)
    assert monotonic() - begun < 25

    # A system command takes as long as it takes.
    begun = monotonic()
    await hass.call(DOMAIN, "run_system_command", {"source": "custom", "action": "nap"})
    assert monotonic() - begun > 13

    # Halted as was asked.
    for response in (True, False):
        await hass.wait_for(STATE, "operational", timeout=180)
        with pytest.raises(RequestError, match="halted by M112"):
            await hass.call(
                DOMAIN,
                "send_gcode",
                {"commands": ["G28", "M112", "G1 X10"]},
                return_response=response,
            )
        await hass.wait_for(STATE, "offline_after_error", timeout=180)
        await connect(hass)
    await hass.wait_for(STATE, "operational", timeout=180)
    assert complaints(hass) == []
