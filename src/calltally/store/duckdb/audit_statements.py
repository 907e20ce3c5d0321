"""The SQL that recounts. Spans of days are half-open; calls are asked only for days that have theirs.

A statement that compares has a row for each key whose numbers differ: first the key's columns, then the
numbers that are stored, then the recounted ones, in the same order.
"""
# ruff: noqa: S608 - what is put into the text was made here; values are bound

from collections.abc import Sequence

from calltally.store.duckdb.marginals import CONDITIONS, COUNTS, MARGINALS, Marginal
from calltally.store.duckdb.statements import TAKES_AN_IDENTITY, WEIGHT, Statement
from calltally.store.duckdb.time_buckets import DAY_MS

DIFFERENCES_TOLD = 1000

TABLES = (
    "meta",
    "retained",
    "dictionary",
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
)
"""Every table but the calls."""

_OF_SPAN = "time_ms >= $first_ms\n          AND  time_ms <  $end_ms"
_KEPT = "day >= $first_day\n          AND  day <  $end_day"


def rows_of_days() -> Statement:
    """How many rows of the ledger each day has."""
    return Statement(
        """
        SELECT day, SUM(sorted) + SUM(unsorted)
        FROM   call_day
        GROUP BY day
        ORDER BY day
        """
    )


def first_day_of_counts() -> Statement:
    """The first day that has counts or a total; NULL without."""
    return Statement(
        "SELECT MIN(day)\nFROM   (SELECT day FROM frozen_total UNION ALL SELECT day FROM by_day)"
    )


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
    """Every row of a marginal."""
    key = ", ".join(marginal.key)
    return _compared(
        marginal.key,
        COUNTS,
        f"SELECT {key}, {_sums()} FROM {marginal.name} WHERE {_KEPT} GROUP BY {key}",
        f"SELECT {key}, {_recounts()} "
        f"FROM (SELECT *, day_of(time_ms) AS day FROM call WHERE {_OF_SPAN}) GROUP BY {key}",
        **_span(first_day, end_day),
    )


def marginal_against_totals(marginal: Marginal, first_day: int, end_day: int) -> Statement:
    """The totals of a marginal and of days whose calls were pruned."""
    key = ("organization", "day")
    return _compared(
        key,
        COUNTS,
        f"SELECT organization, day, {_sums()} FROM {marginal.name} WHERE {_KEPT} GROUP BY organization, day",
        f"SELECT organization, day, {_sums()} FROM frozen_total WHERE {_KEPT} GROUP BY organization, day",
        first_day=first_day,
        end_day=end_day,
    )


def days_against_calls(first_day: int, end_day: int) -> Statement:
    """How many rows a day has."""
    return _compared(
        ("day",),
        ("size",),
        f"SELECT day, SUM(sorted) + SUM(unsorted) AS size FROM call_day WHERE {_KEPT} GROUP BY day",
        f"SELECT day_of(time_ms) AS day, COUNT(*) AS size FROM call WHERE {_OF_SPAN} GROUP BY 1",
        **_span(first_day, end_day),
    )


def identities_taken_twice(first_day: int, end_day: int) -> Statement:
    """Identities that two calls of a day have; the second number is how many may have it."""
    return Statement(
        f"""
        SELECT organization, day_of(time_ms) AS day, identity_high, identity_low, COUNT(*), 1
        FROM   call
        WHERE  {_OF_SPAN}
          AND  {TAKES_AN_IDENTITY}
        GROUP BY ALL
        HAVING COUNT(*) > 1
        ORDER BY ALL
        LIMIT {DIFFERENCES_TOLD}
        """,
        first_ms=first_day * DAY_MS,
        end_ms=end_day * DAY_MS,
    )


def withdrawn_too_often(first_day: int, end_day: int) -> Statement:
    """Calls that are withdrawn more often than they were counted; the second number is the least."""
    return Statement(
        f"""
        WITH corrected AS (
            SELECT DISTINCT identity_high, identity_low
            FROM   call
            WHERE  {_OF_SPAN}
              AND  entry = 1
        )
        SELECT organization, day_of(time_ms) AS day, identity_high, identity_low, SUM({WEIGHT}), 0
        FROM   call
        SEMI JOIN corrected USING (identity_high, identity_low)
        WHERE  {_OF_SPAN}
        GROUP BY ALL
        HAVING SUM({WEIGHT}) < 0
        ORDER BY ALL
        LIMIT {DIFFERENCES_TOLD}
        """,
        first_ms=first_day * DAY_MS,
        end_ms=end_day * DAY_MS,
    )


