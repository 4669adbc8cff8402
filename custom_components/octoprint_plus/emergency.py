"""The emergency stop, and what is done instead where it cannot be sent."""

import asyncio

from homeassistant.exceptions import HomeAssistantError

from .api import OctoPrintConflictError, OctoPrintError
from .const import DOMAIN
from .coordinator import OctoPrintCoordinator
from .heater import known_heaters
from .helpers import octoprint_command, refusal

EMERGENCY_STOP = "M112"


async def async_emergency_stop(coordinator: OctoPrintCoordinator, label: str) -> None:
    """Halt the printer at once, else cancel the print and switch the heaters off.

    Nothing is read or checked before.
    """
    async with octoprint_command(coordinator, label):
        try:
            await coordinator.client.printer.send_gcode([EMERGENCY_STOP])
        except OctoPrintError as err:
            await _async_do_instead(coordinator, err)


async def _async_do_instead(
    coordinator: OctoPrintCoordinator, err: OctoPrintError
) -> None:
    """Stop what can be stopped another way, and say what was done."""
    client = coordinator.client
    heaters = [heater.name for heater in known_heaters(coordinator.data)]
    done, failed = [], []
    results = await asyncio.gather(
        client.job.cancel(),
        *(client.printer.set_target(heater, 0) for heater in heaters),
        return_exceptions=True,
    )
    for name, result in zip(("cancel", *heaters), results, strict=True):
        if not isinstance(result, BaseException):
            done.append(name)
        elif isinstance(result, OctoPrintError):
            failed.append(name)
        else:
            raise result
    if done:
        await coordinator.async_request_refresh()
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="emergency_instead",
            translation_placeholders={
                "done": ", ".join(done),
                "error": str(err),
                "failed": ", ".join(failed) or "-",
                "printer": coordinator.name,
            },
        ) from err
    if isinstance(err, OctoPrintConflictError):
        await coordinator.async_request_refresh()
        raise refusal("emergency_offline", coordinator.name) from err
    raise err
