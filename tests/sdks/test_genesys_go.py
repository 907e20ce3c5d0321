"""Genesys's SDK for Go, version 150, against the running server: all seven operations."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.sdks.conftest import Served
from tests.sdks.known_calls import CROWDED_ROUTES, crowded_month
from tests.sdks.sdk_program import Answer, SdkProgram, Visit, go_program


@pytest.fixture(scope="module")
def sdk() -> SdkProgram:
    return go_program("genesys_go_v150")


def organization_query(**body: object) -> dict[str, Any]:
    return {"operation": "PostUsageQuery", "body": body}


def simplesearch(page_size: int = 0, **body: object) -> dict[str, Any]:
    return {"operation": "PostUsageSimplesearch", "page_size": page_size, "body": body}


def client_query(client_id: str, **body: object) -> dict[str, Any]:
    return {"operation": "PostOauthClientUsageQuery", "client_id": client_id, "body": body}


def client_summary(client_id: str, days: str = "") -> dict[str, Any]:
    return {"operation": "GetOauthClientUsageSummary", "client_id": client_id, "days": days}


def dates(first: datetime, last: datetime) -> str:
    """An interval of whole days, the last of them included."""
    return f"{first:%Y-%m-%d}/{last:%Y-%m-%d}"


def midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0)


def month(moment: datetime) -> datetime:
    return midnight(moment).replace(day=1)


def ordered(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    keys = ("date", "clientId", "userId", "httpMethod", "templateUri")
    return sorted(rows, key=lambda row: [row.get(key, "") for key in keys])


def complete_rows(answer: Answer) -> list[dict[str, Any]]:
    """The rows of a complete answer; the SDK prints microseconds with every date."""
    assert (answer.error, answer.status, answer.body["queryStatus"]) == ("", 200, "Complete")
    rows = answer.body["results"]
    return ordered(
        [row | {"date": row["date"].replace(".000000Z", "Z")} if "date" in row else row for row in rows]
    )


@pytest.mark.parametrize(
    ("granularity", "bucket"),
    [(None, None), ("Day", midnight), ("Month", month)],
    ids=["all", "Day", "Month"],
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


def test_the_results_are_where_the_answer_says(sdk: SdkProgram, served: Served) -> None:
    interval = dates(served.now, served.now)

    of_all, of_search, of_client, of_summary = (
        answer.body["asked"]
        for answer in sdk.ask(
            served.visit,
            organization_query(interval=interval),
            simplesearch(interval=interval),
            client_query("billing", interval=interval),
            client_summary("billing"),
        )
    )

    of_client_path = "/api/v2/oauth/clients/billing/usage/query/results/{}"
    assert of_all["resultsUri"] == f"/api/v2/usage/query/{of_all['executionId']}/results"
    assert of_search["resultsUri"] == f"/api/v2/usage/simplesearch/{of_search['executionId']}/results"
    assert of_client["resultsUri"] == of_client_path.format(of_client["executionId"])
    assert of_summary["resultsUri"] == of_client_path.format(of_summary["executionId"])


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
    assert complete_rows(answer) == ordered(
        found.genesys_rows("client_id", "method", "route", bucket=midnight)
    )


@pytest.mark.parametrize(("page_size", "pages"), [(0, 1), (200, 3), (250, 2), (499, 2), (500, 1)])
def test_a_search_is_paged_to_its_end(sdk: SdkProgram, served: Served, page_size: int, pages: int) -> None:
    crowded = f"{crowded_month(served.now):%Y-%m}"

    answer = sdk.ask_one(served.visit, **simplesearch(page_size=page_size, interval=f"{crowded}/{crowded}"))

    rows = complete_rows(answer)
    assert answer.body["pages"] == pages
    assert len(rows) == CROWDED_ROUTES
    assert {row["templateUri"] for row in rows} == {f"crowd/{number:03}" for number in range(CROWDED_ROUTES)}


@pytest.mark.parametrize("client_id", ["billing", "client/4 é", "nameless"])
def test_a_client_is_asked_about(sdk: SdkProgram, served: Served, client_id: str) -> None:
    first, last = midnight(served.now - timedelta(days=60)), midnight(served.now)

    answer = sdk.ask_one(
        served.visit,
        **client_query(
            client_id, interval=dates(first, last), granularity="Month", groupBy=["TemplateUri", "HttpMethod"]
        ),
    )

    asked = served.calls.between(first, last + timedelta(days=1)).of(client_id=client_id)
    assert complete_rows(answer) == ordered(asked.genesys_rows("route", "method", bucket=month))


def test_a_client_is_summed_up_by_template_and_method(sdk: SdkProgram, served: Served) -> None:
    week, long = sdk.ask(served.visit, client_summary("reports"), client_summary("reports", "30"))

    calls = served.calls.of(client_id="reports")
    for answer, days in ((week, 7), (long, 30)):
        asked = calls.between(midnight(served.now) - timedelta(days=days), served.now + timedelta(days=1))
        assert complete_rows(answer) == ordered(asked.genesys_rows("route", "method"))


def test_a_wrong_secret_is_told(sdk: SdkProgram, served: Served) -> None:
    wrong = Visit(served.server.address, served.reader.client_id, "wrong")

    answer = sdk.ask_one(wrong, **client_summary("billing"))

    assert answer.error.startswith("Auth Error: 401 - invalid_client (")


def test_what_is_wrong_with_a_request_is_told_with_the_error_model(sdk: SdkProgram, served: Served) -> None:
    good = dates(served.now, served.now)

    answers = sdk.ask(
        served.visit,
        organization_query(interval="yesterday"),
        simplesearch(interval=good, httpMethods=["FETCH"]),
        simplesearch(page_size=1001, interval=good),
        client_query("billing", interval=good, groupBy=["UserId"]),
        client_summary("billing", "many"),
        {"operation": "GetUsageQueryExecutionIdResults", "execution_id": "nothing"},
        {"operation": "GetUsageSimplesearchExecutionIdResults", "execution_id": "a/b"},
        {"operation": "GetOauthClientUsageQueryResult", "execution_id": "no", "client_id": "billing"},
    )

    assert [(answer.status, answer.body["code"]) for answer in answers] == [
        (400, "invalid.value"),
        (400, "invalid.value"),
        (400, "invalid.query.param.value"),
        (400, "invalid.value"),
        (400, "invalid.query.param.value"),
        (404, "not.found"),
        (404, "not.found"),
        (404, "not.found"),
    ]
    assert all(answer.body["contextId"] == answer.headers["inin-correlation-id"] for answer in answers)
    assert all(answer.body["message"] for answer in answers)


def test_nobody_and_the_unwelcome_are_told_apart(sdk: SdkProgram, served: Served) -> None:
    question = organization_query(interval=dates(served.now, served.now))

    nobody = sdk.ask_one(served.visit_of_nobody, **question)
    forged = sdk.ask_one(Visit(served.server.address, token="forged"), **question)
    sender = sdk.ask_one(served.visit_of_a_sender, **question)

    assert [(one.status, one.body["code"]) for one in (nobody, forged, sender)] == [
        (401, "authentication.required"),
        (401, "bad.credentials"),
        (403, "missing.any.permissions"),
    ]


@pytest.mark.parametrize("hurried", [{"genesys_requests_per_minute": 2}], indirect=True)
def test_a_request_too_many_is_refused_at_once(sdk: SdkProgram, hurried: Visit) -> None:
    answered, refused = sdk.ask(hurried, client_summary("billing"), client_summary("billing"))

    assert complete_rows(answered) == []
    assert refused.error.endswith("giving up after 1 attempt(s)")  # all that this SDK says of a 429
