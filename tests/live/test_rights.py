"""Tests of who may act, with users of a real Home Assistant and a printer that would do it."""

from pathlib import Path
import re
from typing import Any

import pytest

from custom_components.octoprint_plus.const import DOMAIN
from homeassistant.auth.const import GROUP_ID_READ_ONLY, GROUP_ID_USER
from scripts.lab import HomeAssistant, OctoPrintOptions, OctoPrintServer, RequestError
from scripts.lab.integration import add_printer
from tests.services.test_rights import ADMIN, CONTROL, READ

from .conftest import complaints
from .test_accidents import lines

pytestmark = pytest.mark.live

GCODE = b"M104 S400\nM502\nG28\n"


async def is_refused(hass: HomeAssistant, action: str, data: dict[str, Any]) -> bool:
    """Return whether an action is refused to a user, for whatever they lack."""
    try:
        await hass.call(
            DOMAIN, action, data, return_response=action in {*READ, "get_settings"}
        )
    except RequestError as err:
        return any(
            each in str(err)
            for each in ("Unauthorized", "'user_", "'emergency_not_sent")
        )
    return False


async def test_rights(tmp_path: Path) -> None:
    """A user who may only read changes nothing; another one sends no G-code by an upload."""
    options = OctoPrintOptions(name="Voron")
    async with (
        OctoPrintServer(tmp_path / "octoprint", options=options) as octoprint,
        HomeAssistant(tmp_path / "hass") as hass,
    ):
        await add_printer(hass, octoprint)
        await hass.wait_for("sensor.voron_state", "operational")
        reader = await hass.as_user("reader", GROUP_ID_READ_ONLY)
        user = await hass.as_user("user", GROUP_ID_USER)

        for action, data in (CONTROL | ADMIN).items():
            assert await is_refused(reader, action, data), action
        for action, data in READ.items():
            assert not await is_refused(reader, action, data), action
        found = await reader.call(DOMAIN, "list_files", return_response=True)
        assert "files" in found
        with pytest.raises(RequestError) as err:
            await reader.post(f"services/{DOMAIN}/home", {})
        assert err.value.status == 401

        for action, data in ADMIN.items():
            assert await is_refused(user, action, data), action
        upload = {"upload": await user.upload("any.gcode", GCODE)}
        for more in ({}, {"print": True}, {"select": True}, {"overwrite": True}):
            assert await is_refused(user, "upload_file", upload | more), more

        commands = lines(octoprint)
        assert not [
            line for line in commands if re.match(r"(G28|G91|M104|M112|M502)\b", line)
        ]
        await user.call(DOMAIN, "home")
        assert complaints(hass) == []
