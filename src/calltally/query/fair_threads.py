"""A thread pool that organizations share fairly."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from math import inf
from typing import TypeVar

from calltally.errors import BusyError
from calltally.query.fair_turns import FairTurns

T = TypeVar("T")

_RETRY_AFTER = 5


class FairThreads:
    """Runs blocking work in ``threads`` threads, given to organizations round robin; see `FairTurns`.

    Work whose caller was cancelled, or whose ``patience`` seconds are over, is not started, or is
    interrupted: ``interrupt`` is called with the identifier of its thread. It occupies its place until it has
    ended.
    """

    def __init__(
        self,
        threads: int,
        name: str,
        *,
        waiting: int | None = None,
        patience: float = inf,
        interrupt: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.turns = FairTurns(threads, waiting=waiting)
        self._patience = patience
        self._interrupt = interrupt
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)

    async def run(self, organization: str, work: Callable[[], T], *, patience: float | None = None) -> T:
        """What the work returns or raises; `BusyError` if it takes too long or too much work is waiting."""
        seconds = self._patience if patience is None else patience
        try:
            async with asyncio.timeout(None if seconds == inf else seconds) as limit:
                await self.turns.begin(organization)
                return await self._run(organization, work)
        except TimeoutError:
            if not limit.expired():
                raise
            text = f"the query did not finish in {seconds:g} seconds; narrow it, or retry later"
            raise BusyError(text, retry_after=_RETRY_AFTER) from None

    def close(self) -> None:
        """Wait for running work."""
        self._executor.shutdown()

    async def _run(self, organization: str, work: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        under_way = _Running(self._interrupt)
        try:
            running = loop.run_in_executor(self._executor, under_way.run, work)
        except BaseException:
            self.turns.end(organization)
            raise
        # The place is released when the thread is free, not when the caller is cancelled.
        running.add_done_callback(lambda _: self.turns.end(organization))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            running.add_done_callback(_seen)
            under_way.abandon()
            raise


class _AbandonedError(Exception):
    """The caller no longer waits for this work."""


class _Running:
    """One piece of work, which another thread may abandon at any time."""

    def __init__(self, interrupt: Callable[[int], None]) -> None:
        self._interrupt = interrupt
        self._lock = threading.Lock()
        self._thread: int | None = None
        self._abandoned = False

    def run(self, work: Callable[[], T]) -> T:
        with self._lock:
            if self._abandoned:
                raise _AbandonedError
            self._thread = threading.get_ident()
        try:
            return work()
        finally:
            with self._lock:
                self._thread = None

    def abandon(self) -> None:
        """Interrupt the work; the lock ensures that no other work on its thread is interrupted."""
        with self._lock:
            self._abandoned = True
            if self._thread is not None:
                self._interrupt(self._thread)


def _seen(running: "asyncio.Future[T]") -> None:
    if not running.cancelled():
        running.exception()
