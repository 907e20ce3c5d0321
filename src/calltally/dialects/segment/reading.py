"""Converts Segment's parameters to usage queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from calltally.dialects.segment.contract import Operation
from calltally.dialects.segment.cursor import Cursor
from calltally.dialects.segment.pagination import from_segment_pagination
from calltally.dialects.segment.parameters import Parameters
from calltally.dialects.segment.usage_month import ACCEPTED_PERIODS, UsageMonth
from calltally.usage_query import Dimension, UsageQuery
from calltally.window import Granularity, Window, midnight

_ANY_MONTH = UsageMonth(date.min)


@dataclass(frozen=True, slots=True)
class PageRequest:
    """The content of a request: rows of a month, at most ``count`` from ``cursor`` on."""

    month: UsageMonth
    count: int
    cursor: Cursor


def from_segment_query_string(query_string: bytes, operation: Operation) -> PageRequest:
    """Read the query string of an operation; unknown parameters are ignored.

    Raises `InvalidInputError`, or an `ExceptionGroup` of it with every fault.
    """
    parameters = Parameters(query_string)
    month = _month(parameters)
    pagination = from_segment_pagination(parameters)
    cursor = Cursor(operation, month.first, "")
    if pagination.cursor is not None:
        cursor = _cursor(parameters, pagination.cursor, operation, month) or cursor
    parameters.check()
    return PageRequest(month, pagination.count, cursor)


def from_segment_sources(organization: str, days: Sequence[date]) -> UsageQuery:
    """The query for the sources with a call on any of the days."""
    window = Window.of_days(days[0], days[-1])
    return UsageQuery(organization=organization, window=window, group_by=(Dimension.SOURCE_ID,))


def from_segment_days(
    organization: str,
    month: UsageMonth,
    days: Sequence[date],
    *,
    by_source: bool,
    sources: frozenset[str] | None = None,
) -> tuple[UsageQuery, ...]:
    """The queries for the calls on each of some days, and in the month before the first of them.

    The earlier days are queried as a total, so that no result is much longer than the page; on the first of
    the month there are none. With ``sources`` only those are queried.
    """
    group_by = (Dimension.SOURCE_ID,) if by_source else ()
    where = {} if sources is None else {Dimension.SOURCE_ID: sources}
    daily = UsageQuery(
        organization=organization,
        window=Window.of_days(days[0], days[-1]),
        granularity=Granularity.DAY,
        group_by=group_by,
        where=where,
    )
    if days[0] == month.first:
        return (daily,)
    before = Window(midnight(month.first), midnight(days[0]))
    return UsageQuery(organization=organization, window=before, group_by=group_by, where=where), daily


def _month(parameters: Parameters) -> UsageMonth:
    """The month that the period names; without a valid one, any month, and a fault."""
    texts = [value for name, value in parameters.pairs if name == "period" and value]
    if not texts:
        parameters.refuse("period", "is required", accepted=ACCEPTED_PERIODS)
    months = [
        parameters.read("period", text, UsageMonth.from_text, accepted=ACCEPTED_PERIODS) for text in texts
    ]
    return parameters.one("period", (month for month in months if month is not None)) or _ANY_MONTH


def _cursor(parameters: Parameters, text: str, operation: Operation, month: UsageMonth) -> Cursor | None:
    """The cursor in a text, if it belongs to this operation and, if the period is valid, to this period."""
    period_is_known = parameters.is_sound("period")

    def reader(text: str) -> Cursor:
        cursor = Cursor.from_text(text)
        if cursor.operation is not operation:
            raise ValueError("it belongs to another operation")
        if period_is_known and cursor.day not in month:
            raise ValueError("it belongs to another period")
        return cursor

    accepted = "current, next or previous of an earlier page of the same operation and period"
    return parameters.read("pagination.cursor", text, reader, accepted=accepted)
