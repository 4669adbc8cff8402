"""Access: the current user, its permissions, and application keys."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from yarl import URL

from .errors import (
    ConnectionCause,
    OctoPrintAuthError,
    OctoPrintConnectionError,
    OctoPrintNotFoundError,
)
from .parsing import flag, identifier, items, label, mapping, message, text, texts

if TYPE_CHECKING:
    from .client import OctoPrintClient

CURRENT_USER = "api/currentuser"

# As OctoPrint's own pages show them, those of plugins below their plugin's name.
PERMISSION_NAMES = {
    "CONNECTION": "Connection",
    "CONTROL": "Control",
    "FILES_DELETE": "File Delete",
    "FILES_DOWNLOAD": "File Download",
    "FILES_LIST": "File List",
    "FILES_SELECT": "File Select",
    "FILES_UPLOAD": "File Upload",
    "MONITOR_TERMINAL": "Terminal",
    "PLUGIN_ACTION_COMMAND_PROMPT_INTERACT": (
        "Action Command Prompt Support: Interact with printer prompts"
    ),
    "PRINT": "Print",
    "SETTINGS": "Settings Admin",
    "SETTINGS_READ": "Settings Access",
    "SLICE": "Slice",
    "STATUS": "Status",
    "SYSTEM": "System",
    "TIMELAPSE_ADMIN": "Timelapse Admin",
    "TIMELAPSE_DELETE": "Timelapse Delete",
    "TIMELAPSE_DOWNLOAD": "Timelapse Download",
    "TIMELAPSE_LIST": "Timelapse List",
    "TIMELAPSE_MANAGE_UNRENDERED": "Timelapse Manage Unrendered",
}


def permission_name(permission: str) -> str:
    """Return what OctoPrint's pages call a permission, itself where that is not known."""
    return PERMISSION_NAMES.get(permission, permission)


@dataclass(frozen=True, kw_only=True, slots=True)
class CurrentUser:
    """Whose key it is and what it may do."""

    name: str | None
    """None where OctoPrint does not know the key."""

    permissions: frozenset[str]
    """OctoPrint's names, for example CONTROL or PRINT."""

    def may(self, permission: str) -> bool:
        """Return whether the key has a permission; administrators have all of them."""
        return permission in self.permissions or "ADMIN" in self.permissions


@dataclass(frozen=True, kw_only=True, slots=True)
class Permission:
    """A permission that there is on the server, OctoPrint's own or a plugin's."""

    key: str
    """For example CONTROL or PLUGIN_PSUCONTROL_CONTROL."""

    name: str
    """As OctoPrint shows it."""

    description: str | None
    plugin: str | None
    """The id of the plugin whose it is."""

    is_dangerous: bool


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


class AccessApi:
    """Calls of OctoPrint's access control and of its bundled appkeys plugin."""

    def __init__(self, client: OctoPrintClient) -> None:
        """Keep the client that sends the requests."""
        self._client = client

    async def current_user(self) -> CurrentUser:
        """Return the key's user (GET /api/currentuser), which answers for any key."""
        try:
            answer = await self._client.get(CURRENT_USER)
        except OctoPrintAuthError:
            # Up to 1.10 an unknown key is refused even here.
            return CurrentUser(name=None, permissions=frozenset())
        if "permissions" not in answer:
            raise OctoPrintConnectionError(
                "Something answered, but not OctoPrint", ConnectionCause.NOT_OCTOPRINT
            )
        return CurrentUser(
            name=label(answer.get("name")),
            permissions=frozenset(texts(answer.get("permissions"))),
        )

    async def permissions(self) -> dict[str, Permission]:
        """Return the permissions there are, by key (GET /api/access/permissions).

        It needs none of them.
        """
        answer = await self._client.get("api/access/permissions")
        return {
            key: Permission(
                key=key,
                name=label(each.get("name")) or key,
                description=message(each.get("description")),
                plugin=identifier(each.get("plugin")),
                is_dangerous=flag(each.get("dangerous")),
            )
            for each in items(answer.get("permissions"))
            if (key := identifier(each.get("key")))
        }

    async def login(self) -> Login:
        """Return a new session (POST /api/login, passive).

        It stays valid while a socket uses it, until the server restarts.
        """
        answer = mapping(await self._client.post("api/login", {"passive": True}))
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
        return await self._client.status("plugin/appkeys/probe")

    async def request_app_key(self, app: str, user: str | None = None) -> AppKeyRequest:
        """Ask for an application key (POST /plugin/appkeys/request).

        OctoPrint allows 3 requests a minute, 5 in 10 minutes and 10 an hour,
        then raises OctoPrintRateLimitError.
        """
        data = {"app": app} | ({"user": user} if user else {})
        answer = await self._client.post("plugin/appkeys/request", data)
        if (token := text(mapping(answer).get("app_token"))) is None:
            raise OctoPrintConnectionError(
                "Something answered, but not OctoPrint", ConnectionCause.NOT_OCTOPRINT
            )
        # The address in the answer is the one that OctoPrint sees, which is wrong
        # behind many proxies. The one that was used to get here works.
        dialog = self._client.resolve(
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
            answer = await self._client.get(
                f"plugin/appkeys/request/{quote(app_token, safe='')}"
            )
        except OctoPrintNotFoundError as err:
            raise OctoPrintAuthError("The request was denied or has run out") from err
        return text(answer.get("api_key"))
