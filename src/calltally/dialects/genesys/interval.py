"""Intervals in Genesys's queries."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone

from calltally.dialects.genesys.bad_request import BadRequestError, constraint, invalid_value

ACCEPTED = (
    "two ISO-8601 dates, months, years or instants separated by a slash, such as 2020-02-01/2020-02-28,"
    " 2020-01/2020-06 or 2020-02-01T00:00:00/2020-02-02T12:30:00"
)

_SHAPE = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)"
    r"(?:[Tt](?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.(?P<fraction>\d+))?)?"
    r"(?P<zone>[Zz]|[+-]\d\d(?::?\d\d)?)?)?)?)?",
    re.ASCII,
)
_LATEST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Interval:
    """The instants from ``start`` (included) to ``end`` (excluded), in UTC."""

    start: datetime
    end: datetime

    @classmethod
    def from_text(cls, text: str) -> "Interval":
        """Read ``start/end``; either may be a year, a month, a date or an instant, without a zone in UTC.

        An end that is a year, a month or a date is included entirely; an instant is excluded. Fractions finer
        than milliseconds are truncated. Raises `BadRequestError` for an unreadable interval and for an end
        before its start.
        """
        if not text.strip():
            raise missing_interval()
        first, _, last = text.partition("/")
        try:
            start, end = _point(first), _point(last)
        except (ValueError, OverflowError):
            raise invalid_value(text, "interval", [ACCEPTED]) from None
        if end.end <= start.start if end.is_whole else end.start < start.start:
            raise constraint(f"The interval [{text}] ends before it starts")
        return cls(start.start, end.end)


def missing_interval() -> BadRequestError:
    return constraint(f"The interval must not be blank. Allowable values are: {ACCEPTED}")


@dataclass(frozen=True, slots=True)
class _Point:
    """One end of an interval; a whole day, month or year ends where the next one starts."""

    start: datetime
    end: datetime
    is_whole: bool


def _point(text: str) -> _Point:
    match = _SHAPE.fullmatch(text)
    if match is None:
        raise ValueError
    first = date(int(match["year"]), int(match["month"] or 1), int(match["day"] or 1))
    if match["hour"] is None:
        start = datetime.combine(first, time(), UTC)
        return _Point(start, _next(start, match), is_whole=True)
    hour, minute, second = (int(match[part] or 0) for part in ("hour", "minute", "second"))
    milliseconds = int((match["fraction"] or "")[:3].ljust(3, "0"))
    local = datetime.combine(first, time(hour, minute, second, milliseconds * 1000), _zone(match["zone"]))
    instant = local.astimezone(UTC)
    return _Point(instant, instant, is_whole=False)


def _next(start: datetime, match: re.Match[str]) -> datetime:
    """The first instant after a day, month or year; at the end of time, its last instant."""
    try:
        if match["day"]:
            return start + timedelta(days=1)
        if match["month"] and start.month < 12:
            return start.replace(month=start.month + 1)
        return start.replace(year=start.year + 1, month=1)
    except (OverflowError, ValueError):
        return _LATEST


def _zone(text: str | None) -> timezone:
    if text is None or text in "Zz":
        return UTC
    hours, minutes = int(text[1:3]), int(text[3:].removeprefix(":") or 0)
    if hours > 23 or minutes > 59:
        raise ValueError
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)
