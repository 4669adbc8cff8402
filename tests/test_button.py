"""Tests for the OctoPrint buttons."""

from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.components.button import DOMAIN as BUTTON_DOMAIN, SERVICE_PRESS
from homeassistant.const import ATTR_ENTITY_ID, STATE_UNAVAILABLE, Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er

from .conftest import CheckPlatform
from .fake_octoprint import FakeOctoPrint
from .waiting import refresh, until


async def press(hass: HomeAssistant, key: str) -> None:
    """Press a button."""
    await hass.services.async_call(
        BUTTON_DOMAIN,
        SERVICE_PRESS,
        {ATTR_ENTITY_ID: f"button.prusa_{key}"},
        blocking=True,
    )


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_buttons(
    check_platform: CheckPlatform,
) -> None:
    """Test all buttons of a printer."""
    await check_platform(Platform.BUTTON)


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
@pytest.mark.parametrize(
    ("recorded", "key", "command"),
    [
        (
            "operational_idle_file_selected",
            "start_print",
            ("/api/job", {"command": "start"}),
        ),
        (
            "printing_local",
            "pause_print",
            ("/api/job", {"command": "pause", "action": "pause"}),
        ),
        (
            "paused",
            "resume_print",
            ("/api/job", {"command": "pause", "action": "resume"}),
        ),
        ("printing_local", "cancel_print", ("/api/job", {"command": "cancel"})),
        ("transferring_to_sd", "cancel_print", ("/api/job", {"command": "cancel"})),
        ("paused", "restart_print", ("/api/job", {"command": "restart"})),
        (
            "printing_local",
            "pause_or_resume_print",
            ("/api/job", {"command": "pause", "action": "pause"}),
        ),
        (
            "paused",
            "pause_or_resume_print",
            ("/api/job", {"command": "pause", "action": "resume"}),
        ),
        (
            "sd_released",
            "initialize_sd_card",
            ("/api/printer/sd", {"command": "init"}),
        ),
        (
            "operational_idle_no_file",
            "refresh_sd_card",
            ("/api/printer/sd", {"command": "refresh"}),
        ),
        (
            "operational_idle_no_file",
            "release_sd_card",
            ("/api/printer/sd", {"command": "release"}),
        ),
        (
            "operational_idle_no_file",
            "home_all_axes",
            ("/api/printer/printhead", {"command": "home", "axes": ["x", "y", "z"]}),
        ),
        (
            "operational_idle_no_file",
            "home_z",
            ("/api/printer/printhead", {"command": "home", "axes": ["z"]}),
        ),
        *(
            (
                "operational_idle_no_file",
                key,
                ("/api/printer/command", {"commands": [command]}),
            )
            for key, command in (
                ("auto_bed_level", "G29"),
                ("motors_off", "M84"),
                ("save_firmware_settings", "M500"),
                ("load_firmware_settings", "M501"),
                ("reset_firmware_settings", "M502"),
            )
        ),
        (
            "disconnected",
            "shut_down_system",
            ("/api/system/commands/core/shutdown", {}),
        ),
    ],
)
async def test_press(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    config_entry: MockConfigEntry,
    recorded: str,
    key: str,
    command: tuple[str, Any],
) -> None:
    """Test that a button sends its command once and what it did is read afterwards."""
    fake.load(recorded)
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await hass.async_block_till_done()
    fake.clear()
    await press(hass, key)
    assert fake.commands() == [command]


# What stops at once is offered always: Home Assistant skips what is unavailable.
ALWAYS = {"emergency_stop"}
IDLE = ALWAYS | {"auto_bed_level", "home_all_axes", "motors_off"}

OFFERED = {
    "operational_idle_file_selected": IDLE | {"start_print"},
    "operational_idle_no_file": IDLE,
    "printing_local": ALWAYS | {"pause_print", "cancel_print", "pause_or_resume_print"},
    "paused": ALWAYS
    | {"resume_print", "cancel_print", "restart_print", "pause_or_resume_print"},
    "cancelling": ALWAYS,
    "finishing": ALWAYS,
    "transferring_to_sd": ALWAYS | {"cancel_print"},
    "disconnected": ALWAYS,
    "error_fatal_while_printing": ALWAYS,
}


