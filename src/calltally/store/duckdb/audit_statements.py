"""The SQL of audits. Spans of days are half-open; calls are read only for days that have theirs.

A comparing statement returns a row for each key whose numbers differ: the key's columns, the stored numbers,
then the recounted numbers in the same order.
"""
# ruff: noqa: S608 - formatted parts are constants from here; values are bound

from collections.abc import Iterable, Sequence
from textwrap import indent

from calltally.clock import DAY_MS
from calltally.store.duckdb.marginals import CONDITIONS, COUNTS, MARGINALS, MONTHLY, SETTLED, Marginal
from calltally.store.duckdb.month_statements import ACTIVE, DAYS
from calltally.store.duckdb.statements import (
    COMMITTED,
    FRESH_CALLS,
    PACKED_CALLS,
    WEIGHT,
    Statement,
    columns,
)
from calltally.store.duckdb.usage.time_buckets import first_day_of
from calltally.store.kept import CONFLICTS_KEPT, KEPT_AT_MOST

MAX_DIFFERENCES = 1000

TABLES = (
    "meta",
    "identity_key",
    "retained",
    "dictionary",
    "removed_text",
    "call_day",
    "outcome",
    "rejection",
    "rejected_sample",
    "refusal",
    "conflict",
    "correction",
    "erasure",
    "settled_run",
    "frozen_total",
    "pruned_receipt",
    "pruned_correction",
    *(marginal.table(level) for marginal in MARGINALS for level in marginal.levels),
    *(marginal.months for marginal in MONTHLY),
)
"""Every table except those of calls."""

_OF_SPAN = f"time_ms >= $first_ms\n  AND  time_ms <  $end_ms\n  AND  {COMMITTED}"
_KEPT = "day >= $first_day\n  AND  day <  $end_day"
_RECEIVED = "receipt_day >= $first_day\n  AND  receipt_day <  $end_day"


def rows_of_days() -> Statement:
    """How many rows of the ledger each day has."""
    return Statement(
        """
        SELECT day, SUM(packed) + SUM(fresh)
        FROM   call_day
        GROUP BY day
        ORDER BY day
        """
    )


def first_day_of_counts() -> Statement:
    """The first day that has counts or a total; NULL if there is none."""
    return Statement(
        "SELECT MIN(day)\nFROM   (SELECT day FROM frozen_total UNION ALL SELECT day FROM by_day)"
    )


def settled_months() -> Statement:
    """The months that have settled rows."""
    return Statement("SELECT DISTINCT month\nFROM   settled_run\nORDER BY month")


def accepted_of_days() -> Statement:
    """How many calls were accepted on each day of receipt."""
    return Statement(
        """
        SELECT receipt_day, SUM(accepted)
        FROM   outcome
        GROUP BY receipt_day
        ORDER BY receipt_day
        """
    )


def marginal_against_calls(marginal: Marginal, first_day: int, end_day: int) -> Statement:
    """Compares every row of a marginal with the calls."""
    recounts = [
        f"SUM(CASE WHEN {condition} THEN {WEIGHT} ELSE 0 END) AS {count}"
        if condition
        else f"SUM({WEIGHT}) AS {count}"
        for count, condition in CONDITIONS.items()
    ]
    recounted = ["day_of(time_ms) AS day" if name == "day" else name for name in marginal.key]
    return _compared(
        marginal.key,
        COUNTS,
        f"SELECT {columns([*marginal.key, *_sums(COUNTS)])}\nFROM   {marginal.name}\n"
        f"WHERE  {_KEPT}\nGROUP BY ALL",
        f"SELECT {columns([*recounted, *recounts])}\nFROM   call\nWHERE  {_OF_SPAN}\nGROUP BY ALL",
        **_span(first_day, end_day),
    )


def marginal_against_totals(marginal: Marginal, first_day: int, end_day: int) -> Statement:
    """Compares a marginal with the frozen totals of days whose calls were pruned."""
    key = ("organization", "day")
    stored, recounted = (
        f"SELECT {columns([*key, *_sums(COUNTS)])}\nFROM   {table}\nWHERE  {_KEPT}\nGROUP BY ALL"
        for table in (marginal.name, "frozen_total")
    )
    return _compared(key, COUNTS, stored, recounted, first_day=first_day, end_day=end_day)


