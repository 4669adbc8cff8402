"""Tests for the repairs."""

from dataclasses import replace
import json
from pathlib import Path
import re
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.octoprint_plus.commands.left_hot import COOLED, LEFT_HOT
from custom_components.octoprint_plus.const import DOMAIN
from custom_components.octoprint_plus.markup import escaped
from custom_components.octoprint_plus.repairs import COPIED_ID, DESCRIPTIONS
from custom_components.octoprint_plus.setup.moved import MOVED
from homeassistant.components.repairs.issue_handler import RepairsFlowManager
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import Event, HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component

from .conftest import UUID
from .fake_octoprint import FakeOctoPrint
from .pushed import Pushed
from .waiting import refresh, until

INTEGRATION = Path(__file__).parents[1] / "custom_components" / DOMAIN


def issues(hass: HomeAssistant) -> dict[str, ir.IssueEntry]:
    """Return the issues of the integration by the key of their text."""
    return {
        issue.translation_key or "": issue
        for issue in ir.async_get(hass).issues.values()
        if issue.domain == DOMAIN
    }


async def read_again(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Let the coordinator read also what changes rarely."""
    entry.runtime_data.async_expire(with_plugins=False)
    await refresh(hass, entry)


def grant(fake: FakeOctoPrint, *missing: str) -> None:
    """Let the key have all permissions but some."""
    fake.user("admin")
    account = fake.json("GET", "/api/currentuser")
    permissions = set(account["permissions"]) - {"ADMIN", *missing}
    fake.answer(
        "GET", "/api/currentuser", json=account | {"permissions": sorted(permissions)}
    )


@pytest.mark.usefixtures("init_integration")
async def test_all_is_well(hass: HomeAssistant) -> None:
    """Test that there are no issues without a reason."""
    assert issues(hass) == {}


async def test_missing_permissions(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test one issue for all permissions that are missing, which goes with them."""
    grant(fake, "CONTROL", "PRINT", "SYSTEM")
    await read_again(hass, init_integration)
    issue = issues(hass)["missing_permissions"]
    assert issue.is_fixable
    assert issue.severity is ir.IssueSeverity.WARNING
    assert issue.learn_more_url == (
        "https://docs.octoprint.org/en/main/features/accesscontrol.html"
    )
    assert issue.translation_placeholders == {
        "name": "Prusa",
        "permissions": "Control, Print",
        "printer": "Prusa",
        "url": fake.url,
        "user": "admin",
    }
    grant(fake, "PRINT")
    await read_again(hass, init_integration)
    found = issues(hass)["missing_permissions"].translation_placeholders or {}
    assert found["permissions"] == "Print"
    # Only administrators have SYSTEM, so that it is not missed.
    grant(fake, "SYSTEM")
    await read_again(hass, init_integration)
    assert issues(hass) == {}


async def start_fix(hass: HomeAssistant) -> tuple[RepairsFlowManager, Any]:
    """Begin to fix the issue of the permissions."""
    assert await async_setup_component(hass, "repairs", {})
    manager: RepairsFlowManager = hass.data["repairs"]["flow_manager"]
    issue = issues(hass)["missing_permissions"]
    form = await manager.async_init(DOMAIN, data={"issue_id": issue.issue_id})
    assert form["type"] is FlowResultType.FORM
    assert form["step_id"] == "confirm"
    return manager, form


async def test_fix_missing_permissions(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test that the fix looks whether the permissions were given, until they are."""
    grant(fake, "CONTROL", "PRINT")
    await read_again(hass, init_integration)
    manager, form = await start_fix(hass)
    assert form["description_placeholders"]["permissions"] == "Control, Print"
    assert form["errors"] == {}

    grant(fake, "PRINT")
    form = await manager.async_configure(form["flow_id"], {})
    assert form["errors"] == {"base": "still_missing"}
    assert (form["description_placeholders"] or {})["permissions"] == "Print"

    fake.answer("GET", "/api/currentuser", status=502)
    form = await manager.async_configure(form["flow_id"], {})
    assert form["errors"] == {"base": "cannot_read"}
    assert "missing_permissions" in issues(hass)

    grant(fake)
    done = await manager.async_configure(form["flow_id"], {})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert issues(hass) == {}
    coordinator = init_integration.runtime_data
    await until(lambda: coordinator.data.server.user.may("PRINT"))
    await hass.async_block_till_done()
    assert issues(hass) == {}


async def test_fix_of_a_printer_that_is_not_loaded(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test that a printer that is not set up can be neither read nor fixed."""
    grant(fake, "PRINT")
    await read_again(hass, init_integration)
    manager, form = await start_fix(hass)
    await hass.config_entries.async_unload(init_integration.entry_id)
    done = await manager.async_configure(form["flow_id"], {})
    assert (done["type"], done["reason"]) == (FlowResultType.ABORT, "not_loaded")


async def test_safe_mode(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test that safe mode is told while it lasts."""
    server = fake.json("GET", "/api/server")
    fake.answer("GET", "/api/server", json=server | {"safemode": "settings"})
    await read_again(hass, init_integration)
    issue = issues(hass)["safe_mode"]
    assert not issue.is_fixable
    assert (issue.translation_placeholders or {})["reason"] == "settings"
    assert str(issue.learn_more_url).endswith("/features/safemode.html")
    fake.answer("GET", "/api/server", json=server)
    await read_again(hass, init_integration)
    assert issues(hass) == {}


async def test_firmware_error(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test that an error with a help page is told until it is gone."""
    fake.load("error_fatal_while_printing")
    await refresh(hass, init_integration)
    issue = issues(hass)["firmware_error"]
    assert issue.severity is ir.IssueSeverity.ERROR
    error = init_integration.runtime_data.data.error
    assert error.faq_url
    assert issue.learn_more_url == error.faq_url
    assert (issue.translation_placeholders or {})["error"] == escaped(error.error)
    fake.load("operational_idle_no_file")
    await refresh(hass, init_integration)
    assert issues(hass) == {}


async def test_firmware_error_that_goes_bit_by_bit(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test that it is told as long as the job still has it, and not a moment longer."""
    fake.load("error_fatal_while_printing")
    await refresh(hass, init_integration)
    error = fake.json("GET", "/api/job")["error"]
    assert error
    fake.load("operational_idle_no_file")
    job = fake.json("GET", "/api/job")
    fake.answer("GET", "/api/job", json=job | {"error": error})
    await refresh(hass, init_integration)
    snapshot = init_integration.runtime_data.data
    assert (snapshot.error, snapshot.error_text) == (None, error)
    assert issues(hass).keys() == {"firmware_error"}
    fake.answer("GET", "/api/job", json=job)
    await refresh(hass, init_integration)
    assert issues(hass) == {}


async def test_error_without_a_help_page(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test that an error of which nobody knows more is no issue."""
    fake.load("disconnected")
    error = {"error": "Too many consecutive timeouts", "reason": "timeout"}
    fake.answer("GET", "/api/printer/error", json=error)
    await refresh(hass, init_integration)
    assert init_integration.runtime_data.data.error is not None
    assert issues(hass) == {}


WEBCAM = {"name": "classic", "displayName": "Classic Webcam"}


@pytest.mark.parametrize(
    ("webcam", "names"),
    [
        ({"compat": {"snapshot": "http://cam/", "stream": ""}}, "Classic Webcam"),
        ({"compat": {"snapshot": "http://cam/", "stream": "/webcam/"}}, None),
        ({"compat": {"snapshot": "", "stream": "/webcam/"}}, None),
        # So is every OctoPrint that has no webcam.
        ({"compat": {"snapshot": "", "stream": ""}}, None),
        # A plugin's own.
        ({"compat": None}, None),
    ],
)
async def test_webcam_without_stream(
    hass: HomeAssistant,
    fake: FakeOctoPrint,
    init_integration: MockConfigEntry,
    webcam: dict[str, Any],
    names: str | None,
) -> None:
    """Test that only a webcam that could be watched, but cannot, is told."""
    settings = fake.json("GET", "/api/settings")
    settings["webcam"] |= {"webcams": [WEBCAM | webcam]}
    fake.answer("GET", "/api/settings", json=settings)
    await read_again(hass, init_integration)
    issue = issues(hass).get("webcam_without_stream")
    assert (issue is not None) is (names is not None)
    if issue:
        assert (issue.translation_placeholders or {})["webcams"] == names
    settings["webcam"]["webcamEnabled"] = False
    fake.answer("GET", "/api/settings", json=settings)
    await read_again(hass, init_integration)
    assert issues(hass) == {}


async def test_copied_id(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test that a copy is told of, and not the one whose id it is."""
    settings = fake.json("GET", "/api/settings")
    settings["plugins"]["discovery"] = {"upnpUuid": UUID.upper()}
    fake.answer("GET", "/api/settings", json=settings)
    await read_again(hass, init_integration)
    assert issues(hass) == {}
    copy = MockConfigEntry(
        domain=DOMAIN, title="Copy", unique_id="0" * 32, data=init_integration.data
    )
    copy.add_to_hass(hass)
    await hass.config_entries.async_setup(copy.entry_id)
    await hass.async_block_till_done()
    issue = issues(hass)[COPIED_ID]
    assert issue.issue_id == f"{COPIED_ID}_{copy.entry_id}"
    assert issue.translation_placeholders == {
        "name": "Copy",
        "others": "Prusa",
        "printer": "Copy",
        "url": fake.url,
    }
    # Without the other one there is no trouble.
    await hass.config_entries.async_remove(init_integration.entry_id)
    await hass.async_block_till_done()
    assert issues(hass) == {}
    await hass.config_entries.async_unload(copy.entry_id)
    await hass.async_block_till_done()


async def test_two_copies(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """Test two copies of one that is not here: both are told of, until one is away."""
    settings = fake.json("GET", "/api/settings")
    settings["plugins"]["discovery"] = {"upnpUuid": UUID}
    fake.answer("GET", "/api/settings", json=settings)
    copies = [
        MockConfigEntry(
            domain=DOMAIN, title=title, unique_id=title * 32, data=config_entry.data
        )
        for title in ("a", "b")
    ]
    for copy in copies:
        copy.add_to_hass(hass)
    await hass.config_entries.async_setup(copies[0].entry_id)
    await hass.async_block_till_done()
    found = {
        (issue.translation_placeholders or {})["printer"]
        for issue in ir.async_get(hass).issues.values()
    }
    assert found == {"a", "b"}
    # One that is only unloaded may be back in a moment.
    await hass.config_entries.async_unload(copies[0].entry_id)
    await read_again(hass, copies[1])
    assert len(ir.async_get(hass).issues) == 2
    await hass.config_entries.async_remove(copies[0].entry_id)
    await hass.async_block_till_done()
    assert issues(hass) == {}
    await hass.config_entries.async_unload(copies[1].entry_id)


KEYS = {
    "copied_id",
    "firmware_error",
    "missing_permissions",
    "safe_mode",
    "webcam_without_stream",
}


@pytest.fixture
async def ignored(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> MockConfigEntry:
    """Return a printer with all repairs, each of which the user ignores."""
    MockConfigEntry(
        domain=DOMAIN, title="Original", unique_id="1" * 32, data={}
    ).add_to_hass(hass)
    fake.load("error_fatal_while_printing")
    grant(fake, "PRINT")
    server = fake.json("GET", "/api/server")
    fake.answer("GET", "/api/server", json=server | {"safemode": "settings"})
    settings = fake.json("GET", "/api/settings")
    settings["webcam"] |= {
        "webcams": [WEBCAM | {"compat": {"snapshot": "http://cam/", "stream": ""}}]
    }
    settings["plugins"]["discovery"] = {"upnpUuid": "1" * 32}
    fake.answer("GET", "/api/settings", json=settings)
    await read_again(hass, init_integration)
    assert issues(hass).keys() == KEYS
    for issue in issues(hass).values():
        ir.async_ignore_issue(hass, DOMAIN, issue.issue_id, True)
    return init_integration


def shown(hass: HomeAssistant) -> set[str]:
    """Return which issues the user sees."""
    return {
        key
        for key, issue in issues(hass).items()
        if issue.active and issue.dismissed_version is None
    }


async def test_ignored_lasts(
    hass: HomeAssistant, fake: FakeOctoPrint, ignored: MockConfigEntry
) -> None:
    """Test that what is ignored stays so, whatever happens but the end of its cause."""
    assert shown(hass) == set()
    # Reload, as by options or a new key.
    await hass.config_entries.async_reload(ignored.entry_id)
    await hass.async_block_till_done()
    assert shown(hass) == set()
    assert issues(hass).keys() == KEYS
    # What is optional cannot be read at the start.
    settings = fake.json("GET", "/api/settings")
    fake.answer("GET", "/api/settings", status=502)
    fake.answer("GET", "/api/printer/error", status=502)
    await hass.config_entries.async_reload(ignored.entry_id)
    await hass.async_block_till_done()
    assert issues(hass).keys() == KEYS
    # The server is off.
    fake.answer("GET", "/api/job", status=502)
    await hass.config_entries.async_reload(ignored.entry_id)
    await hass.async_block_till_done()
    fake.load("error_fatal_while_printing")
    grant(fake, "PRINT")
    fake.answer("GET", "/api/settings", json=settings)
    await hass.config_entries.async_reload(ignored.entry_id)
    await hass.async_block_till_done()
    # Disabled for a while.
    await hass.config_entries.async_set_disabled_by(
        ignored.entry_id, ConfigEntryDisabler.USER
    )
    await hass.config_entries.async_set_disabled_by(ignored.entry_id, None)
    await hass.async_block_till_done()
    await read_again(hass, ignored)
    assert shown(hass) == set()
    assert issues(hass).keys() >= KEYS - {"safe_mode"}


async def test_ignored_over_a_restart(
    hass: HomeAssistant, ignored: MockConfigEntry
) -> None:
    """Test that what is ignored stays so when Home Assistant starts again."""
    await hass.config_entries.async_unload(ignored.entry_id)
    registry = ir.async_get(hass)
    # So they are when they were read from the disk: not there, but ignored.
    for key, issue in registry.issues.items():
        registry.issues[key] = replace(
            issue, active=False, data=None, translation_key=None, severity=None
        )
    await hass.config_entries.async_setup(ignored.entry_id)
    await hass.async_block_till_done()
    await read_again(hass, ignored)
    assert issues(hass).keys() == KEYS
    assert shown(hass) == set()


async def test_ignored_until_the_cause_is_gone(
    hass: HomeAssistant, fake: FakeOctoPrint, ignored: MockConfigEntry
) -> None:
    """Test that the next of a kind is told anew."""
    server = fake.json("GET", "/api/server")
    fake.answer("GET", "/api/server", json=server | {"safemode": None})
    grant(fake)
    await read_again(hass, ignored)
    assert issues(hass).keys() == KEYS - {"safe_mode", "missing_permissions"}
    fake.answer("GET", "/api/server", json=server)
    grant(fake, "PRINT")
    error = fake.json("GET", "/api/printer/error")
    fake.answer("GET", "/api/printer/error", json=error | {"error": "Another one"})
    await read_again(hass, ignored)
    assert shown(hass) == {"safe_mode", "missing_permissions", "firmware_error"}
    assert len(ir.async_get(hass).issues) == len(KEYS)


async def test_no_issue_outlives_its_printer(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test that issues stay over a reload, and go with a printer disabled or removed."""
    fake.load("error_fatal_while_printing")
    grant(fake, "PRINT")
    await read_again(hass, init_integration)
    told = {"firmware_error", "missing_permissions"}
    assert issues(hass).keys() == told
    await hass.config_entries.async_unload(init_integration.entry_id)
    assert issues(hass).keys() == told
    await hass.config_entries.async_setup(init_integration.entry_id)
    await hass.async_block_till_done()
    assert issues(hass).keys() == told
    await hass.config_entries.async_set_disabled_by(
        init_integration.entry_id, ConfigEntryDisabler.USER
    )
    await hass.async_block_till_done()
    assert issues(hass) == {}
    await hass.config_entries.async_set_disabled_by(init_integration.entry_id, None)
    await hass.async_block_till_done()
    assert issues(hass).keys() == told
    await hass.config_entries.async_remove(init_integration.entry_id)
    await hass.async_block_till_done()
    assert issues(hass) == {}


EVIL = "[Click](https://evil.example) ![b](https://evil.example/b.png) <b>*x*</b> `\n"


async def test_texts_of_others_are_no_markdown(
    hass: HomeAssistant, fake: FakeOctoPrint, init_integration: MockConfigEntry
) -> None:
    """Test that nothing that a server tells becomes a link, a picture or more, and how long it is."""
    evil = EVIL * 1000
    hass.config_entries.async_update_entry(init_integration, title=evil)
    fake.load("error_fatal_while_printing")
    grant(fake, "PRINT")
    account = fake.json("GET", "/api/currentuser")
    fake.answer("GET", "/api/currentuser", json=account | {"name": evil})
    server = fake.json("GET", "/api/server")
    fake.answer("GET", "/api/server", json=server | {"safemode": evil})
    error = fake.json("GET", "/api/printer/error")
    fake.answer("GET", "/api/printer/error", json=error | {"error": evil})
    settings = fake.json("GET", "/api/settings")
    webcam = {"displayName": evil, "compat": {"snapshot": "http://cam/", "stream": ""}}
    settings["webcam"] |= {"webcams": [webcam]}
    settings["plugins"]["discovery"] = {"upnpUuid": "1" * 32}
    fake.answer("GET", "/api/settings", json=settings)
    MockConfigEntry(domain=DOMAIN, title=evil, unique_id="1" * 32, data={}).add_to_hass(
        hass
    )
    await read_again(hass, init_integration)
    assert issues(hass).keys() == KEYS
    _, form = await start_fix(hass)
    for texts in (
        *(issue.translation_placeholders or {} for issue in issues(hass).values()),
        form["description_placeholders"],
    ):
        for name, text in texts.items():
            assert len(text) < 1500, name
            assert "\n" not in text
            if name not in ("name", "url", "user_name"):
                assert not re.search(r"(?<!\\)[\[\]()<>*`!]|://", text), (name, text)


async def test_told_once(hass: HomeAssistant, pushed: Pushed) -> None:
    """Test that what is pushed all the time creates and deletes nothing."""
    told: list[tuple[str, str]] = []

    def note(event: Event[Any]) -> None:
        told.append((event.data["action"], event.data["issue_id"]))

    hass.bus.async_listen(ir.EVENT_REPAIRS_ISSUE_REGISTRY_UPDATED, note)
    error = {"error": "Thermal Runaway", "reason": "firmware", "faq": "a-page"}
    await pushed.event("Error", **error)
    await until(lambda: "firmware_error" in issues(hass))
    for temperature in range(100, 150, 5):
        heaters = {"tool0": {"actual": temperature, "target": 200}}
        await pushed.current(temps=[heaters])
    await pushed.event("Error", **error)
    await hass.async_block_till_done()
    assert len(told) == 1
    assert told[0][0] == "create"
    assert told[0][1].startswith(f"firmware_error_{pushed.entry.entry_id}")


def test_texts() -> None:
    """Test that each issue has a text, and each text is of an issue."""
    texts = json.loads((INTEGRATION / "translations/en.json").read_text())["issues"]
    fixable = {each.key: each.is_fixable for each in DESCRIPTIONS} | {
        COPIED_ID: False,
        MOVED: True,
        LEFT_HOT: False,
        COOLED: True,
    }
    assert texts.keys() == fixable.keys()
    for key, text in texts.items():
        assert ("fix_flow" in text) is fixable[key]
        assert ("description" in text) is not fixable[key]
