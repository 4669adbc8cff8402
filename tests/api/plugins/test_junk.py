"""Test that nothing a plugin pushes, however odd, breaks more than itself."""

from collections.abc import Awaitable, Callable
import random
from typing import Any

import pytest

from custom_components.octoprint_plus.api import OctoPrintClient, OctoPrintError
from custom_components.octoprint_plus.api.plugins import (
    action_command,
    bed_level_visualizer,
    display_layer_progress,
    octolapse,
    psu_control,
    slicer_thumbnails,
    software_update,
    spool_manager,
    spoolman,
)
from custom_components.octoprint_plus.api.plugins.messages import (
    EVENT_PARSERS,
    MESSAGE_PARSERS,
    parse_plugin_event,
    parse_plugin_message,
)
from tests.api.test_junk import check, junk, spoiled
from tests.fake_octoprint import FakeOctoPrint
from tests.recorded import json_answer

from . import (
    test_action_command,
    test_bed_level_visualizer,
    test_cancel_objects,
    test_display_layer_progress,
    test_octolapse,
    test_slicer_thumbnails,
    test_software_update,
    test_spool_manager,
    test_spoolman,
)

MESH = {
    "mesh": test_bed_level_visualizer.TEXTS,
    "bed": test_bed_level_visualizer.BED,
}

ANSWERS: list[tuple[Callable[[Any], object], Any]] = [
    (
        bed_level_visualizer.parse_settings,
        {"command": "G29", "stored_mesh": [["+0.1"]]},
    ),
    (display_layer_progress.parse_values, test_display_layer_progress.VALUES),
    (octolapse.parse_octolapse, test_octolapse.STATE),
    (psu_control.parse_settings, {"switchingMethod": "GCODE", "postOnDelay": 1}),
    (
        slicer_thumbnails.parse_thumbnail,
        test_slicer_thumbnails.of_plugin("a b.gcode", "plugin/x"),
    ),
    (software_update.parse_versions, test_software_update.ANSWER),
    (spool_manager.parse_spools, {"allSpools": [test_spool_manager.ENTRY]}),
    (spoolman.parse_selected, {"selectedSpoolIds": {"0": {"spoolId": "7"}}}),
    (spoolman.parse_spool, test_spoolman.ENTRY),
    (spoolman.parse_requirements, {"tools": {"0": {"spoolId": 7}}}),
]

MESSAGES: dict[str, dict[str, Any]] = {
    action_command.PROMPT_PLUGIN: {"action": "show", **test_action_command.QUESTION},
    bed_level_visualizer.PLUGIN: MESH,
    "cancelobject": {"objects": [test_cancel_objects.ENTRY]},
    octolapse.PLUGIN: {"type": "x", "status": test_octolapse.STATUS},
    software_update.PLUGIN: {"type": "error", "data": test_software_update.RESULTS},
    spool_manager.PLUGIN: test_spool_manager.CHECKED,
}


SETTINGS: dict[str, Any] = {
    "command": "G29",
    "switchingMethod": "GCODE",
    "postOnDelay": 0,
    "selectedSpoolIds": {"0": {"spoolId": "7"}},
}
SPOOLS = {"data": {"spools": [test_spoolman.ENTRY]}}
NEEDS = {"data": {"tools": {"0": {"spoolId": 7, "filamentWeight": 1}}}}
CALLS: list[tuple[str, Any, Callable[[OctoPrintClient], Awaitable[object]]]] = [
    (
        "GET /api/settings",
        {"plugins": dict.fromkeys(("psucontrol", "Spoolman"), SETTINGS)},
        lambda client: client.plugins.psu_control.settings(),
    ),
    (
        "GET /api/settings",
        {"plugins": {"bedlevelvisualizer": SETTINGS}},
        lambda client: client.plugins.bed_level_visualizer.start(),
    ),
    (
        "GET /api/plugin/psucontrol",
        {"isPSUOn": True},
        lambda client: client.plugins.psu_control.get(),
    ),
    (
        "POST /api/plugin/cancelobject",
        {"list": [test_cancel_objects.ENTRY]},
        lambda client: client.plugins.cancel_objects.cancel(0),
    ),
    (
        f"GET {test_display_layer_progress.PATH}",
        test_display_layer_progress.VALUES,
        lambda client: client.plugins.display_layer_progress.get(),
    ),
    (
        "POST /api/plugin/prusaslicerthumbnails",
        {"no_thumbnail": ["a"]},
        lambda client: client.plugins.slicer_thumbnails.scan(),
    ),
    (
        f"POST {test_octolapse.ROUTE}/loadState",
        test_octolapse.STATE,
        lambda client: client.plugins.octolapse.get(),
    ),
    (
        f"GET {test_spoolman.SPOOLS}",
        SPOOLS,
        lambda client: client.plugins.spoolman.list(),
    ),
    (
        f"GET {test_spoolman.REQUIREMENTS}",
        NEEDS,
        lambda client: client.plugins.spoolman.is_enough(),
    ),
    (
        f"GET {test_spool_manager.LIST}",
        {"allSpools": [test_spool_manager.ENTRY]},
        lambda client: client.plugins.spool_manager.select(0, 1),
    ),
    (
        f"GET {test_software_update.ROUTE}/check",
        test_software_update.ANSWER,
        lambda client: client.plugins.software_update.check(),
    ),
    (
        f"POST {test_software_update.ROUTE}/update",
        {"order": ["octoprint"], "queued": ["pip"]},
        lambda client: client.plugins.software_update.update(["octoprint"]),
    ),
    (
        f"GET {test_action_command.PROMPT}",
        test_action_command.QUESTION,
        lambda client: client.plugins.action_command.prompt(),
    ),
]


