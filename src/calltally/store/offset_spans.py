"""UTC offsets of a time zone, and the spans in which they apply."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from calltally.clock import DAY_MS, instant_ms, instant_of

_FIRST, _LAST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
"""Between these instants every time zone has a date that Python can represent."""

_FIRST_YEAR_OF_CHANGES = 1800
"""Before this year the time zone database has local mean time only."""


@dataclass(frozen=True, slots=True)
class OffsetSpan:
    """From ``start_ms`` on, until the next span, clocks are ``offset_ms`` ahead of UTC."""

    start_ms: int
    offset_ms: int


def offset_spans(zone: ZoneInfo, start_ms: int, end_ms: int) -> tuple[OffsetSpan, ...]:
    """The spans that cover the instants from ``start_ms`` to before ``end_ms``, ascending.

    They begin a day early, so that they cover the whole hour of the first instant.
    """
    first = max(start_ms - DAY_MS, instant_ms(_FIRST))
    last = min(max(end_ms, first), instant_ms(_LAST))
    spans = [OffsetSpan(first, _offset_ms(zone, instant_of(first)))]
    for year in range(max(instant_of(first).year, _FIRST_YEAR_OF_CHANGES), instant_of(last).year + 1):
        spans += [span for span in _changes(zone, year) if first < span.start_ms < last]
    return tuple(spans)


@lru_cache(maxsize=4096)
def _changes(zone: ZoneInfo, year: int) -> tuple[OffsetSpan, ...]:
    """The offset changes of a zone within a UTC year; a change undone within a day is not detected."""
    days = [max(datetime(year, 1, 1, tzinfo=UTC), _FIRST)]
    while days[-1].year == year and days[-1] < _LAST:
        days.append(days[-1] + timedelta(days=1))
    offsets = [(day, _offset_ms(zone, day)) for day in days]
    return tuple(
        _change(zone, before, after) for (before, old), (after, new) in pairwise(offsets) if old != new
    )


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> OffsetSpan:
    """The change between two instants, found by bisection; changes occur on whole seconds."""
    old = _offset_ms(zone, before)
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // timedelta(seconds=2) * timedelta(seconds=1)
        if _offset_ms(zone, middle) == old:
            before = middle
        else:
            after = middle
    return OffsetSpan(instant_ms(after), _offset_ms(zone, after))


def _offset_ms(zone: ZoneInfo, instant: datetime) -> int:
    offset = instant.astimezone(zone).utcoffset()
    return (offset or timedelta()) // timedelta(milliseconds=1)
