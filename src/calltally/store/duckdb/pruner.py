"""Deletes calls and counts that are past their retention."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date

from calltally.clock import DAY_MS
from calltally.store.duckdb import prune_statements as statements
from calltally.store.duckdb.database import Database
from calltally.store.duckdb.statements import Statement
from calltally.store.duckdb.usage.time_buckets import EPOCH
from calltally.store.retained import Retained


class Pruner:
    """Prunes calls day by day and counts month by month, each in one transaction under the compaction lock.

    The new retention is published before the transaction commits, so that no query that sees its work takes
    it for complete; if the transaction fails, the old one is published again.
    """

    def __init__(
        self,
        database: Database,
        compaction_lock: threading.Lock,
        retained: Callable[[], Retained],
        tell: Callable[[Retained], None],
    ) -> None:
        self._database = database
        self._connection = database.connection()
        self._compaction_lock = compaction_lock
        self._retained = retained
        self._tell = tell

    def calls(self, before: date) -> int:
        """See `UsageStore.prune_calls`."""
        if before <= self._retained().calls_from:
            return 0
        end = _number(before)
        went = 0
        while True:
            with self._compaction_lock:
                day = self._one(statements.first_day_of_calls(end))
                if day is None:
                    last = [statements.keep_calls_from(end), *statements.drop_inspected(end * DAY_MS)]
                    self._run(last, replace(self._retained(), calls_from=before))
                    return went
                rows = self._one(statements.calls_of(day)) or 0
                self._run(statements.prune_day(day), replace(self._retained(), calls_from=_date(day + 1)))
                went += rows

    def counts(self, before: date) -> int:
        """See `UsageStore.prune_counts`."""
        retained = self._retained()
        if before > retained.calls_from:
            raise ValueError(f"calls are retained since {retained.calls_from}, so their counts must be too")
        if before <= retained.counts_from:
            return 0
        went = 0
        while self._retained().counts_from < before:
            with self._compaction_lock:
                first = self._one(statements.first_day_of_counts(_number(before)))
                until = before if first is None else min(before, _next_month(_date(first)))
                end = _number(until)
                calls = self._one(statements.counts_before(end)) or 0
                self._run(statements.prune_counts(end), replace(self._retained(), counts_from=until))
                went += calls
        return went

    def _run(self, work: list[Statement], retained: Retained) -> None:
        before = self._retained()
        self._connection.begin()
        try:
            for statement in work:
                statement.run(self._connection)
            self._tell(retained)
            self._database.commit_moved(self._connection)
        except BaseException:
            self._tell(before)
            self._connection.rollback()
            raise

    def _one(self, statement: Statement) -> int | None:
        number: int | None = statement.run(self._connection).fetchall()[0][0]
        return number


def _number(day: date) -> int:
    return (day - EPOCH).days


def _date(number: int) -> date:
    return date.fromordinal(EPOCH.toordinal() + number)


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
