"""What a printer answers to G-code, for a response."""

from collections.abc import Iterable, Sequence
import re

from homeassistant.util.json import JsonObjectType, JsonValueType

from ..api import (
    GcodeAnswer,
    parse_firmware_info,
    parse_firmware_settings,
    parse_leveling,
    parse_temperatures,
)

LEVELING = re.compile(r"G29\b|M420\b.*V")


def gcode_response(answers: Iterable[GcodeAnswer]) -> JsonObjectType:
    """Return what the printer answers to each line."""
    return {"answers": [_answer(answer) for answer in answers]}


def _answer(answer: GcodeAnswer) -> JsonObjectType:
    return {
        "command": answer.command,
        "lines": list(answer.lines),
        **_parsed(answer.command.split(maxsplit=1)[0].upper(), answer),
    }


def _parsed(code: str, answer: GcodeAnswer) -> JsonObjectType:
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
