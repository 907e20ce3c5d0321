"""The groups of a result, summed from few rows, which is faster than planning a statement for it."""

from collections.abc import Mapping, Sequence

import numpy as np

from calltally.store.duckdb.usage.result_page import Numbers
from calltally.store.duckdb.usage.usage_statement import WITHDRAWN
from calltally.usage_query import Metric

NumericColumns = Mapping[str, Numbers]

_DAY, _MONTH, _BIT, _DAYS = "day", "month", "bit", "days"


def numpy_sums(
    rows: NumericColumns, keys: Sequence[str], counts: Sequence[str], *, by_day: bool
) -> NumericColumns:
    """The result of `usage_statement.usage` for the same rows: sums by key where calls are above 0.

    With ``by_day`` also the number of days with calls. Without keys there is always one group.
    """
    if by_day:
        rows = _sums(rows, [*keys, _DAY], counts)
        rows = {**rows, Metric.ACTIVE_DAYS: (rows[Metric.CALLS] > 0).astype(np.int64)}
        counts = [*counts, Metric.ACTIVE_DAYS]
    return _groups(rows, keys, counts)


def added_months(rows: NumericColumns, keys: Sequence[str], counts: Sequence[str]) -> NumericColumns:
    """The result of `usage_statement.usage` for the same rows, some of which cover whole months."""
    daily = _added(rows, [*keys, _MONTH, _BIT], {**dict.fromkeys(counts, np.add), _DAYS: np.bitwise_or})
    calls, bit = daily[Metric.CALLS], daily[_BIT]
    daily[_DAYS] |= np.where(calls > 0, bit, 0)
    daily[WITHDRAWN] = ((bit > 0) & (calls < 0)).astype(np.int64)
    how = {**dict.fromkeys(counts, np.add), _DAYS: np.bitwise_or, WITHDRAWN: np.bitwise_or}
    monthly = _added(daily, [*keys, _MONTH], how)
    monthly[Metric.ACTIVE_DAYS] = np.bitwise_count(monthly[_DAYS]).astype(np.int64)
    return _groups(monthly, keys, [*counts, Metric.ACTIVE_DAYS], any_of=[WITHDRAWN])


def _groups(
    rows: NumericColumns, keys: Sequence[str], counts: Sequence[str], any_of: Sequence[str] = ()
) -> NumericColumns:
    """The sums by key where calls are above 0; without keys the only group."""
    how = {**dict.fromkeys(counts, np.add), **dict.fromkeys(any_of, np.bitwise_or)}
    if not keys:
        return {name: np.array([add.reduce(rows[name])]) for name, add in how.items()}
    groups = _added(rows, keys, how)
    there = groups[Metric.CALLS] > 0
    return {name: numbers[there] for name, numbers in groups.items()}


def _sums(rows: NumericColumns, keys: Sequence[str], counts: Sequence[str]) -> dict[str, Numbers]:
    return _added(rows, keys, dict.fromkeys(counts, np.add))


def _added(rows: NumericColumns, keys: Sequence[str], how: Mapping[str, np.ufunc]) -> dict[str, Numbers]:
    """The groups by key, in order, with each other column combined by its function."""
    order = np.lexsort([rows[key] for key in keys])
    ordered = {name: rows[name][order] for name in (*keys, *how)}
    first = np.zeros(len(order), np.bool_)
    first[:1] = True
    for key in keys:
        first[1:] |= ordered[key][1:] != ordered[key][:-1]
    starts = np.flatnonzero(first)
    together = {
        name: add.reduceat(ordered[name], starts) if len(starts) else ordered[name]
        for name, add in how.items()
    }
    return {**{key: ordered[key][starts] for key in keys}, **together}
