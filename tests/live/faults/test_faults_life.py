"""Tests of what happens to Home Assistant, to OctoPrint and to commands while they are at it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
import json
import os
from pathlib import Path
import re
import signal
from typing import Any

import pytest
import pytest_asyncio

from scripts.lab import HomeAssistant
from scripts.lab.octoprint_config import ADMIN_KEY
from scripts.lab.sample_print import sample_print
from scripts.lab.server import RequestError

from ..home import RESULT, STATE, add
from ..record import until, watching
from . import breaks
from .breaks import on, on_all
from .home import PrintingHome
from .proxy import Exchange

pytestmark = [
    pytest.mark.live,
    pytest.mark.slow,
    pytest.mark.asyncio(loop_scope="module"),
]

JOB = "/api/job"
TOOL = "/api/printer/tool"

HOT = 190
"""The filament's temperature in degrees Celsius."""


@pytest_asyncio.fixture(loop_scope="module")
async def home(idle: PrintingHome) -> AsyncGenerator[PrintingHome]:
    """Return a printer that does nothing, and leave it so."""
    await idle.proxy.restore()
    if idle.hass.pid is None:
        await idle.hass.start()
    await idle.at_rest()
    yield idle
    await idle.proxy.restore()
    await idle.at_rest()


async def command(
    home: PrintingHome, service: str, domain: str = "octoprint_plus", **data: Any
) -> RequestError | None:
    """Perform an action and return its error, if any."""
    try:
        await home.hass.call(domain, service, data)
    except RequestError as err:
        return err
    return None


async def target(home: PrintingHome) -> float:
    """Return the tool's target at OctoPrint."""
    answer = await home.octoprint.request("GET", "/api/printer")
    return float(answer["temperature"]["tool0"]["target"])


async def holds(check: Callable[[], Awaitable[object]], *, timeout: float = 90) -> None:
    """Wait until an asynchronous check is true."""
    async with asyncio.timeout(timeout):
        while not await check():
            await asyncio.sleep(0.1)


async def is_target(home: PrintingHome, expected: float) -> bool:
    """Return whether the tool's target at OctoPrint is the expected one."""
    return await target(home) == expected


def sent(home: PrintingHome, since: int, request: str) -> int:
    """Return how often a request was sent since a moment."""
    return home.proxy.requests[since:].count(request)


async def print_file(home: PrintingHome, name: str, seconds: float = 300) -> None:
    """Upload a file that could be printed."""
    await home.octoprint.upload(name, sample_print(seconds, nozzle=25, bed=25))


async def printing(home: PrintingHome) -> None:
    """Begin a print and see it shown."""
    await print_file(home, "Tower.gcode")
    await home.octoprint.request(
        "POST",
        "/api/files/local/Tower.gcode",
        json={"command": "select", "print": True},
    )
    await home.hass.wait_for(STATE, "printing")


# ----- prints -----


async def test_fault_killed_in_a_print(home: PrintingHome) -> None:
    """Test that a killed Home Assistant leaves the print alone and finds it again."""
    await printing(home)
    await home.kill()
    assert await home.octoprint.state() == "Printing"
    await home.hass.start()
    await home.hass.wait_for(STATE, "printing")
    await home.goes_on()


async def test_fault_server_stopped_in_a_command(home: PrintingHome) -> None:
    """Test that a command that a frozen server answers too late is told so, and sent once."""
    await print_file(home, "Tower.gcode")
    since = len(home.proxy.requests)
    pid = home.octoprint.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        error = await command(home, "print_file", path="Tower.gcode")
    finally:
        os.kill(pid, signal.SIGCONT)
    assert error is not None
    assert "Voron" in str(error)
    assert sent(home, since, "POST /api/files/local/Tower.gcode") <= 1


