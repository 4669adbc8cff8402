"""Test Software Update: what is unknown, what is told, and never all at once."""

from datetime import UTC, datetime
from typing import Any

import pytest

from custom_components.octoprint_plus.api import (
    OctoPrintClient,
    OctoPrintConflictError,
    OctoPrintConnectionError,
    OctoPrintNotFoundError,
    OctoPrintPermissionError,
)
from custom_components.octoprint_plus.api.plugins.messages import parse_plugin_event
from custom_components.octoprint_plus.api.plugins.software_update import (
    Component,
    Updated,
    UpdateFailed,
    UpdateOrder,
    UpdatesEnded,
    Updating,
    VersionsChanged,
    parse_message,
    parse_versions,
)
from tests.fake_octoprint import FakeOctoPrint

ROUTE = "/plugin/softwareupdate"
OFFLINE: dict[str, Any] = {
    "compatible": True,
    "disabled": False,
    "displayName": "OctoPrint",
    "displayVersion": "1.11.8",
    "error": "network",
    "information": {
        "local": {"name": "?", "value": "?"},
        "needs_online": True,
        "remote": {"name": "?", "release_notes": None, "value": "?"},
    },
    "online": True,
    "releaseNotes": None,
    "updateAvailable": False,
    "updatePossible": False,
}
NEWER = OFFLINE | {
    "displayName": "PSU Control",
    "displayVersion": "1.0.5",
    "error": None,
    "information": {
        "local": {"name": "1.0.5", "value": "1.0.5"},
        "remote": {"name": "1.0.6", "value": "1.0.6", "release_notes": "http://x/1"},
    },
    "releaseNotes": "https://github.com/x/releases/1.0.6",
    "updateAvailable": True,
    "updatePossible": True,
}
ANSWER = {
    "status": "updatePossible",
    "information": {
        "octoprint": OFFLINE,
        "psucontrol": NEWER,
        "pinned": NEWER | {"disabled": True},
        "old": NEWER | {"compatible": False},
        "junk": None,
    },
    "timestamp": 1795228934,
}


