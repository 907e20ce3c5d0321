"""Background compaction, which keeps the store fast to read."""

from collections.abc import Callable
from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from calltally.clock import DAY_MS
from calltally.store.duckdb import compaction_statements as statements
from calltally.store.duckdb.marginals import FRESH, MARGINALS, MERGED, Marginal
from calltally.store.duckdb.statements import Statement
from calltally.store.duckdb.usage.time_buckets import first_day_of, month_of
from calltally.store.usage_store import Work

_MEMORY_FOR_A_CALL = 100


@dataclass(frozen=True, slots=True)
class CompactionLimits:
    """Thresholds of compaction: rows of a level, runs of a month, position rows, fresh calls of open days.

    One step packs about ``packed_at_once`` calls. A marginal with few rows is settled at a tenth of
    ``merged_rows``, so that it soon has sums by month.
    """

    fresh_rows: int = 100_000
    merged_rows: int = 500_000
    runs_of_month: int = 4
    positions: int = 1000
    fresh_calls: int = 20_000_000
    packed_at_once: int = 500_000

    @classmethod
    def within(cls, memory: int) -> "CompactionLimits":
        """The limits for this many bytes of memory: DuckDB uses up to 16 of them for a fresh call, while
        others of the same batches have been packed (workaround: holes)."""
        return cls(fresh_calls=min(cls().fresh_calls, memory // _MEMORY_FOR_A_CALL))


_FEW = 20
"""Fresh calls are packed alone if the packed ones are this many times more; else all are sorted again."""


class Compaction:
    """Merges the levels of marginals, packs calls sorted, and sums the outcomes of days that are over.

    This is the compaction of an LSM tree. A step changes where rows are stored and never their sums, in one
    transaction: after a crash each row is in its old place or in its new one. Rows that other transactions
    add meanwhile are untouched; nothing else may change or remove rows meanwhile.
    """

    def __init__(
        self,
        connection: DuckDBPyConnection,
        limits: CompactionLimits,
        commit: Callable[[DuckDBPyConnection], None],
    ) -> None:
        self._connection = connection
        self._commit = commit
        self._limits = limits
        self._packed_until_ms = 0  # of the day whose parts are being packed; after a restart it starts over

    def step(self, current_day: int) -> Work:
        """Do the first work found. Days before the current one are over.

        Surplus is packed before days: it frees contiguous ranges of fresh calls, whereas packing a day leaves
        holes all over them, and DuckDB needs memory for each call next to a hole.
        """
        merging = self._levels() or self._month(current_day)
        surplus = [] if merging else self._surplus()
        work = (
            merging or surplus or self._day(current_day) or self._outcomes(current_day) or self._positions()
        )
        if not work:
            return Work.NONE
        self._connection.begin()
        try:
            for statement in work:
                statement.run(self._connection)
            self._commit(self._connection)
        except BaseException:
            self._packed_until_ms = 0
            self._connection.rollback()
            raise
        return Work.PRESSING if surplus else Work.SOME

    def _levels(self) -> list[Statement]:
        sizes = statements.level_sizes().run(self._connection).fetchall()
        for name, level, rows in sizes:
            if level == FRESH and rows >= self._limits.fresh_rows:
                return statements.merge_fresh(_BY_NAME[name])
            if level == MERGED and rows >= self._most_merged(_BY_NAME[name]):
                return statements.settle_merged(_BY_NAME[name])
        return []

    def _most_merged(self, marginal: Marginal) -> int:
        most = self._limits.merged_rows
        return max(1, most // 10) if marginal.has_few_rows else most

    def _month(self, current_day: int) -> list[Statement]:
        scattered = statements.scattered_month(self._limits.runs_of_month, month_of(current_day))
        for name, month in scattered.run(self._connection).fetchall():
            return statements.merge_month(_BY_NAME[name], month, first_day_of(month), first_day_of(month + 1))
        return []

    def _day(self, current_day: int) -> list[Statement]:
        """Pack the next part of a day that is over."""
        for (day,) in statements.unpacked_day(current_day).run(self._connection).fetchall():
            start_ms, end_ms = day * DAY_MS, (day + 1) * DAY_MS
            part_start_ms = self._packed_until_ms if start_ms < self._packed_until_ms < end_ms else start_ms
            part_end_ms, packed, fresh = self._part(part_start_ms, end_ms)
            self._packed_until_ms = part_end_ms
            pack = statements.sort_span if 0 < packed <= _FEW * fresh else statements.compact_span
            work = pack(day, part_start_ms, part_end_ms)
            return work if part_end_ms < end_ms else [*work, *statements.record_day(day, start_ms, end_ms)]
        return []

    def _part(self, start_ms: int, end_ms: int) -> tuple[int, int, int]:
        """The end of a span, halved until its calls fit in one step, and how many are packed and fresh."""
        while True:
            within = statements.calls_within(start_ms, end_ms)
            ((packed, fresh),) = within.run(self._connection).fetchall()
            if packed + fresh <= self._limits.packed_at_once or end_ms - start_ms <= 1:
                return end_ms, packed, fresh
            end_ms = (start_ms + end_ms) // 2

    def _surplus(self) -> list[Statement]:
        """Pack the oldest fresh calls if there are more than the limit."""
        ((fresh,),) = statements.fresh_calls().run(self._connection).fetchall()
        if fresh <= self._limits.fresh_calls:
            return []
        behind = statements.position_after(self._limits.packed_at_once)
        ((position,),) = behind.run(self._connection).fetchall()
        return statements.pack_up_to(position)

    def _outcomes(self, current_day: int) -> list[Statement]:
        for table in statements.SUMMED_TABLES:
            for (receipt_day,) in (
                statements.unsummed_receipt_day(table, current_day).run(self._connection).fetchall()
            ):
                return statements.sum_receipt_day(table, receipt_day)
        return []

    def _positions(self) -> list[Statement]:
        ((positions,),) = statements.positions().run(self._connection).fetchall()
        return [statements.drop_old_positions()] if positions > self._limits.positions else []


_BY_NAME = {marginal.name: marginal for marginal in MARGINALS}
