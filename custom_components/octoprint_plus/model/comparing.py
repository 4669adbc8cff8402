"""Comparing dataclasses but for what drifts: a field that is still to come counts by itself."""

from collections.abc import Callable
from dataclasses import fields
from operator import attrgetter


def all_but[T](kind: type[T], *drifting: str) -> Callable[[T], object]:
    """Return what reads all fields of a dataclass but some, to compare it."""
    names = {each.name for each in fields(kind) if each.compare}  # type: ignore[arg-type]
    if unknown := set(drifting) - names:
        raise AttributeError(f"{kind.__name__} has no {sorted(unknown)}")
    return attrgetter(*sorted(names.difference(drifting)))
