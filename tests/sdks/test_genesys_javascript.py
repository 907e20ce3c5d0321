"""Genesys's SDK for JavaScript, the newest that npm has, against the running server."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from math import ceil
from typing import Any

import pytest

from tests.sdks.conftest import Served
from tests.sdks.known_calls import CLIENTS, CROWDED_ROUTES, crowded_month
from tests.sdks.naive_count import NaiveCount
from tests.sdks.sdk_program import Answer, SdkProgram, Visit, node_program

IN_BOTH_APIS = pytest.mark.parametrize("api", ["UsageApi", "OAuthApi"])
LOGIN = {"operation": "login"}


@pytest.fixture(scope="module")
def sdk() -> SdkProgram:
    return node_program("genesys_javascript", "genesys.mjs")


def organization_query(**body: object) -> dict[str, Any]:
    results = {"operation": "getUsageQueryExecutionIdResults"}
    return {"api": "UsageApi", "operation": "postUsageQuery", "parameters": [body], "results": results}


def simplesearch(page_size: int | None = None, **body: object) -> dict[str, Any]:
    results = {"operation": "getUsageSimplesearchExecutionIdResults", "pageSize": page_size}
    return {"api": "UsageApi", "operation": "postUsageSimplesearch", "parameters": [body], "results": results}


def client_query(client_id: str, api: str = "UsageApi", **body: object) -> dict[str, Any]:
    return {
        "api": api,
        "operation": "postOauthClientUsageQuery",
        "parameters": [client_id, body],
        "results": {"operation": "getOauthClientUsageQueryResult", "clientId": client_id},
    }


def client_summary(client_id: str, api: str = "UsageApi", **options: object) -> dict[str, Any]:
    return {
        "api": api,
        "operation": "getOauthClientUsageSummary",
        "parameters": [client_id, options],
        "results": {"operation": "getOauthClientUsageQueryResult", "clientId": client_id},
    }


def organization_job(page_size: int | None = None, **body: object) -> dict[str, Any]:
    results = {"operation": "getUsageAggregatesQueryJob", "pageSize": page_size}
    operation = "postUsageAggregatesQueryJobs"
    return {"api": "UsageApi", "operation": operation, "parameters": [body], "results": results}


def client_job(client_id: str, **body: object) -> dict[str, Any]:
    return {
        "api": "UsageApi",
        "operation": "postUsageClientClientIdAggregatesQueryJobs",
        "parameters": [client_id, body],
        "results": {"operation": "getUsageClientClientIdAggregatesQueryJob", "clientId": client_id},
    }


def dates(first: datetime, last: datetime) -> str:
    """An interval of whole days, the last of them included."""
    return f"{first:%Y-%m-%d}/{last:%Y-%m-%d}"


def midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0)


def monday(moment: datetime) -> datetime:
    return midnight(moment) - timedelta(days=moment.weekday())


def month(moment: datetime) -> datetime:
    return midnight(moment).replace(day=1)


def ordered(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    keys = ("date", "clientId", "userId", "httpMethod", "templateUri")
    return sorted(rows, key=lambda row: [row.get(key, "") for key in keys])


def complete_rows(answer: Answer) -> list[dict[str, Any]]:
    """The rows of a complete answer, in an order that does not depend on the server's."""
    assert (answer.status, answer.body["queryStatus"]) == (200, "Complete")
    return ordered(answer.body["results"])


def test_a_secret_is_exchanged_for_a_token_that_lasts_a_day(sdk: SdkProgram, served: Served) -> None:
    answer = sdk.ask_one(served.visit, **LOGIN)

    assert answer.body["accessToken"].count(".") == 2
    assert answer.body["expires"] / 1000 - time.time() == pytest.approx(86_400, abs=60)


