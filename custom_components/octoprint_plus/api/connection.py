"""Connection: how the server is connected to the printer."""

from dataclasses import dataclass

from . import patience, quantities
from .parsing import Json, identifier, items, label, mapping, texts
from .permissions import Permission
from .transport import ApiFamily

ENDPOINT = "api/connection"

# More than any adapter has.
MAX_BAUD_RATES = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class ConnectionOptions:
    """What may be chosen when connecting."""

    ports: tuple[str, ...]
    baudrates: tuple[int, ...]
    printer_profiles: tuple[tuple[str, str], ...]
    """Pairs of id and name."""

    port_preference: str | None
    baudrate_preference: int | None
    printer_profile_preference: str | None
    autoconnect: bool | None = None
    """Whether OctoPrint connects when it starts; only OctoPrint 2 tells."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Connection:
    """The connection to the printer; OctoPrint 2 leaves port and baud rate out."""

    state: str
    """The state's text; "Closed" where the printer is not connected."""

    port: str | None
    baudrate: int | None
    """Bits per second."""

    printer_profile: str | None
    """The id of the profile in use."""

    options: ConnectionOptions


class ConnectionApi(ApiFamily):
    """Calls of the family connection."""

    async def get(self) -> Connection:
        """Return the connection (GET /api/connection)."""
        return parse_connection(
            await self._transport.get(ENDPOINT, permission=Permission.STATUS)
        )

    async def connect(
        self,
        *,
        port: str | None = None,
        baudrate: int | None = None,
        printer_profile: str | None = None,
        save: bool = False,
        autoconnect: bool | None = None,
    ) -> None:
        """Connect to the printer (POST /api/connection), by default as preferred.

        The port may be AUTO and the baud rate 0 to have them found out. With `save`
        what is chosen is preferred from now on; what is not chosen stays preferred as
        it was. `autoconnect` sets whether OctoPrint connects when it starts; OctoPrint
        2 only takes it together with `save`.

        OctoPrint answers at once and connects afterwards; while it is connected it does
        nothing but save. Raises OctoPrintRequestError for a port, a baud rate or a
        profile that is none of the options.
        """
        if save:
            # OctoPrint 1 would forget what is not sent.
            options = (await self.get()).options
            port = port or options.port_preference
            baudrate = options.baudrate_preference if baudrate is None else baudrate
            printer_profile = printer_profile or options.printer_profile_preference
        chosen = {
            "port": port,
            "baudrate": baudrate,
            "printerProfile": printer_profile,
            "save": save or None,
            "autoconnect": autoconnect,
        }
        await self._command(
            "connect",
            {key: value for key, value in chosen.items() if value is not None},
        )

    async def disconnect(self) -> None:
        """Disconnect from the printer (POST /api/connection); aborts a running job."""
        await self._command("disconnect")

    async def fake_ack(self) -> None:
        """Make up a lost acknowledgement of the printer's (POST /api/connection).

        It frees a communication that came to a standstill, and harms any other.
        """
        await self._command("fake_ack")

    async def _command(self, command: str, data: Json | None = None) -> None:
        await self._transport.post(
            ENDPOINT,
            {"command": command, **(data or {})},
            permission=Permission.CONNECTION,
            timeout=patience.CONNECTION,
        )


def parse_connection(answer: Json) -> Connection:
    """Read the answer of GET /api/connection."""
    current = mapping(answer.get("current"))
    options = mapping(answer.get("options"))
    baudrates = options.get("baudrates")
    autoconnect = options.get("autoconnect")
    return Connection(
        state=label(current.get("state")) or "Closed",
        port=identifier(current.get("port")),
        baudrate=quantities.count(current.get("baudrate")),
        printer_profile=identifier(current.get("printerProfile")),
        options=ConnectionOptions(
            ports=texts(options.get("ports")),
            baudrates=tuple(
                rate
                for value in (
                    baudrates[:MAX_BAUD_RATES] if isinstance(baudrates, list) else ()
                )
                if (rate := quantities.count(value)) is not None
            ),
            printer_profiles=tuple(
                (profile_id, label(profile.get("name")) or profile_id)
                for profile in items(options.get("printerProfiles"))
                if (profile_id := identifier(profile.get("id")))
            ),
            port_preference=identifier(options.get("portPreference")),
            baudrate_preference=quantities.count(options.get("baudratePreference")),
            printer_profile_preference=identifier(
                options.get("printerProfilePreference")
            ),
            autoconnect=autoconnect if isinstance(autoconnect, bool) else None,
        ),
    )
