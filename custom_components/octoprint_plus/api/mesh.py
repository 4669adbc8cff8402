"""Mesh: the heights of a bed as the printer measured them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import fsum, sqrt

# No bed is out of level by a metre; a height beyond it is a fault in the report.
MAX_HEIGHT = 1000.0

type Rows = tuple[tuple[float | None, ...], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class BedMesh:
    """The heights of a bed, in millimetres above (or, negative, below) level."""

    rows: Rows
    """From the front to the back, each from the left to the right.

    All rows have the same length. None is a point that was not measured, such as
    the corners around a round bed; at least one point was.
    """

    x_min: float | None = None
    """Millimetres; where the first column is, as far as it was told."""

    x_max: float | None = None
    y_min: float | None = None
    """Millimetres; where the first row is."""

    y_max: float | None = None
    time: datetime | None = None
    """When it was collected; None where nobody told."""

    @property
    def heights(self) -> tuple[float, ...]:
        """Return the points that were measured."""
        return tuple(
            height for row in self.rows for height in row if height is not None
        )

    @property
    def minimum(self) -> float:
        """Return the lowest point."""
        return min(self.heights)

    @property
    def maximum(self) -> float:
        """Return the highest point."""
        return max(self.heights)

    @property
    def range(self) -> float:
        """Return the difference between the highest and the lowest point."""
        heights = self.heights
        return max(heights) - min(heights)

    @property
    def mean(self) -> float:
        """Return the average height."""
        heights = self.heights
        return fsum(heights) / len(heights)

    @property
    def deviation(self) -> float:
        """Return the standard deviation of the points from their average."""
        heights, mean = self.heights, self.mean
        return sqrt(fsum((height - mean) ** 2 for height in heights) / len(heights))


def mesh_rows(rows: Iterable[Sequence[float | None]]) -> Rows | None:
    """Return rows that make a mesh, None where they make none.

    A row that is too short or too long has lost or gained points on its way, and
    nobody knows which: then the whole of it is worth nothing.
    """
    found = tuple(tuple(map(_height, row)) for row in rows)
    if not found or any(len(row) != len(found[0]) for row in found):
        return None
    if all(height is None for row in found for height in row):
        return None
    return found


def _height(value: float | None) -> float | None:
    return value if value is not None and abs(value) < MAX_HEIGHT else None
