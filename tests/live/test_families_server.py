"""Test settings, profiles, system, slicing, util, permissions and plugins."""

from io import BytesIO
from pathlib import Path

import aiohttp
import pytest

from custom_components.octoprint_plus.api import (
    OctoPrintNotFoundError,
    OctoPrintPermissionError,
    OctoPrintRequestError,
)
from custom_components.octoprint_plus.api.timelapse import (
    TIMELAPSE_OFF,
    TimelapseConfig,
)
from scripts.lab import OctoPrintOptions, OctoPrintServer
from scripts.lab.octoprint_config import ADMIN_KEY, OPERATOR_KEY, VIEWER_KEY

from .families import GCODE, ON_EVERY_VERSION, connected, refused, until

pytestmark = ON_EVERY_VERSION


async def test_the_rest(
    tmp_path: Path, session: aiohttp.ClientSession, version: str
) -> None:
    """Test settings, profiles, system, slicing, util, permissions and plugins."""
    secret = "http://me:s3cr3t@127.0.0.1:9/?action=stream&token=s3cr3t"
    options = OctoPrintOptions(
        settings={
            "plugins": {
                "classicwebcam": {
                    "_config_version": 1,
                    "snapshot": secret,
                    "stream": secret,
                }
            }
        }
    )
    server = OctoPrintServer(tmp_path, version=version, options=options)
    async with server:
        client = await connected(session, server)
        is_two = version.startswith("2.")

        # Settings.
        settings = client.settings
        before = await settings.get_raw()
        assert "s3cr3t" not in str(before)
        assert ADMIN_KEY not in str(before)
        webcam = before["plugins"]["classicwebcam"]
        assert webcam["stream"] == "http://127.0.0.1:9/?action=stream&token="
        after = await settings.update(
            {
                "appearance": {"name": "Neu"},
                "plugins": {"classicwebcam": {"streamTimeout": 7}},
                "temperature": {"cutoff": 31},
            }
        )
        assert after == await settings.get_raw()
        assert after["appearance"] == before["appearance"] | {"name": "Neu"}
        assert after["temperature"] == before["temperature"] | {"cutoff": 31}
        assert after["plugins"]["classicwebcam"] == webcam | {"streamTimeout": 7}
        for family in before.keys() - {"appearance", "temperature", "webcam"}:
            if family != "plugins":
                assert after[family] == before[family]
        # What is left out in what is read is not lost by what is written.
        raw = await server.request("GET", "/api/settings")
        assert raw["plugins"]["classicwebcam"]["stream"] == secret
        assert (await settings.get()).name == "Neu"

        # Profiles, system, and slicing.
        profile = (await client.profiles.list())["_default"]
        assert profile.axes["x"].speed == 6000
        assert (profile.color, profile.nozzle_diameter) == (None, 0.4)
        usage = await client.system.usage()
        assert 0 < usage["uploads"].free < usage["uploads"].total
        assert await client.slicing.list() == {}

        # Plugins.
        plugins = client.plugins
        assert (await plugins.get("appkeys"))["keys"] == []
        assert await plugins.get("action_command_prompt") is None
        assert "files" in await plugins.get_path("logging", "logs")
        assert "logs" in await plugins.get_path("logging", "")
        assert await plugins.get_path("appkeys", "probe") is None
        await server.debug("action_custom notification Hello")

        async def is_noted() -> bool:
            answer = await plugins.get("action_command_notification")
            return [x["message"] for x in answer["notifications"]] == ["Hello"]

        await until(is_noted)
        assert await plugins.command("action_command_notification", "clear") is None
        assert await plugins.get("action_command_notification") == {"notifications": []}
        asked = await plugins.send_path("appkeys", "request", {"app": "Test"})
        assert asked["app_token"]
        await plugins.send_path("logging", "setup/levels", {}, method="PUT")
        await refused(
            OctoPrintNotFoundError,
            plugins.get("nope"),
            plugins.command("nope", "x"),
            plugins.command("virtual_printer", "x"),
            plugins.get_path("nope", "x"),
            plugins.get_path("logging", "nope"),
        )
        with pytest.raises(OctoPrintRequestError, match="command is invalid"):
            await plugins.command("action_command_notification", "nope")
        await refused(
            OctoPrintRequestError,
            plugins.command("action_command_prompt", "select"),
        )

        # Other keys: what is missing is named.
        viewer = await connected(session, server, VIEWER_KEY)
        assert "name" in (await viewer.settings.get_raw())["appearance"]
        operator = await connected(session, server, OPERATOR_KEY)
        content, size = BytesIO(GCODE), len(GCODE)
        for call, permission in (
            (viewer.files.upload("local", "a.gcode", content, size), "FILES_UPLOAD"),
            (viewer.files.delete("local", "a.gcode"), "FILES_DELETE"),
            (viewer.files.create_folder("local", "x"), "FILES_UPLOAD"),
            (viewer.printer.set_offset("bed", 1), "CONTROL"),
            (viewer.printer.controls(), "CONTROL"),
            (viewer.printer.sd_refresh(), "CONTROL"),
            (viewer.connection.fake_ack(), "CONNECTION"),
            (viewer.job.toggle(), "PRINT"),
            (viewer.slicing.list(), "SLICE"),
            (
                viewer.timelapse.configure(TimelapseConfig(type=TIMELAPSE_OFF)),
                "TIMELAPSE_ADMIN",
            ),
            (operator.settings.update({"appearance": {"name": "x"}}), "SETTINGS"),
            (operator.system.usage(), "SYSTEM"),
            (viewer.plugins.get_path("logging", "logs"), None),
            (viewer.plugins.command("action_command_notification", "clear"), None),
        ):
            with pytest.raises(OctoPrintPermissionError) as caught:
                await call
            assert caught.value.permission == permission
        assert is_two == (client.server_info.printer_storage == "printer")
