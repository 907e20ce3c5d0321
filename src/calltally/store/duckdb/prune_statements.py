"""The SQL of pruning. The statements of each function run in one transaction, in their order."""
# ruff: noqa: S608 - formatted parts are names from marginals.py; values are bound

from calltally.clock import DAY_MS
from calltally.store.duckdb.marginals import CONDITIONS, MARGINALS, MONTHLY
from calltally.store.duckdb.month_statements import cut_months
from calltally.store.duckdb.statements import CALL_TABLES, WEIGHT, Statement

_DAY = "time_ms >= $start_ms\n  AND  time_ms <  $end_ms"


def first_day_of_calls(before: int) -> Statement:
    """The first day before another that has calls; NULL if there is none."""
    return Statement("SELECT MIN(day)\nFROM   call_day\nWHERE  day < $before", before=before)


def calls_of(day: int) -> Statement:
    """The number of ledger rows of a day."""
    return Statement(
        f"SELECT COUNT(*)\nFROM   call\nWHERE  {_DAY}", start_ms=day * DAY_MS, end_ms=(day + 1) * DAY_MS
    )


def prune_day(day: int) -> list[Statement]:
    """Freeze the totals of a day, record its received and corrected rows, and delete its calls."""
    span = {"start_ms": day * DAY_MS, "end_ms": (day + 1) * DAY_MS}
    totals = [
        f"SUM(CASE WHEN {condition} THEN {WEIGHT} ELSE 0 END)" if condition else f"SUM({WEIGHT})"
        for condition in CONDITIONS.values()
    ]
    return [
        Statement(
            f"INSERT INTO frozen_total\nSELECT organization, $day,\n       {', '.join(totals)}\n"
            f"FROM   call\nWHERE  {_DAY}\nGROUP BY organization",
            day=day,
            **span,
        ),
        Statement(
            "INSERT INTO pruned_receipt\nSELECT organization, day_of(received_ms), COUNT(*)\n"
            f"FROM   call\nWHERE  {_DAY}\n  AND  entry = 0\nGROUP BY ALL",
            **span,
        ),
        Statement(
            "INSERT INTO pruned_correction\nSELECT position,\n"
            "       COUNT(*) FILTER (WHERE entry = 1),\n"
            "       COUNT(*) FILTER (WHERE entry = 2),\n"
            "       COUNT(*) FILTER (WHERE entry = 3)\n"
            f"FROM   call\nWHERE  {_DAY}\n  AND  entry <> 0\nGROUP BY position",
            **span,
        ),
        *(Statement(f"DELETE FROM {table}\nWHERE  {_DAY}", **span) for table in CALL_TABLES),
        Statement("DELETE FROM call_day\nWHERE  day = $day", day=day),
        keep_calls_from(day + 1),
    ]


def keep_calls_from(day: int) -> Statement:
    return Statement("UPDATE retained SET calls_from = $day", day=day)


def drop_inspected(before_ms: int) -> list[Statement]:
    """Delete what was kept for inspection of receipts before an instant."""
    return [
        Statement(f"DELETE FROM {table}\nWHERE  received_ms < $before_ms", before_ms=before_ms)
        for table in ("conflict", "rejected_sample")
    ]


def first_day_of_counts(before: int) -> Statement:
    """The first day before another that has counts; NULL if there is none."""
    return Statement("SELECT MIN(day)\nFROM   by_day\nWHERE  day < $before", before=before)


def counts_before(before: int) -> Statement:
    """The number of calls in the counts of the days before one."""
    return Statement(
        "SELECT CAST(COALESCE(SUM(calls), 0) AS BIGINT)\nFROM   by_day\nWHERE  day < $before", before=before
    )


def prune_counts(before: int) -> list[Statement]:
    """Delete the counts of the days before one from every marginal."""
    tables = ["frozen_total", *(marginal.table(level) for marginal in MARGINALS for level in marginal.levels)]
    return [
        *(Statement(f"DELETE FROM {table}\nWHERE  day < $before", before=before) for table in tables),
        *(statement for marginal in MONTHLY for statement in cut_months(marginal, before)),
        Statement("DELETE FROM settled_run\nWHERE  month < month_of($before)", before=before),
        Statement("UPDATE retained SET counts_from = $before", before=before),
    ]