def months_against_days(marginal: Marginal, months: range) -> Statement:
    """Compares every sum by month of settled rows, and the bits of the days with calls, with the days."""
    key, settled = ", ".join(marginal.key), marginal.table(SETTLED)
    daily = (
        f"SELECT {columns([*marginal.key, *_sums(COUNTS)])}\nFROM   {settled}\nWHERE  {_KEPT}\nGROUP BY {key}"
    )
    month = ["month_of(day) AS month" if name == "month" else name for name in marginal.month_key]
    return _compared(
        marginal.month_key,
        (*COUNTS, DAYS),
        f"SELECT {columns([*marginal.month_key, *_sums(COUNTS), f'BIT_OR({DAYS}) AS {DAYS}'])}\n"
        f"FROM   {marginal.months}\n"
        "WHERE  month >= $first_month\n  AND  month <  $end_month\nGROUP BY ALL",
        f"SELECT {columns([*month, *_sums(COUNTS), ACTIVE])}\n"
        f"FROM   (\n{indent(daily, '    ')}\n)\nGROUP BY ALL",
        first_month=months.start,
        end_month=months.stop,
        first_day=first_day_of(months.start),
        end_day=first_day_of(months.stop),
    )


def days_against_calls(first_day: int, end_day: int) -> Statement:
    """Compares the recorded numbers of packed and fresh rows of days with the calls."""
    lying = "\nUNION ALL\n".join(
        f"SELECT time_ms, {packed} AS packed, {1 - packed} AS fresh\nFROM   {table}\nWHERE  {_OF_SPAN}"
        for table, packed in ((PACKED_CALLS, 1), (FRESH_CALLS, 0))
    )
    return _compared(
        ("day",),
        ("packed", "fresh"),
        f"SELECT {columns(['day', *_sums(('packed', 'fresh'))])}\n"
        f"FROM   call_day\nWHERE  {_KEPT}\nGROUP BY ALL",
        f"SELECT {columns(['day_of(time_ms) AS day', *_sums(('packed', 'fresh'))])}\n"
        f"FROM   (\n{indent(lying, '    ')}\n)\nGROUP BY ALL",
        **_span(first_day, end_day),
    )


def withdrawn_too_often(first_day: int, end_day: int) -> Statement:
    """Calls withdrawn more often than counted, by the first and the last position of their rows; the second
    number is the least allowed."""
    return Statement(
        f"""
        WITH corrected AS (
            SELECT DISTINCT identity_high, identity_low
            FROM   call
            WHERE  {_OF_SPAN}
              AND  entry = 1
        )
        SELECT organization, day_of(time_ms) AS day, MIN(position), MAX(position), SUM({WEIGHT}), 0
        FROM   call
        SEMI JOIN corrected USING (identity_high, identity_low)
        WHERE  {_OF_SPAN}
        GROUP BY organization, day, identity_high, identity_low
        HAVING SUM({WEIGHT}) < 0
        ORDER BY ALL
        LIMIT {MAX_DIFFERENCES}
        """,
        first_ms=first_day * DAY_MS,
        end_ms=end_day * DAY_MS,
    )


def verdicts_against_received() -> Statement:
    verdicts = "SUM(accepted) + SUM(duplicate) + SUM(conflict) + SUM(rejected)"
    return _compared(_KEY, ("size",), _by_receipt_day("SUM(received)"), _by_receipt_day(verdicts))


def accepted_against_calls(first_day: int, end_day: int) -> Statement:
    """Compares accepted calls by day of receipt with the calls, stored and pruned."""
    return _compared(
        _KEY,
        ("size",),
        _by_receipt_day("SUM(accepted)", _RECEIVED),
        "SELECT organization, day, SUM(size) AS size\n"
        "FROM   (\n"
        "    SELECT organization, day_of(received_ms) AS day, COUNT(*) AS size\n"
        "    FROM   call\n"
        "    WHERE  received_ms >= $first_ms\n"
        "      AND  received_ms <  $end_ms\n"
        "      AND  entry = 0\n"
        f"      AND  {COMMITTED}\n"
        "    GROUP BY ALL\n"
        "    UNION ALL\n"
        "    SELECT organization, receipt_day, calls\n"
        "    FROM   pruned_receipt\n"
        f"    WHERE  {indent(_RECEIVED, '    ').lstrip()}\n"
        ")\n"
        "GROUP BY ALL",
        **_span(first_day, end_day),
    )


