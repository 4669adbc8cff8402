"""What people, names and pages could pass on to get something else done than is asked for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

# Firmwares take these words for commands at the beginning of a line. None of the texts
# below may become one.
MARK = "M118"


@dataclass(frozen=True, kw_only=True)
class Injection:
    """One attempt."""

    name: str
    service: str
    data: Mapping[str, Any] = field(default_factory=dict)
    domain: str = "octoprint_plus"
    words: frozenset[str] = frozenset()
    """The words with which lines to the printer may begin."""

    most_lines: int = 1
    """How many such lines there may be."""

    path: str = "/api/"
    """What the path of each request to OctoPrint begins with, besides those that only read."""

    is_quick: bool = False


FRAMING = {
    "line feed": f"a\n{MARK} x",
    "carriage return": f"a\r{MARK} x",
    "vertical tab": f"a\x0b{MARK} x",
    "form feed": f"a\x0c{MARK} x",
    "line separator": f"a\u2028{MARK} x",
    "paragraph separator": f"a\u2029{MARK} x",
    "next line": f"a\x85{MARK} x",
    "file separator": f"a\x1c{MARK} x",
    "backslash n": f"a\\n{MARK} x",
    "comment": f"a ; {MARK} x",
    "escaped comment": f"a \\; {MARK} x",
    "checksum": "a *55",
    "many checksums": "*** Ring ***",
    "colon": "Ready at 14:30",
    "line number": "N5 M110 N0",
    "at command": "@pause",
    "command": "G28 now",
    "null": "a\x00b",
    "escape": "a\x1b[2Jb",
    "placeholder": "%(text)s %s %d {{ 7 * 7 }} {x}",
    "umlauts": "Größe ölig Süß",
    "far letters": "打印机 🙂 مرحبا",
    "long": "x" * 300,
    "tabs": "a\tb",
    "quotes": "a\"b'c`d",
    "parentheses": "a (comment) b",
}

PATHS = {
    "up": "../../config.yaml",
    "up encoded": "%2e%2e/%2e%2e/config.yaml",
    "up half encoded": "..%2f..%2fconfig.yaml",
    "up with backslashes": "..\\..\\config.yaml",
    "absolute": "/etc/passwd",
    "query": "a.gcode?x=1#y",
    "null": "a\x00.gcode",
    "line feed": "a\r\nX-Api-Key: x",
    "two slashes": "//evil.example/a.gcode",
    "dots only": "..",
    "up in the middle": "a/../../b.gcode",
}

SOURCES = (
    "/etc/passwd",
    "secrets.yaml",
    "/config/secrets.yaml",
    "media/../.storage/auth",
    "media-source://media_source/local/../.storage/auth",
    "media-source://media_source//etc/passwd",
    "media-source://evil/local/x",
    "http://127.0.0.1:9/x.gcode",
    "file:///etc/passwd",
    "/dev/zero",
    "../../../../etc/passwd",
)


def _framing() -> Iterator[Injection]:
    for name, text in FRAMING.items():
        yield Injection(
            name=f"display: {name}",
            domain="notify",
            service="send_message",
            data={"entity_id": "notify.voron_display", "message": text},
            words=frozenset({"M117"}),
            path="/api/printer/command",
            is_quick=name in ("many checksums", "line feed"),
        )
        yield Injection(
            name=f"parameter of G-code: {name}",
            service="send_gcode",
            data={"commands": ["M117 %(text)s"], "parameters": {"text": text}},
            words=frozenset({"M117"}),
            path="/api/printer/command",
        )
        yield Injection(
            name=f"input of a control: {name}",
            service="run_control",
            data={"control": "Greet", "parameters": {"text": text}},
            words=frozenset({"M117"}),
            path="/api/printer/command",
        )


def _numbers() -> Iterator[Injection]:
    for name, value in (
        ("text for a number", f"1\n{MARK}"),
        ("object", {"a": 1}),
        ("list", [1, MARK]),
        ("huge", 1e9),
        ("infinite", "inf"),
    ):
        yield Injection(
            name=f"number of a control: {name}",
            service="run_control",
            data={"control": "Push", "parameters": {"length": value}},
            words=frozenset({"G1"}),
            path="/api/printer/command",
        )
    for control in ("../x", "__class__", "Unknown", "Greet / Greet"):
        yield Injection(
            name=f"control {control!r}",
            service="run_control",
            data={"control": control},
            most_lines=0,
        )
    for name, service, data in (
        ("jog", "jog", {"x": f"1;{MARK}"}),
        ("axes", "home", {"axes": [f"x;{MARK}"]}),
        ("tool", "select_tool", {"tool": f"0;{MARK}"}),
        ("tool of extrude", "extrude", {"amount": 1, "tool": f"0;{MARK}"}),
        ("object", "cancel_object", {"object": f"1\n{MARK}"}),
    ):
        yield Injection(
            name=f"{name} with a command", service=service, data=data, most_lines=0
        )


def _paths() -> Iterator[Injection]:
    for name, path in PATHS.items():
        yield Injection(
            name=f"print: {name}",
            service="print_file",
            data={"path": path},
            most_lines=0,
            path="/api/files/local/",
            is_quick=name == "up",
        )
        yield Injection(
            name=f"delete: {name}",
            service="delete_file",
            data={"path": path},
            most_lines=0,
            path="/api/files/local/",
        )
    for script in ("../../config", "..\\x", "{{7*7}}", "a/b", ""):
        yield Injection(
            name=f"script {script!r}",
            service="run_script",
            data={"script": script},
            most_lines=0,
            path="/api/printer/command",
        )
    for name, service, data in (
        ("location", "print_file", {"path": "a.gcode", "location": "../local"}),
        ("timelapse", "delete_timelapse", {"name": "../x.mp4"}),
        ("unrendered timelapse", "render_timelapse", {"name": "../x"}),
        ("system command", "run_system_command", {"source": "core", "action": "../x"}),
        ("source of one", "run_system_command", {"source": "..", "action": "x"}),
        ("port", "connect", {"port": "/etc/passwd"}),
        ("profile", "connect", {"profile": "../x"}),
        ("plugin", "plugin_command", {"plugin": "..", "command": "x"}),
        ("plugin with a path", "plugin_command", {"plugin": "../settings", "command": "x"}),
        ("longer path", "plugin_command", {"plugin": "a/../../settings", "command": "x"}),
        ("line feed", "plugin_command", {"plugin": "virtual_printer\n", "command": "x"}),
        ("folder", "create_folder", {"path": "../outside"}),
        ("copy", "copy_file", {"path": "a.gcode", "destination": "../../outside"}),
    ):  # fmt: skip
        yield Injection(
            name=f"{name} elsewhere", service=service, data=data, most_lines=0
        )


def _uploads() -> Iterator[Injection]:
    for source in SOURCES:
        yield Injection(
            name=f"upload of {source}",
            service="upload_file",
            data={"source": source},
            most_lines=0,
            path="/nothing",
            is_quick=source == "/etc/passwd",
        )
    for upload in ("../x", "a/b", "."):
        yield Injection(
            name=f"upload id {upload}",
            service="upload_file",
            data={"upload": upload},
            most_lines=0,
            path="/nothing",
        )


INJECTIONS: tuple[Injection, ...] = (
    *_framing(),
    *_numbers(),
    *_paths(),
    *_uploads(),
)
