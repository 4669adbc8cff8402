"""Checks that the files of the integration say the same."""

import ast
import importlib
import json
from pathlib import Path
import re
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
INTEGRATION = ROOT / "custom_components" / "octoprint_plus"
PLACEHOLDER = re.compile(r"{(\w+)}")

RULES = {
    "Bronze": """action-setup appropriate-polling brands common-modules
        config-flow-test-coverage config-flow dependency-transparency docs-actions
        docs-conditions docs-high-level-description docs-installation-instructions
        docs-removal-instructions docs-triggers entity-event-setup entity-unique-id
        has-entity-name runtime-data test-before-configure test-before-setup
        unique-config-entry""",
    "Silver": """action-exceptions config-entry-unloading docs-configuration-parameters
        docs-installation-parameters entity-unavailable integration-owner
        log-when-unavailable parallel-updates reauthentication-flow test-coverage""",
    "Gold": """devices diagnostics discovery-update-info discovery docs-data-update
        docs-examples docs-known-limitations docs-supported-devices
        docs-supported-functions docs-troubleshooting docs-use-cases dynamic-devices
        entity-category entity-device-class entity-disabled-by-default
        entity-translations exception-translations icon-translations
        reconfiguration-flow repair-issues stale-devices""",
    "Platinum": "async-dependency inject-websession strict-typing",
}


def load(name: str) -> Any:
    """Return a JSON file of the integration."""
    return json.loads((INTEGRATION / name).read_text())


def leaves(data: Any, path: str = "") -> dict[str, str]:
    """Return the texts of a translation by their path."""
    if isinstance(data, str):
        return {path: data}
    return {
        key: text
        for name, value in data.items()
        for key, text in leaves(value, f"{path}.{name}" if path else name).items()
    }


EN = leaves(load("translations/en.json"))
LANGUAGES = sorted(
    path.stem
    for path in (INTEGRATION / "translations").glob("*.json")
    if path.stem != "en"
)


@pytest.mark.parametrize("language", LANGUAGES)
def test_languages_match(language: str) -> None:
    """Test that every language has every text, with the same placeholders."""
    texts = leaves(load(f"translations/{language}.json"))
    assert texts.keys() == EN.keys()
    for key, text in texts.items():
        assert set(PLACEHOLDER.findall(text)) == set(PLACEHOLDER.findall(EN[key])), key


@pytest.mark.parametrize("language", ["en", *LANGUAGES])
def test_texts(language: str) -> None:
    """Test what Home Assistant demands of texts."""
    for key, text in leaves(load(f"translations/{language}.json")).items():
        assert text == text.strip(), key
        assert text, key
        assert "<" not in text.replace("<br>", ""), key
        assert "[%key" not in text, key
        assert "://" not in text, f"{key}: addresses belong into placeholders"
        assert not re.search(r"'{\w+}'", text), key
        assert all(re.fullmatch(r"[a-z0-9_-]+", part) for part in key.split(".")), key


# The key stands in a variable where these are raised.
RAISED_INDIRECTLY = {
    "config.error.invalid_url",
    "config.error.login_refused",
    "config.error.try_address",
    "config.error.try_http",
    "config.error.try_https",
    "exceptions.field_invalid.message",
    "exceptions.field_missing.message",
    "exceptions.field_not_offered.message",
    "exceptions.field_too_large.message",
    "exceptions.field_too_small.message",
    "exceptions.field_unknown.message",
    "exceptions.file_too_large.message",
    "exceptions.gcode_unsafe_control.message",
    "exceptions.gcode_unsafe_length.message",
    "exceptions.gcode_unsafe_number.message",
    "exceptions.gcode_unsafe_sign.message",
    "exceptions.user_is_no_administrator.message",
    "exceptions.user_may_not_control.message",
    "exceptions.user_may_not_read.message",
}

RAISING = {
    "failure": "exceptions",
    "_failed": "exceptions",
    "SetupError": "config.error",
    "_error": "exceptions",
    "change.error": "exceptions",
    "self.error": "exceptions",
    "busy_refusal": "exceptions",
    "file_error": "exceptions",
    "refusal": "exceptions",
}


def raised() -> set[str]:
    """Return the paths of the texts of all that is raised."""
    found: set[str] = set()
    for path in INTEGRATION.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            given = {each.arg: each.value for each in node.keywords}
            name = ast.unparse(node.func)
            if name in RAISING and node.args:
                key, top = node.args[0], RAISING[name]
            elif "translation_domain" in given and "translation_key" in given:
                key, top = given["translation_key"], "exceptions"
            else:
                continue
            if isinstance(key, ast.Constant):
                text = f"{top}.{key.value!s}"
                found.add(text if top == "config.error" else f"{text}.message")
    return found


