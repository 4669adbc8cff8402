"""Test PSU Control: its state, which is an assumption, and switching it."""

import asyncio
from typing import Any

import pytest

from custom_components.octoprint_plus.api import (
    OctoPrintClient,
    OctoPrintConflictError,
    OctoPrintConnectionError,
    OctoPrintNotFoundError,
    OctoPrintPermissionError,
    OctoPrintPluginError,
)
from custom_components.octoprint_plus.api.plugins import psu_control
from custom_components.octoprint_plus.api.plugins.psu_control import (
    PsuSettings,
    PsuState,
    parse_message,
)
from tests.fake_octoprint import FakeOctoPrint
from tests.waiting import until

from .conftest import Install

PATH = "/api/plugin/psucontrol"
SETTINGS = {
    "switchingMethod": "GCODE",
    "sensingMethod": "INTERNAL",
    "postOnDelay": 0.0,
    "onGCodeCommand": "M80",
}


def be(fake: FakeOctoPrint, is_on: bool) -> None:
    fake.answer("GET", PATH, json={"isPSUOn": is_on})


async def test_settings(client: OctoPrintClient, install: Install) -> None:
    install("psucontrol", SETTINGS)
    settings = await client.plugins.psu_control.settings()
    assert settings == PsuSettings(
        switching_method="GCODE", sensing_method="INTERNAL", post_on_delay=0.0
    )
    assert settings.is_assumed
    install("psucontrol", SETTINGS | {"sensingMethod": "GPIO", "postOnDelay": -1})
    settings = await client.plugins.psu_control.settings()
    assert not settings.is_assumed
    assert settings.post_on_delay == 0


async def test_not_installed(client: OctoPrintClient) -> None:
    with pytest.raises(OctoPrintNotFoundError, match="psucontrol"):
        await client.plugins.psu_control.settings()


async def test_get(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    be(fake, True)
    assert await client.plugins.psu_control.get() == PsuState(is_on=True)


@pytest.mark.parametrize(
    ("told", "is_on"),
    [(1, True), (0, False), (1.0, True), ("on", True), ("False", False), ("0", False)],
)
async def test_what_python_means(
    client: OctoPrintClient, fake: FakeOctoPrint, told: Any, is_on: bool
) -> None:
    """A plugin passes on what its own Python takes for true or false."""
    fake.answer("GET", PATH, json={"isPSUOn": told})
    assert await client.plugins.psu_control.get() == PsuState(is_on=is_on)


async def test_what_was_carried_out_is_said(
    client: OctoPrintClient, fake: FakeOctoPrint, install: Install
) -> None:
    """An odd answer afterwards names the plugin, and that it took the command."""
    install("psucontrol", SETTINGS)
    fake.answer("POST", PATH, status=204)
    fake.answer("GET", PATH, json={"isPSUOn": "perhaps"})
    with pytest.raises(OctoPrintPluginError, match="PSU Control took the command"):
        await client.plugins.psu_control.turn_off()


@pytest.mark.parametrize(
    "answer", [{}, {"isPSUOn": None}, {"isPSUOn": [1]}, [], None, "on"]
)
async def test_get_junk(
    client: OctoPrintClient, fake: FakeOctoPrint, answer: Any
) -> None:
    fake.answer("GET", PATH, json=answer)
    with pytest.raises(OctoPrintPluginError):
        await client.plugins.psu_control.get()


@pytest.mark.parametrize(
    ("call", "command", "is_on"),
    [("turn_on", "turnPSUOn", True), ("turn_off", "turnPSUOff", False)],
)
async def test_switch(
    client: OctoPrintClient,
    fake: FakeOctoPrint,
    install: Install,
    call: str,
    command: str,
    is_on: bool,
) -> None:
    install("psucontrol", SETTINGS)
    fake.answer("POST", PATH, status=204)
    be(fake, is_on)
    state = await getattr(client.plugins.psu_control, call)()
    assert state == PsuState(is_on=is_on)
    assert fake.commands() == [(PATH, {"command": command})]


async def test_switch_waits_for_sensor(
    client: OctoPrintClient, fake: FakeOctoPrint, install: Install
) -> None:
    """A sensor is looked at a moment after the switch."""
    install("psucontrol", SETTINGS | {"sensingMethod": "GPIO"})
    fake.answer("POST", PATH, status=204)
    be(fake, False)
    switching = asyncio.create_task(client.plugins.psu_control.turn_on())
    await until(fake.commands)
    # Twice it has been told that the supply is off.
    fake.clear()
    await until(lambda: len(fake.requests) >= 2)
    assert not switching.done()
    be(fake, True)
    assert await switching == PsuState(is_on=True)


async def test_switch_without_effect(
    client: OctoPrintClient,
    fake: FakeOctoPrint,
    install: Install,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The plugin answers the same where it failed, so what it senses is told."""
    monkeypatch.setattr(psu_control, "SENSE_INTERVAL", 0.01)
    monkeypatch.setattr(psu_control, "SENSE_TIMEOUT", 0.05)
    install("psucontrol", SETTINGS | {"sensingMethod": "SYSTEM"})
    fake.answer("POST", PATH, status=204)
    be(fake, False)
    assert await client.plugins.psu_control.turn_on() == PsuState(is_on=False)
    assert len(fake.commands()) == 1


async def test_switch_waits_for_delay(
    client: OctoPrintClient,
    fake: FakeOctoPrint,
    install: Install,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The plugin answers after its delay, however long that is."""
    monkeypatch.setattr(psu_control, "EXTRA_TIMEOUT", 0.2)
    fake.answer("POST", PATH, status=204)
    be(fake, True)
    fake.delay = 0.4
    install("psucontrol", SETTINGS | {"postOnDelay": 1})
    assert (await client.plugins.psu_control.turn_on()).is_on
    install("psucontrol", SETTINGS)
    with pytest.raises(OctoPrintConnectionError, match="in time"):
        await client.plugins.psu_control.turn_on()


async def test_nothing_to_switch(
    client: OctoPrintClient, fake: FakeOctoPrint, install: Install
) -> None:
    install("psucontrol", SETTINGS | {"switchingMethod": ""})
    with pytest.raises(OctoPrintConflictError):
        await client.plugins.psu_control.turn_on()
    assert fake.commands() == []


async def test_not_permitted(
    client: OctoPrintClient, fake: FakeOctoPrint, install: Install
) -> None:
    """Only admins may by default; the plugin says so in plain text."""
    install("psucontrol", SETTINGS)
    fake.answer("POST", PATH, status=403, body="Insufficient rights")
    with pytest.raises(OctoPrintPermissionError) as caught:
        await client.plugins.psu_control.turn_off()
    assert caught.value.permission == "PLUGIN_PSUCONTROL_CONTROL"


def test_message() -> None:
    assert parse_message({"isPSUOn": True}) == PsuState(is_on=True)
    assert parse_message({"isPSUOn": "perhaps"}) is None
