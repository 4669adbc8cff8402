"""Tests of the pages in a real browser."""

import asyncio
from contextlib import suppress
from itertools import count
import json
from pathlib import Path
import re

from playwright.async_api import expect
import pytest

from scripts.lab import HomeAssistant, OctoPrintServer
from scripts.lab.browser import logged_in_page
from scripts.lab.integration import add_printer
from scripts.lab.sample_print import sample_print

from .record import until

pytestmark = pytest.mark.live

# A page takes long to load where other tests run beside it.
expect.set_options(timeout=180_000)


async def test_add_printer_and_device_page(
    tmp_path: Path, octoprint: OctoPrintServer
) -> None:
    """Test what a person sees: adding a printer, and its page while it prints."""
    await octoprint.upload("Pot.gcode", sample_print(1200), print_=True)
    async with (
        HomeAssistant(tmp_path / "hass") as hass,
        logged_in_page(hass) as page,
    ):
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        await page.goto(
            f"{hass.url}/config/integrations/dashboard/add?domain=octoprint_plus"
        )
        await page.get_by_role("button", name="OK").click(timeout=180_000)
        form = page.locator("ha-form")
        await form.locator("input:not([type=checkbox])").first.fill(octoprint.url)
        await page.get_by_role("button", name="Submit").click()
        await page.get_by_text("Approve the access in OctoPrint").click()
        link = page.get_by_role("link", name="page")
        await expect(link).to_have_attribute("href", _starts_with(octoprint.url))
        await octoprint.approve_app_key()
        await expect(form.locator("input:not([type=checkbox])").first).to_have_value(
            "Voron"
        )
        await page.get_by_role("button", name="Submit").click()
        finish = page.get_by_role("button", name="Skip and finish")
        await finish.click()
        await expect(finish).to_be_hidden()

        [device] = [each for each in await hass.devices() if each["name"] == "Voron"]
        # The dialog that closes goes back in the history, maybe after the page was opened.
        async with asyncio.timeout(300):
            for _ in count():
                await page.goto(f"{hass.url}/config/devices/device/{device['id']}")
                shown = expect(page.get_by_text("Virtual printer", exact=True).first)
                with suppress(AssertionError):
                    await shown.to_be_visible(timeout=30_000)
                    break
        for text in ("Voron", "Virtual printer", "Tool", "Bed", "Pause print"):
            await expect(page.get_by_text(text, exact=True).first).to_be_visible()
        await expect(page.get_by_text("Printing", exact=True).first).to_be_visible()
        await expect(page.get_by_text("Pot.gcode").first).to_be_visible()
        assert errors == []


async def test_upload_from_this_device(
    tmp_path: Path, octoprint: OctoPrintServer
) -> None:
    """Test that a file that is chosen in the browser gets to OctoPrint by the action."""
    file = tmp_path / "Größe 1.gcode"
    file.write_text("G28\n", encoding="utf-8")
    async with (
        HomeAssistant(tmp_path / "hass") as hass,
        logged_in_page(hass) as page,
    ):
        await add_printer(hass, octoprint)
        action = json.dumps({"action": "octoprint_plus.upload_file", "data": {}})
        await page.add_init_script(
            f"localStorage['panel-dev-action-state-service-data'] = {json.dumps(action)}"
        )
        await page.goto(f"{hass.url}/developer-tools/action")
        selector = page.locator("ha-selector-file")
        row = page.locator("ha-service-control ha-settings-row").filter(has=selector)
        await row.locator("ha-checkbox").click(timeout=180_000)
        await row.locator("input[type=file]").set_input_files(file)
        await expect(row.get_by_text("Größe 1.gcode")).to_be_visible()
        await until(lambda: len(hass.uploads) == 1)
        await page.get_by_role("button", name="Perform action").click()
        await until(lambda: not hass.uploads, timeout=180)
        async with asyncio.timeout(90):
            while not (found := await uploaded(octoprint)):
                await asyncio.sleep(0.1)
        assert found == ["Größe 1.gcode"]


async def uploaded(octoprint: OctoPrintServer) -> list[str]:
    """Return the names of all files that OctoPrint has."""
    listing = await octoprint.request("GET", "/api/files/local")
    return [file["display"] for file in listing["files"]]


def _starts_with(url: str) -> re.Pattern[str]:
    return re.compile(re.escape(f"{url}/plugin/appkeys/auth/"))
