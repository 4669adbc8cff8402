"""Tests of what the interface shows of the actions."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from custom_components import octoprint_plus
from custom_components.octoprint_plus.const import DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import selector
from homeassistant.util.yaml import load_yaml_dict

SERVICES = str(Path(octoprint_plus.__file__).with_name("services.yaml"))


def _fields(fields: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, field in fields.items():
        if "fields" in field:
            yield from _fields(field["fields"])
        else:
            yield name, field


async def test_descriptions(
    hass: HomeAssistant, init_integration: MockConfigEntry
) -> None:
    """Every field of every action is described, as required as it is, and selectable."""
    descriptions = await hass.async_add_executor_job(load_yaml_dict, SERVICES)
    services = hass.services.async_services_for_domain(DOMAIN)
    assert services.keys() == descriptions.keys()
    for action, service in services.items():
        assert isinstance(service.schema, vol.Schema)
        keys = {str(key): key for key in service.schema.schema}
        fields = dict(_fields(descriptions[action]["fields"]))
        assert fields.keys() == keys.keys(), action
        for name, field in fields.items():
            is_required = type(keys[name]).__name__ == "Required"
            assert field.get("required", False) == is_required, (action, name)
            selector(field["selector"])
            if "default" in field:
                assert keys[name].default() == field["default"], (action, name)
