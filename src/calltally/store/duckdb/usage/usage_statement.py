"""The SQL that answers a usage query."""

from textwrap import indent

from calltally.store.duckdb.statements import Statement, columns
from calltally.store.duckdb.usage.resolved_query import COLUMNS, ResolvedQuery
from calltally.store.duckdb.usage.row_source import RowSource, membership, unique
from calltally.store.duckdb.usage.time_buckets import TimeBuckets
from calltally.usage_query import START, Dimension, UsageQuery

WITHDRAWN = "withdrawn"
"""The column that marks groups whose active days cannot be derived from whole months: on some day more was
withdrawn than added since the month was settled, and only that day's rows show whether calls are left."""


def usage(
    query: UsageQuery, question: ResolvedQuery, buckets: TimeBuckets, *, by_month: bool = True
) -> Statement:
    """One row per group with calls, unordered, or the one row of an ungrouped total.

    Columns are those of `COLUMNS`, with ids for texts, and `START` is a bucket's number; `ResultPage` orders
    them and looks up the texts. A sum has 128 bits and is cut to 64, more than can be counted. If months
    answer for active days, there is a column `WITHDRAWN` too.
    """
    rows = RowSource(query, question, buckets, by_month=by_month)
    keys = unique([*([START] if rows.has_start else []), *(COLUMNS[d] for d in query.group_by)])
    counted = rows.statement()
    bound = dict(counted.parameters)
    conditions = ""
    if Dimension.STATUS_CLASS in question.where:
        classes = membership(Dimension.STATUS_CLASS, question.where[Dimension.STATUS_CLASS])
        conditions = f"WHERE  {classes.sql}"
        bound |= classes.parameters
    tables = {"counted": counted.sql}
    source, sums = "counted", [_sum(metric, grouped=bool(keys)) for metric in rows.counts]
    if rows.has_day:
        days = ["month", "bit"] if rows.has_months else ["day"]
        of_months = [_BITS] if rows.has_months else []
        tables["daily"] = _summed("counted", [*keys, *days], [*sums, *of_months], conditions)
        source, conditions = "daily", ""
        if rows.has_months:
            tables["monthly"] = _summed("daily", [*keys, "month"], [*sums, *_ACTIVE_BITS])
            source = "monthly"
        sums = [*sums, *(_DAYS_OF_MONTHS if rows.has_months else _DAYS)]
    having = f"HAVING SUM({source}.calls) > 0" if keys else ""
    written = ",\n".join(f"{name} AS (\n{indent(sql, '    ')}\n)" for name, sql in tables.items())
    return Statement(f"WITH {written}\n{_summed(source, keys, sums, conditions, having)}", **bound)


_BITS = "BIT_OR(days) AS days"
_ACTIVE_BITS = (
    "BIT_OR(days | CASE WHEN daily.calls > 0 THEN bit ELSE 0 END) AS days",
    f"BOOL_OR(bit > 0 AND daily.calls < 0) AS {WITHDRAWN}",
)
_DAYS_OF_MONTHS = (
    "CAST(COALESCE(SUM(BIT_COUNT(days)), 0) AS BIGINT) AS active_days",
    f"COALESCE(BOOL_OR({WITHDRAWN}), FALSE) AS {WITHDRAWN}",
)
_DAYS = ("COUNT(*) FILTER (WHERE daily.calls > 0) AS active_days",)


def _summed(table: str, keys: list[str], sums: list[str], conditions: str = "", having: str = "") -> str:
    grouping = f"GROUP BY {', '.join(keys)}" if keys else ""
    lines = [f"SELECT {columns([*keys, *sums])}", f"FROM   {table}", conditions, grouping, having]
    return "\n".join(line for line in lines if line)


def _sum(metric: str, *, grouped: bool) -> str:
    """The sum of no rows is NULL; a group has rows."""
    cut = f"CAST(SUM({metric}) AS BIGINT)"
    return f"{cut if grouped else f'COALESCE({cut}, 0)'} AS {metric}"
