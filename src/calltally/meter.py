"""The counting machine as one thing: calls go in, answers come out."""

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from math import ceil, inf
from pathlib import Path

from calltally.apply.applier import Applier
from calltally.apply.compactor import Compactor
from calltally.apply.lag import Lag
from calltally.call_batch import NameUpdate
from calltally.clock import Clock
from calltally.errors import BusyError, DiskShortError
from calltally.ingest.identities.kernel_seen_ids import KernelSeenIds
from calltally.ingest.identities.rebuild_seen_ids import rebuild_seen_ids
from calltally.ingest.identities.run_folder import RunFolder
from calltally.ingest.identities.seen_ids import SeenIds
from calltally.ingest.identities.spiller import Spiller
from calltally.ingest.identities.stored_identities import StoredIdentities
from calltally.ingest.intake import Intake, IntakeLimits
from calltally.ingest.intake_throttle import IntakeThrottle
from calltally.ingest.kernel import is_installed
from calltally.ingest.ordered_step import OrderedStep
from calltally.ingest.routes import RouteNaming
from calltally.ingest.text_bounds import USUAL_LIMITS, TextLimits
from calltally.journal.journal import Journal, JournalFailedError
from calltally.maintenance import Maintenance
from calltally.maintenance.control_data import ControlData, NoControlData
from calltally.maintenance.meter_parts import MeterParts, open_from_ms
from calltally.maintenance.retention import Retention
from calltally.query.fair_threads import FairThreads
from calltally.query.query_engine import QueryEngine
from calltally.store.usage_store import UsageStore

_LOOK_SECONDS = 0.25
_LONGEST_WAIT_SECONDS = 60
_DISK_LOOK_SECONDS = 0.05
_LOOKUP_THREADS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterOptions:
    """What a `Meter` can be told; sizes in bytes."""

    seen_ids_memory: int = 10**9
    use_kernel: bool = True  # where one is installed
    limits: IntakeLimits = field(default_factory=IntakeLimits)
    route_patterns: tuple[str, ...] = ()
    max_derived_routes: int = 10_000
    text_limits: TextLimits = USUAL_LIMITS
    minimum_free_disk: int = 0
    max_journal: int = 4 * 2**30
    uncounted_freely: int = 500_000  # calls that the store may lack before senders have to wait
    uncounted_at_most: int = 1_000_000
    retain_calls_days: int = 0
    retain_counts_days: int = 0
    answer_timeout: float = 30.0
    question_threads: int = 4  # an organization has at most half of them
    waiting_questions: int = 100  # of an organization


