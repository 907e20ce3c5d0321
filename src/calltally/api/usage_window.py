"""The window of a question: ``from``, included, and ``to``, excluded."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from calltally.api.parameters import Parameters
from calltally.clock import instant_ms, instant_of
from calltally.errors import InvalidInputError
from calltally.ingest.instants import parse_instant
from calltally.window import Window, first_of_month, midnight

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_BLANK_FOR_PLUS = re.compile(r" (?=\d\d:\d\d$)", re.ASCII)
_FIRST_YEAR = 1970
_LAST_MS = instant_ms(datetime.max.replace(tzinfo=UTC))
_ACCEPTED_DATE = "a date such as 2026-03-01, from 1970 on"
_ACCEPTED_MOMENT = f"{_ACCEPTED_DATE}, or an RFC 3339 instant such as 2026-03-01T10:15:00Z"

_HORIZON = timedelta(days=366)
"""No call lies this far ahead of the clock. A window that ends later is cut there, because a store works for
every year that it is asked for."""


def read_window(parameters: Parameters, zone: ZoneInfo, asked_at: datetime, now: datetime) -> Window:
    """From the parameters ``from`` and ``to``, in which a bare date is its first instant in a time zone.

    Without an end through the day of ``asked_at``, without a start from the first of the month of the last
    day, or of that day if it is earlier.
    """
    horizon = now + _HORIZON
    today = asked_at.astimezone(zone).date()
    end = parameters.one(
        "to", lambda text: read_moment(text, zone), midnight(today + timedelta(days=1), zone)
    )
    last = min(end, horizon) - timedelta(milliseconds=1)
    month = first_of_month(min(last.astimezone(zone).date(), today))
    start = parameters.one("from", lambda text: read_moment(text, zone), midnight(month, zone))
    if start > end:
        if parameters.are_sound("from", "to", "time_zone"):
            _refuse_order(parameters, end.isoformat())
        return Window(end, end)
    return Window(min(start, horizon), min(end, horizon))


def read_days(parameters: Parameters, today: date) -> tuple[date, date]:
    """The first UTC day asked for and the day behind the last; ``from`` and ``to`` are dates here."""
    end = parameters.one("to", read_date, today + timedelta(days=1))
    start = parameters.one("from", read_date, first_of_month(min(end - timedelta(days=1), today)))
    if start > end and parameters.are_sound("from", "to"):
        _refuse_order(parameters, end.isoformat())
    return start, end


def _refuse_order(parameters: Parameters, end: str) -> None:
    received = next(iter(parameters.all("from")), None)
    reason = f"from is later than to, which is {end}"
    parameters.refuse("from", reason, received=received, accepted=f"a date or instant up to {end}")


def read_moment(text: str, zone: ZoneInfo) -> datetime:
    """A date's first instant in a zone, or an instant; a plus that came unescaped reads as a blank.

    Raises `InvalidInputError`.
    """
    if _DATE.fullmatch(text):
        return midnight(read_date(text), zone)
    try:
        milliseconds = parse_instant(_BLANK_FOR_PLUS.sub("+", text))
    except ValueError as error:
        raise InvalidInputError(f"{text[:80]!r} is {error}", accepted=_ACCEPTED_MOMENT) from None
    if not 0 <= milliseconds <= _LAST_MS:
        raise InvalidInputError(f"{text[:80]!r} is out of range", accepted=_ACCEPTED_MOMENT)
    return instant_of(milliseconds)


def read_date(text: str) -> date:
    """A date from 1970 on. Raises `InvalidInputError`."""
    try:
        day = date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None or day.year < _FIRST_YEAR:
        raise InvalidInputError(f"{text[:80]!r} is no date from 1970 on", accepted=_ACCEPTED_DATE)
    return day
