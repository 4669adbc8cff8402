"""Tests for the actions of the family timelapse."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.octoprint_plus.api.permissions import permission_name
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from tests.fake_octoprint import FakeOctoPrint
from tests.given import TIMED, TIMELAPSE, written

from .conftest import Call, message, unusable


@pytest.mark.usefixtures("timelapses")
async def test_list(call: Call) -> None:
    """Config, films and images are returned."""
    path = "downloads/timelapse/a%20b%23%C3%BC.mp4"
    assert await call("list_timelapses", response=True) == {
        "enabled": True,
        "config": {
            "type": "timed",
            "post_roll": 2,
            "fps": 10,
            "interval": 5,
            "min_delay": None,
            "retraction_z_hop": None,
            "render_after_print": "success",
        },
        "timelapses": [
            {
                "name": "a b#ü.mp4",
                "size": 1000,
                "date": "2026-11-21T02:49:00+00:00",
                "path": path,
                "thumbnail": f"{path}.thumb.jpg",
            }
        ],
        "unrendered": [
            {
                "name": name,
                "count": count,
                "size": size,
                "recording": name == "recorded",
                "rendering": name == "rendered",
            }
            for name, count, size in (
                ("vase", 3, 268),
                ("recorded", 1, None),
                ("rendered", 1, None),
            )
        ],
    }


@pytest.mark.parametrize(
    ("data", "sent"),
    [
        ({"interval": 9}, TIMED | {"interval": 9}),
        ({"type": "timed", "fps": "30"}, TIMED | {"fps": 30}),
        ({"post_roll": 0.0}, TIMED | {"postRoll": 0}),
        ({"render_after_print": "never"}, TIMED | {"renderAfterPrint": "never"}),
        ({"save": True}, TIMED | {"save": True}),
        (
            {"type": "zchange", "min_delay": 2.5, "retraction_z_hop": 0.4},
            {
                "type": "zchange",
                "fps": 10,
                "postRoll": 2,
                "renderAfterPrint": "success",
                "minDelay": 2.5,
                "retractionZHop": 0.4,
            },
        ),
        ({"type": "off"}, {"type": "off"}),
    ],
)
async def test_set(
    call: Call,
    fake: FakeOctoPrint,
    timelapses: dict[str, Any],
    data: dict[str, Any],
    sent: dict[str, Any],
) -> None:
    """What is not given stays as it is, where the type has it."""
    answer = timelapses | {"config": {"type": sent["type"]}}
    fake.answer("POST", TIMELAPSE, json=answer)
    await call("set_timelapse", **data)
    assert fake.commands() == [(TIMELAPSE, sent)]


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("set_timelapse", {"type": "new"}),
        ("set_timelapse", {"type": None}),
        ("set_timelapse", {"interval": 0}),
        ("set_timelapse", {"interval": -1}),
        ("set_timelapse", {"interval": 1.5}),
        ("set_timelapse", {"interval": float("nan")}),
        ("set_timelapse", {"interval": "soon"}),
        ("set_timelapse", {"fps": 0}),
        ("set_timelapse", {"fps": 1001}),
        ("set_timelapse", {"post_roll": -1}),
        ("set_timelapse", {"post_roll": float("inf")}),
        ("set_timelapse", {"min_delay": 0}),
        ("set_timelapse", {"min_delay": float("nan")}),
        ("set_timelapse", {"retraction_z_hop": -0.1}),
        ("set_timelapse", {"render_after_print": "sometimes"}),
        ("set_timelapse", {"save": "perhaps"}),
        ("render_timelapse", {}),
        ("render_timelapse", {"name": ""}),
        ("delete_timelapse", {"name": "a", "unrendered": "perhaps"}),
        ("delete_timelapse", {"unrendered": True}),
    ],
)
async def test_unusable(
    call: Call, fake: FakeOctoPrint, action: str, data: dict[str, Any]
) -> None:
    """What makes no sense for any timelapse is refused."""
    with unusable():
        await call(action, **data)
    assert fake.commands() == []


@pytest.mark.usefixtures("timelapses")
async def test_render(call: Call, fake: FakeOctoPrint) -> None:
    """Images become a film, also while the printer is off."""
    fake.answer("POST", f"{TIMELAPSE}/unrendered/vase", status=200, json={})
    fake.clear()
    await call("render_timelapse", name="vase")
    assert written(fake) == [
        ("POST", f"{TIMELAPSE}/unrendered/vase", {"command": "render"})
    ]


@pytest.mark.usefixtures("timelapses")
async def test_delete(call: Call, fake: FakeOctoPrint) -> None:
    """A film or images are deleted."""
    film = f"{TIMELAPSE}/a%20b%23%C3%BC.mp4"
    fake.answer("DELETE", film, json={})
    fake.answer("DELETE", f"{TIMELAPSE}/unrendered/vase", status=204)
    fake.clear()
    await call("delete_timelapse", name="a b#ü.mp4")
    await call("delete_timelapse", name="vase", unrendered=True)
    assert written(fake) == [
        ("DELETE", film, None),
        ("DELETE", f"{TIMELAPSE}/unrendered/vase", None),
    ]


@pytest.mark.parametrize(
    ("action", "data", "missing"),
    [
        ("list_timelapses", {}, "TIMELAPSE_LIST"),
        ("set_timelapse", {"type": "off"}, "TIMELAPSE_ADMIN"),
        ("set_timelapse", {"type": "off", "save": True}, "ADMIN"),
        ("render_timelapse", {"name": "vase"}, "TIMELAPSE_MANAGE_UNRENDERED"),
        ("delete_timelapse", {"name": "a b#ü.mp4"}, "TIMELAPSE_DELETE"),
        (
            "delete_timelapse",
            {"name": "vase", "unrendered": True},
            "TIMELAPSE_MANAGE_UNRENDERED",
        ),
    ],
)
@pytest.mark.usefixtures("timelapses")
async def test_permissions(
    hass: HomeAssistant,
    call: Call,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
    action: str,
    data: dict[str, Any],
    missing: str,
) -> None:
    """What the key may not do is refused by the permission's name."""
    account = fake.json("GET", "/api/currentuser")
    permissions = set(account["permissions"]) - {"ADMIN", missing}
    account["permissions"] = sorted(permissions)
    fake.answer("GET", "/api/currentuser", json=account)
    await hass.config_entries.async_reload(init_integration.entry_id)
    fake.clear()
    with pytest.raises(ServiceValidationError) as raised:
        await call(action, response=action == "list_timelapses", **data)
    assert message(raised.value) == (
        "command_missing_permission",
        {"command": action, "permission": permission_name(missing), "printer": "Prusa"},
    )
    assert written(fake) == []