async def test_check(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.answer("GET", f"{ROUTE}/check", json=ANSWER)
    versions = await client.plugins.software_update.check()
    assert versions.status == "updatePossible"
    assert versions.time == datetime.fromtimestamp(1795228934, UTC)
    assert versions.components == {
        "octoprint": Component(
            key="octoprint",
            name="OctoPrint",
            installed="1.11.8",
            available=None,
            is_update_available=None,
            is_update_possible=False,
            error="network",
            release_url=None,
        ),
        "psucontrol": Component(
            key="psucontrol",
            name="PSU Control",
            installed="1.0.5",
            available="1.0.6",
            is_update_available=True,
            is_update_possible=True,
            error=None,
            release_url="https://github.com/x/releases/1.0.6",
        ),
    }
    assert fake.requests[-1].query == {}


async def test_check_some(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.answer("GET", f"{ROUTE}/check", json=ANSWER)
    await client.plugins.software_update.check(("octoprint", "pip"), force=True)
    assert fake.requests[-1].query == {"check": "octoprint,pip", "force": "true"}


def test_up_to_date() -> None:
    """Nothing newer, and no error: that is known."""
    current = NEWER | {"updateAvailable": False, "releaseNotes": "javascript:x"}
    versions = parse_versions({"information": {"psucontrol": current}})
    component = versions.components["psucontrol"]
    assert component.is_update_available is False
    assert component.release_url == "http://x/1"


@pytest.mark.parametrize("answer", [None, [], "ok"])
async def test_junk(client: OctoPrintClient, fake: FakeOctoPrint, answer: Any) -> None:
    fake.answer("GET", f"{ROUTE}/check", json=answer)
    fake.answer("POST", f"{ROUTE}/update", json=answer)
    with pytest.raises(OctoPrintConnectionError):
        await client.plugins.software_update.check()
    with pytest.raises(OctoPrintConnectionError):
        await client.plugins.software_update.update(["octoprint"])


async def test_check_not_permitted(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    fake.answer("GET", f"{ROUTE}/check", status=403, json={"error": "no"})
    with pytest.raises(OctoPrintPermissionError) as caught:
        await client.plugins.software_update.check()
    assert caught.value.permission == "PLUGIN_SOFTWAREUPDATE_CHECK"


async def test_update(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    answer = {"order": ["psucontrol"], "checks": {"psucontrol": "PSU Control"}}
    fake.answer("POST", f"{ROUTE}/update", json=answer)
    order = await client.plugins.software_update.update(["psucontrol"])
    assert order == UpdateOrder(running=("psucontrol",), queued=())
    assert fake.commands() == [(f"{ROUTE}/update", {"targets": ["psucontrol"]})]


async def test_update_while_printing(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    answer = {"queued": ["octoprint", "psucontrol"]}
    fake.answer("POST", f"{ROUTE}/update", status=202, json=answer)
    order = await client.plugins.software_update.update(["psucontrol"])
    assert order == UpdateOrder(running=(), queued=("octoprint", "psucontrol"))


async def test_update_of_nothing(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    """Without targets OctoPrint would update everything."""
    with pytest.raises(OctoPrintNotFoundError):
        await client.plugins.software_update.update([])
    assert fake.requests == []


async def test_update_of_unknown(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.answer("POST", f"{ROUTE}/update", json={"order": [], "checks": {}})
    with pytest.raises(OctoPrintNotFoundError, match="nothing_like_it"):
        await client.plugins.software_update.update(["nothing_like_it"])


async def test_update_refused(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    error = "Not enough free disk space for updating"
    fake.answer("POST", f"{ROUTE}/update", status=409, json={"error": error})
    with pytest.raises(OctoPrintConflictError, match=error):
        await client.plugins.software_update.update(["octoprint"])


RESULTS = {"results": {"psucontrol": ["success", None]}, "restart_type": "octoprint"}


def ended(
    *,
    is_success: bool = True,
    targets: tuple[str, ...] = ("psucontrol",),
    restart: str | None = "octoprint",
    is_restarting: bool = False,
) -> UpdatesEnded:
    return UpdatesEnded(
        is_success=is_success,
        targets=targets,
        restart=restart,
        is_restarting=is_restarting,
    )


@pytest.mark.parametrize(
    ("kind", "data", "message"),
    [
        (
            "updating",
            {"target": "psucontrol", "version": "1.0.6", "name": "PSU Control"},
            Updating(target="psucontrol", version="1.0.6"),
        ),
        (
            "update_failed",
            {"target": "psucontrol", "version": "1.0.6", "reason": "Boom"},
            UpdateFailed(target="psucontrol", version="1.0.6", reason="Boom"),
        ),
        (
            "update_failed",
            {"target": "psucontrol", "reason": [["Trying"], ["Boom", "No space"]]},
            UpdateFailed(target="psucontrol", version=None, reason="No space"),
        ),
        (
            "update_failed",
            {"target": "psucontrol", "reason": [[], None]},
            UpdateFailed(target="psucontrol", version=None, reason=None),
        ),
        (
            "update_failed",
            {"target": "psucontrol", "reason": {"stdout": ["x"]}},
            UpdateFailed(target="psucontrol", version=None, reason=None),
        ),
        ("success", {"results": {}}, ended(targets=(), restart=None)),
        (
            "error",
            {"results": {"psucontrol": ["failed", None]}},
            ended(is_success=False, restart=None),
        ),
        ("restarting", RESULTS, ended(is_restarting=True)),
        ("restart_failed", RESULTS, ended()),
        ("restart_manually", RESULTS, ended()),
        ("queued_updates", {"targets": ["octoprint"], "timeout_value": 42}, None),
        ("update_versions", None, VersionsChanged()),
        ("loglines", {"loglines": [{"line": "x", "stream": "stdout"}]}, None),
        ("updating", {}, None),
        ("update_failed", None, None),
        (["x"], {}, None),
    ],
)
def test_messages(kind: Any, data: Any, message: object) -> None:
    assert parse_message({"type": kind, "data": data}) == message


def test_events() -> None:
    payload = {"target": "octoprint", "from_version": "1.11.7", "to_version": "1.11.8"}
    for name, is_success in (("succeeded", True), ("failed", False)):
        event = f"plugin_softwareupdate_update_{name}"
        assert parse_plugin_event(event, payload) == Updated(
            target="octoprint",
            is_success=is_success,
        )
        assert parse_plugin_event(event, None) is None
