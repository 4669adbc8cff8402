"""Tests of the emergency stop, by the action and by the button."""

import asyncio
from collections.abc import Generator
from contextlib import nullcontext
import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.octoprint_plus.commands import emergency
from custom_components.octoprint_plus.const import DOMAIN
from homeassistant.auth.const import GROUP_ID_READ_ONLY
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
)
from tests.fake_octoprint import FakeOctoPrint
from tests.waiting import refresh, until

from .conftest import ALL_PLATFORMS, Call, message

pytestmark = ALL_PLATFORMS

INTEGRATION = Path(emergency.__file__).parents[1]

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
    key, placeholders = message(err.value)
    assert key == "emergency_failed"
    assert placeholders
    assert placeholders["printer"] == "Prusa"
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
    await hass.config_entries.async_unload(config_entry.entry_id)


BUTTON = "button.prusa_emergency_stop"


@pytest.fixture
def quick() -> Generator[None]:
    """Take less time until the rest is tried."""
    with patch("custom_components.octoprint_plus.commands.emergency.PATIENCE", 0.05):
        yield


@pytest.mark.parametrize("recorded", ["printing_local", "disconnected"])
async def test_never_hidden(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
    recorded: str,
) -> None:
    """The button is there whatever is known of the printer: what is hidden is skipped."""
    fake.load(recorded)
    await refresh(hass, init_integration)
    assert hass.states.get(BUTTON).state != "unavailable"
    fake.answer("GET", "/api/job", status=500, json={"error": "Broken"})
    await refresh(hass, init_integration)
    assert hass.states.get("sensor.prusa_state").state == "unavailable"
    fake.clear()
    with (
        nullcontext()
        if recorded == "printing_local"
        else pytest.raises(ServiceValidationError, match="Cut the printer's power")
    ):
        await hass.services.async_call(
            "button", "press", {"entity_id": BUTTON}, blocking=True
        )
    assert fake.commands()[0] == STOP


@pytest.mark.parametrize(
    "reason", ["unloaded", "removed", "unknown_device", "two_devices", "user"]
)
async def test_not_sent(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
    device_id: str,
    reason: str,
) -> None:
    """Whatever keeps it from being sent at all, people are told to cut the power."""
    data: dict[str, Any] = {"device_id": device_id}
    context = None
    if reason == "unloaded":
        await hass.config_entries.async_unload(init_integration.entry_id)
    elif reason == "removed":
        await hass.config_entries.async_remove(init_integration.entry_id)
        data = {}
    elif reason == "unknown_device":
        data = {"device_id": "nowhere"}
    elif reason == "two_devices":
        data = {"device_id": [device_id, "nowhere"]}
    else:
        group = await hass.auth.async_get_group(GROUP_ID_READ_ONLY)
        reader = MockUser(groups=[group]).add_to_hass(hass)
        context = Context(user_id=reader.id)
    fake.clear()
    with pytest.raises(HomeAssistantError, match="Cut the printer's power") as err:
        await hass.services.async_call(
            DOMAIN, "emergency_stop", data, blocking=True, context=context
        )
    assert err.value.translation_key == "emergency_not_sent"
    assert isinstance(err.value, Unauthorized) is (reason == "user")
    assert fake.commands() == []


async def test_key_may_not(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """It goes with the permission."""
    fake.user("readonly")
    await hass.config_entries.async_reload(init_integration.entry_id)
    assert hass.states.get(BUTTON).state == "unavailable"


@pytest.mark.usefixtures("quick")
async def test_beside_what_hangs(call: Call, fake: FakeOctoPrint) -> None:
    """Without an answer the rest is sent beside M112, and it is told what was done."""
    fake.clear()
    fake.held.add("/api/printer/command")
    with pytest.raises(HomeAssistantError) as err:
        await call("emergency_stop")
    key, placeholders = message(err.value)
    assert key == "emergency_instead"
    assert placeholders
    assert (placeholders["done"], placeholders["failed"]) == ("cancel, bed, tool0", "-")
    assert fake.commands()[0] == STOP
    assert fake.commands().count(STOP) == 1
    fake.held.clear()


@pytest.mark.usefixtures("quick")
async def test_late(call: Call, fake: FakeOctoPrint) -> None:
    """An answer that comes late is no failure."""
    fake.clear()
    fake.held |= {"/api/printer/command", "/api/job"}
    task = asyncio.ensure_future(call("emergency_stop"))
    await until(lambda: len(fake.commands()) == 4)
    fake.held.remove("/api/printer/command")
    await task
    fake.held.clear()


@pytest.mark.usefixtures("quick")
async def test_all_hangs(hass: HomeAssistant, call: Call, fake: FakeOctoPrint) -> None:
    """Where nothing is answered people hear of it before any time-out, and what to do."""
    fake.clear()
    fake.held.add("*")
    with (
        patch("custom_components.octoprint_plus.commands.emergency.DEADLINE", 0.3),
        pytest.raises(HomeAssistantError) as err,
    ):
        await call("emergency_stop")
    assert message(err.value) == (
        "emergency_failed",
        {"error": "No answer yet", "printer": "Prusa"},
    )
    assert len(fake.commands()) == 4
    # What was sent is not taken back: it may still be carried out.
    fake.clear()
    fake.held.clear()
    await call("emergency_stop")
    assert fake.commands() == [STOP]


async def test_kept_connection_is_closed(call: Call, fake: FakeOctoPrint) -> None:
    """M112 is sent again where the connection broke, before anything else is tried."""
    fake.clear()
    fake.drop_next()
    await call("emergency_stop")
    assert fake.commands() == [STOP, STOP]


async def test_key_is_refused(
    hass: HomeAssistant, call: Call, fake: FakeOctoPrint
) -> None:
    """A key that is no longer known is told with what else to do, and asked for."""
    fake.answer("POST", "*", status=400, json={"error": "CSRF validation failed"})
    with pytest.raises(HomeAssistantError) as err:
        await call("emergency_stop")
    assert message(err.value)[0] == "emergency_failed"
    await hass.async_block_till_done()
    [flow] = hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == "reauth"


@pytest.mark.parametrize("language", ["en", "de"])
def test_each_text_tells_to_cut_the_power(language: str) -> None:
    """Whatever went wrong, the text says what does stop the printer."""
    path = INTEGRATION / "translations" / f"{language}.json"
    texts = json.loads(path.read_text())["exceptions"]
    words = {"en": "Cut the printer's power", "de": "Trenne den Drucker vom Strom"}
    found = [key for key in texts if key.startswith("emergency_")]
    assert len(found) == 4
    for key in found:
        assert words[language] in texts[key]["message"]
