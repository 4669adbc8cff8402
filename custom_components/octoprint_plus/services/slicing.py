"""Action of the family slicing, for servers that have a slicer."""

import voluptuous as vol

from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import config_validation as cv

from ..commands.slicing import SliceOrder, async_slice_file
from ..const import DOMAIN
from .target import TARGET_SCHEMA, async_get_coordinator

ATTR_DESTINATION = "destination"
ATTR_OVERWRITE = "overwrite"
ATTR_PATH = "path"
ATTR_PRINT = "print"
ATTR_PROFILE = "profile"
ATTR_SLICER = "slicer"

TEXT = vol.All(cv.string, vol.Length(min=1))

SLICE_FILE_SCHEMA = TARGET_SCHEMA.extend(
    {
        vol.Required(ATTR_PATH): TEXT,
        vol.Optional(ATTR_SLICER): TEXT,
        vol.Optional(ATTR_PROFILE): TEXT,
        vol.Optional(ATTR_DESTINATION): TEXT,
        vol.Optional(ATTR_OVERWRITE, default=False): cv.boolean,
        vol.Optional(ATTR_PRINT, default=False): cv.boolean,
    }
)


@callback
def async_setup_slicing_services(hass: HomeAssistant) -> None:
    """Register the action."""
    hass.services.async_register(
        DOMAIN,
        "slice_file",
        _async_slice_file,
        SLICE_FILE_SCHEMA,
        supports_response=SupportsResponse.OPTIONAL,
    )


async def _async_slice_file(call: ServiceCall) -> ServiceResponse:
    """Slice a model, and print it if asked."""
    path = await async_slice_file(
        await async_get_coordinator(call),
        SliceOrder(
            path=call.data[ATTR_PATH],
            slicer=call.data.get(ATTR_SLICER),
            profile=call.data.get(ATTR_PROFILE),
            destination=call.data.get(ATTR_DESTINATION),
            overwrite=call.data[ATTR_OVERWRITE],
            print_=call.data[ATTR_PRINT],
        ),
        context=call.context,
    )
    return {"path": path} if call.return_response else None
