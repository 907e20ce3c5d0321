"""The embedded store: one DuckDB file."""

import threading
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path

from calltally.call_batch import CallBatch, Conflict, Correction, Erasure, Int64s, RejectedSample, UInt64s
from calltally.clock import instant_ms
from calltally.dictionary import Dictionary, DictionaryValue, Kind
from calltally.store.audit import AuditStep
from calltally.store.duckdb import batch_statements, statements
from calltally.store.duckdb.batch_tables import call_table, rows_beside
from calltally.store.duckdb.compaction import Compaction, CompactionLimits
from calltally.store.duckdb.database import Database
from calltally.store.duckdb.extent import Extent
from calltally.store.duckdb.identity_lookup import IdentityLookup
from calltally.store.duckdb.marginals import MARGINALS
from calltally.store.duckdb.time_buckets import DAY_MS, EPOCH, TimeBuckets
from calltally.store.duckdb.usage_question import COLUMNS, KINDS, UsageQuestion
from calltally.store.duckdb.usage_statement import usage, usage_rows
from calltally.store.export import Form, What
from calltally.store.retained import NEVER_PRUNED
from calltally.store.time_zone import time_zone
from calltally.store.usage_store import THINGS, Identities, StoredCalls
from calltally.usage_query import Dimension, SourceActivity, UsageQuery, UsageResult
from calltally.window import Granularity, Window


