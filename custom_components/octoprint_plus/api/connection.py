"""Connection: how the server is connected to the printer."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .wire import Json, integer, items, mapping, text, texts

if TYPE_CHECKING:
    from .client import OctoPrintClient

ENDPOINT = "api/connection"


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


class ConnectionApi:
    """Calls of the family connection."""

    def __init__(self, client: OctoPrintClient) -> None:
        """Keep the client that sends the requests."""
        self._client = client

    async def get(self) -> Connection:
        """Return the connection (GET /api/connection)."""
        return parse_connection(await self._client.get(ENDPOINT, permission="STATUS"))

    async def connect(
        self,
        *,
        port: str | None = None,
        baudrate: int | None = None,
        printer_profile: str | None = None,
    ) -> None:
        """Connect to the printer (POST /api/connection), by default as preferred.

        OctoPrint answers at once and connects afterwards. Asked while connected
        it reconnects, which aborts a running job.
        """
        chosen = {
            "port": port,
            "baudrate": baudrate,
            "printerProfile": printer_profile,
        }
        await self._command(
            "connect",
            {key: value for key, value in chosen.items() if value is not None},
        )

    async def disconnect(self) -> None:
        """Disconnect from the printer (POST /api/connection); aborts a running job."""
        await self._command("disconnect")

    async def _command(self, command: str, data: Json | None = None) -> None:
        await self._client.post(
            ENDPOINT, {"command": command, **(data or {})}, permission="CONNECTION"
        )


def parse_connection(answer: Json) -> Connection:
    """Read the answer of GET /api/connection."""
    current = mapping(answer.get("current"))
    options = mapping(answer.get("options"))
    baudrates = options.get("baudrates")
    return Connection(
        state=text(current.get("state")) or "Closed",
        port=text(current.get("port")),
        baudrate=integer(current.get("baudrate")),
        printer_profile=text(current.get("printerProfile")),
        options=ConnectionOptions(
            ports=texts(options.get("ports")),
            baudrates=tuple(
                rate
                for value in (baudrates if isinstance(baudrates, list) else ())
                if (rate := integer(value)) is not None
            ),
            printer_profiles=tuple(
                (profile_id, text(profile.get("name")) or profile_id)
                for profile in items(options.get("printerProfiles"))
                if (profile_id := text(profile.get("id")))
            ),
            port_preference=text(options.get("portPreference")),
            baudrate_preference=integer(options.get("baudratePreference")),
            printer_profile_preference=text(options.get("printerProfilePreference")),
        ),
    )
