"""The embedded store: one DuckDB file."""

import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import date, timedelta
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from calltally.call_batch import (
    CallBatch,
    Conflict,
    Correction,
    Erasure,
    Int64s,
    RejectedSample,
    UInt64s,
)
from calltally.clock import DAY_MS
from calltally.dictionary import Dictionary, DictionaryValue, Kind, TextNumbers
from calltally.identity_key import IdentityKey, IdentityScheme
from calltally.store.audit import AuditStep
from calltally.store.doubled_calls import DoubledCalls
from calltally.store.duckdb import batch_statements, statements, text_statements
from calltally.store.duckdb.auditor import Auditor
from calltally.store.duckdb.backup import copy_store
from calltally.store.duckdb.batch_tables import CallTables, other_rows
from calltally.store.duckdb.compaction import Compaction, CompactionLimits
from calltally.store.duckdb.database import Database, raising_store_failed
from calltally.store.duckdb.eraser import Eraser
from calltally.store.duckdb.exporter import Exporter
from calltally.store.duckdb.extent import Extent
from calltally.store.duckdb.identity_lookup import IdentityLookup
from calltally.store.duckdb.inspection import Inspected, Inspection
from calltally.store.duckdb.ledger_calls import NO_CALLS, LedgerCalls
from calltally.store.duckdb.marginals import GATHERING
from calltally.store.duckdb.outcome_reader import OutcomeReader
from calltally.store.duckdb.pruner import Pruner
from calltally.store.duckdb.statements import NO_ORGANIZATION
from calltally.store.duckdb.text_removal import TextRemoval
from calltally.store.duckdb.usage.resolved_query import ResolvedQuery, first_ms
from calltally.store.duckdb.usage.time_buckets import EPOCH
from calltally.store.duckdb.usage.usage_reader import UsageReader
from calltally.store.export import Form, What, demand_whole_days
from calltally.store.kept import EVERYTHING_KEPT, KeptPage
from calltally.store.retained import NEVER_PRUNED, Retained
from calltally.store.usage_store import (
    DORMANCY_DIMENSIONS,
    Identities,
    IdentityTally,
    StoredCalls,
    Timeline,
    Work,
)
from calltally.unstored_calls import NONE_UNSTORED, UnstoredCalls
from calltally.usage_query import Dimension, SourceActivity, UsageQuery, UsageResult
from calltally.window import Window

_TEXTS_AT_ONCE = 10_000
"""While they are read, rows of the dictionary need several times the memory of their texts."""

P = ParamSpec("P")
R = TypeVar("R")


def _in_snapshot(
    method: Callable[Concatenate["DuckDBUsageStore", P], R],
) -> Callable[Concatenate["DuckDBUsageStore", P], R]:
    """Run a method in one snapshot; see `Database.snapshot`."""

    @wraps(method)
    def reading(store: "DuckDBUsageStore", /, *args: P.args, **kwargs: P.kwargs) -> R:
        with store._database.snapshot():  # noqa: SLF001 - it is a method of the store
            return method(store, *args, **kwargs)

    return reading