class DuckDBUsageStore:
    """A `UsageStore` in one file, which belongs to one process.

    `apply`, `compact` and `checkpoint` may be called from different threads and take turns; questions wait
    for none of them. Raises `DirectoryHeldError` when another process has the file open, `DamagedDataError`
    when it is not readable as a store and `CalltallyError` when a newer version wrote it.
    """

    def __init__(
        self,
        path: Path,
        *,
        threads: int = 2,
        memory_limit: str = "1GB",
        limits: CompactionLimits | None = None,
    ) -> None:
        self._database = Database(path, threads=threads, memory_limit=memory_limit)
        self._writer = self._database.connection()
        self._compaction = Compaction(self._database.connection(), limits or CompactionLimits())
        self._writing = threading.Lock()
        self._dictionary = Dictionary()
        self._checkpointed = 0
        try:
            self._identity_seed, self._position, self._extent = self._read_back()
        except BaseException:
            self._database.close()
            raise

    @property
    def dictionary(self) -> Dictionary:
        return self._dictionary

    @property
    def identity_seed(self) -> int:
        return self._identity_seed

    @property
    def position(self) -> int:
        return self._position

    def apply(self, batch: CallBatch) -> None:
        """Commits the batch with everything that follows from it, or nothing of it.

        All rows and the position are written in one transaction of one file, which is on disk when `commit`
        returns. Before that a crash or an error leaves the store at the old position, and the journal still
        has the batch; after that it is at the new one. What memory knows of calls is widened before the
        commit, which harms nothing if it fails, so that no question sees a call outside of it.
        """
        if batch.first_position != self._position + 1:
            raise ValueError(f"a batch from {batch.first_position} cannot follow {self._position}")
        self._dictionary.load(batch.values)
        with self._writing:
            self._extent = self._extent.with_calls(batch.column("time_ms"), batch.received_ms)
            self._writer.begin()
            try:
                self._write(batch)
                self._writer.commit()
            except BaseException:
                self._writer.rollback()
                raise
            self._position = batch.last_position

    def _write(self, batch: CallBatch) -> None:
        if len(batch.calls):
            self._writer.register("batch", call_table(batch))
            for statement in (
                batch_statements.append_calls(),
                *map(batch_statements.count_in, MARGINALS),
                batch_statements.note_days(),
            ):
                statement.run(self._writer)
            self._writer.unregister("batch")
        for table, rows in rows_beside(batch).items():
            self._writer.register("added", rows)
            batch_statements.append_rows(table).run(self._writer)
            self._writer.unregister("added")
        batch_statements.move_to(batch.last_position).run(self._writer)

    def usage(self, query: UsageQuery) -> UsageResult:
        zone = time_zone(query.time_zone)
        question = UsageQuestion.of(query, self._dictionary)
        if question is None:
            return _without_calls(query)
        extent = self._extent.within(question.start_ms, question.end_ms)
        if extent.is_empty:
            return _without_calls(query)
        buckets = TimeBuckets(query.granularity, zone, extent.first_ms, extent.end_ms)
        connection = self._database.reader()
        rows = usage(query, question, buckets).run(connection).fetchall()
        total_rows = len(rows)
        if query.limit is not None or query.offset:
            if rows:
                total_rows = rows[0][-1]
            else:
                total_rows = usage_rows(query, question, buckets).run(connection).fetchall()[0][0]
            rows = [row[:-1] for row in rows]
        if query.granularity is not Granularity.TOTAL:
            starts = {bucket: buckets.start(bucket) for bucket in {row[0] for row in rows}}
            rows = [(starts[row[0]], *row[1:]) for row in rows]
        return UsageResult(query.columns, tuple(rows), total_rows)

    def source_activity(
        self, organization: str, source_id: str, window: Window
    ) -> tuple[SourceActivity, ...]:
        ids = self._source(organization, source_id)
        if ids is None:
            return ()
        first_day, end_day = instant_ms(window.start) // DAY_MS, instant_ms(window.end) // DAY_MS
        rows = statements.source_activity(*ids, first_day, end_day).run(self._database.reader()).fetchall()
        return tuple(
            SourceActivity(date(month // 12, month % 12 + 1, 1), account_days, accounts)
            for month, account_days, accounts in rows
        )

    def source_has_accounts(self, organization: str, source_id: str) -> bool:
        ids = self._source(organization, source_id)
        if ids is None:
            return False
        return bool(statements.source_has_accounts(*ids).run(self._database.reader()).fetchall())

    def last_days(self, organization: str, dimension: Dimension) -> dict[str, date]:
        if dimension not in THINGS:
            raise ValueError(f"a {dimension} has no last day")
        organization_id = self._dictionary.find(Kind.ORGANIZATION, 0, organization)
        if organization_id is None:
            return {}
        statement = statements.last_days(organization_id, COLUMNS[dimension], KINDS[dimension])
        rows = statement.run(self._database.reader()).fetchall()
        return {text: EPOCH + timedelta(days=day) for text, day in rows}

    def outcomes(self, organization: str) -> dict[int, tuple[int, int, int, int, int]]:
        organization_id = self._dictionary.find(Kind.ORGANIZATION, 0, organization)
        if organization_id is None:
            return {}
        rows = statements.outcomes(organization_id).run(self._database.reader()).fetchall()
        return {day: tuple(verdicts) for day, *verdicts in rows}

    def conflicts(self, organization: str) -> tuple[Conflict, ...]:
        """The conflicting calls that were kept of an organization, in the order they came."""
        organization_id = self._dictionary.find(Kind.ORGANIZATION, 0, organization)
        if organization_id is None:
            return ()
        rows = statements.conflicts(organization_id).run(self._database.reader()).fetchall()
        return tuple(Conflict(*row) for row in rows)

    def identities(self, received_from_ms: int) -> Iterator[Identities]:
        return IdentityLookup(self._database.reader()).received_since(received_from_ms)

    def last_position_before(self, received_ms: int) -> int:
        return IdentityLookup(self._database.reader()).last_position_before(received_ms)

    def find_identities(
        self, high: UInt64s, low: UInt64s, days: Int64s, up_to_position: int, received_from_ms: int
    ) -> tuple[Int64s, UInt64s]:
        identities = IdentityLookup(self._database.reader())
        return identities.find(high, low, days, up_to_position, received_from_ms)

    @property
    def calls_from(self) -> date:
        return NEVER_PRUNED

    @property
    def counts_from(self) -> date:
        return NEVER_PRUNED

    def current_calls(self, organization: str, high: UInt64s, low: UInt64s) -> StoredCalls:
        raise NotImplementedError

    def calls_within(
        self, organization: str, window: Window, where: Mapping[Dimension, frozenset[str]], limit: int
    ) -> StoredCalls:
        raise NotImplementedError

    def rejections(self, organization: str) -> dict[int, dict[str, int]]:
        raise NotImplementedError

    def samples(self, organization: str) -> tuple[RejectedSample, ...]:
        raise NotImplementedError

    def refusals(self, organization: str) -> dict[int, dict[str, int]]:
        raise NotImplementedError

    def corrections(self, organization: str) -> tuple[tuple[int, Correction], ...]:
        raise NotImplementedError

    def erasures(self, organization: str) -> tuple[Erasure, ...]:
        raise NotImplementedError

    def prune_calls(self, before: date) -> int:
        raise NotImplementedError

    def prune_counts(self, before: date) -> int:
        raise NotImplementedError

    def audit(self) -> Iterator[AuditStep]:
        raise NotImplementedError

    def backup(self, path: Path) -> int:
        raise NotImplementedError

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
        raise NotImplementedError

    def checkpoint(self) -> int:
        """See `UsageStore.checkpoint`; it stays where it was while a long question is in the way."""
        with self._writing:
            if self._database.checkpoint(self._writer):
                self._checkpointed = self._position
            return self._checkpointed

    def compact(self) -> bool:
        """See `UsageStore.compact`; a day is over once a call came on a later one."""
        with self._writing:
            return self._compaction.step(self._extent.received_ms // DAY_MS)

    def close(self) -> None:
        """Waits for a write under way; questions under way fail."""
        with self._writing:
            self._database.close()

    def _source(self, organization: str, source_id: str) -> tuple[int, int] | None:
        organization_id = self._dictionary.find(Kind.ORGANIZATION, 0, organization)
        if organization_id is None:
            return None
        source = self._dictionary.find(Kind.SOURCE, organization_id, source_id)
        return None if source is None else (organization_id, source)

    def _read_back(self) -> tuple[int, int, Extent]:
        """The seed, the position and the extent of what is stored; fills the dictionary."""
        rows = statements.dictionary().run(self._writer).fetchall()
        self._dictionary.load(DictionaryValue(Kind(kind), *rest) for kind, *rest in rows)
        meta = dict(statements.meta().run(self._writer).fetchall())
        first_ms, last_ms, received_ms = statements.extent().run(self._writer).fetchall()[0]
        extent = Extent() if first_ms is None else Extent(first_ms, last_ms + 1, received_ms)
        return meta["identity_seed"], meta["position"], extent


def _without_calls(query: UsageQuery) -> UsageResult:
    """The answer when no call can be meant: an ungrouped total still has its row."""
    one_row = not query.group_by and query.granularity is Granularity.TOTAL
    rows = ((0,) * len(query.metrics),) if one_row else ()
    last = None if query.limit is None else query.offset + query.limit
    return UsageResult(query.columns, rows[query.offset : last], len(rows))