def test_a_wrong_secret_is_thrown_with_a_description(sdk: SdkProgram, served: Served) -> None:
    wrong = Visit(served.server.address, served.reader.client_id, "wrong")

    answer = sdk.ask_one(wrong, **LOGIN)

    assert (answer.status, answer.body["error"]) == (401, "invalid_client")
    assert answer.body["description"] == answer.body["error_description"]


@pytest.mark.parametrize(
    ("granularity", "bucket"), [(None, None), ("Day", midnight), ("Week", monday), ("Month", month)]
)
def test_the_organization_is_asked_by_client_and_template(
    sdk: SdkProgram,
    served: Served,
    granularity: str | None,
    bucket: Callable[[datetime], datetime] | None,
) -> None:
    first, last = midnight(served.now - timedelta(days=80)), midnight(served.now - timedelta(days=1))
    grain = {"granularity": granularity} if granularity else {}

    answer = sdk.ask_one(
        served.visit,
        **organization_query(interval=dates(first, last), groupBy=["OAuthClientId", "TemplateUri"], **grain),
    )

    asked = served.calls.between(first, last + timedelta(days=1))
    assert complete_rows(answer) == ordered(asked.genesys_rows("client_id", "route", bucket=bucket))


def test_the_organization_is_asked_by_user_and_method(sdk: SdkProgram, served: Served) -> None:
    first, last = midnight(served.now - timedelta(days=30)), midnight(served.now)

    answer = sdk.ask_one(
        served.visit, **organization_query(interval=dates(first, last), groupBy=["UserId", "httpmethod"])
    )

    asked = served.calls.between(first, last + timedelta(days=1))
    assert complete_rows(answer) == ordered(asked.genesys_rows("user_id", "method"))


def test_the_organization_is_one_row_of_its_own(sdk: SdkProgram, served: Served) -> None:
    first, last = midnight(served.now - timedelta(days=30)), midnight(served.now)

    answer = sdk.ask_one(
        served.visit, **organization_query(interval=dates(first, last), groupBy=["OrganizationId"])
    )

    (expected,) = served.calls.between(first, last + timedelta(days=1)).genesys_rows()
    assert complete_rows(answer) == [expected | {"organizationId": "acme"}]


def test_without_a_grouping_rows_are_per_client(sdk: SdkProgram, served: Served) -> None:
    first, last = midnight(served.now - timedelta(days=30)), midnight(served.now)

    answer = sdk.ask_one(served.visit, **organization_query(interval=dates(first, last)))

    asked = served.calls.between(first, last + timedelta(days=1))
    assert complete_rows(answer) == ordered(asked.genesys_rows("client_id"))
    assert {row["clientName"] for row in answer.body["results"]} == set(CLIENTS.values())


def test_counts_that_were_not_asked_for_are_absent(sdk: SdkProgram, served: Served) -> None:
    first, last = midnight(served.now - timedelta(days=30)), midnight(served.now)

    answer = sdk.ask_one(
        served.visit,
        **organization_query(interval=dates(first, last), metrics=["Status200", "Status429", "Requests"]),
    )

    asked = served.calls.between(first, last + timedelta(days=1)).genesys_rows("client_id")
    for row in asked:
        del row["status300"], row["status400"], row["status500"]
    assert complete_rows(answer) == ordered(asked)


def test_every_way_to_write_an_interval_is_understood(sdk: SdkProgram, served: Served) -> None:
    start, end = served.now - timedelta(days=40, hours=5), served.now - timedelta(days=3, hours=1)
    this_month, this_year = month(served.now), month(served.now).replace(month=1)
    next_year = this_year.replace(year=this_year.year + 1)
    intervals = {
        f"{start:%Y-%m-%dT%H:%M:%S}/{end:%Y-%m-%dT%H:%M:%S}": (start, end),
        f"{start:%Y-%m-%dT%H:%M:%S}.000Z/{end:%Y-%m-%dT%H:%M:%S}.000Z": (start, end),
        dates(start, end): (midnight(start), midnight(end) + timedelta(days=1)),
        f"{this_month:%Y-%m}/{this_month:%Y-%m}": (this_month, month(this_month + timedelta(days=31))),
        f"{this_year:%Y}/{this_year:%Y}": (this_year, next_year),
    }

    answers = sdk.ask(served.visit, *(organization_query(interval=interval) for interval in intervals))

    assert [complete_rows(answer) for answer in answers] == [
        ordered(served.calls.between(*window).genesys_rows("client_id")) for window in intervals.values()
    ]


