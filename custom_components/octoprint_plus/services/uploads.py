"""The action that uploads a file, and prints it if asked for."""

import voluptuous as vol

from homeassistant.const import ATTR_LOCATION
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import config_validation as cv

from ..commands.storage import LOCAL
from ..commands.upload_source import UploadSource
from ..commands.uploads import UploadOrder, async_upload_file
from ..const import DOMAIN
from .files import LOCATION, PATH
from .target import TARGET_SCHEMA, async_get_coordinator

ATTR_FOLDER = "folder"
ATTR_MEDIA_CONTENT_ID = "media_content_id"
ATTR_NAME = "name"
ATTR_OVERWRITE = "overwrite"
ATTR_PRINT = "print"
ATTR_SELECT = "select"
ATTR_SOURCE = "source"
ATTR_UPLOAD = "upload"

# Whoever browses media gets more than the name of what was chosen.
MEDIA = vol.All(
    vol.Schema({vol.Required(ATTR_MEDIA_CONTENT_ID): PATH}, extra=vol.ALLOW_EXTRA),
    lambda media: media[ATTR_MEDIA_CONTENT_ID],
)

UPLOAD_FILE_SCHEMA = TARGET_SCHEMA.extend(
    {
        vol.Optional(ATTR_SOURCE): vol.Any(PATH, MEDIA),
        vol.Optional(ATTR_UPLOAD): PATH,
        vol.Optional(ATTR_LOCATION, default=LOCAL): LOCATION,
        vol.Optional(ATTR_FOLDER): PATH,
        vol.Optional(ATTR_NAME): PATH,
        vol.Optional(ATTR_OVERWRITE, default=False): cv.boolean,
        vol.Optional(ATTR_SELECT, default=False): cv.boolean,
        vol.Optional(ATTR_PRINT, default=False): cv.boolean,
    }
)


@callback
def async_setup_upload_services(hass: HomeAssistant) -> None:
    """Register the action."""
    hass.services.async_register(
        DOMAIN,
        "upload_file",
        _async_upload_file,
        UPLOAD_FILE_SCHEMA,
        supports_response=SupportsResponse.OPTIONAL,
    )


async def _async_upload_file(call: ServiceCall) -> ServiceResponse:
    """Upload a file that Home Assistant has."""
    coordinator = await async_get_coordinator(call)
    uploaded = await async_upload_file(
        coordinator,
        UploadSource(
            path=call.data.get(ATTR_SOURCE), upload=call.data.get(ATTR_UPLOAD)
        ),
        UploadOrder(
            location=call.data[ATTR_LOCATION],
            folder=call.data.get(ATTR_FOLDER, "").strip("/"),
            name=call.data.get(ATTR_NAME),
            overwrite=call.data[ATTR_OVERWRITE],
            select=call.data[ATTR_SELECT],
            print_=call.data[ATTR_PRINT],
        ),
        context=call.context,
    )
    upload = uploaded.upload
    return {
        "name": upload.name,
        "path": upload.path,
        "printer_path": upload.printer_path,
        "size": uploaded.size,
        "selected": upload.is_selected or upload.is_printing,
        "printing": upload.is_printing,
    }
