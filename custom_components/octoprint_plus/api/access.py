"""Access: the current user, its permissions, and application keys."""

from dataclasses import dataclass, field
from urllib.parse import quote

from yarl import URL

from .errors import (
    ConnectionCause,
    OctoPrintAuthError,
    OctoPrintConnectionError,
    OctoPrintNotFoundError,
)
from .parsing import mapping, text
from .permissions import CurrentUser
from .transport import ApiFamily


@dataclass(frozen=True, kw_only=True, slots=True)
class AppKeyRequest:
    """A request for an application key that waits for its decision in OctoPrint."""

    app_token: str
    """Names the request while it is polled."""

    auth_dialog: URL
    """The page on which the user decides."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """A session of the key's user, which logs a socket in."""

    name: str
    session: str = field(repr=False)


class AccessApi(ApiFamily):
    """Calls of OctoPrint's access control and of its bundled appkeys plugin."""

    async def current_user(self) -> CurrentUser:
        """Return the key's user (GET /api/currentuser), which answers for any key."""
        return await self._transport.current_user()

    async def login(self) -> Login:
        """Return a new session (POST /api/login, passive).

        It stays valid while a socket uses it, until the server restarts.
        """
        answer = mapping(await self._transport.post("api/login", {"passive": True}))
        name, session = text(answer.get("name")), text(answer.get("session"))
        if name is None or session is None:
            # So answers OctoPrint to the key of a user that is switched off.
            raise OctoPrintAuthError("OctoPrint does not know the API key")
        return Login(name=name, session=session)

    async def app_keys_status(self) -> int:
        """Return how the plugin answers (GET /plugin/appkeys/probe).

        204: ready. 404: the plugin is disabled. 403: OctoPrint's set-up wizard
        has not been finished.
        """
        return await self._transport.status("plugin/appkeys/probe")

    async def request_app_key(self, app: str, user: str | None = None) -> AppKeyRequest:
        """Ask for an application key (POST /plugin/appkeys/request).

        OctoPrint allows 3 requests a minute, 5 in 10 minutes and 10 an hour,
        then raises OctoPrintRateLimitError.
        """
        data = {"app": app} | ({"user": user} if user else {})
        answer = await self._transport.post("plugin/appkeys/request", data)
        if (token := text(mapping(answer).get("app_token"))) is None:
            raise OctoPrintConnectionError(
                "Something answered, but not OctoPrint", ConnectionCause.NOT_OCTOPRINT
            )
        # The address in the answer is the one that OctoPrint sees, which is wrong
        # behind many proxies. The one that was used to get here works.
        dialog = self._transport.resolve(
            f"plugin/appkeys/auth/{quote(token, safe='')}",
            {"user": user} if user else None,
        )
        return AppKeyRequest(app_token=token, auth_dialog=dialog)

    async def poll_app_key(self, app_token: str) -> str | None:
        """Return the key once it is granted, None while OctoPrint waits.

        GET /plugin/appkeys/request/<app_token>, at least every 5 seconds. Raises
        OctoPrintAuthError where the request was denied or has run out.
        """
        try:
            answer = await self._transport.get(
                f"plugin/appkeys/request/{quote(app_token, safe='')}"
            )
        except OctoPrintNotFoundError as err:
            raise OctoPrintAuthError("The request was denied or has run out") from err
        return text(answer.get("api_key"))