def test_the_results_are_where_the_answer_says(sdk: SdkProgram, served: Served) -> None:
    interval = dates(served.now, served.now)

    of_all, of_search, of_client, of_summary = sdk.ask(
        served.visit,
        organization_query(interval=interval),
        simplesearch(interval=interval),
        client_query("billing", interval=interval),
        client_summary("billing"),
    )

    of_client_path = "/api/v2/oauth/clients/billing/usage/query/results/{}"
    assert [answer.body["asked"]["resultsUri"] for answer in (of_all, of_search, of_client, of_summary)] == [
        "/api/v2/usage/query/{}/results".format(of_all.body["asked"]["executionId"]),
        "/api/v2/usage/simplesearch/{}/results".format(of_search.body["asked"]["executionId"]),
        of_client_path.format(of_client.body["asked"]["executionId"]),
        of_client_path.format(of_summary.body["asked"]["executionId"]),
    ]


def test_a_search_finds_by_client_name_method_and_template(sdk: SdkProgram, served: Served) -> None:
    first, last = midnight(served.now - timedelta(days=90)), midnight(served.now)

    answer = sdk.ask_one(
        served.visit,
        **simplesearch(
            interval=dates(first, last),
            oauthClientNames=["Billing Sync", "Nightly"],
            httpMethods=["GET", "POST"],
            templateUris=["api/v2/users/{userId}", "/v2025/accounts"],
        ),
    )

    found = (
        served.calls.between(first, last + timedelta(days=1))
        .among("client_id", {"billing", "client/4 é"})
        .among("method", {"GET", "POST"})
        .among("route", {"/api/v2/users/{userId}", "/v2025/accounts"})
    )
    assert complete_rows(answer) == ordered(by_everything(found))


@pytest.mark.parametrize(("page_size", "pages"), [(None, 1), (200, 3), (250, 2), (499, 2), (500, 1)])
def test_a_search_is_paged_to_its_end(
    sdk: SdkProgram, served: Served, page_size: int | None, pages: int
) -> None:
    crowded = f"{crowded_month(served.now):%Y-%m}"

    answer = sdk.ask_one(served.visit, **simplesearch(page_size=page_size, interval=f"{crowded}/{crowded}"))

    rows = complete_rows(answer)
    assert answer.body["pages"] == pages
    assert len(rows) == CROWDED_ROUTES
    assert {row["templateUri"] for row in rows} == {f"crowd/{number:03}" for number in range(CROWDED_ROUTES)}


@IN_BOTH_APIS
@pytest.mark.parametrize("client_id", ["billing", "client/4 é", "nameless"])
def test_a_client_is_asked_about(sdk: SdkProgram, served: Served, api: str, client_id: str) -> None:
    first, last = midnight(served.now - timedelta(days=60)), midnight(served.now)

    answer = sdk.ask_one(
        served.visit,
        **client_query(
            client_id,
            api,
            interval=dates(first, last),
            granularity="Month",
            groupBy=["TemplateUri", "HttpMethod"],
            metrics=["Status200", "Status300", "Status400", "Status500", "Status429", "Requests"],
        ),
    )

    asked = served.calls.between(first, last + timedelta(days=1)).of(client_id=client_id)
    assert complete_rows(answer) == ordered(asked.genesys_rows("route", "method", bucket=month))


