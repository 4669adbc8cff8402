"""All the faults, each with what Home Assistant may show meanwhile."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from . import breaks, frames
from .breaks import on, on_all, on_sockets
from .proxy import Break, Rule, SocketRelay

ELSEWHERE = "http://127.0.0.1:9/"

# What a poll reads. The first three say whether it can be shown at all.
NEEDED = ("/api/currentuser", "/api/job", "/api/printer")
OPTIONAL = (
    "/api/connection",
    "/api/settings",
    "/api/timelapse",
    "/api/printerprofiles",
    "/api/system/commands",
    "/api/printer/command/custom",
    "/api/printer/error",
    "/api/server",
)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault, that comes and goes during a print."""

    name: str
    rule: Rule | None = None
    """What happens to requests, and sockets that are opened."""

    inject: Callable[[SocketRelay], Awaitable[None]] | None = None
    """What happens on the socket that is open."""

    seconds: float = 3.0
    """How long it lasts."""

    refuses: bool = False
    """Whether nothing listens any more."""

    may_be_unavailable: bool = True
    is_quick: bool = False
    """Whether it is tried in every run of the tests."""


def _paths(name: str, do: Break, *paths: str, seconds: float = 3) -> list[Fault]:
    return [
        Fault(name=f"{name} {path}", rule=on(path, do=do), seconds=seconds)
        for path in paths
    ]


BAD_GATEWAY = breaks.answers("502 Bad Gateway", breaks.PAGE, "text/html")
ENTIRE = ("/api/job", "/api/settings", "/api/currentuser")

FAULTS: tuple[Fault, ...] = (
    Fault(name="refused", refuses=True, is_quick=True),
    Fault(name="all hang", rule=on_all(breaks.hang), seconds=13),
    Fault(
        name="job hangs after its head",
        rule=on("/api/job", do=breaks.hang_after_head),
        is_quick=True,
    ),
    Fault(name="job is cut in its body", rule=on("/api/job", do=breaks.cut_in_body)),
    Fault(name="job drips", rule=on("/api/job", do=breaks.drip), seconds=6),
    *_paths("page of a proxy for", BAD_GATEWAY, *NEEDED, *OPTIONAL),
    Fault(
        name="too many requests",
        rule=on("/api/*", do=breaks.answers("429 Too Many Requests")),
        is_quick=True,
    ),
    *_paths(
        "server error for",
        breaks.answers("500 Internal Server Error", b'{"error": "oops"}'),
        *NEEDED,
        *OPTIONAL,
    ),
    Fault(
        name="job redirects to itself",
        rule=on("/api/job", do=breaks.redirects("/api/job")),
    ),
    Fault(
        name="all redirect to another host",
        rule=on("/*", do=breaks.redirects(ELSEWHERE)),
    ),
    Fault(
        name="sockets redirect to another host",
        rule=on_sockets(breaks.redirects(ELSEWHERE)),
    ),
    Fault(
        name="timelapse hangs",
        rule=on("/api/timelapse", do=breaks.hang),
        may_be_unavailable=False,
    ),
    Fault(
        name="settings answer after 12 seconds",
        rule=on("/api/settings", do=breaks.delayed(12)),
        seconds=14,
        may_be_unavailable=False,
    ),
    Fault(
        name="sockets are not found",
        rule=on_sockets(breaks.answers("404 Not Found")),
        seconds=12,
        may_be_unavailable=False,
    ),
    *_paths("gzip bomb for", breaks.bomb, *ENTIRE, seconds=6),
    *_paths("endless body for", breaks.endless, *ENTIRE),
    *_paths("200 MB for", breaks.large, *ENTIRE, seconds=6),
    *_paths("31 MB of lists for", breaks.lists, *ENTIRE, seconds=6),
    Fault(name="head of a megabyte", rule=on("/api/job", do=breaks.large_head)),
    Fault(name="deeply nested job", rule=on("/api/job", do=breaks.nested)),
    *(
        Fault(
            name=f"{change.__name__} everywhere",
            rule=on("/api/*", do=breaks.mutated(change)),
            is_quick=change is breaks.huge,
        )
        for change in (
            breaks.long,
            breaks.not_a_number,
            breaks.infinite,
            breaks.huge,
            breaks.negative,
            breaks.beyond_64_bit,
            breaks.nothing,
            breaks.other_type,
        )
    ),
    *_paths("huge numbers in", breaks.mutated(breaks.huge), *NEEDED, *OPTIONAL[:-1]),
    Fault(name="job is no UTF-8", rule=on("/api/job", do=breaks.not_unicode)),
    Fault(name="job has keys twice", rule=on("/api/job", do=breaks.doubled_keys)),
    Fault(
        name="a page to log in for all",
        rule=on("/*", do=breaks.answers("200 OK", breaks.LOGIN_PAGE, "text/html")),
    ),
    Fault(name="socket: half a frame", inject=frames.half_a_frame),
    Fault(name="socket: drips", inject=frames.dripping, seconds=5),
    *(
        Fault(
            name=f"socket: {name}",
            inject=inject,
            may_be_unavailable=False,
            is_quick=inject in (frames.many_events, frames.large_history),
        )
        for name, inject in (
            ("endless frame", frames.endless_frame),
            ("endless fragments", frames.endless_fragments),
            ("many currents", frames.many_currents),
            ("many files", frames.many_files),
            ("50,000 events", frames.many_events),
            ("3,000 changes of the settings", frames.many_settings),
            ("frames of 4 MB", frames.large_frames),
            ("no UTF-8", frames.not_unicode),
            ("no numbers", frames.not_numbers),
            ("deeply nested", frames.nested),
            ("wrong types in all places", frames.odd_types),
            ("keys twice", frames.doubled_keys),
            ("long texts", frames.long_texts),
            ("unknown messages", frames.unknown),
            ("other kinds of frames", frames.odd_opcodes),
            ("reserved kind of frame", frames.reserved_opcode),
            ("closed in order", frames.close),
            ("200 times another log-in", frames.many_logins),
            ("history of a day", frames.large_history),
        )
    ),
    Fault(name="socket: silent", inject=frames.silent, seconds=30),
    Fault(name="socket: heartbeats only", inject=frames.heartbeats, seconds=8),
)

SETUP_FAULTS: tuple[Fault, ...] = tuple(
    Fault(name=f"{name}: {path}", rule=on(path, do=do), is_quick=is_quick)
    for path, name, do, is_quick in (
        ("/api/timelapse", "hangs", breaks.hang, True),
        ("/api/timelapse", "502", BAD_GATEWAY, False),
        ("/api/timelapse", "429", breaks.answers("429 Too Many Requests"), False),
        ("/api/timelapse", "500", breaks.answers("500 Internal Server Error"), False),
        ("/api/settings", "502", BAD_GATEWAY, True),
        ("/api/settings", "late", breaks.delayed(11), False),
        ("/api/settings", "40 MB", breaks.large, False),
        ("/api/system/commands", "hangs", breaks.hang, False),
        ("/api/printer/command/custom", "hangs", breaks.hang, False),
        ("/api/printer/error", "503", breaks.answers("503 Unavailable"), False),
        ("/api/printerprofiles", "hangs", breaks.hang, False),
        ("/api/server", "502", BAD_GATEWAY, False),
    )
)
