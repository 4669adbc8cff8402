"""Slicing: the slicers that plugins bring, and their profiles."""

from dataclasses import dataclass

from .parsing import Json, flag, identifier, label, mapping, message, texts
from .permissions import Permission
from .transport import ApiFamily


@dataclass(frozen=True, kw_only=True, slots=True)
class SlicingProfile:
    """A profile of a slicer."""

    key: str
    name: str
    """As shown to people."""

    description: str | None
    default: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Slicer:
    """A slicer."""

    key: str
    name: str
    """As shown to people."""

    default: bool
    configured: bool
    """Whether it is ready to slice."""

    profiles: dict[str, SlicingProfile]
    """By key."""

    source_extensions: tuple[str, ...]
    """The endings of files that it slices, without the dot."""

    destination_extensions: tuple[str, ...]


class SlicingApi(ApiFamily):
    """Calls of the family slicing; files.slice does it."""

    async def list(self) -> dict[str, Slicer]:
        """Return the slicers by key (GET /api/slicing); mostly there is none."""
        answer = await self._transport.get(
            "api/slicing", is_kept=True, permission=Permission.SLICE
        )
        return {
            key: parse_slicer(key, each)
            for name, each in answer.items()
            if isinstance(each, dict) and (key := identifier(name))
        }


def parse_slicer(key: str, data: Json) -> Slicer:
    """Read a slicer."""
    extensions = mapping(data.get("extensions"))
    return Slicer(
        key=key,
        name=label(data.get("displayName")) or key,
        default=flag(data.get("default")),
        configured=flag(data.get("configured")),
        profiles={
            profile: SlicingProfile(
                key=profile,
                name=label(each.get("displayName")) or profile,
                description=message(each.get("description")),
                default=flag(each.get("default")),
            )
            for name, each in mapping(data.get("profiles")).items()
            if isinstance(each, dict) and (profile := identifier(name))
        },
        source_extensions=texts(extensions.get("source")),
        destination_extensions=texts(extensions.get("destination")),
    )
