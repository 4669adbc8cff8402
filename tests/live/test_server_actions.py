"""Tests of settings, timelapses, system commands and repairs in a real Home Assistant."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from custom_components.octoprint_plus.const import DOMAIN
from scripts.lab import HomeAssistant, OctoPrintOptions, OctoPrintServer, RequestError
from scripts.lab.integration import add_printer
from scripts.lab.octoprint_config import ADMIN_KEY, VIEWER_KEY
from scripts.lab.sample_print import sample_print

from .conftest import complaints

pytestmark = pytest.mark.live

SECRET = "http://me:s3cr3t@127.0.0.1:9/?action=stream&token=s3cr3t"

# The last argument is where the film is to be.
FFMPEG = '#!/bin/sh\nfor last; do :; done\necho film > "$last"\n'

SELECT = "select.voron_timelapse"


async def until(check: Callable[[], Awaitable[bool]]) -> None:
    """Wait until an asynchronous check is true."""
    async with asyncio.timeout(60):
        while not await check():
            await asyncio.sleep(0.2)


async def issues(hass: HomeAssistant) -> dict[str, dict[str, Any]]:
    """Return the integration's repairs by the key of their text."""
    answer = await hass.ws("repairs/list_issues")
    return {
        issue["translation_key"]: issue
        for issue in answer["issues"]
        if issue["domain"] == DOMAIN
    }


async def until_issues(hass: HomeAssistant, *keys: str) -> dict[str, dict[str, Any]]:
    """Wait until there are just these repairs."""

    async def are_there() -> bool:
        return (await issues(hass)).keys() == set(keys)

    await until(are_there)
    return await issues(hass)


async def answer(hass: HomeAssistant, action: str, **data: Any) -> Any:
    """Return the response of an action."""
    return await hass.call(DOMAIN, action, data, return_response=True)


async def test_server(tmp_path: Path) -> None:
    """Test each action, the entities and the repairs once."""
    ffmpeg = tmp_path / "ffmpeg"
    ffmpeg.write_text(FFMPEG, encoding="utf-8")
    ffmpeg.chmod(0o755)
    options = OctoPrintOptions(
        name="Voron",
        stand_ins=("labslicer",),
        system_actions=(
            {"action": "note", "name": "Note it", "command": f"touch {tmp_path}/ran"},
        ),
        settings={
            "plugins": {
                "classicwebcam": {
                    "_config_version": 1,
                    "snapshot": "http://127.0.0.1:9/snapshot",
                    "stream": SECRET,
                }
            },
            "server": {"startOnceInSafeMode": True},
            "webcam": {"ffmpeg": str(ffmpeg), "timelapseEnabled": True},
        },
    )
    folder = tmp_path / "octoprint"
    async with (
        OctoPrintServer(folder, options=options) as octoprint,
        HomeAssistant(tmp_path / "hass") as hass,
    ):
        entry_id = await add_printer(hass, octoprint)
        await check_safe_mode(hass, octoprint)
        await check_settings(hass, octoprint)
        await check_timelapse(hass, folder)
        await check_slicing(hass, octoprint)
        await check_system(hass, octoprint, tmp_path)
        await check_repairs(hass, octoprint)
        await check_permissions(hass, octoprint, entry_id)
        log = hass.log()
        assert "s3cr3t" not in log
        assert ADMIN_KEY not in log
        # The server was restarted.
        assert [
            line for line in complaints(hass) if "Error fetching Voron data" not in line
        ] == []


async def check_safe_mode(hass: HomeAssistant, octoprint: OctoPrintServer) -> None:
    """Check that safe mode is told until the next start."""
    issue = (await until_issues(hass, "safe_mode"))["safe_mode"]
    assert issue["translation_placeholders"]["printer"] == "Voron"
    await octoprint.restart()
    await until_issues(hass)


