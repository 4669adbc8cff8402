"""Home Assistant's pages in a real Chromium, already logged in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import json
import shutil

from playwright.async_api import Page, async_playwright

from .home_assistant import HomeAssistant
from .server import LabError

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


@asynccontextmanager
async def logged_in_page(
    hass: HomeAssistant, *, dark: bool = False, width: int = 1280, height: int = 1100
) -> AsyncIterator[Page]:
    """Open a page of Home Assistant, with its console's errors as `page.errors`."""
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None:
        raise LabError("found no Chromium: run scripts/setup")
    tokens = {
        "hassUrl": hass.url,
        "clientId": f"{hass.url}/",
        "access_token": hass.token,
        "token_type": "Bearer",
        "refresh_token": "",
        "expires_in": 10**8,
        "expires": 10**14,
    }
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-gpu"]
        )
        context = await browser.new_context(
            color_scheme="dark" if dark else "light",
            viewport={"width": width, "height": height},
        )
        # A page takes long to load where much else runs beside it.
        context.set_default_timeout(90_000)
        await context.add_init_script(
            f"localStorage.hassTokens = {json.dumps(json.dumps(tokens))}"
        )
        try:
            yield await context.new_page()
        finally:
            await browser.close()
