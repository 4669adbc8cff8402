"""Tests of who may act: an action reaches no further than its user may, by no other way either."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.octoprint_plus.commands import connect as connecting
from custom_components.octoprint_plus.const import DOMAIN
from homeassistant.auth.const import GROUP_ID_ADMIN, GROUP_ID_READ_ONLY, GROUP_ID_USER
from homeassistant.auth.permissions import (
    PermissionLookup,
    PolicyPermissions,
    PolicyType,
)
from homeassistant.components.button import DOMAIN as BUTTON, SERVICE_PRESS
from homeassistant.const import ATTR_ENTITY_ID
from homeassistant.core import Context, HomeAssistant, SupportsResponse
from homeassistant.exceptions import HomeAssistantError, Unauthorized, UnknownUser
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
)
from tests.fake_octoprint import FakeOctoPrint

from .conftest import ALL_PLATFORMS, message

pytestmark = ALL_PLATFORMS

# What each action is given at the least.
READ: dict[str, dict[str, Any]] = {
    "get_bed_mesh": {},
    "get_file": {"path": "a.gcode"},
    "get_octolapse": {},
    "list_files": {},
    "list_objects": {},
    "list_profiles": {},
    "list_spools": {},
    "list_timelapses": {},
}

CONTROL: dict[str, dict[str, Any]] = {
    "analyse_file": {"path": "a.gcode"},
    "cancel_object": {"object": 1},
    "connect": {},
    "copy_file": {"path": "a.gcode", "destination": "b.gcode"},
    "create_folder": {"path": "a"},
    "disconnect": {},
    "emergency_stop": {},
    "extrude": {"amount": 1},
    "fake_ack": {},
    "home": {},
    "jog": {"x": 1},
    "load_filament": {"length": 1},
    "move_file": {"path": "a.gcode", "destination": "b.gcode"},
    "print_file": {"path": "a.gcode"},
    "render_timelapse": {"name": "a"},
    "run_control": {"control": "Lamp"},
    "select_file": {"path": "a.gcode"},
    "select_spool": {},
    "select_tool": {"tool": 0},
    "set_timelapse": {"type": "off"},
    "slice_file": {"path": "a.stl"},
    "turn_off_psu": {},
    "unload_filament": {"length": 1},
    "unselect_file": {},
    "upload_file": {"source": "/nowhere/a.gcode"},
}

ADMIN: dict[str, dict[str, Any]] = {
    "delete_file": {"path": "a.gcode"},
    "delete_timelapse": {"name": "a"},
    "get_settings": {},
    "plugin_command": {"plugin": "psucontrol"},
    "run_script": {"script": "a"},
    "run_system_command": {"source": "core", "action": "restart"},
    "send_gcode": {"commands": "M105"},
    "update_settings": {"settings": {"appearance": {"name": "a"}}},
}

# Actions that others may do, and what of them only administrators may.
ADMIN_FIELDS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("connect", {"save": True}),
    ("connect", {"autoconnect": False}),
    ("run_control", {"control": "Any", "parameters": {"line": "M502"}}),
    ("run_control", {"control": "Any", "parameters": {"line": 5}}),
    ("run_control", {"control": "Number", "parameters": {"number": 112}}),
    ("run_control", {"control": "Second", "parameters": {"x": "5 E1000"}}),
    ("run_control", {"control": "Script", "parameters": {"x": "M502"}}),
    ("set_timelapse", {"type": "off", "save": True}),
    ("slice_file", {"path": "a.stl", "overwrite": True}),
    ("turn_off_psu", {"force": True}),
    ("upload_file", {"source": "/nowhere/a.gcode", "overwrite": True}),
    ("upload_file", {"source": "/nowhere/a.gcode", "print": True}),
    ("upload_file", {"source": "/nowhere/a.gcode", "select": True}),
    ("upload_file", {"upload": "somebody's own"}),
)

CONTROLS = [
    {"name": "Any", "command": "%(line)s", "input": [{"parameter": "line"}]},
    {"name": "Lamp", "command": "M355 S1"},
    {"name": "Number", "command": "M %(number)d", "input": [{"parameter": "number"}]},
    {"name": "Say", "command": "M117 %(text)s", "input": [{"parameter": "text"}]},
    {"name": "Script", "script": "park", "input": [{"parameter": "x"}]},
    {
        "name": "Second",
        "commands": ["G91", "G1 X%(x)s"],
        "input": [{"parameter": "x"}],
    },
]

type Tried = Callable[..., Awaitable[BaseException | None]]


@pytest.fixture
def tried(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> Tried:
    """Return a function that calls an action as somebody, and returns what was raised."""

    async def call(
        action: str, user_id: str | None, data: dict[str, Any]
    ) -> BaseException | None:
        only = hass.services.supports_response(DOMAIN, action) is SupportsResponse.ONLY
        try:
            await hass.services.async_call(
                DOMAIN,
                action,
                data,
                blocking=True,
                context=Context(user_id=user_id),
                return_response=only,
            )
        except HomeAssistantError as err:
            return err
        return None

    return call


@pytest.fixture
async def powerless(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Let the key do nothing, so that all who may act are refused by OctoPrint's rights."""
    user = fake.json("GET", "/api/currentuser") | {"permissions": ["STATUS"]}
    fake.answer("GET", "/api/currentuser", json=user)
    await hass.config_entries.async_reload(init_integration.entry_id)
    await hass.async_block_till_done()


