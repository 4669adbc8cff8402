"""Printer: temperatures, state flags, errors, and the commands that move or heat."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
import re
from typing import Any

from . import quantities
from .controls import Control, ControlGroup, parse_controls
from .errors import OctoPrintNotFoundError, OctoPrintRequestError
from .gcode import gcode_lines, plain_values
from .parsing import Json, flag, label, mapping, members, message, text
from .permissions import Permission
from .transport import ApiFamily

ENDPOINT = "api/printer"

FAQ = re.compile(r"[A-Za-z0-9-]+")
FAQ_URL = "https://faq.octoprint.org/"

# More than any firmware reports.
MAX_HEATERS = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Heater:
    """One heater or sensor, in degrees Celsius."""

    actual: float | None
    target: float | None
    """0 is off; None where the firmware does not report it, which is not off."""

    offset: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Flags:
    """OctoPrint's flags of the printer's state."""

    printing: bool = False
    """Also true while starting, pausing, resuming, cancelling and finishing."""

    paused: bool = False
    pausing: bool = False
    resuming: bool = False
    cancelling: bool = False
    finishing: bool = False
    error: bool = False
    closed_or_error: bool = False
    ready: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class PrinterState:
    """What the printer itself tells while it is connected."""

    text: str | None
    error: str | None
    flags: Flags
    sd_ready: bool | None
    """None where SD support is switched off."""

    heaters: Mapping[str, Heater] = field(default_factory=dict)
    """By OctoPrint's names: tool0, tool1, bed, chamber, and whatever else is reported."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PrinterError:
    """The last error in OctoPrint's words (from OctoPrint 1.10 on)."""

    error: str
    reason: str | None
    """For example firmware, resend_loop or timeout."""

    consequence: str | None
    """For example emergency, disconnect or cancel."""

    faq_url: str | None
    """A page that explains the error."""