@IN_BOTH_APIS
def test_a_client_is_summed_up_by_template_and_method(sdk: SdkProgram, served: Served, api: str) -> None:
    week, long = sdk.ask(
        served.visit, client_summary("reports", api), client_summary("reports", api, days="30")
    )

    calls = served.calls.of(client_id="reports")
    for answer, days in ((week, 7), (long, 30)):
        asked = calls.between(midnight(served.now) - timedelta(days=days), served.now + timedelta(days=1))
        assert complete_rows(answer) == ordered(asked.genesys_rows("route", "method"))


@pytest.mark.parametrize(("page_size", "rows_a_page"), [(None, 100), (60, 60), (1000, 1000)])
def test_a_job_is_paged_to_its_end(
    sdk: SdkProgram, served: Served, page_size: int | None, rows_a_page: int
) -> None:
    first, last = midnight(served.now - timedelta(days=89)), midnight(served.now)

    answer = sdk.ask_one(
        served.visit,
        **organization_job(
            page_size,
            interval=dates(first, last),
            granularity="Day",
            metrics=["Status429", "Requests"],
            groupBy=["OauthClientId", "HttpMethod"],
        ),
    )

    asked = served.calls.between(first, last + timedelta(days=1))
    rows = asked.genesys_rows("client_id", "method", bucket=midnight)
    assert (answer.status, answer.body["queryStatus"]) == (200, "Succeeded")
    assert answer.body["pages"] == ceil(len(rows) / rows_a_page)
    assert answer.body["results"] == [
        {
            "date": row["date"][:10],
            "httpMethod": row["httpMethod"],
            "requestCount": row["requests"],
            "status429": row["status429"],
            "oauthClient": {"id": row["clientId"]} | ({"name": name} if (name := row["clientName"]) else {}),
        }
        for row in ordered(rows)
    ]


@pytest.mark.parametrize("client_id", ["billing", "client/4 é", "nameless"])
def test_a_client_has_jobs(sdk: SdkProgram, served: Served, client_id: str) -> None:
    first, last = midnight(served.now - timedelta(days=60)), midnight(served.now)
    question = {"interval": dates(first, last), "metrics": ["Requests"], "groupBy": ["OrganizationId"]}

    answer, of_others = sdk.ask(
        served.visit,
        client_job(client_id, httpMethods=["GET"], **question),
        client_job(client_id, organizationIds=["globex"], **question),
    )

    asked = served.calls.between(first, last + timedelta(days=1)).of(client_id=client_id, method="GET")
    assert answer.body["queryStatus"] == "Succeeded"
    assert answer.body["results"] == [{"requestCount": asked.total, "organizationId": "acme"}]
    assert (of_others.body["queryStatus"], of_others.body["results"]) == ("Succeeded", [])


def test_a_client_without_calls_has_no_rows(sdk: SdkProgram, served: Served) -> None:
    asked, summed_up = sdk.ask(
        served.visit, client_query("nothing", interval="2020/2030"), client_summary("nothing")
    )

    assert complete_rows(asked) == complete_rows(summed_up) == []


def test_a_bad_request_is_thrown_with_the_error_model(sdk: SdkProgram, served: Served) -> None:
    good = dates(served.now, served.now)

    answers = sdk.ask(
        served.visit,
        organization_query(),
        organization_query(interval="yesterday"),
        organization_query(interval=good, granularity="Hour"),
        organization_query(interval=good, metrics=["Date"]),
        organization_query(interval=good, group_by=["UserId"]),
        organization_job(interval="2020/2020"),
        client_job("billing", interval=good, platforms=["web"]),
        client_job("billing", interval=good, templateUris=["x"] * 1001),
        simplesearch(interval=good, metrics=["Requests"]),
        simplesearch(interval=good, httpMethods=["FETCH"]),
        client_query("billing", interval=good, groupBy=["UserId"]),
        client_summary("billing", days="many"),
    )

    assert [(answer.status, answer.body["code"]) for answer in answers] == [
        (400, "constraint.validation"),
        (400, "invalid.value"),
        (400, "invalid.value"),
        (400, "invalid.value"),
        (400, "invalid.property"),
        (400, "constraint.validation"),
        (400, "constraint.validation"),
        (400, "query.too.long"),
        (400, "invalid.value"),
        (400, "invalid.value"),
        (400, "invalid.value"),
        (400, "invalid.query.param.value"),
    ]
    assert [answer.body["status"] for answer in answers] == [400] * 12
    assert all(answer.body["contextId"] == answer.headers["inin-correlation-id"] for answer in answers)
    assert all(answer.body["message"] and answer.body["errors"] == [] for answer in answers)


