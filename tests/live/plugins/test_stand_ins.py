"""Test the plugins of others, by stand-ins on a real OctoPrint.

Their packages are in no index, so each has a stand-in in scripts/lab/plugins that
answers as the plugin was recorded to.
"""

from time import monotonic

import aiohttp
import pytest
from yarl import URL

from custom_components.octoprint_plus.api import (
    OctoPrintClient,
    OctoPrintConflictError,
    OctoPrintNotFoundError,
    OctoPrintPermissionError,
    OctoPrintRequestError,
)
from custom_components.octoprint_plus.api.plugins import (
    bed_level_visualizer,
    cancel_objects,
    display_layer_progress,
    octolapse,
    psu_control,
    slicer_thumbnails,
    spool_manager,
    spoolman,
)
from scripts.lab import OctoPrintServer
from scripts.lab.octoprint_config import OPERATOR_KEY
from scripts.lab.sample_print import sample_print

from .pushed import PIXEL, THUMBNAIL, Pushed, set_plugin, upload

pytestmark = pytest.mark.live

OBJECTS = """\
; printing object Cube_1 id:0 copy 0
G1 X20 E1 F6000
; printing object Cube_2 id:1 copy 0
G1 X40 E1
"""


async def test_psu_control(
    client: OctoPrintClient,
    viewer: OctoPrintClient,
    pushed: Pushed,
) -> None:
    psu = client.plugins.psu_control
    settings = await psu.settings()
    assert settings.is_assumed
    assert await psu.get() == psu_control.PsuState(is_on=False)
    pushed.clear()
    assert await psu.turn_on() == psu_control.PsuState(is_on=True)
    await pushed.until(psu_control.PsuState(is_on=True))
    assert await viewer.plugins.psu_control.get() == psu_control.PsuState(is_on=True)
    with pytest.raises(OctoPrintPermissionError) as caught:
        await viewer.plugins.psu_control.turn_off()
    assert caught.value.permission == "PLUGIN_PSUCONTROL_CONTROL"
    pushed.clear()
    assert await psu.turn_off() == psu_control.PsuState(is_on=False)
    await pushed.until(psu_control.PsuState(is_on=False))

    # The plugin answers when its delay is over.
    await set_plugin(client, "psucontrol", postOnDelay=2)
    begin = monotonic()
    await psu.turn_on()
    assert monotonic() - begin > 2

    # It says nothing of a switch that did not work.
    await set_plugin(client, "psucontrol", switchingMethod="GPIO", sensingMethod="GPIO")
    assert await psu.turn_off() == psu_control.PsuState(is_on=True)
    await set_plugin(client, "psucontrol", switchingMethod="")
    with pytest.raises(OctoPrintConflictError):
        await psu.turn_off()


async def test_bed_level_visualizer(client: OctoPrintClient, pushed: Pushed) -> None:
    bed = client.plugins.bed_level_visualizer
    settings = await bed.settings()
    assert settings.commands == ("@BEDLEVELVISUALIZER", "G28", "G29 T")
    assert settings.stored_mesh is None
    await bed.start()
    collected = await pushed.one(bed_level_visualizer.MeshCollected)
    assert collected.mesh.range == pytest.approx(0.2)
    assert (collected.mesh.x_min, collected.mesh.y_max) == (0, 200)
    # It is told as an event, too.
    await pushed.one(bed_level_visualizer.MeshCollected)

    await set_plugin(client, "bedlevelvisualizer", command="")
    with pytest.raises(OctoPrintConflictError):
        await bed.start()
    await client.connection.disconnect()
    await set_plugin(client, "bedlevelvisualizer", command="G29")
    with pytest.raises(OctoPrintConflictError, match="not operational"):
        await bed.start()


async def test_cancel_objects(
    client: OctoPrintClient, server: OctoPrintServer, pushed: Pushed
) -> None:
    objects = client.plugins.cancel_objects
    assert await objects.list() == ()
    await upload(server, "objects.gcode", OBJECTS)
    await client.files.select("local", "objects.gcode")
    told = await pushed.one(cancel_objects.ObjectList)
    while not told.objects:
        told = await pushed.one(cancel_objects.ObjectList)
    assert [each.name for each in told.objects] == [
        "Cube_1 id:0 copy 0",
        "Cube_2 id:1 copy 0",
    ]
    await pushed.until(cancel_objects.ActiveObject(id=0))
    assert await objects.list() == told.objects
    await objects.cancel(1)
    cancelled = await pushed.one(cancel_objects.ObjectCancelled)
    assert cancelled.object.id == 1
    assert [each.is_cancelled for each in await objects.list()] == [False, True]
    with pytest.raises(OctoPrintNotFoundError):
        await objects.cancel(2)


