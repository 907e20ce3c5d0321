"""The SQL of compaction. The statements of each function run in one transaction, in their order."""
# ruff: noqa: S608 - formatted parts are names from marginals.py; values are bound

from collections.abc import Mapping

from calltally.store.duckdb.marginals import (
    COUNTS,
    FRESH,
    MARGINALS,
    MERGED,
    SETTLED,
    Marginal,
    gathered_by,
)
from calltally.store.duckdb.month_statements import add_months, replace_month
from calltally.store.duckdb.statements import CALL_TABLES, COMMITTED, FRESH_CALLS, PACKED_CALLS, Statement

CALL_ORDER = ("organization", "client", "route", "account", '"user"', "time_ms")
"""The order of packed calls, chosen for compression."""

_ORDER = f"ORDER BY {', '.join(CALL_ORDER)}"
_SPAN = f"WHERE  time_ms >= $start_ms\n  AND  time_ms <  $end_ms\n  AND  {COMMITTED}"
_WITHIN = f"time_ms >= $start_ms AND time_ms < $end_ms AND {COMMITTED}"
_COUNTED = (
    f"FROM   (SELECT COUNT(*) AS packed FROM {PACKED_CALLS} WHERE {_WITHIN}),\n"
    f"       (SELECT COUNT(*) AS fresh FROM {FRESH_CALLS} WHERE {_WITHIN})"
)


def level_sizes() -> Statement:
    """The row count of every level except the last, by marginal and level."""
    tables = [
        f"SELECT '{marginal.name}', '{level}', COUNT(*) FROM {marginal.table(level)}"
        for marginal in MARGINALS
        for level in marginal.levels
        if level != SETTLED
    ]
    return Statement("\nUNION ALL\n".join(tables))


def merge_fresh(gathering: Marginal) -> list[Statement]:
    """Create one sorted run of the fresh rows, in each marginal that they count for.

    The narrower marginals are summed from the sums of wider ones, which have far fewer rows. Raises
    `ValueError` for a marginal that does not gather.
    """
    if not gathering.gathers:
        raise ValueError(f"{gathering.name} has no fresh rows of its own")
    work: list[Statement] = []
    summed: list[Marginal] = []
    for marginal in gathered_by(gathering):
        wider = [one for one in summed if set(marginal.columns) <= set(one.columns)]
        source = f"merging_{wider[-1].name}" if wider else marginal.table(FRESH)
        key, order = ", ".join(marginal.key), ", ".join(["month_of(day)", *marginal.sort_order])
        merging = f"merging_{marginal.name}"
        work += [
            Statement(
                f"CREATE TEMP TABLE {merging} AS\nSELECT {key}, {_sums()}\nFROM   {source}\nGROUP BY {key}"
            ),
            Statement(f"INSERT INTO {marginal.table(MERGED)}\nFROM {merging}\nORDER BY {order}"),
        ]
        summed.append(marginal)
    work += [Statement(f"DROP TABLE merging_{marginal.name}") for marginal in summed]
    return [*work, Statement(f"DELETE FROM {gathering.table(FRESH)}")]


def settle_merged(marginal: Marginal) -> list[Statement]:
    """Create one run of all merged ones, by month, and record the size of each month's part."""
    merged = marginal.table(MERGED)
    key, order = ", ".join(marginal.key), ", ".join(["month_of(day)", *marginal.sort_order])
    return [
        Statement(f"CREATE TEMP TABLE settling AS\nSELECT {key}, {_sums()}\nFROM   {merged}\nGROUP BY {key}"),
        Statement(
            f"""
            INSERT INTO settled_run
            SELECT '{marginal.name}', month_of(day), COUNT(*)
            FROM   settling
            GROUP BY ALL
            """
        ),
        Statement(f"INSERT INTO {marginal.table(SETTLED)}\nFROM settling\nORDER BY {order}"),
        *(add_months(marginal, "settling") if marginal.has_months else []),
        Statement("DROP TABLE settling"),
        Statement(f"DELETE FROM {merged}"),
    ]


