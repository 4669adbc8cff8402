"""DisplayLayerProgress: layers, heights and times of a print."""

from dataclasses import dataclass

from ..errors import OctoPrintPluginError
from ..parsing import Json, identifier, integer, mapping, percentage
from ..quantities import layers, position
from .parsing import loose_number
from .requests import PluginFamily

PLUGIN = "DisplayLayerProgress"

# Under its own name the plugin pushes pages for the interface, ten kilobytes a
# second of them; the values come under this one.
PUSH_NAME = "DisplayLayerProgress-websocket-payload"


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerProgress:
    """How far a print is in layers; None is what the plugin does not know.

    All of it stays as it was after a print until another one is selected, except the
    progress. A file that was there before the plugin has no layers.
    """

    layer: int | None
    """1 is the first."""

    total_layers: int | None
    height: float | None
    """Millimetres; the last Z that was sent, lifts between two moves included."""

    progress: int | None
    """Percent, 0 to 100."""

    path: str | None
    """The file within its storage."""


class DisplayLayerProgressApi(PluginFamily):
    """Calls of DisplayLayerProgress."""

    async def get(self) -> LayerProgress:
        """Return how far the print is (GET /plugin/DisplayLayerProgress/values)."""
        answer = await self._plugins.get_path(PLUGIN, "values")
        if not isinstance(answer, dict):
            raise OctoPrintPluginError("DisplayLayerProgress did not answer its values")
        return parse_values(answer)


def parse_values(answer: Json) -> LayerProgress:
    """Read the answer of /values, whose numbers are texts, "-" where there is none."""
    layer, height = mapping(answer.get("layer")), mapping(answer.get("height"))
    progress = mapping(answer.get("print"))
    return LayerProgress(
        layer=layers(loose_number(layer.get("current"))),
        total_layers=layers(loose_number(layer.get("total"))),
        height=position(loose_number(height.get("current"))),
        progress=_percentage(progress.get("progress")),
        path=_path(answer.get("currentFilename")),
    )


def parse_message(data: Json) -> LayerProgress | None:
    """Read what the plugin pushes as PUSH_NAME; its names differ from those of /values."""
    if "updateReason" not in data:
        return None
    layer = layers(loose_number(data.get("currentLayer")))
    total_layers = layers(loose_number(data.get("totalLayer")))
    if layer is not None and total_layers is not None and layer > total_layers + 1:
        # It counted what is no layer. With an offset its last one may be one too many.
        return None
    return LayerProgress(
        layer=layer,
        total_layers=total_layers,
        height=position(loose_number(data.get("currentHeight"))),
        progress=_percentage(data.get("progress")),
        path=_path(data.get("currentFilename")),
    )


def total_layers(entry: Json) -> int | None:
    """Return how many layers a file has, of its raw entry in GET /api/files."""
    metadata = mapping(entry.get("DisplayLayerProgress"))
    return layers(loose_number(metadata.get("totalLayerCountWithoutOffset")))


def _percentage(value: object) -> int | None:
    return integer(percentage(loose_number(value)))


def _path(value: object) -> str | None:
    return None if value == "-" else identifier(value)
