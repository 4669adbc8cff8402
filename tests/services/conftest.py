"""What the tests of the actions share."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.octoprint_plus.const import DOMAIN
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, ServiceResponse
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
from tests.conftest import UUID

ALL_PLATFORMS = pytest.mark.all_platforms

type Call = Callable[..., Awaitable[ServiceResponse]]


@pytest.fixture(autouse=True)
def platforms(request: pytest.FixtureRequest) -> Iterator[None]:
    """Set up just what makes the device, unless a test asks for all: actions need no entities."""
    if request.node.get_closest_marker("all_platforms"):
        yield
        return
    with patch("custom_components.octoprint_plus.PLATFORMS", [Platform.EVENT]):
        yield


@pytest.fixture
def device_id(hass: HomeAssistant, init_integration: MockConfigEntry) -> str:
    """Return the id of the printer's device."""
    return dr.async_get_device_id_by_identifier(
        hass, (DOMAIN, UUID), config_entry_id=init_integration.entry_id
    )


@pytest.fixture
def call(hass: HomeAssistant, init_integration: MockConfigEntry) -> Call:
    """Return a function that calls an action and waits for its end."""

    async def call_action(
        action: str, /, *, response: bool = False, **data: Any
    ) -> ServiceResponse:
        return await hass.services.async_call(
            DOMAIN, action, data, blocking=True, return_response=response
        )

    return call_action


@contextmanager
def unusable() -> Iterator[None]:
    """Expect that what an action is given is refused by its schema."""
    with pytest.raises(ServiceValidationError) as raised:
        yield
    key, placeholders = message(raised.value)
    assert key is not None
    assert key.startswith("field_")
    assert placeholders
    assert placeholders["field"]


def message(error: HomeAssistantError) -> tuple[str | None, dict[str, str] | None]:
    """Return which text an error has, and with what."""
    assert error.translation_domain == DOMAIN
    return error.translation_key, error.translation_placeholders
