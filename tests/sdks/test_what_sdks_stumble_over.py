"""What the SDKs are known to stumble over, looked at on the wire, where an SDK would be kind or silent."""

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.sdks.conftest import Served
from tests.sdks.known_calls import crowded_month

SAILPOINT_LISTS = (
    "/v2025/api-usage/summary",
    "/api-usage/v1/summary",
    "/v2025/source-usages/hr/summaries",
    "/v2025/account-usages/acc-1/summaries",
)
CLIENT = "/api/v2/oauth/clients/billing/usage"
TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')


@pytest.fixture
def visitor(served: Served) -> Iterator[httpx.Client]:
    with served.server.visitor(served.server.token(served.reader)) as visitor:
        visitor.headers["X-SailPoint-Experimental"] = "true"
        yield visitor


def good(response: httpx.Response) -> httpx.Response:
    assert response.status_code == 200, response.text
    return response


def outside_of_texts(response: httpx.Response) -> str:
    """The JSON of an answer without its texts: numbers, marks and words."""
    return TEXT.sub('""', good(response).text)


def genesys_results(visitor: httpx.Client, path: str, body: dict[str, Any] | None) -> httpx.Response:
    """The complete results of a question that is posted or, without a body, asked for."""
    asked = visitor.get(path) if body is None else visitor.post(path, json=body)
    assert asked.status_code in (200, 202), asked.text
    while True:
        response = good(visitor.get(asked.json()["resultsUri"]))
        if response.json()["queryStatus"] != "Running":
            return response


def every_genesys_result(visitor: httpx.Client, served: Served) -> list[httpx.Response]:
    interval = f"{served.now.year - 1}/{served.now.year}"
    by_day = {"interval": interval, "granularity": "Day", "groupBy": ["OAuthClientId", "UserId"]}
    empty = {"interval": "1999/1999", "granularity": "Day"}
    return [
        genesys_results(visitor, "/api/v2/usage/query", by_day),
        genesys_results(visitor, "/api/v2/usage/query", empty),
        genesys_results(visitor, "/api/v2/usage/simplesearch", {"interval": interval}),
        genesys_results(visitor, f"{CLIENT}/query", {"interval": interval}),
        genesys_results(visitor, f"{CLIENT}/summary", None),
    ]


def test_a_token_is_a_compact_jws_in_a_reply_of_status_200(served: Served) -> None:
    form = {"grant_type": "client_credentials", **served.reader.as_form()}

    response = httpx.post(f"{served.server.address}/oauth/token", data=form)

    reply = good(response).json()
    assert isinstance(reply["expires_in"], int)
    header, _, _ = reply["access_token"].split(".")
    assert json.loads(base64.urlsafe_b64decode(header + "=="))["alg"] == "ES256"


def test_sailpoints_total_count_is_an_object_with_a_whole_number(visitor: httpx.Client) -> None:
    assert re.fullmatch(r'\{"NumberOfCalls":\d+\}', good(visitor.get("/v2025/api-usage/count")).text)


def test_sailpoints_summary_rows_are_spelled_with_capitals(visitor: httpx.Client) -> None:
    rows = good(visitor.get("/v2025/api-usage/summary")).json()

    assert {tuple(row) for row in rows} == {("RequestedUri", "NumberOfCalls")}


@pytest.mark.parametrize("path", [*SAILPOINT_LISTS[:2], SAILPOINT_LISTS[3]])
def test_sailpoints_counts_have_no_decimal_point(visitor: httpx.Client, path: str) -> None:
    assert re.search(r"\d[.eE]", outside_of_texts(visitor.get(path))) is None


@pytest.mark.parametrize("path", SAILPOINT_LISTS)
def test_sailpoints_lists_are_bare_arrays_also_past_their_end(visitor: httpx.Client, path: str) -> None:
    assert isinstance(good(visitor.get(path)).json(), list)
    assert good(visitor.get(path, params={"offset": "100000"})).text == "[]"


@pytest.mark.parametrize("path", SAILPOINT_LISTS[2:])
def test_sailpoints_dates_are_plain_firsts_of_a_month(visitor: httpx.Client, path: str) -> None:
    rows = good(visitor.get(path)).json()

    assert all(re.fullmatch(r"\d{4}-\d{2}-01", row["date"]) for row in rows)


def test_sailpoints_pages_have_250_rows_unless_told_otherwise(visitor: httpx.Client, served: Served) -> None:
    crowded = f"{crowded_month(served.now):%Y-%m}"
    filters = {"filters": f"startDate eq {crowded} and endDate eq {crowded}"}

    assert len(good(visitor.get("/v2025/api-usage/summary", params=filters)).json()) == 250


@pytest.mark.parametrize("path", [*SAILPOINT_LISTS, "/v2025/source-usages/hr/status", f"{CLIENT}/summary"])
def test_answers_and_refusals_are_json_by_their_content_type(
    visitor: httpx.Client, served: Served, path: str
) -> None:
    welcome, nobody = visitor.get(path), httpx.get(served.server.address + path)

    assert welcome.status_code in (200, 202)
    assert nobody.status_code == 401
    for response in (welcome, nobody):
        assert re.match(r"application/json\b", response.headers["content-type"])


def test_genesys_results_hold_no_null(visitor: httpx.Client, served: Served) -> None:
    for response in every_genesys_result(visitor, served):
        assert "null" not in outside_of_texts(response)


def test_genesys_results_have_whole_numbers_only(visitor: httpx.Client, served: Served) -> None:
    for response in every_genesys_result(visitor, served):
        assert re.search(r"\d[.eE]", outside_of_texts(response)) is None


def test_genesys_says_complete_in_exactly_this_spelling(visitor: httpx.Client, served: Served) -> None:
    for response in every_genesys_result(visitor, served):
        assert response.json()["queryStatus"] == "Complete"


def test_genesys_dates_are_instants_with_a_zone_or_absent(visitor: httpx.Client, served: Served) -> None:
    by_day, _, searched, undated, summed_up = (
        response.json()["results"] for response in every_genesys_result(visitor, served)
    )

    assert {re.sub(r"\d", "0", row["date"]) for row in (*by_day, *searched)} == {"0000-00-00T00:00:00Z"}
    assert not any("date" in row for row in (*undated, *summed_up))


def test_genesys_templates_have_no_slash_in_front(visitor: httpx.Client, served: Served) -> None:
    _, _, searched, _, summed_up = every_genesys_result(visitor, served)

    templates = {row["templateUri"] for one in (searched, summed_up) for row in one.json()["results"]}
    assert "v2025/accounts" in templates
    assert not any(template.startswith("/") for template in templates)


def test_genesys_refusals_are_objects_that_repeat_their_status(visitor: httpx.Client) -> None:
    query = "/api/v2/usage/query"
    refusals = [
        visitor.post(query, content=b"{"),
        visitor.post(query, content=b"[]"),
        visitor.post(query, content=b"interval: 2026", headers={"Content-Type": "text/plain"}),
        visitor.get(query),
        visitor.get("/api/v2/users/me"),
        visitor.get(f"{query}/nothing/results"),
    ]

    assert [refusal.status_code for refusal in refusals] == [400, 400, 415, 405, 404, 404]
    for refusal in refusals:
        assert refusal.json()["status"] == refusal.status_code
        assert refusal.json()["contextId"] == refusal.headers["ININ-Correlation-Id"]


def test_genesys_gets_may_say_that_they_are_json_without_a_body(visitor: httpx.Client) -> None:
    response = visitor.get(f"{CLIENT}/summary", headers={"Content-Type": "application/json"})

    assert response.status_code in (200, 202)
