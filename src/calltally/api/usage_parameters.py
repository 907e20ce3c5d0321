"""``GET /v1/usage`` and ``GET /v1/outcomes``: from query strings to questions."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from calltally.api.parameters import Parameters, choice, whole_number
from calltally.api.usage_cursor import UsageCursor
from calltally.api.usage_window import read_days, read_moment, read_window
from calltally.clock import instant_ms, instant_of
from calltally.errors import InvalidInputError
from calltally.store.time_zone import time_zone
from calltally.usage_query import START, Dimension, Metric, Ordering, StatusClass, UsageQuery, UsageResult
from calltally.window import Granularity, Window

E = TypeVar("E", bound=StrEnum)

DEFAULT_LIMIT = 1000
MAX_LIMIT = 10_000
MAX_BUCKETS = 100_000

NAMES = (
    *("from", "to", "time_zone", "granularity", "group_by", "metrics", "order_by"),
    *("limit", "cursor", "format", "as_of"),
    *map(str, Dimension),
)
"""Every parameter of ``GET /v1/usage``."""

_UTC = ZoneInfo("UTC")
_SECONDS = {
    Granularity.HOUR: 3600,
    Granularity.DAY: 86_400,
    Granularity.WEEK: 7 * 86_400,
    Granularity.MONTH: 28 * 86_400,
}


class UsageFormat(StrEnum):
    """How an answer is written."""

    JSON = "json"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class UsageRequest:
    """What was asked, with what it takes to ask for the next page; ``form`` is None where Accept decides."""

    query: UsageQuery
    zone: ZoneInfo
    form: UsageFormat | None
    asked_at_ms: int
    pairs: tuple[tuple[str, str], ...]

    def next_cursor(self, result: UsageResult) -> str | None:
        """Where the rows behind this page begin; None behind the last one."""
        offset = self.query.offset + len(result.rows)
        if offset >= result.total_rows:
            return None
        return UsageCursor(self.asked_at_ms, offset).sealed(self.query.organization, _bound(self.pairs))

    def next_query_string(self, cursor: str) -> str:
        """The same question at a cursor."""
        pairs = [(name, value) for name, value in self.pairs if name != "cursor"]
        return urlencode([*pairs, ("cursor", cursor)])


def read_usage_question(query_string: bytes, organization: str, now: datetime) -> UsageRequest:
    """The question of an organization's caller; raises all faults together as `Parameters.check` does."""
    parameters = Parameters(query_string, NAMES)
    pairs = tuple(parameters.pairs)
    now_ms = instant_ms(now)

    def open_cursor(text: str) -> UsageCursor:
        return UsageCursor.opened(text, organization, _bound(pairs), now_ms)

    cursor = parameters.one("cursor", open_cursor, UsageCursor(now_ms, 0))
    zone = parameters.one("time_zone", _zone, _UTC)
    granularity = parameters.one("granularity", choice(Granularity), Granularity.TOTAL)
    window = read_window(parameters, zone, instant_of(cursor.asked_at_ms), now)
    _check_buckets(parameters, window, granularity)
    group_by = _several(parameters, "group_by", Dimension)
    metrics = _several(parameters, "metrics", Metric) or (Metric.CALLS,)
    start = () if granularity is Granularity.TOTAL else (START,)
    order_by = _order_by(parameters, (*start, *map(str, group_by), *map(str, metrics)))
    limit = parameters.one("limit", whole_number(1, MAX_LIMIT), DEFAULT_LIMIT)
    form = parameters.one("format", choice(UsageFormat), None)
    as_of = parameters.one("as_of", lambda text: _past_moment(text, zone, now), None)
    where = _where(parameters)
    parameters.check()
    query = UsageQuery(
        organization=organization,
        window=window,
        granularity=granularity,
        time_zone=zone.key,
        group_by=group_by,
        where=where,
        metrics=metrics,
        order_by=order_by,
        limit=limit,
        offset=cursor.offset,
        as_of=as_of,
    )
    return UsageRequest(query, zone, form, cursor.asked_at_ms, pairs)


