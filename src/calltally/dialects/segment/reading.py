"""Segment's parameters, turned into our own questions."""

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
class Asked:
    """What a request asks for: rows of a month, at most ``count`` from where ``cursor`` points."""

    month: UsageMonth
    count: int
    cursor: Cursor


def from_segment_query_string(query_string: bytes, operation: Operation) -> Asked:
    """What the query string of an operation asks for; parameters that are not known mean nothing.

    Raises `InvalidInputError`, or an `ExceptionGroup` of it for everything that is wrong.
    """
    parameters = Parameters(query_string)
    month = _month(parameters)
    pagination = from_segment_pagination(parameters)
    cursor = Cursor(operation, month.first, "")
    if pagination.cursor is not None:
        cursor = _cursor(parameters, pagination.cursor, operation, month) or cursor
    parameters.check()
    return Asked(month, pagination.count, cursor)


def from_segment_sources(organization: str, days: Sequence[date]) -> UsageQuery:
    """Which sources had a call on any of the days."""
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
    """How many calls there were on each of some days, and in the month before the first of them.

    What came before is asked as a total, so that no answer is much longer than the page; on the first of the
    month nothing did. With ``sources`` only those are asked about.
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
    """The month that the period names; any month, and a fault, where it names none."""
    texts = [value for name, value in parameters.pairs if name == "period" and value]
    if not texts:
        parameters.refuse("period", "is required", accepted=ACCEPTED_PERIODS)
    months = [
        parameters.read("period", text, UsageMonth.from_text, accepted=ACCEPTED_PERIODS) for text in texts
    ]
    return parameters.one("period", (month for month in months if month is not None)) or _ANY_MONTH


def _cursor(parameters: Parameters, text: str, operation: Operation, month: UsageMonth) -> Cursor | None:
    """The cursor that a text holds, if it belongs here; whether to its period only when that is known."""
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
