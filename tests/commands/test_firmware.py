"""Tests of the commands that a firmware does on a line of G-code."""

import pytest

from custom_components.octoprint_plus.commands.firmware import (
    async_set_fan,
    async_set_feed_rate,
)
from homeassistant.exceptions import ServiceValidationError
from tests.fake_octoprint import FakeOctoPrint
from tests.services.conftest import message

from .stub import StubCoordinator


@pytest.mark.parametrize(
    ("percent", "line"), [(-1, "M107"), (50, "M106 S128"), (300, "M106 S255")]
)
async def test_fan(
    stub: StubCoordinator, fake: FakeOctoPrint, percent: int, line: str
) -> None:
    """A fan runs between nothing and full speed, whoever asks for more."""
    await async_set_fan(stub.typed, percent, "Fan")
    assert fake.commands() == [("/api/printer/command", {"commands": [line]})]


async def test_rate_of_a_printer_that_is_off(
    stub: StubCoordinator, fake: FakeOctoPrint
) -> None:
    """A rate is set on a printer that is connected, and is a number."""
    with pytest.raises(ServiceValidationError) as raised:
        await async_set_feed_rate(stub.typed, float("nan"), "Feed rate")
    assert message(raised.value)[0] == "not_a_number"
    fake.load("disconnected")
    await stub.reload()
    with pytest.raises(ServiceValidationError) as raised:
        await async_set_feed_rate(stub.typed, 100, "Feed rate")
    assert message(raised.value)[0] == "printer_offline"
    assert fake.commands() == []
