"""The translated errors of commands: what is wrong, and what to do about it."""

from math import isfinite

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from ..api import MAX_GCODE_LINE, PlaceholderError, State, UnsafeLineError
from ..const import DOMAIN
from ..coordinator import OctoPrintCoordinator


def refusal(key: str, printer: str, **placeholders: str) -> ServiceValidationError:
    """Return the translated error for what a user asked and could ask otherwise."""
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"printer": printer, **placeholders},
    )


def busy_refusal(
    key: str, coordinator: OctoPrintCoordinator, **placeholders: str
) -> ServiceValidationError:
    """Return the translated error for a printer that has a print under way, or may have."""
    snapshot = coordinator.data
    if snapshot.state is State.OTHER:
        return refusal("state_unknown", coordinator.name, state=snapshot.job.state)
    return refusal(key, coordinator.name, **placeholders)


def require_number(value: float, coordinator: OctoPrintCoordinator, label: str) -> None:
    """Raise an error for a value that is no number, which Home Assistant lets pass."""
    if not isfinite(value):
        raise refusal("not_a_number", coordinator.name, entity=label, value=str(value))


def gcode_refusal(
    err: PlaceholderError | UnsafeLineError, printer: str
) -> ServiceValidationError:
    """Return the translated error for G-code that is not sent."""
    if isinstance(err, UnsafeLineError):
        return refusal(
            f"gcode_unsafe_{err.reason}",
            printer,
            line=err.line,
            length=str(len(err.line)),
            limit=str(MAX_GCODE_LINE),
        )
    placeholders = {"parameter": err.name, "placeholder": err.placeholder}
    if err.value is None:
        return refusal("gcode_parameter_missing", printer, **placeholders)
    return refusal("gcode_parameter_invalid", printer, value=err.value, **placeholders)


def failure(
    key: str, coordinator: OctoPrintCoordinator, **placeholders: str
) -> HomeAssistantError:
    """Return the translated error for what failed though it was asked rightly."""
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"printer": coordinator.name, **placeholders},
    )


def printer_busy(
    coordinator: OctoPrintCoordinator, command: str
) -> ServiceValidationError:
    """Return the error for a printer that prints, or gets a file."""
    file = coordinator.file
    return busy_refusal(
        "printer_busy", coordinator, command=command, file=file.name if file else "-"
    )


def printer_offline(
    coordinator: OctoPrintCoordinator, command: str
) -> ServiceValidationError:
    """Return the error for a printer that is not connected to OctoPrint."""
    return refusal("printer_offline", coordinator.name, command=command)
