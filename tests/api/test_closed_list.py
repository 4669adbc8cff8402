"""Test what OctoPrint or a plugin names that is in none of our lists.

It is read as it is, or as other: never as if there were nothing, nor as a usual thing.
"""

from collections.abc import Callable
import json
from typing import Any

import pytest

from custom_components.octoprint_plus.api import OctoPrintClient, State
from custom_components.octoprint_plus.api.controls import parse_controls
from custom_components.octoprint_plus.api.entries import parse_entry
from custom_components.octoprint_plus.api.job import (
    PrintResult,
    parse_job,
    parse_job_file,
)
from custom_components.octoprint_plus.api.permissions import permission_name
from custom_components.octoprint_plus.api.plugins.octolapse import (
    parse_status,
    state_name,
)
from custom_components.octoprint_plus.api.plugins.psu_control import (
    parse_settings as parse_psu_settings,
)
from custom_components.octoprint_plus.api.plugins.software_update import parse_versions
from custom_components.octoprint_plus.api.plugins.spool_manager import (
    parse_spool as parse_managed,
)
from custom_components.octoprint_plus.api.plugins.spoolman import parse_spool
from custom_components.octoprint_plus.api.printer import (
    Flags,
    parse_error,
    parse_heaters,
)
from custom_components.octoprint_plus.api.profiles import parse_profile
from custom_components.octoprint_plus.api.slicing import parse_slicer
from custom_components.octoprint_plus.api.socket.messages import (
    CURRENT_MAX_AGE,
    Current,
    MessageReader,
    PrintEnding,
    ReadAgain,
    ReauthRequired,
)
from custom_components.octoprint_plus.api.state import BUSY_STATES, parse_state
from custom_components.octoprint_plus.api.system import SystemCommand
from custom_components.octoprint_plus.api.timelapse import parse_config
from tests.fake_octoprint import FakeOctoPrint

from ..model.test_snapshot import Printer, a_job

FILE = {"name": "boat.gcode", "path": "boat.gcode"}
IDLE = Flags()


def job_of(**file: Any) -> Any:
    """Return a job's file."""
    return parse_job_file(FILE | file)


def read(message: dict[str, Any]) -> Any:
    """Return what is read of one message of the socket."""
    return MessageReader().read(json.dumps(message).encode())


def origin_of(told: object) -> str | None:
    """Return where the estimate of a job comes from."""
    progress = {"printTimeLeft": 60, "printTimeLeftOrigin": told}
    return parse_job(
        {"state": "Printing", "job": {}, "progress": progress}
    ).progress.print_time_left_origin


ENDED = {"event": {"type": "PrintFailed", "payload": FILE | {"reason": "bored"}}}
CONTROL = {"name": "Weigh", "type": "scale", "javascript": "weigh()"}
VERSIONS = {"status": "pondering", "information": {"x": {"error": "gremlins"}}}

READ: dict[str, tuple[Callable[[], object], object]] = {
    "state": (lambda: parse_state("Contemplating"), State.OTHER),
    "state of OctoPrint's own": (
        lambda: parse_state("Unknown State (42)"),
        State.OTHER,
    ),
    "state that is not idle": (
        lambda: parse_state("Contemplating", IDLE),
        State.OTHER,
    ),
    "state that begins like an error": (
        lambda: parse_state("Error recovery", IDLE),
        State.OTHER,
    ),
    "state of a connecting kind": (
        lambda: parse_state("Contemplating", Flags()),
        State.OTHER,
    ),
    "state's id": (
        lambda: read(
            {
                "event": {
                    "type": "PrinterStateChanged",
                    "payload": {"state_id": "OTHER", "state_string": "Contemplating"},
                }
            }
        ),
        ReadAgain(event="PrinterStateChanged"),
    ),
    "origin of the estimate": (lambda: origin_of("oracle"), "oracle"),
    "storage": (lambda: job_of(origin="cloud").origin, "cloud"),
    "storage that is not told": (lambda: job_of().origin, "other"),
    "storage that is no text": (lambda: job_of(origin=["local"]).origin, "other"),
    "file's storage": (lambda: parse_entry(FILE | {"origin": "cloud"}).origin, "cloud"),
    "file's storage that is not told": (lambda: parse_entry(FILE).origin, "other"),
    "file's type": (lambda: parse_entry(FILE | {"type": "image"}).type, "image"),
    "file's type that is not told": (lambda: parse_entry(FILE).type, "other"),
    "timelapse": (lambda: parse_config({"type": "clever"}).type, "clever"),
    "what is rendered": (
        lambda: parse_config({"renderAfterPrint": "moon"}).render_after_print,
        "moon",
    ),
    "error's reason": (
        lambda: (
            (e := parse_error({"error": "X", "reason": "sun", "consequence": "sea"}))
            and (e.reason, e.consequence)
        ),
        ("sun", "sea"),
    ),
    "end of a print": (
        lambda: read(ENDED),
        PrintEnding(result=PrintResult.FAILED, path="boat.gcode", print_time=None),
    ),
    "end of a session": (
        lambda: read({"reauthRequired": {"reason": "moved"}}),
        ReauthRequired(reason="moved"),
    ),
    "heater": (
        lambda: list(parse_heaters({"pinda": {"actual": 30.0, "target": None}})),
        ["pinda"],
    ),
    "shape of the bed": (
        lambda: (
            parse_profile("x", {"volume": {"formFactor": "star"}}).volume.form_factor
        ),
        "star",
    ),
    "permission": (lambda: permission_name("PLUGIN_X_FLY"), "PLUGIN_X_FLY"),
    "slicer": (lambda: parse_slicer("knife", {}).name, "knife"),
    "control": (
        lambda: [
            (control.name, control.is_runnable)
            for control, _ in parse_controls({"controls": [CONTROL]}).walk()
        ],
        [("Weigh", False)],
    ),
    "Octolapse's state": (
        lambda: (s := parse_status({"state": 99})) and state_name(s.state),
        "99",
    ),
    "color of a spool": (
        lambda: (
            (s := parse_spool({"id": 1, "filament": {"color_hex": "rainbow"}}))
            and s.color
        ),
        "rainbow",
    ),
    "color of a managed spool": (
        lambda: (s := parse_managed({"databaseId": 1, "color": "#abc"})) and s.color,
        "#abc",
    ),
    "power supply": (
        lambda: (
            (s := parse_psu_settings({"switchingMethod": "A", "sensingMethod": "B"}))
            and (s.switching_method, s.sensing_method, s.is_assumed)
        ),
        ("A", "B", True),
    ),
    "update": (
        lambda: (v := parse_versions(VERSIONS)) and (v.status, v.components["x"].error),
        ("pondering", "gremlins"),
    ),
}


