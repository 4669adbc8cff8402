"""Test Octolapse: its state, its switches, and stopping only what runs."""

from typing import Any

import pytest

from custom_components.octoprint_plus.api import (
    OctoPrintClient,
    OctoPrintConnectionError,
    OctoPrintRequestError,
)
from custom_components.octoprint_plus.api.plugins.octolapse import (
    Octolapse,
    OctolapseState,
    OctolapseStatus,
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
    is_rendering=False,
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


async def test_refused(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    answer = {"success": False, "error": "Not while printing"}
    fake.answer("POST", f"{ROUTE}/loadState", json=answer)
    with pytest.raises(OctoPrintRequestError, match="Not while printing"):
        await client.plugins.octolapse.get()


def test_unknown_state() -> None:
    status = parse_status(STATUS | {"state": 99})
    assert status
    assert status.state == 99
    assert state_name(status.state) == "99"