@pytest.mark.usefixtures("init_integration")
@pytest.mark.parametrize(("recorded", "offered"), OFFERED.items())
async def test_offered(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    config_entry: MockConfigEntry,
    recorded: str,
    offered: set[str],
) -> None:
    """Test that what the printer's state forbids is not offered."""
    fake.load(recorded)
    await refresh(hass, config_entry)
    found = {
        state.entity_id.removeprefix("button.prusa_")
        for state in hass.states.async_all("button")
        if state.state != STATE_UNAVAILABLE
    }
    assert found == offered


async def test_permissions(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that what the key may not do is absent, and comes when it may."""
    fake.user("readonly")
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await hass.async_block_till_done()
    assert not hass.states.async_all(("button", "climate", "switch"))
    assert hass.states.get("sensor.prusa_tool_temperature").state == "21.3"

    fake.user("user1")
    freezer.tick(timedelta(minutes=6))
    await refresh(hass, config_entry)
    assert hass.states.get("button.prusa_start_print").state != STATE_UNAVAILABLE
    assert hass.states.get("climate.prusa_tool")

    fake.user("readonly")
    freezer.tick(timedelta(minutes=6))
    await refresh(hass, config_entry)
    assert hass.states.get("button.prusa_start_print").state == STATE_UNAVAILABLE
    assert hass.states.get("climate.prusa_tool").state == STATE_UNAVAILABLE


@pytest.mark.usefixtures("init_integration")
@pytest.mark.parametrize(
    ("status", "text", "error", "translation_key"),
    [
        (409, "Printer is busy", ServiceValidationError, "command_conflict"),
        (404, "Nothing there", ServiceValidationError, "command_not_found"),
        (400, "CSRF validation failed", HomeAssistantError, "command_invalid_auth"),
        (400, "command is invalid", HomeAssistantError, "command_failed"),
        (500, "Something broke", HomeAssistantError, "command_failed"),
        (502, "", HomeAssistantError, "connection_bad_gateway"),
        (403, "No", ServiceValidationError, "command_missing_permission"),
    ],
)
async def test_errors(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    status: int,
    text: str,
    error: type[HomeAssistantError],
    translation_key: str,
) -> None:
    """Test that a refused command is told with its cause."""
    fake.answer("POST", "/api/job", status=status, json={"error": text})
    with pytest.raises(error) as err:
        await press(hass, "start_print")
    assert err.value.translation_key == translation_key
    placeholders = err.value.translation_placeholders or {}
    assert placeholders["printer"] == "Prusa"
    assert placeholders.get("command", "Start print") == "Start print"


async def test_server_gone(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test pressing a button in the moment in which the server is gone."""
    await fake.stop()
    with pytest.raises(HomeAssistantError) as err:
        await press(hass, "start_print")
    # Whether the kept connection is found broken or a new one refused is chance.
    assert err.value.translation_key in ("connection_broken", "connection_refused")
    assert fake.key not in str(err.value)
    await fake.start()


async def test_custom_command(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    config_entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
) -> None:
    """Test that a command of the user's own carries the user's own name."""
    commands = fake.json("GET", "/api/system/commands")
    commands["custom"] = [
        {"action": "light", "name": "Licht an", "source": "custom"},
        {"action": "divider", "source": "custom"},
    ]
    fake.answer("GET", "/api/system/commands", json=commands)
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await hass.async_block_till_done()
    entity = entity_registry.async_get("button.prusa_licht_an")
    assert entity
    assert entity.disabled_by is er.RegistryEntryDisabler.INTEGRATION


@pytest.mark.usefixtures("init_integration")
@pytest.mark.parametrize("key", ["home_all_axes", "start_print"])
async def test_state_changed_meanwhile(
    hass: HomeAssistant, fake: FakeOctoPrint, key: str
) -> None:
    """Test that a button is not pressed on what was true at the last poll."""
    fake.load("paused")
    fake.clear()
    with pytest.raises(ServiceValidationError) as err:
        await press(hass, key)
    assert err.value.translation_key == "button_not_offered"
    assert fake.commands() == []


@pytest.mark.parametrize("key", ["pause_print", "cancel_print"])
async def test_what_stops_does_not_hide(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
    key: str,
) -> None:
    """Test that a press after a failed poll is carried out, or says what is wrong."""
    fake.load("printing_local")
    await refresh(hass, init_integration)
    fake.answer("GET", "/api/job", status=502)
    await refresh(hass, init_integration)
    assert hass.states.get("sensor.prusa_state").state == STATE_UNAVAILABLE
    fake.answer("POST", "/api/job", status=502)
    with pytest.raises(HomeAssistantError) as err:
        await press(hass, key)
    assert err.value.translation_key == "connection_bad_gateway"
    fake.restore("POST", "/api/job")
    fake.clear()
    await press(hass, key)
    assert [path for path, _ in fake.commands()] == ["/api/job"]


@pytest.mark.parametrize("path", ["/api/job", "/api/printer", "/api/connection"])
@pytest.mark.parametrize("key", ["pause_print", "cancel_print"])
async def test_what_stops_waits_for_nothing_that_is_read(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
    key: str,
    path: str,
) -> None:
    """Test that a server that is slow to tell, or fails at it, is told to stop at once."""
    fake.load("printing_local")
    await refresh(hass, init_integration)
    fake.answer("GET", path, status=500)
    fake.clear()
    await press(hass, key)
    assert [sent for sent, _ in fake.commands()] == ["/api/job"]
    if path != "/api/job":
        # Else the command, too, would have to wait.
        fake.held.add(path)
        fake.clear()
        task = hass.async_create_task(press(hass, key))
        await until(fake.commands)
        assert all(request.path == "/api/job" for request in fake.requests[:2])
        fake.held.clear()
        await task


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_what_stops_does_not_wait(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """Test that each button that stops is sent while another one's command hangs."""
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await hass.async_block_till_done()
    fake.held.add("/api/printer/command")
    hass.async_create_task(press(hass, "motors_off"))
    await until(fake.commands)
    # It looks at the printer's state, which the one before may be changing.
    hass.async_create_task(press(hass, "auto_bed_level"))
    fake.load("printing_local")
    await config_entry.runtime_data.async_refresh()
    fake.clear()
    await press(hass, "pause_print")
    await press(hass, "cancel_print")
    await press(hass, "pause_or_resume_print")
    assert [data["command"] for _, data in fake.commands()] == [
        "pause",
        "cancel",
        "pause",
    ]
    for key in ("emergency_stop", "quick_stop"):
        hass.async_create_task(press(hass, key))
    await until(lambda: len(fake.commands()) == 5)
    assert [data["commands"] for _, data in fake.commands()[3:]] == [["M112"], ["M410"]]
    fake.load("operational_idle_no_file")
    fake.held.clear()
    await hass.async_block_till_done()
    assert fake.commands()[5:] == [("/api/printer/command", {"commands": ["G29"]})]


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_command_removed(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that a command that the server no longer offers cannot be pressed."""
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await hass.async_block_till_done()
    assert hass.states.get("button.prusa_reboot_system").state != STATE_UNAVAILABLE
    commands = fake.json("GET", "/api/system/commands")
    fake.answer("GET", "/api/system/commands", json=commands | {"core": []})
    freezer.tick(timedelta(minutes=6))
    await refresh(hass, config_entry)
    assert hass.states.get("button.prusa_reboot_system").state == STATE_UNAVAILABLE


SD_BUTTONS = {"initialize_sd_card", "refresh_sd_card", "release_sd_card"}


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
@pytest.mark.parametrize(
    ("recorded", "offered"),
    [
        ("operational_idle_no_file", SD_BUTTONS),
        ("sd_released", {"initialize_sd_card"}),
        ("printing_sd", set()),
        ("paused", set()),
        ("shared_nozzle_no_bed_no_sd", None),
    ],
)
async def test_sd_buttons(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    config_entry: MockConfigEntry,
    recorded: str,
    offered: set[str] | None,
) -> None:
    """Test that the card is offered what its state allows, and none where there is none."""
    fake.load(recorded)
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await hass.async_block_till_done()
    states = {key: hass.states.get(f"button.prusa_{key}") for key in SD_BUTTONS}
    if offered is None:
        assert not any(states.values())
        return
    assert offered == {
        key for key, state in states.items() if state.state != STATE_UNAVAILABLE
    }


CONTROLS = "/api/printer/command/custom"


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_controls(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    config_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Test that the user's own controls become buttons, and do what they do now."""
    lamp = {"name": "Lamp on", "command": "M355 S1"}
    children = [
        lamp,
        {"name": "Park", "script": "park"},
        {"name": "Lamp on", "command": "M355 S2"},
        {"name": "Load", "command": "G1 E%(e)d", "input": [{"parameter": "e"}]},
        {"name": "Page", "javascript": "alert(1)", "command": "M117 x"},
        {"name": "Position", "regex": "X:(.*)", "template": "{0}"},
        {"name": "", "command": "M117 x"},
    ]
    fake.answer(
        "GET", CONTROLS, json={"controls": [{"name": "Mine", "children": children}]}
    )
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await hass.async_block_till_done()
    assert [
        state.name
        for state in hass.states.async_all("button")
        if state.entity_id.startswith("button.prusa_mine")
    ] == ["Prusa Mine / Lamp on", "Prusa Mine / Park"]
    fake.load("printing_local")
    fake.clear()
    await press(hass, "mine_lamp_on")
    await press(hass, "mine_park")
    assert fake.commands() == [
        ("/api/printer/command", {"commands": ["M355 S1"]}),
        ("/api/printer/command", {"script": "park"}),
    ]

    lamp["command"] = "M355 S1 P9"
    del children[1]
    fake.answer(
        "GET", CONTROLS, json={"controls": [{"name": "Mine", "children": children}]}
    )
    freezer.tick(timedelta(minutes=6))
    await refresh(hass, config_entry)
    assert hass.states.get("button.prusa_mine_park").state == STATE_UNAVAILABLE
    fake.clear()
    await press(hass, "mine_lamp_on")
    assert fake.commands() == [
        ("/api/printer/command", {"commands": ["M355 S1 P9"]}),
    ]
    fake.load("disconnected")
    await refresh(hass, config_entry)
    assert hass.states.get("button.prusa_mine_lamp_on").state == STATE_UNAVAILABLE


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
@pytest.mark.parametrize(
    ("command", "key"),
    [
        ("M118 *** Ring ***", "gcode_unsafe_sign"),
        ("M118 %(text)s", "gcode_parameter_missing"),
    ],
)
async def test_controls_that_would_cost_a_print(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    config_entry: MockConfigEntry,
    command: str,
    key: str,
) -> None:
    """Test that a control's line is refused where a printer would take it otherwise."""
    fake.answer(
        "GET", CONTROLS, json={"controls": [{"name": "Ring", "command": command}]}
    )
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await hass.async_block_till_done()
    fake.clear()
    with pytest.raises(ServiceValidationError) as err:
        await press(hass, "ring")
    assert err.value.translation_key == key
    assert fake.commands() == []


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_control_that_halts(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """Test that a control's M112 is told as what it is, and not as a fault of OctoPrint's."""
    fake.answer(
        "GET",
        CONTROLS,
        json={"controls": [{"name": "Halt", "command": "G28\nM112\nG1 X10"}]},
    )
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await hass.async_block_till_done()
    fake.answer("POST", "/api/printer/command", status=500, body="Internal error")
    with pytest.raises(HomeAssistantError) as err:
        await press(hass, "halt")
    assert err.value.translation_key == "gcode_halted"


async def test_controls_are_disabled(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    config_entry: MockConfigEntry,
    entity_registry: er.EntityRegistry,
) -> None:
    """Test that the user decides which controls to have in Home Assistant."""
    fake.answer(
        "GET", CONTROLS, json={"controls": [{"name": "Lamp", "command": "M355 S1"}]}
    )
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await hass.async_block_till_done()
    entity = entity_registry.async_get("button.prusa_lamp")
    assert entity
    assert entity.disabled_by is er.RegistryEntryDisabler.INTEGRATION
