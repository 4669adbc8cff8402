"""Tests of what all actions share: the printer that is meant, its state and the key's permissions."""

from contextlib import nullcontext
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.octoprint_plus.commands import execute
from custom_components.octoprint_plus.const import DOMAIN
from homeassistant.const import CONF_API_KEY, CONF_URL, CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from tests.fake_octoprint import FakeOctoPrint, recorded
from tests.given import Refused
from tests.waiting import refresh

from .conftest import Call, message

ACTIONS: tuple[tuple[str, dict[str, object]], ...] = (
    ("send_gcode", {"commands": "M105"}),
    ("print_file", {"path": "prt.gcode"}),
    ("select_file", {"path": "prt.gcode"}),
    ("jog", {"x": 1}),
    ("home", {}),
    ("extrude", {"amount": 1}),
)


@pytest.fixture
async def second(
    hass: HomeAssistant, socket_enabled: None, init_integration: MockConfigEntry
) -> MockConfigEntry:
    """Set up another printer."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Ender",
        unique_id="another",
        data={
            CONF_API_KEY: init_integration.data[CONF_API_KEY],
            CONF_URL: init_integration.data[CONF_URL],
            CONF_VERIFY_SSL: True,
        },
    )
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return entry


@pytest.mark.parametrize(
    ("action", "data", "key", "placeholders"),
    [
        (
            "jog",
            {"x": float("nan")},
            "field_too_small",
            {"field": "x", "value": "nan", "limit": "-10000"},
        ),
        (
            "home",
            {"axes": ["x", "a"]},
            "field_not_offered",
            {"field": "axes.1", "value": "a", "limit": "'x', 'y', 'z'"},
        ),
        (
            "extrude",
            {"amount": 1e9},
            "field_too_large",
            {"field": "amount", "limit": "1000"},
        ),
        ("extrude", {}, "field_missing", {"field": "amount"}),
        ("extrude", {"amount": 1, "tol": 0}, "field_unknown", {"field": "tol"}),
        ("home", {"device_id": ["a", "b"]}, "field_invalid", {"field": "device_id"}),
    ],
)
async def test_unusable(
    refused: Refused,
    action: str,
    data: dict[str, object],
    key: str,
    placeholders: dict[str, str],
) -> None:
    """What makes no sense for any printer is refused, with the field named."""
    told_key, told = message(await refused(action, **data))
    assert told_key == key
    assert told
    assert told | placeholders == told


async def test_names_device(call: Call, fake: FakeOctoPrint, device_id: str) -> None:
    """The printer is named by its device, in a script's target as a list."""
    await call("home", device_id=device_id)
    await call("home", device_id=[device_id])
    assert len(fake.commands()) == 2


async def test_several_printers(
    hass: HomeAssistant,
    call: Call,
    refused: Refused,
    fake: FakeOctoPrint,
    second: MockConfigEntry,
    device_id: str,
) -> None:
    """With several printers the action has to name one."""
    error = await refused("home")
    assert message(error) == (
        "device_required",
        {"command": "home", "printers": "Ender, Prusa"},
    )
    await call("home", device_id=device_id)
    assert len(fake.commands()) == 1
    await hass.config_entries.async_unload(second.entry_id)


async def test_not_loaded(
    hass: HomeAssistant,
    refused: Refused,
    init_integration: MockConfigEntry,
    device_id: str,
) -> None:
    """A printer that is not set up is named."""
    await hass.config_entries.async_unload(init_integration.entry_id)
    for data in ({}, {"device_id": device_id}):
        error = await refused("home", **data)
        assert error.translation_key == "service_config_entry_not_loaded"
        assert error.translation_placeholders == {
            "domain": DOMAIN,
            "entry_title": "Prusa",
        }


async def test_no_printer(
    hass: HomeAssistant, refused: Refused, init_integration: MockConfigEntry
) -> None:
    """The actions are there even when no printer is."""
    await hass.config_entries.async_remove(init_integration.entry_id)
    error = await refused("home")
    assert error.translation_key == "service_found_no_config_entry_for_domain"


async def test_unknown_device(refused: Refused) -> None:
    """A device that does not exist is refused."""
    error = await refused("home", device_id="nowhere")
    assert error.translation_key == "service_device_not_found"
    assert error.translation_placeholders == {"device_id": "nowhere"}


async def test_foreign_device(hass: HomeAssistant, refused: Refused) -> None:
    """A device of another integration is refused by its name."""
    entry = MockConfigEntry(domain="kettle")
    entry.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={("kettle", "1")}, name="Kettle"
    )
    error = await refused("home", device_id=device.id)
    assert error.translation_key == "service_device_wrong_domain"
    assert error.translation_placeholders == {"device_name": "Kettle", "domain": DOMAIN}


@pytest.mark.parametrize(("action", "data"), ACTIONS)
async def test_connected_meanwhile(
    hass: HomeAssistant,
    call: Call,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
    action: str,
    data: dict[str, object],
) -> None:
    """What is known of the printer is read again before it is held against the action."""
    fake.load("disconnected")
    await refresh(hass, init_integration)
    fake.load("operational_idle_file_selected")
    await call(action, **data)
    assert len(fake.commands()) == 1


@pytest.mark.parametrize(
    ("action", "data", "path", "conflict"),
    [
        ("jog", {"x": 1}, "/api/printer/printhead", "printhead_jog"),
        ("home", {}, "/api/printer/printhead", "printhead_home"),
        ("extrude", {"amount": 1}, "/api/printer/tool", "tool_extrude"),
        ("select_file", {"path": "prt.gcode"}, "/api/files/local/prt.gcode", "select_other"),
        ("print_file", {"path": "prt.gcode"}, "/api/files/local/prt.gcode", "select_print_other"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("is_late", [False, True])
async def test_busy_meanwhile(
    refused: Refused,
    fake: FakeOctoPrint,
    action: str,
    data: dict[str, object],
    path: str,
    conflict: str,
    is_late: bool,
) -> None:
    """A print that began unseen is told as the reason, not OctoPrint's one text for all."""
    answer = recorded("while_printing", conflict)
    assert answer.status == 409
    fake.load("printing_local")
    fake.answer("POST", path, status=409, json=answer.json)
    with patch(f"{execute.__name__}.async_look") if is_late else nullcontext():
        error = await refused(action, sent=int(is_late), **data)
    assert error.translation_key == "printer_busy"


async def test_server_back(
    hass: HomeAssistant,
    call: Call,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
) -> None:
    """An action does not wait for the next poll to find the server back."""
    fake.load("disconnected")
    await refresh(hass, init_integration)
    await fake.stop()
    await refresh(hass, init_integration)
    await fake.start()
    fake.load("operational_idle_file_selected")
    await call("home", axes="x")
    assert len(fake.commands()) == 1


async def test_permission_granted_meanwhile(
    hass: HomeAssistant,
    call: Call,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
) -> None:
    """A permission counts as soon as it is granted."""
    fake.user("readonly")
    await hass.config_entries.async_reload(init_integration.entry_id)
    fake.user("admin")
    await call("home")
    assert len(fake.commands()) == 1


async def test_unknown_key(
    hass: HomeAssistant, call: Call, fake: FakeOctoPrint
) -> None:
    """A key that was revoked asks for another."""
    fake.key = "ANOTHER"
    with pytest.raises(HomeAssistantError) as raised:
        await call("jog", x=1)
    assert message(raised.value) == (
        "invalid_auth",
        {"printer": "Prusa"},
    )
    await hass.async_block_till_done()
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == "reauth"
