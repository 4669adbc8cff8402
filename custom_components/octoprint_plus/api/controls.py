"""Controls: the buttons and displays that the user has added to OctoPrint's interface."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
import re

from .gcode import DISPLAY, PERCENT
from .parsing import Json, flag, identifier, items, label, mapping, message, text, texts
from .quantities import position

# Deeper than anybody nests buttons, and shallow enough for Python's stack.
MAX_DEPTH = 50

PLAIN_NUMBER = re.compile(r"\s*[-+]?[0-9]{1,15}(?:\.[0-9]*)?\s*$")

# The start of a line that ends before its first parameter.
COMMAND_NAME = re.compile(r"\s*[A-Za-z@]?\s*\S*")

# More than fit on a page, and than anybody would enter.
MAX_CONTROLS = 500
MAX_INPUTS = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Slider:
    """The range of an input's values."""

    min: float
    max: float
    step: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Input:
    """A value that the user gives a control; it fills a placeholder of its commands."""

    name: str
    """As shown to people."""

    parameter: str
    """The placeholder's name, for example speed in `%(speed)d`."""

    default: str | float | bool | None
    slider: Slider | None
    """None where it is a plain field."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Control:
    """A button, a display, or both in one; what is displayed is left out."""

    name: str
    description: str | None
    """A tooltip; for people too."""

    commands: tuple[str, ...]
    """The lines of G-code that it sends, with placeholders for its inputs."""

    script: str | None
    """The name of the G-code script that it runs instead."""

    inputs: tuple[Input, ...]
    is_javascript: bool
    """Whether its deed is JavaScript of OctoPrint's page, which only runs there."""

    @property
    def is_runnable(self) -> bool:
        """Return whether it does something that can be asked for from elsewhere."""
        return not self.is_javascript and bool(self.commands or self.script)

    def can_become_any_gcode(self, values: Mapping[str, object]) -> bool:
        """Return whether values could make it another command than its author wrote.

        A number can't, unless it is part of a command's name, and a text on the display can't.
        """
        free = {
            name for name, value in values.items() if not PLAIN_NUMBER.match(f"{value}")
        }
        if not self.commands:
            # What a script makes of its values, only OctoPrint knows.
            return bool(free)
        return any(
            match["name"] in free
            or (
                match["name"] in values
                and COMMAND_NAME.fullmatch(line, endpos=match.start())
            )
            for command in self.commands
            for line in command.splitlines()
            if not DISPLAY.match(line)
            for match in PERCENT.finditer(line)
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class ControlGroup:
    """Controls and groups that stand together."""

    name: str | None
    children: tuple[Control | ControlGroup, ...]

    def walk(self, path: tuple[str, ...] = ()) -> Iterator[tuple[Control, str]]:
        """Yield every control with its full name, groups first: Filament / Load."""
        here = (*path, self.name) if self.name else path
        for child in self.children:
            if isinstance(child, ControlGroup):
                yield from child.walk(here)
            else:
                yield child, " / ".join((*here, child.name))

    def runnable(self) -> dict[str, Control]:
        """Return by full name what can be run from elsewhere; of a name the first."""
        found: dict[str, Control] = {}
        for control, name in self.walk():
            if control.is_runnable and control.name:
                found.setdefault(name, control)
        return found


def parse_controls(answer: Json) -> ControlGroup:
    """Read the answer of GET /api/printer/command/custom: a group without a name."""
    return _group({"children": answer.get("controls")}, 0)


def _group(data: Json, depth: int) -> ControlGroup:
    children = items(data.get("children"), MAX_CONTROLS) if depth < MAX_DEPTH else []
    return ControlGroup(
        name=label(data.get("name")),
        children=tuple(
            _group(child, depth + 1) if "children" in child else _control(child)
            for child in children
        ),
    )


def _control(data: Json) -> Control:
    command = text(data.get("command"))
    return Control(
        name=label(data.get("name")) or "",
        description=message(data.get("description")),
        commands=(command,) if command else texts(data.get("commands")),
        script=text(data.get("script")),
        inputs=tuple(
            Input(
                name=label(each.get("name")) or parameter,
                parameter=parameter,
                default=_scalar(each.get("default")),
                slider=_slider(each.get("slider")),
            )
            for each in items(data.get("input"), MAX_INPUTS)
            if (parameter := identifier(each.get("parameter")))
        ),
        is_javascript=text(data.get("javascript")) is not None,
    )


def _scalar(value: object) -> str | float | bool | None:
    """Return what is entered in advance, of which a number has to fit into a line."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return None if position(value) is None else value
    return position(value) if isinstance(value, float) else text(value)


def _slider(value: object) -> Slider | None:
    """Return the range of a slider, with OctoPrint's defaults for what is missing or no range."""
    if not isinstance(value, dict) and not flag(value):
        return None
    data = mapping(value)
    low, high = position(data.get("min")), position(data.get("max"))
    low, high = 0 if low is None else low, 255 if high is None else high
    step = position(data.get("step")) or 1
    if low >= high:
        low, high = 0, 255
    return Slider(min=low, max=high, step=step if step > 0 else 1)
