"""Test the plugins that come with OctoPrint, and what is not there."""

import asyncio
from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from custom_components.octoprint_plus.api import (
    OctoPrintClient,
    OctoPrintConflictError,
    OctoPrintNotFoundError,
    OctoPrintPermissionError,
)
from custom_components.octoprint_plus.api.plugins import (
    action_command,
    slicer_thumbnails,
    software_update,
)
from scripts.lab import OctoPrintOptions, OctoPrintServer
from scripts.lab.octoprint_config import ADMIN_KEY, VIEWER_KEY
from scripts.lab.sample_print import sample_print

from .pushed import THUMBNAIL, Pushed, plugin_socket, set_plugin, upload

pytestmark = pytest.mark.live


async def test_prompt(
    client: OctoPrintClient,
    viewer: OctoPrintClient,
    server: OctoPrintServer,
    pushed: Pushed,
) -> None:
    """Test OctoPrint's own plugin with a question of the virtual printer's."""
    actions = client.plugins.action_command
    asked = action_command.Prompt(text="Filament runout", choices=("Continue", "Abort"))

    async def ask(text: str) -> None:
        for action in (
            f"prompt_begin {text}",
            "prompt_button Continue",
            "prompt_button Abort",
            "prompt_show",
        ):
            await server.debug(f"action_custom {action}")

    assert await actions.prompt() is None
    await ask("Filament runout")
    await pushed.until(action_command.PromptShown(prompt=asked))
    assert await actions.prompt() == asked
    with pytest.raises(OctoPrintPermissionError) as caught:
        await viewer.plugins.action_command.prompt()
    assert caught.value.permission == "PLUGIN_ACTION_COMMAND_PROMPT_INTERACT"
    await actions.select(asked, 1)
    await pushed.until(action_command.PromptClosed())
    assert await actions.prompt() is None
    with pytest.raises(OctoPrintConflictError):
        await actions.select(asked, 1)

    # An answer to one question never goes to the next.
    await ask("Door open")
    await pushed.one(action_command.PromptShown)
    with pytest.raises(OctoPrintConflictError):
        await actions.select(asked, 0)
    await server.debug("action_custom prompt_end")
    await pushed.until(action_command.PromptClosed())

    # With its default OctoPrint passes nothing on to a firmware that is not known
    # to understand it, and says so to nobody.
    await set_plugin(client, "action_command_prompt", enable="detected")
    await ask("Filament runout")
    async with asyncio.timeout(60):
        while await actions.prompt() != asked:
            await asyncio.sleep(0.1)
    with pytest.raises(OctoPrintConflictError, match="pass"):
        await actions.select(asked, 0)


async def test_software_update(tmp_path: Path, session: aiohttp.ClientSession) -> None:
    """Test OctoPrint's own plugin, with components that need no network."""
    part = {
        "type": "never_current",
        "displayName": "Part",
        "displayVersion": "1.0",
        "local_version": "1.0",
        "remote_version": "1.1",
        "method": "update_script",
        "update_folder": str(tmp_path),
    }
    options = OctoPrintOptions(
        plugins=("softwareupdate",),
        settings={
            "plugins": {
                "softwareupdate": {
                    "check_overlay_url": "http://127.0.0.1:9/",
                    "minimum_free_storage": 0,
                    "checks": {
                        "octoprint": {"type": "always_current"},
                        "good": part | {"update_script": "true"},
                        "bad": part | {"update_script": "ls nothing_like_it"},
                    },
                }
            }
        },
    )
    async with OctoPrintServer(tmp_path / "octoprint", options=options) as server:
        client = OctoPrintClient(session, URL(server.url), ADMIN_KEY)
        updates = client.plugins.software_update
        versions = await updates.check()
        assert set(versions.components) == {"octoprint", "good", "bad"}
        octoprint = versions.components[software_update.OCTOPRINT]
        assert (octoprint.name, octoprint.installed) == ("OctoPrint", "1.11.8")
        assert octoprint.is_update_available is False
        good = versions.components["good"]
        assert (good.installed, good.available) == ("1.0", "1.1")
        assert (good.is_update_available, good.is_update_possible) == (True, True)
        assert versions.time
        assert set((await updates.check(["good"])).components) == {"good"}
        viewer = OctoPrintClient(session, URL(server.url), VIEWER_KEY)
        with pytest.raises(OctoPrintPermissionError) as caught:
            await viewer.plugins.software_update.check()
        assert caught.value.permission == "PLUGIN_SOFTWAREUPDATE_CHECK"

        async with plugin_socket(client) as pushed:
            order = await updates.update(["good"])
            assert order.running == ("good",)
            await pushed.until(software_update.Updating(target="good", version="1.1"))
            ended = await pushed.one(software_update.UpdatesEnded)
            assert (ended.is_success, ended.targets) == (True, ("good",))
            await pushed.until(
                software_update.Updated(
                    target="good",
                    is_success=True,
                )
            )

            await updates.update(["bad"])
            failed = await pushed.one(software_update.UpdateFailed)
            assert failed.target == "bad"
            assert failed.reason
            assert "nothing_like_it" in failed.reason
            ended = await pushed.one(software_update.UpdatesEnded)
            assert not ended.is_success

            # There is nothing to do for what is up to date, and that is no error.
            await updates.update([software_update.OCTOPRINT])
            ended = await pushed.one(software_update.UpdatesEnded)
            assert (ended.is_success, ended.targets) == (True, ())
            with pytest.raises(OctoPrintNotFoundError):
                await updates.update(["nothing_like_it"])

            await server.upload("long.gcode", sample_print(30), print_=True)
            await server.wait_state("Printing")
            order = await updates.update(["good"])
            assert (order.running, order.queued) == ((), ("good",))


async def test_not_installed(octoprint: OctoPrintServer) -> None:
    """Test that a plugin that is not there is told from one that refuses."""
    async with aiohttp.ClientSession() as session:
        client = OctoPrintClient(session, URL(octoprint.url), ADMIN_KEY)
        plugins = client.plugins
        for call in (
            plugins.psu_control.get,
            plugins.psu_control.turn_on,
            plugins.bed_level_visualizer.start,
            plugins.cancel_objects.list,
            plugins.display_layer_progress.get,
            plugins.slicer_thumbnails.scan,
            plugins.octolapse.get,
            plugins.spoolman.list,
            plugins.spoolman.selected,
            plugins.spool_manager.list,
            plugins.software_update.check,
        ):
            with pytest.raises(OctoPrintNotFoundError):
                await call()


async def test_thumbnails(tmp_path: Path, session: aiohttp.ClientSession) -> None:
    """Test that OctoPrint 2 finds the pictures in files itself."""
    async with OctoPrintServer(tmp_path, version="2.0.0rc7") as server:
        client = OctoPrintClient(session, URL(server.url), ADMIN_KEY)
        await upload(server, "my part.gcode", THUMBNAIL + "G1 X20 E1 F6000\n", "a b/")
        entry = await server.request("GET", "/api/files/local/a b/my part.gcode")
        thumbnail = slicer_thumbnails.parse_thumbnail(entry)
        assert thumbnail == slicer_thumbnails.Thumbnail(
            path="downloads/thumbs/local/a%20b/my%20part.gcode"
        )
        picture = await client.plugins.slicer_thumbnails.get(thumbnail)
        assert picture.content_type == "image/png"
        await upload(server, "bare.gcode", "G1 X20 E1 F6000\n")
        entry = await server.request("GET", "/api/files/local/bare.gcode")
        assert slicer_thumbnails.parse_thumbnail(entry) is None
