"""The mesh of the bed."""

from ..api import BedMesh, bed_level_visualizer
from ..coordinator import OctoPrintCoordinator
from .checks import require_plugin
from .refusals import refusal


def get_bed_mesh(coordinator: OctoPrintCoordinator) -> BedMesh:
    """Return the mesh that was collected last, or raise that there is none."""
    require_plugin(coordinator, "get_bed_mesh", bed_level_visualizer.PLUGIN)
    if (mesh := coordinator.data.plugins.mesh) is None:
        raise refusal("mesh_unknown", coordinator.name)
    return mesh
