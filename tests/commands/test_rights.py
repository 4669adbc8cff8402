"""Tests that commands themselves ask for administrators, whoever calls them."""

from types import SimpleNamespace
from typing import Any

import pytest

from custom_components.octoprint_plus.commands.rights import NotPermittedError
from homeassistant.core import Context
from homeassistant.exceptions import ServiceValidationError, UnknownUser
from tests.fake_octoprint import FakeOctoPrint

from .conftest import Call
from .stub import StubCoordinator

ACTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("ask_gcode", {"commands": ["M105"]}),
    ("connect", {"save": True}),
    ("connect", {"autoconnect": False}),
    ("delete_file", {"path": "a.gcode"}),
    ("delete_timelapse", {"name": "a"}),
    ("get_settings", {"key": "appearance"}),
    ("plugin_command", {"plugin": "any"}),
    ("run_script", {"script": "a"}),
    ("run_system_command", {"source": "core", "action": "restart"}),
    ("send_gcode", {"commands": ["M105"]}),
    ("set_timelapse", {"type": "off", "save": True}),
    ("slice_file", {"path": "a.stl", "overwrite": True}),
    ("turn_off_psu", {"force": True}),
    ("update_settings", {"settings": {"appearance": {"name": "a"}}}),
)


@pytest.mark.parametrize(("action", "data"), ACTIONS)
async def test_others(
    call: Call,
    fake: FakeOctoPrint,
    stub: StubCoordinator,
    action: str,
    data: dict[str, Any],
) -> None:
    """Others than administrators are refused, and so is who is not there any more."""
    stub.users["mia"] = SimpleNamespace(is_admin=False)
    fake.clear()
    with pytest.raises(NotPermittedError) as raised:
        await call(action, acting=Context(user_id="mia"), **data)
    assert raised.value.translation_key == "user_is_no_administrator"
    with pytest.raises(UnknownUser):
        await call(action, acting=Context(user_id="gone"), **data)
    assert fake.requests == []


@pytest.mark.parametrize("acting", [None, Context(), Context(user_id="eva")])
async def test_administrators(
    call: Call, fake: FakeOctoPrint, stub: StubCoordinator, acting: Context | None
) -> None:
    """Administrators and automations may."""
    stub.users["eva"] = SimpleNamespace(is_admin=True)
    await call("send_gcode", commands=["M105"], acting=acting)
    assert len(fake.commands()) == 1


async def test_nothing_is_sent_before(call: Call, fake: FakeOctoPrint) -> None:
    """A command that is wrong in another way is refused for administrators, too."""
    with pytest.raises(ServiceValidationError):
        await call("send_gcode", commands=[";"], acting=Context())
    assert fake.commands() == []
