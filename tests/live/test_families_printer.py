"""Test offsets, rates, scripts, controls, toggling, and how OctoPrint connects."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp

from custom_components.octoprint_plus.api import (
    OctoPrintConflictError,
    OctoPrintNotFoundError,
    OctoPrintRequestError,
)
from scripts.lab import OctoPrintOptions, OctoPrintServer
from scripts.lab.sample_print import sample_print

from .families import ON_EVERY_VERSION, connected, refused, until

pytestmark = ON_EVERY_VERSION

CONTROLS = [
    {
        "name": "Filament",
        "children": [
            {
                "name": "Load",
                "commands": ["G91", "G1 E%(length)d F%(speed)d"],
                "confirm": "Is it hot?",
                "input": [
                    {"name": "Length", "parameter": "length", "default": 10},
                    {
                        "name": "Speed",
                        "parameter": "speed",
                        "default": 300,
                        "slider": {"min": 100, "max": 600, "step": 50},
                    },
                ],
            },
            {
                "name": "Position",
                "command": "M114",
                "regex": "X:([0-9.]+)",
                "template": "X={0}",
            },
        ],
    },
    {
        "name": "Greet",
        "script": "greeting",
        "input": [{"name": "Who", "parameter": "who", "default": "You"}],
    },
    {"name": "Page", "javascript": "alert(1)", "command": "M117 never"},
]


async def test_printer_and_connection(
    tmp_path: Path, session: aiohttp.ClientSession, version: str
) -> None:
    """Test offsets, rates, scripts, controls, toggling, and how it connects."""
    options = OctoPrintOptions(
        # This candidate leaves the virtual printer's chamber out.
        chamber=version != "2.0.0rc7",
        settings={"controls": CONTROLS},
    )
    server = OctoPrintServer(tmp_path, version=version, options=options)
    async with server:
        client = await connected(session, server)
        printer, connection = client.printer, client.connection

        def sent(command: str) -> Callable[[], Awaitable[bool]]:
            """Return a check whether the printer was sent a line."""
            log = tmp_path / "logs/plugin_virtual_printer_serial.log"

            async def check() -> bool:
                return f"<<< {command}\n" in log.read_text(encoding="utf-8")

            return check

        # Offsets.
        await printer.set_offset("tool0", 5)
        await printer.set_offset("bed", -2.5)
        offsets = {"tool0": 5.0, "bed": -2.5}
        if options.chamber:
            await printer.set_offset("chamber", 1)
            offsets["chamber"] = 1.0
        else:
            await refused(OctoPrintConflictError, printer.set_offset("chamber", 1))

        async def has_offsets() -> bool:
            heaters = (await printer.get()).heaters
            return {
                name: heaters[name].offset for name in offsets if name in heaters
            } == offsets

        await until(has_offsets)
        await refused(
            OctoPrintRequestError,
            printer.set_offset("tool0", 60),
            printer.set_offset("bed", -51),
            printer.set_offset("tool0", float("nan")),
        )
        await printer.set_offset("tool0", 0)

        # Rates: a number with a point is a percentage all the same.
        await printer.set_feed_rate(110.0)
        await printer.set_flow_rate(95)
        await until(sent("M220 S110"))
        await until(sent("M221 S95"))
        await refused(
            OctoPrintRequestError,
            printer.set_feed_rate(0),
            printer.set_flow_rate(-5),
        )

        # Scripts and controls.
        script = (
            "M117 {{ parameters.who }}{% if context %} {{ context.why }}{% endif %}"
        )
        await client.settings.update({"scripts": {"gcode": {"greeting": script}}})
        await printer.run_script(
            "greeting", parameters={"who": "You"}, context={"why": "There"}
        )
        await until(sent("M117 You There"))
        await refused(OctoPrintNotFoundError, printer.run_script("nope"))
        controls = {
            name: control for control, name in (await printer.controls()).walk()
        }
        assert list(controls) == [
            "Filament / Load",
            "Filament / Position",
            "Greet",
            "Page",
        ]
        load = controls["Filament / Load"]
        assert load.inputs[1].slider
        await printer.run_control(load, {"length": 5})
        await until(sent("G1 E5 F300"))
        await printer.run_control(controls["Filament / Position"])
        await until(sent("M114"))
        await printer.run_control(controls["Greet"], {"who": "Me"})
        await until(sent("M117 Me"))
        await refused(OctoPrintRequestError, printer.run_control(controls["Page"]))

        # Toggling.
        await refused(OctoPrintConflictError, client.job.toggle())
        await server.upload("a.gcode", sample_print(60), print_=True)

        def is_in(*states: str) -> Callable[[], Awaitable[bool]]:
            async def check() -> bool:
                return await server.state() in states

            return check

        await until(is_in("Printing"))
        await client.job.toggle()
        await until(is_in("Paused"))
        await client.job.toggle()
        await until(is_in("Printing"))
        await client.job.cancel()
        await until(is_in("Operational"))

        # Connecting with other preferences; what is not chosen stays.
        await connection.fake_ack()
        await refused(
            OctoPrintRequestError,
            connection.connect(port="/dev/nowhere"),
            connection.connect(baudrate=1),
            connection.connect(printer_profile="nope"),
        )
        await connection.disconnect()
        await until(is_in("Offline"))
        await connection.connect(baudrate=250000, save=True, autoconnect=False)
        await until(is_in("Operational"))
        options_now = (await connection.get()).options
        assert options_now.port_preference == "VIRTUAL"
        assert options_now.baudrate_preference == 250000
        assert options_now.printer_profile_preference == "_default"
        is_two = version.startswith("2.")
        assert options_now.autoconnect is (False if is_two else None)
        serial = (await client.settings.get_raw()).get("serial", {})
        if not is_two:
            assert serial["autoconnect"] is False
        await connection.disconnect()
        await until(is_in("Offline"))
        await refused(
            OctoPrintConflictError,
            printer.set_offset("bed", 1),
            printer.set_feed_rate(100),
            printer.set_flow_rate(100),
            printer.run_script("greeting"),
            printer.run_control(load),
            client.job.toggle(),
        )