async def user_of(hass: HomeAssistant, group_id: str) -> MockUser:
    """Return a user of one of Home Assistant's groups."""
    group = await hass.auth.async_get_group(group_id)
    assert group
    return MockUser(groups=[group]).add_to_hass(hass)


def limited(hass: HomeAssistant, entities: Any) -> MockUser:
    """Return a user with a policy of one's own."""
    user = MockUser().add_to_hass(hass)
    policy: PolicyType = {"entities": entities}
    user.permissions = PolicyPermissions(
        policy, PermissionLookup(er.async_get(hass), dr.async_get(hass))
    )
    return user


async def refused(tried: Tried, user_id: str | None) -> set[str]:
    """Return which of all actions somebody may not do."""
    return {
        action
        for action, data in (READ | CONTROL | ADMIN).items()
        if isinstance(await tried(action, user_id, data), Unauthorized)
    }


async def test_all_actions_are_sorted(
    hass: HomeAssistant, init_integration: MockConfigEntry
) -> None:
    """Every action there is, is for those who read, who control, or administrators."""
    actions = {*READ, *CONTROL, *ADMIN}
    assert hass.services.async_services_for_domain(DOMAIN).keys() == actions
    for action in actions:
        only = hass.services.supports_response(DOMAIN, action) is SupportsResponse.ONLY
        assert only == (action in READ or action == "get_settings")


@pytest.mark.usefixtures("powerless")
async def test_groups(hass: HomeAssistant, tried: Tried, fake: FakeOctoPrint) -> None:
    """Home Assistant's own groups, and automations, may do what they may to entities."""
    fake.clear()
    reader = await user_of(hass, GROUP_ID_READ_ONLY)
    assert await refused(tried, reader.id) == {*CONTROL, *ADMIN}
    error = await tried("home", reader.id, {})
    assert isinstance(error, HomeAssistantError)
    assert message(error) == (
        "user_may_not_control",
        {"command": "home", "printer": "Prusa"},
    )
    assert not fake.commands()
    user = await user_of(hass, GROUP_ID_USER)
    assert await refused(tried, user.id) == {*ADMIN}
    admin = await user_of(hass, GROUP_ID_ADMIN)
    assert await refused(tried, admin.id) == set()
    assert await refused(tried, None) == set()


@pytest.mark.usefixtures("powerless")
async def test_limited_users(
    hass: HomeAssistant, tried: Tried, init_integration: MockConfigEntry
) -> None:
    """Who has a right for other things, or for a part of the printer, may not act on it."""
    registry = er.async_get(hass)
    entities = er.async_entries_for_config_entry(registry, init_integration.entry_id)
    ids = [each.entity_id for each in entities if not each.disabled_by]
    device_id = entities[0].device_id
    assert device_id
    area = ar.async_get(hass).async_create("Workshop")
    all_ = {*READ, *CONTROL, *ADMIN}
    for policy, expected in (
        (None, all_),
        ({}, all_),
        ({"entity_ids": {"light.kitchen": True}}, all_),
        ({"area_ids": {area.id: True}}, all_),
        ({"domains": {"sensor": True, "light": True}}, all_),
        ({"entity_ids": {ids[0]: True}}, all_),
        ({"entity_ids": dict.fromkeys(ids[1:], True)}, {*READ, *ADMIN}),
        ({"all": {"read": True}}, {*CONTROL, *ADMIN}),
        ({"device_ids": {device_id: {"read": True}}}, {*CONTROL, *ADMIN}),
        ({"device_ids": {device_id: {"control": True}}}, {*READ, *ADMIN}),
        ({"device_ids": {device_id: True}}, {*ADMIN}),
        ({"entity_ids": dict.fromkeys(ids, True)}, {*ADMIN}),
    ):
        found = await refused(tried, limited(hass, policy).id)
        assert found == expected, policy
    dr.async_get(hass).async_update_device(device_id, area_id=area.id)
    in_area = limited(hass, {"area_ids": {area.id: True}})
    assert await refused(tried, in_area.id) == {*ADMIN}


@pytest.mark.usefixtures("powerless")
async def test_unknown_user(tried: Tried) -> None:
    """A user that was deleted may do nothing."""
    for action, data in (READ | CONTROL | ADMIN).items():
        assert isinstance(await tried(action, "gone", data), UnknownUser), action


