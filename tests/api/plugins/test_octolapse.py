"""Test Octolapse: its state, its switches, and stopping only what runs."""

from typing import Any

import pytest

from custom_components.octoprint_plus.api import (
    OctoPrintClient,
    OctoPrintConflictError,
    OctoPrintConnectionError,
    OctoPrintPermissionError,
    OctoPrintRequestError,
)
from custom_components.octoprint_plus.api.plugins.messages import parse_plugin_event
from custom_components.octoprint_plus.api.plugins.octolapse import (
    MovieDone,
    Octolapse,
    OctolapseMessage,
    OctolapseState,
    OctolapseStatus,
    parse_message,
    parse_status,
    state_name,
)
from tests.fake_octoprint import FakeOctoPrint

ROUTE = "/plugin/octolapse"
STATUS: dict[str, Any] = {
    "snapshot_count": 0,
    "snapshot_failed_count": 0,
    "is_timelapse_active": False,
    "is_taking_snapshot": False,
    "is_rendering": False,
    "is_test_mode_active": False,
    "waiting_to_render": False,
    "state": 1,
    "profiles": {
        "printers": [{"guid": "p1", "name": "My printer", "description": ""}],
        "stabilizations": [
            {"guid": "s1", "name": "Back"},
            {"guid": "s2", "name": "Smooth"},
        ],
        "logging": [{"guid": "l1", "name": "Errors only"}],
        "current_printer_profile_guid": "p1",
        "current_stabilization_profile_guid": "s2",
        "current_trigger_profile_guid": None,
        "current_logging_profile_guid": "l1",
        "current_camera_profile_guid": "gone",
    },
    "unfinished_renderings": None,
    "in_process_renderings": None,
}
STATE = {
    "main_settings": {
        "is_octolapse_enabled": True,
        "test_mode_enabled": False,
        "version": "0.4.5",
    },
    "status": STATUS,
    "state": None,
    "success": True,
}
IDLE = OctolapseStatus(
    state=OctolapseState.IDLE,
    is_timelapse_active=False,
    is_taking_snapshot=False,
    is_rendering=False,
    is_waiting_to_render=False,
    is_test_mode_active=False,
    snapshot_count=0,
    snapshot_failed_count=0,
)


async def test_get(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.answer("POST", f"{ROUTE}/loadState", json=STATE)
    assert await client.plugins.octolapse.get() == Octolapse(
        is_enabled=True,
        is_test_mode_enabled=False,
        version="0.4.5",
        status=IDLE,
        profiles={
            "printer": "My printer",
            "stabilization": "Smooth",
            "logging": "Errors only",
        },
    )


async def test_starting(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    """While OctoPrint starts the plugin answers with its own words."""
    answer = {"error": True, "error_message": "Octolapse is still starting."}
    fake.answer("POST", f"{ROUTE}/loadState", status=500, json=answer)
    with pytest.raises(OctoPrintRequestError):
        await client.plugins.octolapse.get()


@pytest.mark.parametrize("answer", [None, [], "ok", 1])
async def test_junk(client: OctoPrintClient, fake: FakeOctoPrint, answer: Any) -> None:
    fake.answer("POST", f"{ROUTE}/loadState", json=answer)
    with pytest.raises(OctoPrintConnectionError):
        await client.plugins.octolapse.get()


async def test_main_settings(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    settings = {"is_octolapse_enabled": True, "version": "0.4.5"}
    fake.answer("POST", f"{ROUTE}/loadMainSettings", json=settings | {"success": True})
    assert await client.plugins.octolapse.main_settings() == settings


@pytest.mark.parametrize(
    ("call", "path", "key"),
    [
        ("set_enabled", "setEnabled", "is_octolapse_enabled"),
        ("set_test_mode", "setTestMode", "test_mode_enabled"),
    ],
)
async def test_switches(
    client: OctoPrintClient, fake: FakeOctoPrint, call: str, path: str, key: str
) -> None:
    fake.answer("POST", f"{ROUTE}/{path}", json={"success": True, "enabled": True})
    await getattr(client.plugins.octolapse, call)(True)
    sent = {key: True, "client_id": "octoprint_plus"}
    assert fake.commands() == [(f"{ROUTE}/{path}", sent)]


async def test_refused(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    answer = {"success": False, "error": "Not while printing"}
    fake.answer("POST", f"{ROUTE}/setEnabled", json=answer)
    with pytest.raises(OctoPrintRequestError, match="Not while printing"):
        await client.plugins.octolapse.set_enabled(False)


async def test_not_permitted(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.answer("POST", f"{ROUTE}/setEnabled", status=403, body="<html>no</html>")
    with pytest.raises(OctoPrintPermissionError) as caught:
        await client.plugins.octolapse.set_enabled(True)
    assert caught.value.permission == "ADMIN"


async def test_stop(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    running = STATE | {"status": STATUS | {"is_timelapse_active": True, "state": 3}}
    fake.answer("POST", f"{ROUTE}/loadState", json=running)
    fake.answer("POST", f"{ROUTE}/stopTimelapse", json={"success": True})
    await client.plugins.octolapse.stop()
    assert [path for path, _ in fake.commands()] == [
        f"{ROUTE}/loadState",
        f"{ROUTE}/stopTimelapse",
    ]


async def test_stop_nothing(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    """It would hang the plugin in its state of waiting."""
    fake.answer("POST", f"{ROUTE}/loadState", json=STATE)
    with pytest.raises(OctoPrintConflictError):
        await client.plugins.octolapse.stop()
    assert [path for path, _ in fake.commands()] == [f"{ROUTE}/loadState"]


def test_unknown_state() -> None:
    status = parse_status(STATUS | {"state": 99})
    assert status
    assert status.state == 99
    assert state_name(status.state) == "99"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            {"type": "timelapse-stopped", "msg": "Stopped.", "status": STATUS},
            OctolapseMessage(
                type="timelapse-stopped",
                text="Stopped.",
                status=IDLE,
                percent=None,
                seconds_left=None,
            ),
        ),
        (
            {"type": "state-changed", "state": {"status": STATUS}},
            OctolapseMessage(
                type="state-changed",
                text=None,
                status=IDLE,
                percent=None,
                seconds_left=None,
            ),
        ),
        (
            {
                "type": "gcode-preprocessing-update",
                "percent_progress": 40.5,
                "seconds_to_complete": 12.6,
                "state": None,
            },
            OctolapseMessage(
                type="gcode-preprocessing-update",
                text=None,
                status=None,
                percent=40.5,
                seconds_left=12,
            ),
        ),
        ({}, None),
        ({"type": ["x"]}, None),
    ],
)
def test_messages(data: dict[str, Any], message: object) -> None:
    assert parse_message(data) == message


def test_events() -> None:
    payload = {
        "gcode": "a.gcode",
        "movie": "/home/pi/.octoprint/timelapse/a.mp4",
        "movie_basename": "a.mp4",
    }
    done = parse_plugin_event("plugin_octolapse_movie_done", payload)
    assert done == MovieDone(name="a.mp4", is_archive=False)
    done = parse_plugin_event(
        "plugin_octolapse_snapshot_archive_done", {"archive_basename": "a.zip"}
    )
    assert done == MovieDone(name="a.zip", is_archive=True)
    assert parse_plugin_event("plugin_octolapse_movie_done", {}) is None
    assert parse_plugin_event("plugin_octolapse_snapshot_archive_done", None) is None
