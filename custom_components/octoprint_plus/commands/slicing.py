"""Slicing a model, on servers that have a slicer."""

from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import PurePosixPath

from homeassistant.core import Context

from ..api import (
    BUSY_STATES,
    OctoPrintNotFoundError,
    OctoPrintRequestError,
    Permission,
    Slicer,
    checked_name,
)
from ..coordinator import OctoPrintCoordinator
from .exclusive import starting_print
from .execute import printer_command, server_command
from .refusals import refusal
from .rights import async_check_admin
from .storage import LOCAL

COMMAND = "slice_file"


@dataclass(frozen=True, kw_only=True, slots=True)
class SliceOrder:
    """What is to be sliced, and how."""

    path: str
    """The model below the root of OctoPrint's own storage."""

    slicer: str | None = None
    """The slicer's key, None for the default."""

    profile: str | None = None
    """The key of the slicer's profile, None for the default."""

    destination: str | None = None
    """The name of the G-code beside the model, None for that of the model."""

    overwrite: bool = False
    print_: bool = False


async def async_slice_file(
    coordinator: OctoPrintCoordinator, order: SliceOrder, *, context: Context | None
) -> str:
    """Slice a model, and print it if asked; return the path of the G-code.

    OctoPrint does it in the background (POST /api/files/local/<path>).
    """
    if order.overwrite:
        # What is overwritten is gone.
        await async_check_admin(coordinator, context, COMMAND)
    if order.print_:
        command = printer_command(
            coordinator,
            COMMAND,
            Permission.SLICE,
            Permission.FILES_LIST,
            Permission.FILES_SELECT,
            Permission.PRINT,
            forbidden=BUSY_STATES,
        )
    else:
        command = server_command(
            coordinator, COMMAND, Permission.SLICE, Permission.FILES_LIST
        )
    files, name = coordinator.client.files, coordinator.name
    async with command:
        slicer = _slicer(order, name, await coordinator.client.slicing.list())
        path = PurePosixPath(order.path.strip("/"))
        folder = str(path.parent) if len(path.parts) > 1 else ""
        try:
            entry = await files.info(LOCAL, str(path))
        except OctoPrintNotFoundError as err:
            raise refusal("slice_file_not_found", name, path=str(path)) from err
        if entry.is_folder or path.suffix.lstrip(".").lower() not in (
            slicer.source_extensions or ("stl",)
        ):
            raise refusal("slice_not_a_model", name, path=str(path), slicer=slicer.name)
        destination = _destination(order, name, slicer, path)
        if not order.overwrite and await files.taken(LOCAL, destination, folder):
            raise refusal("slice_file_exists", name, name=destination)
        # OctoPrint would put a destination of its own into a folder within the folder.
        with starting_print(coordinator, COMMAND) if order.print_ else nullcontext():
            sliced = await files.slice(
                LOCAL,
                str(path),
                slicer=slicer.key,
                destination=destination,
                profile=order.profile,
                print_=order.print_,
            )
    return sliced


def _slicer(order: SliceOrder, printer: str, slicers: dict[str, Slicer]) -> Slicer:
    """Return the slicer that is named, or else the default, if it has the profile."""
    ready = {key: each for key, each in slicers.items() if each.configured}
    if not ready:
        raise refusal("slicer_missing", printer)
    name = order.slicer or next(
        (key for key, each in ready.items() if each.default), next(iter(ready))
    )
    if name not in ready:
        raise refusal(
            "slicer_unknown",
            printer,
            slicer=name,
            slicers=", ".join(sorted(ready)),
        )
    slicer = ready[name]
    profile = order.profile
    if profile is not None and profile not in slicer.profiles:
        raise refusal(
            "slicer_profile_unknown",
            printer,
            profile=profile,
            profiles=", ".join(sorted(slicer.profiles)) or "-",
            slicer=slicer.name,
        )
    return slicer


def _destination(
    order: SliceOrder,
    printer: str,
    slicer: Slicer,
    path: PurePosixPath,
) -> str:
    """Return the name of the G-code, which is to lie beside the model."""
    extensions = slicer.destination_extensions or ("gcode",)
    name: str = order.destination or f"{path.stem}.{extensions[0]}"
    try:
        name = checked_name(name)
    except OctoPrintRequestError as err:
        raise refusal("slice_name_invalid", printer, name=name) from err
    if PurePosixPath(name).suffix.lstrip(".").lower() not in extensions:
        raise refusal(
            "slice_name_extension",
            printer,
            name=name,
            extensions=", ".join(extensions),
        )
    return name
