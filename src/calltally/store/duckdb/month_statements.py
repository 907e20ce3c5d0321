"""The SQL of the sums by month of settled rows; see `Marginal`. Runs within other transactions."""
# ruff: noqa: S608 - formatted parts are names from marginals.py; values are bound

from textwrap import indent

from calltally.store.duckdb.marginals import COUNTS, SETTLED, Marginal
from calltally.store.duckdb.statements import Statement
from calltally.store.duckdb.usage.time_buckets import first_day_of, month_of

DAYS = "days"
"""The column with a bit for each day of the month, set if the day's calls sum to more than 0."""

ACTIVE = f"BIT_OR(CASE WHEN calls > 0 THEN bit_of(day) ELSE 0 END) AS {DAYS}"


def add_months(marginal: Marginal, run: str) -> list[Statement]:
    """Add a run that was just settled: a table with one row for each key.

    If it withdraws more from a day than it adds, only all settled rows show whether that day still has calls,
    so such months are counted again. They are few: only corrections withdraw.
    """
    withdrawn = "month_of(day) {} (FROM withdrawn)"
    return [
        Statement(
            f"CREATE TEMP TABLE withdrawn AS\n"
            f"SELECT DISTINCT month_of(day) AS month\nFROM   {run}\nWHERE  calls < 0"
        ),
        Statement(f"DELETE FROM {marginal.months}\nWHERE  month IN (FROM withdrawn)"),
        _insert(marginal, run, f"WHERE  {withdrawn.format('NOT IN')}"),
        _insert(marginal, _settled(marginal, f"WHERE  {withdrawn.format('IN')}")),
        Statement("DROP TABLE withdrawn"),
    ]


def replace_month(marginal: Marginal, month: int, run: str) -> list[Statement]:
    """Count a month again from all its settled rows, given as a table with one row for each key."""
    return [
        Statement(f"DELETE FROM {marginal.months}\nWHERE  month = $month", month=month),
        _insert(marginal, run),
    ]


def cut_months(marginal: Marginal, before: int) -> list[Statement]:
    """Remove the months of pruned days; the rest of the last month is counted again."""
    month = month_of(before - 1)
    left = _settled(marginal, "WHERE  day < $end_day")
    return [
        Statement(f"DELETE FROM {marginal.months}\nWHERE  month <= $month", month=month),
        _insert(marginal, left, end_day=first_day_of(month + 1)),
    ]


def _settled(marginal: Marginal, condition: str) -> str:
    """One row for each key of the settled rows that meet a condition."""
    key = ", ".join(marginal.key)
    sums = ", ".join(f"SUM({count}) AS {count}" for count in COUNTS)
    rows = f"SELECT {key}, {sums}\nFROM   {marginal.table(SETTLED)}\n{condition}\nGROUP BY {key}"
    return f"(\n{indent(rows, '    ')}\n)"


def _insert(marginal: Marginal, days: str, condition: str = "", **parameters: int) -> Statement:
    key = ", ".join(marginal.month_key)
    order = ", ".join(name for name in ("month", *marginal.sort_order) if name != "day")
    sums = ", ".join(f"SUM({count}) AS {count}" for count in COUNTS)
    lines = [
        f"INSERT INTO {marginal.months}",
        f"SELECT {key.replace('month', 'month_of(day) AS month', 1)}, {sums},",
        f"       {ACTIVE}",
        f"FROM   {days}",
        condition,
        f"GROUP BY {key}",
        f"ORDER BY {order}",
    ]
    return Statement("\n".join(line for line in lines if line), **parameters)
