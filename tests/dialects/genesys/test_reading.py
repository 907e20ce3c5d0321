"""Genesys's questions, turned into our own, without a server."""

from datetime import UTC, datetime
from typing import Any

import pytest

from calltally.clock import FixedClock
from calltally.dialects.genesys.bad_request import BadRequestError
from calltally.dialects.genesys.contract import Column, UsageMetric
from calltally.dialects.genesys.question import Question
from calltally.dialects.genesys.reading import QuestionReader
from calltally.usage_query import Dimension, Metric
from calltally.window import Granularity, Window

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
READER = QuestionReader(FixedClock(NOW))
INTERVAL = {"interval": "2026-03-01/2026-03-02"}


def day(number: int, month: int = 3) -> datetime:
    return datetime(2026, month, number, tzinfo=UTC)


def organization_query(**fields: Any) -> Question:
    return READER.from_genesys_organization_query(INTERVAL | fields)


def simplesearch(**fields: Any) -> Question:
    return READER.from_genesys_simplesearch(INTERVAL | fields)


def test_an_interval_alone_asks_for_everything_about_each_client() -> None:
    query = organization_query().usage_query("acme")

    assert query.window == Window(day(1), day(3))
    assert query.granularity is Granularity.TOTAL
    assert query.group_by == (Dimension.CLIENT_ID,)
    assert set(query.metrics) == set(Metric) - {Metric.ACTIVE_DAYS}
    assert query.where == {}


@pytest.mark.parametrize("nothing", [None, []])
def test_null_and_empty_lists_are_as_good_as_none(nothing: object) -> None:
    assert organization_query(metrics=nothing, groupBy=nothing, granularity=None) == organization_query()
    assert simplesearch(
        metrics=nothing, oauthClientNames=nothing, httpMethods=nothing, templateUris=nothing
    ) == (simplesearch())


def test_words_are_known_in_any_case_and_count_once() -> None:
    question = organization_query(
        granularity="MONTH", metrics=["status200", "STATUS200"], groupBy=["templateURI", "TemplateUri"]
    )

    assert question.granularity is Granularity.MONTH
    assert question.metrics == (UsageMetric.STATUS_200,)
    assert question.columns == (Column.TEMPLATE_URI,)


def test_calls_are_always_counted_so_that_groups_without_any_can_be_told() -> None:
    question = organization_query(metrics=["Status429"], groupBy=["OrganizationId"])

    assert question.usage_query("acme").metrics == (Metric.CALLS, Metric.STATUS_429)
    assert question.usage_query("acme").group_by == ()


def test_groups_have_one_order_whatever_the_order_asked() -> None:
    groups = ["TemplateUri", "HttpMethod", "UserId", "OrganizationId", "OAuthClientId"]

    assert organization_query(groupBy=groups).usage_query("acme").group_by == (
        Dimension.CLIENT_ID,
        Dimension.USER_ID,
        Dimension.METHOD,
        Dimension.ROUTE,
    )


def test_a_client_query_is_about_one_client() -> None:
    question = READER.from_genesys_client_query(INTERVAL, "client-1")

    assert question.usage_query("acme").where == {Dimension.CLIENT_ID: frozenset({"client-1"})}


def test_a_simplesearch_groups_by_the_columns_it_names() -> None:
    question = simplesearch(metrics=["date", "TemplateUri", "Status500"])

    assert question.granularity is Granularity.DAY
    assert question.columns == (Column.TEMPLATE_URI,)
    assert question.metrics == (UsageMetric.STATUS_500,)


def test_a_simplesearch_that_names_nothing_shows_everything() -> None:
    question = simplesearch()

    assert question.granularity is Granularity.DAY
    assert question.columns == (Column.OAUTH_CLIENT_ID, Column.HTTP_METHOD, Column.TEMPLATE_URI)
    assert question.metrics == tuple(UsageMetric)
    assert question.first_rows == 20_000


def test_a_simplesearch_finds_methods_in_both_cases_and_templates_with_and_without_slash() -> None:
    question = simplesearch(httpMethods=["get"], templateUris=["/api/v2/users", "api/v2/flows"])

    assert question.usage_query("acme").where == {
        Dimension.METHOD: {"GET", "get"},
        Dimension.ROUTE: {"/api/v2/users", "api/v2/users", "/api/v2/flows", "api/v2/flows"},
    }


