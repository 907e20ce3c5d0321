"""Dates and instants in SailPoint's filters."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone

from calltally.window import midnight, months_before

MILLISECOND = timedelta(milliseconds=1)

ACCEPTED_DATES = "a date such as 2025-08-01 or an instant such as 2025-08-01T12:30:00Z, quoted or not"

_SHAPE = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)"
    r"(?:[Tt ](?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.(?P<fraction>\d+))?)?"
    r"(?P<zone>[Zz]|[+-]\d\d:?\d\d)?)?)?)?",
    re.ASCII,
)
_EARLIEST = datetime.min.replace(tzinfo=UTC)
_LATEST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class DateLiteral:
    """The span of a literal, from ``start`` (its instant) to ``end`` (exclusive).

    A date is its UTC day, a bare year or month all of it, an instant its millisecond.
    """

    start: datetime
    end: datetime

    @classmethod
    def from_text(cls, text: str) -> "DateLiteral":
        """Read a year, a month, a date or a date with a time; without a zone it is UTC.

        Fractions finer than milliseconds are truncated. Raises `ValueError` with a sentence about the fault.
        """
        match = _SHAPE.fullmatch(text)
        if match is None:
            raise ValueError("it is neither a date nor an instant")
        year, month, day = (int(match[part] or 1) for part in ("year", "month", "day"))
        try:
            first = date(year, month, day)
            if match["hour"] is None:
                return _whole(first, match)
            return _instant(first, match)
        except OverflowError:
            raise ValueError("it is outside the years 1 to 9999") from None


def shifted(instant: datetime, by: timedelta) -> datetime:
    """The instant shifted by ``by``, clamped to the years 1 to 9999."""
    try:
        return instant + by
    except OverflowError:
        return _LATEST if by > timedelta() else _EARLIEST


def _whole(first: date, match: re.Match[str]) -> DateLiteral:
    start = midnight(first)
    if match["day"]:
        return DateLiteral(start, shifted(start, timedelta(days=1)))
    if first >= (date(9999, 12, 1) if match["month"] else date(9999, 1, 1)):
        return DateLiteral(start, _LATEST)
    return DateLiteral(start, midnight(months_before(first, -1 if match["month"] else -12)))


def _instant(day: date, match: re.Match[str]) -> DateLiteral:
    hour, minute, second = (int(match[part] or 0) for part in ("hour", "minute", "second"))
    milliseconds = int((match["fraction"] or "")[:3].ljust(3, "0"))
    local = datetime(
        day.year, day.month, day.day, hour, minute, second, milliseconds * 1000, tzinfo=_zone(match["zone"])
    )
    start = local.astimezone(UTC)
    return DateLiteral(start, shifted(start, MILLISECOND))


def _zone(text: str | None) -> timezone:
    if text is None or text in "Zz":
        return UTC
    hours, minutes = int(text[1:3]), int(text[-2:])
    if hours > 23 or minutes > 59:
        raise ValueError("its offset from UTC is impossible")
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)