def test_a_search_refuses_a_page_that_is_too_large(sdk: SdkProgram, served: Served) -> None:
    answer = sdk.ask_one(served.visit, **simplesearch(page_size=1001, interval=dates(served.now, served.now)))

    assert (answer.status, answer.body["code"]) == (400, "invalid.query.param.value")


def test_an_execution_that_does_not_exist_is_not_found(sdk: SdkProgram, served: Served) -> None:
    answers = sdk.ask(
        served.visit,
        {"api": "UsageApi", "operation": "getUsageQueryExecutionIdResults", "parameters": ["nothing"]},
        {"api": "UsageApi", "operation": "getUsageSimplesearchExecutionIdResults", "parameters": ["a/b"]},
        {"api": "OAuthApi", "operation": "getOauthClientUsageQueryResult", "parameters": ["no", "billing"]},
        {"api": "UsageApi", "operation": "getUsageAggregatesQueryJob", "parameters": ["nothing"]},
    )

    assert [(answer.status, answer.body["code"]) for answer in answers] == [(404, "not.found")] * 4


def test_nobody_and_the_unwelcome_are_told_apart(sdk: SdkProgram, served: Served) -> None:
    interval = dates(served.now, served.now)
    every_operation = [
        organization_query(interval=interval),
        simplesearch(interval=interval),
        client_query("billing", interval=interval),
        client_summary("billing"),
        organization_job(interval=interval),
        client_job("billing", interval=interval),
        {"api": "UsageApi", "operation": "getUsageAggregatesQueryJob", "parameters": ["x"]},
        {"api": "UsageApi", "operation": "getUsageQueryExecutionIdResults", "parameters": ["x"]},
        {"api": "UsageApi", "operation": "getUsageSimplesearchExecutionIdResults", "parameters": ["x"]},
        {"api": "UsageApi", "operation": "getOauthClientUsageQueryResult", "parameters": ["x", "billing"]},
    ]

    nobody = sdk.ask(served.visit_of_nobody, *every_operation)
    forged = sdk.ask(Visit(served.server.address, token="forged"), *every_operation)
    sender = sdk.ask(served.visit_of_a_sender, *every_operation)

    found = [{(one.status, one.body["code"]) for one in answers} for answers in (nobody, forged, sender)]
    assert found == [
        {(401, "authentication.required")},
        {(401, "bad.credentials")},
        {(403, "missing.any.permissions")},
    ]


@pytest.mark.parametrize("hurried", [{"genesys_requests_per_minute": 1}], indirect=True)
def test_a_request_too_many_is_thrown_at_once(sdk: SdkProgram, hurried: Visit) -> None:
    began = time.monotonic()
    question = organization_query(interval="2026/2026") | {"results": None}

    first, second = sdk.ask(hurried, question, question)

    assert (first.status in (200, 202), second.status) == (True, 429)
    assert second.body["code"] == "too.many.requests.retry.after"
    seconds = second.headers["retry-after"]
    assert (
        second.body["message"] == f"Rate limit exceeded the maximum. Retry the request in [{seconds}] seconds"
    )
    assert time.monotonic() - began < 30


def by_everything(found: NaiveCount) -> list[dict[str, Any]]:
    """A search's rows: by day, client, method and template."""
    return found.genesys_rows("client_id", "method", "route", bucket=midnight)
