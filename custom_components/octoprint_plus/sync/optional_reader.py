"""What a printer can be shown without: read when it can be, and never waited for long."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from time import monotonic
from typing import Any

from ..api import OctoPrintError
from ..const import LOGGER
from .errors import UnexpectedErrors

type Reads = Mapping[str, Callable[[], Awaitable[Any]]]
"""What can be read, by what it is called in the snapshot."""

# Seconds that a poll waits for all of it, and for one before the next is asked for beside
# it. OctoPrint answers most of it within a few milliseconds, also on slow machines.
PATIENCE = 2.0
PATIENCE_EACH = 0.5

# Seconds until what failed is read again: they double, as some of it fails for good, and
# some after a long search of a slow disk.
FIRST_RETRY = 30.0
LONGEST_RETRY = 3600.0


class OptionalReader:
    """Reads what may fail, hang or come late without harm to all else."""

    def __init__(
        self,
        name: Callable[[], str],
        start: Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]],
        take_late: Callable[[str, Any], None],
        unexpected: UnexpectedErrors,
    ) -> None:
        """Take what starts a task that ends with the entry, and what takes late answers."""
        self._name = name
        self._start = start
        self._take_late = take_late
        self._unexpected = unexpected
        self._answers: dict[str, Any] | None = None
        self._running: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        self._failures: dict[str, int] = {}
        self._due_at: dict[str, float] = {}

    def retry_in(self, names: Collection[str]) -> float | None:
        """Return in how many seconds one of these is to be read again, None for none."""
        due = [
            at
            for name, at in self._due_at.items()
            if name in names and name not in self._running
        ]
        return max(min(due) - monotonic(), 0) if due else None

    @property
    def due(self) -> frozenset[str]:
        """Return what failed and is to be read again now."""
        now = monotonic()
        return frozenset(name for name, at in self._due_at.items() if at <= now)

    def expire(self) -> None:
        """Let all that failed be read with the next poll: the server may be another one."""
        self._due_at = dict.fromkeys(self._due_at, monotonic())
        self._failures = dict.fromkeys(self._failures, 0)
        # What is being read may be what was before.
        self._again.update(self._running)

    async def async_read(self, reads: Reads) -> dict[str, Any]:
        """Return what is answered soon; the rest is taken when it comes."""
        answers: dict[str, Any] = {}
        self._answers = answers
        give_up_at = monotonic() + PATIENCE
        try:
            for name, read in reads.items():
                if name in self._running or not self._is_due(name):
                    continue
                task = self._start(self._async_read_one(name, read), name)
                if not task.done():
                    self._running[name] = task
                    await _wait([task], min(PATIENCE_EACH, give_up_at - monotonic()))
            waited_for = [
                self._running[name] for name in reads if name in self._running
            ]
            await _wait(waited_for, give_up_at - monotonic())
        finally:
            self._answers = None
        return answers

    def _is_due(self, name: str) -> bool:
        return self._due_at.get(name, float("-inf")) <= monotonic()

    async def _async_read_one(
        self, name: str, read: Callable[[], Awaitable[Any]]
    ) -> None:
        try:
            answer = await read()
        except OctoPrintError as err:
            # Whether the key is still good is for what has to be read to tell.
            if name not in self._failures:
                LOGGER.warning(
                    "%s: OctoPrint failed to answer, which is tried again: %s (%s)",
                    self._name(),
                    err,
                    name,
                )
            self._note_failure(name)
            return
        except Exception as err:  # noqa: BLE001
            self._unexpected.log(f"reading {name}", err)
            self._note_failure(name)
            return
        finally:
            self._running.pop(name, None)
        self._failures.pop(name, None)
        self._due_at.pop(name, None)
        if name in self._again:
            self._again.discard(name)
            self._due_at[name] = monotonic()
        if self._answers is not None:
            self._answers[name] = answer
            return
        try:
            self._take_late(name, answer)
        except Exception as err:  # noqa: BLE001
            self._unexpected.log(f"taking {name}", err)

    def _note_failure(self, name: str) -> None:
        self._again.discard(name)
        failures = self._failures.get(name, 0)
        self._failures[name] = failures + 1
        retry = min(FIRST_RETRY * 2 ** min(failures, 10), LONGEST_RETRY)
        self._due_at[name] = monotonic() + retry


async def _wait(tasks: list[asyncio.Task[None]], timeout: float) -> None:
    """Wait for tasks, which go on where they take longer."""
    if tasks and timeout > 0:
        await asyncio.wait(tasks, timeout=timeout)
