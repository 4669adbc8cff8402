"""Tests of texts, paths and names that want something else than what is asked for."""

import asyncio
from contextlib import suppress
import re
from urllib.parse import unquote

import pytest

from scripts.lab import OctoPrintServer
from scripts.lab.server import RequestError

from .home import PrintingHome
from .injections import INJECTIONS, MARK, Injection

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]

# What the virtual printer is sent, as it arrives: with the line's number and its checksum.
LINE = re.compile(r"<<< (?:N\d+ ?)?(?P<code>[^\n]*?)(?:\*(?P<checksum>\d+))?$")

# What OctoPrint sends by itself.
OWN = frozenset({"M105", "M27", "M20", "M21", "M110"})


async def sent(octoprint: OctoPrintServer, mark: str) -> list[str]:
    """Return all that was sent to the printer before a mark, which is sent now."""
    log = octoprint.folder / "logs/plugin_virtual_printer_serial.log"
    await octoprint.gcode(f"M118 end of {mark}")
    async with asyncio.timeout(60):
        while True:
            text = log.read_text(encoding="utf-8", errors="replace")
            lines = [
                match["code"]
                for line in text.splitlines()
                if (match := LINE.search(line))
            ]
            if any(line.startswith(f"M118 end of {mark}") for line in lines):
                return lines
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    "injection",
    [
        pytest.param(
            each, id=each.name, marks=() if each.is_quick else pytest.mark.slow
        )
        for each in INJECTIONS
    ],
)
async def test_injection(idle: PrintingHome, injection: Injection) -> None:
    """Test that nothing is done but what is asked for, or that it is refused."""
    number = INJECTIONS.index(injection)
    if await idle.octoprint.state() != "Operational":
        # The one before has done harm, which is its own failure.
        await idle.octoprint.request(
            "POST", "/api/connection", json={"command": "connect"}
        )
        await idle.octoprint.wait_state("Operational")
    before = len(await sent(idle.octoprint, f"{number}-"))
    requests = len(idle.proxy.requests)
    with suppress(RequestError):
        await idle.hass.call(injection.domain, injection.service, injection.data)
    lines = (await sent(idle.octoprint, f"{number}+"))[before:-1]
    theirs = [line for line in lines if line.split(" ", 1)[0] not in OWN]
    assert len(theirs) <= injection.most_lines, lines
    for line in theirs:
        assert line.split(" ", 1)[0] in injection.words
        assert line.isascii()
        assert line.isprintable()
        assert not set(line) & set("*;")
        assert not line.startswith(MARK)
    for request in idle.proxy.requests[requests:]:
        method, path = request.split(" ", 1)
        assert ".." not in unquote(path).replace("\\", "/").split("/")
        if method != "GET" and path != "/api/login":
            assert path.startswith(injection.path), request
    assert await idle.octoprint.state() == "Operational"