def test_names_become_ids_when_the_question_is_answered() -> None:
    question = simplesearch(oauthClientNames=["Billing"])

    assert question.client_names == ("Billing",)
    assert question.usage_query("acme", frozenset({"c-1", "c-2"})).where == {
        Dimension.CLIENT_ID: {"c-1", "c-2"}
    }


@pytest.mark.parametrize(
    ("days", "first"), [(None, day(8)), ("", day(8)), ("1", day(14)), ("30", day(13, month=2))]
)
def test_a_summary_covers_whole_days_and_today(days: str | None, first: datetime) -> None:
    question = READER.from_genesys_summary("client-1", days)

    assert (question.start, question.end) == (first, day(16))
    assert question.columns == (Column.TEMPLATE_URI, Column.HTTP_METHOD)


@pytest.mark.parametrize("days", ["0", "-1", "+7", "7.0", "seven", "3651", "\u0667", "9" * 5000])
def test_days_are_a_whole_number_from_1_to_3650(days: str) -> None:
    with pytest.raises(BadRequestError, match="from 1 to 3650") as caught:
        READER.from_genesys_summary("client-1", days)

    assert caught.value.code == "invalid.query.param.value"


def test_with_a_lag_the_last_days_cannot_be_seen() -> None:
    lagging = QuestionReader(FixedClock(NOW), lag_days=1)

    query = lagging.from_genesys_organization_query({"interval": "2026-03/2026-03"})
    future = lagging.from_genesys_organization_query({"interval": "2026-03-15/2026-04-01"})
    summary = lagging.from_genesys_summary("client-1", None)

    assert (query.start, query.end) == (day(1), day(15))
    assert (future.start, future.end) == (day(15), day(15))
    assert (summary.start, summary.end) == (day(8), day(15))


def test_a_question_is_the_same_after_it_was_stored() -> None:
    question = simplesearch(oauthClientNames=["é\0"], httpMethods=["PUT"], templateUris=["x"])

    assert Question.from_text(question.to_text()) == question


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [
        ("granularity", "outdated_sdk_version", "Day, Week, Month"),
        ("granularity", "", "Day, Week, Month"),
        ("granularity", 7, "Day, Week, Month"),
        ("metrics", ["Requests", None], "Status200, Status300"),
        ("metrics", ["Date"], "Status200, Status300"),
        ("metrics", {"Requests": 1}, "a list of strings"),
        ("groupBy", "UserId", "a list of strings"),
        ("groupBy", ["ClientId"], "OAuthClientId, OrganizationId, UserId, TemplateUri, HttpMethod"),
        ("groupBy", [["UserId"]], "OAuthClientId"),
    ],
)
def test_a_wrong_value_is_named_with_its_field_and_what_is_allowed(
    field: str, value: object, allowed: str
) -> None:
    with pytest.raises(BadRequestError) as caught:
        organization_query(**{field: value})

    assert caught.value.code == "invalid.value"
    assert caught.value.params["field"] == field
    assert allowed in caught.value.params["allowed"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("httpMethods", ["FETCH"]), ("oauthClientNames", [1]), ("templateUris", "x"), ("metrics", ["Requests"])],
)
def test_a_simplesearch_has_values_of_its_own(field: str, value: object) -> None:
    with pytest.raises(BadRequestError) as caught:
        simplesearch(**{field: value})

    assert (caught.value.code, caught.value.params["field"]) == ("invalid.value", field)


def test_a_property_of_another_model_is_unknown() -> None:
    with pytest.raises(
        BadRequestError, match=r"\[groupBy\] is not a valid property for object \[ApiUsageSimp"
    ):
        simplesearch(groupBy=["UserId"])


@pytest.mark.parametrize("body", [None, [], "text", 7, True])
def test_a_body_that_is_no_object_cannot_be_understood(body: object) -> None:
    with pytest.raises(BadRequestError) as caught:
        READER.from_genesys_organization_query(body)

    assert caught.value.code == "bad.request"


def test_a_long_value_is_told_shortened() -> None:
    with pytest.raises(BadRequestError) as caught:
        organization_query(granularity="x" * 100_000)

    assert len(caught.value.reason) < 500