class PrinterApi(ApiFamily):
    """Calls of the family printer."""

    async def get(self) -> PrinterState:
        """Return the printer's state (GET /api/printer).

        Raises OctoPrintConflictError while the printer is not connected, which is
        a normal state.
        """
        return parse_printer(
            await self._transport.get(ENDPOINT, permission=Permission.STATUS)
        )

    async def error(self) -> PrinterError | None:
        """Return the last error (GET /api/printer/error), None where there is none."""
        try:
            answer = await self._transport.get(
                f"{ENDPOINT}/error", permission=Permission.STATUS
            )
        except OctoPrintNotFoundError:
            # Before 1.10 there is no such path.
            return None
        return parse_error(answer)

    async def set_tool_target(self, tool: int, target: float) -> None:
        """Heat a tool to degrees Celsius, 0 for off (POST /api/printer/tool).

        A number that the printer's profile does not have heats its only hotend.
        """
        await self._post(
            "tool", {"command": "target", "targets": {f"tool{tool}": target}}
        )

    async def set_bed_target(self, target: float) -> None:
        """Heat the bed to degrees Celsius, 0 for off (POST /api/printer/bed)."""
        await self._post("bed", {"command": "target", "target": target})

    async def set_chamber_target(self, target: float) -> None:
        """Heat the chamber to degrees Celsius, 0 for off (POST /api/printer/chamber)."""
        await self._post("chamber", {"command": "target", "target": target})

    async def set_target(self, heater: str, target: float) -> None:
        """Heat a heater by OctoPrint's name for it, in degrees Celsius."""
        if heater == "bed":
            await self.set_bed_target(target)
        elif heater == "chamber":
            await self.set_chamber_target(target)
        else:
            await self.set_tool_target(int(heater.removeprefix("tool")), target)

    async def set_tool_offset(self, tool: int, offset: float) -> None:
        """Add degrees Celsius to what files heat a tool to (POST /api/printer/tool).

        Offsets are -50 to 50, else OctoPrintRequestError; 0 is none. They count for the
        targets in files that OctoPrint sends, from the next one on, and for no others.
        """
        await self._post(
            "tool", {"command": "offset", "offsets": {f"tool{tool}": offset}}
        )

    async def set_bed_offset(self, offset: float) -> None:
        """Add degrees Celsius to what files heat the bed to (POST /api/printer/bed)."""
        await self._post("bed", {"command": "offset", "offset": offset})

    async def set_chamber_offset(self, offset: float) -> None:
        """Add degrees Celsius to what files heat the chamber to (POST /api/printer/chamber).

        Up to OctoPrint 1.10 it is kept and has no effect.
        """
        await self._post("chamber", {"command": "offset", "offset": offset})

    async def set_offset(self, heater: str, offset: float) -> None:
        """Set the offset of a heater by OctoPrint's name for it."""
        if heater == "bed":
            await self.set_bed_offset(offset)
        elif heater == "chamber":
            await self.set_chamber_offset(offset)
        else:
            await self.set_tool_offset(int(heater.removeprefix("tool")), offset)

    async def select_tool(self, tool: int) -> None:
        """Make a tool the active one (POST /api/printer/tool)."""
        await self._post("tool", {"command": "select", "tool": f"tool{tool}"})

    async def extrude(self, amount: float, speed: float | None = None) -> None:
        """Extrude millimetres with the active tool, negative to retract.

        POST /api/printer/tool; the speed is in mm/min, by default the profile's.
        """
        data: dict[str, Any] = {"command": "extrude", "amount": amount}
        if speed is not None:
            data["speed"] = speed
        await self._post("tool", data)

    async def set_flow_rate(self, percent: float) -> None:
        """Set how much is extruded, in percent, 1 or more (POST /api/printer/tool).

        No printer tells it back.
        """
        await self._post("tool", {"command": "flowrate", "factor": _factor(percent)})

    async def jog(
        self,
        axes: Mapping[str, float],
        *,
        absolute: bool = False,
        speed: float | None = None,
    ) -> None:
        """Move the print head by, or with `absolute` to, millimetres on x, y and z.

        POST /api/printer/printhead; the speed is in mm/min, by default the profile's.
        """
        data: dict[str, Any] = {"command": "jog", **axes, "absolute": absolute}
        if speed is not None:
            data["speed"] = speed
        await self._post("printhead", data)

    async def home(self, axes: Sequence[str]) -> None:
        """Home the axes x, y and z that are named (POST /api/printer/printhead)."""
        await self._post("printhead", {"command": "home", "axes": list(axes)})

    async def set_feed_rate(self, percent: float) -> None:
        """Set how fast the printer moves, in percent, 1 or more.

        POST /api/printer/printhead; no printer tells it back.
        """
        await self._post(
            "printhead", {"command": "feedrate", "factor": _factor(percent)}
        )

    async def sd_init(self) -> None:
        """Initialise the SD card (POST /api/printer/sd).

        As the two below it raises OctoPrintConflictError while the printer is busy,
        paused or not connected, and OctoPrintNotFoundError without SD support.
        """
        await self._post("sd", {"command": "init"})

    async def sd_refresh(self) -> None:
        """Read the list of the SD card's files anew (POST /api/printer/sd)."""
        await self._post("sd", {"command": "refresh"})

    async def sd_release(self) -> None:
        """Release the SD card, so that it can be taken out (POST /api/printer/sd)."""
        await self._post("sd", {"command": "release"})

    async def send_gcode(
        self, commands: Sequence[str], parameters: Json | None = None
    ) -> None:
        """Queue lines of G-code (POST /api/printer/command).

        Parameters fill placeholders such as `%(temperature)d` in the lines. Raises
        PlaceholderError where they do not, and UnsafeLineError for a line that the
        printer would take for something else; then nothing is sent.
        """
        await self._post("command", {"commands": gcode_lines(commands, parameters)})

    async def run_script(
        self,
        name: str,
        *,
        parameters: Json | None = None,
        context: Json | None = None,
    ) -> None:
        """Queue one of OctoPrint's G-code scripts by name (POST /api/printer/command).

        For example afterPrintPaused. The script's template sees `parameters` and
        `context` under these names. Raises OctoPrintNotFoundError for an unknown
        script, and for one that asks for what it is not given.
        """
        data: dict[str, Any] = {"script": name}
        if parameters:
            data["parameters"] = plain_values(parameters)
        if context:
            data["context"] = plain_values(context)
        await self._post("command", data)

    async def controls(self) -> ControlGroup:
        """Return the user's own controls (GET /api/printer/command/custom).

        OctoPrint 2 adds those of the printer's, and leaves out what is incomplete, for
        example an input without a default.
        """
        return parse_controls(
            await self._transport.get(
                f"{ENDPOINT}/command/custom", permission=Permission.CONTROL
            )
        )

    async def run_control(
        self, control: Control, parameters: Json | None = None
    ) -> None:
        """Do what pressing a control does, with values for its inputs by parameter.

        What is not given is as the control has it. Raises OctoPrintRequestError for
        a control that only a browser can run.
        """
        if not control.is_runnable:
            raise OctoPrintRequestError(f"{control.name!r} only works in a browser")
        values = {
            each.parameter: each.default
            for each in control.inputs
            if each.default is not None
        } | dict(parameters or {})
        if control.script and not control.commands:
            await self.run_script(control.script, parameters=values)
        else:
            await self.send_gcode(control.commands, values)

    async def _post(self, path: str, data: Json) -> None:
        await self._transport.post(
            f"{ENDPOINT}/{path}", data, permission=Permission.CONTROL
        )


