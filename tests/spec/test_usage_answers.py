"""GET /v1/usage and GET /v1/outcomes: the numbers, the rows, the pages and the two forms they come in."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest

from calltally.call_batch import Outcome
from tests.call_batches import a_call, batch_of
from tests.usage_app import UsageApp, usage_app


@pytest.fixture
def app() -> Iterator[UsageApp]:
    with usage_app() as app:
        yield app


@pytest.fixture
def march(app: UsageApp) -> UsageApp:
    """Six calls of acme in March 2026, one in the last millisecond of February, and one of globex."""
    app.count(
        a_call(client_id="a", time="2026-02-28T23:59:59.999Z", status=200),
        a_call(client_id="a", time="2026-03-01T00:00:00Z", status=200),
        a_call(client_id="a", time="2026-03-01T23:30:00Z", status=404),
        a_call(client_id="b", time="2026-03-02T10:00:00Z", status=201, method="POST", route="/orders"),
        a_call(client_id="b", time="2026-03-02T10:59:59.999Z", status=429, method="POST", route="/orders"),
        a_call(client_id="a", time="2026-03-10T12:00:00Z", status=503),
        a_call(client_id="a", time="2026-03-15T11:59:00Z", status=0),
        a_call(organization="globex", client_id="g", time="2026-03-05T00:00:00Z"),
    )
    return app


def pages(app: UsageApp, question: str) -> list[list[Any]]:
    """The rows of every page, following ``next``."""
    answer = app.usage(question)
    found = [answer["rows"]]
    while answer["next"] is not None:
        answer = app.usage(f"{question}&cursor={answer['next']}")
        found.append(answer["rows"])
    return found


# The window


def test_without_parameters_this_months_calls_through_today_are_counted(march: UsageApp) -> None:
    answer = march.usage()

    assert answer == {"complete_up_to": "2026-03-15T12:00:00.000Z", "rows": [{"calls": 6}], "next": None}


def test_today_counts_as_a_whole(app: UsageApp) -> None:
    app.count(a_call(time="2026-03-15T23:59:59.999Z"), a_call(time="2026-03-16T00:00:00Z"))

    assert app.rows() == [{"calls": 1}]


def test_today_and_this_month_are_those_of_the_time_zone(app: UsageApp) -> None:
    app.clock.move_to(datetime(2026, 3, 31, 23, tzinfo=UTC))  # 1 April, 08:00 in Tokyo
    app.count(a_call(time="2026-03-31T14:59:59.999Z"), a_call(time="2026-03-31T15:00:00Z"))

    assert app.rows() == [{"calls": 2}]
    assert app.rows("time_zone=Asia/Tokyo") == [{"calls": 1}]


def test_from_is_included_and_to_is_excluded(march: UsageApp) -> None:
    assert march.rows("from=2026-03-01T00:00:00Z&to=2026-03-01T23:30:00Z") == [{"calls": 1}]
    assert march.rows("from=2026-03-01T00:00:00.001Z&to=2026-03-01T23:30:00.001Z") == [{"calls": 1}]


def test_a_bare_date_is_its_midnight_in_the_time_zone(march: UsageApp) -> None:
    assert march.rows("from=2026-03-02&to=2026-03-03") == [{"calls": 2}]
    assert march.rows("from=2026-03-02&to=2026-03-03&time_zone=Europe/Berlin") == [{"calls": 3}]


def test_with_only_an_end_the_month_of_its_last_day_is_counted(march: UsageApp) -> None:
    assert march.rows("to=2026-03-01") == [{"calls": 1}]
    assert march.rows("to=2026-03-02") == [{"calls": 2}]


def test_with_only_an_end_in_the_far_future_this_month_is_counted(march: UsageApp) -> None:
    assert march.rows("to=9999-12-31") == [{"calls": 6}]


def test_with_only_a_start_all_from_there_through_today_is_counted(march: UsageApp) -> None:
    assert march.rows("from=2026-02-28") == [{"calls": 7}]


@pytest.mark.parametrize("plus", ["%2B", "+"])
def test_an_instant_may_have_any_offset_and_its_plus_may_come_unescaped(march: UsageApp, plus: str) -> None:
    moments = f"from=2026-03-02T00:30:00{plus}01:00&to=2026-03-02T11:00:00{plus}01:00"

    assert march.rows(moments) == [{"calls": 1}]


def test_an_empty_window_holds_no_call_and_still_has_its_total(march: UsageApp) -> None:
    assert march.rows("from=2026-03-01&to=2026-03-01") == [{"calls": 0}]


def test_all_time_can_be_asked_for_at_once(march: UsageApp) -> None:
    assert march.rows("from=1970-01-01&to=9999-12-31T23:59:59Z&granularity=month") == [
        {"start": "2026-02-01T00:00:00Z", "calls": 1},
        {"start": "2026-03-01T00:00:00Z", "calls": 6},
    ]


# Rows: groups, buckets, metrics, filters


def test_a_row_carries_the_grouped_fields_and_the_metrics_asked_for(march: UsageApp) -> None:
    question = "group_by=client_id&metrics=calls,status_200,status_300,status_400,status_429,status_500"

    assert march.rows(f"{question}&metrics=active_days") == [
        {
            "client_id": "a",
            "calls": 4,
            "status_200": 1,
            "status_300": 0,
            "status_400": 1,
            "status_429": 0,
            "status_500": 1,
            "active_days": 3,
        },
        {
            "client_id": "b",
            "calls": 2,
            "status_200": 1,
            "status_300": 0,
            "status_400": 1,
            "status_429": 1,
            "status_500": 0,
            "active_days": 1,
        },
    ]


def test_a_list_may_come_with_commas_or_repeated_and_twice_the_same_is_once(march: UsageApp) -> None:
    with_commas = march.rows("group_by=method,route,method&metrics=calls")

    assert with_commas == march.rows("group_by=method&group_by=route&group_by=route")
    assert with_commas == [
        {"method": "GET", "route": "/users/{id}", "calls": 4},
        {"method": "POST", "route": "/orders", "calls": 2},
    ]


def test_a_status_is_a_number_and_a_status_class_a_text(march: UsageApp) -> None:
    assert march.rows("group_by=status,status_class&from=2026-03-10") == [
        {"status": 0, "status_class": "none", "calls": 1},
        {"status": 503, "status_class": "5xx", "calls": 1},
    ]


def test_a_row_of_a_bucket_carries_its_first_instant_in_the_offset_of_the_zone(march: UsageApp) -> None:
    assert march.rows("granularity=day&from=2026-03-01&to=2026-03-03") == [
        {"start": "2026-03-01T00:00:00Z", "calls": 2},
        {"start": "2026-03-02T00:00:00Z", "calls": 2},
    ]
    assert march.rows("granularity=day&from=2026-03-01&to=2026-03-03&time_zone=Asia/Kolkata") == [
        {"start": "2026-03-01T00:00:00+05:30", "calls": 2},
        {"start": "2026-03-02T00:00:00+05:30", "calls": 3},
    ]


def test_weeks_begin_on_monday(march: UsageApp) -> None:
    assert march.rows("granularity=week") == [
        {"start": "2026-02-23T00:00:00Z", "calls": 2},
        {"start": "2026-03-02T00:00:00Z", "calls": 2},
        {"start": "2026-03-09T00:00:00Z", "calls": 2},
    ]


def test_a_day_on_which_clocks_are_set_forward_has_23_hours(app: UsageApp) -> None:
    app.count(
        a_call(time="2026-03-28T22:59:59.999Z"),
        a_call(time="2026-03-28T23:00:00Z"),
        a_call(time="2026-03-29T21:59:59.999Z"),
        a_call(time="2026-03-29T22:00:00Z"),
    )

    day = "from=2026-03-29&to=2026-03-30&time_zone=Europe/Berlin&granularity=day"
    assert app.rows(day) == [{"start": "2026-03-29T00:00:00+01:00", "calls": 2}]


def test_an_hour_that_clocks_show_twice_is_two_buckets(app: UsageApp) -> None:
    app.count(
        a_call(time="2025-10-26T00:15:00Z"),
        a_call(time="2025-10-26T00:45:00Z"),
        a_call(time="2025-10-26T01:30:00Z"),
    )

    hours = "from=2025-10-26&to=2025-10-27&time_zone=Europe/Berlin&granularity=hour"
    assert app.rows(hours) == [
        {"start": "2025-10-26T02:00:00+02:00", "calls": 2},
        {"start": "2025-10-26T02:00:00+01:00", "calls": 1},
    ]


def test_where_an_offset_has_seconds_the_start_is_told_in_utc(app: UsageApp) -> None:
    app.count(a_call(time="1971-05-05T12:00:00Z"))

    day = "from=1971-05-05&to=1971-05-06&time_zone=Africa/Monrovia&granularity=day"
    assert app.rows(day) == [{"start": "1971-05-05T00:44:30Z", "calls": 1}]


def test_a_repeated_filter_takes_either_value_and_several_filters_must_all_hold(march: UsageApp) -> None:
    assert march.rows("client_id=a&client_id=b&method=POST") == [{"calls": 2}]
    assert march.rows("client_id=a&method=POST") == [{"calls": 0}]


def test_status_and_status_class_filter_by_numbers_and_classes(march: UsageApp) -> None:
    assert march.rows("status=404&status=503&status=000") == [{"calls": 3}]
    assert march.rows("status_class=2xx&status_class=none") == [{"calls": 3}]


def test_an_empty_filter_asks_for_calls_without_that_field(app: UsageApp) -> None:
    app.count(a_call(user_id=""), a_call(user_id="u"))

    assert app.rows("user_id=&group_by=user_id") == [{"user_id": "", "calls": 1}]


def test_a_comma_is_part_of_a_filters_value(app: UsageApp) -> None:
    app.count(a_call(client_id="a,b"), a_call(client_id="a"))

    assert app.rows("client_id=a,b") == [{"calls": 1}]


def test_any_text_comes_back_as_it_was_sent(app: UsageApp) -> None:
    text = "Zoë \U0001f40c & co=+%"
    app.count(a_call(user_id=text))

    assert app.rows(f"user_id={quote(text, safe='')}&group_by=user_id") == [{"user_id": text, "calls": 1}]


def test_rows_come_in_the_order_asked_for_and_ties_by_start_and_group(march: UsageApp) -> None:
    rows = march.rows("granularity=day&group_by=client_id&order_by=-calls,client_id&from=2026-03-01")

    assert [(row["calls"], row["client_id"], row["start"][:10]) for row in rows] == [
        (2, "a", "2026-03-01"),
        (2, "b", "2026-03-02"),
        (1, "a", "2026-03-10"),
        (1, "a", "2026-03-15"),
    ]


# Organizations


def test_nobody_sees_another_organizations_calls(march: UsageApp) -> None:
    assert march.rows("group_by=client_id", caller="globex") == [{"client_id": "g", "calls": 1}]
    assert march.rows("client_id=g") == [{"calls": 0}]


# Pages


def test_pages_hold_every_row_once_and_in_order(march: UsageApp) -> None:
    question = "granularity=day&group_by=client_id,status&order_by=-start"

    found = pages(march, f"{question}&limit=4")

    assert [len(page) for page in found] == [4, 2]
    assert [row for page in found for row in page] == march.rows(question)


def test_a_last_page_that_is_full_has_no_next(march: UsageApp) -> None:
    assert [len(page) for page in pages(march, "group_by=status&limit=3")] == [3, 3]


def test_limit_and_format_may_change_from_page_to_page(march: UsageApp) -> None:
    cursor = march.usage("group_by=client_id&limit=1")["next"]

    assert march.rows(f"limit=10&cursor={cursor}&group_by=client_id") == [{"client_id": "b", "calls": 2}]
    assert (
        march.get(f"/v1/usage?group_by=client_id&format=csv&cursor={cursor}").text
        == "client_id,calls\r\nb,2\r\n"
    )


def test_today_stays_the_first_pages_day_on_all_pages(march: UsageApp) -> None:
    cursor = march.usage("group_by=client_id&limit=1")["next"]
    march.count(a_call(client_id="b", time="2026-03-16T00:00:00Z"))
    march.clock.move_to(datetime(2026, 3, 16, 0, 1, tzinfo=UTC))

    assert march.rows(f"group_by=client_id&cursor={cursor}") == [{"client_id": "b", "calls": 2}]


@pytest.mark.parametrize(
    ("question", "caller"),
    [
        ("group_by=client_id&status=200", "acme"),
        ("group_by=user_id", "acme"),
        ("group_by=client_id", "globex"),
    ],
)
def test_a_cursor_is_good_for_its_own_question_and_organization_only(
    march: UsageApp, question: str, caller: str
) -> None:
    cursor = march.usage("group_by=client_id&limit=1")["next"]

    response = march.get(f"/v1/usage?{question}&cursor={cursor}", caller=caller)

    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == ["cursor"]


# CSV


@pytest.mark.parametrize(
    ("query", "accept"),
    [
        ("?format=csv", "application/json"),
        ("", "text/csv"),
        ("", "application/json;q=0.5, Text/CSV;q=0.8"),
        ("", "text/csv;q=high"),
        ("", "text/csv, application/json"),
        ("", "text/*, */*;q=0.1"),
    ],
)
def test_csv_comes_for_the_format_or_where_accept_prefers_it(app: UsageApp, query: str, accept: str) -> None:
    response = app.get(f"/v1/usage{query}", accept=accept)

    assert response.headers["content-type"] == "text/csv; header=present; charset=utf-8"
    assert response.text == "calls\r\n0\r\n"


@pytest.mark.parametrize(
    ("query", "accept"),
    [
        ("?format=json", "text/csv"),
        ("", "text/html,application/xhtml+xml,*/*;q=0.8"),
        ("", "text/csv;q=0"),
        ("", "text/csv;q=0.5, application/json"),
        ("", "image/png"),
        ("", "*/*"),
        ("", "text/html, text/csv;q=0"),
        ("", "application/json, text/csv"),
        ("", "text/csv;q=inf"),
        ("", ";;,q=,"),
    ],
)
def test_json_comes_otherwise(app: UsageApp, query: str, accept: str) -> None:
    response = app.get(f"/v1/usage{query}", accept=accept)

    assert response.headers["content-type"] == "application/json"
    assert response.headers["vary"] == "Accept"


def test_csv_tells_the_next_page_and_how_complete_it_is_in_headers(march: UsageApp) -> None:
    first = march.get("/v1/usage?group_by=client_id&user_id=user-1&limit=1&format=csv")

    second = march.get(str(first.url.join(first.links["next"]["url"])))

    assert first.headers["calltally-complete-up-to"] == "2026-03-15T12:00:00.000Z"
    assert [first.text, second.text] == ["client_id,calls\r\na,4\r\n", "client_id,calls\r\nb,2\r\n"]
    assert "link" not in second.headers


def test_csv_quotes_what_needs_it_and_holds_the_starts_of_buckets(app: UsageApp) -> None:
    app.count(a_call(route='/a "b", c\nd'))

    text = app.get("/v1/usage?group_by=route&granularity=day&time_zone=Europe/Berlin&format=csv").text

    assert text == 'start,route,calls\r\n2026-03-10T00:00:00+01:00,"/a ""b"", c\nd",1\r\n'


@pytest.mark.parametrize("text", ["=1+1", "+49 30", "-1", "@SUM(A1)", "\tx", "'quoted", "\uff1d1"])
def test_no_text_in_csv_is_computed_by_a_spreadsheet_and_none_is_lost(app: UsageApp, text: str) -> None:
    app.count(a_call(user_id=text))

    body = app.get("/v1/usage?group_by=user_id&format=csv").content.decode()

    cell = list(csv.reader(io.StringIO(body, newline="")))[1][0]
    assert cell == f"'{text}"


# The books of ingest


def test_outcomes_tell_what_became_of_calls_by_day_of_receipt(app: UsageApp) -> None:
    march_1 = (datetime(2026, 3, 1, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).days
    acme_and_globex = batch_of(app.store, a_call(), a_call(organization="globex"))
    acme_and_globex.outcomes[:] = [
        Outcome(1, march_1 - 1, 9, 9, 0, 0, 0),
        Outcome(1, march_1 + 1, 6, 3, 1, 0, 2),
        Outcome(1, march_1, 1, 0, 0, 1, 0),
        Outcome(2, march_1, 7, 7, 0, 0, 0),
        Outcome(1, march_1 + 1, 4, 4, 0, 0, 0),
    ]
    app.store.apply(acme_and_globex)

    answer = app.get("/v1/outcomes").json()
    assert answer["complete_up_to"] == "2026-03-15T12:00:00.000Z"
    first = {"received": 1, "accepted": 0, "duplicate": 0, "conflict": 1, "rejected": 0}
    second = {"received": 10, "accepted": 7, "duplicate": 1, "conflict": 0, "rejected": 2}
    assert answer["days"] == [
        {"day": "2026-03-01", **first, "rejected_by": {}, "refused": {}},
        {"day": "2026-03-02", **second, "rejected_by": {}, "refused": {}},
    ]
    assert [day["day"] for day in app.get("/v1/outcomes?from=2026-02-28&to=2026-03-02").json()["days"]] == [
        "2026-02-28",
        "2026-03-01",
    ]
