"""Half-open spans of time and their division into buckets."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from calltally.errors import InvalidInputError


class Granularity(StrEnum):
    """How a window is divided: not at all (``TOTAL``), or into calendar buckets of the query's time zone."""

    TOTAL = "total"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"  # Monday to Sunday
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Window:
    """The instants from ``start`` (included) to ``end`` (excluded); both aware.

    An empty window (``start == end``) is valid and has no calls. Raises `InvalidInputError` if the end is
    before the start.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise InvalidInputError(
                f"the window ends ({self.end.isoformat()}) before it starts ({self.start.isoformat()})",
                field="window",
            )

    @classmethod
    def of_days(cls, first: date, last: date, zone: tzinfo = UTC) -> "Window":
        """Whole days of a time zone, from ``first`` through ``last``."""
        return cls(midnight(first, zone), midnight(last + timedelta(days=1), zone))


def midnight(day: date, zone: tzinfo = UTC) -> datetime:
    """The first instant of a calendar day in a time zone, in UTC; also where clocks skip midnight."""
    start = datetime.combine(day, time(), tzinfo=zone)
    instant = start.astimezone(UTC)
    if instant.astimezone(zone).time() == time():
        return instant
    return _first_of_day_after_gap(day, zone, start.replace(fold=1).astimezone(UTC), instant)


def _first_of_day_after_gap(day: date, zone: tzinfo, before: datetime, within: datetime) -> datetime:
    """Found by bisection between an instant of the day before and one of it; clocks change on whole
    seconds."""
    while within - before > timedelta(seconds=1):
        middle = before + (within - before) // timedelta(seconds=2) * timedelta(seconds=1)
        if middle.astimezone(zone).date() < day:
            before = middle
        else:
            within = middle
    return within


def first_of_month(day: date) -> date:
    return day.replace(day=1)


def months_before(month: date, count: int) -> date:
    """The first day of the month ``count`` months before the given first of a month."""
    index = month.year * 12 + month.month - 1 - count
    return date(index // 12, index % 12 + 1, 1)