class DuckDBUsageStore:
    """A `UsageStore` in one file, which belongs to one process.

    `compact`, `checkpoint` and the steps of pruning may be called from different threads and exclude each
    other. They block `apply` only for an erasure: otherwise it only adds rows, which those steps do not
    touch. Queries, exports, backups and audits wait only for the commit of moved rows, which waits for them;
    see `Database.commit_moved`.

    A query whose result has more than ``most_groups`` groups raises `TooManyGroupsError`.

    Raises `DirectoryHeldError` if another process has the file open, `DamagedDataError` if the file is not
    readable as a store, and `CalltallyError` if a newer version wrote it.
    """

    def __init__(
        self,
        path: Path,
        *,
        threads: int = 2,
        memory_limit: str = "1GB",
        limits: CompactionLimits | None = None,
        most_groups: int | None = None,
    ) -> None:
        self._most_groups = most_groups
        self._database = Database(path, threads=threads, memory_limit=memory_limit)
        self._writer = self._database.connection()
        self._tables = CallTables()
        self._inspection = Inspection(self._writer)
        self._tidier = self._database.connection()
        self._compaction = Compaction(self._tidier, limits or CompactionLimits(), self._database.commit_moved)
        self._compaction_lock = threading.Lock()
        """Held while rows are changed or removed; taken before ``_writing`` where both are needed."""
        self._writing = threading.Lock()
        self._pruning = Pruner(self._database, self._compaction_lock, lambda: self._retained, self._retain)
        self._text_removal = TextRemoval(self._database, self._compaction_lock)
        self._dictionary = Dictionary()
        self._checkpointed = 0
        try:
            self._identity_key, self._database.position, self._extent, self._retained = self._read_back()
            self._timelines = self._begin_timeline()
        except BaseException:
            self._database.close()
            raise

    @property
    def dictionary(self) -> Dictionary:
        return self._dictionary

    @property
    def identity_key(self) -> IdentityKey:
        return self._identity_key

    @property
    def position(self) -> int:
        return self._database.position

    @property
    def timelines(self) -> Sequence[Timeline]:
        return self._timelines

    @property
    def calls_from(self) -> date:
        return self._retained.calls_from

    @property
    def counts_from(self) -> date:
        return self._retained.counts_from

    def apply(self, batch: CallBatch) -> None:
        """Commit the batch with everything that follows from it, or nothing of it.

        All rows and the position are written in one transaction of one file, which is on disk when `commit`
        returns. A crash or an error before that leaves the store at the old position, and the journal still
        has the batch; after that the store is at the new position. The extent in memory is widened before the
        commit, which is harmless if the commit fails, so that no query sees a call outside of it. The
        dictionary in memory follows an erasure after the commit.
        """
        if batch.first_position != self.position + 1:
            raise ValueError(f"a batch from {batch.first_position} cannot follow position {self.position}")
        self._dictionary.load(batch.values)
        with raising_store_failed():
            inspected = self._inspection.take(batch)
        moves = bool(batch.erasures or inspected.dropped)
        with raising_store_failed(), self._compaction_lock if moves else nullcontext(), self._writing:
            self._extent = self._extent.with_calls(batch.column("time_ms"), batch.received_ms)
            erasing = [Eraser(self._writer, erasure) for erasure in batch.erasures]
            self._writer.begin()
            try:
                self._write(batch, inspected)
                for one in erasing:
                    one.redact()
                commit = self._database.commit_moved if moves else self._database.commit
                commit(self._writer, batch.last_position)
            except BaseException:
                self._inspection.forget()
                self._writer.rollback()
                raise
            for one in erasing:
                one.rename(self._dictionary)

    def _write(self, batch: CallBatch, inspected: Inspected) -> None:
        if len(batch.calls):
            corrected = bool(batch.calls["entry"].any())
            self._writer.register("batch", self._tables.of(batch))
            for statement in (
                batch_statements.append_calls(),
                *(batch_statements.count_in(marginal, corrected=corrected) for marginal in GATHERING),
                *(one for marginal in GATHERING for one in batch_statements.remove_own_row(marginal)),
                batch_statements.note_days(),
            ):
                statement.run(self._writer)
            self._writer.unregister("batch")
        for table, rows in {**other_rows(batch), **inspected.rows}.items():
            self._writer.register("added", rows)
            batch_statements.append_rows(table).run(self._writer)
            self._writer.unregister("added")
        for statement in inspected.dropped:
            statement.run(self._writer)
        batch_statements.move_to(batch.last_position).run(self._writer)

    @_in_snapshot
    def usage(self, query: UsageQuery, unstored: UnstoredCalls = NONE_UNSTORED) -> UsageResult:
        if query.as_of is not None and len(unstored):
            raise ValueError("unstored calls have no receipt time, so as_of cannot apply to them")
        with self._unpruned(lambda retained: retained.demand(query)):
            return self._usage_reader(unstored).usage(query)

    def interrupt(self, thread: int) -> None:
        self._database.interrupt(thread)

    @_in_snapshot
    def current_calls(self, organization: str, high: UInt64s, low: UInt64s) -> StoredCalls:
        organization_id = self._organization(organization)
        if organization_id is None:
            return NO_CALLS
        return LedgerCalls(self._database.reader()).current(organization_id, high, low)

    @_in_snapshot
    def calls_within(
        self, organization: str, window: Window, where: Mapping[Dimension, frozenset[str]], limit: int
    ) -> StoredCalls:
        with self._unpruned(lambda retained: retained.demand_calls(window)):
            query = UsageQuery(organization=organization, window=window, where=where)
            question = ResolvedQuery.of(query, self._dictionary)
            return (
                NO_CALLS if question is None else LedgerCalls(self._database.reader()).within(question, limit)
            )

    @_in_snapshot
    def doubled_calls(self, since: date, limit: int) -> DoubledCalls | None:
        first = max(since, self.calls_from)
        return LedgerCalls(self._database.reader()).doubled((first - EPOCH).days, limit)

    @_in_snapshot
    def source_activity(
        self, organization: str, source_id: str, window: Window, unstored: UnstoredCalls = NONE_UNSTORED
    ) -> tuple[SourceActivity, ...]:
        with self._unpruned(lambda retained: retained.demand_counts(window)):
            return self._usage_reader(unstored).source_activity(organization, source_id, window)

    @_in_snapshot
    def source_has_accounts(
        self, organization: str, source_id: str, unstored: UnstoredCalls = NONE_UNSTORED
    ) -> bool:
        return self._usage_reader(unstored).source_has_accounts(organization, source_id)

    @_in_snapshot
    def last_days(self, organization: str, dimension: Dimension) -> dict[str, date]:
        if dimension not in DORMANCY_DIMENSIONS:
            raise ValueError(f"a {dimension} has no last day")
        return self._usage_reader().last_days(organization, dimension)

    @_in_snapshot
    def outcomes(self, organization: str) -> dict[int, tuple[int, int, int, int, int]]:
        return self._outcomes(organization).outcomes()

    @_in_snapshot
    def conflicts(
        self, organization: str, page: KeptPage = EVERYTHING_KEPT
    ) -> tuple[tuple[int, Conflict], ...]:
        return self._outcomes(organization).conflicts(page)

    @_in_snapshot
    def conflict_counts(self, organization: str, first_day: int, end_day: int) -> tuple[int, int]:
        return self._outcomes(organization).conflict_counts(first_day, end_day)

    @_in_snapshot
    def rejections(self, organization: str) -> dict[int, dict[str, int]]:
        return self._outcomes(organization).rejections()

    @_in_snapshot
    def samples(
        self, organization: str, page: KeptPage = EVERYTHING_KEPT
    ) -> tuple[tuple[int, RejectedSample], ...]:
        return self._outcomes(organization).samples(page)

    @_in_snapshot
    def refusals(self, organization: str) -> dict[int, dict[str, int]]:
        return self._outcomes(organization).refusals()

    @_in_snapshot
    def corrections(
        self, organization: str, page: KeptPage = EVERYTHING_KEPT
    ) -> tuple[tuple[int, Correction], ...]:
        return self._outcomes(organization).corrections(page)

    @_in_snapshot
    def erasures(self, organization: str) -> tuple[Erasure, ...]:
        return self._outcomes(organization).erasures()

    def identities(
        self, received_from_ms: int, first_position: int = 0, last_position: int | None = None
    ) -> Iterator[Identities]:
        identities = IdentityLookup(self._database.reader())
        return identities.received_since(received_from_ms, first_position, last_position)

    @_in_snapshot
    def tally(self, received_from_ms: int, first_position: int, last_position: int) -> IdentityTally:
        identities = IdentityLookup(self._database.reader())
        return identities.tally(received_from_ms, first_position, last_position)

    @_in_snapshot
    def last_before(self, received_ms: int) -> tuple[int, int, int]:
        return IdentityLookup(self._database.reader()).last_before(received_ms)

    @_in_snapshot
    def find_identities(
        self, high: UInt64s, low: UInt64s, days: Int64s, up_to_position: int, received_from_ms: int
    ) -> tuple[Int64s, UInt64s]:
        identities = IdentityLookup(self._database.reader())
        return identities.find(high, low, days, up_to_position, received_from_ms)

    def prune_calls(self, before: date) -> int:
        return self._pruning.calls(before)

    def prune_counts(self, before: date) -> int:
        return self._pruning.counts(before)

    def unused_texts(self) -> TextNumbers:
        return self._text_removal.unused()

    def remove_texts(self, texts: TextNumbers) -> None:
        with raising_store_failed():
            self._text_removal.remove(texts)

    def audit(self) -> Iterator[AuditStep]:
        """See `UsageStore.audit`; nothing may be pruned meanwhile."""
        return Auditor(self._database, self._dictionary, self._retained).steps()

    def backup(self, path: Path) -> int:
        """See `UsageStore.backup`; checkpoints wait for its end."""
        return copy_store(self._database, path)

    @_in_snapshot
    def export(
        self,
        organization: str,
        window: Window,
        what: What,
        form: Form,
        path: Path,
        *,
        every_entry: bool = False,
    ) -> int:
        def demand() -> None:
            self._retained.demand_counts(window)
            if what == "calls":
                self._retained.demand_calls(window)

        if what != "calls":
            demand_whole_days(window)
        demand()
        number = self._organization(organization)
        span = first_ms(window.start), first_ms(window.end)
        question = ResolvedQuery(NO_ORGANIZATION if number is None else number, *span, where={})
        exporting = Exporter(self._database.reader(), form, path)
        return exporting.write(question, what, every_entry=every_entry, check=demand)

    def checkpoint(self) -> int:
        """See `UsageStore.checkpoint`; the old position is returned while a long query blocks it."""
        with raising_store_failed(), self._compaction_lock:
            reached = self.position  # later batches may be after the checkpoint
            if self._database.checkpoint(self._tidier):
                self._checkpointed = reached
            return self._checkpointed

    def compact(self) -> Work:
        """See `UsageStore.compact`; a day is over once a call was received on a later one."""
        with raising_store_failed(), self._compaction_lock:
            return self._compaction.step(self._extent.received_ms // DAY_MS)

    def close(self) -> None:
        """Wait for a running write; running queries fail."""
        with self._compaction_lock, self._writing:
            self._database.close()

    @contextmanager
    def _unpruned(self, demand: Callable[[Retained], None]) -> Iterator[None]:
        """Check a demand before and after reading, so that what is read within is complete."""
        demand(self._retained)
        yield
        demand(self._retained)

    def _usage_reader(self, unstored: UnstoredCalls = NONE_UNSTORED) -> UsageReader:
        return UsageReader(
            self._database, self._dictionary, self._extent, unstored, most_groups=self._most_groups
        )

    def _retain(self, retained: Retained) -> None:
        self._retained = retained

    def _organization(self, organization: str) -> int | None:
        return self._dictionary.find(Kind.ORGANIZATION, 0, organization)

    def _outcomes(self, organization: str) -> OutcomeReader:
        number = self._organization(organization)
        return OutcomeReader(self._database.reader(), NO_ORGANIZATION if number is None else number)

    def _begin_timeline(self) -> list[Timeline]:
        batch_statements.begin_timeline(secrets.randbits(63), self.position).run(self._writer)
        return [Timeline(*row) for row in statements.timelines().run(self._writer).fetchall()]

    def _read_back(self) -> tuple[IdentityKey, int, Extent, Retained]:
        """Load the dictionary; returns the key, the position, the extent of stored calls and what is
        retained."""
        found = statements.dictionary().run(self._writer)
        while rows := found.fetchmany(_TEXTS_AT_ONCE):
            self._dictionary.load_stored(DictionaryValue(Kind(kind), *rest) for kind, *rest in rows)
        removed = {
            Kind(kind): rest for kind, *rest in text_statements.removed_texts().run(self._writer).fetchall()
        }
        for kind in Kind:
            self._dictionary.close_gaps(kind, *removed.get(kind, (0, 0)))
        meta = dict(statements.meta().run(self._writer).fetchall())
        first_ms, last_ms, received_ms = statements.extent().run(self._writer).fetchall()[0]
        extent = Extent() if first_ms is None else Extent(first_ms, last_ms + 1, received_ms)
        retained = Retained(
            *(
                NEVER_PRUNED if day is None else EPOCH + timedelta(days=day)
                for day in statements.retained().run(self._writer).fetchall()[0]
            )
        )
        (scheme, secret), *_ = statements.identity_key().run(self._writer).fetchall()
        key = IdentityKey(IdentityScheme(scheme), secret)
        return key, meta["position"], extent, retained
