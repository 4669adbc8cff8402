"""Test the floors of the house: what imports what, and that tests name no private part.

`docs/architecture.md` says what each floor is for. Whatever is imported lies in the same room,
beside it on the same floor, or further down.
"""

import ast
from collections.abc import Callable, Collection, Iterator
from graphlib import TopologicalSorter
from pathlib import Path
import re
import sys

import pytest

from custom_components.octoprint_plus import api
from tests.test_consistency import INTEGRATION

FLOORS: tuple[frozenset[str], ...] = (
    frozenset({"const", "markup"}),
    frozenset({"api"}),
    frozenset({"model"}),
    frozenset({"device"}),
    frozenset({"setup", "sync"}),
    frozenset({"coordinator"}),
    frozenset({"commands"}),
    frozenset({"entity", "services"}),
    frozenset(
        {
            "__init__",
            "binary_sensor",
            "button",
            "climate",
            "config_flow",
            "diagnostics",
            "event",
            "fan",
            "notify",
            "number",
            "options_flow",
            "repairs",
            "select",
            "sensor",
            "switch",
            "update",
        }
    ),
)
"""The rooms, files or folders, from the ground up."""

FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}

PATHS = sorted(INTEGRATION.rglob("*.py"))

type Module = tuple[str, ...]


def module_of(path: Path) -> Module:
    """Return the name of a module below the integration, the integration's own is empty."""
    parts = path.relative_to(INTEGRATION).with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" else parts


MODULES = {module_of(path): path for path in PATHS}


def room_of(module: Module) -> str:
    """Return the room in which a module is."""
    return module[0] if module else "__init__"


def nodes(module: Module) -> Iterator[ast.AST]:
    """Yield all that a module is made of."""
    yield from ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8")))


def own_imports(module: Module) -> Iterator[tuple[Module, str]]:
    """Yield what a module imports of the integration, and by which name."""
    package = module if MODULES[module].name == "__init__.py" else module[:-1]
    for node in nodes(module):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            origin = (*base, *(node.module or "").split(".")) if node.module else base
            for alias in node.names:
                full = (*origin, alias.name)
                yield (full if full in MODULES else origin), alias.name


def other_imports(module: Module) -> Iterator[str]:
    """Yield the packages of others that a module imports."""
    for node in nodes(module):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module.partition(".")[0]


def test_every_room_has_its_floor() -> None:
    assert {room_of(module) for module in MODULES} == FLOOR.keys()


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations() -> None:
    """Leave Home Assistant out: the sources are read, not run."""


def offenders(
    find: Callable[[Module], Collection[str]], *rooms: str
) -> dict[str, Collection[str]]:
    """Return what is wrong with modules, by their names; in some rooms or all."""
    return {
        ".".join(module): found
        for module in MODULES
        if (not rooms or room_of(module) in rooms) and (found := find(module))
    }


def test_nothing_imports_upward() -> None:
    """Imports for types alone count as well."""

    def upward(module: Module) -> list[str]:
        floor = FLOOR[room_of(module)]
        return [
            ".".join(origin)
            for origin, _ in own_imports(module)
            if FLOOR[room_of(origin)] > floor
        ]

    assert offenders(upward) == {}


def test_no_module_imports_itself_in_a_circle() -> None:
    graph = {
        module: {origin for origin, _ in own_imports(module)} - {module}
        for module in MODULES
    }
    assert list(TopologicalSorter(graph).static_order())


def test_no_rooms_import_each_other() -> None:
    graph = {
        room: {
            room_of(origin)
            for module in MODULES
            if room_of(module) == room
            for origin, _ in own_imports(module)
        }
        - {room}
        for room in FLOOR
    }
    assert list(TopologicalSorter(graph).static_order())


def test_api_and_model_know_nothing_of_home_assistant() -> None:
    """The client stands on aiohttp, the model on nothing at all."""

    def foreign(module: Module) -> set[str]:
        allowed = {"aiohttp", "yarl"} if room_of(module) == "api" else set()
        return set(other_imports(module)) - sys.stdlib_module_names - allowed

    assert offenders(foreign, "api", "model") == {}


def test_all_come_by_the_door_of_api() -> None:
    """What others need of the client is what it offers, from whatever room of its own."""

    def past_the_door(module: Module) -> list[str]:
        return [
            name
            for origin, name in own_imports(module)
            if room_of(origin) == "api"
            and not (
                name in api.__all__ and origin in (("api",), ("api", "plugins", name))
            )
        ]

    assert offenders(past_the_door, *(FLOOR.keys() - {"api"})) == {}