def rejected_against_reasons() -> Statement:
    return _compared(
        _KEY,
        ("size",),
        _by_receipt_day("SUM(rejected)"),
        "SELECT organization, receipt_day AS day, SUM(calls) AS size\nFROM   rejection\nGROUP BY ALL",
    )


def conflicts_against_kept(first_day: int) -> Statement:
    """Conflicts since a day that must be kept (the first of each day, the newest days) against those kept."""
    by_receipt_day = _by_receipt_day("SUM(conflict)", "receipt_day >= $first_day")
    return _compared(
        _KEY,
        ("size",),
        f"SELECT organization, day, LEAST(size, {CONFLICTS_KEPT}) AS size\n"
        f"FROM   (\n{indent(by_receipt_day, '    ')}\n)\n"
        f"QUALIFY SUM(LEAST(size, {CONFLICTS_KEPT})) OVER (PARTITION BY organization ORDER BY day DESC)"
        f" <= {KEPT_AT_MOST}",
        "SELECT organization, day_of(received_ms) AS day, COUNT(*) AS size\nFROM   conflict\nGROUP BY ALL",
        first_day=first_day,
    )


def corrections_against_rows() -> Statement:
    """Compares the row numbers of corrections with their rows, stored and pruned."""
    counts = ("withdrawn", "restated", "added")
    of_entry = [
        f"COUNT(*) FILTER (WHERE entry = {entry}) AS {name}" for entry, name in enumerate(counts, start=1)
    ]
    rows = f"SELECT {columns(['position', *of_entry])}\nFROM   call\nWHERE  entry <> 0\nGROUP BY position"
    both = indent(f"{rows}\nUNION ALL\nFROM pruned_correction", "    ")
    return _compared(
        ("position",),
        counts,
        f"SELECT {columns(['position', *counts])}\nFROM   correction",
        f"SELECT {columns(['position', *_sums(counts)])}\nFROM   (\n{both}\n)\nGROUP BY position",
    )


def read_calls(first_day: int, end_day: int) -> Statement:
    """Reads every column of the calls of a span, to detect damage."""
    return Statement(
        f"""
        SELECT BIT_XOR(HASH(COLUMNS(*)))
        FROM   call
        WHERE  {_OF_SPAN}
        """,
        first_ms=first_day * DAY_MS,
        end_ms=end_day * DAY_MS,
    )


def read_table(table: str) -> Statement:
    """Reads every column of a table, to detect damage."""
    return Statement(f"SELECT BIT_XOR(HASH(COLUMNS(*)))\nFROM   {table}")


def _compared(
    key: Sequence[str], counts: Sequence[str], stored: str, recounted: str, **parameters: int
) -> Statement:
    keys = ", ".join(key)
    numbers = [
        f"CAST(COALESCE({side}.{count}, 0) AS BIGINT) AS {side}_{count}"
        for side in ("stored", "recounted")
        for count in counts
    ]
    joined = f"SELECT {columns([*key, *numbers])}\nFROM   stored\nFULL JOIN recounted USING ({keys})"
    tables = {"stored": stored, "recounted": recounted, "compared": joined}
    written = ",\n".join(f"{name} AS (\n{indent(sql, '    ')}\n)" for name, sql in tables.items())
    different = "\n   OR  ".join(f"stored_{count} <> recounted_{count}" for count in counts)
    return Statement(
        f"WITH {written}\nFROM   compared\nWHERE  {different}\nORDER BY {keys}\nLIMIT {MAX_DIFFERENCES}",
        **parameters,
    )


def _span(first_day: int, end_day: int) -> dict[str, int]:
    return {
        "first_day": first_day,
        "end_day": end_day,
        "first_ms": first_day * DAY_MS,
        "end_ms": end_day * DAY_MS,
    }


_KEY = ("organization", "day")


def _by_receipt_day(verdicts: str, condition: str = "") -> str:
    lines = [
        f"SELECT organization, receipt_day AS day, {verdicts} AS size",
        "FROM   outcome",
        *([f"WHERE  {condition}"] if condition else []),
        "GROUP BY organization, receipt_day",
    ]
    return "\n".join(lines)


def _sums(counts: Iterable[str]) -> list[str]:
    return [f"SUM({count}) AS {count}" for count in counts]
