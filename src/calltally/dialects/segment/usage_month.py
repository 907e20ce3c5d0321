"""The month of a period, and its days."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone

from calltally.window import first_of_month, months_before

ACCEPTED_PERIODS = "a date such as 2026-03-01 or an instant such as 2026-03-01T00:00:00Z"

_SHAPE = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d\d)(?:-(?P<day>\d\d)"
    r"(?:[Tt ](?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,]\d+)?)?"
    r"(?P<zone>[Zz]|[-+ ]\d\d(?::?\d\d)?)?)?)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class UsageMonth:
    """A calendar month in UTC, identified by its first day."""

    first: date

    @classmethod
    def from_text(cls, text: str) -> "UsageMonth":
        """The month that contains a date or an instant; without a zone it is UTC.

        The plus of an offset may be a blank, as decoded from a query string. Raises `ValueError` with a
        sentence about the fault.
        """
        match = _SHAPE.fullmatch(text)
        if match is None:
            raise ValueError("it is neither a date nor an instant")
        day = date(int(match["year"]), int(match["month"]), int(match["day"] or 1))
        if match["hour"] is None:
            return cls(first_of_month(day))
        hour, minute, second = (int(match[part] or 0) for part in ("hour", "minute", "second"))
        local = datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=_zone(match["zone"]))
        try:
            return cls(first_of_month(local.astimezone(UTC).date()))
        except OverflowError:
            raise ValueError("it is outside the years 1 to 9999") from None

    def __contains__(self, day: date) -> bool:
        return first_of_month(day) == self.first

    def days_through(self, today: date) -> tuple[date, ...]:
        """The days of the month up to and including today."""
        if today < self.first:
            return ()
        end = min(today + timedelta(days=1), _month_after(self.first))
        return tuple(self.first + timedelta(days=number) for number in range((end - self.first).days))


def _month_after(first: date) -> date:
    return months_before(first, -1)


def _zone(text: str | None) -> timezone:
    if text is None or text in "Zz":
        return UTC
    hours, minutes = int(text[1:3]), int(text[3:].lstrip(":") or 0)
    if hours > 23 or minutes > 59:
        raise ValueError("its offset from UTC is impossible")
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)