@pytest.mark.parametrize(("request_line", "answer", "call"), CALLS)
async def test_calls(
    client: OctoPrintClient,
    fake: FakeOctoPrint,
    request_line: str,
    answer: Any,
    call: Callable[[OctoPrintClient], Awaitable[object]],
) -> None:
    """A call raises nothing but errors of OctoPrint's, whatever is answered."""
    rng = random.Random(request_line)
    method, _, path = request_line.partition(" ")
    fake.answer("PUT", test_spool_manager.SELECT, json={})
    fake.answer("GET", test_spoolman.SPOOLS, json=SPOOLS)
    fake.answer(method, path, json=answer)
    check(await call(client))
    for _ in range(20):
        body = json_answer(odd(rng, answer) if rng.random() < 0.8 else junk(rng))
        fake.answer(method, path, body=body.body, headers=body.headers)
        try:
            check(await call(client))
        except OctoPrintError as err:
            str(err).encode()


@pytest.mark.parametrize(("parse", "answer"), ANSWERS)
def test_answers(parse: Callable[[Any], object], answer: dict[str, Any]) -> None:
    rng = random.Random(str(answer))
    check(parse(answer))
    for _ in range(150):
        check(parse(odd(rng, answer)))


@pytest.mark.parametrize("plugin", MESSAGE_PARSERS)
def test_messages(plugin: str) -> None:
    rng = random.Random(plugin)
    sample = MESSAGES.get(plugin, {"message": "x", "isPSUOn": True, "updateReason": 1})
    check(parse_plugin_message({"plugin": plugin, "data": sample}))
    for _ in range(150):
        data = odd(rng, sample) if rng.random() < 0.9 else junk(rng)
        check(parse_plugin_message({"plugin": plugin, "data": data}))


@pytest.mark.parametrize("name", EVENT_PARSERS)
def test_events(name: str) -> None:
    rng = random.Random(name)
    sample = MESH | {
        "object_list": [test_cancel_objects.ENTRY],
        "current_object": test_cancel_objects.ENTRY,
        "object_cancelled": test_cancel_objects.ENTRY,
        "toolIdx": 0,
        "code": "x",
        "target": "x",
        "movie_basename": "x",
        "archive_basename": "x",
        "isPSUOn": True,
    }
    assert parse_plugin_event(name, sample) is not None
    for _ in range(150):
        data = odd(rng, sample) if rng.random() < 0.9 else junk(rng)
        check(parse_plugin_event(name, data))


@pytest.mark.parametrize("message", [{}, {"plugin": ["x"]}, {"plugin": "unknown"}])
def test_unknown(message: dict[str, Any]) -> None:
    assert parse_plugin_message(message) is None
    assert parse_plugin_event("plugin_unknown_event", message) is None


def odd(rng: random.Random, answer: dict[str, Any]) -> dict[str, Any]:
    """Return an object that is spoiled, or has the right keys and wild values."""
    data = spoiled(rng, answer) if rng.random() < 0.5 else None
    return data if isinstance(data, dict) else {key: junk(rng) for key in answer}
