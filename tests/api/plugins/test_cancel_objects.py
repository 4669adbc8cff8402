"""Test Cancel Objects: the list, and leaving out only what is on it."""

from typing import Any

import pytest

from custom_components.octoprint_plus.api import OctoPrintClient, OctoPrintNotFoundError
from custom_components.octoprint_plus.api.plugins.cancel_objects import (
    ActiveObject,
    ObjectCancelled,
    ObjectList,
    PrintObject,
    parse_message,
)
from custom_components.octoprint_plus.api.plugins.messages import parse_plugin_event
from tests.fake_octoprint import FakeOctoPrint

PATH = "/api/plugin/cancelobject"
ENTRY = {
    "object": "Cube_1 id:0 copy 0",
    "id": 0,
    "active": False,
    "cancelled": False,
    "ignore": False,
    "min_x": 20.0,
    "max_x": 75.0,
    "min_y": 20.0,
    "max_y": 28.0,
}
NOT_STARTED = ENTRY | {
    "object": "Cube_2",
    "id": 1,
    "cancelled": True,
    "min_x": 10000,
    "max_x": 0,
    "min_y": 10000,
    "max_y": 0,
}
CUBE = PrintObject(
    id=0,
    name="Cube_1 id:0 copy 0",
    is_cancelled=False,
    is_ignored=False,
    min_x=20,
    max_x=75,
    min_y=20,
    max_y=28,
)
SECOND = PrintObject(
    id=1,
    name="Cube_2",
    is_cancelled=True,
    is_ignored=False,
    min_x=None,
    max_x=None,
    min_y=None,
    max_y=None,
)


async def test_list(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.answer("POST", PATH, json={"list": [ENTRY, NOT_STARTED, {"id": 2}, None]})
    assert await client.plugins.cancel_objects.list() == (CUBE, SECOND)
    assert fake.commands() == [(PATH, {"command": "objlist"})]


@pytest.mark.parametrize("answer", [None, [], {"list": None}, {"list": {}}, "x"])
async def test_no_list(
    client: OctoPrintClient, fake: FakeOctoPrint, answer: Any
) -> None:
    fake.answer("POST", PATH, json=answer)
    assert await client.plugins.cancel_objects.list() == ()


async def test_cancel(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.answer("POST", PATH, json={"list": [ENTRY]})
    await client.plugins.cancel_objects.cancel(0)
    assert fake.commands()[1:] == [(PATH, {"command": "cancel", "cancelled": 0})]


async def test_cancel_unknown(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    """The plugin would answer as if it had cancelled it."""
    fake.answer("POST", PATH, json={"list": [ENTRY]})
    with pytest.raises(OctoPrintNotFoundError, match="7"):
        await client.plugins.cancel_objects.cancel(7)
    assert fake.commands() == [(PATH, {"command": "objlist"})]


async def test_not_installed(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    """OctoPrint answers 400 to a command for a plugin that is not there."""
    fake.answer("POST", PATH, status=400, json={"error": "command is invalid"})
    fake.answer("GET", PATH, status=404, json={"error": "Not found"})
    with pytest.raises(OctoPrintNotFoundError, match="cancelobject"):
        await client.plugins.cancel_objects.list()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"objects": [ENTRY, NOT_STARTED]}, ObjectList(objects=(CUBE, SECOND))),
        ({"objects": []}, ObjectList(objects=())),
        ({"ActiveID": 0}, ActiveObject(id=0)),
        ({"ActiveID": None}, ActiveObject(id=None)),
        ({"navBarActive": "None"}, None),
        ({"objects": "none"}, None),
    ],
)
def test_messages(data: dict[str, Any], message: object) -> None:
    assert parse_message(data) == message


@pytest.mark.parametrize(
    ("event", "payload", "message"),
    [
        ("object_list", {"object_list": [ENTRY]}, ObjectList(objects=(CUBE,))),
        ("object_cancelled", {"object_cancelled": ENTRY}, ObjectCancelled(object=CUBE)),
        ("current_object", {"current_object": ENTRY}, ActiveObject(id=0)),
        ("object_list", None, None),
        ("object_cancelled", {"object_cancelled": {}}, None),
        ("current_object", {"current_object": "Cube"}, None),
    ],
)
def test_events(event: str, payload: Any, message: object) -> None:
    assert parse_plugin_event(f"plugin_cancelobject_{event}", payload) == message
