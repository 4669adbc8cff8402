"""What is asked of a server before it is set up: what it is, and what the key may do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

from yarl import URL

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from ..api import (
    ConnectionCause,
    CurrentUser,
    OctoPrintAuthError,
    OctoPrintConnectionError,
    OctoPrintError,
    OctoPrintPermissionError,
    OctoPrintRateLimitError,
    Permission,
    ProxyLogin,
)
from ..const import LOGGER
from .clients import setup_client

# Without SYSTEM there are no buttons for the server itself, but only administrators
# have it, so that it is not missed.
USED_PERMISSIONS = (
    Permission.STATUS,
    Permission.CONNECTION,
    Permission.CONTROL,
    Permission.PRINT,
    Permission.FILES_LIST,
    Permission.FILES_SELECT,
    Permission.FILES_UPLOAD,
    Permission.FILES_DELETE,
    Permission.MONITOR_TERMINAL,
    Permission.SETTINGS_READ,
    Permission.SLICE,
    Permission.TIMELAPSE_LIST,
    Permission.TIMELAPSE_ADMIN,
)

# OctoPrint's name for a printer whose profile nobody has named.
UNNAMED_PROFILE = "Default"


class SetupError(Exception):
    """A server cannot be set up, for a reason that has a text."""

    def __init__(
        self, reason: str, *, asked: URL | None = None, proposed: URL | None = None
    ) -> None:
        """Keep the key of the text, whom it is about, and what to try instead."""
        super().__init__(reason)
        self.reason = reason
        self.asked = asked
        self.proposed = proposed


@dataclass(frozen=True, kw_only=True, slots=True)
class Instance:
    """An OctoPrint that knows the key."""

    missing_permissions: tuple[str, ...]
    """Those that the key lacks among the ones that this integration uses."""

    name: str
    """What its user calls the printer, or as near to that as OctoPrint knows."""

    uuid: str | None
    """Its id in discovery, in lower case; None where it has or shows none."""

    version: str


@asynccontextmanager
async def setup_errors() -> AsyncIterator[None]:
    """Turn whatever goes wrong into the reason for which there is a text."""
    try:
        yield
    except SetupError:
        raise
    except OctoPrintConnectionError as err:
        raise SetupError(err.cause) from err
    except OctoPrintAuthError as err:
        raise SetupError("invalid_auth") from err
    except OctoPrintPermissionError as err:
        raise SetupError("missing_status") from err
    except OctoPrintRateLimitError as err:
        raise SetupError("rate_limited") from err
    except OctoPrintError as err:
        raise SetupError(ConnectionCause.NOT_OCTOPRINT) from err
    except Exception as err:
        LOGGER.exception("Unexpected exception")
        raise SetupError("unknown") from err


async def async_verify(
    hass: HomeAssistant,
    url: URL,
    api_key: str,
    *,
    login: ProxyLogin | None = None,
    verify_ssl: bool,
) -> Instance:
    """Return what OctoPrint says of itself to this key."""
    client = setup_client(hass, url, api_key, login=login, verify_ssl=verify_ssl)
    async with setup_errors():
        if login is not None:
            # Where OctoPrint itself trusts such log-ins, reading says nothing of the key.
            await client.access.login()
        user = await client.access.current_user()
        if user.name is None:
            raise SetupError("invalid_auth")
        if not user.may(Permission.STATUS):
            raise SetupError("missing_status")
        server = await client.server.get()
        connection = await client.connection.get()
        settings = (
            await client.settings.get() if user.may(Permission.SETTINGS_READ) else None
        )
    profiles = dict(connection.options.printer_profiles)
    profile = profiles.get(connection.printer_profile or "", UNNAMED_PROFILE)
    names = (
        settings.name if settings else None,
        profile if profile != UNNAMED_PROFILE else None,
    )
    return Instance(
        missing_permissions=missing_permissions(user),
        name=next((name for name in names if name), "OctoPrint"),
        uuid=settings.upnp_uuid.lower() if settings and settings.upnp_uuid else None,
        version=server.version,
    )


def missing_permissions(user: CurrentUser) -> tuple[str, ...]:
    """Return what the key may not do, of what the entities and actions need."""
    return tuple(name for name in USED_PERMISSIONS if not user.may(name))


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
