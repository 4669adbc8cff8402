"""Repairs: what the user can put right, told once and taken back once it is right."""

from collections.abc import Callable
from dataclasses import dataclass
from zlib import crc32

import voluptuous as vol

from homeassistant.components.repairs import (
    ConfirmRepairFlow,
    RepairsFlow,
    RepairsFlowResult,
)
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .api import OctoPrintError, permission_name
from .commands.left_hot import COOLED, LEFT_HOT
from .const import DOMAIN
from .coordinator import OctoPrintConfigEntry
from .device import printer_title
from .markup import MAX_NAME, one_line, printer_name, quoted
from .model.snapshot import Snapshot
from .setup.address import address_text
from .setup.moved import MOVED, MovedFlow
from .setup.probe import missing_permissions

DOCS = "https://docs.octoprint.org/en/main"
ACCESS_CONTROL = f"{DOCS}/features/accesscontrol.html"
SAFE_MODE = f"{DOCS}/features/safemode.html"
TROUBLESHOOTING = (
    "https://github.com/octoprint-plus/octoprint-plus/blob/main/docs/troubleshooting.md"
)


@dataclass(frozen=True, kw_only=True)
class IssueDescription:
    """Describe an issue."""

    key: str
    placeholders_fn: Callable[[Snapshot], dict[str, str] | None]
    """What its text is filled with, as it is; None while there is no such issue."""

    learn_more_fn: Callable[[Snapshot], str | None]
    cause_fn: Callable[[Snapshot], str] = lambda _: ""
    """What tells it from another one of its kind: that one was ignored says nothing of the next."""

    is_fixable: bool = False
    is_known_fn: Callable[[Snapshot], bool] = lambda _: True
    """Whether it was read at all; what could not be is not gone."""

    severity: ir.IssueSeverity = ir.IssueSeverity.WARNING


def _missing_permissions(snapshot: Snapshot) -> dict[str, str] | None:
    user = snapshot.server.user
    missing = missing_permissions(user)
    if not missing:
        return None
    return {
        "permissions": ", ".join(map(permission_name, missing)),
        "user": user.name or "-",
    }


def _safe_mode(snapshot: Snapshot) -> dict[str, str] | None:
    reason = snapshot.server.server.safe_mode
    return {"reason": reason} if reason else None


def _firmware_error(snapshot: Snapshot) -> dict[str, str] | None:
    error = snapshot.error
    return {"error": error.error} if error and error.faq_url else None


def _webcam_without_stream(snapshot: Snapshot) -> dict[str, str] | None:
    settings = snapshot.server.settings
    if settings is None or not settings.webcams_without_stream:
        return None
    return {"webcams": ", ".join(settings.webcams_without_stream)}


def _wrong_clock(snapshot: Snapshot) -> dict[str, str] | None:
    error = snapshot.server.clock_error
    return {"difference": _duration(abs(error))} if error else None


