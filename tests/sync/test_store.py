"""Tests of what outlives a restart: it is read leniently, versioned, migrated, and never in the way."""

from copy import deepcopy
import json
from pathlib import Path
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.octoprint_plus.const import DOMAIN
from custom_components.octoprint_plus.sync.aside import ASIDE
from custom_components.octoprint_plus.sync.store import (
    MINOR_VERSION,
    VERSION,
    OctoPrintStore,
)
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

from ..fake_octoprint import FakeOctoPrint

GOOD: dict[str, Any] = {
    "connected": True,
    "errors": [],
    "heaters": ["bed", "tool0"],
    "last_seen": {
        "at": "2026-11-21T10:01:00+00:00",
        "heaters": {
            "bed": {"actual": 60.1, "target": 60.0},
            "tool0": {"actual": None, "target": None},
        },
    },
    "last_targets": {"bed": 60.0, "tool0": 215.0},
    "prompt": ["Sure?", "Yes", "No"],
    "sensors": ["A", "chamber"],
    "running": {
        "file": {
            "name": "test_main.gcode",
            "origin": "local",
            "path": "test_main.gcode",
            "size": 3409,
        },
        "at_end": False,
        "cancelled": False,
        "completed": False,
        "failed": False,
        "finish_at": "2026-11-21T11:00:00+00:00",
        "paused": False,
        "print_time": 60,
        "started_at": "2026-11-21T10:00:00+00:00",
    },
    "last_print": {
        "ended_at": "2026-11-20T10:00:00+00:00",
        "name": "before.gcode",
        "print_time": 77,
        "result": "done",
    },
    "values": {"baudrate": 115200, "fan": 40.5, "port": "AUTO", "tool": None},
}

# Values of every type, and such as are right for nothing.
ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    10**30,
    1e308,
    "",
    "odd",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-12:00",
    "2026-13-45T99:00:00+00:00",
    "2026-11-21T10:00:00",
    [],
    [None, 1, [], {}],
    {},
    {"": None},
)


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """Let each test have files of its own."""
    return hass_tmp_config_dir


@pytest.fixture
def hass_storage() -> dict[str, Any]:
    """Let Home Assistant read and write real files."""
    return {}


def path_of(hass: HomeAssistant, entry: MockConfigEntry) -> Path:
    """Return the stored file."""
    return Path(hass.config.path(".storage", f"{DOMAIN}.{entry.entry_id}"))