def test_the_door_of_api_offers_no_json() -> None:
    """What the wire says is read behind it."""
    assert all(hasattr(api, name) for name in api.__all__)
    assert (INTEGRATION / "api/py.typed").exists()
    assert {"Json", "mapping", "items", "promised"}.isdisjoint(api.__all__)


def test_json_is_read_in_api_only() -> None:
    """Only what people name themselves, a plugin's answer or a setting, goes on as it is.

    The socket is given Home Assistant's reader, as it is the quicker one.
    """

    def raw(module: Module) -> list[str]:
        found = [name for name in other_imports(module) if name in ("json", "orjson")]
        for node in nodes(module):
            if isinstance(node, ast.Attribute) and node.attr == "get_raw":
                found.append(node.attr)
            elif isinstance(node, ast.ImportFrom) and node.module:
                found += [x.name for x in node.names if x.name.startswith("json_")]
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                # The plugins that are known have families of their own.
                called = ast.unparse(node.func)
                if re.search(
                    r"plugins\.(get|get_path|command|send_path|settings)$", called
                ):
                    found.append(called)
        return found

    assert offenders(raw, *(FLOOR.keys() - {"api"})) == {
        "commands.plugins": ["plugins.get", "plugins.command"],
        "commands.settings": ["get_raw", "get_raw"],
        "sync.listener": ["json_loads"],
    }


def test_the_integration_is_imported_by_where_it_lies() -> None:
    """Imports by the full name would be seen by none of these tests."""

    def absolute(module: Module) -> list[str]:
        return [name for name in other_imports(module) if name == "custom_components"]

    assert offenders(absolute) == {}


def test_only_commands_send() -> None:
    """An entity gives the command that an action, a sentence or a card gives, too."""

    def clients(module: Module) -> list[str]:
        found = [node for node in nodes(module) if isinstance(node, ast.Attribute)]
        return [
            ast.unparse(node)
            for node in found
            if isinstance(node.value, ast.Attribute) and node.value.attr == "client"
        ] + [
            ast.unparse(node)
            for node in found
            if node.attr == "client" and not any(each.value is node for each in found)
        ]

    rooms = FLOORS[FLOOR["entity"]] | FLOORS[FLOOR["__init__"]]
    # What is read beside the coordinator: addresses, the clock, and what the key may.
    assert offenders(clients, *rooms) == {
        "diagnostics": ["coordinator.client.clock"],
        "repairs": ["entry.runtime_data.client.url", "coordinator.client.access"],
    }


def test_only_services_know_service_calls() -> None:
    """What can be done is there for sentences, tools and cards as well."""

    def words(module: Module) -> list[str]:
        text = MODULES[module].read_text(encoding="utf-8")
        return ["ServiceCall"] if "ServiceCall" in text else []

    assert offenders(words, *(FLOOR.keys() - {"services"})) == {}


def test_no_service_call_is_handed_down() -> None:
    """Each action takes its call, its target is looked up, and the rest is typed."""

    def taking(module: Module) -> list[str]:
        registered = {
            ast.unparse(each)
            for node in nodes(module)
            if isinstance(node, ast.Call | ast.Tuple)
            for each in (node.args if isinstance(node, ast.Call) else node.elts)
            if isinstance(each, ast.Name)
        }
        return [
            node.name
            for node in nodes(module)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and "ServiceCall" in ast.unparse(node.args)
            and node.name not in registered
        ]

    assert offenders(taking, "services") == {
        "services.files": ["_file"],
        "services.filament": ["_order"],
        "services.target": ["async_get_coordinator"],
    }


def private_names() -> set[str]:
    """Return what the integration calls its private functions and classes."""
    return {
        node.name
        for module in MODULES
        for node in nodes(module)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if re.match("_[a-zA-Z]", node.name)
    }


def test_tests_name_no_private_part() -> None:
    """Ruff does not see a name in a text, as patch() and setattr() take it."""
    tests, private = INTEGRATION.parents[1] / "tests", private_names()
    assert "_async_lost" in private
    found = {
        f"{path.relative_to(tests)}:{node.lineno}: {node.value}"
        for path in tests.rglob("*.py")
        if path.name not in ("test_consistency.py", "test_floors.py")
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if node.value.rpartition(".")[2] in private
        # Others may be the end of an entity's id.
        if "." in node.value or node.value.startswith("_async_")
    }
    assert found == set()
