"""Tests of the commands for plugins: objects, spools, and whatever else there is."""

import pytest

from custom_components.octoprint_plus.commands.prompt import async_answer_prompt
from homeassistant.exceptions import ServiceValidationError
from tests.api.plugins.test_cancel_objects import ENTRY, NOT_STARTED
from tests.api.plugins.test_spool_manager import (
    ENTRY as MANAGED,
    LIST as MANAGED_SPOOLS,
    SELECT as MANAGED_SPOOL,
)
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


@pytest.fixture
async def managed(fake: FakeOctoPrint, stub: StubCoordinator) -> None:
    """Give the server the other plugin that keeps account of spools."""
    settings = fake.json("GET", "/api/settings")
    settings["plugins"] |= {"SpoolManager": {}}
    fake.answer("GET", "/api/settings", json=settings)
    spools = {"allSpools": [MANAGED], "selectedSpools": [MANAGED]}
    fake.answer("GET", MANAGED_SPOOLS, json=spools)
    fake.answer("PUT", MANAGED_SPOOL, json={})
    await stub.reload()
    fake.clear()


@pytest.mark.usefixtures("managed")
async def test_managed_spools(call: Call, fake: FakeOctoPrint) -> None:
    """Spools are the same, whichever plugin keeps account of them."""
    found = await call("list_spools")
    assert (found.plugin, found.selected) == ("SpoolManager", {0: 1})
    assert [each.name for each in found.spools] == ["Black PLA"]
    await call("select_spool", spool=1)
    assert fake.commands() == [(MANAGED_SPOOL, {"databaseId": 1, "toolIndex": 0})]


@pytest.mark.usefixtures("managed")
async def test_managed_spool_during_a_print(
    call: Call, refused: Refused, fake: FakeOctoPrint, stub: StubCoordinator
) -> None:
    """What was used so far is booked on the spool before, or not, but never by chance."""
    fake.load("printing_local")
    await stub.async_refresh()
    error = await refused("select_spool", spool=1)
    assert message(error)[0] == "spool_commit_missing"
    await call("select_spool", spool=1, commit=True)
    [(_, sent)] = fake.commands()
    assert sent["commitCurrentSpoolValues"] is True


async def test_no_question(stub: StubCoordinator, fake: FakeOctoPrint) -> None:
    """Where the printer asks nothing, nothing is answered."""
    with pytest.raises(ServiceValidationError) as raised:
        await async_answer_prompt(stub.typed, "Yes", "Answer")
    assert message(raised.value) == (
        "button_not_offered",
        {"command": "Answer", "printer": "Prusa"},
    )
    assert fake.commands() == []


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
