"""Action of the family slicing, for servers that have a slicer."""

from contextlib import nullcontext
from pathlib import PurePosixPath

import voluptuous as vol

from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import config_validation as cv

from ..api import OctoPrintNotFoundError, OctoPrintRequestError
from ..api.paths import checked_name
from ..api.permissions import Permission
from ..api.slicing import Slicer
from ..api.state import BUSY_STATES
from ..commands.exclusive import starting_print
from ..commands.execute import refusal
from ..commands.rights import async_check_admin
from ..const import DOMAIN
from ..coordinator import OctoPrintCoordinator
from .target import TARGET_SCHEMA, async_get_coordinator, printer_action, server_action

ATTR_DESTINATION = "destination"
ATTR_OVERWRITE = "overwrite"
ATTR_PATH = "path"
ATTR_PRINT = "print"
ATTR_PROFILE = "profile"
ATTR_SLICER = "slicer"

LOCAL = "local"

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
    """Slice a model, and print it if asked; OctoPrint does it in the background."""
    coordinator = await async_get_coordinator(call)
    if call.data[ATTR_OVERWRITE]:
        # What is overwritten is gone.
        await async_check_admin(coordinator, call.context, call.service)
    print_ = call.data[ATTR_PRINT]
    if print_:
        action = printer_action(
            call,
            coordinator,
            *(
                Permission.SLICE,
                Permission.FILES_LIST,
                Permission.FILES_SELECT,
                Permission.PRINT,
            ),
            forbidden=BUSY_STATES,
        )
    else:
        action = server_action(
            call, coordinator, Permission.SLICE, Permission.FILES_LIST
        )
    async with action:
        slicer = _slicer(call, coordinator, await coordinator.client.slicing.list())
        path = PurePosixPath(call.data[ATTR_PATH].strip("/"))
        folder = str(path.parent) if len(path.parts) > 1 else ""
        files = coordinator.client.files
        try:
            entry = await files.info(LOCAL, str(path))
        except OctoPrintNotFoundError as err:
            raise refusal(
                "slice_file_not_found", coordinator.name, path=str(path)
            ) from err
        if entry.is_folder or path.suffix.lstrip(".").lower() not in (
            slicer.source_extensions or ("stl",)
        ):
            raise refusal(
                "slice_not_a_model",
                coordinator.name,
                path=str(path),
                slicer=slicer.name,
            )
        destination = _destination(call, coordinator, slicer, path)
        if not call.data[ATTR_OVERWRITE] and await files.taken(
            LOCAL, destination, folder
        ):
            raise refusal("slice_file_exists", coordinator.name, name=destination)
        # OctoPrint would put a destination of its own into a folder within the folder.
        with starting_print(coordinator, call.service) if print_ else nullcontext():
            sliced = await files.slice(
                LOCAL,
                str(path),
                slicer=slicer.key,
                destination=destination,
                profile=call.data.get(ATTR_PROFILE),
                print_=print_,
            )
    return {"path": sliced} if call.return_response else None


def _slicer(
    call: ServiceCall, coordinator: OctoPrintCoordinator, slicers: dict[str, Slicer]
) -> Slicer:
    """Return the slicer that is named, or else the default, if it has the profile."""
    ready = {key: each for key, each in slicers.items() if each.configured}
    if not ready:
        raise refusal("slicer_missing", coordinator.name)
    name = call.data.get(ATTR_SLICER) or next(
        (key for key, each in ready.items() if each.default), next(iter(ready))
    )
    if name not in ready:
        raise refusal(
            "slicer_unknown",
            coordinator.name,
            slicer=name,
            slicers=", ".join(sorted(ready)),
        )
    slicer = ready[name]
    profile = call.data.get(ATTR_PROFILE)
    if profile is not None and profile not in slicer.profiles:
        raise refusal(
            "slicer_profile_unknown",
            coordinator.name,
            profile=profile,
            profiles=", ".join(sorted(slicer.profiles)) or "-",
            slicer=slicer.name,
        )
    return slicer


def _destination(
    call: ServiceCall,
    coordinator: OctoPrintCoordinator,
    slicer: Slicer,
    path: PurePosixPath,
) -> str:
    """Return the name of the G-code, which is to lie beside the model."""
    extensions = slicer.destination_extensions or ("gcode",)
    name: str = call.data.get(ATTR_DESTINATION) or f"{path.stem}.{extensions[0]}"
    try:
        name = checked_name(name)
    except OctoPrintRequestError as err:
        raise refusal("slice_name_invalid", coordinator.name, name=name) from err
    if PurePosixPath(name).suffix.lstrip(".").lower() not in extensions:
        raise refusal(
            "slice_name_extension",
            coordinator.name,
            name=name,
            extensions=", ".join(extensions),
        )
    return name
