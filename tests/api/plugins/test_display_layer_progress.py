"""Test DisplayLayerProgress: numbers that are texts, and dashes that are none."""

from typing import Any

import pytest

from custom_components.octoprint_plus.api import OctoPrintClient, OctoPrintPluginError
from custom_components.octoprint_plus.api.plugins.display_layer_progress import (
    LayerProgress,
    parse_message,
    parse_values,
    total_layers,
)
from tests.fake_octoprint import FakeOctoPrint

PATH = "/plugin/DisplayLayerProgress/values"
VALUES: dict[str, Any] = {
    "currentFilename": "my part.gcode",
    "fanSpeed": "-",
    "feedrate": "1500",
    "feedrateG0": "-",
    "feedrateG1": "1500",
    "height": {
        "current": "1.20",
        "currentFormatted": "1.2",
        "total": "1.2",
        "totalFormatted": "1.2",
    },
    "layer": {
        "current": "6",
        "total": "6",
        "averageLayerDuration": "0h:00m:04s",
        "averageLayerDurationInSeconds": 4,
        "lastLayerDuration": "0h:00m:05s",
        "lastLayerDurationInSeconds": 5,
    },
    "print": {
        "printerState": "printing",
        "progress": "88",
        "m73progress": "",
        "timeLeft": "3s",
        "timeLeftInSeconds": 3,
        "estimatedEndTime": "03:43",
        "changeFilamentCount": 0,
        "changeFilamentTimeLeft": "-",
        "changeFilamentTimeLeftInSeconds": 0,
        "estimatedChangedFilamentTime": "-",
    },
}
PROGRESS = LayerProgress(
    layer=6,
    total_layers=6,
    height=1.2,
    progress=88,
    path="my part.gcode",
)
NOTHING = LayerProgress(
    layer=None,
    total_layers=None,
    height=None,
    progress=None,
    path=None,
)


async def test_get(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    fake.answer("GET", PATH, json=VALUES)
    assert await client.plugins.display_layer_progress.get() == PROGRESS


@pytest.mark.parametrize("answer", [None, [], "-", 1])
async def test_get_junk(
    client: OctoPrintClient, fake: FakeOctoPrint, answer: Any
) -> None:
    fake.answer("GET", PATH, json=answer)
    with pytest.raises(OctoPrintPluginError):
        await client.plugins.display_layer_progress.get()


def dashed(value: Any) -> Any:
    """Return the values as they are before the first print."""
    if isinstance(value, dict):
        return {key: dashed(item) for key, item in value.items()}
    return "-"


def test_nothing_known() -> None:
    assert parse_values(dashed(VALUES)) == NOTHING
    assert parse_values({}) == NOTHING


def test_message() -> None:
    """The socket's names for the same values differ."""
    message = {
        "updateReason": "layerChanged",
        "totalLayer": "6",
        "currentLayer": "6",
        "currentHeight": "1.20",
        "totalHeight": "1.2",
        "lastLayerDurationInSeconds": 5,
        "averageLayerDurationInSeconds": 4,
        "feedrate": "1500",
        "fanspeed": "-",
        "progress": "88",
        "m73progress": "",
        "printTimeLeftInSeconds": 3,
        "printerState": "printing",
        "estimatedEndTime": "03:43",
        "changeFilamentCount": 0,
        "currentFilename": "my part.gcode",
    }
    assert parse_message(message) == PROGRESS
    assert parse_message({"updateReason": "timerTrigger"}) == NOTHING
    assert parse_message({"stateMessage": "<b>x</b>"}) is None


def test_total_layers() -> None:
    entry = {"DisplayLayerProgress": {"totalLayerCountWithoutOffset": "6"}}
    assert total_layers(entry) == 6
    assert total_layers({}) is None
    assert total_layers({"DisplayLayerProgress": {}}) is None
