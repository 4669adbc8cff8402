"""What the tests of faults share, and the score of a run."""

from collections.abc import AsyncGenerator, Generator

import pytest
import pytest_asyncio
from pytest_socket import enable_socket

from scripts.lab import HomeAssistant, OctoPrintOptions, OctoPrintServer
from scripts.lab.sample_print import sample_print

from ..home import STATE, add
from .home import PRINT_SECONDS, PrintingHome
from .proxy import FaultProxy

KINDS = {
    "fault": "Faults survived with nothing lost",
    "injection": "Injections held",
}


CONTROLS = [
    {
        "name": "Greet",
        "command": "M117 %(text)s",
        "input": [{"name": "Text", "parameter": "text", "default": "Hello"}],
    },
    {
        "name": "Push",
        "command": "G1 E%(length)d F100",
        "input": [{"name": "Length", "parameter": "length", "default": 1}],
    },
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def printing(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncGenerator[PrintingHome]:
    """Return a Home Assistant with a printer that prints all the time."""
    enable_socket()
    folder = tmp_path_factory.mktemp("faults")
    async with (
        OctoPrintServer(
            folder / "octoprint", options=OctoPrintOptions(name="Voron")
        ) as octoprint,
        FaultProxy(octoprint) as proxy,
        HomeAssistant(folder / "hass") as hass,
    ):
        entry_id = await add(hass, proxy.url, "Voron")
        await octoprint.upload(
            "Tower.gcode", sample_print(PRINT_SECONDS, nozzle=25, bed=25), print_=True
        )
        home = PrintingHome(hass, octoprint, proxy, entry_id)
        await home.recovered()
        yield home


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def idle(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncGenerator[PrintingHome]:
    """Return a Home Assistant with a printer that is told only what we want."""
    enable_socket()
    folder = tmp_path_factory.mktemp("injections")
    options = OctoPrintOptions(
        name="Voron",
        settings={
            "controls": CONTROLS,
            # So that a wrong checksum shows.
            "serial": {"alwaysSendChecksum": True},
            # It ends a line where its buffer ends; firmware's holds a whole one, of 96 characters.
            "plugins": {"virtual_printer": {"rxBuffer": 128}},
        },
    )
    async with (
        OctoPrintServer(folder / "octoprint", options=options) as octoprint,
        FaultProxy(octoprint) as proxy,
        HomeAssistant(folder / "hass") as hass,
    ):
        entry_id = await add(hass, proxy.url, "Voron")
        await octoprint.upload("a.gcode", "G28\n")
        await hass.wait_for(STATE, "operational")
        # It writes a new entry some time later, and a power cut before would forget it.
        await hass.stop()
        await hass.start()
        await hass.wait_for(STATE, "operational")
        yield PrintingHome(hass, octoprint, proxy, entry_id)


@pytest.hookimpl(wrapper=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter,
) -> Generator[None]:
    """Print how many of how many were survived."""
    yield
    for kind, text in KINDS.items():
        counts = [
            sum(
                f"test_{kind}" in report.nodeid
                for report in terminalreporter.getreports(outcome)
                if getattr(report, "when", "") == "call"
            )
            for outcome in ("passed", "failed")
        ]
        if total := sum(counts):
            terminalreporter.write_line(f"{text}: {counts[0]} of {total}")
