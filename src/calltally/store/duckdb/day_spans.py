"""Spans of days that are small enough to be read at once."""

from collections.abc import Sequence
from datetime import date

from calltally.store.duckdb.usage.time_buckets import EPOCH

ROWS_AT_ONCE = 1_000_000
IDENTITIES_AT_ONCE = 2_000_000
"""The identities of a day with more are compared in parts, so that the memory for them is bounded."""

FIRST_DAY, END_DAY = (date.min - EPOCH).days, (date.max - EPOCH).days + 1
"""The first of all days and the day after the last one (exclusive)."""


def spans_of_days(sizes: Sequence[tuple[int, int]], first_day: int) -> list[tuple[int, int, int]]:
    """Half-open spans that cover all days since one, each with its number of rows.

    ``sizes`` has days in ascending order with their rows. A span has at most `ROWS_AT_ONCE` rows, or is a
    single day that has more.
    """
    edges, gathered = [first_day], [0]
    for day, rows in sizes:
        if day < first_day:
            continue
        if gathered[-1] and gathered[-1] + rows > ROWS_AT_ONCE and day > edges[-1]:
            edges.append(day)
            gathered.append(0)
        gathered[-1] += rows
    return list(zip(edges, [*edges[1:], END_DAY], gathered, strict=True))


def parts_of_identities(rows: int) -> int:
    """Into how many parts the identities of a span with so many rows are divided."""
    return 1 + rows // IDENTITIES_AT_ONCE
