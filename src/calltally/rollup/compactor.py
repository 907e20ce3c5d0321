"""Merging in the background, a bounded step at a time."""

import threading
import time
from collections.abc import Callable

import structlog

from calltally.store.usage_store import UsageStore

log = structlog.get_logger()


class Compactor:
    """Has the store merge what has gathered, in a thread of its own, resting when there is nothing to do.

    While calls are coming in it works only now and then, as what it merged would soon be to merge again. A
    checkpoint follows the work, so that what it moved does not linger in the store's write-ahead log.
    """

    def __init__(
        self,
        store: UsageStore,
        applied_at: Callable[[], float],
        *,
        rest_seconds: float = 2.0,
        longest_rest_seconds: float = 30.0,
    ) -> None:
        """``applied_at`` tells, on the monotonic clock, when the store last took calls in."""
        self._store = store
        self._applied_at = applied_at
        self._longest_rest_seconds = longest_rest_seconds
        self._worked_at = time.monotonic()
        self._rest_seconds = rest_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="compactor", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends after the step under way."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        unsaved = False
        while not self._stop.is_set():
            try:
                if self._is_time() and self._store.compact():
                    unsaved = True
                    continue
                self._worked_at = time.monotonic() if unsaved else self._worked_at
                if unsaved:
                    self._store.checkpoint()
                    unsaved = False
            except Exception:  # a step that failed left the store as it was; the next one may succeed
                log.exception("compaction failed")
            self._stop.wait(self._rest_seconds)

    def _is_time(self) -> bool:
        now = time.monotonic()
        quiet = now - self._applied_at() >= self._rest_seconds
        return quiet or now - self._worked_at >= self._longest_rest_seconds
