"""Every operation answers an ordinary question as the document says it does."""

import time
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import schemathesis
from schemathesis.core.failures import Failure, FailureGroup

from calltally.api.openapi.page import openapi_page
from tests.openapi.closed_document import CLOSED_DOCUMENT
from tests.openapi.conftest import Served
from tests.openapi.test_document import DOCUMENT, OPERATIONS

API: Any = schemathesis.openapi.from_dict(CLOSED_DOCUMENT)
PERIOD = {"interval": "2026/2099"}
THIS_MONTH = {"interval": f"{datetime.now(UTC):%Y-%m}/{datetime.now(UTC):%Y-%m}"}
RESULTS = {
    "/api/v2/usage/query/{executionId}/results": ("POST", "/api/v2/usage/query"),
    "/api/v2/usage/simplesearch/{executionId}/results": ("POST", "/api/v2/usage/simplesearch"),
    "/api/v2/oauth/clients/{clientId}/usage/query/results/{executionId}": (
        "GET",
        "/api/v2/oauth/clients/shop/usage/summary",
    ),
    "/api/v2/usage/aggregates/query/jobs/{jobId}": ("POST", "/api/v2/usage/aggregates/query/jobs"),
    "/api/v2/usage/client/{clientId}/aggregates/query/jobs/{jobId}": (
        "POST",
        "/api/v2/usage/client/shop/aggregates/query/jobs",
    ),
}
"""Where results are, and what has to be asked first."""

QUESTIONS: dict[str, dict[str, Any]] = {
    "sendCalls": {"json": {"id": "ordinary", "time": f"{datetime.now(UTC):%Y-%m-%dT%H:%MZ}"}},
    "getUsage": {"params": {"group_by": "client_id,status", "granularity": "hour"}},
    "correctCalls": {"json": {"action": "cancel", "ids": ["c-19"], "why": "an example"}},
    "nameClient": {"json": {"name": "The shop"}},
    "nameSource": {"json": {"name": "The source"}},
    "nameAccount": {"json": {"name": "The account"}},
    "postUsageQuery": {"json": PERIOD},
    "postUsageSimplesearch": {"json": PERIOD},
    "postOauthClientUsageQuery": {"json": PERIOD},
    "postUsageAggregatesQueryJobs": {"json": THIS_MONTH},
    "postUsageClientClientIdAggregatesQueryJobs": {"json": THIS_MONTH},
    "getDailyPerSourceAPICallsUsage": {"params": {"period": "2026-03-01", "pagination.count": 2}},
    "getDailyWorkspaceAPICallsUsage": {"params": {"period": "2026-03-01", "pagination.count": 2}},
}
"""What an operation has to be asked with, where the plain request is not enough."""


def question(operation: dict[str, Any], served: Served) -> dict[str, Any]:
    if operation["operationId"] == "issueToken":
        return {"data": {"grant_type": "client_credentials", **served.credentials.as_form()}}
    return {"headers": {"X-SailPoint-Experimental": "true"}, **QUESTIONS.get(operation["operationId"], {})}


def filled(path: str) -> str:
    """The path with ids that there are."""
    return path.format(id="a-1" if "account" in path else "s-1", clientId="shop")


def completed(path: str, visitor: httpx.Client) -> httpx.Response:
    """The results of an execution, once they are complete."""
    method, asked = RESULTS[path]
    body = (THIS_MONTH if "jobs" in asked else PERIOD) if method == "POST" else None
    results: str = visitor.request(method, asked, json=body).raise_for_status().json()["resultsUri"]
    deadline = time.monotonic() + 30
    response = visitor.get(results)
    while response.json()["queryStatus"] == "Running" and time.monotonic() < deadline:
        time.sleep(0.01)
        response = visitor.get(results)
    return response


def judge(path: str, method: str, response: httpx.Response) -> None:
    """Fails unless the document describes the answer: its status, its type and its body."""
    described = CLOSED_DOCUMENT["paths"][path][method]["responses"][str(response.status_code)]
    assert response.headers["content-type"].partition(";")[0] in described["content"]
    API[path][method].validate_response(response)


def answer(path: str, method: str, operation: dict[str, Any], served: Served) -> httpx.Response:
    with served.visitor() as visitor:
        if path in RESULTS:
            return completed(path, visitor)
        return visitor.request(method, filled(path), **question(operation, served))


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_an_ordinary_answer_is_as_described(
    path: str, method: str, operation: dict[str, Any], served: Served
) -> None:
    response = answer(path, method, operation, served)

    assert response.status_code in (200, 202), response.text
    judge(path, method, response)


@pytest.mark.parametrize("calls", [{"id": "x"}, [{"id": "", "time": "noon"}, {}]])
def test_calls_none_of_which_is_counted_are_answered_as_described(calls: object, served: Served) -> None:
    with served.visitor() as visitor:
        response = visitor.post("/v1/calls", json=calls)

    assert response.status_code == 422
    judge("/v1/calls", "post", response)


def test_results_hold_rows_to_be_judged_by_the_document(served: Served) -> None:
    with served.visitor() as visitor:
        answers = [completed(path, visitor).json() for path in RESULTS]

    found = [bool(results.get("results") or results.get("entities")) for results in answers]
    assert found == [True, True, True, True, True]


@pytest.mark.parametrize("version", ["v1", "v1beta", "v1alpha"])
def test_an_answer_in_another_media_type_is_as_described(version: str, served: Served) -> None:
    path = "/usage/api-calls/daily"
    accept = {"Accept": f"application/vnd.segment.{version}+json"}

    with served.visitor() as visitor:
        response = visitor.get(path, params={"period": "2026-03-01"}, headers=accept)

    assert response.headers["content-type"].startswith(accept["Accept"])
    judge(path, "get", response)


def test_usage_as_csv_is_as_described(served: Served) -> None:
    with served.visitor() as visitor:
        response = visitor.get("/v1/usage", params={"format": "csv", "limit": 1, "group_by": "route"})

    assert response.headers["content-type"].startswith("text/csv")
    judge("/v1/usage", "get", response)


@pytest.mark.parametrize("lag", [b'"lags"', b'"more": 1, "lag"'])
def test_a_field_that_is_missing_or_not_described_is_noticed(lag: bytes, served: Served) -> None:
    with served.visitor() as visitor:
        response = visitor.get("/readyz")
    response._content = response.content.replace(b'"lag"', lag)

    with pytest.raises((Failure, FailureGroup)):
        judge("/readyz", "get", response)


def test_the_server_tells_the_whole_document_and_its_page_to_everyone(served: Served) -> None:
    with served.server.visitor() as stranger:
        document, page = stranger.get("/openapi.json"), stranger.get("/openapi")

    assert document.json() == DOCUMENT
    assert page.text == openapi_page(DOCUMENT)
    assert "default-src 'none'" in page.headers["content-security-policy"]