class Meter:
    """Intake, journal, roller, store and query engine, started and stopped in the right order.

    Opening recovers: a torn end of the journal is cut off and written down, the seen ids and the dictionary
    are recollected, and what the store has not yet taken from the journal is rolled in. `DamagedDataError`
    means that the directory must be restored; nothing was changed then. Runs of identities lie beside the
    journal's folder, in ``seen``.
    """

    def __init__(
        self,
        store: UsageStore,
        journal_folder: Path,
        clock: Clock,
        options: MeterOptions = MeterOptions(),
        *,
        record_names: Callable[[Sequence[tuple[int, NameUpdate]]], None] = lambda _: None,
        control: ControlData | None = None,
        on_failure: Callable[[Exception], None] = lambda _: None,
    ) -> None:
        control = control or NoControlData()
        self._options = options
        self._folder = journal_folder
        self._clock = clock
        self.store = store
        self.journal = Journal(
            journal_folder, after=store.position, on_failure=on_failure, now_ms=clock.now_ms
        )
        self.uses_kernel = options.use_kernel and is_installed()
        self.seen_ids = (KernelSeenIds if self.uses_kernel else SeenIds)(options.seen_ids_memory)
        horizon_ms, now_ms = options.limits.late_ms, clock.now_ms()
        runs = RunFolder(
            journal_folder.with_name("seen"), store.identity_key, store.timelines, self.seen_ids.kind_of_run
        )
        self._spiller = Spiller(self.seen_ids, runs, horizon_ms, on_failure=on_failure)
        rebuild_seen_ids(
            store,
            runs.open(now_ms - horizon_ms),
            self.journal.reader(store.position),
            store.dictionary,
            self.seen_ids,
            now_ms - horizon_ms,
            lambda: self._spiller.settle(now_ms, store.position),
        )
        self.questions = FairThreads(
            options.question_threads,
            "question",
            waiting=options.waiting_questions,
            patience=options.answer_timeout,
            interrupt=store.interrupt,
        )
        self._lookups = ThreadPoolExecutor(_LOOKUP_THREADS, thread_name_prefix="lookup")
        self.applier = Applier(
            self.journal,
            store,
            record_names=record_names,
            erase_elsewhere=control.erase,
            on_failure=on_failure,
            answer_timeout=options.answer_timeout,
        )
        self._compactor = Compactor(
            store,
            lambda: self.applier.applied_at,
            checkpoint=self.applier.checkpoint,
            checkpoint_is_due=lambda: self.applier.checkpoint_is_due,
            on_failure=on_failure,
        )
        routes = RouteNaming(options.route_patterns, options.max_derived_routes)
        self._step = OrderedStep(
            self.journal,
            store.dictionary,
            self.seen_ids,
            routes,
            store.identity_key,
            open_from_ms=open_from_ms(store.calls_from),
            text_limits=options.text_limits,
        )
        self._throttle = IntakeThrottle(options.uncounted_freely, options.uncounted_at_most)
        stored = StoredIdentities(store, clock, horizon_ms)
        self.intake = Intake(
            self._step,
            self.journal,
            stored,
            clock,
            self._lookups,
            limits=options.limits,
            refuse=self._overload,
            pace=self._throttle.seconds,
            use_kernel=self.uses_kernel,
        )
        self.engine = QueryEngine(store, self.applier, clock, self.questions)
        self.maintenance = Maintenance(
            MeterParts(store, self.journal, self.applier, self._step, clock),
            control,
            future_ms=options.limits.future_ms,
            patience=options.answer_timeout,
        )
        self._retention = Retention(
            self.maintenance,
            clock,
            calls_days=options.retain_calls_days,
            counts_days=options.retain_counts_days,
        )
        self._lag = Lag()
        self._free_disk = -inf, 0  # when it was looked at, and how many bytes there were
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begins to roll, to compact and to prune.

        Where the journal has damaged files, of which the store holds everything, the store is made safe
        first, and they are dropped.
        """
        if self.journal.has_damaged_files:
            await asyncio.to_thread(self.applier.checkpoint)
        self.applier.start()
        self._compactor.start()
        self._tasks = [
            asyncio.create_task(self._look_after_ingest()),
            asyncio.create_task(self._retention.run()),
        ]

    async def stop(self) -> None:
        """Brings everything durable into the store and closes it. Nothing may be in flight any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.maintenance.finished()
        with contextlib.suppress(JournalFailedError):
            self._step.append_refusals(self._clock.now_ms())
        await asyncio.to_thread(self._close)

    @property
    def refused_texts(self) -> Mapping[str, int]:
        """How many calls were rejected for one text too many since the start, by field."""
        return self._step.refused_texts

    @property
    def lag(self) -> tuple[int, float]:
        """How many calls, and seconds, the counts are behind the calls that were taken in."""
        return self._lag.behind(self.applier.applied.position, self._step.rows_appended)

    def _close(self) -> None:
        self._spiller.stop()
        self._compactor.stop()
        self.journal.close()
        self.applier.stop()
        self.questions.close()
        self._lookups.shutdown()
        self.store.close()

    def problems(self) -> list[str]:
        """Why the meter cannot keep its promises at present; empty when it can.

        Told to everyone: an error of the disk or the store may name files, or what is counted, and is only in
        the log.
        """
        found = []
        if self.journal.durable.failure:
            found.append("the journal cannot be written")
        if self.applier.failure:
            found.append("counting fails at present, and is tried again")
        if short := self._disk_is_short():
            found.append(str(short))
        if self.journal.queued_bytes > self._options.limits.max_queued_bytes:
            found.append("too many calls wait to be written to disk")
        if self.journal.unsafe_bytes > self._options.max_journal:
            found.append("the store is too far behind the calls that were taken in")
        return found

    async def _look_after_ingest(self) -> None:
        """Journals refusals, lets old identities go, and notes how far counting is."""
        while True:
            appended = self._step.rows_appended
            self._lag.note(self.journal.appended, appended)
            self._throttle.note(appended, self.lag[0], awaited=self.applier.applied.awaited)
            self._spiller.look(self._clock.now_ms(), self.applier.applied.position)
            with contextlib.suppress(JournalFailedError):
                self._step.append_refusals(self._clock.now_ms())
            await asyncio.sleep(_LOOK_SECONDS)

    def _overload(self) -> BusyError | None:
        """Why no request may come in at present; it ends by itself once the store has caught up."""
        if self.journal.unsafe_bytes > self._options.max_journal:
            _, seconds = self.lag
            return BusyError(
                "the store is too far behind the calls that were taken in",
                retry_after=min(_LONGEST_WAIT_SECONDS, max(1, ceil(seconds))),
            )
        return self._disk_is_short()

    def _disk_is_short(self) -> BusyError | None:
        if self._options.minimum_free_disk <= 0:
            return None
        now = time.monotonic()
        looked_at, free = self._free_disk
        if not looked_at <= now < looked_at + _DISK_LOOK_SECONDS:
            disk = os.statvfs(self._folder)
            free = disk.f_bavail * disk.f_frsize
            self._free_disk = now, free
        if free >= self._options.minimum_free_disk:
            return None
        return DiskShortError(f"only {free} bytes are free on the disk", retry_after=30)