def scattered_month(least_runs: int, current_month: int) -> Statement:
    """A marginal and a month whose settled runs should be merged: the small ones together are at least half
    as large as the largest, or the month is over."""
    return Statement(
        """
        SELECT marginal, month
        FROM   settled_run
        GROUP BY marginal, month
        HAVING COUNT(*) > 1
           AND (month < $current_month OR COUNT(*) >= $least_runs)
           AND (SUM(size) - MAX(size)) * 2 >= MAX(size)
        ORDER BY marginal, month
        LIMIT 1
        """,
        least_runs=least_runs,
        current_month=current_month,
    )


def merge_month(marginal: Marginal, month: int, first_day: int, end_day: int) -> list[Statement]:
    """Create one run of all settled runs of a month."""
    settled = marginal.table(SETTLED)
    key = ", ".join(marginal.key)
    return [
        Statement(
            f"""
            CREATE TEMP TABLE merging AS
            SELECT {key}, {_sums()}
            FROM   {settled}
            WHERE  day >= $first_day
              AND  day <  $end_day
            GROUP BY {key}
            """,
            first_day=first_day,
            end_day=end_day,
        ),
        Statement(
            f"DELETE FROM {settled}\nWHERE  day >= $first_day\n  AND  day <  $end_day",
            first_day=first_day,
            end_day=end_day,
        ),
        Statement(f"INSERT INTO {settled}\nFROM merging\nORDER BY {', '.join(marginal.sort_order)}"),
        *(replace_month(marginal, month, "merging") if marginal.has_months else []),
        Statement(
            "DELETE FROM settled_run\nWHERE  marginal = $marginal\n  AND  month = $month",
            marginal=marginal.name,
            month=month,
        ),
        Statement(
            "INSERT INTO settled_run\nSELECT $marginal, $month, COUNT(*)\nFROM   merging",
            marginal=marginal.name,
            month=month,
        ),
        Statement("DROP TABLE merging"),
    ]


def unpacked_day(current_day: int) -> Statement:
    """The earliest day that is over and whose rows are at least one twentieth fresh."""
    return Statement(
        """
        SELECT day
        FROM   call_day
        WHERE  day < $current_day
        GROUP BY day
        HAVING SUM(fresh) > 0
           AND SUM(fresh) * 20 >= SUM(packed) + SUM(fresh)
        ORDER BY day
        LIMIT 1
        """,
        current_day=current_day,
    )


def calls_within(start_ms: int, end_ms: int) -> Statement:
    """The numbers of packed and of fresh calls of a span."""
    return Statement(f"SELECT packed, fresh\n{_COUNTED}", start_ms=start_ms, end_ms=end_ms)


def compact_span(day: int, start_ms: int, end_ms: int) -> list[Statement]:
    """Pack the fresh calls of a part of a day, sorted among themselves."""
    span = {"start_ms": start_ms, "end_ms": end_ms}
    return [
        _record_packing(day, span),
        Statement(f"INSERT INTO {PACKED_CALLS}\nFROM {FRESH_CALLS}\n{_SPAN}\n{_ORDER}", **span),
        Statement(f"DELETE FROM {FRESH_CALLS}\n{_SPAN}", **span),
    ]


def sort_span(day: int, start_ms: int, end_ms: int) -> list[Statement]:
    """Pack all calls of a part of a day again, packed and fresh ones sorted together."""
    span = {"start_ms": start_ms, "end_ms": end_ms}
    return [
        _record_packing(day, span),
        Statement(f"CREATE TEMP TABLE sorting AS\nFROM call\n{_SPAN}", **span),
        *(Statement(f"DELETE FROM {table}\n{_SPAN}", **span) for table in CALL_TABLES),
        Statement(f"INSERT INTO {PACKED_CALLS}\nFROM sorting\n{_ORDER}"),
        Statement("DROP TABLE sorting"),
    ]


def record_day(day: int, start_ms: int, end_ms: int) -> list[Statement]:
    """Replace the packed and fresh counts of a day by one row."""
    return [
        Statement("DELETE FROM call_day\nWHERE  day = $day", day=day),
        Statement(
            f"INSERT INTO call_day\nSELECT $day, packed, fresh\n{_COUNTED}",
            day=day,
            start_ms=start_ms,
            end_ms=end_ms,
        ),
    ]