def _factor(percent: float) -> int:
    """Return whole percents: a number with a point would be taken as a ratio."""
    try:
        return round(percent)
    except (OverflowError, ValueError) as err:
        raise OctoPrintRequestError(f"{percent} is no percentage") from err


def parse_printer(answer: Json) -> PrinterState:
    """Read the answer of GET /api/printer."""
    state = mapping(answer.get("state"))
    flags = mapping(state.get("flags"))
    sd = answer.get("sd")
    return PrinterState(
        text=label(state.get("text")),
        error=message(state.get("error")),
        flags=parse_flags(flags),
        sd_ready=flag(mapping(sd).get("ready")) if sd is not None else None,
        heaters=parse_heaters(mapping(answer.get("temperature"))),
    )


def parse_flags(flags: Json) -> Flags:
    """Read the flags of a state."""
    return Flags(
        printing=flag(flags.get("printing")),
        paused=flag(flags.get("paused")),
        pausing=flag(flags.get("pausing")),
        resuming=flag(flags.get("resuming")),
        cancelling=flag(flags.get("cancelling")),
        finishing=flag(flags.get("finishing")),
        error=flag(flags.get("error")),
        closed_or_error=flag(flags.get("closedOrError")),
        ready=flag(flags.get("ready")),
    )


def parse_heaters(temperature: Json, offsets: Json | None = None) -> dict[str, Heater]:
    """Read the temperatures; what is not an object (a history, a time) is no heater.

    The socket tells the offsets apart from the temperatures, and only those that
    are not 0.
    """
    return {
        name: Heater(
            actual=quantities.temperature(values.get("actual")),
            target=quantities.target(values.get("target")),
            offset=quantities.offset(
                values.get("offset") if offsets is None else offsets.get(name, 0)
            ),
        )
        for name, values in members(temperature, MAX_HEATERS)
    }


def parse_error(answer: Json) -> PrinterError | None:
    """Read the answer of GET /api/printer/error, which is empty where all is well."""
    if (error := message(answer.get("error"))) is None:
        return None
    faq = text(answer.get("faq"))
    return PrinterError(
        error=error,
        reason=label(answer.get("reason")),
        consequence=label(answer.get("consequence")),
        # An id of OctoPrint's own pages: anything else would lead elsewhere.
        faq_url=FAQ_URL + faq if faq and FAQ.fullmatch(faq) else None,
    )
