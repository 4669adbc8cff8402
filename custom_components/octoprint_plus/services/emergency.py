"""The action that halts a printer."""

from typing import Any, override

from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.exceptions import ServiceValidationError

from ..commands.emergency import async_emergency_stop
from ..commands.rights import NotPermittedError
from ..const import DOMAIN
from .target import TARGET_SCHEMA, ActionSchema, async_get_coordinator


class EmergencySchema(ActionSchema):
    """A schema that tells people what else stops a printer where it refuses."""

    @override
    def __call__(self, data: Any) -> Any:
        """Return the data as it is used; raises ServiceValidationError."""
        try:
            return super().__call__(data)
        except ServiceValidationError as err:
            raise _not_sent(err) from err


@callback
def async_setup_emergency_services(hass: HomeAssistant) -> None:
    """Register the action; everybody may stop a printer."""
    hass.services.async_register(
        DOMAIN,
        "emergency_stop",
        _async_emergency_stop,
        EmergencySchema(TARGET_SCHEMA.schema),
    )


async def _async_emergency_stop(call: ServiceCall) -> None:
    """Halt the printer at once; where it is not even sent, people are told what else does."""
    try:
        coordinator = await async_get_coordinator(call)
    except NotPermittedError as err:
        raise NotPermittedError(
            call.context, POLICY_CONTROL, "emergency_not_sent", error=str(err)
        ) from err
    except ServiceValidationError as err:
        raise _not_sent(err) from err
    await async_emergency_stop(coordinator)


def _not_sent(err: ServiceValidationError) -> ServiceValidationError:
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key="emergency_not_sent",
        translation_placeholders={"error": str(err)},
    )
