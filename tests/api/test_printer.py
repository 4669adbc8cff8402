"""Test printer: temperatures, flags, errors, and the commands that move or heat."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from custom_components.octoprint_plus.api import (
    OctoPrintClient,
    OctoPrintConflictError,
    OctoPrintError,
    OctoPrintNotFoundError,
    OctoPrintPermissionError,
    OctoPrintRequestError,
)
from custom_components.octoprint_plus.api.printer import (
    Flags,
    Heater,
    PrinterApi,
    PrinterError,
    PrinterState,
    parse_error,
    parse_heaters,
)
from tests.fake_octoprint import FakeOctoPrint

from .answering import replay


async def test_printing(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.load("printing_local")
    assert await client.printer.get() == PrinterState(
        text="Printing",
        error=None,
        flags=Flags(printing=True),
        sd_ready=True,
        heaters={
            "bed": Heater(actual=21.79, target=0, offset=0),
            "tool0": Heater(actual=21.79, target=0, offset=0),
        },
    )


@pytest.mark.parametrize(
    ("folder", "flags"),
    [
        (
            "operational_idle_no_file",
            Flags(ready=True),
        ),
        ("pausing", Flags(printing=True, pausing=True)),
        ("paused", Flags(paused=True)),
        ("resuming", Flags(printing=True, resuming=True)),
        ("cancelling", Flags(printing=True, cancelling=True)),
        ("finishing", Flags(printing=True, finishing=True)),
    ],
)
async def test_flags(
    client: OctoPrintClient, fake: FakeOctoPrint, folder: str, flags: Flags
) -> None:
    fake.load(folder)
    assert (await client.printer.get()).flags == flags


@pytest.mark.parametrize(
    ("folder", "ready"),
    [
        ("operational_idle_no_file", True),
        ("sd_released", False),
        ("shared_nozzle_no_bed_no_sd", None),
    ],
)
async def test_sd_card(
    client: OctoPrintClient, fake: FakeOctoPrint, folder: str, ready: bool | None
) -> None:
    fake.load(folder)
    assert (await client.printer.get()).sd_ready is ready


async def test_history_is_no_heater(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    fake.answer(
        "GET",
        "/api/printer",
        json=fake.json("GET", "/api/printer?history=true&limit=2"),
    )
    assert set((await client.printer.get()).heaters) == {"bed", "tool0"}


async def test_unknown_target(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.load("no_targets_reported")
    assert (await client.printer.get()).heaters["tool0"].target is None


def test_junk_temperatures() -> None:
    assert parse_heaters(
        {
            "tool0": {"actual": "21", "target": True},
            "bed": {"actual": float("nan"), "target": float("inf"), "offset": []},
            "": {"actual": 1},
            "time": 1795228322,
            "history": [{"time": 1}],
            "chamber": None,
        }
    ) == {
        "tool0": Heater(actual=None, target=None),
        "bed": Heater(actual=None, target=None),
    }


async def test_not_connected(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.load("disconnected")
    with pytest.raises(OctoPrintConflictError, match="Printer is not operational"):
        await client.printer.get()


async def test_error(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    assert await client.printer.error() is None
    fake.load("error_fatal_while_printing")
    assert await client.printer.error() == PrinterError(
        error="Thermal Runaway, system stopped! Heater_ID: bed - Printer halted. "
        "kill() called!",
        reason="firmware",
        consequence="emergency",
        faq_url="https://faq.octoprint.org/firmware-thermal-runaway",
    )


async def test_error_before_octoprint_1_10(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    fake.answer("GET", "/api/printer/error", status=404, json={"error": "Not found"})
    assert await client.printer.error() is None


@pytest.mark.parametrize(
    "faq", [None, "", 4, "//evil.example", "a b", "../x", "x?y", "ünsinn"]
)
def test_faq_is_an_id(faq: Any) -> None:
    error = parse_error({"error": "Something", "faq": faq})
    assert error == PrinterError(
        error="Something", reason=None, consequence=None, faq_url=None
    )


@pytest.mark.parametrize(
    ("call", "path", "sent"),
    [
        (
            lambda printer: printer.set_tool_target(1, 205.5),
            "tool",
            {"command": "target", "targets": {"tool1": 205.5}},
        ),
        (
            lambda printer: printer.set_bed_target(60),
            "bed",
            {"command": "target", "target": 60},
        ),
        (
            lambda printer: printer.set_chamber_target(0),
            "chamber",
            {"command": "target", "target": 0},
        ),
        (
            lambda printer: printer.set_target("tool0", 200),
            "tool",
            {"command": "target", "targets": {"tool0": 200}},
        ),
        (
            lambda printer: printer.set_target("bed", 60),
            "bed",
            {"command": "target", "target": 60},
        ),
        (
            lambda printer: printer.set_target("chamber", 40),
            "chamber",
            {"command": "target", "target": 40},
        ),
        (
            lambda printer: printer.select_tool(1),
            "tool",
            {"command": "select", "tool": "tool1"},
        ),
        (
            lambda printer: printer.set_tool_offset(1, -5),
            "tool",
            {"command": "offset", "offsets": {"tool1": -5}},
        ),
        (
            lambda printer: printer.set_offset("tool0", 2.5),
            "tool",
            {"command": "offset", "offsets": {"tool0": 2.5}},
        ),
        (
            lambda printer: printer.set_offset("bed", 3),
            "bed",
            {"command": "offset", "offset": 3},
        ),
        (
            lambda printer: printer.set_offset("chamber", 0),
            "chamber",
            {"command": "offset", "offset": 0},
        ),
        (
            lambda printer: printer.set_flow_rate(95),
            "tool",
            {"command": "flowrate", "factor": 95},
        ),
        (
            lambda printer: printer.set_feed_rate(109.6),
            "printhead",
            {"command": "feedrate", "factor": 110},
        ),
        (
            lambda printer: printer.sd_init(),
            "sd",
            {"command": "init"},
        ),
        (
            lambda printer: printer.sd_refresh(),
            "sd",
            {"command": "refresh"},
        ),
        (
            lambda printer: printer.sd_release(),
            "sd",
            {"command": "release"},
        ),
        (
            lambda printer: printer.run_script("afterPrintPaused"),
            "command",
            {"script": "afterPrintPaused"},
        ),
        (
            lambda printer: printer.run_script(
                "park", parameters={"z": 5}, context={"why": "filament"}
            ),
            "command",
            {
                "script": "park",
                "parameters": {"z": 5},
                "context": {"why": "filament"},
            },
        ),
        (
            lambda printer: printer.extrude(-2.5),
            "tool",
            {"command": "extrude", "amount": -2.5},
        ),
        (
            lambda printer: printer.extrude(5, 300),
            "tool",
            {"command": "extrude", "amount": 5, "speed": 300},
        ),
        (
            lambda printer: printer.jog({"x": 10, "z": -0.5}),
            "printhead",
            {"command": "jog", "x": 10, "z": -0.5, "absolute": False},
        ),
        (
            lambda printer: printer.jog({"y": 1}, absolute=True, speed=3000),
            "printhead",
            {"command": "jog", "y": 1, "absolute": True, "speed": 3000},
        ),
        (
            lambda printer: printer.home(("x", "y")),
            "printhead",
            {"command": "home", "axes": ["x", "y"]},
        ),
        (
            lambda printer: printer.send_gcode(("G28", "M105")),
            "command",
            {"commands": ["G28", "M105"]},
        ),
        (
            lambda printer: printer.send_gcode(["M104 S%(t)d"], {"t": 5}),
            "command",
            {"commands": ["M104 S5"]},
        ),
    ],
)
async def test_commands(
    client: OctoPrintClient,
    fake: FakeOctoPrint,
    call: Callable[[PrinterApi], Awaitable[None]],
    path: str,
    sent: dict[str, Any],
) -> None:
    await call(client.printer)
    assert fake.commands() == [(f"/api/printer/{path}", sent)]


@pytest.mark.parametrize("percent", [110, 110.0, 109.7])
async def test_rates_are_whole_percents(
    client: OctoPrintClient, fake: FakeOctoPrint, percent: float
) -> None:
    """Test that no point is sent: OctoPrint would take 110.0 for 11000 percent."""
    await client.printer.set_feed_rate(percent)
    await client.printer.set_flow_rate(percent)
    for request in fake.requests:
        assert b'"factor": 110}' in request.body


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
async def test_no_number(
    client: OctoPrintClient, fake: FakeOctoPrint, value: float
) -> None:
    """Test what Python writes as JSON all the same, and OctoPrint sends to the printer."""
    printer = client.printer
    for call in (
        printer.set_target("tool0", value),
        printer.set_target("bed", value),
        printer.set_offset("chamber", value),
        printer.set_flow_rate(value),
        printer.set_feed_rate(value),
        printer.extrude(value),
        printer.jog({"x": value}),
        printer.send_gcode(["M104 S%(t)d"], {"t": value}),
        printer.run_script("x", parameters={"a": [value]}),
    ):
        with pytest.raises(OctoPrintRequestError):
            await call
    assert fake.requests == []


@pytest.mark.parametrize(
    ("folder", "name", "call", "error"),
    [
        (
            "printer_commands_idle",
            "tool_offset_out_of_range",
            lambda printer: printer.set_tool_offset(0, 60),
            OctoPrintRequestError,
        ),
        (
            "printer_commands_idle",
            "chamber_target_no_chamber",
            lambda printer: printer.set_chamber_offset(5),
            OctoPrintConflictError,
        ),
        (
            "printer_commands_idle",
            "command_script_unknown",
            lambda printer: printer.run_script("nope"),
            OctoPrintNotFoundError,
        ),
    ],
)
async def test_refused(
    client: OctoPrintClient,
    fake: FakeOctoPrint,
    folder: str,
    name: str,
    call: Callable[[PrinterApi], Awaitable[None]],
    error: type[OctoPrintError],
) -> None:
    replay(fake, folder, name)
    with pytest.raises(error):
        await call(client.printer)


async def test_refused_while_off(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.load("disconnected")
    with pytest.raises(OctoPrintConflictError, match="Printer is not operational"):
        await client.printer.home(["x"])


async def test_not_permitted(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.user("readonly")
    with pytest.raises(OctoPrintPermissionError) as caught:
        await client.printer.send_gcode(["G28"])
    assert caught.value.permission == "CONTROL"
