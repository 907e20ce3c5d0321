"""Spans of days that are small enough to read at once."""

from collections.abc import Sequence
from datetime import date

from calltally.store.duckdb.usage.time_buckets import EPOCH

ROWS_AT_ONCE = 1_000_000
IDENTITIES_AT_ONCE = 2_000_000
"""The identities of a larger day are compared in parts, which bounds memory."""

FIRST_DAY, END_DAY = (date.min - EPOCH).days, (date.max - EPOCH).days + 1
"""The first day and the day after the last one (exclusive)."""


def spans_of_days(sizes: Sequence[tuple[int, int]], first_day: int) -> list[tuple[int, int, int]]:
    """Half-open spans that cover all days since ``first_day``, each with its number of rows.

    ``sizes`` has days in ascending order with their rows. A span has at most `ROWS_AT_ONCE` rows, or is a
    single larger day.
    """
    edges, pending = [first_day], [0]
    for day, rows in sizes:
        if day < first_day:
            continue
        if pending[-1] and pending[-1] + rows > ROWS_AT_ONCE and day > edges[-1]:
            edges.append(day)
            pending.append(0)
        pending[-1] += rows
    return list(zip(edges, [*edges[1:], END_DAY], pending, strict=True))


def parts_of_identities(rows: int) -> int:
    """The number of parts for the identities of a span with ``rows`` rows."""
    return 1 + rows // IDENTITIES_AT_ONCE