async def check_settings(hass: HomeAssistant, octoprint: OctoPrintServer) -> None:
    """Check that settings are read without secrets, and just the given ones written."""
    before = (await answer(hass, "get_settings"))["settings"]
    assert "s3cr3t" not in str(before)
    assert "key" not in before["api"]
    found = await answer(hass, "get_settings", key="plugins.classicwebcam.stream")
    assert found == {"settings": "http://127.0.0.1:9/?action=stream&token="}
    changes: dict[str, Any] = {
        "appearance": {"color": "blue"},
        "scripts": {"gcode": {"afterPrinterConnected": "M117 Hello"}},
        "temperature": {
            "profiles": [{"name": "ABS", "extruder": 250, "bed": 100, "chamber": None}]
        },
    }
    await hass.call(DOMAIN, "update_settings", {"settings": changes})
    after = (await answer(hass, "get_settings"))["settings"]
    expected = before | {
        "appearance": before["appearance"] | changes["appearance"],
        "scripts": {"gcode": before["scripts"]["gcode"] | changes["scripts"]["gcode"]},
        "temperature": before["temperature"] | changes["temperature"],
    }
    assert after == expected
    raw = await octoprint.request("GET", "/api/settings")
    assert raw["plugins"]["classicwebcam"]["stream"] == SECRET
    await hass.wait_for(
        "climate.voron_tool", lambda x: x["attributes"]["preset_modes"] == ["ABS"]
    )
    for refused, text in (
        ({"api": {"key": "mine"}}, "is a key, a password"),
        ({"nonsense": 1}, "has no setting nonsense"),
        ({"appearance": "blue"}, "is a group"),
        ({"webcam": {"snapshotTimeout": "soon"}}, "did not take"),
    ):
        with pytest.raises(RequestError, match=text):
            await hass.call(DOMAIN, "update_settings", {"settings": refused})
    assert (await answer(hass, "get_settings"))["settings"] == expected

    [profile] = (await answer(hass, "list_profiles"))["profiles"]
    assert (profile["id"], profile["current"]) == ("_default", True)
    assert profile["volume"]["width"] == 200
    assert profile["axes"]["z"]["speed"] == 200


async def check_timelapse(hass: HomeAssistant, folder: Path) -> None:
    """Check that it is set by action and by select, and films and images are handled."""
    await hass.wait_for(SELECT, "off")
    await hass.call(DOMAIN, "set_timelapse", {"type": "timed", "interval": 3, "fps": 9})
    await hass.wait_for(SELECT, "timed")
    await hass.call(
        "select", "select_option", {"entity_id": SELECT, "option": "zchange"}
    )
    await hass.wait_for(SELECT, "zchange")
    config = (await answer(hass, "list_timelapses"))["config"]
    assert (config["type"], config["fps"]) == ("zchange", 9)
    with pytest.raises(RequestError, match="has no interval"):
        await hass.call(DOMAIN, "set_timelapse", {"interval": 3})
    await hass.call("select", "select_option", {"entity_id": SELECT, "option": "off"})
    await hass.wait_for(SELECT, "off")

    film = "a b#ü.mp4"
    images = folder / "timelapse/tmp"
    images.mkdir(parents=True, exist_ok=True)
    (folder / "timelapse" / film).write_bytes(b"x" * 1000)
    for number in range(3):
        (images / f"to render-{number}.jpg").write_bytes(b"jpg")
        (images / f"to delete-{number}.jpg").write_bytes(b"jpg")
    found = await answer(hass, "list_timelapses")
    assert [(each["name"], each["size"]) for each in found["timelapses"]] == [
        (film, 1000)
    ]
    assert {each["name"]: each["count"] for each in found["unrendered"]} == {
        "to render": 3,
        "to delete": 3,
    }
    await hass.call(DOMAIN, "render_timelapse", {"name": "to render"})

    async def is_rendered() -> bool:
        found = await answer(hass, "list_timelapses")
        names = {each["name"] for each in found["timelapses"]}
        rest = {each["name"] for each in found["unrendered"]}
        return "to render.mp4" in names and "to render" not in rest

    await until(is_rendered)
    await hass.call(DOMAIN, "delete_timelapse", {"name": film})
    await hass.call(
        DOMAIN, "delete_timelapse", {"name": "to delete", "unrendered": True}
    )
    found = await answer(hass, "list_timelapses")
    assert [each["name"] for each in found["timelapses"]] == ["to render.mp4"]
    assert found["unrendered"] == []
    for data in (
        {"name": film},
        {"name": "../config.yaml"},
        {"name": "..", "unrendered": True},
    ):
        with pytest.raises(RequestError, match="has no timelapse"):
            await hass.call(DOMAIN, "delete_timelapse", data)
    assert (folder / "config.yaml").exists()