def _duration(seconds: int) -> str:
    """Return a duration in units that all languages write alike."""
    hours, minutes = divmod(round(seconds / 60), 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


DESCRIPTIONS: tuple[IssueDescription, ...] = (
    IssueDescription(
        key="missing_permissions",
        is_fixable=True,
        learn_more_fn=lambda _: ACCESS_CONTROL,
        placeholders_fn=_missing_permissions,
    ),
    IssueDescription(
        key="safe_mode",
        learn_more_fn=lambda _: SAFE_MODE,
        placeholders_fn=_safe_mode,
    ),
    IssueDescription(
        key="firmware_error",
        cause_fn=lambda x: x.error.error if x.error else "",
        is_known_fn=lambda x: x.error is not None or not x.has_problem,
        learn_more_fn=lambda x: x.error.faq_url if x.error else None,
        placeholders_fn=_firmware_error,
        severity=ir.IssueSeverity.ERROR,
    ),
    IssueDescription(
        key="wrong_clock",
        is_known_fn=lambda x: x.server.clock_error is not None,
        learn_more_fn=lambda _: f"{TROUBLESHOOTING}#repairs",
        placeholders_fn=_wrong_clock,
    ),
    IssueDescription(
        key="webcam_without_stream",
        is_known_fn=lambda x: x.server.settings is not None,
        learn_more_fn=lambda _: f"{TROUBLESHOOTING}#repairs",
        placeholders_fn=_webcam_without_stream,
    ),
)

COPIED_ID = "copied_id"

# Characters of what a repair quotes.
MAX_TEXT = 500


@callback
def async_watch_issues(hass: HomeAssistant, entry: OctoPrintConfigEntry) -> None:
    """Tell issues of a printer as they come and go, until the entry is unloaded."""
    coordinator = entry.runtime_data
    checked: tuple[object, ...] = ()

    @callback
    def check() -> None:
        nonlocal checked
        snapshot = coordinator.data
        # Most of what is pushed changes none of them.
        grounds = (
            snapshot.server,
            snapshot.error,
            snapshot.has_problem,
            coordinator.name,
        )
        if grounds == checked:
            return
        checked = grounds
        for description in DESCRIPTIONS:
            if description.is_known_fn(snapshot):
                _async_tell(
                    hass,
                    entry,
                    description.key,
                    description.placeholders_fn(snapshot),
                    cause=description.cause_fn(snapshot),
                    is_fixable=description.is_fixable,
                    learn_more_url=description.learn_more_fn(snapshot),
                    severity=description.severity,
                )
        async_check_copies(hass, entry)

    @callback
    def forget() -> None:
        # Otherwise they stay, ignored or not, until it is known that their cause is gone.
        if entry.disabled_by is not None:
            for issue in _issues(hass, entry):
                if issue.dismissed_version is None:
                    ir.async_delete_issue(hass, DOMAIN, issue.issue_id)

    check()
    entry.async_on_unload(coordinator.async_add_listener(check))
    entry.async_on_unload(forget)


@callback
def async_forget_issues(hass: HomeAssistant, entry: OctoPrintConfigEntry) -> None:
    """Delete all issues of a printer that is removed."""
    for issue in _issues(hass, entry):
        ir.async_delete_issue(hass, DOMAIN, issue.issue_id)


@callback
def async_check_copies(
    hass: HomeAssistant, loading: OctoPrintConfigEntry | None = None
) -> None:
    """Tell of servers that announce themselves by another's id.

    The one whose entry has the id keeps it; any other is a copy of its SD card.
    """
    all_entries = hass.config_entries.async_entries(
        DOMAIN, include_ignore=False, include_disabled=False
    )
    entries: list[OctoPrintConfigEntry] = [
        entry
        for entry in all_entries
        if entry.state is ConfigEntryState.LOADED or entry is loading
    ]
    for entry in entries:
        if entry.runtime_data.data.server.settings is None:
            continue
        uuid = _uuid(entry)
        others = [
            printer_title(hass, other)
            for other in hass.config_entries.async_entries(DOMAIN, include_ignore=False)
            if other is not entry
            and uuid is not None
            and (other.unique_id == uuid or (other in entries and _uuid(other) == uuid))
        ]
        is_copy = bool(others) and entry.unique_id != uuid
        if not is_copy and uuid and len(entries) < len(all_entries):
            # Another one that isn't loaded yet may have the same id.
            continue
        _async_tell(
            hass,
            entry,
            COPIED_ID,
            {"others": ", ".join(sorted(others))} if is_copy else None,
            learn_more_url=f"{TROUBLESHOOTING}#repairs",
        )


def _uuid(entry: OctoPrintConfigEntry) -> str | None:
    """Return the id by which an entry's server announces itself."""
    settings = entry.runtime_data.data.server.settings
    return settings.upnp_uuid.lower() if settings and settings.upnp_uuid else None


def _issues(
    hass: HomeAssistant, entry: OctoPrintConfigEntry, key: str | None = None
) -> list[ir.IssueEntry]:
    """Return the issues of a printer, or those of one kind."""
    own = (each.key for each in DESCRIPTIONS)
    keys = [key] if key else [*own, COPIED_ID, LEFT_HOT, COOLED]
    starts = tuple(f"{each}_{entry.entry_id}" for each in keys)
    return [
        issue
        for (domain, issue_id), issue in ir.async_get(hass).issues.items()
        if domain == DOMAIN and issue_id.startswith(starts)
    ]


@callback
def _async_tell(
    hass: HomeAssistant,
    entry: OctoPrintConfigEntry,
    key: str,
    placeholders: dict[str, str] | None,
    *,
    cause: str = "",
    is_fixable: bool = False,
    learn_more_url: str | None,
    severity: ir.IssueSeverity = ir.IssueSeverity.WARNING,
) -> None:
    """Create an issue, or delete it where there is nothing to fill it with."""
    issue_id = f"{key}_{entry.entry_id}"
    if cause:
        issue_id = f"{issue_id}_{crc32(cause.encode()):08x}"
    for issue in _issues(hass, entry, key):
        if placeholders is None or issue.issue_id != issue_id:
            ir.async_delete_issue(hass, DOMAIN, issue.issue_id)
    if placeholders is None:
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        data={"entry_id": entry.entry_id},
        is_fixable=is_fixable,
        learn_more_url=learn_more_url,
        severity=severity,
        translation_key=key,
        translation_placeholders=_quoted(entry, placeholders),
    )


def _quoted(entry: OctoPrintConfigEntry, texts: dict[str, str]) -> dict[str, str]:
    """Return texts of servers and users so that Markdown shows them as they are."""
    return {
        # Titles are shown without Markdown.
        **printer_name(entry.runtime_data.name),
        "url": address_text(entry.runtime_data.client.url),
        **{name: quoted(text, MAX_TEXT) for name, text in texts.items()},
    }


async def async_create_fix_flow(
    hass: HomeAssistant,
    issue_id: str,
    data: dict[str, str | int | float | None] | None,
) -> RepairsFlow:
    """Return the flow of an issue that can be fixed."""
    if issue_id.startswith(MOVED):
        return MovedFlow()
    if issue_id.startswith(COOLED):
        # There is nothing to do but to know.
        return ConfirmRepairFlow()
    return MissingPermissionsFlow()


class MissingPermissionsFlow(RepairsFlow):
    """Wait for the permissions to be given, and look whether they are."""

    async def async_step_init(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Begin with what is to be done."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Read the permissions anew once the user has given them."""
        entry: OctoPrintConfigEntry | None = self.hass.config_entries.async_get_entry(
            str((self.data or {}).get("entry_id"))
        )
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        coordinator = entry.runtime_data
        user = coordinator.data.server.user
        errors = {}
        if user_input is not None:
            try:
                user = await coordinator.client.access.current_user()
            except OctoPrintError:
                errors["base"] = "cannot_read"
            else:
                if not missing_permissions(user):
                    await coordinator.async_request_full_refresh()
                    return self.async_create_entry(data={})
                errors["base"] = "still_missing"
        return self.async_show_form(
            step_id="confirm",
            data_schema=vol.Schema({}),
            errors=errors,
            description_placeholders={
                **_quoted(
                    entry,
                    {
                        "permissions": ", ".join(
                            map(permission_name, missing_permissions(user))
                        ),
                        "user": user.name or "-",
                    },
                ),
                # Errors are shown without Markdown.
                "user_name": one_line(user.name or "-", MAX_NAME),
            },
        )
