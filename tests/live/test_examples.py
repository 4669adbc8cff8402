"""Tests that every example of the documentation does what it says, on real servers.

Each YAML block is run as it stands there, but for the device id, the folder for media
and the serial port, which differ in each home. Actions run as in the developer tools,
scripts and automations as their editors save them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
import os
from pathlib import Path
import re
from typing import Any

import pytest
import yaml

from custom_components.octoprint_plus.const import DOMAIN
from scripts.lab import HomeAssistant, OctoPrintOptions, OctoPrintServer, RequestError
from scripts.lab.home_assistant_config import CONFIGURATION
from scripts.lab.integration import add_printer
from scripts.lab.octoprint_config import ADMIN_KEY
from scripts.lab.sample_print import sample_print

from .conftest import UUID, complaints
from .examples import Example, differences, read_examples
from .home import shows
from .record import watching

pytestmark = pytest.mark.live

SPIRAL = "vases/spiral.gcode"
CUBE = "calibration cube.gcode"
NEWEST = "calibration/first.gcode"
FILM = "vase_20261120180411.mp4"
IMAGES = "vase_20261121024859"

CONNECTION = {"entity_id": "switch.voron_printer_connection"}
PLUG = {"entity_id": "switch.printer_plug"}
POWER = {"entity_id": "switch.voron_power_supply"}

# The last argument is where the film is to be.
FFMPEG = '#!/bin/sh\nfor last; do :; done\necho film > "$last"\n'

CONTROL = {
    "name": "Load",
    "commands": ["M83", "G1 E%(length)d F300"],
    "input": [{"name": "Length", "parameter": "length", "default": 20}],
}

# The plug of the example is nobody's, so it is one that switches nothing.
HOME = """
automation: !include automations.yaml
script: !include scripts.yaml
template:
  - switch:
      - name: Printer plug
        turn_on: []
        turn_off: []
homeassistant:
  media_dirs:
    local: {media}
