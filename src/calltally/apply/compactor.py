"""Compaction and checkpoints in the background, one bounded step at a time."""

import threading
import time
from collections.abc import Callable

import structlog

from calltally.apply.applier import NICENESS
from calltally.errors import StoreFailedError
from calltally.process import lower_priority
from calltally.store.usage_store import UsageStore, Work

log = structlog.get_logger()

_MOST_STEPS = 4
"""Steps between two checkpoints: until one is taken, the store keeps in memory which rows were moved."""


class Compactor:
    """Runs the store's compaction and checkpoints in its own thread, one at a time.

    While calls are being received it compacts only now and then, since its results would soon be compacted
    again, and rests after a step as `rest_after` returns. A checkpoint follows a few steps or a failed one,
    so that moved rows do not stay in the store's write-ahead log and memory.
    """

    def __init__(
        self,
        store: UsageStore,
        applied_at: Callable[[], float],
        *,
        checkpoint: Callable[[], None],
        checkpoint_is_due: Callable[[], bool],
        look_seconds: float = 0.2,
        rest_seconds: float = 2.0,
        longest_rest_seconds: float = 10.0,
        on_failure: Callable[[Exception], None] = lambda _: None,
    ) -> None:
        """``applied_at`` returns when the store last received calls, on the monotonic clock."""
        self._store = store
        self._applied_at = applied_at
        self._checkpoint = checkpoint
        self._checkpoint_is_due = checkpoint_is_due
        self._look_seconds = look_seconds
        self._rest_seconds = rest_seconds
        self._longest_rest_seconds = longest_rest_seconds
        self._on_failure = on_failure
        self._working = False
        self._steps = 0  # since the last checkpoint
        self._ended_at = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="compactor", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End after the current step."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        lower_priority(NICENESS)
        while not self._stop.is_set():
            rest = self._look_seconds
            try:
                if self._checkpoint_is_due() or self._steps >= _MOST_STEPS:
                    self._save()
                elif self._is_time():
                    rest = self._step()
            except StoreFailedError as error:
                self._on_failure(error)
                return
            except Exception:  # a failed step left the store unchanged; the next one may succeed
                log.exception("compaction failed")
                rest = self._rest_seconds
                self._steps = _MOST_STEPS
            self._stop.wait(rest)

    def _step(self) -> float:
        """Do one step of compaction, or finish if nothing is left; returns how many seconds to rest."""
        started = time.monotonic()
        if work := self._store.compact():
            self._working = True
            self._steps += 1
            return rest_after(work, time.monotonic() - started, is_quiet=self._is_quiet())
        if self._steps:
            self._save()
        self._working = False
        self._ended_at = time.monotonic()
        return self._look_seconds

    def _save(self) -> None:
        self._steps = 0
        self._checkpoint()

    def _is_quiet(self) -> bool:
        return time.monotonic() - self._applied_at() >= self._rest_seconds

    def _is_time(self) -> bool:
        rest = self._rest_seconds if self._is_quiet() else self._longest_rest_seconds
        return self._working or time.monotonic() - self._ended_at >= rest


def rest_after(work: Work, seconds: float, *, is_quiet: bool) -> float:
    """The seconds to rest after a step: as long as it took, unless it is quiet or work is pressing."""
    return 0.0 if is_quiet or work is Work.PRESSING else seconds
