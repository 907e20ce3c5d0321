"""The groups of an answer, added up from so few rows that planning a statement for it would take longer."""

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
    """What `usage_statement.usage` finds in the same rows: their sums by keys, where calls are above none.

    With ``by_day`` also the days on which they are. Without keys there is always one group.
    """
    if by_day:
        rows = _sums(rows, [*keys, _DAY], counts)
        rows = {**rows, Metric.ACTIVE_DAYS: (rows[Metric.CALLS] > 0).astype(np.int64)}
        counts = [*counts, Metric.ACTIVE_DAYS]
    return _groups(rows, keys, counts)


def added_months(rows: NumericColumns, keys: Sequence[str], counts: Sequence[str]) -> NumericColumns:
    """What `usage_statement.usage` finds in the same rows, where some of them are of whole months."""
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
    """The sums by keys where calls are above none; without keys the one group there is."""
    how = {**dict.fromkeys(counts, np.add), **dict.fromkeys(any_of, np.bitwise_or)}
    if not keys:
        return {name: np.array([add.reduce(rows[name])]) for name, add in how.items()}
    groups = _added(rows, keys, how)
    there = groups[Metric.CALLS] > 0
    return {name: numbers[there] for name, numbers in groups.items()}


def _sums(rows: NumericColumns, keys: Sequence[str], counts: Sequence[str]) -> dict[str, Numbers]:
    return _added(rows, keys, dict.fromkeys(counts, np.add))


def _added(rows: NumericColumns, keys: Sequence[str], how: Mapping[str, np.ufunc]) -> dict[str, Numbers]:
    """The groups by keys, in their order, with each other column put together in its way."""
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
