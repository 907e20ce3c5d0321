"""The groups of an answer, added up from so few rows that planning a statement for it would take longer."""

from collections.abc import Mapping, Sequence

import numpy as np

from calltally.store.duckdb.answered_rows import Numbers
from calltally.usage_query import Metric

Columns = Mapping[str, Numbers]

_DAY = "day"


def added_rows(rows: Columns, keys: Sequence[str], counts: Sequence[str], *, by_day: bool) -> Columns:
    """What `usage_statement.usage` finds in the same rows: their sums by keys, where calls are above none.

    With ``by_day`` also the days on which they are. Without keys there is always one group.
    """
    if by_day:
        rows = _sums(rows, [*keys, _DAY], counts)
        rows = {**rows, Metric.ACTIVE_DAYS: (rows[Metric.CALLS] > 0).astype(np.int64)}
        counts = [*counts, Metric.ACTIVE_DAYS]
    if not keys:
        return {count: np.array([rows[count].sum()]) for count in counts}
    groups = _sums(rows, keys, counts)
    there = groups[Metric.CALLS] > 0
    return {name: numbers[there] for name, numbers in groups.items()}


def _sums(rows: Columns, keys: Sequence[str], counts: Sequence[str]) -> dict[str, Numbers]:
    order = np.lexsort([rows[key] for key in keys])
    ordered = {name: rows[name][order] for name in (*keys, *counts)}
    first = np.zeros(len(order), np.bool_)
    first[:1] = True
    for key in keys:
        first[1:] |= ordered[key][1:] != ordered[key][:-1]
    starts = np.flatnonzero(first)
    sums = {
        count: np.add.reduceat(ordered[count], starts) if len(starts) else ordered[count] for count in counts
    }
    return {**{key: ordered[key][starts] for key in keys}, **sums}