"""


def options(folder: Path) -> OctoPrintOptions:
    """Return an OctoPrint that has all that the examples need."""
    ffmpeg = folder / "ffmpeg"
    ffmpeg.write_text(FFMPEG, encoding="utf-8")
    ffmpeg.chmod(0o755)
    webcam = "http://127.0.0.1:9/"
    return OctoPrintOptions(
        name="Voron",
        upnp_uuid=UUID,
        stand_ins=(
            "SpoolManager",
            "bedlevelvisualizer",
            "cancelobject",
            "labslicer",
            "octolapse",
            "psucontrol",
        ),
        settings={
            "controls": [{"name": "Filament", "children": [CONTROL]}],
            "plugins": {
                "bedlevelvisualizer": {"command": "G28\nG29 T\n"},
                "classicwebcam": {
                    "_config_version": 1,
                    "snapshot": webcam,
                    "stream": webcam,
                },
                "psucontrol": {"sensePollingInterval": 1},
            },
            "server": {
                "commands": {"serverRestartCommand": f"touch {folder}/restarted"}
            },
            "webcam": {"ffmpeg": str(ffmpeg), "timelapseEnabled": True},
        },
    )


def prepare(base: Path, config: Path, media: Path) -> None:
    """Lay the files that the examples name."""
    cube = "; printing object benchy.stl_id_0_copy_0\nG1 X20 E1 F6000\n"
    short = sample_print(60, nozzle=25, bed=25)
    files = {
        base / "uploads" / CUBE: cube,
        base / "uploads/calibration/second.gcode": short,
        base / "uploads" / NEWEST: short,
        base / "uploads/vases/spiral.stl": "solid x\nendsolid x\n",
        base / "slicingProfiles/labslicer/fine.profile": "",
        base / "timelapse" / FILM: "film",
        base / "timelapse" / f"{FILM}.thumb.jpg": "jpg",
        base / f"timelapse/tmp/{IMAGES}-0.jpg": "jpg",
        base / f"timelapse/tmp/{IMAGES}-1.jpg": "jpg",
        # Hot enough to have to cool, and no hotter, as that takes time.
        media / "spiral.gcode": sample_print(6, nozzle=65, bed=25),
        config / "automations.yaml": "[]\n",
        config / "scripts.yaml": "{}\n",
    }
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    older = base / "uploads/calibration/second.gcode"
    os.utime(older, (older.stat().st_atime, older.stat().st_mtime - 3600))


async def until(check: Callable[[], Awaitable[object]]) -> None:
    """Wait until an asynchronous check is true."""
    async with asyncio.timeout(60):
        while not await check():
            await asyncio.sleep(0.1)


def is_known(state: Mapping[str, Any]) -> bool:
    """Return whether an entity shows a value."""
    return state["state"] not in ("unavailable", "unknown")


@dataclass
class Lab:
    """Both servers, and the examples that have not been run yet."""

    hass: HomeAssistant
    octoprint: OctoPrintServer
    examples: list[Example]
    _seen: int = field(default=0, init=False)

    def take(self, heading: str) -> Example:
        """Return the next example below a heading."""
        example = next(each for each in self.examples if each.heading == heading)
        self.examples.remove(example)
        return example

    async def act(self, heading: str, *unknown: str) -> Any:
        """Run an action, compare what it returns with the documentation, and return it."""
        example = self.take(heading)
        steps = [example.content]
        if variable := example.content.get("response_variable"):
            steps.append({"stop": "It is done", "response_variable": variable})
        answer = await self.hass.ws("execute_script", sequence=steps)
        response = answer["response"]
        if example.response is not None:
            assert list(differences(response, example.response, unknown)) == []
        return response

    async def save(self, heading: str, kind: str) -> str:
        """Save an automation or a script, and return its entity id."""
        content = self.take(heading).content
        slug = re.sub(r"\W+", "_", content["alias"].lower())
        await self.hass.post(f"config/{kind}/config/{slug}", content)
        entity_id = f"{kind}.{slug}"
        await self.hass.wait_for(entity_id, "on" if kind == "automation" else "off")
        return entity_id

    async def script(self, heading: str) -> str:
        """Start a script, and return its entity id."""
        entity_id = await self.save(heading, "script")
        await self.switch("on", {"entity_id": entity_id})
        return entity_id

    async def automate(self, heading: str) -> str:
        """Have an automation, and return its entity id."""
        return await self.save(heading, "automation")

    async def switch(self, to: str, target: dict[str, str]) -> None:
        """Switch something on or off."""
        domain = target["entity_id"].partition(".")[0]
        await self.hass.call(domain, f"turn_{to}", target)

    async def connect(self) -> None:
        """Connect the printer by the switch."""
        await self.switch("on", CONNECTION)
        await self.hass.wait_for("sensor.voron_state", "operational")

    async def told(self, title: str, message: str) -> None:
        """Wait until people are told something, by a pattern."""
        found: list[tuple[str, str]] = []

        async def check() -> bool:
            found[:] = [
                (each["title"], each["message"])
                for each in await self.hass.ws("persistent_notification/get")
            ]
            return any(
                each[0] == title and re.fullmatch(message, each[1]) for each in found
            )

        try:
            await until(check)
        except TimeoutError:
            pytest.fail(f"nobody is told {message!r}, but {found}")

    def _lines(self) -> list[str]:
        """Return all that was sent to the printer, without numbers and checksums.

        The log has each line once for every connection that there was.
        """
        log = self.octoprint.folder / "logs/plugin_virtual_printer_serial.log"
        lines = [
            line
            for line in log.read_text(encoding="utf-8").splitlines()
            if " <<< " in line
        ]
        return [
            re.sub(r"^N\d+ |\*\d+$", "", line.partition(" <<< ")[2])
            for line, _ in groupby(lines)
        ]

    async def sent(self, *patterns: str) -> None:
        """Wait until the printer was sent lines, in this order and after those before."""
        for pattern in patterns:

            async def check(pattern: str = pattern) -> bool:
                for at, line in enumerate(self._lines()[self._seen :], self._seen):
                    if re.fullmatch(pattern, line):
                        self._seen = at + 1
                        return True
                return False

            try:
                await until(check)
            except TimeoutError:
                pytest.fail(f"{pattern!r} was not sent")

    async def targets(self, tool: int, bed: int) -> None:
        """Wait until OctoPrint has these targets."""

        async def check() -> bool:
            printer = await self.octoprint.request("GET", "/api/printer")
            heaters = printer["temperature"]
            found = (heaters["tool0"]["target"], heaters["bed"]["target"])
            return found == (tool, bed)

        await until(check)

    async def prints(self, path: str) -> None:
        """Wait until OctoPrint prints a file."""

        async def check() -> bool:
            job = await self.octoprint.request("GET", "/api/job")
            return (job["state"], job["job"]["file"]["path"]) == ("Printing", path)

        await until(check)

    async def cancel(self) -> None:
        """Cancel the print at OctoPrint."""
        await self.octoprint.request("POST", "/api/job", json={"command": "cancel"})
        await self.octoprint.wait_state("Operational")
        await self.hass.wait_for("sensor.voron_state", "operational")

    async def has(self, path: str) -> bool:
        """Return whether OctoPrint has a file or folder."""
        try:
            await self.octoprint.request("GET", f"/api/files/local/{path}")
        except RequestError as err:
            if err.status != 404:
                raise
            return False
        return True


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({"a": 1.5, "b": "x", "c": [{"d": 1}, {"e": True}]}, []),
        ({"a": None, "b": {}, "c": [{"e": False}]}, []),
        (
            {"a": "1", "c": [{"d": 1}, {"d": True}], "f": 1},
            [
                ".a: '1' and not a number",
                ".b: only documented",
                ".c.d: True and not a number",
                ".f: only returned",
            ],
        ),
        ({"a": 1, "b": None, "c": []}, [".c: nothing to compare"]),
        (None, [": None and not a object"]),
    ],
)
def test_differences(found: Any, expected: list[str]) -> None:
    """Test what counts as made as documented."""
    documented = {"a": 1, "b": None, "c": [{"d": 2}, {"e": True}]}
    assert sorted(differences(found, documented, {"a"})) == expected


async def test_examples(tmp_path: Path) -> None:
    """Test every example once, and that none is left."""
    base, config = tmp_path / "octoprint", tmp_path / "hass"
    media = config / "media"
    prepare(base, config, media)
    async with (
        OctoPrintServer(base, options=options(tmp_path)) as octoprint,
        HomeAssistant(config, configuration=HOME.format(media=media)) as hass,
    ):
        entry_id = await add_printer(hass, octoprint)
        await hass.wait_for("sensor.voron_state", "operational")
        [device_id] = [
            device["id"]
            for device in await hass.devices()
            if entry_id in device["config_entries"]
        ]
        replaced = {
            "0123456789abcdef0123456789abcdef": device_id,
            "/media/": f"{media}/",
            "/dev/ttyUSB0": "VIRTUAL",
        }
        lab = Lab(hass, octoprint, read_examples(replaced))
        await check_slicing(lab)
        await check_end_of_print(lab)
        await check_connection(lab)
        # While the tool is cold, as the power is not cut else.
        await check_plugins(lab)
        await check_files(lab)
        await check_cancelled_prints(lab)
        await check_objects(lab)
        await check_gcode(lab)
        await check_heaters(lab)
        # The tool gets hot meanwhile.
        await check_server(lab, tmp_path)
        await check_disk(lab)
        await check_timelapse(lab)
        await check_filament(lab)
        await check_emergency_stop(lab)
        await check_tools(lab)
        check_log(lab)
        assert [each.heading for each in lab.examples] == []
        assert complaints(hass) == []


async def check_slicing(lab: Lab) -> None:
    """Check that a model becomes G-code, and that it can be deleted."""
    await lab.act("Slice a file")
    await until(lambda: lab.has(SPIRAL))
    [example] = [each for each in lab.examples if each.heading == "Delete a file"]

    async def is_deleted() -> bool:
        # OctoPrint holds the file a moment longer, for which the action is refused.
        with suppress(RequestError):
            await lab.act("Delete a file")
            return True
        lab.examples.append(example)
        return False

    await until(is_deleted)
    assert not await lab.has(SPIRAL)
    # The documented list has nothing but the G-code.
    await lab.octoprint.request("DELETE", "/api/files/local/vases/spiral.stl")


async def check_end_of_print(lab: Lab) -> None:
    """Check an upload that is printed, and what automations do during it and after it."""
    hass = lab.hass
    await lab.switch("on", PLUG)
    await hass.wait_for(PLUG["entity_id"], "on")
    await lab.automate("Tell me what becomes of a print")
    await lab.automate("Tell me when a print ends")
    off_when_cool = await lab.automate("Switch the printer off when it is cool")
    await lab.act("Upload a file")
    await lab.prints(SPIRAL)
    octolapse = await lab.act("Get Octolapse")
    assert octolapse["timelapse_active"] is True
    await lab.octoprint.gcode("M226", "M701")
    await lab.told("Voron", "waiting")
    await lab.told("Voron", "filament change")
    async with watching(hass) as shown:
        await lab.told("Voron", r"finished: spiral\.gcode")
        await lab.told("spiral.gcode", "done after [01] minutes")
        await shown.wait_for(shows(PLUG["entity_id"], "off"))
    at = [x.entity_id for x in shown.after()].index(PLUG["entity_id"])
    temperatures = [
        float(x.state)
        for x in shown.after()[:at]
        if x.entity_id == "sensor.voron_tool_temperature"
        and x.state not in ("unavailable", "unknown")
    ]
    # When the print ended it was not cool yet.
    assert temperatures[-1] < 50
    await hass.wait_for(CONNECTION["entity_id"], "off")
    await hass.wait_for("sensor.voron_state", "offline")
    await lab.switch("off", {"entity_id": off_when_cool})


async def check_connection(lab: Lab) -> None:
    """Check connecting with a baud rate, and disconnecting."""
    await lab.act("Connect the printer")
    await lab.hass.wait_for("sensor.voron_baud_rate", "250000")
    await lab.hass.wait_for("sensor.voron_state", "operational")
    await lab.act("Disconnect the printer")
    await lab.hass.wait_for("sensor.voron_state", "offline")
    await lab.connect()


async def check_files(lab: Lab) -> None:
    """Check what is told of files, and copies."""
    await lab.act("Analyse a file")

    async def is_analysed() -> bool:
        file = await lab.octoprint.request("GET", f"/api/files/local/{SPIRAL}")
        return "dimensions" in file.get("gcodeAnalysis", {})

    await until(is_analysed)
    listed = (await lab.act("List files"))["files"]
    assert [each["path"] for each in listed] == [SPIRAL]
    assert listed[0]["prints"]["success"] == 1
    assert await lab.act("Get a file") == listed[0]
    await lab.act("Create a folder")
    await lab.act("Copy a file")
    assert await lab.has("archive/spiral 2026.gcode")
    await lab.act("From the media browser")
    assert await lab.has("spiral.gcode")


async def check_cancelled_prints(lab: Lab) -> None:
    """Check prints of a file, which are cancelled, and that a file is moved."""
    for heading in ("Print a file", "Actions"):
        await lab.act(heading)
        await lab.prints(SPIRAL)
        await lab.cancel()
    await lab.told("spiral.gcode", "cancelled after [01] minutes")
    await lab.act("Move a file")
    assert await lab.has("archive/spiral.gcode")
    assert not await lab.has(SPIRAL)
    await lab.script("Print the newest file of a folder")
    await lab.prints(NEWEST)
    await lab.cancel()


async def check_objects(lab: Lab) -> None:
    """Check selecting a file, and the objects in it."""
    await lab.act("Select a file")
    await lab.hass.wait_for("sensor.voron_file", CUBE)

    async def objects() -> list[dict[str, Any]]:
        answer = await lab.octoprint.request(
            "POST", "/api/plugin/cancelobject", json={"command": "objlist"}
        )
        found: list[dict[str, Any]] = answer["list"]
        return found

    await until(objects)
    [found] = (await lab.act("List objects"))["objects"]
    assert not found["cancelled"]
    await lab.act("Cancel an object")
    assert [each["cancelled"] for each in await objects()] == [True]
    await lab.act("Unselect the file")
    await lab.hass.wait_for("sensor.voron_file", "unknown")


async def check_gcode(lab: Lab) -> None:
    """Check what is sent to the printer.

    No acknowledgement is lost, so the one that is made up is only seen to do no harm.
    """
    await lab.act("Send G-code")
    await lab.sent("M117 Dinner is ready", "M300 S440 P200")
    await lab.act("Notify")
    await lab.sent("M117 Dinner is ready")
    await lab.act("Move the print head")
    await lab.sent("G91", r"G0 Z50(\.0)? F600(\.0)?", "G90")
    await lab.act("Home")
    await lab.sent("G28 X0 Y0")
    await lab.act("Extrude filament")
    await lab.sent(r"G1 E-40(\.0)? F240")
    await lab.act("Run a custom control")
    await lab.sent("M83", "G1 E50 F300")
    await lab.act("The answer of the printer")
    await lab.act("Fake an acknowledgement")
    await lab.octoprint.gcode("M117 It goes on")
    await lab.sent("M117 It goes on")


async def check_plugins(lab: Lab) -> None:
    """Check what belongs to plugins."""
    hass = lab.hass
    await lab.switch("on", POWER)
    await hass.wait_for(POWER["entity_id"], "on")
    answer = await lab.act("Command a plugin")
    assert answer == {"answer": {"isPSUOn": True}}
    # The power is cut where the nozzle is known to be cool.
    await hass.wait_for("sensor.voron_tool_temperature", is_known)
    await lab.act("Turn off the power supply")
    await hass.wait_for(POWER["entity_id"], "off")
    await hass.call("button", "press", {"entity_id": "button.voron_measure_bed_mesh"})
    await hass.wait_for(
        "sensor.voron_bed_mesh_range", lambda x: x["state"] != "unknown"
    )
    await lab.act("Get the bed mesh")
    await lab.act("Select a spool")
    unknown = ("used_weight", "remaining_length", "tools")
    spools = (await lab.act("List spools", *unknown))["spools"]
    assert [(each["id"], each["tools"]) for each in spools] == [(1, []), (2, [0])]


async def check_heaters(lab: Lab) -> None:
    """Check heating by G-code, cooling by a script, and a preset."""
    await lab.act("Send G-code")
    await lab.targets(210, 60)
    await lab.act("Run a G-code script")
    await lab.targets(0, 0)
    await lab.script("Preheat with a preset")
    await lab.targets(210, 60)


async def check_server(lab: Lab, folder: Path) -> None:
    """Check settings, profiles and a restart, for which a file is made here instead."""
    await lab.act("Get settings")
    await lab.act("Update settings")
    settings = await lab.octoprint.request("GET", "/api/settings")
    assert settings["appearance"]["color"] == "blue"
    assert settings["scripts"]["gcode"]["afterPrinterConnected"] == "M117 Hello"
    await lab.act("List printer profiles")
    await lab.act("Run a system command")

    async def is_restarted() -> bool:
        return (folder / "restarted").exists()

    await until(is_restarted)


async def check_disk(lab: Lab) -> None:
    """Check the alarm on a full disk; no disk is filled, so Home Assistant is told so."""
    await lab.automate("Tell me when the disk is nearly full")
    entity_id = "sensor.voron_free_space"
    space = await lab.hass.wait_for(entity_id, lambda x: float(x["state"]) > 0)
    for value in ("5", "0.4"):
        await lab.hass.post(
            f"states/{entity_id}", {"state": value, "attributes": space["attributes"]}
        )
    await lab.told("OctoPrint's disk is nearly full", r"0\.4 GB are left\.")


async def check_filament(lab: Lab) -> None:
    """Check a change of filament in a print, which a fault of the printer ends then."""
    await lab.automate("Alarm on a problem")
    gcode = sample_print(60, nozzle=210, bed=60)
    await lab.octoprint.upload("bowl.gcode", gcode, print_=True)
    await lab.hass.wait_for("sensor.voron_state", "printing")
    script = await lab.script("Load and unload filament")
    await lab.sent(*[r"G1 E-25(\.0)? F300"] * 4)
    await lab.hass.wait_for(script, "off")
    await lab.hass.wait_for("sensor.voron_state", "paused")
    await lab.octoprint.debug("trigger_fatal_error_marlin")
    await lab.told("Printer has a problem", ".*Thermal Runaway.*")
    await lab.told("Voron", r"failed: bowl\.gcode \(.*Thermal Runaway.*\)")
    await lab.told("bowl.gcode", "failed after [01] minutes")


async def check_emergency_stop(lab: Lab) -> None:
    """Check that the printer is halted."""
    await lab.connect()
    # Of the settings that were updated.
    await lab.sent("M117 Hello")
    await lab.act("Emergency stop")
    await lab.hass.wait_for("sensor.voron_state", "offline_after_error")
    await lab.sent("M112")


async def check_timelapse(lab: Lab) -> None:
    """Check how prints are recorded, and films; a stand-in for FFmpeg renders them."""
    await lab.act("Set the timelapse")
    found = await lab.act("List timelapses")
    assert [found["config"][key] for key in ("type", "interval", "fps")] == [
        "timed",
        10,
        25,
    ]
    await lab.act("Render a timelapse")

    async def films() -> list[str]:
        answer = await lab.octoprint.request("GET", "/api/timelapse?unrendered=true")
        return sorted(each["name"] for each in answer["files"])

    async def is_rendered() -> bool:
        return await films() == [FILM, f"{IMAGES}.mp4"]

    await until(is_rendered)
    await lab.act("Delete a timelapse")
    assert await films() == [f"{IMAGES}.mp4"]
    # There is no webcam that the next print could be recorded with.
    await lab.octoprint.request("POST", "/api/timelapse", json={"type": "off"})


async def check_tools(lab: Lab) -> None:
    """Check selecting a tool, of a printer that gets a second one for that."""
    await lab.octoprint.request(
        "POST",
        "/api/settings",
        json={"plugins": {"virtual_printer": {"numExtruders": 2}}},
    )
    extruder = {"count": 2, "offsets": [[0.0, 0.0], [25.0, 0.0]]}
    await lab.octoprint.request(
        "PATCH",
        "/api/printerprofiles/_default",
        json={"profile": {"extruder": extruder}},
    )
    # OctoPrint takes up a changed profile where it is named.
    await lab.hass.call(DOMAIN, "connect", {"profile": "_default"})
    await lab.hass.wait_for("sensor.voron_state", "operational")
    await lab.hass.wait_for(
        "select.voron_active_tool", lambda x: x["state"] != "unavailable"
    )
    await lab.act("Select a tool")
    await lab.sent("T1")


def check_log(lab: Lab) -> None:
    """Check the debug log, which every Home Assistant of the lab is started with.

    No automation and no script has failed.
    """
    logger = lab.take("Debug log and diagnostics").content["logger"]
    assert yaml.safe_load(CONFIGURATION)["logger"]["logs"] == logger["logs"]
    log = lab.hass.log()
    assert f"DEBUG (MainThread) [custom_components.{DOMAIN}" in log
    assert ADMIN_KEY not in log
    for component in ("automation", "script"):
        assert f"[homeassistant.components.{component}" not in log
