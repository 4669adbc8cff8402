"""Tests of the emergency stop, by the action and by the button."""

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from tests.conftest import refresh
from tests.fake_octoprint import FakeOctoPrint

from .conftest import Call, message

STOP = ("/api/printer/command", {"commands": ["M112"]})


@pytest.mark.parametrize("recorded", ["printing_local", "paused", "finishing"])
async def test_stop(
    hass: HomeAssistant,
    call: Call,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
    recorded: str,
) -> None:
    """M112 is the first request of all, in every connected state."""
    fake.load(recorded)
    await refresh(hass, init_integration)
    fake.clear()
    await call("emergency_stop")
    assert fake.requests[0].method == "POST"
    assert fake.commands() == [STOP]
    fake.clear()
    await hass.services.async_call(
        "button", "press", {"entity_id": "button.prusa_emergency_stop"}, blocking=True
    )
    assert fake.requests[0].method == "POST"
    assert fake.commands() == [STOP]


async def test_instead(call: Call, fake: FakeOctoPrint) -> None:
    """Where M112 is refused, what else stops the printer is done, and told."""
    fake.answer("POST", "/api/printer/command", status=500, json={"error": "Broken"})
    fake.answer("POST", "/api/printer/bed", status=409, json={"error": "No"})
    with pytest.raises(HomeAssistantError) as err:
        await call("emergency_stop")
    assert message(err.value) == (
        "emergency_instead",
        {
            "done": "cancel, tool0",
            "error": "Broken",
            "failed": "bed",
            "printer": "Prusa",
        },
    )
    first, *others = fake.commands()
    assert first == STOP
    assert sorted(others, key=str) == [
        ("/api/job", {"command": "cancel"}),
        ("/api/printer/bed", {"command": "target", "target": 0}),
        ("/api/printer/tool", {"command": "target", "targets": {"tool0": 0}}),
    ]


async def test_without_control(
    hass: HomeAssistant,
    call: Call,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
) -> None:
    """A key that may just cancel cancels, and who asked is told what was not done."""
    user = fake.json("GET", "/api/currentuser")
    user["permissions"] = ["STATUS", "PRINT"]
    fake.answer("GET", "/api/currentuser", json=user)
    for path in ("command", "tool", "bed"):
        fake.answer("POST", f"/api/printer/{path}", status=403, json={"error": "No"})
    await hass.config_entries.async_reload(init_integration.entry_id)
    with pytest.raises(HomeAssistantError) as err:
        await call("emergency_stop")
    key, placeholders = message(err.value)
    assert key == "emergency_instead"
    assert placeholders
    assert placeholders["done"] == "cancel"
    assert placeholders["failed"] == "bed, tool0"


async def test_not_connected(call: Call, fake: FakeOctoPrint) -> None:
    """A printer that is not connected cannot be stopped, which is told."""
    fake.load("disconnected")
    with pytest.raises(ServiceValidationError) as err:
        await call("emergency_stop")
    assert message(err.value) == ("emergency_offline", {"printer": "Prusa"})


async def test_nothing_reaches_it(call: Call, fake: FakeOctoPrint) -> None:
    """A server that is gone is told."""
    await fake.stop()
    with pytest.raises(HomeAssistantError) as err:
        await call("emergency_stop")
    assert str(err.value.translation_key).startswith("connection_")
    await fake.start()


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_quick_stop(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """The quick stop is offered in a print, and not to a key that may not control."""
    fake.load("printing_local")
    config_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(config_entry.entry_id)
    await hass.async_block_till_done()
    await hass.services.async_call(
        "button", "press", {"entity_id": "button.prusa_quick_stop"}, blocking=True
    )
    assert fake.commands() == [("/api/printer/command", {"commands": ["M410"]})]
    fake.load("disconnected")
    await refresh(hass, config_entry)
    for key in ("quick_stop", "emergency_stop"):
        assert hass.states.get(f"button.prusa_{key}").state == "unavailable"
    await hass.config_entries.async_unload(config_entry.entry_id)