@pytest.mark.parametrize("lost", [True, False], ids=["cut", "never"])
async def test_fault_answer_to_pause_lost(home: PrintingHome, lost: bool) -> None:
    """Test that a command whose answer is lost is told as doubtful, and sent once."""
    await printing(home)
    since = len(home.proxy.requests)

    async def do(exchange: Exchange) -> None:
        await home.octoprint.request(
            "POST", JOB, json={"command": "pause", "action": "pause"}
        )
        if not lost:
            await exchange.hang()

    home.proxy.rule = on(JOB, do=do, methods=("POST",))
    pause = await home.hass.entity_id(home.entry_id, "button", "pause")
    error = await command(home, "press", "button", entity_id=pause)
    assert error is not None
    home.proxy.rule = None
    assert sent(home, since, f"POST {JOB}") == 1
    await home.hass.wait_for(STATE, "paused")


async def test_fault_answer_to_delete_lost(home: PrintingHome) -> None:
    """Test that a file is deleted once, whatever becomes of the answer."""
    await print_file(home, "Gone.gcode")
    since = len(home.proxy.requests)

    async def do(_: Exchange) -> None:
        await home.octoprint.request("DELETE", "/api/files/local/Gone.gcode")

    home.proxy.rule = on("/api/files/*", do=do, methods=("DELETE",))
    assert await command(home, "delete_file", path="Gone.gcode") is not None
    assert sent(home, since, "DELETE /api/files/local/Gone.gcode") == 1


async def test_fault_print_file_four_times(home: PrintingHome) -> None:
    """Test that a file that is printed four times at once is printed once."""
    await print_file(home, "Tower.gcode")
    async with watching(home.hass) as shown:
        await asyncio.gather(
            *(command(home, "print_file", path="Tower.gcode") for _ in range(4))
        )
        await home.hass.wait_for(STATE, "printing")
        await home.goes_on()
    results = [x.state for x in shown.after() if x.entity_id == RESULT]
    assert results == []


async def test_fault_two_files_at_once(home: PrintingHome) -> None:
    """Test that of two files that are printed at once one is, to its end."""
    for name in ("One.gcode", "Two.gcode"):
        await print_file(home, name)
    await asyncio.gather(
        *(command(home, "print_file", path=f"{name}.gcode") for name in ("One", "Two"))
    )
    await home.hass.wait_for(STATE, "printing")
    await home.goes_on()


async def test_fault_start_four_times(home: PrintingHome) -> None:
    """Test that a print that is started four times at once starts once."""
    await print_file(home, "Tower.gcode")
    await home.octoprint.request(
        "POST", "/api/files/local/Tower.gcode", json={"command": "select"}
    )
    start = await home.hass.entity_id(home.entry_id, "button", "start")
    await home.hass.wait_for(start, lambda state: state["state"] != "unavailable")
    await asyncio.gather(
        *(command(home, "press", "button", entity_id=start) for _ in range(4))
    )
    await home.hass.wait_for(STATE, "printing")
    await home.goes_on()


# ----- filament -----


def load(home: PrintingHome, temperature: float = HOT) -> asyncio.Task[Any]:
    """Begin to load filament."""
    return asyncio.create_task(
        command(home, "load_filament", length=50, temperature=temperature, speed=300)
    )


async def heats(home: PrintingHome) -> asyncio.Task[Any]:
    """Begin to load filament and wait until OctoPrint heats for it."""
    task = load(home)
    await holds(lambda: is_target(home, HOT))
    return task


async def test_fault_filament_three_times(home: PrintingHome) -> None:
    """Test that filament is loaded once at a time."""
    errors = await asyncio.gather(*(load(home) for _ in range(3)))
    assert sum(error is None for error in errors) == 1
    await holds(lambda: is_target(home, 0))


async def test_fault_other_target_while_filament(home: PrintingHome) -> None:
    """Test that a target that somebody sets meanwhile stays."""
    task = await heats(home)
    await home.octoprint.request(
        "POST", TOOL, json={"command": "target", "targets": {"tool0": 60}}
    )
    assert await task is not None
    assert await target(home) == 60


