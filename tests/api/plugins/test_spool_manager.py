"""Test SpoolManager: weights that are texts, and an id that would never come back."""

from typing import Any

import pytest

from custom_components.octoprint_plus.api import (
    OctoPrintClient,
    OctoPrintConflictError,
    OctoPrintConnectionError,
    OctoPrintNotFoundError,
)
from custom_components.octoprint_plus.api.plugins.spool_manager import (
    FilamentChecked,
    SpoolList,
    SpoolsChanged,
    parse_message,
)
from custom_components.octoprint_plus.api.plugins.spools import Need, Spool
from tests.fake_octoprint import FakeOctoPrint

LIST = "/plugin/SpoolManager/loadSpoolsByQuery"
SELECT = "/plugin/SpoolManager/selectSpool"
CHECK = "/plugin/SpoolManager/allowedToPrint"
ENTRY: dict[str, Any] = {
    "databaseId": 1,
    "displayName": "Black PLA",
    "vendor": "Prusament",
    "material": "PLA",
    "color": "#ff0000",
    "colorName": "red",
    "totalWeight": "1000.0",
    "usedWeight": "250.0",
    "remainingWeight": "750.0",
    "remainingPercentage": "75.0",
    "totalLength": 335000,
    "usedLength": None,
    "remainingLength": "",
    "firstUse": "21.11.2026 03:39",
    "labels": "[]",
    "isActive": True,
    "isTemplate": None,
}
SPOOL = Spool(
    id=1,
    name="Black PLA",
    material="PLA",
    vendor="Prusament",
    color="#ff0000",
    total_weight=1000,
    used_weight=250,
    remaining_weight=750,
    remaining_length=None,
)


def have(fake: FakeOctoPrint, *spools: Any, selected: Any = ()) -> None:
    answer = {"allSpools": spools, "selectedSpools": selected, "templateSpools": []}
    fake.answer("GET", LIST, json=answer)


def selections(fake: FakeOctoPrint) -> list[Any]:
    return [each.json for each in fake.requests if each.method == "PUT"]


async def test_list(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    have(fake, ENTRY, {"databaseId": None}, None, selected=[None, ENTRY])
    assert await client.plugins.spool_manager.list() == SpoolList(
        spools=(SPOOL,), selected=(None, SPOOL)
    )
    query = fake.requests[-1].query
    assert {"from", "to", "sortColumn", "sortOrder", "filterName"} <= query.keys()


@pytest.mark.parametrize("answer", [None, [], "x"])
async def test_list_junk(
    client: OctoPrintClient, fake: FakeOctoPrint, answer: Any
) -> None:
    fake.answer("GET", LIST, json=answer)
    with pytest.raises(OctoPrintConnectionError):
        await client.plugins.spool_manager.list()


async def test_select(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    have(fake, ENTRY)
    fake.answer("PUT", SELECT, json={"selectedSpool": ENTRY})
    await client.plugins.spool_manager.select(0, 1)
    await client.plugins.spool_manager.select(1, 1, commit=False)
    await client.plugins.spool_manager.select(0, None)
    assert selections(fake) == [
        {"databaseId": 1, "toolIndex": 0},
        {"databaseId": 1, "toolIndex": 1, "commitCurrentSpoolValues": False},
        {"databaseId": -1, "toolIndex": 0},
    ]


@pytest.mark.parametrize(("tool", "spool"), [(0, 99), (0, -1), (0, 2), (0, 3), (-1, 1)])
async def test_select_unknown(
    client: OctoPrintClient, fake: FakeOctoPrint, tool: int, spool: int
) -> None:
    """An unknown id keeps OctoPrint busy for ever."""
    have(
        fake,
        ENTRY,
        ENTRY | {"databaseId": 2, "isTemplate": True},
        ENTRY | {"databaseId": 3, "isActive": False},
    )
    with pytest.raises(OctoPrintNotFoundError):
        await client.plugins.spool_manager.select(tool, spool)
    assert selections(fake) == []


async def test_select_while_printing(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    have(fake, ENTRY)
    fake.answer("PUT", SELECT, status=409, body="<html>Conflict</html>")
    with pytest.raises(OctoPrintConflictError):
        await client.plugins.spool_manager.select(0, 1)


RESULT = {
    "toolIndex": 0,
    "requiredLength": 1200.5,
    "requiredWeight": 3,
    "remainingWeight": 750.0,
    "notEnough": False,
    "spoolSelected": True,
    "spoolName": "Black PLA",
}
CHECKED = {
    "action": "requiredFilamentChanged",
    "metaDataMissing": False,
    "warnUser": True,
    "attributesMissing": False,
    "notEnough": False,
    "detailedSpoolResult": [RESULT],
}


@pytest.mark.parametrize(
    ("change", "enough"),
    [
        ({}, True),
        ({"notEnough": True}, False),
        ({"metaDataMissing": True}, None),
        ({"attributesMissing": True}, None),
        ({"detailedSpoolResult": [RESULT | {"spoolSelected": False}]}, None),
        ({"detailedSpoolResult": []}, None),
    ],
)
def test_filament_checked(change: dict[str, Any], enough: bool | None) -> None:
    message = parse_message(CHECKED | change)
    assert isinstance(message, FilamentChecked)
    assert message.is_enough is enough


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            CHECKED,
            FilamentChecked(
                is_enough=True,
                needs=(Need(tool=0, spool_id=None, length=1200.5, weight=3),),
                spools=("Black PLA",),
            ),
        ),
        ({"action": "reloadTable"}, SpoolsChanged()),
        ({"action": "reloadTable and sidebarSpools"}, SpoolsChanged()),
        ({"action": "initalData"}, None),
        ({"action": "showPopUp", "title": "x"}, None),
        ({}, None),
        ({"action": ["x"]}, None),
    ],
)
def test_messages(data: dict[str, Any], message: object) -> None:
    assert parse_message(data) == message
