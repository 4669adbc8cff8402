"""Tests for the printer's display."""

import pytest

from custom_components.octoprint_plus.notify import display_text
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


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("Hello", "Hello"),
        ("Hello\nM112", "Hello M112"),
        ("Hello\r\nM112\u2028M112\x00\x0b\x85M112", "Hello M112 M112 M112"),
        ("a;b \\; c", "a,b /, c"),
        ("100 % of Größe", "100 % of Größe"),
        ("  a   b ", "a b"),
        ("x" * 70, "x" * 64),
        ("x" * 63 + " y", "x" * 63),
        ("", ""),
    ],
)
def test_display_text(message: str, shown: str) -> None:
    """Test that a message is one line of nothing but text."""
    assert display_text(message) == shown


@pytest.mark.usefixtures("init_integration")
@pytest.mark.parametrize(
    ("message", "command"), [("Hi\nG28", "M117 Hi G28"), ("\n", "M117")]
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
