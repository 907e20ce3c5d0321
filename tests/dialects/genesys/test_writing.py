"""Our answers in Genesys's words, down to the JSON."""

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec
import pytest

from calltally.dialects.genesys.bad_request import BadRequestError
from calltally.dialects.genesys.contract import ApiUsageRow, Column, UsageMetric
from calltally.dialects.genesys.question import Question
from calltally.dialects.genesys.writing import (
    to_genesys_pages,
    to_genesys_part,
    to_genesys_results,
    to_genesys_rows,
)
from calltally.usage_query import UsageResult, Value
from calltally.window import Granularity

MARCH = {"start": datetime(2026, 3, 1, tzinfo=UTC), "end": datetime(2026, 4, 1, tzinfo=UTC)}


def by(*columns: Column, metrics: tuple[UsageMetric, ...] = (), first_rows: int | None = None) -> Question:
    return Question(
        start=MARCH["start"], end=MARCH["end"], columns=columns, metrics=metrics, first_rows=first_rows
    )


def result(*rows: tuple[Value, ...], columns: tuple[str, ...], total: int | None = None) -> UsageResult:
    return UsageResult(columns, rows, len(rows) if total is None else total)


def json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def templates(rows: Iterable[ApiUsageRow]) -> list[tuple[str, object]]:
    return [(row.template_uri, row.requests) for row in rows]


def test_a_whole_row_has_its_keys_in_the_order_of_real_ones() -> None:
    question = Question(
        start=MARCH["start"],
        end=MARCH["end"],
        granularity=Granularity.DAY,
        columns=tuple(Column),
        metrics=tuple(UsageMetric),
    )
    columns = question.usage_query("acme").columns
    row = (datetime(2026, 3, 2, tzinfo=UTC), "c-1", "u-1", "GET", "/api/v2/users", 2**53 + 1, 1, 2, 3, 4, 5)

    rows = list(to_genesys_rows(question, "acme", result(row, columns=columns), {"c-1": "Billing"}))

    assert columns[5:] == ("calls", "status_200", "status_300", "status_400", "status_500", "status_429")
    assert json(rows[0]) == (
        '{"clientId":"c-1","clientName":"Billing","organizationId":"acme","userId":"u-1",'
        '"templateUri":"api/v2/users","httpMethod":"GET","status200":1,"status300":2,"status400":3,'
        '"status500":4,"status429":5,"requests":9007199254740993,"date":"2026-03-02T00:00:00Z"}'
    )


def test_unasked_columns_are_empty_and_unasked_counts_and_dates_are_absent() -> None:
    question = by(Column.HTTP_METHOD, metrics=(UsageMetric.STATUS_500,))

    rows = to_genesys_rows(
        question, "acme", result(("GET", 7, 0), columns=("method", "calls", "status_500")), {}
    )

    assert json(list(rows)) == (
        '[{"clientId":"","clientName":"","organizationId":"","userId":"","templateUri":"",'
        '"httpMethod":"GET","status500":0}]'
    )


def test_a_total_without_calls_is_no_row() -> None:
    question = by(Column.ORGANIZATION_ID, metrics=(UsageMetric.REQUESTS,))

    assert list(to_genesys_rows(question, "acme", result((0,), columns=("calls",)), {})) == []


def test_templates_that_look_alike_without_their_slash_are_added_up() -> None:
    question = by(Column.TEMPLATE_URI, metrics=(UsageMetric.REQUESTS,))
    found = result(("/b", 1), ("/x", 2), ("a", 4), ("x", 8), columns=("route", "calls"))

    rows = to_genesys_rows(question, "acme", found, {})

    assert templates(rows) == [("a", 4), ("b", 1), ("x", 10)]


def test_only_one_slash_is_left_out_of_a_template() -> None:
    question = by(Column.TEMPLATE_URI, metrics=(UsageMetric.REQUESTS,))
    columns = ("route", "calls")

    all_with = to_genesys_rows(question, "acme", result(("//a", 1), ("/b", 2), columns=columns), {})
    some_with = to_genesys_rows(question, "acme", result(("//a", 1), ("b", 2), columns=columns), {})

    assert templates(all_with) == [("/a", 1), ("b", 2)]
    assert templates(some_with) == [("/a", 1), ("b", 2)]


def test_a_query_with_too_many_rows_is_refused_rather_than_cut() -> None:
    question = by(Column.TEMPLATE_URI, metrics=(UsageMetric.REQUESTS,))

    with pytest.raises(BadRequestError, match="more than 1 rows") as caught:
        to_genesys_rows(question, "acme", result(("/b", 1), columns=("route", "calls"), total=2), {})

    assert caught.value.code == "response.entity.too.large"


def test_a_search_shows_its_first_rows_only() -> None:
    question = by(Column.TEMPLATE_URI, metrics=(UsageMetric.REQUESTS,), first_rows=2)
    found = result(("/b", 1), ("/c", 2), ("a", 4), columns=("route", "calls"))

    assert templates(to_genesys_rows(question, "acme", found, {})) == [("a", 4), ("b", 1)]


def test_a_search_over_a_cut_result_leaves_out_what_could_be_counted_in_part() -> None:
    question = by(Column.OAUTH_CLIENT_ID, Column.TEMPLATE_URI, metrics=(UsageMetric.REQUESTS,), first_rows=2)
    columns = ("client_id", "route", "calls")
    cut = result(("c-1", "/x", 1), ("c-1", "x", 2), ("c-2", "/x", 4), columns=columns, total=4)

    rows = to_genesys_rows(question, "acme", cut, {})

    assert [(row.client_id, row.template_uri, row.requests) for row in rows] == [("c-1", "x", 3)]


def test_pages_join_to_one_list_and_any_part_of_it() -> None:
    rows = [ApiUsageRow(user_id=str(number)) for number in range(2500)]
    pages, count = to_genesys_pages(iter(rows))

    assert len(pages) == 3
    assert count == 2500
    assert json(to_genesys_results(pages)) == json(rows)
    assert json(to_genesys_part(pages[1:], 999, 2)) == json(rows[1999:2001])
    assert json(to_genesys_results([])) == "[]"
    assert json(to_genesys_part([], 0, 10)) == "[]"
