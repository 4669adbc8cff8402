"""Tests of the commands for plugins: objects, spools, and whatever else there is."""

import pytest

from tests.api.plugins.test_cancel_objects import ENTRY, NOT_STARTED
from tests.api.plugins.test_spoolman import ENTRY as SPOOL
from tests.fake_octoprint import FakeOctoPrint
from tests.given import Refused
from tests.services.conftest import message

from .conftest import Call
from .stub import StubCoordinator

OBJECTS = "/api/plugin/cancelobject"
SPOOLS = "/plugin/Spoolman/spoolman/spools"


@pytest.fixture
async def plugins(fake: FakeOctoPrint, stub: StubCoordinator) -> None:
    """Give the server plugins for objects and spools."""
    settings = fake.json("GET", "/api/settings")
    settings["plugins"] |= {"cancelobject": {}, "Spoolman": {"selectedSpoolIds": {}}}
    fake.answer("GET", "/api/settings", json=settings)
    fake.answer("POST", OBJECTS, json={"list": [ENTRY, NOT_STARTED]})
    fake.answer("GET", SPOOLS, json={"data": {"spools": [SPOOL]}})
    fake.answer("POST", "/plugin/Spoolman/self/spool", json={"data": {}})
    await stub.reload()
    fake.clear()


@pytest.mark.usefixtures("plugins")
async def test_object_that_is_not_there(refused: Refused, fake: FakeOctoPrint) -> None:
    """An object that is not there, or there twice, is left alone."""
    # Asking for the list is a command to the plugin as well.
    key, placeholders = message(await refused("cancel_object", object="Boat", sent=1))
    assert key == "object_unknown"
    assert placeholders is not None
    assert "Cube_2" in placeholders["objects"]
    fake.answer("POST", OBJECTS, json={"list": [ENTRY, ENTRY | {"id": 5}]})
    error = await refused("cancel_object", object=ENTRY["object"], sent=1)
    assert message(error)[0] == "object_ambiguous"
    assert {data["command"] for _, data in fake.commands()} == {"objlist"}


@pytest.mark.usefixtures("plugins")
@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({"spool": 8}, "spool_unknown"),
        ({"spool": 7, "tool": 3}, "tool_unknown"),
        ({"spool": 7, "tool": -1}, "tool_unknown"),
    ],
)
async def test_spool_that_is_not_there(
    refused: Refused, data: dict[str, int], key: str
) -> None:
    """No number is sent that the plugin does not know."""
    assert message(await refused("select_spool", **data))[0] == key


@pytest.mark.usefixtures("plugins")
async def test_spool(call: Call, stub: StubCoordinator) -> None:
    """A spool that was selected is read again, as the plugin tells it late."""
    await call("select_spool", spool=7)
    assert stub.read_plugins == ["Spoolman"]


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("list_objects", {}),
        ("list_spools", {}),
        ("cancel_object", {"object": 1}),
        ("select_spool", {"spool": 1}),
        ("get_bed_mesh", {}),
        ("get_octolapse", {}),
        ("turn_off_psu", {}),
    ],
)
async def test_plugin_that_is_not_installed(
    refused: Refused, action: str, data: dict[str, int]
) -> None:
    """What only a plugin can do names the plugin that is missing."""
    assert message(await refused(action, **data))[0] == "plugin_not_installed"


async def test_plugin_that_does_not_permit_it(
    refused: Refused, fake: FakeOctoPrint
) -> None:
    """A permission that only the plugin knows is not made up."""
    fake.answer("POST", "/api/plugin/any", status=403, json={"error": "No"})
    error = await refused("plugin_command", plugin="any", command="do", sent=1)
    assert message(error)[0] == "command_not_permitted"


async def test_plugin_without_an_api(refused: Refused, fake: FakeOctoPrint) -> None:
    """A plugin that is not there is told as that."""
    fake.answer("POST", "/api/plugin/none", status=404)
    fake.answer("GET", "/api/plugin/none", status=404)
    error = await refused("plugin_command", plugin="none", command="do", sent=1)
    assert message(error)[0] == "plugin_without_api"


async def test_answer_without_secrets(call: Call, fake: FakeOctoPrint) -> None:
    """What a plugin answers has no secrets, whoever asks."""
    answer = {"user": {"api_key": fake.key, "name": "me"}}
    fake.answer("POST", "/api/plugin/any", json=answer)
    found = await call("plugin_command", plugin="any", command="whoami")
    assert found == {"user": {"name": "me"}}