@pytest.mark.parametrize("case", READ)
def test_closed_list(case: str) -> None:
    """Test that what is in no list is read as it is, or as other."""
    shown, expected = READ[case]
    assert shown() == expected


async def test_closed_list_of_system_commands(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    """Test that commands of another source come after those that are known."""
    answer = {
        "cluster": [{"action": "drain", "name": "Drain", "source": "cluster"}],
        "core": [{"action": "restart", "name": "Restart", "source": "core"}],
        "links": "none",
    }
    fake.answer("GET", "/api/system/commands", json=answer)
    assert await client.system.commands() == (
        SystemCommand(source="core", action="restart", name="Restart"),
        SystemCommand(source="cluster", action="drain", name="Drain"),
    )


async def test_closed_list_before_a_mesh(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    """Test that flags tell of a state without a known text whether a mesh may be collected."""
    settings = fake.json("GET", "/api/settings")
    settings["plugins"]["bedlevelvisualizer"] = {"command": "G29 T"}
    fake.answer("GET", "/api/settings", json=settings)
    printer = fake.json("GET", "/api/printer")
    printer["state"] = {"text": "Bereit", "flags": {"operational": True, "ready": True}}
    fake.answer("GET", "/api/printer", json=printer)
    job = fake.json("GET", "/api/job")
    fake.answer("GET", "/api/job", json=job | {"state": "Bereit"})
    await client.plugins.bed_level_visualizer.start()
    assert [path for path, _ in fake.commands()] == ["/api/printer/command"]


def test_an_unknown_state_may_be_a_print() -> None:
    """Test that it counts as busy, and ends no print."""
    assert State.OTHER in BUSY_STATES
    printer = Printer()
    printer.poll(0, a_job("Printing", completion=10, time=60))
    snapshot = printer.poll(10, a_job("Contemplating", completion=11, time=70))
    assert snapshot.is_busy
    assert snapshot.memory.running
    assert printer.last is None
    snapshot = printer.poll(20, a_job("Printing", completion=12, time=80))
    assert snapshot.memory.running
    assert printer.last is None


def test_an_unknown_state_begins_no_print() -> None:
    """Test that nothing is told that is not known."""
    printer = Printer()
    printer.poll(0, a_job("Operational", completion=None, time=None))
    snapshot = printer.poll(10, a_job("Contemplating", completion=11, time=70))
    assert snapshot.memory.running is None


def test_an_unknown_state_is_not_overtaken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Test that what was told before an unknown state outdates nothing."""
    monkeypatch.setattr(
        "custom_components.octoprint_plus.api.socket.messages.monotonic",
        lambda: CURRENT_MAX_AGE / 2,
    )
    reader = MessageReader()
    for state_id, text in (("STARTING", "Starting"), ("MUSING", "Contemplating")):
        payload = {"state_id": state_id, "state_string": text}
        event = {"event": {"type": "PrinterStateChanged", "payload": payload}}
        reader.read(json.dumps(event).encode())
    current = {"state": {"text": "Contemplating", "flags": {}}}
    message = reader.read(json.dumps({"current": current}).encode())
    assert isinstance(message, Current)
    assert message.job is not None
