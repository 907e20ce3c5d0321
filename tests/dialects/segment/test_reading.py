"""Segment's parameters as our questions."""

from datetime import UTC, date, datetime
from urllib.parse import quote

import pytest

from calltally.dialects.segment.contract import Operation
from calltally.dialects.segment.cursor import Cursor
from calltally.dialects.segment.reading import (
    PageRequest,
    from_segment_days,
    from_segment_query_string,
    from_segment_sources,
)
from calltally.dialects.segment.usage_month import UsageMonth
from calltally.errors import InvalidInputError
from calltally.usage_query import Dimension, UsageQuery
from calltally.window import Granularity, Window

SOURCES = Operation.GET_DAILY_PER_SOURCE_API_CALLS_USAGE
WORKSPACE = Operation.GET_DAILY_WORKSPACE_API_CALLS_USAGE
MARCH = UsageMonth(date(2026, 3, 1))


def day(number: int) -> datetime:
    return datetime(2026, 3, number, tzinfo=UTC)


def asked(query_string: str) -> PageRequest:
    return from_segment_query_string(query_string.encode(), SOURCES)


def faults(query_string: str) -> list[str]:
    """What is told to be wrong, by the names of the fields."""
    with pytest.raises(ExceptionGroup) as caught:
        asked(query_string)
    return [getattr(fault, "field", "") for fault in caught.value.exceptions]


def test_a_period_alone_asks_for_the_first_page_of_200() -> None:
    assert asked("period=2026-03-01") == PageRequest(MARCH, 200, Cursor(SOURCES, date(2026, 3, 1), ""))


def test_a_cursor_asks_for_the_page_that_begins_there() -> None:
    cursor = Cursor(SOURCES, date(2026, 3, 7), "src-a")

    assert asked(f"period=2026-03-31&pagination.count=3&pagination.cursor={cursor.text()}") == PageRequest(
        MARCH, 3, cursor
    )


@pytest.mark.parametrize(
    "period",
    [
        "2026-03-31T22:00:00-02:00",
        "2026-03-01T00:00:00+00:00",
        quote("2026-03-01T00:00:00+00:00"),
        quote("2026-03-14T00:00:00.000000Z", safe=""),
        "2026-03-01&period=2026-03-14",
        "&period=2026-03-01",
    ],
)
def test_a_period_may_be_escaped_or_not_and_repeated_with_the_same_month(period: str) -> None:
    expected = UsageMonth(date(2026, 4, 1)) if "-02:00" in period else MARCH

    assert asked(f"period={period}").month == expected


@pytest.mark.parametrize(
    "query_string", ["", "period=", "period", "Period=2026-03-01", "period=today", "period=%00"]
)
def test_a_period_that_is_missing_or_names_no_month_is_refused(query_string: str) -> None:
    assert faults(query_string) == ["period"]


def test_periods_of_different_months_are_refused() -> None:
    assert faults("period=2026-03-01&period=2026-04-01") == ["period"]


def test_all_that_is_wrong_is_told_together() -> None:
    query_string = "period=x&pagination.count=0&pagination[cursor]=MA%3D%3D&pagination=["

    assert faults(query_string) == ["period", "pagination", "pagination.count", "pagination.cursor"]


@pytest.mark.parametrize(
    "cursor",
    [
        Cursor(WORKSPACE, date(2026, 3, 1), "").text(),
        Cursor(SOURCES, date(2026, 2, 28), "src-a").text(),
        Cursor(SOURCES, date(2026, 4, 1), "").text(),
        "MA==",
        "garbage!",
    ],
)
def test_a_cursor_from_elsewhere_is_refused(cursor: str) -> None:
    assert faults(f"period=2026-03-01&pagination.cursor={quote(cursor)}") == ["pagination.cursor"]


def test_a_cursor_is_not_blamed_for_a_wrong_period() -> None:
    cursor = Cursor(SOURCES, date(2026, 3, 7), "src-a").text()

    assert faults(f"period=x&pagination.cursor={cursor}") == ["period"]


def test_a_query_string_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="UTF-8"):
        from_segment_query_string(b"period=%FF", SOURCES)
    with pytest.raises(InvalidInputError, match="UTF-8"):
        from_segment_query_string(b"period=\xff", SOURCES)


def test_parameters_that_are_not_known_mean_nothing() -> None:
    assert asked("period=2026-03-01&x=1&organization=globex&=&%5B") == asked("period=2026-03-01")


def test_the_sources_are_those_with_a_call_on_the_days() -> None:
    query = from_segment_sources("acme", [date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 3)])

    assert query == UsageQuery(
        organization="acme", window=Window(day(1), day(4)), group_by=(Dimension.SOURCE_ID,)
    )


def test_a_page_from_the_first_on_is_asked_day_by_day() -> None:
    queries = from_segment_days("acme", MARCH, [date(2026, 3, 1), date(2026, 3, 2)], by_source=False)

    assert queries == (
        UsageQuery(organization="acme", window=Window(day(1), day(3)), granularity=Granularity.DAY),
    )


def test_a_later_page_is_asked_for_what_came_before_and_then_day_by_day() -> None:
    before, daily = from_segment_days("acme", MARCH, [date(2026, 3, 5)], by_source=True)

    assert before == UsageQuery(
        organization="acme", window=Window(day(1), day(5)), group_by=(Dimension.SOURCE_ID,)
    )
    assert daily == UsageQuery(
        organization="acme",
        window=Window(day(5), day(6)),
        granularity=Granularity.DAY,
        group_by=(Dimension.SOURCE_ID,),
    )


def test_a_page_of_few_sources_is_asked_for_these_only() -> None:
    queries = from_segment_days(
        "acme", MARCH, [date(2026, 3, 5)], by_source=True, sources=frozenset({"src-a", ""})
    )

    assert [dict(query.where) for query in queries] == [{Dimension.SOURCE_ID: {"src-a", ""}}] * 2
