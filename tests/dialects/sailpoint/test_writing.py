"""Our answers in SailPoint's words, down to the JSON."""

from datetime import UTC, date, datetime

import msgspec

from calltally.dialects.sailpoint.writing import (
    to_sailpoint_account_usages,
    to_sailpoint_count,
    to_sailpoint_source_usages,
    to_sailpoint_status,
    to_sailpoint_summary,
)
from calltally.usage_query import SourceActivity, UsageResult


def by_route(*rows: tuple[str, int]) -> UsageResult:
    return UsageResult(("route", "calls"), rows, len(rows))


def json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def test_the_count_is_a_whole_number_of_any_size() -> None:
    result = UsageResult(("calls",), ((9_007_199_254_740_993,),), 1)

    assert json(to_sailpoint_count(result)) == '{"NumberOfCalls":9007199254740993}'


def test_a_summary_row_carries_uri_and_calls() -> None:
    assert json(to_sailpoint_summary(by_route(("/v2025/sources/{id}", 2)))) == (
        '[{"RequestedUri":"/v2025/sources/<id>","NumberOfCalls":2}]'
    )


def test_routes_that_look_alike_once_written_are_added_up_before_they_are_sorted() -> None:
    rows = to_sailpoint_summary(by_route(("/b", 3), ("/a/{x}/c", 2), ("/a/{y}/c", 2), ("/a", 3)))

    assert [(row.requested_uri, row.number_of_calls) for row in rows] == [
        ("/a/<id>/c", 4),
        ("/a", 3),
        ("/b", 3),
    ]


def test_every_placeholder_is_written_as_id() -> None:
    rows = to_sailpoint_summary(by_route(("/a/{id}/b/{name:.+}-{n:[0-9]{3}}", 1), ("/open{", 1), ("", 1)))

    assert [row.requested_uri for row in rows] == ["", "/a/<id>/b/<id>-<id>", "/open{"]


def test_months_of_an_account_are_named_by_their_first_day() -> None:
    result = UsageResult(("start", "active_days"), ((datetime(2026, 2, 1, tzinfo=UTC), 28),), 1)

    assert json(to_sailpoint_account_usages(result)) == '[{"date":"2026-02-01","count":28}]'


def test_the_mean_of_a_source_is_divided_once_and_the_newest_month_comes_first() -> None:
    months = [SourceActivity(date(2026, 1, 1), 10, 3), SourceActivity(date(2026, 2, 1), 4, 2)]

    assert json(to_sailpoint_source_usages(months, oldest_first=False)) == (
        '[{"date":"2026-02-01","count":2.0},{"date":"2026-01-01","count":3.3333333333333335}]'
    )


def test_months_of_a_source_come_oldest_first_on_request() -> None:
    months = [SourceActivity(date(2026, 1, 1), 1, 1), SourceActivity(date(2026, 2, 1), 1, 1)]

    assert [month.date.month for month in to_sailpoint_source_usages(months, oldest_first=True)] == [1, 2]


def test_a_source_is_complete_once_it_is_known() -> None:
    assert json(to_sailpoint_status(known=True)) == '{"status":"COMPLETE"}'
    assert json(to_sailpoint_status(known=False)) == '{"status":"INCOMPLETE"}'
