"""The SQL that answers a usage query."""

from textwrap import indent

from calltally.store.duckdb.counted_rows import CountedRows, membership, unique
from calltally.store.duckdb.statements import Statement, columns
from calltally.store.duckdb.time_buckets import TimeBuckets
from calltally.store.duckdb.usage_question import COLUMNS, KINDS, STATUS_CLASSES, UsageQuestion
from calltally.usage_query import START, Dimension, UsageQuery

_CLASS_NAME = "CASE status_class {} END".format(
    " ".join(f"WHEN {number} THEN '{name}'" for name, number in STATUS_CLASSES.items())
)


def usage(query: UsageQuery, question: UsageQuestion, buckets: TimeBuckets) -> Statement:
    """The query's columns, ordered and paged; `START` is a bucket's number.

    With a limit or an offset a last column ``total_rows`` counts the rows of all pages. Raises `ValueError`
    for an order by a column that the query does not have.
    """
    rows = CountedRows(query, question, buckets)
    groups = _groups(query, question, rows)
    page = _page(query, rows)
    return Statement(f"{groups.sql}\n{page.sql}", **groups.parameters, **page.parameters)


def usage_rows(query: UsageQuery, question: UsageQuestion, buckets: TimeBuckets) -> Statement:
    """How many rows the pages of a query have together."""
    groups = _groups(query, question, CountedRows(query, question, buckets))
    return Statement(f"{groups.sql}\nSELECT COUNT(*)\nFROM   grouped", **groups.parameters)


def _groups(query: UsageQuery, question: UsageQuestion, rows: CountedRows) -> Statement:
    """The table ``grouped``: one row per group with calls, or the one row of an ungrouped total.

    A sum has 128 bits and is cut to 64, more than can be counted, for the sake of what carries it on.
    """
    keys = unique([*([START] if rows.has_start else []), *(COLUMNS[d] for d in query.group_by)])
    counted = rows.statement()
    bound = dict(counted.parameters)
    conditions = ""
    if Dimension.STATUS_CLASS in question.where:
        classes = membership(Dimension.STATUS_CLASS, question.where[Dimension.STATUS_CLASS])
        conditions = f"WHERE  {classes.sql}"
        bound |= classes.parameters
    sums = [f"CAST(SUM({metric}) AS BIGINT) AS {metric}" for metric in rows.counts]
    tables = {"counted": counted.sql}
    source = "counted"
    if rows.has_day:
        tables["daily"] = _summed("counted", [*keys, "day"], sums, conditions)
        source, conditions = "daily", ""
        sums = [*sums, "COUNT(*) FILTER (WHERE daily.calls > 0) AS active_days"]
    having = f"HAVING SUM({source}.calls) > 0" if keys else ""
    tables["grouped"] = _summed(source, keys, sums, conditions, having)
    written = ",\n".join(f"{name} AS (\n{indent(sql, '    ')}\n)" for name, sql in tables.items())
    return Statement(f"WITH {written}", **bound)


def _summed(table: str, keys: list[str], sums: list[str], conditions: str, having: str = "") -> str:
    grouping = f"GROUP BY {', '.join(keys)}" if keys else ""
    lines = [f"SELECT {columns([*keys, *sums])}", f"FROM   {table}", conditions, grouping, having]
    return "\n".join(line for line in lines if line)


def _page(query: UsageQuery, rows: CountedRows) -> Statement:
    """What is shown of ``grouped``: texts for ids, in order, from the offset up to the limit."""
    bound = {"limit": query.limit, "offset": query.offset or None}
    paging = {name: value for name, value in bound.items() if value is not None}
    shown = [
        *([START] if rows.has_start else []),
        *(_text(dimension) for dimension in query.group_by),
        *(f"COALESCE({metric}, 0) AS {metric}" for metric in query.metrics),
        *(["COUNT(*) OVER () AS total_rows"] if paging else []),
    ]
    lines = [
        f"SELECT {columns(shown)}",
        "FROM   grouped",
        *(_dictionary(dimension) for dimension in unique(query.group_by) if dimension in KINDS),
        *_order(query),
        *(f"{name.upper()} ${name}" for name in paging),
    ]
    return Statement("\n".join(lines), **paging)


def _text(dimension: Dimension) -> str:
    if dimension in KINDS:
        return f"COALESCE({dimension}_text.text, '') AS {dimension}"
    return f"{_CLASS_NAME} AS status_class" if dimension is Dimension.STATUS_CLASS else str(dimension)


def _dictionary(dimension: Dimension) -> str:
    """The join that finds the texts of a dimension; the empty text is stored nowhere."""
    name = f"{dimension}_text"
    same = f"{name}.kind = {KINDS[dimension]:d} AND {name}.id = grouped.{COLUMNS[dimension]}"
    return f"LEFT JOIN dictionary AS {name}\n       ON {same}"


def _order(query: UsageQuery) -> list[str]:
    """First what is asked, then what makes the order of rows whole; texts compare by code point."""
    keys = query.columns[: len(query.columns) - len(query.metrics)]
    asked = [(ordering.column, ordering.descending) for ordering in query.order_by]
    order: dict[int, str] = {}
    for column, descending in [*asked, *((key, False) for key in keys)]:
        if column not in query.columns:
            raise ValueError(f"rows cannot be ordered by {column}, which they do not have")
        order.setdefault(query.columns.index(column) + 1, " DESC" if descending else "")
    terms = ", ".join(f"{ordinal}{direction}" for ordinal, direction in order.items())
    return [f"ORDER BY {terms}"] if terms else []
