"""Which printer a config entry stands for."""

from uuid import uuid4

from homeassistant.config_entries import ConfigEntry

from .probe import Instance, SetupError


def new_unique_id() -> str:
    """Return an id for a server that has none of its own.

    It has no hyphens, so that it can be told from OctoPrint's own ids.
    """
    return uuid4().hex


def check_same_printer(entry: ConfigEntry, instance: Instance) -> None:
    """Raise an error where the server is known to be another one than before.

    An entry with an id of our own says nothing about the server's; it may have got
    one later, or share that of the printer from whose SD card its own was copied.
    """
    unique_id = entry.unique_id or ""
    if "-" in unique_id and instance.uuid not in (None, unique_id):
        raise SetupError("another_printer")
