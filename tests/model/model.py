"""A small model of OctoPrint with a printer: what it does, tells and answers."""

from collections.abc import Mapping
from typing import Any

from custom_components.octoprint_plus.api.printer import PrinterError

from ..api.replay import NO_JOB

FILES: Mapping[str, Mapping[str, Any]] = {
    "boat": {"name": "boat.gcode", "path": "boat.gcode", "origin": "local"},
    "cube": {"name": "cube.gcode", "path": "parts/cube.gcode", "origin": "local"},
}

# The state's id and the flags that are set, by its text.
STATES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "Cancelling": ("CANCELLING", ("operational", "printing", "cancelling")),
    "Connecting": ("CONNECTING", ()),
    "Error": ("ERROR", ("error", "closedOrError")),
    "Finishing": ("FINISHING", ("operational", "printing", "finishing")),
    "Offline": ("OFFLINE", ("closedOrError",)),
    "Offline after error": ("OFFLINE", ("closedOrError",)),
    "Opening serial connection": ("OPEN_SERIAL", ()),
    "Operational": ("OPERATIONAL", ("operational", "ready")),
    "Paused": ("PAUSED", ("operational", "paused")),
    "Pausing": ("PAUSING", ("operational", "printing", "pausing")),
    "Printing": ("PRINTING", ("operational", "printing")),
    "Resuming": ("RESUMING", ("operational", "printing", "resuming")),
    "Starting": ("STARTING", ("operational", "printing")),
}

JOB_TEXTS = {text for text, (_, flags) in STATES.items() if "printing" in flags} | {
    "Paused"
}
OFF_TEXTS = {text for text, (_, flags) in STATES.items() if "operational" not in flags}

# What goes on by itself.
GOES_ON = {
    "Cancelling": "Operational",
    "Connecting": "Operational",
    "Finishing": "Operational",
    "Opening serial connection": "Connecting",
    "Pausing": "Paused",
    "Resuming": "Printing",
    "Starting": "Printing",
}

ACTIONS = (
    "select boat",
    "select cube",
    "deselect",
    "start",
    "go on",
    "print",
    "pause",
    "resume",
    "restart",
    "cancel",
    "fail",
    "finish",
    "fatal",
    "drop",
    "disconnect",
    "connect",
    "heat",
)

type Event = tuple[str, Mapping[str, Any] | None]


