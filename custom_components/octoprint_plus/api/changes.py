"""Changes: what happened between two moments, where no event tells it, or could be missed."""

from collections.abc import Iterator
from typing import Any

from .memory import LastPrint, Memory, PrintResult, RunningPrint
from .occurrences import Occurrence, Subject
from .snapshot import Snapshot
from .state import State

RESULTS = {
    PrintResult.CANCELLED: "cancelled",
    PrintResult.DONE: "finished",
    PrintResult.FAILED: "failed",
}


def occurred_to_print(before: Memory, after: Snapshot) -> Iterator[Occurrence]:
    """Yield what happened to prints since a memory, in its order.

    A memory outlives restarts, so nothing is told twice, and what happened while nobody
    listened is told as far as the memory of now shows it.
    """
    old, new = before.running, after.memory.running
    last_print = after.memory.last_print
    if last_print is not None and last_print != before.last_print:
        yield _ended(last_print, after)
    if new is None:
        return
    if old is None or old.started_at != new.started_at:
        yield _of_running("started", new)
        was_paused = False
    else:
        was_paused = old.paused
    if new.paused and not was_paused:
        yield _of_running("paused", new)
    elif was_paused and not new.paused:
        yield _of_running("resumed", new)


def _of_running(type_: str, running: RunningPrint) -> Occurrence:
    return Occurrence(
        subject=Subject.PRINT,
        type=type_,
        data={
            "file": running.file.name,
            "path": running.file.path,
            "location": running.file.origin,
        },
    )


def _ended(last_print: LastPrint, after: Snapshot) -> Occurrence:
    data: dict[str, Any] = {
        "file": last_print.name,
        "print_time": last_print.print_time,
        "ended_at": last_print.ended_at,
    }
    if last_print.result is PrintResult.FAILED:
        data["reason"] = after.error_text
    return Occurrence(subject=Subject.PRINT, type=RESULTS[last_print.result], data=data)


def occurred_to_printer(before: Snapshot, after: Snapshot) -> Iterator[Occurrence]:
    """Yield what happened to the printer and its connection between two snapshots."""
    if _has_new_error(before, after):
        error = after.error
        yield Occurrence(
            subject=Subject.PRINTER,
            type="error",
            data={
                "error": after.error_text,
                "reason": error.reason if error else None,
                "faq_url": error.faq_url if error else None,
            },
        )
    if before.is_connected and not after.is_connected:
        yield Occurrence(subject=Subject.PRINTER, type="disconnected")
    elif after.is_connected and not before.is_connected:
        yield Occurrence(subject=Subject.PRINTER, type="connected")


def _has_new_error(before: Snapshot, after: Snapshot) -> bool:
    if after.error_text is not None:
        return before.error_text is None and not _is_after_error(before)
    # The text comes with an event after the state; OctoPrint 2 tells none.
    return _is_after_error(after) and not _is_after_error(before)


def _is_after_error(snapshot: Snapshot) -> bool:
    return snapshot.state is State.OFFLINE_AFTER_ERROR
