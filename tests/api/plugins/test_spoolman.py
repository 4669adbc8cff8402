"""Test Spoolman: selecting only what was listed, and whether it is enough."""

from typing import Any

import pytest

from custom_components.octoprint_plus.api import (
    OctoPrintClient,
    OctoPrintConnectionError,
    OctoPrintNotFoundError,
    OctoPrintRequestError,
)
from custom_components.octoprint_plus.api.plugins.messages import parse_plugin_event
from custom_components.octoprint_plus.api.plugins.spoolman import (
    JobRequirements,
    SpoolSelected,
    SpoolUsed,
)
from custom_components.octoprint_plus.api.plugins.spools import Need, Spool, is_enough
from tests.fake_octoprint import FakeOctoPrint

from .conftest import Install

SPOOLS = "/plugin/Spoolman/spoolman/spools"
SELECT = "/plugin/Spoolman/self/spool"
REQUIREMENTS = "/plugin/Spoolman/self/current-job-requirements"
ENTRY: dict[str, Any] = {
    "id": 7,
    "filament": {
        "id": 3,
        "name": "Galaxy Black",
        "vendor": {"id": 1, "name": "Prusament"},
        "material": "PLA",
        "density": 1.24,
        "diameter": 1.75,
        "weight": 1000.0,
        "color_hex": "3D3E3D",
    },
    "initial_weight": 1000.0,
    "remaining_weight": 744.5,
    "used_weight": 255.5,
    "remaining_length": 249612.3,
    "used_length": 85655.1,
    "archived": False,
}
SPOOL = Spool(
    id=7,
    name="Galaxy Black",
    material="PLA",
    vendor="Prusament",
    color="#3d3e3d",
    total_weight=1000,
    used_weight=255.5,
    remaining_weight=744.5,
    remaining_length=249612.3,
)
BARE = Spool(
    id=8,
    name="#8",
    material=None,
    vendor=None,
    color=None,
    total_weight=None,
    used_weight=None,
    remaining_weight=None,
    remaining_length=None,
)


def have(fake: FakeOctoPrint, *spools: Any) -> None:
    fake.answer("GET", SPOOLS, json={"data": {"spools": spools}})


def need(fake: FakeOctoPrint, tools: Any, is_available: bool = True) -> None:
    answer = {"isFilamentUsageAvailable": is_available, "tools": tools}
    fake.answer("GET", REQUIREMENTS, json={"data": answer})