def temperatures(home: PrintingHome) -> list[str]:
    """Return all lines with a target of a tool that the printer was sent, in their order."""
    log = home.octoprint.folder / "logs/plugin_virtual_printer_serial.log"
    text = log.read_text(encoding="utf-8", errors="replace")
    return re.findall(r"<<< .*?\bM10[49]\b[^*\n]*", text)


@pytest.mark.parametrize("seconds", [0.0, 0.8, 1.3, 2.6, 3.2, 4.0, 5.0, 6.5])
async def test_fault_print_beside_filament(home: PrintingHome, seconds: float) -> None:
    """Test that a print that begins while filament is loaded keeps its temperature."""
    before = len(temperatures(home))
    hot = "M104 S215\n" + sample_print(120, nozzle=215, bed=25)
    await home.octoprint.upload("Hot.gcode", hot)
    task = load(home)
    await asyncio.sleep(seconds)
    with suppress(RequestError):
        await home.octoprint.request(
            "POST",
            "/api/files/local/Hot.gcode",
            json={"command": "select", "print": True},
        )
    await home.hass.wait_for(STATE, "printing")
    await holds(lambda: is_target(home, 215))
    await asyncio.wait([task], timeout=60)
    assert task.done()
    # What was sent before it ended has arrived after another answer of the printer.
    await home.octoprint.gcode("M105")
    await home.goes_on()
    assert await target(home) == 215
    # Not even for a moment: from the file's first on the printer is sent no other.
    theirs = temperatures(home)[before:]
    of_file = next(i for i, line in enumerate(theirs) if "S215" in line)
    assert all("S215" in line for line in theirs[of_file:]), theirs


async def test_fault_print_file_beside_filament(home: PrintingHome) -> None:
    """Test that Home Assistant itself begins no print while filament is loaded."""
    await print_file(home, "Tower.gcode")
    task = await heats(home)
    assert await command(home, "print_file", path="Tower.gcode") is not None
    assert await task is None
    await holds(lambda: is_target(home, 0))
    assert await home.octoprint.state() == "Operational"


async def test_fault_stopped_in_filament(home: PrintingHome) -> None:
    """Test that Home Assistant cools the tool before it stops."""
    task = await heats(home)
    await home.hass.stop()
    await asyncio.wait([task])
    with suppress(Exception):
        task.result()
    await holds(lambda: is_target(home, 0))
    await home.hass.start()


async def test_fault_disabled_in_filament(home: PrintingHome) -> None:
    """Test that the tool is cooled when the printer is disabled in Home Assistant."""
    task = await heats(home)
    await home.disable()
    assert await task is not None
    await holds(lambda: is_target(home, 0))


async def test_fault_killed_in_filament(home: PrintingHome) -> None:
    """Test that a killed Home Assistant cools the tool once it is back."""
    task = await heats(home)
    await home.kill()
    await asyncio.wait([task])
    with suppress(Exception):
        task.result()
    assert await target(home) == HOT
    await home.hass.start()
    await holds(lambda: is_target(home, 0))


async def test_fault_server_gone_in_filament(home: PrintingHome) -> None:
    """Test that the tool is cooled once the server is back."""
    task = await heats(home)
    await home.proxy.refuse()
    await home.hass.wait_for(STATE, "unavailable")
    await home.proxy.restore()
    await asyncio.wait([task], timeout=120)
    await holds(lambda: is_target(home, 0))


# ----- life of the entry -----


async def test_fault_reloaded_many_times(home: PrintingHome) -> None:
    """Test that 50 reloads leave nothing behind."""

    def files() -> int:
        return len(list(Path(f"/proc/{home.hass.pid}/fd").iterdir()))

    await home.reload()
    await home.recovered("operational")
    before = files()
    for _ in range(50):
        await home.reload()
    await home.recovered("operational")
    assert files() <= before + 3
    assert len(home.proxy.relays) == 1