async def check_slicing(hass: HomeAssistant, octoprint: OctoPrintServer) -> None:
    """Check that a model becomes G-code beside it, and nothing else is overwritten."""
    await octoprint.upload("Größe 1.stl", "solid x\nendsolid x\n", path="Töpfe")
    data = {"path": "Töpfe/Größe 1.stl"}
    path = "Töpfe/Größe 1.gcode"
    assert await answer(hass, "slice_file", **data) == {"path": path}

    async def is_sliced() -> bool:
        [folder] = (await answer(hass, "list_files"))["files"]
        return path in {each["path"] for each in folder["children"]}

    await until(is_sliced)
    for more, text in (
        ({}, "beside the model already"),
        ({"slicer": "cura"}, "It has: labslicer"),
        ({"path": "nope.stl"}, "has no model"),
        ({"path": path}, "is no model"),
    ):
        with pytest.raises(RequestError, match=text):
            await hass.call(DOMAIN, "slice_file", data | more)
    await hass.call(DOMAIN, "slice_file", data | {"overwrite": True, "print": True})
    await hass.wait_for("sensor.voron_file", "Größe 1.gcode")
    await hass.wait_for("sensor.voron_last_print", "Größe 1.gcode")
    await hass.wait_for("sensor.voron_state", "operational")


async def check_system(
    hass: HomeAssistant, octoprint: OctoPrintServer, folder: Path
) -> None:
    """Check that a command runs, but not during a print, and the free space is shown."""
    space = await hass.wait_for(
        "sensor.voron_free_space",
        lambda x: x["state"] not in ("unknown", "unavailable"),
    )
    assert float(space["state"]) > 0
    assert space["attributes"]["unit_of_measurement"] == "GB"
    command = {"source": "custom", "action": "note"}
    await octoprint.upload("Pot.gcode", sample_print(40), print_=True)
    await hass.wait_for("sensor.voron_state", "printing")
    with pytest.raises(RequestError, match=r"busy with Pot\.gcode"):
        await hass.call(DOMAIN, "run_system_command", command)
    await hass.call("button", "press", {"entity_id": "button.voron_cancel_print"})
    await hass.wait_for("sensor.voron_state", "operational")
    assert not (folder / "ran").exists()
    await hass.call(DOMAIN, "run_system_command", command)

    async def has_run() -> bool:
        return (folder / "ran").exists()

    await until(has_run)
    with pytest.raises(RequestError, match=r"It offers: .*custom/note"):
        await hass.call(
            DOMAIN, "run_system_command", {"source": "custom", "action": "../core/x"}
        )


async def check_repairs(hass: HomeAssistant, octoprint: OctoPrintServer) -> None:
    """Check that an error and a webcam are told, and taken back."""
    await octoprint.debug("trigger_fatal_error_marlin")
    issue = (await until_issues(hass, "firmware_error"))["firmware_error"]
    assert issue["learn_more_url"].endswith("/firmware-thermal-runaway")
    # Until then to connect does nothing.
    await octoprint.wait_state("Offline after error")
    await hass.call(
        "switch", "turn_on", {"entity_id": "switch.voron_printer_connection"}
    )
    await until_issues(hass)
    for stream, keys in (("", ["webcam_without_stream"]), (SECRET, [])):
        await octoprint.request(
            "POST",
            "/api/settings",
            json={"plugins": {"classicwebcam": {"stream": stream}}},
        )
        await until_issues(hass, *keys)


async def check_permissions(
    hass: HomeAssistant, octoprint: OctoPrintServer, entry_id: str
) -> None:
    """Check that a key that may only read is told of, and that it can be fixed."""
    await hass.delete(f"config/config_entries/entry/{entry_id}")
    await add_printer(hass, octoprint, api_key=VIEWER_KEY)
    issue = (await until_issues(hass, "missing_permissions"))["missing_permissions"]
    found = issue["translation_placeholders"]
    assert found["permissions"] == (
        "Connection, Control, Print, File Select, File Upload, File Delete, Slice, "
        "Timelapse Admin"
    )
    assert found["user"] == "viewer"
    with pytest.raises(RequestError, match="Timelapse Admin"):
        await hass.call(DOMAIN, "set_timelapse", {"type": "timed"})
    assert await hass.state(SELECT) is None
    await hass.wait_for("sensor.voron_free_space", lambda x: True)
    path = "repairs/issues/fix"
    flow = await hass.post(path, {"handler": DOMAIN, "issue_id": issue["issue_id"]})
    flow = await hass.post(f"{path}/{flow['flow_id']}", {})
    assert flow["errors"] == {"base": "still_missing"}
    await octoprint.request(
        "PUT",
        "/api/access/users/viewer",
        json={"active": True, "admin": False, "groups": ["users"], "permissions": []},
    )
    flow = await hass.post(f"{path}/{flow['flow_id']}", {})
    assert flow["type"] == "create_entry"
    await until_issues(hass)
    await hass.wait_for(SELECT, "off")
