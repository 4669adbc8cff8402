"""The action that halts a printer."""

from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.exceptions import ServiceValidationError

from ..const import DOMAIN
from ..emergency import async_emergency_stop
from ..rights import NotPermittedError
from .target import TARGET_SCHEMA, async_get_coordinator


@callback
def async_setup_emergency_services(hass: HomeAssistant) -> None:
    """Register the action; everybody may stop a printer."""
    hass.services.async_register(
        DOMAIN, "emergency_stop", _async_emergency_stop, TARGET_SCHEMA
    )


async def _async_emergency_stop(call: ServiceCall) -> None:
    """Halt the printer at once; whatever keeps it from being sent, people are told what else does."""
    try:
        coordinator = await async_get_coordinator(call)
    except NotPermittedError as err:
        raise NotPermittedError(
            call.context, POLICY_CONTROL, "emergency_not_sent", error=str(err)
        ) from err
    except ServiceValidationError as err:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="emergency_not_sent",
            translation_placeholders={"error": str(err)},
        ) from err
    await async_emergency_stop(coordinator)
