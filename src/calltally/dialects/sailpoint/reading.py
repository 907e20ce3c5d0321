"""Converts SailPoint's parameters to usage queries."""

from datetime import date, datetime

from calltally.clock import Clock, instant_of
from calltally.dialects.sailpoint.date_literal import (
    ACCEPTED_DATES,
    MILLISECOND,
    DateLiteral,
    shifted,
)
from calltally.dialects.sailpoint.filters import Condition, from_sailpoint_filters
from calltally.dialects.sailpoint.paging import Page
from calltally.dialects.sailpoint.parameters import Parameters
from calltally.errors import InvalidInputError
from calltally.usage_query import START, Dimension, Metric, Ordering, UsageQuery
from calltally.window import Granularity, Window, first_of_month, midnight, months_before


class ExperimentalHeaderError(InvalidInputError):
    """The header that confirms the use of an experimental API is missing or invalid."""


def check_sailpoint_experimental(header: str | None) -> None:
    """Raise `ExperimentalHeaderError` unless the header is ``true``."""
    if header is None or header.strip().lower() != "true":
        raise ExperimentalHeaderError(
            "Experimental Header is missing or invalid.",
            field="X-SailPoint-Experimental",
            received=header,
            accepted="true",
        )


def from_sailpoint_api_usage(
    organization: str, parameters: Parameters, clock: Clock, *, by_route: bool = False
) -> UsageQuery:
    """The query of ``count``, or with ``by_route`` of ``summary``, before its rows are merged and cut."""
    conditions = from_sailpoint_filters(parameters.get("filters") or "")
    return UsageQuery(
        organization=organization,
        window=_window(conditions.get("startDate"), conditions.get("endDate"), _today(clock)),
        group_by=(Dimension.ROUTE,) if by_route else (),
        where=_where(conditions.get("method")),
    )


def from_sailpoint_account_usages(
    organization: str, account_id: str, page: Page, clock: Clock, *, oldest_first: bool
) -> UsageQuery:
    """The query for an account's active days in each of the past twelve months and in this one."""
    return UsageQuery(
        organization=organization,
        window=past_year(clock),
        granularity=Granularity.MONTH,
        where={Dimension.ACCOUNT_ID: frozenset({account_id})},
        metrics=(Metric.ACTIVE_DAYS,),
        order_by=(Ordering(START, descending=not oldest_first),),
        limit=page.limit,
        offset=page.offset,
    )


def from_sailpoint_sorters(parameters: Parameters) -> bool:
    """Whether the oldest month comes first; raises `InvalidInputError` unless it is ``date`` or ``-date``."""
    text = parameters.get("sorters") or "-date"
    if text.strip() not in ("date", "-date"):
        raise InvalidInputError(
            "it cannot be sorted by", field="sorters", received=text, accepted="date or -date"
        )
    return text.strip() == "date"


def past_year(clock: Clock) -> Window:
    """From the first of the month twelve months ago through the end of today."""
    today = _today(clock)
    return Window.of_days(months_before(first_of_month(today), 12), today)


def _today(clock: Clock) -> date:
    return instant_of(clock.now_ms()).date()


def _where(method: Condition | None) -> dict[Dimension, frozenset[str]]:
    if method is None:
        return {}
    if not method.literal:
        raise InvalidInputError(
            "it is empty", field="method", received=method.literal, accepted="an HTTP method such as GET"
        )
    return {Dimension.METHOD: frozenset({method.literal, method.literal.upper()})}


def _window(start: Condition | None, end: Condition | None, today: date) -> Window:
    """The window of two conditions; empty if the end is not after the start."""
    until = _end(end) if end else Window.of_days(today, today).end
    first = _start(start) if start else midnight(first_of_month(shifted(until, -MILLISECOND).date()))
    return Window(first, max(first, until))


def _start(condition: Condition) -> datetime:
    literal = _literal(condition)
    return literal.start if condition.operator == "eq" else shifted(literal.start, MILLISECOND)


def _end(condition: Condition) -> datetime:
    literal = _literal(condition)
    return literal.end if condition.operator == "eq" else literal.start


def _literal(condition: Condition) -> DateLiteral:
    try:
        return DateLiteral.from_text(condition.literal)
    except ValueError as error:
        raise InvalidInputError(
            str(error), field=condition.field, received=condition.literal, accepted=ACCEPTED_DATES
        ) from None