async def test_fault_disabled_while_it_hangs(home: PrintingHome) -> None:
    """Test that a printer whose server hangs can be disabled and enabled."""
    home.proxy.rule = on_all(breaks.hang)
    home.proxy.cut()
    for _ in range(2):
        await home.disable()
        await home.enable()
    await home.proxy.restore()
    await home.recovered("operational")


@pytest.mark.parametrize("how", ["disabled", "reloaded"])
async def test_fault_entry_ends_in_upload(home: PrintingHome, how: str) -> None:
    """Test that an upload ends with its printer, and prints nothing."""
    upload = await home.hass.upload("Large.gcode", b"G28\n" + b";" * 20_000_000)
    since = len(home.proxy.requests)

    async def slowly(exchange: Exchange) -> None:
        for _ in range(600):
            await exchange.client_reader.read(8192)
            await asyncio.sleep(0.1)

    home.proxy.rule = on("/api/files/local", do=slowly, methods=("POST",))
    task = asyncio.create_task(
        command(home, "upload_file", upload=upload, print=True, name="Large.gcode")
    )
    await until(lambda: sent(home, since, "POST /api/files/local"))
    home.proxy.rule = None
    if how == "disabled":
        await home.disable()
    else:
        await home.reload()
    assert await task is not None
    await home.enable()
    await home.recovered("operational")
    files = await home.octoprint.request("GET", "/api/files")
    assert "Large.gcode" not in {file["name"] for file in files["files"]}
    assert await home.octoprint.state() == "Operational"


async def test_fault_disabled_while_gcode_waits(home: PrintingHome) -> None:
    """Test that a printer can be disabled while an action waits for an answer."""
    task = asyncio.create_task(
        home.hass.call(
            "octoprint_plus",
            "send_gcode",
            {"commands": ["G4 S12"], "timeout": 60},
            return_response=True,
        )
    )
    await until(lambda: any("/api/printer/command" in x for x in home.proxy.requests))
    await home.disable()
    await asyncio.wait([task], timeout=60)
    assert task.done()
    with suppress(RequestError):
        task.result()
    await home.enable()


# ----- keys and emergencies -----


async def test_fault_key_refused(home: PrintingHome) -> None:
    """Test that a key that is refused is asked for once, and all is well once it is good."""
    home.proxy.rule = on("/api/*", do=breaks.answers("403 Forbidden"))
    home.proxy.cut()
    await home.hass.wait_for(STATE, "unavailable")
    home.proxy.rule = None
    await home.reload()
    await home.recovered("operational")


@pytest.mark.parametrize(
    ("rule", "is_cut"),
    [
        (on("/api/printer/command", do=breaks.hang, methods=("POST",)), True),
        (on("/api/*", do=breaks.hang, methods=("POST",)), True),
        (None, True),
    ],
    ids=["M112 hangs", "all hang", "refused"],
)
async def test_fault_emergency_stop(
    home: PrintingHome, rule: Any, is_cut: bool
) -> None:
    """Test that people hear soon that an emergency stop did not arrive, and what to do."""
    await printing(home)
    loop = asyncio.get_running_loop()
    if rule is None:
        await home.proxy.refuse()
    else:
        home.proxy.rule = rule
    began = loop.time()
    error = await command(home, "emergency_stop")
    assert error is not None
    assert "power" in str(error)
    # Three seconds for M112, and some for what is done beside it.
    assert loop.time() - began < 9
    await home.proxy.restore()