def read_outcome_days(query_string: bytes, now: datetime) -> tuple[date, date]:
    """The first receipt day asked for, and the day behind the last; UTC days, by default this month's.

    Raises all faults together as `Parameters.check` does.
    """
    parameters = Parameters(query_string, ("from", "to"))
    days = read_days(parameters, now.date())
    parameters.check()
    return days


def _bound(pairs: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    """What must stay the same from page to page."""
    return [pair for pair in pairs if pair[0] not in ("cursor", "limit", "format")]


def _zone(name: str) -> ZoneInfo:
    """No name holds a blank, so a blank is a plus that came unescaped, as in ``Etc/GMT+5``."""
    return time_zone(name.replace(" ", "+"))


def _past_moment(text: str, zone: ZoneInfo, now: datetime) -> datetime:
    moment = read_moment(text, zone)
    if moment > now:
        accepted = f"an instant up to {now.isoformat(timespec='milliseconds')}"
        raise InvalidInputError(f"{text[:80]!r} lies in the future", accepted=accepted)
    return moment


def _check_buckets(parameters: Parameters, window: Window, granularity: Granularity) -> None:
    seconds = _SECONDS.get(granularity)
    if seconds is None:
        return
    buckets = (window.end - window.start) // timedelta(seconds=seconds)
    if buckets > MAX_BUCKETS:
        parameters.refuse(
            "granularity",
            f"the window is cut into about {buckets} buckets",
            received=str(granularity),
            accepted=f"at most {MAX_BUCKETS} buckets: a coarser granularity or a shorter window",
        )


def _several(parameters: Parameters, name: str, kind: type[E]) -> tuple[E, ...]:
    read = choice(kind)
    values = (parameters.read(name, read, item, None) for item in parameters.items(name))
    return tuple(value for value in values if value is not None)


def _order_by(parameters: Parameters, columns: tuple[str, ...]) -> tuple[Ordering, ...]:
    """Where the columns themselves are in doubt, an order by one of them is no further fault."""

    def read(text: str) -> Ordering:
        column = text.removeprefix("-")
        if column in columns or not parameters.are_sound("granularity", "group_by", "metrics"):
            return Ordering(column, descending=text.startswith("-"))
        accepted = f"{', '.join(columns)}, each also with a minus before it for descending order"
        raise InvalidInputError(f"{column[:80]!r} is no column of this answer", accepted=accepted)

    items = parameters.items("order_by")
    orderings = (parameters.read("order_by", read, item, None) for item in items)
    return tuple(ordering for ordering in orderings if ordering is not None)


def _where(parameters: Parameters) -> dict[Dimension, frozenset[str]]:
    """Only what is asked for by name; a text that no call has is no fault, it finds nothing."""
    where: dict[Dimension, frozenset[str]] = {}
    for dimension in Dimension:
        read = filter_reader(dimension)
        texts = [parameters.read(dimension, read, text, "") for text in parameters.all(dimension)]
        if texts:
            where[dimension] = frozenset(texts)
    return where


def filter_reader(dimension: Dimension) -> Callable[[str], str]:
    """Checks a value to filter by; what it returns raises `InvalidInputError`."""
    return _FILTERS.get(dimension, str)


def _status(text: str) -> str:
    status = int(text) if text.isascii() and text.isdigit() and len(text) <= 3 else -1
    if status == 0 or 100 <= status <= 599:
        return str(status)
    accepted = "0 (no answer) or a whole number from 100 to 599"
    raise InvalidInputError(f"{text[:80]!r} is no status", accepted=accepted)


_FILTERS: dict[Dimension, Callable[[str], str]] = {
    Dimension.STATUS: _status,
    Dimension.STATUS_CLASS: choice(StatusClass),
}
"""Dimensions whose values are not free text."""
