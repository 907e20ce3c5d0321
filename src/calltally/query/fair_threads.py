"""Threads that organizations share."""

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
    """Runs blocking work in ``threads`` threads, those of organizations in turn; see `FairTurns`.

    Work that nobody waits for any more, because its asker went away or ``patience`` seconds are over, is
    never begun, or interrupted: ``interrupt`` is called with the identifier of its thread. It counts until
    it has ended.
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
        """What the work returns or raises. Raises `BusyError` where it takes too long, or too much waits."""
        seconds = self._patience if patience is None else patience
        try:
            async with asyncio.timeout(None if seconds == inf else seconds) as limit:
                await self.turns.begin(organization)
                return await self._run(organization, work)
        except TimeoutError:
            if not limit.expired():
                raise
            text = f"the question was not answered in {seconds:g} seconds; ask for less, or again later"
            raise BusyError(text, retry_after=_RETRY_AFTER) from None

    def close(self) -> None:
        """Waits for what runs."""
        self._executor.shutdown()

    async def _run(self, organization: str, work: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        under_way = _UnderWay(self._interrupt)
        try:
            running = loop.run_in_executor(self._executor, under_way.run, work)
        except BaseException:
            self.turns.end(organization)
            raise
        # The place is given back once the thread is free, not once nobody waits for it.
        running.add_done_callback(lambda _: self.turns.end(organization))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            running.add_done_callback(_seen)
            under_way.give_up()
            raise


class _GivenUpError(Exception):
    """Nobody waits for this work any more."""


class _UnderWay:
    """One piece of work, which may be given up from another thread at any time."""

    def __init__(self, interrupt: Callable[[int], None]) -> None:
        self._interrupt = interrupt
        self._lock = threading.Lock()
        self._thread: int | None = None
        self._given_up = False

    def run(self, work: Callable[[], T]) -> T:
        with self._lock:
            if self._given_up:
                raise _GivenUpError
            self._thread = threading.get_ident()
        try:
            return work()
        finally:
            with self._lock:
                self._thread = None

    def give_up(self) -> None:
        """Interrupts the work; held by the lock, so that nothing else on its thread is."""
        with self._lock:
            self._given_up = True
            if self._thread is not None:
                self._interrupt(self._thread)


def _seen(running: "asyncio.Future[T]") -> None:
    if not running.cancelled():
        running.exception()