async def test_fault_emergency_beside_a_hanging_command(home: PrintingHome) -> None:
    """Test that an emergency stop is sent while another command waits for its answer."""
    pause = await home.hass.entity_id(home.entry_id, "button", "pause")
    await printing(home)
    home.proxy.rule = on(JOB, do=breaks.delayed(6), methods=("POST",))
    since = len(home.proxy.requests)
    waits = asyncio.create_task(command(home, "press", "button", entity_id=pause))
    await until(lambda: sent(home, since, f"POST {JOB}"))
    stop = await home.hass.entity_id(home.entry_id, "button", "emergency_stop")
    loop = asyncio.get_running_loop()
    began = loop.time()
    stops = asyncio.create_task(command(home, "press", "button", entity_id=stop))
    await until(lambda: sent(home, since, "POST /api/printer/command"))
    assert loop.time() - began < 2
    assert not waits.done()
    await asyncio.gather(waits, stops)


# ----- the store -----


def _other_version(store: dict[str, Any]) -> None:
    store["version"] = 99


def _later_minor(store: dict[str, Any]) -> None:
    store["minor_version"] = 99


def _list(store: dict[str, Any]) -> None:
    store["data"] = [1, 2]


def _null(store: dict[str, Any]) -> None:
    store["data"] = None


def _empty(store: dict[str, Any]) -> None:
    store["data"] = {}


def _more(store: dict[str, Any]) -> None:
    store["data"]["of_tomorrow"] = {"a": [1]}


def _wrong_types(store: dict[str, Any]) -> None:
    store["data"] = breaks.everywhere(store["data"], breaks.other_type)


def _nulls(store: dict[str, Any]) -> None:
    store["data"] = breaks.everywhere(store["data"], breaks.nothing)


def _large(store: dict[str, Any]) -> None:
    store["data"]["filler"] = "x" * 20_000_000


def _huge_numbers(store: dict[str, Any]) -> None:
    store["data"] = breaks.everywhere(store["data"], breaks.huge)


@pytest.mark.parametrize(
    "change",
    [
        _other_version,
        _later_minor,
        _list,
        _null,
        _empty,
        _more,
        _wrong_types,
        _nulls,
        _large,
        _huge_numbers,
        "",
        "{",
        "no JSON at all",
        "\x00\x01",
    ],
    ids=lambda change: change.__name__ if callable(change) else repr(change),
)
async def test_fault_store(
    home: PrintingHome, change: Callable[[dict[str, Any]], None] | str
) -> None:
    """Test that a store that cannot be read does not keep a printer from loading."""
    file = home.hass.folder / f".storage/octoprint_plus.{home.entry_id}"
    await home.hass.stop()
    if isinstance(change, str):
        file.write_text(change, encoding="utf-8")
    else:
        store = json.loads(file.read_text(encoding="utf-8"))
        change(store)
        file.write_text(json.dumps(store), encoding="utf-8")
    await home.hass.start()
    await home.recovered("operational")


# ----- two of them -----


async def test_fault_two_home_assistants(home: PrintingHome, tmp_path: Path) -> None:
    """Test that two of them that command one printer show the same in the end."""
    await print_file(home, "Tower.gcode")
    async with HomeAssistant(tmp_path / "other") as hass:
        await add(hass, home.octoprint.url, "Voron", ADMIN_KEY)
        other = PrintingHome(hass, home.octoprint, home.proxy, "")

        async def both(service: str, **data: Any) -> None:
            await asyncio.gather(
                command(home, service, **data), command(other, service, **data)
            )

        await both("print_file", path="Tower.gcode")
        for each in (home, other):
            await each.hass.wait_for(STATE, "printing")
        await home.goes_on()
        await both("press", domain="button", entity_id="button.voron_pause_print")
        for each in (home, other):
            await each.hass.wait_for(STATE, "paused")
        await asyncio.gather(
            command(home, "press", "button", entity_id="button.voron_resume_print"),
            command(other, "press", "button", entity_id="button.voron_cancel_print"),
        )
        states = {"printing", "operational"}
        await holds(lambda: _same_state(home, other, states))


async def _same_state(one: PrintingHome, other: PrintingHome, states: set[str]) -> bool:
    shown = {
        str((await each.hass.state(STATE) or {})["state"]) for each in (one, other)
    }
    return len(shown) == 1 and shown <= states