def fresh_calls() -> Statement:
    return Statement(f"SELECT COUNT(*) FROM {FRESH_CALLS}")


def position_after(calls: int) -> Statement:
    """The position of the fresh call after the first ``calls`` ones, or of the last one if there are
    fewer."""
    return Statement(
        f"""
        SELECT COALESCE(
            (SELECT position FROM {FRESH_CALLS} LIMIT 1 OFFSET $calls),
            (SELECT MAX(position) FROM {FRESH_CALLS})
        )
        """,
        calls=calls,
    )


def pack_up_to(position: int) -> list[Statement]:
    """Pack the fresh calls up to a position, sorted among themselves."""
    up_to = f"WHERE  position <= $position\n  AND  {COMMITTED}"
    return [
        Statement(
            "INSERT INTO call_day\nSELECT day_of(time_ms), COUNT(*), -COUNT(*)\n"
            f"FROM   {FRESH_CALLS}\n{up_to}\nGROUP BY ALL",
            position=position,
        ),
        Statement(
            f"INSERT INTO {PACKED_CALLS}\nFROM {FRESH_CALLS}\n{up_to}\n"
            f"ORDER BY day_of(time_ms), {', '.join(CALL_ORDER)}",
            position=position,
        ),
        Statement(f"DELETE FROM {FRESH_CALLS}\n{up_to}", position=position),
    ]


def _record_packing(day: int, span: Mapping[str, int]) -> Statement:
    return Statement(
        f"INSERT INTO call_day\nSELECT $day, COUNT(*), -COUNT(*)\nFROM   {FRESH_CALLS}\n{_SPAN}",
        day=day,
        **span,
    )


SUMMED_TABLES = {
    "outcome": (
        ("organization", "receipt_day"),
        ("received", "accepted", "duplicate", "conflict", "rejected"),
    ),
    "rejection": (("organization", "receipt_day", "code"), ("calls",)),
    "refusal": (("organization", "receipt_day", "reason"), ("requests",)),
}
"""The tables that are summed by receipt day, with their keys and counts."""


def unsummed_receipt_day(table: str, current_day: int) -> Statement:
    """A receipt day that is over and has several rows for one key."""
    keys, _ = SUMMED_TABLES[table]
    return Statement(
        f"""
        SELECT DISTINCT receipt_day
        FROM   {table}
        WHERE  receipt_day < $current_day
        GROUP BY {", ".join(keys)}
        HAVING COUNT(*) > 1
        ORDER BY receipt_day
        LIMIT 1
        """,
        current_day=current_day,
    )


def sum_receipt_day(table: str, receipt_day: int) -> list[Statement]:
    """Sum the rows of a receipt day into one row per key."""
    keys, counts = SUMMED_TABLES[table]
    sums = ", ".join(f"SUM({count})" for count in counts)
    return [
        Statement(
            f"""
            CREATE TEMP TABLE closing AS
            SELECT {", ".join(keys)}, {sums}
            FROM   {table}
            WHERE  receipt_day = $receipt_day
            GROUP BY {", ".join(keys)}
            """,
            receipt_day=receipt_day,
        ),
        Statement(f"DELETE FROM {table}\nWHERE  receipt_day = $receipt_day", receipt_day=receipt_day),
        Statement(f"INSERT INTO {table}\nFROM closing\nORDER BY {', '.join(keys)}"),
        Statement("DROP TABLE closing"),
    ]


def positions() -> Statement:
    return Statement("SELECT COUNT(*) FROM meta WHERE name = 'position'")


def drop_old_positions() -> Statement:
    """Keep only the greatest position, which is the valid one."""
    return Statement(
        """
        DELETE FROM meta
        WHERE  name = 'position'
          AND  value < (SELECT MAX(value) FROM meta WHERE name = 'position')
        """
    )


def _sums() -> str:
    return ", ".join(f"CAST(SUM({count}) AS BIGINT) AS {count}" for count in COUNTS)