async def test_no_entities(
    hass: HomeAssistant, tried: Tried, init_integration: MockConfigEntry
) -> None:
    """A printer without entities is open to those who may do anything."""
    user = limited(hass, {"entity_ids": {"light.kitchen": True}})
    registry = er.async_get(hass)
    for each in er.async_entries_for_config_entry(registry, init_integration.entry_id):
        registry.async_remove(each.entity_id)
    assert isinstance(await tried("home", user.id, {}), Unauthorized)
    assert await tried("home", (await user_of(hass, GROUP_ID_USER)).id, {}) is None


async def test_names_of_printers(
    hass: HomeAssistant, tried: Tried, init_integration: MockConfigEntry
) -> None:
    """Who may act on no printer is not told which there are."""
    other = MockConfigEntry(domain=DOMAIN, title="Ender", unique_id="another")
    other.add_to_hass(hass)
    device_id = next(
        iter(
            er.async_get(hass).entities.get_entries_for_config_entry_id(
                init_integration.entry_id
            )
        )
    ).device_id
    stranger = limited(hass, {"entity_ids": {"light.kitchen": True}})
    assert isinstance(await tried("home", stranger.id, {}), Unauthorized)
    user = limited(hass, {"device_ids": {device_id: True}})
    error = await tried("home", user.id, {})
    assert isinstance(error, HomeAssistantError)
    assert error.translation_placeholders == {"command": "home", "printers": "Prusa"}


@pytest.mark.parametrize(("action", "data"), ADMIN_FIELDS)
async def test_reach_of_administrators(
    hass: HomeAssistant,
    tried: Tried,
    fake: FakeOctoPrint,
    monkeypatch: pytest.MonkeyPatch,
    action: str,
    data: dict[str, Any],
) -> None:
    """What reaches as far as an action for administrators by another way is for them, too."""
    # The connection of this printer does not end, for which `connect` would wait.
    monkeypatch.setattr(connecting, "DISCONNECT_TIMEOUT", 0)
    fake.answer("GET", "/api/printer/command/custom", json={"controls": CONTROLS})
    fake.clear()
    user = await user_of(hass, GROUP_ID_USER)
    error = await tried(action, user.id, data)
    assert isinstance(error, Unauthorized)
    assert message(error) == (
        "user_is_no_administrator",
        {"command": action, "printer": "Prusa"},
    )
    assert not fake.commands()
    for allowed in ((await user_of(hass, GROUP_ID_ADMIN)).id, None):
        assert not isinstance(await tried(action, allowed, data), Unauthorized)


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        ({"control": "Lamp"}, ["M355 S1"]),
        ({"control": "Say", "parameters": {"text": "Hello"}}, ["M117 Hello"]),
        ({"control": "Second", "parameters": {"x": 5}}, ["G91", "G1 X5"]),
        ({"control": "Second", "parameters": {"x": "-2.5"}}, ["G91", "G1 X-2.5"]),
    ],
)
async def test_prepared_controls(
    hass: HomeAssistant,
    tried: Tried,
    fake: FakeOctoPrint,
    data: dict[str, Any],
    lines: list[str],
) -> None:
    """A control that does what it is made for is for all who control the printer."""
    fake.answer("GET", "/api/printer/command/custom", json={"controls": CONTROLS})
    fake.clear()
    user = await user_of(hass, GROUP_ID_USER)
    assert await tried("run_control", user.id, data) is None
    assert fake.commands() == [("/api/printer/command", {"commands": lines})]


async def test_upload_from_folder(
    hass: HomeAssistant, tried: Tried, fake: FakeOctoPrint, tmp_path: Path
) -> None:
    """A file that Home Assistant has is uploaded, neither printed nor over another one."""
    (tmp_path / "vase.gcode").write_bytes(b"G28\n")
    hass.config.allowlist_external_dirs = {str(tmp_path)}
    user = await user_of(hass, GROUP_ID_USER)
    data = {"source": str(tmp_path / "vase.gcode")}
    assert not isinstance(await tried("upload_file", user.id, data), Unauthorized)


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_system_buttons(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """A button that runs a system command is for those who may run the action."""
    entity_id = "button.prusa_shut_down_system"
    fake.load("disconnected")
    await init_integration.runtime_data.async_refresh()
    await hass.async_block_till_done()
    fake.clear()
    user = await user_of(hass, GROUP_ID_USER)
    admin = await user_of(hass, GROUP_ID_ADMIN)
    for user_id in (user.id, "gone"):
        with pytest.raises(Unauthorized):
            await hass.services.async_call(
                BUTTON,
                SERVICE_PRESS,
                {ATTR_ENTITY_ID: entity_id},
                blocking=True,
                context=Context(user_id=user_id),
            )
    assert not fake.commands()
    for allowed in (admin.id, None):
        await hass.services.async_call(
            BUTTON,
            SERVICE_PRESS,
            {ATTR_ENTITY_ID: entity_id},
            blocking=True,
            context=Context(user_id=allowed),
        )
    assert len(fake.commands()) == 2
