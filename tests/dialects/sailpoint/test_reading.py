"""SailPoint's parameters as our questions; now is noon of 15 March 2026."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from calltally.clock import FixedClock
from calltally.dialects.sailpoint.paging import Page
from calltally.dialects.sailpoint.parameters import Parameters
from calltally.dialects.sailpoint.reading import (
    ExperimentalHeaderError,
    check_sailpoint_experimental,
    from_sailpoint_account_usages,
    from_sailpoint_api_usage,
    from_sailpoint_sorters,
    past_year,
)
from calltally.errors import InvalidInputError
from calltally.usage_query import Dimension, Metric, Ordering, UsageQuery
from calltally.window import Granularity, Window

CLOCK = FixedClock(datetime(2026, 3, 15, 12, tzinfo=UTC))
MS = timedelta(milliseconds=1)


def day(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)


def parameters(**given: str) -> Parameters:
    return Parameters(urlencode(given).encode())


def window(filters: str) -> Window:
    return from_sailpoint_api_usage("acme", parameters(filters=filters), CLOCK).window


def test_without_filters_the_question_is_about_this_month_through_today() -> None:
    query = from_sailpoint_api_usage("acme", parameters(), CLOCK)

    assert query == UsageQuery(organization="acme", window=Window(day(2026, 3, 1), day(2026, 3, 16)))


def test_the_summary_is_asked_by_route() -> None:
    query = from_sailpoint_api_usage("acme", parameters(), CLOCK, by_route=True)

    assert query.group_by == (Dimension.ROUTE,)


@pytest.mark.parametrize(
    ("filters", "start", "end"),
    [
        ("startDate eq 2026-03-10", day(2026, 3, 10), day(2026, 3, 16)),
        ("startDate gt 2026-03-10", day(2026, 3, 10) + MS, day(2026, 3, 16)),
        ("startDate gt 2018", day(2018, 1, 1) + MS, day(2026, 3, 16)),
        ("startDate eq 2026-03-10, endDate lt 2026-03-12", day(2026, 3, 10), day(2026, 3, 12)),
        ("startDate eq 2026-03-10, endDate eq 2026-03-12", day(2026, 3, 10), day(2026, 3, 13)),
        ("startDate eq 2025-01, endDate eq 2025-02", day(2025, 1, 1), day(2025, 3, 1)),
        (
            "startDate eq 2026-03-10T10:00:00Z, endDate eq 2026-03-10T11:00:00Z",
            datetime(2026, 3, 10, 10, tzinfo=UTC),
            datetime(2026, 3, 10, 11, tzinfo=UTC) + MS,
        ),
    ],
)
def test_conditions_on_dates_make_the_window(filters: str, start: datetime, end: datetime) -> None:
    assert window(filters) == Window(start, end)


@pytest.mark.parametrize(
    ("filters", "start", "end"),
    [
        ("endDate eq 2025-08-17", day(2025, 8, 1), day(2025, 8, 18)),
        ("endDate eq 2025-08-31", day(2025, 8, 1), day(2025, 9, 1)),
        ("endDate lt 2025-09-01", day(2025, 8, 1), day(2025, 9, 1)),
        ("endDate lt 2025-09-01T00:00:00.001Z", day(2025, 9, 1), day(2025, 9, 1) + MS),
        ("endDate eq 2025", day(2025, 12, 1), day(2026, 1, 1)),
    ],
)
def test_an_end_alone_starts_with_the_month_of_its_last_day(
    filters: str, start: datetime, end: datetime
) -> None:
    assert window(filters) == Window(start, end)


@pytest.mark.parametrize(
    "filters",
    [
        "startDate eq 2026-03-10, endDate lt 2026-03-10",
        "startDate eq 2026-03-10, endDate lt 2026-01-01",
        "startDate gt 2026-03-16",
        "startDate gt 9999-12-31T23:59:59.999Z",
        "endDate lt 0001-01-01",
    ],
)
def test_an_end_that_does_not_lie_after_the_start_leaves_no_time(filters: str) -> None:
    assert window(filters).start == window(filters).end


def test_the_last_possible_date_serves_as_an_open_end() -> None:
    assert window("startDate eq 2026, endDate eq 9999-12-31").end.year == 9999


def test_a_method_is_found_as_written_and_in_upper_case() -> None:
    query = from_sailpoint_api_usage("acme", parameters(filters='method eq "get"'), CLOCK)

    assert query.where == {Dimension.METHOD: frozenset({"get", "GET"})}


@pytest.mark.parametrize(
    ("filters", "field"),
    [('method eq ""', "method"), ("startDate gt 2026-02-30", "startDate"), ('endDate lt ""', "endDate")],
)
def test_a_bad_value_is_refused_under_the_name_of_its_field(filters: str, field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        window(filters)

    assert caught.value.field == field


def test_an_account_is_asked_for_its_active_days_of_thirteen_months() -> None:
    query = from_sailpoint_account_usages("acme", "acc-1", Page(5, 1), CLOCK, oldest_first=False)

    assert query == UsageQuery(
        organization="acme",
        window=Window(day(2025, 3, 1), day(2026, 3, 16)),
        granularity=Granularity.MONTH,
        where={Dimension.ACCOUNT_ID: frozenset({"acc-1"})},
        metrics=(Metric.ACTIVE_DAYS,),
        order_by=(Ordering("start", descending=True),),
        limit=5,
        offset=1,
    )


def test_the_past_year_begins_twelve_months_ago_also_in_january() -> None:
    clock = FixedClock(datetime(2026, 1, 31, 23, 59, 59, 999000, tzinfo=UTC))

    assert past_year(clock) == Window(day(2025, 1, 1), day(2026, 2, 1))


@pytest.mark.parametrize(
    ("sorters", "oldest_first"), [("date", True), ("-date", False), (" date ", True), ("", False)]
)
def test_months_are_sorted_by_date_only(sorters: str, oldest_first: bool) -> None:
    assert from_sailpoint_sorters(parameters(sorters=sorters)) is oldest_first


@pytest.mark.parametrize("sorters", ["count", "date,-date", "--date", "Date", ",date"])
def test_other_sorters_are_refused(sorters: str) -> None:
    with pytest.raises(InvalidInputError, match="cannot be sorted by"):
        from_sailpoint_sorters(parameters(sorters=sorters))


@pytest.mark.parametrize("header", ["true", "True", " true "])
def test_the_experimental_header_says_true(header: str) -> None:
    check_sailpoint_experimental(header)


@pytest.mark.parametrize("header", [None, "", "false", "yes", "true, true"])
def test_any_other_experimental_header_is_refused(header: str | None) -> None:
    with pytest.raises(ExperimentalHeaderError, match="missing or invalid"):
        check_sailpoint_experimental(header)
