"""Test that every number, list and text of a server has the bound of its meaning."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
import json
import math
from time import process_time
from typing import Any

import pytest

from custom_components.octoprint_plus.api import OctoPrintError, parsing, quantities
from custom_components.octoprint_plus.api.controls import MAX_CONTROLS, parse_controls
from custom_components.octoprint_plus.api.entries import MAX_ENTRIES, parse_entry
from custom_components.octoprint_plus.api.job import parse_job
from custom_components.octoprint_plus.api.plugins import (
    action_command,
    bed_level_visualizer,
    spool_manager,
    spoolman,
)
from custom_components.octoprint_plus.api.plugins.messages import parse_plugin_message
from custom_components.octoprint_plus.api.plugins.parsing import loose_number
from custom_components.octoprint_plus.api.plugins.spools import MAX_SPOOLS
from custom_components.octoprint_plus.api.printer import MAX_HEATERS, parse_heaters
from custom_components.octoprint_plus.api.profiles import parse_profile
from custom_components.octoprint_plus.api.socket.messages import (
    MessageReader,
    RenderProgress,
    SlicingProgress,
)
from custom_components.octoprint_plus.api.timelapse import parse_timelapses
from tests.recorded import FIXTURES, recorded

from .plugins.test_junk import ANSWERS, MESSAGES
from .test_junk import cases

DEEP = json.loads("[" * 500 + "]" * 500)

JUNK: tuple[Any, ...] = (
    *(1e308, -1e308, math.nan, math.inf, -math.inf, 2**70, -(2**70), 10**400),
    *(-1, 1e12, 3e9, True, None, "", "x" * 100_001, "9" * 100_001, [], {}, DEEP),
)

# What a value of ours may be, by the name of its field.
TEMPERATURE = (-273.15, 2000)
TARGET = (0, 2000)
EXTENT = (0, 1e5)
POSITION = (-1e5, 1e5)
SECONDS = (0, parsing.LONGEST)
COUNT = (0, 1e9)
LAYERS = (0, 1e6)
PERCENT = (0, 100)
BYTES = (0, 2**63 - 1)
INTEGER = (-(2**63), 2**63 - 1)
WEIGHT = (-1e6, 1e6)
BOUNDS: dict[str, tuple[float, float]] = {
    **dict.fromkeys(("actual",), TEMPERATURE),
    **dict.fromkeys(("target", "bed", "chamber", "extruder"), TARGET),
    "offset": (-50, 50),
    **dict.fromkeys(
        ("width", "depth", "nozzle_diameter", "default_extrusion_length"), EXTENT
    ),
    # Of a volume, of what is printed, or of a layer.
    "height": POSITION,
    **dict.fromkeys(
        ("x_min", "x_max", "y_min", "y_max", "min_x", "max_x", "min_y", "max_y"),
        POSITION,
    ),
    **dict.fromkeys(("z", "total_height"), POSITION),
    "custom_box": POSITION,
    "retraction_z_hop": EXTENT,
    **dict.fromkeys(
        (
            *("estimated_print_time", "average_print_time", "last_print_time"),
            *("print_time", "print_time_left", "seconds_left", "time_left", "timeout"),
            *("last_layer_duration", "average_layer_duration", "min_delay"),
            *("post_on_delay",),
        ),
        SECONDS,
    ),
    **dict.fromkeys(
        (
            *("success", "failure", "count", "fps", "interval", "post_roll"),
            *("baudrate", "baudrates", "baudrate_preference", "filament_changes"),
            *("snapshot_count", "snapshot_failed_count"),
        ),
        COUNT,
    ),
    **dict.fromkeys(("layer", "total_layers"), LAYERS),
    **dict.fromkeys(
        ("completion", "progress", "m73_progress", "percent", "fan_speed"), PERCENT
    ),
    **dict.fromkeys(("size", "free", "total"), BYTES),
    **dict.fromkeys(("speed", "feed_rate"), (0, 1e6)),
    "extruder_count": (1, 99),
    **dict.fromkeys(("tool", "without_spool", "not_enough"), (0, 98)),
    "length": (-1e9, 1e9),
    "volume": (0, 1e6),
    **dict.fromkeys(
        ("weight", "total_weight", "used_weight", "remaining_weight"), WEIGHT
    ),
    "remaining_length": (-1e9, 1e9),
    "rows": (-1000, 1000),
    **dict.fromkeys(("id", "spool_id", "state"), INTEGER),
    **dict.fromkeys(("default", "min", "max"), POSITION),
    "step": (0, 1e5),
}


def parsers() -> list[tuple[str, Callable[[Any], object], Any]]:
    """Return each parser by a name, with an answer that it was made for."""
    of_server = [
        *cases(),
        (parse_timelapses, recorded("general", "timelapse_after").json),
        (parse_controls, recorded("general", "custom_controls").json),
        *ANSWERS,
    ]
    named = [
        (f"{number}-{getattr(parse, '__name__', 'parser')}", parse, answer)
        for number, (parse, answer) in enumerate(of_server)
    ]
    for plugin, data in MESSAGES.items():

        def pushed(data: Any, plugin: str = plugin) -> object:
            return parse_plugin_message({"plugin": plugin, "data": data})

        named.append((plugin, pushed, data))
    samples = ("current_printing", "history_trimmed")
    return [*named, *((name, read, sample(name)) for name in samples)]


def sample(name: str) -> Any:
    """Return a recorded message."""
    return json.loads((FIXTURES / f"push/sample_{name}.json").read_bytes())


def read(message: Any) -> object:
    """Return what a new socket makes of a message."""
    return MessageReader(loads=lambda _: message).read(b"{}")


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield where all the leaves of an answer are, of a long list the first and the last."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from places(item, (*path, key))
    elif isinstance(value, list):
        for index in sorted({0, len(value) - 1} if value else ()):
            yield from places(value[index], (*path, index))
    if path:
        yield path


def replaced(answer: Any, path: tuple[Any, ...], junk: Any) -> Any:
    """Return an answer with something else in one place."""
    if not path:
        return junk
    copy = dict(answer) if isinstance(answer, dict) else list(answer)
    copy[path[0]] = replaced(answer[path[0]], path[1:], junk)
    return copy


def values(value: object, name: str = "") -> Iterator[tuple[str, object]]:
    """Yield all that was read, each with the name of the field that it is in."""
    if is_dataclass(value):
        for each in fields(value):
            yield from values(getattr(value, each.name), each.name)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield "", key
            yield from values(item, name)
    elif isinstance(value, tuple | frozenset):
        for item in value:
            yield from values(item, name)
    else:
        yield name, value


def check(found: object, parser: str) -> None:
    """See that everything that was read is within its bound."""
    for name, value in values(found):
        if isinstance(value, str):
            assert len(value) <= parsing.MAX_TEXT, (parser, name)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            assert math.isfinite(value), (parser, name)
            assert name in BOUNDS or parser.endswith("selected"), (parser, name)
            low, high = BOUNDS.get(name, INTEGER)
            assert low <= value <= high, (parser, name, value)
        else:
            assert isinstance(value, bool | datetime | None), (parser, name)


@pytest.mark.parametrize(("name", "parse", "answer"), parsers())
def test_every_place(name: str, parse: Callable[[Any], object], answer: Any) -> None:
    """Test that junk in any place is none, is soon read, and spoils nothing beside it."""
    good = list(values(parse(answer)))
    check(parse(answer), name)
    for path in places(answer):
        spoils_itself_only = isinstance(path[-1], str) and isinstance(
            _at(answer, path), float
        )
        for junk in JUNK:
            began = process_time()
            try:
                found = parse(replaced(answer, path, junk))
            except OctoPrintError:
                assert parse is parse_job
                continue
            # It takes a thousandth of that.
            assert process_time() - began < 1, (path, junk)
            check(found, name)
            if spoils_itself_only and len(rest := list(values(found))) == len(good):
                differing = [a for a, b in zip(good, rest, strict=True) if a != b]
                assert len(differing) <= 2, (path, junk, differing)


def _at(answer: Any, path: tuple[Any, ...]) -> Any:
    for each in path:
        answer = answer[each]
    return answer


@pytest.mark.parametrize(
    ("reader", "low", "high"),
    [
        (quantities.temperature, *TEMPERATURE),
        (quantities.target, *TARGET),
        (quantities.offset, -50, 50),
        (quantities.position, *POSITION),
        (quantities.extent, *EXTENT),
        (quantities.filament_length, -1e9, 1e9),
        (quantities.filament_volume, 0, 1e6),
        (quantities.weight, *WEIGHT),
        (quantities.speed, 0, 1e6),
        (quantities.byte_size, 0, 2**62),
        (quantities.count, *COUNT),
        (quantities.layers, *LAYERS),
        (quantities.tool_number, 0, 98),
        (quantities.elapsed, 0, parsing.LONGEST - 1),
        (parsing.duration, 0, parsing.LONGEST - 1),
    ],
)
def test_bound(reader: Callable[[Any], float | None], low: float, high: float) -> None:
    """Test that what is at a bound is read, and what is beyond it is none."""
    assert reader(low) == low
    assert reader(high) == high
    for junk in (low - 1, 2 * high + 1, *JUNK):
        found = reader(junk)
        assert found is None or low <= found <= high
    assert reader(low - 1) is reader(2 * high + 2) is None
    for junk in (math.nan, math.inf, True, None, "5", [], {}):
        assert reader(junk) is None


def test_texts() -> None:
    """Test that names and sentences are cut, and what something is found by is never cut."""
    long = "x" * 5000
    assert parsing.label(long) == long[:255]
    assert parsing.message(long) == long[:1000]
    assert parsing.identifier(long) is None
    assert parsing.identifier(long[:4096]) == long[:4096]
    assert parsing.text(long) == long
    assert parsing.text("x" * 100_001) is None
    for reader in (parsing.label, parsing.message, parsing.identifier, parsing.text):
        assert reader("") is reader(None) is reader(5) is reader([long]) is None
        assert reader("\ud800") == "?"


def test_loose_numbers() -> None:
    """Test that a number of plugins that is written with a million digits costs nothing."""
    began = process_time()
    assert loose_number("9" * 1_000_000) is None
    assert loose_number(" 12.5 ") == 12.5
    assert process_time() - began < 1


MANY = 120_000


@pytest.mark.parametrize(
    ("most", "parse"),
    [
        (
            MAX_HEATERS,
            lambda: parse_heaters({f"T{n}": {"actual": 1} for n in range(MANY)}),
        ),
        (
            MAX_ENTRIES,
            lambda: parse_entry({"children": [{"name": "a"}] * MANY}).children,
        ),
        (
            MAX_CONTROLS,
            lambda: parse_controls({"controls": [{"name": "a"}] * MANY}).children,
        ),
        (
            MAX_SPOOLS,
            lambda: (
                spool_manager.parse_spools(
                    {"allSpools": [{"databaseId": n} for n in range(MANY)]}
                ).spools
            ),
        ),
        (
            quantities.MAX_TOOLS,
            lambda: spoolman.parse_selected(
                {"selectedSpoolIds": {f"{n}": {"spoolId": 1} for n in range(MANY)}}
            ),
        ),
        (
            action_command.MAX_CHOICES,
            lambda: (
                action_command.parse_prompt_message(
                    {"action": "show", "text": "?", "choices": ["a"] * MANY}
                ).prompt.choices
            ),
        ),
        (parsing.MOST, lambda: parsing.texts(["a"] * MANY)),
        (parsing.MOST, lambda: parsing.items([{}] * MANY)),
        (
            parsing.MOST,
            lambda: dict(parsing.members({f"{n}": {} for n in range(MANY)})),
        ),
    ],
)
def test_long_list(most: int, parse: Callable[[], Any]) -> None:
    """Test that of a list only so many are taken as make sense."""
    assert len(parse()) == most


@pytest.mark.parametrize("size", [(1001, 2), (2, 1001), (100_000, 1), (1, 100_000)])
def test_huge_mesh(size: tuple[int, int]) -> None:
    """Test that a mesh that no printer levels is none."""
    rows, columns = size
    assert bed_level_visualizer.parse_mesh([[0.1] * columns] * rows, {}) is None
    assert bed_level_visualizer.parse_mesh([[0.1] * 1000] * 2, {}) is not None


def test_nested() -> None:
    """Test that folders and groups in one another end before Python's stack does."""
    folder: dict[str, Any] = {"name": "x"}
    group: dict[str, Any] = {"name": "x", "children": []}
    for _ in range(5000):
        folder = {"name": "x", "children": [folder]}
        group = {"name": "x", "children": [group]}
    parse_entry(folder)
    parse_controls({"controls": [group]})


def test_many_tools() -> None:
    """Test that a profile has as many tools as OctoPrint lets one have."""
    for count in (1e308, 2**70, 100, 99):
        assert parse_profile("x", {"extruder": {"count": count}}).extruder_count <= 99


def test_history_of_many_temperatures() -> None:
    """Test that the latest temperatures are taken of however many there are."""
    content = sample("history_trimmed")
    temps = content["history"]["temps"]
    content["history"]["temps"] = [{"time": 1}] * 50_000 + [
        {**temps[-1], "tool0": {"actual": 77.0, "target": 0}}
    ]
    assert read(content).heaters["tool0"].actual == 77  # type: ignore[attr-defined]


@pytest.mark.parametrize("told", [1e308, -5, 250, "50", None])
def test_progress_of_others(told: Any) -> None:
    """Test that rendering and slicing are done at 100 percent."""
    for name, kind in (
        ("renderProgress", RenderProgress),
        ("slicingProgress", SlicingProgress),
    ):
        found = read({name: {"progress": told}})
        assert found is None or (isinstance(found, kind) and 0 <= found.progress <= 100)
