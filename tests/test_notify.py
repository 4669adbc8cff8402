"""Tests for the printer's display."""

import pytest

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError

from .fake_octoprint import FakeOctoPrint

DISPLAY = "notify.prusa_display"


async def send(hass: HomeAssistant, message: str) -> None:
    """Send a message."""
    await hass.services.async_call(
        "notify",
        "send_message",
        {"entity_id": DISPLAY, "message": message},
        blocking=True,
    )


@pytest.mark.usefixtures("init_integration")
@pytest.mark.parametrize(
    ("message", "command"),
    [
        ("Dinner", "M117 Dinner"),
        ("Hi\nG28", "M117 Hi g28"),
        ("*** Ring ***", "M117 ### Ring ###"),
        ("Größe um 14:30; ja", "M117 Groesse um 14.30, ja"),
        ("\n", "M117"),
    ],
)
async def test_send(
    hass: HomeAssistant, fake: FakeOctoPrint, message: str, command: str
) -> None:
    """Test that a message is one command."""
    await send(hass, message)
    assert fake.commands() == [("/api/printer/command", {"commands": [command]})]
    assert hass.states.get(DISPLAY).state != "unknown"


@pytest.mark.usefixtures("init_integration")
async def test_offline(hass: HomeAssistant, fake: FakeOctoPrint) -> None:
    """Test that a printer that is off shows nothing."""
    fake.load("disconnected")
    with pytest.raises(ServiceValidationError) as err:
        await send(hass, "Hello")
    assert err.value.translation_key == "button_not_offered"
    assert fake.commands() == []
