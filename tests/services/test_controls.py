"""Tests of the actions that run custom controls and scripts."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockUser

from custom_components.octoprint_plus.const import DOMAIN
from homeassistant.auth.const import GROUP_ID_USER
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import Unauthorized
from tests.fake_octoprint import FakeOctoPrint
from tests.given import COMMAND

from .conftest import Call, unusable

pytestmark = pytest.mark.usefixtures("controls")


@pytest.mark.parametrize(
    ("data", "sent"),
    [
        (
            {"control": "Filament / Load"},
            {"commands": ["M83", "G1 E50 F300"]},
        ),
        (
            {"control": "Filament / Load", "parameters": {"length": 5, "speed": 600}},
            {"commands": ["M83", "G1 E5 F600"]},
        ),
        ({"control": "Lamp"}, {"commands": ["M355 S1"]}),
        (
            {"control": "Say", "parameters": {"t": "50 % done"}},
            {"commands": ["M117 50 % done"]},
        ),
        (
            {"control": "Say", "parameters": {"t": "*** 14:30; M110 ***"}},
            {"commands": ["M117 ### 14.30, m110 ###"]},
        ),
        (
            {"control": " Park ", "parameters": {"z": 7.5}},
            {"script": "park", "parameters": {"z": 7.5}},
        ),
    ],
)
async def test_run_control(
    call: Call, fake: FakeOctoPrint, data: dict[str, Any], sent: dict[str, Any]
) -> None:
    """A control does what pressing it does, in a print too."""
    fake.load("printing_local")
    await call("run_control", **data)
    assert fake.commands() == [(COMMAND, sent)]


@pytest.mark.parametrize(
    ("data", "sent"),
    [
        ({"script": "afterPrintCancelled"}, {}),
        (
            {"script": "afterPrintCancelled", "context": {"why": "test", "z": 5}},
            {"context": {"why": "test", "z": 5}},
        ),
    ],
)
async def test_run_script(
    call: Call, fake: FakeOctoPrint, data: dict[str, Any], sent: dict[str, Any]
) -> None:
    """A script is run by its name, with what its template is to see."""
    await call("run_script", **data)
    assert fake.commands() == [(COMMAND, {"script": "afterPrintCancelled", **sent})]


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("run_control", {}),
        ("run_control", {"control": ""}),
        ("run_control", {"control": "Say", "parameters": {"t": "a\nM112"}}),
        ("run_control", {"control": "Say", "parameters": {"t": float("nan")}}),
        ("run_control", {"control": "Say", "parameters": {"t": [1]}}),
        ("run_script", {}),
        ("run_script", {"script": " "}),
        ("run_script", {"script": "a", "context": {"x": "a\nM112"}}),
        ("run_script", {"script": "a", "context": "why"}),
    ],
)
async def test_unusable(
    call: Call, fake: FakeOctoPrint, action: str, data: dict[str, Any]
) -> None:
    """What makes no sense for any control or script is refused."""
    with unusable():
        await call(action, **data)
    assert fake.commands() == []


@pytest.mark.usefixtures("init_integration")
async def test_script_needs_administrator(
    hass: HomeAssistant, fake: FakeOctoPrint
) -> None:
    """A user who is no administrator may run controls, but no scripts."""
    group = await hass.auth.async_get_group(GROUP_ID_USER)
    assert group
    context = Context(user_id=MockUser(groups=[group]).add_to_hass(hass).id)
    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            DOMAIN, "run_script", {"script": "a"}, blocking=True, context=context
        )
    assert fake.commands() == []
    await hass.services.async_call(
        DOMAIN, "run_control", {"control": "Lamp"}, blocking=True, context=context
    )
    assert fake.commands() == [(COMMAND, {"commands": ["M355 S1"]})]


async def test_plain_texts_for_scripts(call: Call, fake: FakeOctoPrint) -> None:
    """A text for a script is as plain as one for G-code."""
    await call("run_script", script="say", context={"text": "*** 14:30; ä ***", "n": 1})
    assert fake.commands() == [
        (COMMAND, {"script": "say", "context": {"text": "### 14.30, ae ###", "n": 1}})
    ]
