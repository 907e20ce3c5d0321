"""Calendar buckets of any time zone as integer arithmetic, so that SQL needs no time zones."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from calltally.call_batch import Int64s
from calltally.clock import DAY_MS, instant_of
from calltally.store.offset_spans import OffsetSpan, offset_spans
from calltally.window import Granularity, midnight

HOUR_MS = 3_600_000

_SHIFT_DAYS = 7 * 200_000
"""Whole weeks added before dividing, since division truncates towards zero and years before 1970 exist."""

EPOCH = date(1970, 1, 1)
_LAST_MONTH = date.max.year * 12 + 11


def month_of(day: int) -> int:
    """The number of the month of a day, as by the SQL macro of this name."""
    of = EPOCH + timedelta(days=day)
    return of.year * 12 + of.month - 1


def first_day_of(month: int) -> int:
    """The number of the first day of a month; after the last month, the day after the last day."""
    if month > _LAST_MONTH:
        return (date.max - EPOCH).days + 1
    return (date(month // 12, month % 12 + 1, 1) - EPOCH).days


def months_of(days: Int64s) -> Int64s:
    """`month_of` for many days."""
    return days.astype("M8[D]").astype("M8[M]").astype(np.int64) + EPOCH.year * 12


def bits_of(days: Int64s) -> Int64s:
    """The bits of days in their months, as by the SQL macro ``bit_of``."""
    first = days.astype("M8[D]").astype("M8[M]").astype("M8[D]").astype(np.int64)
    bits: Int64s = np.left_shift(1, days - first)
    return bits


class TimeBuckets:
    """The buckets of a time zone for the instants from ``start_ms`` to before ``end_ms``.

    A bucket is an integer in SQL, ascending with time; `start` returns its first instant. Hours that clocks
    show twice are two buckets.
    """

    def __init__(self, granularity: Granularity, zone: ZoneInfo, start_ms: int, end_ms: int) -> None:
        self._granularity = granularity
        self._zone = zone
        self._spans = offset_spans(zone, start_ms, end_ms)

    @property
    def days_are_utc(self) -> bool:
        """Whether the zone's days are UTC days in the whole span."""
        return all(span.offset_ms == 0 for span in self._spans)

    def of_time(self) -> str:
        """The SQL expression for the bucket of ``time_ms``."""
        if self._granularity is Granularity.HOUR:
            return self._case([_hour(span) for span in self._spans])
        return self._of_day(self.day_of_time())

    def of_utc_day(self) -> str:
        """The SQL expression for the bucket of the column ``day``; valid if `days_are_utc`."""
        return self._of_day("day")

    def day_of_time(self) -> str:
        """The SQL expression for the zone's day of ``time_ms``, counted from 1970-01-01."""
        offset = self._case([str(span.offset_ms + _SHIFT_DAYS * DAY_MS) for span in self._spans])
        return f"(time_ms + {offset}) // {DAY_MS} - {_SHIFT_DAYS}"

    def of_days(self, days: Int64s) -> Int64s:
        """The buckets of days, given as numbers of the zone's days."""
        match self._granularity:
            case Granularity.WEEK:
                return days - (days + _SHIFT_DAYS + 3) % 7
            case Granularity.MONTH:
                return months_of(days)
            case _:
                return days

    def start(self, bucket: int) -> datetime:
        """The first instant of a bucket, in UTC."""
        match self._granularity:
            case Granularity.HOUR:
                return instant_of(bucket)
            case Granularity.MONTH:
                return midnight(date(bucket // 12, bucket % 12 + 1, 1), self._zone)
            case _:
                return midnight(EPOCH + timedelta(days=bucket), self._zone)

    def _of_day(self, day: str) -> str:
        match self._granularity:
            case Granularity.WEEK:  # 1970-01-01 was a Thursday
                return f"{day} - ({day} + {_SHIFT_DAYS + 3}) % 7"
            case Granularity.MONTH:
                return f"month_of({day})"
            case _:
                return day

    def _case(self, expressions: list[str]) -> str:
        """One expression per span, chosen by ``time_ms``."""
        *earlier, last = expressions
        if not earlier:
            return last
        ends = [span.start_ms for span in self._spans[1:]]
        whens = " ".join(f"WHEN time_ms < {end} THEN {then}" for end, then in zip(ends, earlier, strict=True))
        return f"CASE {whens} ELSE {last} END"


def _hour(span: OffsetSpan) -> str:
    shift = span.offset_ms + _SHIFT_DAYS * DAY_MS
    return f"GREATEST((time_ms + {shift}) // {HOUR_MS} * {HOUR_MS} - {shift}, {span.start_ms})"
