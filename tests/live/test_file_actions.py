"""Tests of the actions for files in a real Home Assistant."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from custom_components.octoprint_plus.const import DOMAIN
from scripts.lab import HomeAssistant, OctoPrintServer, RequestError
from scripts.lab.integration import add_printer
from scripts.lab.sample_print import sample_print

from .conftest import complaints
from .home import shows, values
from .record import watching

pytestmark = pytest.mark.live

GCODE = "G28\nG1 X10 Y10 F3000\n" * 20
MEGABYTE = 1024 * 1024
LARGE = 120 * MEGABYTE


def memory(process: int) -> int:
    """Return the most memory that a process ever had, in bytes."""
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


async def paths(octoprint: OctoPrintServer, location: str = "local") -> set[str]:
    """Return the paths of all files and folders in a storage."""
    listing = await octoprint.request("GET", f"/api/files/{location}?recursive=true")
    found, stack = set(), list(listing["files"])
    while stack:
        entry = stack.pop()
        found.add(entry["path"])
        stack.extend(entry.get("children", []))
    return found


async def test_file_actions(tmp_path: Path, octoprint: OctoPrintServer) -> None:
    """Test every action for files once, and what the real server refuses."""
    config = tmp_path / "hass"
    media = config / "media"
    media.mkdir(parents=True)
    (media / "Größe 1.gcode").write_text(GCODE, encoding="utf-8")
    (media / "print.gcode").write_text(sample_print(60), encoding="utf-8")
    (media / "notes.exe").write_text(GCODE, encoding="utf-8")
    (media / "empty.gcode").touch()
    with (media / "large.gcode").open("wb") as large:
        large.truncate(LARGE)
    (tmp_path / "secret.gcode").write_text(GCODE, encoding="utf-8")
    (media / "link.gcode").symlink_to(tmp_path / "secret.gcode")

    # In a container the folder for media is another one unless it is said.
    yaml = f"homeassistant:\n  media_dirs:\n    local: {media}\n"
    async with HomeAssistant(config, configuration=yaml) as hass:
        await add_printer(hass, octoprint)
        await hass.wait_for("sensor.voron_state", "operational")

        async def act(action: str, **data: Any) -> Any:
            return await hass.call(DOMAIN, action, data, return_response=True)

        async def do(action: str, **data: Any) -> None:
            await hass.call(DOMAIN, action, data)

        async def refuses(text: str, action: str, **data: Any) -> None:
            before = await paths(octoprint)
            with pytest.raises(RequestError, match=text):
                await (act if action == "get_file" else do)(action, **data)
            assert await paths(octoprint) == before

        # Upload.
        source = str(media / "Größe 1.gcode")
        upload = await act("upload_file", source=source, folder="Töpfe/Co")
        assert upload["path"] == "Töpfe/Co/Größe 1.gcode"
        assert (upload["selected"], upload["printing"]) == (False, False)
        media_id = "media-source://media_source/local/Größe 1.gcode"
        upload = await act("upload_file", source=media_id, name="a.gcode", select=True)
        assert upload["selected"]
        assert upload["size"] == len(GCODE)
        await hass.wait_for("sensor.voron_file", "a.gcode")
        await refuses(
            "something at a.gcode", "upload_file", source=source, name="a.gcode"
        )
        await do("upload_file", source=source, name="a.gcode", overwrite=True)
        for text, data in (
            ("does not take notes.exe", {"source": str(media / "notes.exe")}),
            ("is empty", {"source": str(media / "empty.gcode")}),
            ("is a folder", {"source": str(media), "name": "b.gcode"}),
            ("no file", {"source": str(media / "nothing.gcode")}),
            ("may not read", {"source": str(tmp_path / "secret.gcode")}),
            ("may not read", {"source": str(media / "link.gcode")}),
            ("cannot be a path", {"source": source, "folder": "../x"}),
        ):
            await refuses(text, "upload_file", **data)

        # What the media selector gives.
        media_chosen = {"media_content_id": media_id, "media_content_type": ""}
        upload = await act("upload_file", source=media_chosen, name="chosen.gcode")
        assert upload["path"] == "chosen.gcode"
        await do("delete_file", path="chosen.gcode")
        for other in ("camera/camera.door", "media_source/nas/a.gcode"):
            media_chosen = {"media_content_id": f"media-source://{other}"}
            await refuses("may not read", "upload_file", source=media_chosen)

        # What the interface was given.
        given = await hass.upload("Bänder 奔.gcode", GCODE.encode())
        assert len(hass.uploads) == 1
        upload = await act("upload_file", upload=given, folder="Töpfe")
        assert upload["path"] == "Töpfe/Bänder 奔.gcode"
        assert upload["size"] == len(GCODE)
        assert hass.uploads == []
        await do("delete_file", path=upload["path"])
        for text, data in (
            ("Choose the file again", {"upload": given}),
            ("Choose the file again", {"upload": "../media"}),
            ("give either source or upload", {}),
            ("give either source or upload", {"source": source, "upload": given}),
            ("is empty", {"upload": await hass.upload("empty.gcode", b"")}),
            ("does not take a.exe", {"upload": await hass.upload("a.exe", b"G28\n")}),
            ("cannot be a path", {"upload": await hass.upload("???", b"G28\n")}),
        ):
            await refuses(text, "upload_file", **data)
        assert hass.uploads == []
        for astray in ("../a.gcode", "a/b.gcode"):
            # Home Assistant itself refuses these.
            with pytest.raises(RequestError, match="400"):
                await hass.upload(astray, b"G28\n")

        # A large file goes through little memory, and one can look on.
        assert hass.pid
        before = memory(hass.pid)
        async with watching(hass) as shown:
            await do("upload_file", source=str(media / "large.gcode"))
            is_over = shows("sensor.voron_upload", "unknown")
            await shown.wait_for(is_over)
        assert memory(hass.pid) - before < 30 * MEGABYTE
        assert values(shown, "sensor.voron_upload")[0] == "0"
        assert values(shown, "sensor.voron_upload")[-2:] == ["100", "unknown"]
        file = await act("get_file", path="large.gcode")
        assert file["size"] == LARGE
        await do("delete_file", path="large.gcode")

        # Folders, copies, moves.
        await do("create_folder", path="Archiv")
        assert await act("create_folder", path="Archiv/2026") == {"path": "Archiv/2026"}
        await refuses("no folder nope", "create_folder", path="nope/x")
        await refuses("Choose another name", "create_folder", path="x.gcode")
        await do("copy_file", path="a.gcode", destination="Archiv/2026/b.gcode")
        answer = await act("move_file", path="Archiv/2026", destination="Neu")
        assert answer == {"path": "Neu"}
        await do("move_file", path="Neu/b.gcode", destination="Archiv")
        assert await paths(octoprint) == {
            "Archiv",
            "Archiv/b.gcode",
            "Neu",
            "Töpfe",
            "Töpfe/Co",
            "Töpfe/Co/Größe 1.gcode",
            "a.gcode",
        }
        for action in ("copy_file", "move_file"):
            for text, path, destination in (
                ("something at", "a.gcode", "Archiv/b.gcode"),
                ("no file", "nope.gcode", "c.gcode"),
                ("no folder", "a.gcode", "nope/c.gcode"),
                ("within it", "Archiv", "Archiv/x"),
                ("does not take", "a.gcode", "a.exe"),
                ("cannot be a path", "a.gcode", "../a.gcode"),
            ):
                await refuses(text, action, path=path, destination=destination)
        await refuses("Set recursive", "delete_file", path="Archiv")
        await refuses("no file", "delete_file", path="../config.yaml")
        await do("delete_file", path="Archiv", recursive=True)
        await do("analyse_file", path="a.gcode")
        await refuses("is a folder", "analyse_file", path="Neu")
        await refuses("is a folder", "get_file", path="Neu")

        # Selecting nothing.
        await do("select_file", path="a.gcode")
        await hass.wait_for("sensor.voron_file", "a.gcode")
        await do("unselect_file")
        await hass.wait_for("sensor.voron_file", "unknown")
        await refuses("no file selected", "unselect_file")

        # Upload, select and print in one action; and what is printed is protected.
        source = str(media / "print.gcode")
        upload = await act("upload_file", source=source, folder="Neu", print=True)
        assert upload["printing"]
        path = upload["path"]
        await hass.wait_for("sensor.voron_state", "printing")
        protected: tuple[tuple[str, dict[str, Any]], ...] = (
            ("delete_file", {"path": path}),
            ("delete_file", {"path": "Neu", "recursive": True}),
            ("move_file", {"path": path, "destination": "c.gcode"}),
            ("upload_file", {"source": source, "folder": "Neu", "overwrite": True}),
        )
        for action, options in protected:
            await refuses("is being printed", action, **options)
        await refuses("busy", "upload_file", source=source, name="d.gcode", print=True)
        await refuses("busy", "unselect_file")
        await do("upload_file", source=source, name="beside.gcode")
        await hass.call("button", "press", {"entity_id": "button.voron_cancel_print"})
        await hass.wait_for("sensor.voron_state", "operational", timeout=180)

        # The printer's own storage.
        # The virtual printer lists no file whose name is short already.
        name = {"name": "A long name.gcode"}
        upload = await act("upload_file", source=media_id, location="printer", **name)
        printer_path = upload["printer_path"]
        assert printer_path
        async with asyncio.timeout(60):
            # OctoPrint reads the card once the transfer is over, and not before.
            while not (found := await paths(octoprint, "sdcard")):
                await asyncio.sleep(0.5)
        [card_path] = found
        # Home Assistant may not have heard of the transfer yet.
        state = {"entity_id": "sensor.voron_state"}
        await hass.call("homeassistant", "update_entity", state)
        await hass.wait_for("sensor.voron_state", "operational")
        file = await act("get_file", path=card_path, location="printer")
        assert file["location"] == "sdcard"
        on_card = {"path": card_path, "location": "printer"}
        await refuses("OctoPrint 1 knows", "copy_file", **on_card, destination="c.gco")
        await do("delete_file", **on_card)
        await octoprint.request("POST", "/api/printer/sd", json={"command": "release"})
        async with asyncio.timeout(60):
            while (await octoprint.request("GET", "/api/printer/sd"))["ready"]:
                await asyncio.sleep(0.2)
        await refuses("SD card", "get_file", **on_card)
        await refuses("SD card", "upload_file", source=source, location="printer")
        assert complaints(hass) == []
