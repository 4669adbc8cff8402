"""Test the messages: what is made of each frame of the socket."""

from collections.abc import Iterator
import json
from typing import Any

import pytest

from custom_components.octoprint_plus.api import State
from custom_components.octoprint_plus.api.job import JobFile, PrintResult
from custom_components.octoprint_plus.api.plugins.messages import (
    EVENT_PARSERS,
    MESSAGE_PARSERS,
)
from custom_components.octoprint_plus.api.plugins.psu_control import PsuState
from custom_components.octoprint_plus.api.printer import Flags, Heater, PrinterError
from custom_components.octoprint_plus.api.socket.messages import (
    CURRENT_MAX_AGE,
    EVENTS,
    PLUGINS,
    Current,
    ErrorOccurred,
    FileSelected,
    Hello,
    MessageReader,
    PluginTold,
    PrintEnding,
    PrintStarted,
    PushMessage,
    ReadAgain,
    ReauthRequired,
    RenderProgress,
    SlicingProgress,
    StateChanged,
    TimelapseChanged,
)
from custom_components.octoprint_plus.api.timelapse import TimelapseConfig
from homeassistant.util.json import json_loads

from ..replay import recording, recordings

BOAT = JobFile(name="boat.gcode", path="boat.gcode", origin="local", size=1000)

KNOWN_STATES = [state for state in State if state is not State.OTHER]