def test_exceptions_are_translated() -> None:
    """Test that all that is raised has a text, and each text is raised."""
    from custom_components.octoprint_plus.api import ConnectionCause  # noqa: PLC0415

    expected = raised()
    expected |= {f"exceptions.connection_{cause}.message" for cause in ConnectionCause}
    expected |= {f"config.error.{cause}" for cause in ConnectionCause}
    texts = {key for key in EN if key.startswith(("exceptions.", "config.error."))}
    assert texts - expected == RAISED_INDIRECTLY
    assert expected - texts == set()


def test_icons_belong_to_texts() -> None:
    """Test that each icon belongs to an entity or an action that has a name."""
    icons = load("icons.json")
    names = load("translations/en.json")
    for platform, keys in icons["entity"].items():
        for key in keys:
            # Controls and system commands of the user's carry the user's names.
            if key not in ("control", "system"):
                assert key in names["entity"][platform], (platform, key)
    for service in icons["services"]:
        assert service in names["services"]


def test_services_match() -> None:
    """Test that each action and field is described in every file."""
    services = yaml.safe_load((INTEGRATION / "services.yaml").read_text())
    names = load("translations/en.json")["services"]
    assert services.keys() == names.keys() == load("icons.json")["services"].keys()
    for service, content in services.items():
        fields = set()
        for key, field in (content.get("fields") or {}).items():
            fields |= set(field["fields"]) if "fields" in field else {key}
        assert fields == set(names[service]["fields"]), service


def test_manifest() -> None:
    """Test the manifest as hassfest and HACS want it."""
    manifest = load("manifest.json")
    keys = list(manifest)
    assert keys[:2] == ["domain", "name"]
    assert keys[2:] == sorted(keys[2:])
    assert manifest["domain"] == INTEGRATION.name
    assert manifest["requirements"] == []
    hacs = json.loads((ROOT / "hacs.json").read_text())
    assert hacs["name"] == manifest["name"]
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert f"## {manifest['version']}" in changelog


def test_quality_scale() -> None:
    """Test that each rule has a status, and the manifest claims no more than is done."""
    rules = yaml.safe_load((INTEGRATION / "quality_scale.yaml").read_text())["rules"]
    assert list(rules) == [rule for tier in RULES.values() for rule in tier.split()]
    reached = "no_score"
    for tier, names in RULES.items():
        for rule in names.split():
            status = rules[rule]
            if isinstance(status, dict):
                assert status["comment"]
                status = status["status"]
            assert status in ("done", "exempt", "todo")
            if status == "todo":
                break
        else:
            reached = tier.lower()
            continue
        break
    assert load("manifest.json")["quality_scale"] == reached


def test_parallel_updates() -> None:
    """Test that each platform says how many commands may run at once."""
    from custom_components.octoprint_plus import PLATFORMS  # noqa: PLC0415

    for platform in PLATFORMS:
        source = (INTEGRATION / f"{platform}.py").read_text()
        expected = 1 if platform == "notify" else 0
        assert f"\nPARALLEL_UPDATES = {expected}\n" in source


# Entities of these platforms tell something; those of all others do something.
READ_ONLY = {"BinarySensorEntity", "EventEntity", "NotifyEntity", "SensorEntity"}


def test_no_control_is_reached_by_accident() -> None:
    """Test that whatever acts stands on the base that gives it a category."""
    from custom_components.octoprint_plus import PLATFORMS  # noqa: PLC0415
    from custom_components.octoprint_plus.entity import (  # noqa: PLC0415
        PRIMARY_CONTROLS,
        OctoPrintControlEntity,
        OctoPrintEntity,
    )

    for platform in PLATFORMS:
        importlib.import_module(f"custom_components.octoprint_plus.{platform}")
    todo, found = [OctoPrintEntity], set()
    while todo:
        todo += (subclasses := todo.pop().__subclasses__())
        found.update(subclasses)
    platforms = {
        each: [
            base.__name__
            for base in each.__mro__
            if base.__module__.startswith("homeassistant.components.")
        ]
        for each in found
    }
    controls = {
        each for each, bases in platforms.items() if bases and not READ_ONLY & {*bases}
    }
    assert len(controls) >= 12
    for each in controls:
        assert issubclass(each, OctoPrintControlEntity), each
        assert "entity_category" not in vars(each), each
        assert "_attr_entity_category" not in vars(each), each
    assert sorted(PRIMARY_CONTROLS) == ["toggle"]


def test_api_knows_nothing_of_home_assistant() -> None:
    """Test that the client could be published on its own."""
    api = INTEGRATION / "api"
    for path in api.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level <= len(path.relative_to(api).parts), path
                names = [node.module or ""]
            else:
                continue
            assert not any(name.startswith("homeassistant") for name in names), path
