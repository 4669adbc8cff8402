"""Software Update: newer versions of OctoPrint and its plugins."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..errors import OctoPrintNotFoundError
from ..parsing import (
    MOST,
    Json,
    identifier,
    label,
    mapping,
    members,
    message,
    moment,
    promised,
    texts,
)
from ..permissions import Permission
from .parsing import is_true
from .requests import PluginFamily

PLUGIN = "softwareupdate"
CHECK = Permission.PLUGIN_SOFTWAREUPDATE_CHECK

OCTOPRINT = "octoprint"
"""OctoPrint's own key among the components."""

# The server asks the internet for each of its plugins before it answers.
CHECK_TIMEOUT = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Component:
    """OctoPrint or one of its plugins."""

    key: str
    name: str
    installed: str | None
    """The version that is installed."""

    available: str | None
    """The newest version; None where it could not be found out."""

    is_update_available: bool | None
    """None where it could not be found out, which is not "up to date"."""

    is_update_possible: bool
    error: str | None
    """Why it could not be found out, for example network."""

    release_url: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class SoftwareVersions:
    """What a check found."""

    status: str | None
    """current, updateAvailable, updatePossible, or inProgress while updating."""

    components: Mapping[str, Component]
    time: datetime | None
    """When the versions were last looked for; the server remembers them for hours."""


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateOrder:
    """What happens to the components that were asked for."""

    running: tuple[str, ...]
    """Those that are looked at now; each is updated only if there is an update."""

    queued: tuple[str, ...]
    """All those that wait for the end of the print."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Updating:
    """The update of a component began. How far it is, nobody knows."""

    target: str
    version: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateFailed:
    """The update of a component failed."""

    target: str
    version: str | None
    reason: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdatesEnded:
    """All updates of an order have ended."""

    is_success: bool
    """True, too, where there was nothing to do."""

    targets: tuple[str, ...]
    """Those that were updated, or failed."""

    restart: str | None
    """octoprint or environment where a restart is needed."""

    is_restarting: bool
    """Whether the server restarts by itself, now."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionsChanged:
    """The versions that the server knows have changed: check again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Updated:
    """A component was updated, or not (an event; the socket may drop before it)."""

    target: str
    is_success: bool


type SoftwareUpdateMessage = (
    Updating | UpdateFailed | UpdatesEnded | VersionsChanged | Updated
)


class SoftwareUpdateApi(PluginFamily):
    """Calls of Software Update, which comes with OctoPrint."""

    async def check(
        self, targets: Sequence[str] = (), *, force: bool = False
    ) -> SoftwareVersions:
        """Return the versions of all components or some (GET check).

        With `force` the server looks for them now and not just when it last did
        long ago; that is for a person who asks, not for a clock.
        """
        params = {"check": ",".join(targets)} if targets else {}
        if force:
            params["force"] = "true"
        answer = await self._plugins.get_path(
            PLUGIN, "check", params, permission=CHECK, timeout=CHECK_TIMEOUT
        )
        return parse_versions(
            promised(answer, f"plugin/{PLUGIN}/check"), self._plugins.clock.ahead
        )

    async def update(self, targets: Sequence[str]) -> UpdateOrder:
        """Update components in the background, or after the print (POST update).

        Raises OctoPrintConflictError where the server cannot update itself now (a
        weak power supply, a full disk), and OctoPrintNotFoundError where it knows
        none of the components: without any it would update everything.
        """
        if not targets:
            raise OctoPrintNotFoundError("No component to update was named")
        answer = promised(
            await self._plugins.send_path(
                PLUGIN,
                "update",
                {"targets": list(targets)},
                permission=Permission.PLUGIN_SOFTWAREUPDATE_UPDATE,
                # It looks for the versions first, where it did not for long.
                timeout=CHECK_TIMEOUT,
            ),
            f"plugin/{PLUGIN}/update",
        )
        order = UpdateOrder(
            running=texts(answer.get("order")), queued=texts(answer.get("queued"))
        )
        if not {*order.running, *order.queued}.intersection(targets):
            raise OctoPrintNotFoundError(
                f"OctoPrint knows no component {', '.join(targets)}"
            )
        return order


def parse_versions(answer: Json, ahead: float = 0.0) -> SoftwareVersions:
    """Read the answer of check of a server whose clock is so many seconds ahead."""
    return SoftwareVersions(
        status=label(answer.get("status")),
        components={
            key: _component(key, value)
            for key, value in members(answer.get("information"))
            # The user wants no updates of it, or it does not run here.
            if not is_true(value.get("disabled"))
            and value.get("compatible") is not False
        },
        time=moment(answer.get("timestamp"), ahead),
    )


def _component(key: str, data: Json) -> Component:
    information = mapping(data.get("information"))
    local, remote = (
        mapping(information.get("local")),
        mapping(information.get("remote")),
    )
    error = message(data.get("error"))
    is_available = is_true(data.get("updateAvailable"))
    return Component(
        key=key,
        name=label(data.get("displayName")) or key,
        installed=_version(data.get("displayVersion")) or _version(local.get("value")),
        available=_version(remote.get("value")),
        is_update_available=None if error and not is_available else is_available,
        is_update_possible=is_true(data.get("updatePossible")),
        error=error,
        release_url=_url(data.get("releaseNotes")) or _url(remote.get("release_notes")),
    )


def parse_message(data: Json) -> SoftwareUpdateMessage | None:
    """Read what the plugin pushes, the many lines of a running update aside."""
    kind = data.get("type")
    parser = PARSERS.get(kind) if isinstance(kind, str) else None
    return parser(mapping(data.get("data"))) if parser else None


def _updating(data: Json) -> SoftwareUpdateMessage | None:
    if (target := identifier(data.get("target"))) is None:
        return None
    return Updating(target=target, version=label(data.get("version")))


def _update_failed(data: Json) -> SoftwareUpdateMessage | None:
    if (target := identifier(data.get("target"))) is None:
        return None
    return UpdateFailed(
        target=target,
        version=label(data.get("version")),
        reason=_reason(data.get("reason")),
    )


def _reason(value: object) -> str | None:
    """Return why an update failed: a text, or the last line that its command wrote."""
    if not isinstance(value, list):
        return message(value)
    lines = [line for output in value[-MOST:] for line in texts(output)]
    return message(lines[-1]) if lines else None


def _ended(
    *, is_success: bool = True, is_restarting: bool = False
) -> Callable[[Json], SoftwareUpdateMessage | None]:
    def parse(data: Json) -> SoftwareUpdateMessage:
        return UpdatesEnded(
            is_success=is_success,
            targets=texts(list(mapping(data.get("results")))),
            restart=label(data.get("restart_type")),
            is_restarting=is_restarting,
        )

    return parse


PARSERS: Mapping[str, Callable[[Json], SoftwareUpdateMessage | None]] = {
    "error": _ended(is_success=False),
    "restart_failed": _ended(),
    "restart_manually": _ended(),
    "restarting": _ended(is_restarting=True),
    "success": _ended(),
    "update_failed": _update_failed,
    "update_versions": lambda _: VersionsChanged(),
    "updating": _updating,
}


def _updated(*, is_success: bool) -> Callable[[Json], SoftwareUpdateMessage | None]:
    def parse(payload: Json) -> SoftwareUpdateMessage | None:
        if (target := identifier(payload.get("target"))) is None:
            return None
        return Updated(
            target=target,
            is_success=is_success,
        )

    return parse


EVENTS: Mapping[str, Callable[[Json], SoftwareUpdateMessage | None]] = {
    "plugin_softwareupdate_update_succeeded": _updated(is_success=True),
    "plugin_softwareupdate_update_failed": _updated(is_success=False),
}


def _version(value: object) -> str | None:
    """Return a version; what the server could not find out is a question mark."""
    return None if value == "?" else label(value)


def _url(value: object) -> str | None:
    """Return the address of a page, which may come from a plugin of anybody's."""
    found = identifier(value)
    return found if found and found.startswith(("https://", "http://")) else None