BOAT_DATA = {"name": "boat.gcode", "path": "boat.gcode", "origin": "local"}


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the clock by which the age of a `current` is told."""
    clock = Clock()
    monkeypatch.setattr(
        "custom_components.octoprint_plus.api.socket.messages.monotonic", clock
    )
    return clock


@pytest.fixture(params=[json.loads, json_loads], ids=["python", "home_assistant"])
def reader(request: pytest.FixtureRequest, clock: Clock) -> MessageReader:
    """Return a reader, with Python's own JSON and with Home Assistant's."""
    return MessageReader(request.param)


def read(reader: MessageReader, **message: Any) -> PushMessage | None:
    """Return what a reader makes of a message."""
    return reader.read(json.dumps(message).encode())


def read_event(reader: MessageReader, kind: object, payload: Any) -> PushMessage | None:
    """Return what a reader makes of an event."""
    return read(reader, event={"type": kind, "payload": payload})


def read_state(reader: MessageReader, state_id: Any, text: Any) -> PushMessage | None:
    """Return what a reader makes of a change of the state."""
    return read_event(
        reader, "PrinterStateChanged", {"state_id": state_id, "state_string": text}
    )


def a_current(text: str, flags: dict[str, Any] | None = None, **over: Any) -> Any:
    """Return the content of a `current`."""
    return {
        "state": {"text": text, "flags": flags or {}, "error": ""},
        "job": {"file": {**BOAT_DATA, "size": 1000}},
        "progress": {"completion": 50.0, "printTime": 100, "printTimeLeft": 90},
        "currentZ": None,
        "offsets": {},
        "temps": [],
    } | over


def read_current(
    reader: MessageReader, text: str, flags: dict[str, Any] | None = None, **over: Any
) -> Current:
    """Return what a reader makes of a `current`."""
    message = read(reader, current=a_current(text, flags, **over))
    assert isinstance(message, Current)
    return message


# What was recorded.


@pytest.mark.parametrize("name", recordings())
def test_recording(reader: MessageReader, clock: Clock, name: str) -> None:
    """Everything recorded is understood, and nothing is taken for something else."""
    kinds = {
        "current": Current,
        "history": Current,
        "reauthRequired": ReauthRequired,
        "timelapse": TimelapseChanged,
    }
    for line in recording(name):
        clock.now = line.at
        message = reader.read(line.frame)
        if line.kind == "connected":
            assert isinstance(message, Hello)
        elif line.data == "...":
            # So much was left of it in the recording.
            assert message is None
        elif line.kind == "event" and line.data["type"] in EVENTS:
            is_plain_cancel = line.data["type"] == "PrintCancelling" and (
                "firmwareError" not in line.data["payload"]
            )
            assert (message is None) is is_plain_cancel
        elif line.kind in kinds:
            assert type(message) is kinds[line.kind]
        else:
            is_known = line.kind == "plugin" and line.data["plugin"] in MESSAGE_PARSERS
            assert isinstance(message, PluginTold) is is_known
            assert is_known or message is None


def test_everything_known_was_recorded() -> None:
    lines = [line for name in recordings() for line in recording(name)]
    assert {line.kind for line in lines} == {
        "connected",
        "current",
        "event",
        "history",
        "plugin",
        "reauthRequired",
        "timelapse",
    }
    recorded = {line.data["type"] for line in lines if line.kind == "event"}
    assert set(EVENTS) - recorded - set(EVENT_PARSERS) == {
        "FilamentChange",
        "PrinterProfileAdded",
        "PrinterProfileDeleted",
        "PrinterProfileModified",
    }


def test_recorded_hello(reader: MessageReader) -> None:
    (hello,) = [
        reader.read(line.frame)
        for line in recording("multi_tool_print")
        if line.kind == "connected"
    ]
    assert hello == Hello(version="1.11.8")


def test_recorded_history(reader: MessageReader) -> None:
    (history,) = [
        reader.read(line.frame)
        for line in recording("multi_tool_print")
        if line.kind == "history"
    ]
    assert isinstance(history, Current)
    assert history.is_history
    assert history.job
    assert (history.job.state, history.job.file and history.job.file.name) == (
        "Operational",
        "long.gcode",
    )
    assert history.flags == Flags(ready=True)
    assert history.sd_ready
    assert history.z is None
    assert history.heaters
    assert history.heaters.keys() == {"bed", "chamber", "tool0", "tool1"}


def test_recorded_current(reader: MessageReader, clock: Clock) -> None:
    for line in recording("multi_tool_print"):
        clock.now = line.at
        message = reader.read(line.frame)
        if line.at > 8.4:
            break
    assert isinstance(message, Current)
    assert not message.is_history
    assert message.job
    assert message.job.file == JobFile(
        name="dual.gcode", path="dual.gcode", origin="local", size=3623
    )
    assert message.job.user == "admin"
    assert message.job.error is None
    assert message.job.progress.completion == pytest.approx(34.63980126966602)
    assert message.job.progress.print_time == 1
    assert message.flags == Flags(printing=True)
    assert message.z == 1.5
    assert message.heaters
    assert message.heaters["chamber"] == Heater(actual=39.99, target=40.0, offset=2.0)
    assert message.heaters["tool1"].offset == 0


# Messages that are no event.


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"connected": {"version": "2.0.0rc7"}}, Hello(version="2.0.0rc7")),
        ({"connected": {}}, Hello(version=None)),
        ({"connected": {"version": 2}}, Hello(version=None)),
        ({"connected": []}, Hello(version=None)),
        *(
            ({"reauthRequired": {"reason": reason}}, ReauthRequired(reason=reason))
            for reason in ("logout", "stale", "removed", "modified")
        ),
        ({"reauthRequired": {}}, ReauthRequired(reason=None)),
        ({"reauthRequired": True}, ReauthRequired(reason=None)),
        ({"plugin": {"plugin": "octoprint_plus", "data": {}}}, None),
        (
            {"plugin": {"plugin": "psucontrol", "data": {"isPSUOn": True}}},
            PluginTold(message=PsuState(is_on=True)),
        ),
        ({"plugin": "psucontrol"}, None),
        (
            {"slicingProgress": {"dest_path": "a/b.gcode", "progress": 3.5}},
            SlicingProgress(path="a/b.gcode", progress=3),
        ),
        ({"slicingProgress": {"progress": "3"}}, None),
        ({"renderProgress": {"progress": 3}}, RenderProgress(progress=3)),
        ({"renderProgress": {}}, None),
        (
            {
                "event": {
                    "type": "plugin_psucontrol_psu_state_changed",
                    "payload": {"isPSUOn": False},
                }
            },
            PluginTold(message=PsuState(is_on=False)),
        ),
        ({"event": {"type": "plugin_unknown", "payload": {}}}, None),
        ({"event": {"type": []}}, None),
        ({"timelapse": None}, TimelapseChanged(config=TimelapseConfig(type="off"))),
        (
            {"timelapse": {"type": "timed", "options": {"interval": 2}}},
            TimelapseChanged(config=TimelapseConfig(type="timed", interval=2)),
        ),
        (
            {"timelapse": {"type": "zchange", "options": {"retractionZHop": 0.5}}},
            TimelapseChanged(
                config=TimelapseConfig(type="zchange", retraction_z_hop=0.5)
            ),
        ),
        (
            {"timelapse": {"type": "timed", "options": [{"interval": 2}]}},
            TimelapseChanged(config=TimelapseConfig(type="timed")),
        ),
        ({"timelapse": {"type": 3}}, None),
        ({"timelapse": []}, None),
        ({"a new one": {"state": {"text": "Operational"}}}, None),
        ({}, None),
        ({"current": None}, None),
        ({"history": None}, None),
        ({"event": None}, None),
        ({"connected": None}, None),
        ({"reauthRequired": None}, None),
    ],
)
def test_message(
    reader: MessageReader, message: dict[str, Any], expected: PushMessage | None
) -> None:
    assert read(reader, **message) == expected


# Events.


def test_events() -> None:
    """Where one is missing here or there, OctoPrint is not asked to tell it."""
    assert sorted(set(EVENTS) - set(EVENT_PARSERS)) == [
        "CaptureFailed",
        "Connected",
        "Error",
        "FilamentChange",
        "FileDeselected",
        "FileSelected",
        "MovieDone",
        "MovieFailed",
        "MovieRendering",
        "PrintCancelled",
        "PrintCancelling",
        "PrintDone",
        "PrintFailed",
        "PrintStarted",
        "PrinterProfileAdded",
        "PrinterProfileDeleted",
        "PrinterProfileModified",
        "PrinterStateChanged",
        "SettingsUpdated",
        "ToolChange",
        "Waiting",
    ]
    json.dumps([*EVENTS, *PLUGINS])


def test_plugin(reader: MessageReader) -> None:
    """Test that plugins are read where they are known, as messages and as events."""
    told = {"plugin": "psucontrol", "data": {"isPSUOn": True}}
    assert read(reader, plugin=told) == PluginTold(message=PsuState(is_on=True))
    assert read(reader, plugin=told | {"plugin": "unheard_of"}) is None
    assert read(reader, plugin="psucontrol") is None
    kind = "plugin_psucontrol_psu_state_changed"
    assert read_event(reader, kind, {"isPSUOn": False}) == PluginTold(
        message=PsuState(is_on=False)
    )


@pytest.mark.parametrize(
    ("state_id", "text", "state"),
    [
        ("PRINTING", "Printing", State.PRINTING),
        ("PRINTING", "Printing from SD", State.PRINTING),
        # OctoPrint 1 has no id of its own for it.
        ("PRINTING", "Sending file to SD", State.TRANSFERRING_FILE),
        ("TRANSFERING_FILE", "Transferring file to SD", State.TRANSFERRING_FILE),
        ("ERROR", "Error: Something", State.ERROR),
        ("OFFLINE", "Offline", State.OFFLINE),
        ("UNHEARD_OF", "Operational", State.OPERATIONAL),
        (None, "Paused", State.PAUSED),
        # OctoPrint 2, in English and translated.
        ("DETECTING", "Detecting", State.DETECT_SERIAL),
        ("DETECTING", "Erkennen", State.DETECT_SERIAL),
        ("CLOSED", "Closed", State.OFFLINE),
        ("CLOSED", "Geschlossen", State.OFFLINE),
        ("CLOSED_WITH_ERROR", "Geschlossen nach Fehler", State.OFFLINE_AFTER_ERROR),
        (
            "TRANSFERRING_FILE",
            "Transferring file to printer",
            State.TRANSFERRING_FILE,
        ),
        ("TRANSFERRING_FILE", "Datei wird übertragen", State.TRANSFERRING_FILE),
        *((state.name, "Übersetzt", state) for state in KNOWN_STATES),
        *((state.name, None, state) for state in KNOWN_STATES),
    ],
)
def test_state_changed(
    reader: MessageReader, state_id: str | None, text: str | None, state: State
) -> None:
    assert read_state(reader, state_id, text) == StateChanged(state=state)


@pytest.mark.parametrize(
    "payload",
    [
        {"state_id": "UNHEARD_OF", "state_string": "Unknown State (42)"},
        {"state_id": 3, "state_string": ["Printing"]},
        {"state_id": "printing"},
        {},
        None,
        [],
        "Printing",
    ],
)
def test_state_changed_to_the_unknown(reader: MessageReader, payload: Any) -> None:
    told = read_event(reader, "PrinterStateChanged", payload)
    assert told == ReadAgain(event="PrinterStateChanged")


@pytest.mark.parametrize("event", ["FileSelected", "PrintStarted"])
def test_file(reader: MessageReader, event: str) -> None:
    expected = {"FileSelected": FileSelected, "PrintStarted": PrintStarted}[event]
    payload = {**BOAT_DATA, "size": 1000, "owner": "admin", "user": "admin"}
    assert read_event(reader, event, payload) == expected(file=BOAT)
    on_card = {"name": "x~1.gco", "path": "x~1.gco", "origin": "sdcard", "size": None}
    assert read_event(reader, event, on_card) == expected(
        file=JobFile(name="x~1.gco", path="x~1.gco", origin="sdcard", size=None)
    )
    junk: Any
    for junk in (None, {}, [], {"name": 3, "path": None}, {"path": "boat.gcode"}):
        assert read_event(reader, event, junk) == expected(file=None)


@pytest.mark.parametrize("payload", [None, {}, {**BOAT_DATA}])
def test_file_deselected(reader: MessageReader, payload: Any) -> None:
    assert read_event(reader, "FileDeselected", payload) == FileSelected(file=None)


@pytest.mark.parametrize(
    ("event", "payload", "result", "print_time"),
    [
        ("PrintDone", {"time": 9.2165}, PrintResult.DONE, 9.2165),
        (
            "PrintCancelled",
            {"time": 4, "reason": "cancelled", "progress": 49},
            PrintResult.CANCELLED,
            4,
        ),
        # Each cancelled print is told as failed, too.
        (
            "PrintFailed",
            {"time": 4.5, "reason": "cancelled", "progress": 49},
            PrintResult.CANCELLED,
            4.5,
        ),
        (
            "PrintFailed",
            {"time": 2.5, "reason": "error", "error": "X", "progress": 0.38},
            PrintResult.FAILED,
            2.5,
        ),
        ("PrintFailed", {}, PrintResult.FAILED, None),
        ("PrintFailed", {"reason": ["cancelled"]}, PrintResult.FAILED, None),
        ("PrintDone", {"time": None}, PrintResult.DONE, None),
        ("PrintDone", {"time": "9"}, PrintResult.DONE, None),
        ("PrintDone", {"time": float("nan")}, PrintResult.DONE, None),
        ("PrintDone", {"time": True}, PrintResult.DONE, None),
    ],
)
def test_ending(
    reader: MessageReader,
    event: str,
    payload: dict[str, Any],
    result: PrintResult,
    print_time: float | None,
) -> None:
    assert read_event(reader, event, {**BOAT_DATA, **payload}) == PrintEnding(
        result=result, path="boat.gcode", print_time=print_time
    )


@pytest.mark.parametrize("payload", [None, {}, [], {"path": 3}, {"path": ""}])
def test_ending_of_nothing(reader: MessageReader, payload: Any) -> None:
    assert read_event(reader, "PrintDone", payload) == PrintEnding(
        result=PrintResult.DONE, path=None, print_time=None
    )


def test_cancelling(reader: MessageReader) -> None:
    """It is worth a look only where the firmware is the reason."""
    failed = {**BOAT_DATA, "firmwareError": "Something odd happened"}
    assert read_event(reader, "PrintCancelling", failed) == ReadAgain(
        event="PrintCancelling", has_failed=True
    )
    for junk in (BOAT_DATA, {"firmwareError": ""}, {"firmwareError": 3}, None):
        assert read_event(reader, "PrintCancelling", junk) is None


def test_error(reader: MessageReader) -> None:
    payload = {
        "error": "Thermal Runaway",
        "reason": "firmware",
        "consequence": "emergency",
        "faq": "firmware-thermal-runaway",
        "logs": ["Recv: ok"],
    }
    assert read_event(reader, "Error", payload) == ErrorOccurred(
        error=PrinterError(
            error="Thermal Runaway",
            reason="firmware",
            consequence="emergency",
            faq_url="https://faq.octoprint.org/firmware-thermal-runaway",
        )
    )
    for junk in (None, {}, {"error": ""}, {"error": 3, "reason": "firmware"}):
        assert read_event(reader, "Error", junk) is None


@pytest.mark.parametrize(
    "event",
    [
        "Connected",
        "PrinterProfileAdded",
        "PrinterProfileDeleted",
        "PrinterProfileModified",
        "SettingsUpdated",
    ],
)
@pytest.mark.parametrize("payload", [None, {"port": "VIRTUAL"}, 3])
def test_read_again(reader: MessageReader, event: str, payload: Any) -> None:
    assert read_event(reader, event, payload) == ReadAgain(event=event)


@pytest.mark.parametrize(
    "kind", ["Home", "ZChange", "printdone", "", None, 3, [], ["Error"], {"a": 1}, True]
)
def test_other_event(reader: MessageReader, kind: object) -> None:
    assert read_event(reader, kind, {"state_string": "Printing", **BOAT_DATA}) is None


@pytest.mark.parametrize("event", [{}, [], "Error", 3, True, [{"type": "Error"}]])
def test_event_that_is_none(reader: MessageReader, event: Any) -> None:
    assert read(reader, event=event) is None


# Garbage.

DEEP = 100_000


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b" ",
        b"{",
        b"}",
        b"o",
        b'{"current": {"state": {"text": "Printing"',
        b"{'event': {}}",
        b"\xff\xfe\x00",
        b'{"connected": {"version": "\xff"}}',
        b"\x00",
        b"null",
        b"true",
        b"3",
        b"1e999",
        b"NaN",
        b'"current"',
        b"[]",
        b'[{"connected": {"version": "1.11.8"}}]',
        b"[" * DEEP,
        b"[" * DEEP + b"]" * DEEP,
        b'{"current": ' * DEEP,
        b'{"event": {"type": "Error", "payload": ' + b"[" * DEEP + b"]" * DEEP + b"}}",
        b'{"' + b"x" * DEEP + b'": 1}',
        b"9" * DEEP,
    ],
)
def test_garbage(reader: MessageReader, frame: bytes) -> None:
    assert reader.read(frame) is None


def test_numbers_that_are_none(reader: MessageReader) -> None:
    """Python writes them, and strict readers of JSON refuse the whole message."""
    current = a_current(
        "Printing",
        progress={"completion": float("nan"), "printTime": float("inf")},
        currentZ=float("-inf"),
        temps=[{"bed": {"actual": float("nan"), "target": 60.0}}],
        offsets={"bed": float("inf")},
    )
    frame = json.dumps({"current": current}).encode()
    assert b"NaN" in frame
    assert b"-Infinity" in frame
    message = reader.read(frame)
    assert isinstance(message, Current)
    assert message.job
    assert message.job.progress.completion is None
    assert message.job.progress.print_time is None
    assert message.z is None
    assert message.heaters == {"bed": Heater(actual=None, target=60.0, offset=None)}


JUNK: list[Any] = [
    None,
    True,
    -1,
    10**400,
    1e308,
    float("nan"),
    "",
    "text",
    "\ud800",
    [],
    [[]],
    [None],
    [{}],
    {},
    {"text": {}},
    {"file": []},
]


def _places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _places(item, (*path, key))
    elif isinstance(value, list) and value:
        yield from _places(value[0], (*path, 0))


def _with_junk(value: Any, path: tuple[Any, ...], junk: Any) -> Any:
    if not path:
        return junk
    key, *rest = path
    copied = value.copy()
    copied[key] = _with_junk(value[key], tuple(rest), junk)
    return copied


MESSAGES: dict[str, Any] = {
    "connected": {"version": "1.11.8"},
    "reauthRequired": {"reason": "stale"},
    "current": a_current(
        "Printing",
        {"operational": True, "printing": True, "sdReady": True},
        currentZ=3.0,
        temps=[{"time": 1, "tool0": {"actual": 20.0, "target": 0.0}}],
        offsets={"tool0": 5},
    ),
    "event": {
        "type": "PrintFailed",
        "payload": {**BOAT_DATA, "reason": "error", "error": "X", "time": 3.5},
    },
}

PLACES = [(kind, path) for kind in MESSAGES for path in _places(MESSAGES[kind], ())] + [
    (kind, ()) for kind in MESSAGES
]


@pytest.mark.parametrize(("kind", "path"), PLACES, ids=str)
def test_junk_at_every_place(
    reader: MessageReader, kind: str, path: tuple[Any, ...]
) -> None:
    for junk in JUNK:
        message = read(reader, **{kind: _with_junk(MESSAGES[kind], path, junk)})
        assert message is None or isinstance(message, PushMessage.__value__)
        # It goes on with what is right.
        after = read(reader, **{kind: MESSAGES[kind]})
        assert type(after) is type(MessageReader().read(_frame(kind)))


def _frame(kind: str) -> bytes:
    return json.dumps({kind: MESSAGES[kind]}).encode()


@pytest.mark.parametrize("kind", ["current", "history"])
@pytest.mark.parametrize(
    "state", [None, {}, [], {"text": None}, {"text": ""}, {"text": 3}, {"flags": {}}]
)
def test_current_without_a_state(reader: MessageReader, kind: str, state: Any) -> None:
    assert read(reader, **{kind: {**MESSAGES["current"], "state": state}}) is None


def test_halves_of_a_character(reader: MessageReader) -> None:
    """OctoPrint passes on names that are no Unicode, and nothing after us can encode them."""
    message = read_current(reader, "Operational", job={"file": {"name": "a\ud800"}})
    assert message.job
    assert message.job.file
    assert message.job.file.name == "a?"


# What did not change stays the same object.


def test_same_current(reader: MessageReader) -> None:
    first = read(reader, current=MESSAGES["current"])
    again = read(reader, current=MESSAGES["current"])
    assert isinstance(first, Current)
    assert isinstance(again, Current)
    assert again == first
    assert again.job is first.job
    assert again.flags is first.flags
    assert again.heaters is first.heaters


@pytest.mark.parametrize(
    ("over", "changed"),
    [
        ({"progress": {"completion": 51.0}}, {"job"}),
        ({"job": {"file": {"name": "cube.gcode"}}}, {"job"}),
        ({"state": {"text": "Printing", "error": "X"}}, {"job", "flags"}),
        (
            {"temps": [{"time": 2, "tool0": {"actual": 21.0, "target": 0.0}}]},
            {"heaters"},
        ),
        ({"offsets": {}}, {"heaters"}),
        ({"currentZ": 3.3, "serverTime": 7, "logs": ["x"], "busyFiles": []}, set()),
        ({"temps": [{"time": 2, "tool0": {"actual": 20.0, "target": 0.0}}]}, set()),
    ],
)
def test_changed_part(
    reader: MessageReader, over: dict[str, Any], changed: set[str]
) -> None:
    first = read(reader, current=MESSAGES["current"])
    after = read(reader, current=MESSAGES["current"] | over)
    for part in ("job", "flags", "heaters"):
        assert (getattr(after, part) is not getattr(first, part)) is (part in changed)


def test_history_is_the_same_as_a_current(reader: MessageReader) -> None:
    first = read(reader, current=MESSAGES["current"])
    history = read(reader, history=MESSAGES["current"])
    assert isinstance(first, Current)
    assert isinstance(history, Current)
    assert history.job is first.job
    assert (first.is_history, history.is_history) == (False, True)


def test_readers_share_nothing() -> None:
    message = {"current": MESSAGES["current"]}
    first, second = read(MessageReader(), **message), read(MessageReader(), **message)
    assert first == second
    assert first.job is not second.job


# Heaters and Z.


def test_no_new_temperatures(reader: MessageReader) -> None:
    read_current(reader, "Operational", temps=[{"bed": {"actual": 20, "target": 0}}])
    temps: Any
    for temps in ([], None, {}, [None], ["bed"]):
        assert read_current(reader, "Operational", temps=temps).heaters is None


def test_the_last_temperatures_count(reader: MessageReader) -> None:
    temps = [{"time": at, "bed": {"actual": 20.0 + at, "target": 60}} for at in (1, 2)]
    message = read_current(reader, "Operational", temps=temps)
    assert message.heaters == {"bed": Heater(actual=22.0, target=60.0, offset=0.0)}


def test_temperatures_of_nothing(reader: MessageReader) -> None:
    """So they come after the printer was disconnected."""
    assert read_current(reader, "Offline", temps=[{"time": 3}]).heaters == {}


def test_offsets(reader: MessageReader) -> None:
    temps: Any = [
        {name: {"actual": 20, "target": 0} for name in ("bed", "tool0", "tool1")}
    ]
    offsets = {"bed": -3, "tool0": "x", "tool9": 5}
    heaters = read_current(reader, "Operational", temps=temps, offsets=offsets).heaters
    assert heaters
    assert {name: heater.offset for name, heater in heaters.items()} == {
        "bed": -3,
        "tool0": None,
        "tool1": 0,
    }


@pytest.mark.parametrize(
    ("z", "expected"), [(0.3, 0.3), (0, 0), (None, None), ("3", None), (True, None)]
)
def test_z(reader: MessageReader, z: Any, expected: float | None) -> None:
    assert read_current(reader, "Printing", currentZ=z).z == expected


@pytest.mark.parametrize("ready", [True, False, None, 1, "yes"])
def test_sd_ready(reader: MessageReader, ready: Any) -> None:
    message = read_current(reader, "Operational", {"sdReady": ready})
    assert message.sd_ready is (ready is True)


# A `current` from before the last event.


def is_told(reader: MessageReader, text: str, **flags: bool) -> bool:
    """Return whether the job of a `current` is told."""
    message = read_current(
        reader, text, flags, currentZ=1.0, temps=[{"bed": {"actual": 20}}]
    )
    # These are as new as can be, in any case.
    assert message.z == 1.0
    assert message.heaters is not None
    assert message.flags == Flags(**flags)
    return message.job is not None


def test_outdated(reader: MessageReader, clock: Clock) -> None:
    assert is_told(reader, "Operational")
    read_state(reader, "STARTING", "Starting")
    assert not is_told(reader, "Operational")
    assert is_told(reader, "Starting")
    clock.now += CURRENT_MAX_AGE
    assert not is_told(reader, "Operational")
    clock.now += 0.01
    assert is_told(reader, "Operational")


def test_outdated_by_the_last_of_many(reader: MessageReader, clock: Clock) -> None:
    read_state(reader, "STARTING", "Starting")
    clock.now += CURRENT_MAX_AGE
    read_state(reader, "PRINTING", "Printing from SD")
    assert not is_told(reader, "Starting")
    assert is_told(reader, "Printing")
    clock.now += CURRENT_MAX_AGE
    assert not is_told(reader, "Starting")


@pytest.mark.parametrize("event", ["FileSelected", "PrintStarted"])
def test_outdated_by_another_file(
    reader: MessageReader, clock: Clock, event: str
) -> None:
    assert is_told(reader, "Printing")
    read_event(reader, event, BOAT_DATA | {"size": None})
    assert is_told(reader, "Printing")
    read_event(reader, event, BOAT_DATA | {"path": "folder/boat.gcode"})
    assert not is_told(reader, "Printing")
    clock.now += CURRENT_MAX_AGE + 0.01
    assert is_told(reader, "Printing")


def test_outdated_by_no_file(reader: MessageReader) -> None:
    read_event(reader, "FileDeselected", {})
    assert not is_told(reader, "Operational")
    message = reader.read(json.dumps({"history": a_current("Operational")}).encode())
    assert isinstance(message, Current)
    assert message.job is not None
    assert is_told(reader, "Operational")


def test_never_outdated_without_an_event(reader: MessageReader) -> None:
    for text in ("Operational", "Printing", "Offline", "Unknown State (42)"):
        assert is_told(reader, text)


def test_other_events_outdate_nothing(reader: MessageReader) -> None:
    read_event(reader, "PrintDone", BOAT_DATA)
    read_state(reader, "UNHEARD_OF", "Unknown State (42)")
    assert is_told(reader, "Operational")


@pytest.mark.parametrize("told", ["ERROR", "OFFLINE", "CLOSED_WITH_ERROR"])
def test_ways_to_be_offline(reader: MessageReader, told: str) -> None:
    """After an error the event says just offline, and only a `current` the whole."""
    read_state(reader, told, None)
    for text in ("Offline", "Offline after error", "Error", "Closed"):
        assert is_told(reader, text)
    assert not is_told(reader, "Printing")


def test_outdated_offline(reader: MessageReader) -> None:
    read_state(reader, "OPEN_SERIAL", "Opening serial connection")
    assert not is_told(reader, "Offline after error")
    assert is_told(reader, "Opening serial connection")


def test_outdated_by_the_flags(reader: MessageReader) -> None:
    """A translated state is known by its id in an event, and by its flags elsewhere."""
    read_state(reader, "PAUSED", "Angehalten")
    assert not is_told(reader, "Druckt", printing=True)
    assert is_told(reader, "Angehalten", paused=True)


def test_history_is_never_outdated(reader: MessageReader) -> None:
    read_state(reader, "PRINTING", "Printing")
    history = read(reader, history=a_current("Operational"))
    assert isinstance(history, Current)
    assert history.job
    assert is_told(reader, "Operational")


def test_the_latest_job_comes_with_the_next(
    reader: MessageReader, clock: Clock
) -> None:
    """What was kept back is not taken for told."""
    before = read_current(reader, "Operational")
    read_state(reader, "PRINTING", "Printing")
    progress = {"completion": 3.0}
    assert read_current(reader, "Operational", progress=progress).job is None
    after = read_current(reader, "Printing", progress=progress)
    assert after.job
    assert after.job is not before.job
    assert after.job.state == "Printing"
    assert after.job.progress.completion == 3.0
