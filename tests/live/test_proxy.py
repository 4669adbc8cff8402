"""Tests of a printer behind a proxy that asks for a user and a password."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from custom_components.octoprint_plus.const import DOMAIN
from scripts.lab import HomeAssistant, OctoPrintServer
from scripts.lab.octoprint_config import ADMIN_KEY
from scripts.lab.sample_print import sample_print

from .proxy import Door, reverse_proxy

pytestmark = pytest.mark.live

SOCKET = "/printer/sockjs/websocket"
STATE = "sensor.voron_state"


async def until[T](check: Callable[[], Awaitable[T]]) -> T:
    """Wait until a check returns something, and return that."""
    async with asyncio.timeout(90):
        while not (found := await check()):
            await asyncio.sleep(0.2)
    return found


async def test_proxy_with_login(tmp_path: Path, octoprint: OctoPrintServer) -> None:
    """Test the dialog, polls, socket, commands and an upload, and another password later."""
    door = Door("me:hidden 1")
    async with (
        reverse_proxy(octoprint, "/printer", door=door) as url,
        HomeAssistant(tmp_path / "hass") as hass,
    ):
        step = await hass.flow_start(DOMAIN)
        # OctoPrint waits for more where it is asked by HTTPS, so that alone times out.
        typed = {
            "url": octoprint.url.replace("http://", "https://"),
            "verify_ssl": True,
        }
        step = await hass.flow_step(step["flow_id"], typed)
        assert step["errors"] == {"base": "try_http"}
        assert step["description_placeholders"]["url"] == octoprint.url.rstrip("/")
        typed = {"url": str(url), "verify_ssl": True}
        step = await hass.flow_step(step["flow_id"], typed)
        assert step["step_id"] == "proxy_login"
        for answer in (
            {"username": "me", "password": "hidden 1"},
            {"next_step_id": "api_key"},
            {"api_key": ADMIN_KEY},
            {"name": "Voron"},
        ):
            step = await hass.flow_step(step["flow_id"], answer)
        entry_id = step["result"]["entry_id"]
        await hass.wait_entry(entry_id)
        await hass.wait_for(STATE, "operational")
        # Only the first question came without the log-in.
        assert [path for path, is_known in door.asked if not is_known] == [
            "/printer/api/currentuser"
        ]

        async def is_pushed() -> bool:
            return (SOCKET, True) in door.asked

        await until(is_pushed)
        file_id = await hass.upload("Ring.gcode", sample_print(60).encode())
        data = {"upload": file_id, "print": True}
        await hass.call(DOMAIN, "upload_file", data)
        await hass.wait_for(STATE, "printing")
        await hass.call("button", "press", {"entity_id": "button.voron_cancel_print"})
        await hass.wait_for(STATE, "operational")
        assert all(is_known for _, is_known in door.asked[1:])

        door.login = "me:hidden 2"
        await hass.call("homeassistant", "update_entity", {"entity_id": STATE})
        await hass.wait_for(STATE, "unavailable")

        async def reauth() -> list[dict[str, Any]]:
            return [
                flow
                for flow in await hass.flows()
                if flow["handler"] == DOMAIN and flow["context"]["source"] == "reauth"
            ]

        [flow] = await until(reauth)
        login = {"username": "me", "password": "hidden 2"}
        step = await hass.flow_step(flow["flow_id"], login)
        assert step["reason"] == "reauth_successful"
        await hass.wait_entry(entry_id)
        await hass.wait_for(STATE, "operational")
        for secret in ("hidden 1", "hidden 2", ADMIN_KEY):
            assert secret not in hass.log()