def write(path: Path, text: str) -> None:
    """Write a file as Home Assistant would find it."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


def read(path: Path) -> Any:
    """Return what a file holds."""
    return json.loads(path.read_text(encoding="utf-8"))


def files(hass: HomeAssistant) -> list[str]:
    """Return the names of all files of ours."""
    found = Path(hass.config.path(".storage")).glob(f"{DOMAIN}.*")
    return sorted(path.name for path in found)


def envelope(data: object, version: object = VERSION, minor: object = 1) -> str:
    """Return a file with these data."""
    return json.dumps(
        {"version": version, "minor_version": minor, "key": "k", "data": data}
    )


async def load(
    hass: HomeAssistant, entry: MockConfigEntry, text: str
) -> OctoPrintStore:
    """Return a store that read a file."""
    await hass.async_add_executor_job(write, path_of(hass, entry), text)
    store = OctoPrintStore(hass, entry.entry_id)
    await store.async_load()
    return store


def places(value: object, *above: str) -> list[tuple[str, ...]]:
    """Return the ways to each field of a file, and to those within."""
    found = [above] if above else []
    if isinstance(value, dict):
        for key, item in value.items():
            found += places(item, *above, key)
    return found


def changed(place: tuple[str, ...], value: object, *, is_missing: bool = False) -> Any:
    """Return good data with another value at one place."""
    data = deepcopy(GOOD)
    at = data
    for key in place[:-1]:
        at = at[key]
    if is_missing:
        del at[place[-1]]
    else:
        at[place[-1]] = value
    return data


async def test_all_is_read(
    hass: HomeAssistant, config_entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """Test that what is as it was written is read and written alike, without a word."""
    store = await load(hass, config_entry, envelope(GOOD, VERSION, MINOR_VERSION))
    await store.async_save()
    assert read(path_of(hass, config_entry))["data"] == GOOD
    assert files(hass) == [path_of(hass, config_entry).name]
    assert "WARNING" not in caplog.text


@pytest.mark.parametrize("place", places(GOOD), ids=".".join)
async def test_one_odd_field(
    hass: HomeAssistant, config_entry: MockConfigEntry, place: tuple[str, ...]
) -> None:
    """Test that whatever a field is, all others are kept, and all can be written again."""
    good = (await load(hass, config_entry, envelope(GOOD, VERSION, MINOR_VERSION))).told
    assert good is not None
    texts = [envelope(changed(place, odd)) for odd in ODD]
    texts.append(envelope(changed(place, None, is_missing=True)))
    for text in texts:
        store = await load(hass, config_entry, text)
        told = store.told
        assert told is not None
        memory = told.memory
        others = {
            "heaters": (memory.heaters, good.memory.heaters),
            "last_print": (memory.last_print, good.memory.last_print),
            "running": (memory.running, good.memory.running),
            "errors": (told.errors, good.errors),
            "prompt": (told.prompt, good.prompt),
            "connected": (told.is_connected, good.is_connected),
        }
        others.pop(place[0], None)
        assert all(one == other for one, other in others.values())
        if place[0] != "last_targets":
            assert memory.last_targets == good.memory.last_targets
        await store.async_save()
        again = OctoPrintStore(hass, config_entry.entry_id)
        await again.async_load()
        assert again.told == told


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("last_print", "result"), "unknown of tomorrow"),
        (("running", "file"), []),
        (("heaters",), "tool0"),
        (("last_targets", "tool0"), "hot"),
        (("last_print", "ended_at"), "yesterday"),
    ],
)
async def test_unreadable_is_set_aside(
    hass: HomeAssistant,
    config_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    place: tuple[str, ...],
    value: object,
) -> None:
    """Test that what cannot be read is kept beside the file, and told once."""
    text = envelope(changed(place, value))
    await load(hass, config_entry, text)
    path = path_of(hass, config_entry)
    assert read(Path(f"{path}{ASIDE}"))["data"] == json.loads(text)["data"]
    assert caplog.text.count(f"left out was {'.'.join(place)}") == 1
    caplog.clear()
    store = OctoPrintStore(hass, config_entry.entry_id)
    await store.async_load()
    assert "WARNING" not in caplog.text
    await store.async_remove()
    assert files(hass) == []


async def test_fields_of_tomorrow(
    hass: HomeAssistant, config_entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """Test that fields that are not known are passed over."""
    data = deepcopy(GOOD)
    for part in (data, data["running"], data["running"]["file"], data["last_print"]):
        part["tomorrow"] = {"is": "another day"}
    store = await load(hass, config_entry, envelope(data, VERSION, MINOR_VERSION))
    assert store.told is not None
    assert store.told.memory.running is not None
    assert store.told.memory.last_print is not None
    assert "WARNING" not in caplog.text


@pytest.mark.parametrize(
    ("version", "minor"), [(VERSION, MINOR_VERSION + 1), (VERSION + 1, 1), (99, 9)]
)
async def test_downgrade(
    hass: HomeAssistant,
    config_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    version: int,
    minor: int,
) -> None:
    """Test that what a newer version wrote is read as far as it can be, and kept aside."""
    text = envelope(GOOD, version, minor)
    store = await load(hass, config_entry, text)
    assert store.memory.last_targets == GOOD["last_targets"]
    path = path_of(hass, config_entry)
    assert read(Path(f"{path}{ASIDE}")) == json.loads(text)
    assert read(path)["version"] == VERSION
    assert caplog.text.count("newer version") == 1


async def test_upgrade(hass: HomeAssistant, config_entry: MockConfigEntry) -> None:
    """Test that what an older version wrote is read, and written as this one does."""
    data = {key: GOOD[key] for key in ("heaters", "last_targets", "last_print")}
    store = await load(hass, config_entry, envelope(data))
    assert store.memory.last_print is not None
    assert read(path_of(hass, config_entry))["minor_version"] == MINOR_VERSION


WHOLE = {
    "no_json": "{",
    "empty": "",
    "no_number": envelope({**GOOD, "connected": float("nan")}),
    "endless_number": envelope({**GOOD, "connected": 10**400}),
    "binary": "\0\1\2",
    "list": "[1]",
    "text": '"odd"',
    "number": "1",
    "without_version": '{"data": {}}',
    "without_data": '{"version": 1, "minor_version": 1}',
    "text_as_version": envelope(GOOD, "one"),
    "list_as_version": envelope(GOOD, []),
    "negative_version": envelope(GOOD, -1),
    "huge_version": envelope(GOOD, 10**30),
    "text_as_minor_version": envelope(GOOD, 1, "one"),
    "data_null": envelope(None),
    "data_list": envelope([GOOD]),
    "data_text": envelope("odd"),
    "data_number": envelope(1),
    "data_empty": envelope({}),
    "fields_are_lists": envelope({key: [1] for key in GOOD}),
    "fields_are_texts": envelope(dict.fromkeys(GOOD, "odd")),
    "fields_are_huge": envelope(dict.fromkeys(GOOD, 10**30)),
}


@pytest.mark.parametrize("text", WHOLE.values(), ids=WHOLE.keys())
async def test_no_file_keeps_the_printer_away(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry, text: str
) -> None:
    """Test that the printer is set up whatever is in the file, and the file used again."""
    fake.load("printing_local")
    path = path_of(hass, config_entry)
    await hass.async_add_executor_job(write, path, text)
    config_entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(config_entry.entry_id)
    assert config_entry.state is ConfigEntryState.LOADED
    assert await hass.config_entries.async_unload(config_entry.entry_id)
    await hass.async_block_till_done()
    written = read(path)
    assert (written["version"], written["minor_version"]) == (VERSION, MINOR_VERSION)
    assert written["data"]["running"]["file"]["path"]


async def test_a_file_that_cannot_be_opened(
    hass: HomeAssistant, fake: FakeOctoPrint, config_entry: MockConfigEntry
) -> None:
    """Test that the printer is set up where a folder lies in the way."""
    path = path_of(hass, config_entry)
    await hass.async_add_executor_job(lambda: path.mkdir(parents=True))
    config_entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(config_entry.entry_id)
    assert config_entry.state is ConfigEntryState.LOADED
    assert await hass.config_entries.async_unload(config_entry.entry_id)


async def test_what_entities_have_set(
    hass: HomeAssistant, config_entry: MockConfigEntry
) -> None:
    """Test that it is written and read again, nothing included."""
    store = await load(hass, config_entry, envelope(GOOD))
    assert [store.value(key) for key in GOOD["values"]] == [115200, 40.5, "AUTO", None]
    assert store.has_value("tool")
    assert not store.has_value("feed_rate")
    store.async_set_value("tool", 1)
    store.async_set_value("feed_rate", None)
    await store.async_save()
    again = OctoPrintStore(hass, config_entry.entry_id)
    await again.async_load()
    assert again.value("tool") == 1
    assert again.has_value("feed_rate")
    assert files(hass) == [path_of(hass, config_entry).name]


@pytest.mark.parametrize("value", [True, [1], {"a": 1}, 1e308])
async def test_values_that_nothing_can_have_set(
    hass: HomeAssistant,
    config_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    value: Any,
) -> None:
    """Test that just these are left out."""
    data = GOOD | {"values": {"port": "AUTO", "fan": value}}
    store = await load(hass, config_entry, envelope(data))
    assert store.value("port") == "AUTO"
    assert not store.has_value("fan")
    assert "left out was values.fan" in caplog.text
