"""The printer that an action is meant for, and whether whoever calls it may do that."""

from collections.abc import Collection
import re
from typing import Any, override

import voluptuous as vol

from homeassistant.auth.permissions.const import POLICY_CONTROL, POLICY_READ
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import ServiceCall
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import (
    async_get_config_entry,
    async_get_device_and_config_entry,
)

from ..commands.rights import NotPermittedError, async_get_user, is_permitted
from ..const import DOMAIN
from ..coordinator import OctoPrintConfigEntry, OctoPrintCoordinator
from ..device import printer_title

# What a schema says of a value, in words that have no translation.
REASONS = {
    re.compile(r"^value must be at least (\S+)"): "field_too_small",
    re.compile(r"^value must be at most (\S+)"): "field_too_large",
    re.compile(r"^value must be one of \[(.+)\]"): "field_not_offered",
}


class ActionSchema(vol.Schema):  # type: ignore[misc]
    """A schema of what an action is given, which refuses with a translated error."""

    @override
    def __call__(self, data: Any) -> Any:
        """Return the data as it is used; raises ServiceValidationError."""
        try:
            return super().__call__(data)
        except vol.MultipleInvalid as err:
            raise _unusable(err.errors[0], data, set(map(str, self.schema))) from err


def _unusable(
    err: vol.Invalid, data: Any, fields: Collection[str]
) -> ServiceValidationError:
    """Return the error that names the field, and what is wrong with it."""
    value = data
    for key in err.path:
        try:
            value = value[key]
        except KeyError, TypeError, IndexError:
            value = None
    key, limit = "field_invalid", ""
    if isinstance(err, vol.RequiredFieldInvalid):
        key = "field_missing"
    elif err.path and str(err.path[0]) not in fields:
        key = "field_unknown"
    else:
        for pattern, reason in REASONS.items():
            if found := pattern.search(err.error_message):
                key, limit = reason, found[1]
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={
            "field": ".".join(map(str, err.path)) or "-",
            "limit": limit,
            "value": str(value),
        },
    )


# A script's target arrives as a list, even with one device in it.
TARGET_SCHEMA = ActionSchema(
    {
        vol.Optional(ATTR_DEVICE_ID): vol.All(
            cv.ensure_list, [cv.string], vol.Length(min=1, max=1)
        )
    }
)


async def async_get_coordinator(
    call: ServiceCall, policy: str = POLICY_CONTROL
) -> OctoPrintCoordinator:
    """Return the coordinator of the printer that an action names, or of the only one.

    Raises Unauthorized where the user who acts may not control that printer, or for actions that
    only return something, not read it.
    """
    hass = call.hass
    user = await async_get_user(hass, call.context, policy)
    entry: OctoPrintConfigEntry
    if device_ids := call.data.get(ATTR_DEVICE_ID):
        _, entry = async_get_device_and_config_entry(hass, DOMAIN, device_ids[0])
    else:
        entries = hass.config_entries.async_entries(
            DOMAIN, include_ignore=False, include_disabled=False
        )
        if len(entries) > 1:
            entries = [
                each for each in entries if is_permitted(hass, user, each, policy)
            ]
            if not entries:
                raise Unauthorized(context=call.context, permission=policy)
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="device_required",
                translation_placeholders={
                    "command": call.service,
                    "printers": ", ".join(
                        sorted(printer_title(hass, each) for each in entries)
                    ),
                },
            )
        entry = async_get_config_entry(hass, DOMAIN, None)
    if not is_permitted(hass, user, entry, policy):
        key = "user_may_not_read" if policy == POLICY_READ else "user_may_not_control"
        raise NotPermittedError(
            call.context,
            policy,
            key,
            command=call.service,
            printer=printer_title(hass, entry),
        )
    return entry.runtime_data