async def test_list(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    """Spoolman leaves out what it does not know."""
    have(fake, ENTRY, {"id": 8}, {"id": None}, "spool")
    assert await client.plugins.spoolman.list() == (SPOOL, BARE)


async def test_names(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    filament = {"vendor": {"name": "Prusament"}, "material": "PETG"}
    have(fake, {"id": 1, "filament": filament, "archived": True})
    (spool,) = await client.plugins.spoolman.list()
    assert (spool.name, spool.is_usable) == ("Prusament PETG", False)


@pytest.mark.parametrize("answer", [None, [], {}, {"data": None}, {"data": []}])
async def test_list_junk(
    client: OctoPrintClient, fake: FakeOctoPrint, answer: Any
) -> None:
    fake.answer("GET", SPOOLS, json=answer)
    with pytest.raises(OctoPrintConnectionError):
        await client.plugins.spoolman.list()


async def test_server_gone(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    """The plugin says by a code why its own server does not answer."""
    error = {"error": {"code": "spoolman_api__connection_failed"}}
    fake.answer("GET", SPOOLS, status=400, json=error)
    with pytest.raises(OctoPrintRequestError, match="spoolman_api__connection_failed"):
        await client.plugins.spoolman.list()


async def test_selected(client: OctoPrintClient, install: Install) -> None:
    selected = {
        "0": {"spoolId": "7"},
        "1": {"spoolId": None},
        "None": {"spoolId": "3"},
        "2": "x",
    }
    install("Spoolman", {"selectedSpoolIds": selected, "spoolmanUrl": "http://x"})
    assert await client.plugins.spoolman.selected() == {0: 7}
    install("Spoolman", {"selectedSpoolIds": None})
    assert await client.plugins.spoolman.selected() == {}


async def test_select(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    have(fake, ENTRY)
    fake.answer("POST", SELECT, json={"data": {}})
    await client.plugins.spoolman.select(1, 7)
    assert fake.commands() == [(SELECT, {"toolIdx": 1, "spoolId": 7})]


async def test_deselect(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    """That works with Spoolman's own server gone, too."""
    fake.answer("POST", SELECT, json={"data": {}})
    await client.plugins.spoolman.select(0, None)
    assert fake.commands() == [(SELECT, {"toolIdx": 0, "spoolId": None})]


@pytest.mark.parametrize(("tool", "spool"), [(0, 6), (0, 9), (-1, 7)])
async def test_select_unknown(
    client: OctoPrintClient, fake: FakeOctoPrint, tool: int, spool: int
) -> None:
    """The plugin would take anything."""
    have(fake, ENTRY, ENTRY | {"id": 9, "archived": True})
    with pytest.raises(OctoPrintNotFoundError):
        await client.plugins.spoolman.select(tool, spool)
    assert fake.commands() == []


async def test_requirements(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    need(fake, {"0": {"spoolId": 7, "filamentLength": 72.0, "filamentWeight": 0.2147}})
    assert await client.plugins.spoolman.requirements() == JobRequirements(
        is_available=True,
        needs=(Need(tool=0, spool_id=7, length=72.0, weight=0.2147),),
    )
    need(fake, {}, is_available=False)
    assert await client.plugins.spoolman.requirements() == JobRequirements(
        is_available=False, needs=()
    )


@pytest.mark.parametrize(
    ("tools", "enough"),
    [
        ({"0": {"spoolId": 7, "filamentWeight": 744}}, True),
        ({"0": {"spoolId": 7, "filamentWeight": 745}}, False),
        ({"0": {"spoolId": "7", "filamentLength": 1000}}, True),
        ({"0": {"spoolId": None, "filamentWeight": 1}}, None),
        ({"0": {"spoolId": 8, "filamentWeight": 1}}, None),
        ({}, None),
    ],
)
async def test_is_enough(
    client: OctoPrintClient, fake: FakeOctoPrint, tools: Any, enough: bool | None
) -> None:
    have(fake, ENTRY, {"id": 8})
    need(fake, tools)
    assert await client.plugins.spoolman.is_enough() is enough


def on(tool: int, spool: int | None, grams: float | None) -> Need:
    return Need(tool=tool, spool_id=spool, length=None, weight=grams)


@pytest.mark.parametrize(
    ("needs", "enough"),
    [
        ([on(0, 7, 400), on(1, 7, 400)], False),
        ([on(0, 7, 400), on(1, None, 0)], True),
        ([on(0, 7, 400), on(1, None, 10)], None),
        ([on(0, 7, 800), on(1, None, 10)], False),
        ([on(0, None, None)], None),
    ],
)
def test_several_tools(needs: list[Need], enough: bool | None) -> None:
    """Two tools may share a spool; what is too little is too little whatever else."""
    assert is_enough(needs, (SPOOL, BARE)) is enough


@pytest.mark.parametrize(
    ("event", "payload", "message"),
    [
        (
            "selected",
            {"toolIdx": 0, "spoolId": "7"},
            SpoolSelected(tool=0, spool_id=7),
        ),
        (
            "selected",
            {"toolIdx": 0, "spoolId": None},
            SpoolSelected(tool=0, spool_id=None),
        ),
        (
            "usage_committed",
            {"toolIdx": 0, "spoolId": "7", "extrusionLength": 72.5},
            SpoolUsed(tool=0, spool_id=7, length=72.5),
        ),
        ("selected", {}, None),
        ("usage_committed", None, None),
        ("usage_error", {"code": "spoolman_api__spool_not_found"}, None),
    ],
)
def test_events(event: str, payload: Any, message: object) -> None:
    assert parse_plugin_event(f"plugin_Spoolman_spool_{event}", payload) == message
