"""Requests of any plugin: whatever answers below /api/plugin/<id> and /plugin/<id>/."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
import re
from typing import Any, Literal

import aiohttp

from ..bodies import ORDINARY, Limit
from ..clock import ServerClock
from ..errors import (
    ConnectionCause,
    OctoPrintConnectionError,
    OctoPrintError,
    OctoPrintNotFoundError,
    OctoPrintPluginError,
    OctoPrintRequestError,
)
from ..parsing import Json, mapping
from ..paths import encoded
from ..permissions import Needed, Permission
from ..transport import ApiFamily

# Their upper and lower case matters.
PLUGIN_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")


class PluginRequests(ApiFamily):
    """Calls of any plugin.

    Each returns the JSON of the answer, its text where it is no JSON, and None where
    it is empty. `permission` names what the plugin is known to need, for the error
    where that is missing. `timeout` is in seconds; some plugins answer only when the
    deed is done. Each raises OctoPrintNotFoundError where there is no such plugin or
    path, OctoPrintRequestError for what the plugin refuses, and OctoPrintPluginError
    for a page instead of data.
    """

    @property
    def clock(self) -> ServerClock:
        """Return how far the server's clock is ahead of ours."""
        return self._transport.clock

    @property
    def download(
        self,
    ) -> Callable[..., AbstractAsyncContextManager[aiohttp.ClientResponse]]:
        """Return what yields the answer of a path whose body is read as it comes."""
        return self._transport.download

    async def settings(self, plugin: str) -> Json:
        """Return a plugin's settings (GET /api/settings), unchanged ones from memory.

        Raises OctoPrintNotFoundError where the plugin is not there, or disabled.
        """
        answer = await self._transport.get(
            "api/settings", is_kept=True, permission=Permission.SETTINGS_READ
        )
        found = mapping(answer.get("plugins")).get(plugin)
        if not isinstance(found, dict):
            raise OctoPrintNotFoundError(f"OctoPrint has no plugin {plugin!r}")
        return found

    async def get(
        self,
        plugin: str,
        params: Mapping[str, str] | None = None,
        *,
        permission: Needed = None,
        timeout: float | None = None,
    ) -> Any:
        """Return what a plugin tells (GET /api/plugin/<plugin>)."""
        return await self._request(
            "GET",
            _endpoint(plugin),
            params=params,
            permission=permission,
            timeout=timeout,
        )

    async def command(
        self,
        plugin: str,
        command: str,
        parameters: Json | None = None,
        *,
        permission: Needed = None,
        timeout: float | None = None,
    ) -> Any:
        """Send a plugin a command (POST /api/plugin/<plugin>)."""
        endpoint = _endpoint(plugin)
        try:
            return await self._request(
                "POST",
                endpoint,
                {**(parameters or {}), "command": command},
                permission=permission,
                timeout=timeout,
            )
        except OctoPrintRequestError as err:
            # OctoPrint answers 400 to a command for a plugin that it does not have,
            # as to a command that the plugin does not have.
            if not await self._exists(endpoint):
                raise OctoPrintNotFoundError(
                    f"OctoPrint has no plugin {plugin!r} that takes commands"
                ) from err
            raise

    async def get_path(
        self,
        plugin: str,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        limit: Limit = ORDINARY,
        permission: Needed = None,
        timeout: float | None = None,
    ) -> Any:
        """Return what a path of a plugin answers (GET /plugin/<plugin>/<path>).

        The path is as people write it, not encoded; it may end with a slash.
        """
        return await self._request(
            "GET",
            _route(plugin, path),
            limit=limit,
            params=params,
            permission=permission,
            timeout=timeout,
        )

    async def send_path(
        self,
        plugin: str,
        path: str,
        data: Any = None,
        *,
        method: Literal["POST", "PUT"] = "POST",
        permission: Needed = None,
        timeout: float | None = None,
    ) -> Any:
        """Send JSON to a path of a plugin (POST or PUT /plugin/<plugin>/<path>)."""
        return await self._request(
            method, _route(plugin, path), data, permission=permission, timeout=timeout
        )

    async def _request(
        self,
        method: str,
        path: str,
        data: Any = None,
        *,
        limit: Limit = ORDINARY,
        params: Mapping[str, str] | None = None,
        permission: Needed = None,
        timeout: float | None = None,
    ) -> Any:
        try:
            return await self._transport.request(
                method,
                path,
                data,
                is_text_fine=True,
                limit=limit,
                params=params,
                permission=permission,
                timeout=timeout,
            )
        except OctoPrintConnectionError as err:
            if err.cause is not ConnectionCause.NOT_OCTOPRINT:
                raise
            plugin = path.removeprefix("api/").split("/")[1]
            raise OctoPrintPluginError(
                f"The plugin {plugin} answered with something that is no data"
                + ("" if method == "GET" else "; it may have done what it was told")
            ) from err

    async def _exists(self, endpoint: str) -> bool:
        """Return whether a plugin answers there; whatever else it says, it is there."""
        try:
            await self._transport.request("GET", endpoint, is_text_fine=True)
        except OctoPrintNotFoundError:
            return False
        except OctoPrintError:
            pass
        return True


def _endpoint(plugin: str) -> str:
    """Return the path of a plugin's simple API."""
    return f"api/plugin/{_identifier(plugin)}"


def _route(plugin: str, path: str) -> str:
    """Return the path of one of a plugin's own pages."""
    names = path.removeprefix("/").split("/")
    # The root of a plugin, and a folder, end with a slash.
    end = "" if names[-1] else "/"
    names = [_identifier(plugin), *(names[:-1] if end else names)]
    return f"plugin/{encoded(*names)}{end}"


def _identifier(plugin: str) -> str:
    if not PLUGIN_ID.fullmatch(plugin):
        raise OctoPrintNotFoundError(f"There is no plugin {plugin!r}")
    return plugin


class PluginFamily:
    """The calls of one plugin."""

    def __init__(self, plugins: PluginRequests) -> None:
        """Take the way on which requests to plugins go."""
        self._plugins = plugins
