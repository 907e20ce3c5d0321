"""The counting machine as one thing: calls go in, answers come out."""

import asyncio
import contextlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from calltally.call_batch import NameUpdate
from calltally.clock import Clock
from calltally.errors import BusyError
from calltally.ingest.intake import Intake, IntakeLimits
from calltally.ingest.ordered_step import OrderedStep
from calltally.ingest.recollection import recollect
from calltally.ingest.routes import RouteNaming
from calltally.ingest.seen_ids import SeenIds
from calltally.ingest.stored_identities import StoredIdentities
from calltally.journal.journal import Journal
from calltally.query.query_engine import QueryEngine
from calltally.rollup.compactor import Compactor
from calltally.rollup.roller import Roller
from calltally.store.usage_store import UsageStore
from calltally.upkeep import Upkeep


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterOptions:
    """What a `Meter` can be told; sizes in bytes."""

    seen_ids_memory: int = 10**9
    limits: IntakeLimits = field(default_factory=IntakeLimits)
    route_patterns: tuple[str, ...] = ()
    max_derived_routes: int = 10_000
    minimum_free_disk: int = 0
    answer_timeout: float = 30.0
    question_threads: int = 4


class Meter:
    """Intake, journal, roller, store and query engine, started and stopped in the right order.

    Opening recovers: a torn end of the journal is cut off, the seen ids and the dictionary are recollected,
    and what the store has not yet taken from the journal is rolled in. `DamagedDataError` means that the
    directory must be restored; nothing was changed then.
    """

    def __init__(
        self,
        store: UsageStore,
        journal_folder: Path,
        clock: Clock,
        options: MeterOptions = MeterOptions(),
        *,
        record_names: Callable[[Sequence[tuple[int, NameUpdate]]], None] = lambda _: None,
        on_failure: Callable[[Exception], None] = lambda _: None,
    ) -> None:
        self._options = options
        self._folder = journal_folder
        self._clock = clock
        self.store = store
        self.journal = Journal(journal_folder, after=store.position, on_failure=on_failure)
        self.seen_ids = SeenIds(options.seen_ids_memory)
        horizon_ms = options.limits.late_ms
        tail = self.journal.reader(store.position)
        recollect(store, tail, store.dictionary, self.seen_ids, clock.now_ms() - horizon_ms)
        self._threads = ThreadPoolExecutor(options.question_threads, thread_name_prefix="question")
        self.roller = Roller(
            self.journal, store, record_names=record_names, answer_timeout=options.answer_timeout
        )
        self._compactor = Compactor(store, lambda: self.roller.applied_at)
        routes = RouteNaming(options.route_patterns, options.max_derived_routes)
        step = OrderedStep(self.journal, store.dictionary, self.seen_ids, routes, store.identity_seed)
        stored = StoredIdentities(store, clock, horizon_ms)
        self.intake = Intake(
            step,
            self.journal,
            stored,
            clock,
            self._threads,
            limits=options.limits,
            refuse=self._disk_is_short,
        )
        self.engine = QueryEngine(store, self.roller, clock, self._threads)
        self.upkeep = Upkeep()
        self._forgetting: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to roll and to compact."""
        self.roller.start()
        self._compactor.start()
        self._forgetting = asyncio.create_task(self._forget_now_and_then())

    async def stop(self) -> None:
        """Brings everything durable into the store and closes it. Nothing may be in flight any more."""
        if self._forgetting:
            self._forgetting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._forgetting
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._compactor.stop()
        self.journal.close()
        self.roller.stop()
        self._threads.shutdown()
        self.store.close()

    def problems(self) -> list[str]:
        """Why the meter cannot keep its promises at present; empty when it can."""
        failures = (self.journal.durable.failure, self.roller.failure, self._disk_is_short())
        found = [str(failure) for failure in failures if failure]
        if self.journal.queued_bytes > self._options.limits.max_queued_bytes:
            found.append("too many calls wait to be written to disk")
        return found

    async def _forget_now_and_then(self) -> None:
        while True:
            self.seen_ids.forget(
                received_before_ms=self._clock.now_ms() - self._options.limits.late_ms,
                stored_position=self.roller.rolled.position,
            )
            await asyncio.sleep(1)

    def _disk_is_short(self) -> BusyError | None:
        if self._options.minimum_free_disk <= 0:
            return None
        disk = os.statvfs(self._folder)
        free = disk.f_bavail * disk.f_frsize
        if free >= self._options.minimum_free_disk:
            return None
        return BusyError(f"only {free} bytes are free on the disk", retry_after=30)
