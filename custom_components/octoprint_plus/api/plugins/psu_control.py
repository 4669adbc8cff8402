"""PSU Control: the printer's power supply."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from ..errors import OctoPrintConflictError, OctoPrintPluginError
from ..parsing import Json, label, mapping
from ..permissions import Permission
from ..quantities import elapsed
from .parsing import loose_flag
from .requests import PluginFamily

type Check = Callable[[], Awaitable[None]]

PLUGIN = "psucontrol"

# The plugin answers a switch only when the delay that the user has set is over and
# the user's command has ended.
EXTRA_TIMEOUT = 10.0

# Seconds in which a sensor follows the switch, and between two looks at it. By default
# the plugin senses every 5 seconds.
SENSE_TIMEOUT = 6.0
SENSE_INTERVAL = 0.25


@dataclass(frozen=True, kw_only=True, slots=True)
class PsuState:
    """Whether the power supply is on, as far as the plugin knows."""

    is_on: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class PsuSettings:
    """How the plugin switches and senses."""

    switching_method: str | None
    """GCODE, GPIO, SYSTEM or PLUGIN; None where nothing can be switched."""

    sensing_method: str | None
    """INTERNAL, GPIO, SYSTEM or PLUGIN."""

    post_on_delay: float
    """Seconds for which switching on waits."""

    @property
    def is_assumed(self) -> bool:
        """Return whether nothing is sensed: the state is the last command's."""
        return self.sensing_method not in {"GPIO", "SYSTEM", "PLUGIN"}


class PsuControlApi(PluginFamily):
    """Calls of PSU Control.

    There is no toggle here: it is on or off that somebody wants.
    """

    async def settings(self) -> PsuSettings:
        """Return how the plugin is set up (GET /api/settings)."""
        return parse_settings(await self._plugins.settings(PLUGIN))

    async def get(self) -> PsuState:
        """Return whether the supply is on (GET /api/plugin/psucontrol)."""
        answer = await self._plugins.get(PLUGIN, permission=Permission.STATUS)
        if (state := parse_message(mapping(answer))) is None:
            raise OctoPrintPluginError(
                "PSU Control does not say whether the power is on"
            )
        return state

    async def turn_on(self) -> PsuState:
        """Switch the supply on and return what the plugin says afterwards."""
        return await self._switch("turnPSUOn", is_on=True)

    async def turn_off(self, check: Check | None = None) -> PsuState:
        """Switch the supply off and return what the plugin says afterwards.

        The plugin does so in the middle of a print, too, and with a hot nozzle, so `check`
        is called right before and may raise what forbids it.
        """
        return await self._switch("turnPSUOff", is_on=False, check=check)

    async def _switch(
        self, command: str, *, is_on: bool, check: Check | None = None
    ) -> PsuState:
        """Switch, and look whether it did: the plugin answers the same if it failed."""
        settings = await self.settings()
        if settings.switching_method is None:
            raise OctoPrintConflictError("PSU Control has no switching method")
        if check is not None:
            await check()
        await self._plugins.command(
            PLUGIN,
            command,
            permission=Permission.PLUGIN_PSUCONTROL_CONTROL,
            timeout=settings.post_on_delay + EXTRA_TIMEOUT,
        )
        waited = 0.0
        try:
            while (state := await self.get()).is_on != is_on and waited < SENSE_TIMEOUT:
                await asyncio.sleep(SENSE_INTERVAL)
                waited += SENSE_INTERVAL
        except OctoPrintPluginError as err:
            raise OctoPrintPluginError(
                "PSU Control took the command, but does not say whether the power is on"
            ) from err
        return state


def parse_settings(settings: Json) -> PsuSettings:
    """Read the plugin's part of the settings."""
    return PsuSettings(
        switching_method=label(settings.get("switchingMethod")),
        sensing_method=label(settings.get("sensingMethod")),
        post_on_delay=elapsed(settings.get("postOnDelay")) or 0.0,
    )


def parse_message(data: Json) -> PsuState | None:
    """Read what the plugin pushes, every few seconds even without a change."""
    is_on = loose_flag(data.get("isPSUOn"))
    return None if is_on is None else PsuState(is_on=is_on)


EVENTS: Mapping[str, Callable[[Json], PsuState | None]] = {
    # It is fired on a change only.
    "plugin_psucontrol_psu_state_changed": parse_message,
}
