"""Changes: what happened between two moments, where no event tells it, or could be missed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..api import (
    LayerEventType,
    Occurrence,
    PrinterEventType,
    PrintEventType,
    PrintResult,
    State,
    Subject,
    display_layer_progress,
)
from .prints import LastPrint, Memory, RunningPrint
from .snapshot import Snapshot

RESULTS = {
    PrintResult.CANCELLED: PrintEventType.CANCELLED,
    PrintResult.DONE: PrintEventType.FINISHED,
    PrintResult.FAILED: PrintEventType.FAILED,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What is known to those who listen, so that it is not told again, by a restart either."""

    memory: Memory
    is_connected: bool | None
    """None where that was never told."""

    errors: frozenset[str]
    """The texts of all errors that there are, an empty one for an error without a text."""

    prompt: tuple[str, ...] | None = None
    """The question that the printer asks and its answers, empty where it asks nothing.

    None where that was never known.
    """

    reason: str | None = None
    """The first error since a print ended, as long as it is not settled how."""


def next_told(told: Told | None, after: Snapshot, *, is_settled: bool = True) -> Told:
    """Return what is known once all that occurred since was told.

    As long as it is not settled how a print ended, nothing new is known of prints.
    """
    is_connected: bool | None = after.is_connected
    if after.state is State.OTHER:
        is_connected = told.is_connected if told else None
    return Told(
        memory=after.memory if is_settled or told is None else told.memory,
        is_connected=is_connected,
        errors=_errors_in(after),
        prompt=_prompt_in(told, after),
        reason=None if is_settled else _reason(told, after),
    )


def occurred(
    told: Told, after: Snapshot, *, is_settled: bool = True
) -> Iterator[Occurrence]:
    """Yield what happened since, in its order, as far as the snapshot of now shows it."""
    if told.is_connected is not None:
        yield from _occurred_to_printer(told, after)
    yield from _asked(told, after)
    if is_settled:
        yield from _occurred_to_print(told, after)


def _reason(told: Told | None, after: Snapshot) -> str | None:
    return told.reason if told and told.reason else after.error_text


def _occurred_to_printer(told: Told, after: Snapshot) -> Iterator[Occurrence]:
    if after.state is not State.OTHER and after.is_connected is not told.is_connected:
        type_ = (
            PrinterEventType.CONNECTED
            if after.is_connected
            else PrinterEventType.DISCONNECTED
        )
        yield Occurrence(subject=Subject.PRINTER, type=type_)
    if "" in told.errors:
        # It was told already, and all that may have come since is its text.
        return
    for text in sorted(_errors_in(after) - told.errors):
        error = after.error if after.error and after.error.error == text else None
        yield Occurrence(
            subject=Subject.PRINTER,
            type=PrinterEventType.ERROR,
            data={
                "error": text or None,
                "reason": error.reason if error else None,
                "faq_url": error.faq_url if error else None,
            },
        )


def _asked(told: Told, after: Snapshot) -> Iterator[Occurrence]:
    question = _prompt_in(told, after)
    if question and told.prompt is not None and question != told.prompt:
        yield Occurrence(
            subject=Subject.PRINTER,
            type=PrinterEventType.PROMPT,
            data={"text": question[0], "choices": list(question[1:])},
        )


def _prompt_in(told: Told | None, snapshot: Snapshot) -> tuple[str, ...] | None:
    plugins = snapshot.plugins
    if not plugins.is_prompt_known:
        return told.prompt if told else None
    return (plugins.prompt.text, *plugins.prompt.choices) if plugins.prompt else ()


def layers_passed(
    before: display_layer_progress.LayerProgress | None,
    after: display_layer_progress.LayerProgress | None,
) -> Iterator[Occurrence]:
    """Yield what happened between two states of the layers, which only a plugin tells."""
    if before is None or after is None or after.layer in (before.layer, None):
        return
    layers = {"layer": after.layer, "total_layers": after.total_layers}
    if before.layer == 1 and after.layer > 1:
        yield Occurrence(
            subject=Subject.PRINT, type=PrintEventType.FIRST_LAYER_DONE, data=layers
        )
    yield Occurrence(subject=Subject.LAYER, type=LayerEventType.CHANGED, data=layers)


def _errors_in(snapshot: Snapshot) -> frozenset[str]:
    """Return the texts of all errors, of the last one and of the connection."""
    texts = {snapshot.error.error if snapshot.error else None, snapshot.job.error}
    errors = frozenset(text for text in texts if text)
    if not errors and snapshot.state is State.OFFLINE_AFTER_ERROR:
        # OctoPrint 2 tells none.
        return frozenset({""})
    return errors


def _occurred_to_print(told: Told, after: Snapshot) -> Iterator[Occurrence]:
    old, new = told.memory.running, after.memory.running
    is_same = bool(old and new and old.started_at == new.started_at)
    last_print = after.memory.last_print
    if old is not None and not is_same and last_print is not None:
        yield _ended(old, last_print, _reason(told, after))
    if new is None:
        return
    if not is_same:
        yield _of_print(
            PrintEventType.STARTED, new, started_at=new.started_at.isoformat()
        )
    was_paused = old.paused if old and is_same else False
    if new.paused and was_paused is False:
        yield _of_print(PrintEventType.PAUSED, new)
    elif was_paused and not new.paused:
        yield _of_print(PrintEventType.RESUMED, new)


def _of_print(type_: PrintEventType, running: RunningPrint, **data: Any) -> Occurrence:
    file = running.file
    named = {"file": file.name, "path": file.path, "location": file.origin}
    return Occurrence(subject=Subject.PRINT, type=type_, data=named | data)


def _ended(
    running: RunningPrint, last_print: LastPrint, reason: str | None
) -> Occurrence:
    data: dict[str, Any] = {
        "print_time": last_print.print_time,
        "ended_at": last_print.ended_at.isoformat(),
    }
    if last_print.result is PrintResult.FAILED:
        data["reason"] = reason
    return _of_print(RESULTS[last_print.result], running, **data)
