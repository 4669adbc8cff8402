"""Tests of OctoPrint's plugins, most of them stand-ins, in a real Home Assistant."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from custom_components.octoprint_plus.const import DOMAIN
from scripts.lab import HomeAssistant, OctoPrintOptions, OctoPrintServer, RequestError
from scripts.lab.integration import add_printer

from .conftest import complaints
from .home import shows
from .plugins.pushed import upload
from .record import watching

pytestmark = pytest.mark.live

PSU = "switch.voron_power_supply"
PROMPT = "select.voron_answer_to_the_printer"
UPDATE = "update.voron_octoprint"
MEASURE = "button.voron_measure_bed_mesh"
SPOOL = "sensor.voron_spool"
FILAMENT = "binary_sensor.voron_filament"
ACTIVE = "sensor.voron_active_object"

# Seconds within which is shown what a plugin pushes, also where a machine stalls; what
# it does not push is read after minutes.
PUSHED = 60

OBJECTS = ("Cube_1 id:0 copy 0", "Cube_2 id:1 copy 0", "Twin", "Skirt")
LAYERS = 40

# Each plugin's own entities, by platform and key.
ENTITIES = {
    ("binary_sensor", "filament_short"),
    ("button", "collect_mesh"),
    ("event", "layer"),
    ("sensor", "active_object"),
    ("sensor", "layer"),
    ("sensor", "mesh_range"),
    ("sensor", "plugin_updates"),
    ("sensor", "tool0_spool"),
    ("sensor", "tool0_spool_remaining"),
    ("sensor", "total_layers"),
    ("switch", "psu"),
    ("update", "octoprint"),
}
SPOOLS = {
    (platform, key) for platform, key in ENTITIES if "spool" in key or "filament" in key
}


def gcode(length: float = 1.3) -> str:
    """Return a file with objects, as Cancel Objects marks them, in layers of 2 seconds."""
    lines = ["M83", "M220 S10", "G28"]
    for layer in range(LAYERS):
        lines.append(f";LAYER:{layer}")
        for name in OBJECTS:
            lines += [f"@Object {name}", "G0 X60 F60000", f"G1 X100 E{length} F4800"]
    return "\n".join([*lines, "M220 S100", ""])


async def until(check: Callable[[], Awaitable[object]]) -> None:
    """Wait until an asynchronous check is true."""
    async with asyncio.timeout(60):
        while not await check():
            await asyncio.sleep(0.1)


async def answer(hass: HomeAssistant, action: str, **data: Any) -> Any:
    """Return the response of an action."""
    return await hass.call(DOMAIN, action, data, return_response=True)


async def refused(hass: HomeAssistant, text: str, action: str, **data: Any) -> None:
    """Check that an action is refused, and why."""
    is_asking = action.startswith(("get", "list"))
    with pytest.raises(RequestError, match=text):
        await hass.call(DOMAIN, action, data, return_response=is_asking)


async def entities(hass: HomeAssistant, entry_id: str) -> dict[tuple[str, str], str]:
    """Return the ids of the entities by platform and key."""
    return {
        (
            each["entity_id"].partition(".")[0],
            each["unique_id"].partition("_")[2],
        ): each["entity_id"]
        for each in await hass.entities(entry_id)
    }


async def set_plugin(octoprint: OctoPrintServer, plugin: str, **settings: Any) -> None:
    """Change settings of a plugin, as its user does."""
    await octoprint.request(
        "POST", "/api/settings", json={"plugins": {plugin: settings}}
    )


async def select_file(octoprint: OctoPrintServer, name: str) -> None:
    """Select a file at OctoPrint."""
    path = f"/api/files/local/{name}"
    await octoprint.request("POST", path, json={"command": "select"})


async def test_plugins(tmp_path: Path) -> None:
    """Test each row of all plugins once, with Spoolman."""
    part = {
        "type": "never_current",
        "local_version": "1.0",
        "remote_version": "99.0",
        "method": "update_script",
        # Nothing may ever be updated, and nobody asked.
        "update_script": "false",
        "update_folder": str(tmp_path),
    }
    options = OctoPrintOptions(
        name="Voron",
        plugins=("softwareupdate",),
        stand_ins=(
            "DisplayLayerProgress",
            "Spoolman",
            "bedlevelvisualizer",
            "cancelobject",
            "octolapse",
            "psucontrol",
        ),
        settings={
            "plugins": {
                "action_command_prompt": {"enable": "always"},
                "bedlevelvisualizer": {"command": "G28\nG29 T\n"},
                "softwareupdate": {
                    "check_overlay_url": "http://127.0.0.1:9/",
                    "minimum_free_storage": 0,
                    "checks": {
                        "octoprint": part,
                        "part": part | {"displayName": "Part", "displayVersion": "1"},
                    },
                },
            }
        },
    )
    base = tmp_path / "octoprint"
    async with (
        OctoPrintServer(base, options=options) as octoprint,
        HomeAssistant(tmp_path / "hass") as hass,
    ):
        entry_id = await add_printer(hass, octoprint)

        async def are_there() -> bool:
            return (await entities(hass, entry_id)).keys() >= ENTITIES

        await until(are_there)
        ids = await entities(hass, entry_id)
        for key in (("event", "layer"), ("sensor", "active_object")):
            await hass.ws(
                "config/entity_registry/update", entity_id=ids[key], disabled_by=None
            )
        # To reload the entry is not enough: Home Assistant does that itself, much later.
        await hass.stop()
        await hass.start()
        await hass.wait_entry(entry_id)
        await check_updates(hass)
        await check_psu(hass, octoprint)
        await check_mesh(hass)
        await check_prompt(hass, octoprint, base)
        await check_spoolman(hass, octoprint)
        await check_print(hass)
        await check_any_plugin(hass)
        assert complaints(hass) == []


async def check_updates(hass: HomeAssistant) -> None:
    """Check that updates are shown, and can be installed."""
    update = (await hass.wait_for(UPDATE, "on"))["attributes"]
    assert update["installed_version"] == "1.11.8"
    assert update["latest_version"] == "99.0"
    assert update["in_progress"] is False
    # It can be installed, and tells that it is.
    assert update["supported_features"] == 5
    plugins = await hass.wait_for("sensor.voron_plugin_updates", "1")
    assert plugins["attributes"]["plugins"] == ["Part"]


async def check_psu(hass: HomeAssistant, octoprint: OctoPrintServer) -> None:
    """Check that it is switched, and told where it was not or cannot be."""

    async def is_on() -> bool:
        found = await octoprint.request("GET", "/api/plugin/psucontrol")
        return bool(found["isPSUOn"])

    target = {"entity_id": PSU}
    shown = await hass.wait_for(PSU, "off")
    assert shown["attributes"]["assumed_state"] is True
    await hass.call("switch", "turn_on", target)
    await hass.wait_for(PSU, "on", timeout=PUSHED)
    assert await is_on()
    await hass.call("switch", "turn_off", target)
    await hass.wait_for(PSU, "off", timeout=PUSHED)
    assert not await is_on()
    # Somebody else does it.
    await octoprint.request(
        "POST", "/api/plugin/psucontrol", json={"command": "turnPSUOn"}
    )
    await hass.wait_for(PSU, "on", timeout=PUSHED)

    method = {"switchingMethod": "GPIO", "sensingMethod": "GPIO"}
    await set_plugin(octoprint, "psucontrol", **method)
    await hass.wait_for(PSU, lambda x: "assumed_state" not in x["attributes"])
    with pytest.raises(RequestError, match="is still on, although"):
        await hass.call("switch", "turn_off", target)
    await set_plugin(octoprint, "psucontrol", switchingMethod="")
    await hass.wait_for(PSU, "unavailable")
    await refused(hass, "has no switching method", "turn_off_psu")
    method = {"switchingMethod": "GCODE", "sensingMethod": "INTERNAL"}
    await set_plugin(octoprint, "psucontrol", **method)
    await hass.wait_for(PSU, "on")


async def check_mesh(hass: HomeAssistant) -> None:
    """Check that the bed is measured, and the mesh as it is documented."""
    sensor = "sensor.voron_bed_mesh_range"
    await hass.wait_for(sensor, "unknown")
    await refused(hass, "No bed mesh of Voron is known", "get_bed_mesh")
    await hass.call("button", "press", {"entity_id": MEASURE})
    shown = (await hass.wait_for(sensor, "0.2"))["attributes"]
    assert shown["unit_of_measurement"] == "mm"
    assert (shown["minimum"], shown["maximum"]) == (-0.1, 0.1)
    found = await answer(hass, "get_bed_mesh")
    assert shown["collected_at"][:19] == found.pop("time")[:19]
    assert found == {
        "mesh": [[0.1, 0.05, -0.025], [0.08, 0.0, -0.1]],
        "minimum": -0.1,
        "maximum": 0.1,
        "range": 0.2,
        "mean": 0.0175,
        "deviation": 0.0679,
        "x": [0.0, 200.0],
        "y": [0.0, 200.0],
    }


async def check_prompt(
    hass: HomeAssistant, octoprint: OctoPrintServer, base: Path
) -> None:
    """Check that a question of the printer is told, and can be answered."""

    async def ask(text: str) -> None:
        for action in (
            f"prompt_begin {text}",
            "prompt_button Continue",
            "prompt_button Abort",
            "prompt_show",
        ):
            await octoprint.debug(f"action_custom {action}")
        shown = await hass.wait_for(PROMPT, "unknown")
        assert shown["attributes"]["options"] == ["Continue", "Abort"]
        assert shown["attributes"]["question"] == text
        event = (await hass.wait_for("event.voron_printer", is_told(text)))[
            "attributes"
        ]
        assert event["event_type"] == "prompt"
        assert event["choices"] == ["Continue", "Abort"]

    def is_told(text: str) -> Callable[[Any], bool]:
        return lambda x: x["attributes"].get("text") == text

    await hass.wait_for(PROMPT, "unavailable")
    await ask("Filament runout")
    await hass.call("select", "select_option", {"entity_id": PROMPT, "option": "Abort"})
    await hass.wait_for(PROMPT, "unavailable", timeout=PUSHED)
    log = base / "logs/plugin_virtual_printer_serial.log"

    async def is_sent() -> bool:
        return "<<< M876 S1\n" in log.read_text(encoding="utf-8")

    await until(is_sent)
    # It is answered at the printer itself.
    await ask("Door open")
    await octoprint.debug("action_custom prompt_end")
    await hass.wait_for(PROMPT, "unavailable")


async def check_spoolman(hass: HomeAssistant, octoprint: OctoPrintServer) -> None:
    """Check that spools are listed and selected, and compared with the file."""
    await hass.wait_for(SPOOL, "unknown")
    black = {
        "id": 7,
        "name": "Galaxy Black",
        "material": "PLA",
        "vendor": "Prusament",
        "color": "#3d3e3d",
        "total_weight": 1000.0,
        "used_weight": 255.5,
        "remaining_weight": 744.5,
        "remaining_length": 249612.3,
        "usable": True,
        "tools": [],
    }
    found = (await answer(hass, "list_spools"))["spools"]
    assert found[0] == black
    assert (found[1]["name"], found[1]["remaining_weight"]) == ("PETG", None)
    await hass.call(DOMAIN, "select_spool", {"spool": 7})
    shown = (await hass.wait_for(SPOOL, "Galaxy Black", timeout=PUSHED))["attributes"]
    assert {key: shown[key] for key in ("spool_id", "material", "vendor", "color")} == {
        "spool_id": 7,
        "material": "PLA",
        "vendor": "Prusament",
        "color": "#3d3e3d",
    }
    left = await hass.wait_for("sensor.voron_filament_left", "744.5")
    assert left["attributes"]["unit_of_measurement"] == "g"
    assert (await answer(hass, "list_spools"))["spools"][0]["tools"] == [0]
    await refused(hass, "no spool 9 in use", "select_spool", spool=9)
    await refused(hass, "no tool 1", "select_spool", spool=7, tool=1)
    await hass.wait_for(SPOOL, "Galaxy Black")

    # Without a file there is nothing to compare.
    await hass.wait_for(FILAMENT, "unknown")
    await upload(octoprint, "small.gcode", gcode())
    await upload(octoprint, "large.gcode", gcode(10_000))
    await select_file(octoprint, "large.gcode")
    await hass.wait_for(FILAMENT, "on")
    await select_file(octoprint, "small.gcode")
    await hass.wait_for(FILAMENT, "off")
    # Without a spool, too.
    await hass.call(DOMAIN, "select_spool", {})
    await hass.wait_for(SPOOL, "unknown")
    await hass.wait_for(FILAMENT, "unknown")
    await octoprint.request(
        "POST", "/plugin/Spoolman/self/spool", json={"toolIdx": 0, "spoolId": 8}
    )
    await hass.wait_for(SPOOL, "PETG", timeout=PUSHED)
    await hass.wait_for("sensor.voron_filament_left", "unknown")


async def check_print(hass: HomeAssistant) -> None:
    """Check what is shown of a print, and what is refused during it."""
    idle = await answer(hass, "get_octolapse")
    assert idle == {
        "enabled": True,
        "test_mode": False,
        "version": "0.4.5",
        "profiles": {"printer": "My printer", "stabilization": "Back"},
        "state": "idle",
        "timelapse_active": False,
        "rendering": False,
        "snapshots": 0,
        "failed_snapshots": 0,
    }
    await hass.wait_for("sensor.voron_total_layers", str(LAYERS))
    async with watching(hass) as shown:
        await hass.call(DOMAIN, "print_file", {"path": "small.gcode"})
        await shown.wait_for(shows("sensor.voron_layer", "1"))
    event = await hass.wait_for(
        "event.voron_print",
        lambda x: x["attributes"]["event_type"] not in (None, "started"),
    )
    told = {"layer": 2, "total_layers": LAYERS}
    assert event["attributes"]["event_type"] == "first_layer_done"
    assert {key: event["attributes"][key] for key in told} == told
    await hass.wait_for(
        "event.voron_layer",
        lambda x: (
            x["attributes"].get("event_type") == "changed"
            and x["attributes"]["layer"] >= 3
        ),
    )
    await hass.wait_for("sensor.voron_layer", lambda x: int(x["state"]) >= 3)

    async with watching(hass) as shown:
        for name in OBJECTS:
            await shown.wait_for(shows(ACTIVE, name))
    found = (await answer(hass, "list_objects"))["objects"]
    assert found == [
        {"id": number, "name": name, "cancelled": False, "ignored": False}
        for number, name in enumerate(OBJECTS)
    ]
    await hass.call(DOMAIN, "cancel_object", {"object": 1})
    await hass.call(DOMAIN, "cancel_object", {"object": "Twin"})
    await refused(hass, "no object Boat.*3: Skirt", "cancel_object", object="Boat")
    found = (await answer(hass, "list_objects"))["objects"]
    assert [each["cancelled"] for each in found] == [False, True, True, False]

    running = await answer(hass, "get_octolapse")
    assert (running["state"], running["timelapse_active"]) == (
        "waiting_for_trigger",
        True,
    )
    assert (await hass.state(MEASURE) or {})["state"] == "unavailable"
    with pytest.raises(RequestError, match="was not updated, because"):
        await hass.call("update", "install", {"entity_id": UPDATE})
    with pytest.raises(RequestError, match="has a print under way"):
        await hass.call("switch", "turn_off", {"entity_id": PSU})
    await refused(hass, "has a print under way", "turn_off_psu")
    await hass.wait_for(PSU, "on")
    await hass.call(DOMAIN, "turn_off_psu", {"force": True})
    await hass.wait_for(PSU, "off", timeout=PUSHED)

    await hass.call("button", "press", {"entity_id": "button.voron_cancel_print"})
    await hass.wait_for("sensor.voron_state", "operational")
    await hass.wait_for(ACTIVE, "unknown")
    await hass.wait_for(MEASURE, lambda x: x["state"] != "unavailable")

    async def is_idle() -> bool:
        return bool(await answer(hass, "get_octolapse") == idle)

    await until(is_idle)
    assert (await answer(hass, "list_objects"))["objects"] == []
    await refused(hass, "no object 0", "cancel_object", object=0)


async def check_any_plugin(hass: HomeAssistant) -> None:
    """Check that a plugin can be told and asked anything, and says what it refuses."""
    off = {"answer": {"isPSUOn": False}}
    command = {"plugin": "psucontrol", "command": "getPSUState"}
    assert await answer(hass, "plugin_command", **command) == off
    assert await answer(hass, "plugin_command", plugin="psucontrol") == off
    command = {"plugin": "psucontrol", "command": "turnPSUOn"}
    assert await answer(hass, "plugin_command", **command) == {"answer": None}
    await hass.wait_for(PSU, "on", timeout=PUSHED)
    stop = {"plugin": "bedlevelvisualizer", "parameters": {"stopProcessing": True}}
    found = await answer(hass, "plugin_command", **stop)
    assert found == {"answer": {"stopped": True}}
    for text, data in (
        ("command is invalid", {"plugin": "psucontrol", "command": "explode"}),
        ("parameters", {"plugin": "cancelobject", "command": "cancel"}),
        ("has no plugin PSUControl", {"plugin": "PSUControl", "command": "x"}),
        ("has no plugin Spoolman", {"plugin": "Spoolman"}),
    ):
        await refused(hass, text, "plugin_command", **data)


async def test_spool_manager(tmp_path: Path) -> None:
    """Test SpoolManager alone, and that nothing is shown of what is not installed."""
    options = OctoPrintOptions(name="Voron", stand_ins=("SpoolManager",))
    async with (
        OctoPrintServer(tmp_path / "octoprint", options=options) as octoprint,
        HomeAssistant(tmp_path / "hass") as hass,
    ):
        entry_id = await add_printer(hass, octoprint)
        await hass.wait_for(SPOOL, "unknown")

        async def are_there() -> bool:
            return (await entities(hass, entry_id)).keys() & ENTITIES == SPOOLS

        await until(are_there)
        for plugin, action, data in (
            ("psucontrol", "turn_off_psu", {}),
            ("bedlevelvisualizer", "get_bed_mesh", {}),
            ("cancelobject", "list_objects", {}),
            ("cancelobject", "cancel_object", {"object": 0}),
            ("octolapse", "get_octolapse", {}),
        ):
            text = f"does not have the plugin {plugin}, or it is disabled"
            await refused(hass, text, action, **data)

        found = (await answer(hass, "list_spools"))["spools"]
        assert found[0] == {
            "id": 1,
            "name": "Red PLA",
            "material": "PLA",
            "vendor": "Prusament",
            "color": "#ff0000",
            "total_weight": 1000.0,
            "used_weight": None,
            "remaining_weight": 750.0,
            "remaining_length": None,
            "usable": True,
            "tools": [],
        }
        await hass.call(DOMAIN, "select_spool", {"spool": 1})
        await hass.wait_for(SPOOL, "Red PLA", timeout=PUSHED)
        await hass.wait_for("sensor.voron_filament_left", "750.0")
        await upload(octoprint, "small.gcode", gcode())
        await select_file(octoprint, "small.gcode")

        # Somebody selects another one in a browser, also while it is being read.
        await octoprint.request(
            "PUT",
            "/plugin/SpoolManager/selectSpool",
            json={"databaseId": 2, "toolIndex": 0},
        )
        await hass.wait_for(SPOOL, "Nearly empty", timeout=PUSHED)
        await hass.wait_for(FILAMENT, "on")
        await hass.call(DOMAIN, "select_spool", {"spool": 1})
        await hass.wait_for(SPOOL, "Red PLA", timeout=PUSHED)
        await hass.wait_for(FILAMENT, "off")
        # An unknown number would keep the plugin busy for ever.
        await refused(hass, "no spool 99 in use", "select_spool", spool=99)
        settings = await octoprint.request("GET", "/api/settings")
        assert settings["plugins"]["SpoolManager"]["hangs"] == 0

        await hass.call(DOMAIN, "print_file", {"path": "small.gcode"})
        await hass.wait_for("sensor.voron_state", "printing")
        await refused(hass, "say with “commit”", "select_spool", spool=2)
        await hass.call(DOMAIN, "select_spool", {"spool": 2, "commit": True})
        await hass.wait_for(SPOOL, "Nearly empty", timeout=PUSHED)
        await hass.call("button", "press", {"entity_id": "button.voron_cancel_print"})
        await hass.wait_for("sensor.voron_state", "operational")
        await hass.call(DOMAIN, "select_spool", {"spool": None})
        await hass.wait_for(SPOOL, "unknown", timeout=PUSHED)
        assert complaints(hass) == []