def verdicts_against_received() -> Statement:
    return _compared(
        ("organization", "day"),
        ("size",),
        _booked("received"),
        _booked("accepted) + SUM(duplicate) + SUM(conflict) + SUM(rejected"),
    )


def accepted_against_calls(first_day: int, end_day: int) -> Statement:
    """Accepted calls by day of receipt, whether they are still there or were pruned."""
    received = "received_ms >= $first_ms AND received_ms < $end_ms AND entry = 0"
    return _compared(
        ("organization", "day"),
        ("size",),
        "SELECT organization, receipt_day AS day, SUM(accepted) AS size FROM outcome "
        "WHERE receipt_day >= $first_day AND receipt_day < $end_day GROUP BY ALL",
        "SELECT organization, day, SUM(size) AS size FROM ("
        f"SELECT organization, day_of(received_ms) AS day, COUNT(*) AS size FROM call WHERE {received} "
        "GROUP BY ALL UNION ALL SELECT organization, receipt_day, calls FROM pruned_receipt "
        "WHERE receipt_day >= $first_day AND receipt_day < $end_day) GROUP BY ALL",
        **_span(first_day, end_day),
    )


def rejected_against_reasons() -> Statement:
    return _compared(
        ("organization", "day"),
        ("size",),
        _booked("rejected"),
        "SELECT organization, receipt_day AS day, SUM(calls) AS size FROM rejection GROUP BY ALL",
    )


def conflicts_against_kept(first_day: int) -> Statement:
    """Conflicts since the day from which they are kept."""
    return _compared(
        ("organization", "day"),
        ("size",),
        "SELECT organization, receipt_day AS day, SUM(conflict) AS size FROM outcome "
        "WHERE receipt_day >= $first_day GROUP BY ALL",
        "SELECT organization, day_of(received_ms) AS day, COUNT(*) AS size FROM conflict GROUP BY ALL",
        first_day=first_day,
    )


def corrections_against_rows() -> Statement:
    """What corrections say they brought, and the rows that are there or were pruned."""
    counts = ("withdrawn", "restated", "added")
    by_entry = ", ".join(
        f"COUNT(*) FILTER (WHERE entry = {entry}) AS {name}" for entry, name in enumerate(counts, start=1)
    )
    sums = ", ".join(f"SUM({count}) AS {count}" for count in counts)
    return _compared(
        ("position",),
        counts,
        f"SELECT position, {', '.join(counts)} FROM correction",
        f"SELECT position, {sums} FROM (SELECT position, {by_entry} FROM call WHERE entry <> 0 "
        "GROUP BY position UNION ALL FROM pruned_correction) GROUP BY position",
    )


def read_calls(first_day: int, end_day: int) -> Statement:
    """Reads every column of the calls of a span."""
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
    """Reads every column of a table."""
    return Statement(f"SELECT BIT_XOR(HASH(COLUMNS(*)))\nFROM   {table}")


def _compared(
    key: Sequence[str], counts: Sequence[str], stored: str, recounted: str, **parameters: int
) -> Statement:
    keys = ", ".join(key)
    numbers = [f"CAST(COALESCE({side}.{c}, 0) AS BIGINT)" for side in ("stored", "recounted") for c in counts]
    pairs = zip(numbers[: len(counts)], numbers[len(counts) :], strict=True)
    different = "\n           OR ".join(f"{one} <> {other}" for one, other in pairs)
    return Statement(
        f"""
        WITH stored AS (
            {stored}
        ),
        recounted AS (
            {recounted}
        )
        SELECT {keys}, {", ".join(numbers)}
        FROM   stored
        FULL JOIN recounted USING ({keys})
        WHERE  {different}
        ORDER BY {keys}
        LIMIT {DIFFERENCES_TOLD}
        """,
        **parameters,
    )


def _span(first_day: int, end_day: int) -> dict[str, int]:
    return {
        "first_day": first_day,
        "end_day": end_day,
        "first_ms": first_day * DAY_MS,
        "end_ms": end_day * DAY_MS,
    }


def _booked(verdicts: str) -> str:
    return f"SELECT organization, receipt_day AS day, SUM({verdicts}) AS size FROM outcome GROUP BY ALL"


def _sums() -> str:
    return ", ".join(f"SUM({count}) AS {count}" for count in COUNTS)


def _recounts() -> str:
    return ", ".join(
        f"SUM(CASE WHEN {condition} THEN {WEIGHT} ELSE 0 END) AS {count}"
        if condition
        else f"SUM({WEIGHT}) AS {count}"
        for count, condition in CONDITIONS.items()
    )
