"""The select of how prints are recorded."""

from collections.abc import Iterable
from typing import override

from homeassistant.components.select import SelectEntity, SelectEntityDescription

from .api import Snapshot
from .api.timelapse import OFF
from .entity import OctoPrintControlEntity
from .helpers import octoprint_command
from .sensor_description import MAX_STATE_LENGTH
from .timelapse import PERMISSIONS, TYPES, async_set_timelapse

TIMELAPSE = SelectEntityDescription(
    key="timelapse",
    translation_key="timelapse",
)


def describe_timelapse(snapshot: Snapshot) -> Iterable[SelectEntityDescription]:
    """Yield the selects that the key may use."""
    if snapshot.server.timelapse and all(map(snapshot.server.user.may, PERMISSIONS)):
        yield TIMELAPSE


class OctoPrintTimelapseSelect(OctoPrintControlEntity, SelectEntity):
    """Defines the select of how prints are recorded."""

    @property
    @override
    def available(self) -> bool:
        """Return whether timelapses are switched on, and the key may set them."""
        return (
            super().available
            and self.snapshot.server.timelapse is not None
            and all(map(self.coordinator.may, PERMISSIONS))
        )

    @property
    @override
    def current_option(self) -> str | None:
        """Return how prints are recorded."""
        config = self.snapshot.server.timelapse
        return config.type[:MAX_STATE_LENGTH] if config else None

    @property
    @override
    def options(self) -> list[str]:
        """Return the ways of recording, and the one in use where a plugin brought it."""
        return list(dict.fromkeys((*TYPES, self.current_option or OFF)))

    @override
    async def async_select_option(self, option: str) -> None:
        """Record prints like that from now on, with what else was set."""
        async with octoprint_command(self.coordinator, self.label):
            await async_set_timelapse(self.coordinator, option, {})

    @override
    def shows(self) -> object:
        """Return all that the state is made of."""
        return self.current_option, self.options
