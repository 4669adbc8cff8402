"""What a printer answers to G-code, for a response."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
import re

from homeassistant.exceptions import HomeAssistantError
from homeassistant.util.json import JsonObjectType, JsonValueType

from ..api.errors import OctoPrintServerError
from ..api.firmware import (
    parse_firmware_info,
    parse_firmware_settings,
    parse_leveling,
    parse_temperatures,
)
from ..api.socket.terminal import (
    Answer,
    FirmwareSilentError,
    PrinterLostError,
    PrinterRestartedError,
    ask,
)
from ..const import DOMAIN
from ..coordinator import OctoPrintCoordinator

HALT = re.compile(r"^\s*M112\b", re.IGNORECASE | re.MULTILINE)
LEVELING = re.compile(r"G29\b|M420\b.*V")


async def async_ask(
    coordinator: OctoPrintCoordinator, lines: Sequence[str], timeout: float
) -> JsonObjectType:
    """Send G-code and return what the printer answers to each line."""
    async with sending(coordinator, lines, timeout):
        answers = await ask(coordinator.client, lines, timeout=timeout)
    return {"answers": [_answer(answer) for answer in answers]}


async def async_send(coordinator: OctoPrintCoordinator, lines: Sequence[str]) -> None:
    """Send G-code and wait for no answer."""
    async with sending(coordinator, lines):
        await coordinator.client.printer.send_gcode(lines)


@asynccontextmanager
async def sending(
    coordinator: OctoPrintCoordinator, lines: Sequence[str], timeout: float = 0
) -> AsyncIterator[None]:
    """Turn what follows from the G-code itself into errors that say so.

    No lines are those of a script, which only OctoPrint knows.
    """
    is_halting = any(map(HALT.search, lines))
    try:
        yield
    except PrinterRestartedError as err:
        raise _error("gcode_restarted", coordinator, command=err.command) from err
    except FirmwareSilentError as err:
        raise _error(
            "gcode_unanswered",
            coordinator,
            command=err.command,
            timeout=f"{timeout:g}",
        ) from err
    except PrinterLostError as err:
        if is_halting:
            raise _error("gcode_halted", coordinator) from err
        raise _error("gcode_disconnected", coordinator) from err
    except OctoPrintServerError as err:
        # So OctoPrint answers where the printer goes away between two lines.
        await coordinator.async_refresh()
        if is_halting:
            raise _error("gcode_halted", coordinator) from err
        if coordinator.last_update_success and not coordinator.data.is_connected:
            raise _error("gcode_interrupted", coordinator) from err
        raise


def _error(
    key: str, coordinator: OctoPrintCoordinator, **placeholders: str
) -> HomeAssistantError:
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"printer": coordinator.name, **placeholders},
    )


def _answer(answer: Answer) -> JsonObjectType:
    return {
        "command": answer.command,
        "lines": list(answer.lines),
        **_parsed(answer.command.split(maxsplit=1)[0].upper(), answer),
    }


def _parsed(code: str, answer: Answer) -> JsonObjectType:
    """Return what the lines say, where the command is one whose answer is known."""
    if code == "M105":
        return {"temperatures": _temperatures(answer.lines)}
    if code == "M115":
        return {"firmware": _firmware(answer.lines)}
    if code == "M503":
        return {"settings": _settings(answer.lines)}
    if LEVELING.match(answer.command.upper()):
        return {"leveling": _leveling(answer.lines)}
    return {}


def _temperatures(lines: Sequence[str]) -> JsonObjectType:
    return {
        name: {"actual": heater.actual, "target": heater.target}
        for name, heater in parse_temperatures(lines).items()
    }


def _firmware(lines: Sequence[str]) -> JsonObjectType | None:
    if (info := parse_firmware_info(lines)) is None:
        return None
    return {
        "name": info.name,
        "machine_type": info.machine_type,
        "extruder_count": info.extruder_count,
        "uuid": info.uuid,
        "capabilities": dict(info.capabilities),
    }


def _settings(lines: Sequence[str]) -> list[JsonValueType]:
    return [
        {
            "group": setting.group,
            "command": setting.command,
            "parameters": dict(setting.parameters),
        }
        for setting in parse_firmware_settings(lines)
    ]


def _leveling(lines: Sequence[str]) -> JsonObjectType:
    leveling = parse_leveling(lines)
    mesh = leveling.mesh
    return {
        "enabled": leveling.is_enabled,
        "fade_height": leveling.fade_height,
        "mesh": {
            "rows": [list(row) for row in mesh.rows],
            "minimum": mesh.minimum,
            "maximum": mesh.maximum,
            "range": mesh.range,
            "mean": mesh.mean,
            "deviation": mesh.deviation,
            "x_min": mesh.x_min,
            "x_max": mesh.x_max,
            "y_min": mesh.y_min,
            "y_max": mesh.y_max,
        }
        if mesh
        else None,
    }