async def test_files(
    client: OctoPrintClient,
    server: OctoPrintServer,
    session: aiohttp.ClientSession,
    pushed: Pushed,
) -> None:
    """Test what plugins add to files: the count of their layers, and a picture."""
    layers = client.plugins.display_layer_progress
    assert (await layers.get()).total_layers is None
    gcode = THUMBNAIL + ";LAYER:0\nG1 X20 E1 F6000\n;LAYER:1\nG1 X40 E1\n"
    await upload(server, "my part.gcode", gcode, path="sub dir/")
    entry = await server.request("GET", "/api/files/local/sub dir/my part.gcode")
    assert display_layer_progress.total_layers(entry) == 2
    await client.files.select("local", "sub dir/my part.gcode")
    told = await pushed.one(display_layer_progress.LayerProgress)
    assert (told.total_layers, told.layer) == (2, None)
    progress = await layers.get()
    assert (progress.total_layers, progress.path) == (2, "sub dir/my part.gcode")

    thumbnail = slicer_thumbnails.parse_thumbnail(entry)
    assert thumbnail == slicer_thumbnails.Thumbnail(
        path="plugin/prusaslicerthumbnails/thumbnail/sub%20dir/my%20part.png",
        version="20261121",
    )
    pictures = client.plugins.slicer_thumbnails
    picture = await pictures.get(thumbnail)
    assert (picture.content, picture.content_type) == (PIXEL, "image/png")
    missing = slicer_thumbnails.Thumbnail(path=thumbnail.path + "x")
    with pytest.raises(OctoPrintNotFoundError):
        await pictures.get(missing)
    await upload(server, "bare.gcode", OBJECTS)
    assert "bare.gcode" in await pictures.scan()
    operator = OctoPrintClient(session, URL(server.url), OPERATOR_KEY)
    with pytest.raises(OctoPrintPermissionError) as caught:
        await operator.plugins.slicer_thumbnails.scan()
    assert caught.value.permission == "PLUGIN_PRUSASLICERTHUMBNAILS_SCAN"


async def test_octolapse(viewer: OctoPrintClient) -> None:
    state = await viewer.plugins.octolapse.get()
    assert state.is_enabled
    assert state.version == "0.4.5"
    assert state.profiles == {"printer": "My printer", "stabilization": "Back"}
    assert state.status
    assert state.status.state is octolapse.OctolapseState.IDLE


async def test_spoolman(
    client: OctoPrintClient, server: OctoPrintServer, pushed: Pushed
) -> None:
    spools = client.plugins.spoolman
    first, second = await spools.list()
    assert (first.id, first.name, first.color) == (7, "Galaxy Black", "#3d3e3d")
    assert (second.name, second.remaining_weight) == ("PETG", None)
    assert await spools.selected() == {}
    assert await spools.is_enough() is None
    await spools.select(0, 7)
    await pushed.until(spoolman.SpoolSelected(tool=0, spool_id=7))
    assert await spools.selected() == {0: 7}
    with pytest.raises(OctoPrintNotFoundError):
        await spools.select(0, 9)
    assert await spools.selected() == {0: 7}

    await upload(server, "part.gcode", sample_print(10))
    await client.files.select("local", "part.gcode")
    (need,) = (await spools.requirements()).needs
    assert need.spool_id == 7
    assert need.weight
    assert await spools.is_enough() is True
    await spools.select(0, None)
    assert await spools.selected() == {}
    assert await spools.is_enough() is None

    await set_plugin(client, "Spoolman", spoolmanUrl="")
    with pytest.raises(OctoPrintRequestError, match="spoolman_api__instance_url_empty"):
        await spools.list()


async def test_spool_manager(
    client: OctoPrintClient, server: OctoPrintServer, pushed: Pushed
) -> None:
    manager = client.plugins.spool_manager
    found = await manager.list()
    assert [(each.id, each.remaining_weight) for each in found.spools] == [
        (1, 750),
        (2, 0.01),
    ]
    assert found.selected == ()
    await upload(server, "part.gcode", sample_print(20))
    await client.files.select("local", "part.gcode")
    await manager.select(0, 1)
    told = await pushed.one(spool_manager.FilamentChecked)
    while told.is_enough is not True:
        told = await pushed.one(spool_manager.FilamentChecked)
    await manager.select(0, 2)
    while told.is_enough is not False:
        told = await pushed.one(spool_manager.FilamentChecked)
    assert [each and each.id for each in (await manager.list()).selected] == [2]

    # An unknown id never reaches the plugin, which would hang.
    with pytest.raises(OctoPrintNotFoundError):
        await manager.select(0, 99)
    assert (await client.plugins.settings("SpoolManager"))["hangs"] == 0

    await client.job.start()
    await server.wait_state("Printing")
    with pytest.raises(OctoPrintConflictError):
        await manager.select(0, 1)
    await manager.select(0, 1, commit=True)
    await client.job.cancel()
    await server.wait_state("Operational")
    await manager.select(0, None)
    assert (await manager.list()).selected == (None,)