class OctoPrintModel:
    """One OctoPrint, which does nothing unless it is told to."""

    def __init__(self) -> None:
        """Begin with a connected printer and no file."""
        self.clock = 0.0
        self.text = "Operational"
        self.ends: list[tuple[str, str]] = []
        """Name and result of all prints that ended."""

        self.error: PrinterError | None = None
        self._job_error = ""
        self._file: Mapping[str, Any] | None = None
        self._result: str | None = None
        self._completion: float | None = None
        self._print_time: int | None = None
        self._started = 0.0
        self._paused: float | None = None
        self._z: float | None = None
        self._actual = 21.0
        self._target = 0.0
        self._events: list[Event] = []

    @property
    def content(self) -> dict[str, Any]:
        """Return what a `current` of this moment tells, and the answers to a poll."""
        is_on = self.text not in OFF_TEXTS
        flags = dict.fromkeys(STATES[self.text][1], True) | {"sdReady": is_on}
        heater = {"actual": self._actual, "target": self._target}
        return {
            "state": {"text": self.text, "flags": flags, "error": self._job_error},
            "job": {"file": {**self._file, "size": 1000}} if self._file else NO_JOB,
            "progress": {
                "completion": self._completion,
                "printTime": self._print_time,
                "printTimeLeft": None,
            },
            "currentZ": self._z,
            "offsets": {},
            "temps": [{"time": 1, "tool0": heater}] if is_on else [{"time": 1}],
        }

    @property
    def print_time(self) -> float:
        """Return the seconds of the running print, pauses excluded."""
        return (self.clock if self._paused is None else self._paused) - self._started

    def act(self, action: str) -> list[Event]:
        """Do something, as far as it is possible now, and return the events of it."""
        self._events = []
        name, *argument = action.split()
        getattr(self, f"_{name}")(*argument)
        return self._events

    def _tell(self, event: str, payload: Mapping[str, Any] | None = None) -> None:
        self._events.append((event, payload))

    def _change(self, text: str) -> None:
        self.text = text
        state_id, _ = STATES[text]
        # After an error it says just offline.
        told = "Offline" if state_id == "OFFLINE" else text
        self._tell("PrinterStateChanged", {"state_id": state_id, "state_string": told})

    def _end(self, event: str, **payload: Any) -> None:
        self._tell(event, {**(self._file or {}), "time": self.print_time, **payload})

    def _note_end(self, result: str) -> None:
        assert self._file is not None
        self.ends.append((self._file["name"], self._result or result))
        self._result = None

    def _no_progress(self) -> None:
        self._completion = self._print_time = self._z = None

    def _select(self, name: str) -> None:
        if self.text == "Operational":
            self._file = FILES[name]
            self._no_progress()
            self._tell("FileSelected", {**self._file, "size": None})

    def _deselect(self) -> None:
        if self.text == "Operational" and self._file is not None:
            self._file = None
            self._no_progress()
            self._tell("FileDeselected")

    def _start(self) -> None:
        if self.text == "Operational" and self._file is not None:
            self.error = None
            self._started, self._paused = self.clock, None
            self._no_progress()
            self._change("Starting")
            self._tell("PrintStarted", {**self._file, "size": 1000})

    def _restart(self) -> None:
        if self.text == "Paused" and self.print_time >= 1:
            self._note_end("cancelled")
            self.text = "Operational"
            self._start()

    def _go(self, _: str) -> None:
        if self.text not in GOES_ON:
            return
        if self.text == "Pausing":
            self._tell("PrintPaused", self._file)
        if self.text in {"Cancelling", "Finishing"}:
            self._note_end("done")
        self._change(GOES_ON[self.text])
        if self.text == "Operational" and self._events[-1] and self._file is None:
            self._tell("Connected", {"port": "VIRTUAL", "baudrate": 115200})
        if self.text == "Printing":
            self._print()

    def _print(self) -> None:
        if self.text == "Printing":
            if self._paused is not None:
                self._started += self.clock - self._paused
                self._paused = None
            self._completion = min((self._completion or 0) + 7.5, 99.0)
            self._print_time = int(self.print_time)
            self._z = (self._z or 0) + 0.3

    def _pause(self) -> None:
        if self.text == "Printing":
            self._print()
            self._paused = self.clock
            self._change("Pausing")

    def _resume(self) -> None:
        if self.text == "Paused":
            self._change("Resuming")
            self._tell("PrintResumed", self._file)

    def _cancel(self, **why: str) -> None:
        if self.text in {"Printing", "Paused", "Finishing"}:
            self._result = "failed" if why else "cancelled"
            self._tell("PrintCancelling", {**(self._file or {}), **why})
            self._change("Cancelling")
            self._end("PrintCancelled", reason="cancelled")
            self._end("PrintFailed", reason="cancelled")
            self._no_progress()

    def _fail(self) -> None:
        """Let the firmware report an error that costs the print, but nothing else."""
        if self.text == "Printing":
            error = "Something odd happened"
            self.error = PrinterError(
                error=error, reason="firmware", consequence="cancel", faq_url=None
            )
            self._cancel(firmwareError=error)

    def _finish(self) -> None:
        if self.text == "Printing":
            self._print()
            self._completion = 100.0
            self._result = "done"
            self._change("Finishing")
            self._end("PrintDone")

    def _fatal(self) -> None:
        if self.text not in OFF_TEXTS:
            error = "Thermal Runaway"
            self.error = PrinterError(
                error=error, reason="firmware", consequence="emergency", faq_url=None
            )
            is_job = self.text in JOB_TEXTS
            self._change("Error")
            self._tell(
                "Error",
                {"error": error, "reason": "firmware", "consequence": "emergency"},
            )
            self._close("Offline after error", error, is_job=is_job)

    def _drop(self) -> None:
        if self.text not in OFF_TEXTS:
            is_job = self.text in JOB_TEXTS
            self._close(
                "Offline after error", "SerialTimeoutException: ", is_job=is_job
            )

    def _disconnect(self) -> None:
        if self.text not in OFF_TEXTS:
            self._close("Offline", "", is_job=self.text in JOB_TEXTS)

    def _close(self, text: str, error: str, *, is_job: bool) -> None:
        file = self._file
        if file is not None:
            self._tell("FileDeselected")
        self._tell("Disconnected")
        self._change(text)
        if is_job:
            self._end("PrintFailed", reason="error")
            self._note_end("failed")
        self._file = None
        self._job_error = error
        self._no_progress()
        self._target = 0.0

    def _connect(self) -> None:
        if self.text in {"Offline", "Offline after error"}:
            self.error = None
            self._job_error = ""
            self._change("Opening serial connection")

    def _heat(self) -> None:
        if self.text not in OFF_TEXTS:
            self._target = 0.0 if self._target else 200.0
            self._actual += 3.7
