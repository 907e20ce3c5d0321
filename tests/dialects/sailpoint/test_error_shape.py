"""Whatever goes wrong below SailPoint's prefixes is told in SailPoint's shape."""

import json
import logging
import re
from datetime import date
from typing import Any

import httpx
import pytest

from calltally.dialects.sailpoint.contract import OPERATIONS
from calltally.errors import BusyError, InvalidInputError
from tests.dialects.sailpoint.sailpoint_app import SailPointApp

PATHS = sorted(
    operation.path(version).format(id="src-1") for operation in OPERATIONS for version in operation.versions
)
PREFIXES = ["api-usage", "source-usages", "account-usages", "beta", "v3", "v2024", "v2025", "v2026"]
BESIDE = ["", "/", "/x", "/v1", "/v1/x", "/v1/x/y", "/source-usages", "/source-usages/x/y", "/summary/x"]
TWINS = [("en-US", "DEFAULT"), ("und", "REQUEST")]


def assert_is_an_error_response(reply: httpx.Response, status: int, code: str) -> None:
    assert reply.status_code == status
    body = reply.json()
    assert list(body) == ["detailCode", "trackingId", "messages", "causes"]
    assert body["detailCode"] == code
    assert body["trackingId"] == reply.headers["SLPT-Request-ID"]
    assert [(message["locale"], message["localeOrigin"]) for message in body["messages"]] == TWINS
    assert body["causes"] == []
    assert_has_the_common_headers(reply)


def assert_has_the_common_headers(reply: httpx.Response) -> None:
    assert reply.headers["Content-Type"] == "application/json;charset=UTF-8"
    assert re.fullmatch("[0-9a-f]{32}", reply.headers["SLPT-Request-ID"])


def test_there_are_24_paths() -> None:
    assert len(PATHS) == 24


@pytest.mark.parametrize("path", PATHS)
async def test_each_path_answers_get_and_refuses_every_other_method(
    client: httpx.AsyncClient, path: str
) -> None:
    answer = await client.get(path, headers={"X-SailPoint-Experimental": "true"})
    refusal = await client.post(path, json={})

    assert answer.status_code == 200
    assert_has_the_common_headers(answer)
    assert_is_an_error_response(refusal, 405, "405 Method not allowed")
    assert refusal.headers["Allow"] == "GET"


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE"])
async def test_a_wrong_method_is_405_on_a_path_and_404_beside_it(
    client: httpx.AsyncClient, method: str
) -> None:
    assert (await client.request(method, "/api-usage/v1/count")).status_code == 405
    assert (await client.request(method, "/api-usage/v1/counts")).status_code == 404


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("rest", BESIDE)
async def test_unknown_paths_are_not_found_without_a_token(
    client: httpx.AsyncClient, prefix: str, rest: str
) -> None:
    del client.headers["Authorization"]

    reply = await client.get(f"/{prefix}{rest}")

    assert_is_an_error_response(reply, 404, "404 Not found")


@pytest.mark.parametrize("path", PATHS)
async def test_nothing_is_found_above_and_below_a_path(client: httpx.AsyncClient, path: str) -> None:
    above = path.rpartition("/")[0]

    assert_is_an_error_response(await client.get(above), 404, "404 Not found")
    assert_is_an_error_response(await client.get(f"{path}/x/y"), 404, "404 Not found")


async def test_the_yearly_versions_without_api_usage_do_not_know_it(client: httpx.AsyncClient) -> None:
    for version in ("beta", "v3", "v2024"):
        assert_is_an_error_response(await client.get(f"/{version}/api-usage/count"), 404, "404 Not found")


async def test_paths_beside_the_prefixes_are_left_to_others(client: httpx.AsyncClient) -> None:
    assert "SLPT-Request-ID" not in (await client.get("/v20255/api-usage/count")).headers


async def test_a_bad_parameter_is_named_with_its_value_and_what_is_accepted(
    client: httpx.AsyncClient,
) -> None:
    reply = await client.get("/account-usages/v1/acc-1/summaries?limit=1000")

    assert_is_an_error_response(reply, 400, "400.1.3 Illegal value")
    text = reply.json()["messages"][0]["text"]
    assert '"limit"' in text
    assert '"1000"' in text
    assert "from 0 to 250" in text


@pytest.mark.parametrize(
    "filters", ["method eq 'POST'", "method eq \u201cPOST\u201d", "startDate gt '2025-08-01'"]
)
@pytest.mark.parametrize("path", ["/api-usage/v1/count", "/api-usage/v1/summary"])
async def test_a_filter_in_other_quotes_is_refused_and_never_counts_nothing(
    client: httpx.AsyncClient, path: str, filters: str
) -> None:
    reply = await client.get(path, params={"filters": filters})

    assert_is_an_error_response(reply, 400, "400.0 Bad request syntax")
    assert 'Only " quotes a value, and' in reply.json()["messages"][0]["text"]


@pytest.mark.parametrize("path", ["/source-usages/v1/src-1/summaries", "/account-usages/v1/acc-1/summaries"])
async def test_a_boolean_is_taken_as_powershell_and_python_write_it_and_others_are_refused(
    client: httpx.AsyncClient, path: str
) -> None:
    totals = {
        count: (await client.get(path, params={"count": count})).headers.get("X-Total-Count")
        for count in ("true", "True", "TRUE", "1", "False", "0")
    }
    refused = await client.get(path, params={"count": "yes"})

    assert totals == {"true": "2", "True": "2", "TRUE": "2", "1": "2", "False": None, "0": None}
    assert_is_an_error_response(refused, 400, "400.1.3 Illegal value")
    assert (
        'Received: "yes". Accepted: true or false, in any case, or 1 or 0.'
        in (refused.json()["messages"][0]["text"])
    )


async def test_a_long_value_is_told_shortened(client: httpx.AsyncClient) -> None:
    reply = await client.get("/api-usage/v1/count", params={"filters": "x" * 5000})

    assert_is_an_error_response(reply, 400, "400.1.3 Illegal value")
    assert len(reply.content) < 2000


@pytest.mark.parametrize("filters", ["%00", "method%20eq%20%22%00%F0%9F%98%80%22%20%22", "%FF", "%22%5C"])
async def test_strange_characters_in_filters_are_a_refusal(client: httpx.AsyncClient, filters: str) -> None:
    reply = await client.get(f"/api-usage/v1/summary?filters={filters}")

    assert_is_an_error_response(reply, 400, reply.json()["detailCode"])


@pytest.mark.parametrize("path", ["/source-usages/v1/%00/summaries", "/account-usages/v1/%25FF/summaries"])
async def test_strange_characters_in_ids_are_ids_nobody_has(client: httpx.AsyncClient, path: str) -> None:
    reply = await client.get(path)

    assert (reply.status_code, reply.json()) == (200, [])


async def test_a_busy_engine_asks_to_come_back(
    app: SailPointApp, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_engine(app, monkeypatch, BusyError("the store is behind", retry_after=3))

    reply = await client.get("/api-usage/v1/count")

    assert_is_an_error_response(reply, 503, "503 Service unavailable")
    assert reply.headers["Retry-After"] == "3"


async def test_an_unexpected_error_tells_nothing_but_is_logged_under_its_tracking_id(
    app: SailPointApp,
    client: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    break_engine(app, monkeypatch, RuntimeError("the secret is sesame"))

    with caplog.at_level(logging.ERROR):
        reply = await client.get("/api-usage/v1/count")

    assert_is_an_error_response(reply, 500, "500.0 Internal Fault")
    assert "sesame" not in reply.text
    assert reply.json()["trackingId"] in caplog.text
    assert "the secret is sesame" in caplog.text


async def test_what_the_store_refuses_is_a_bad_request(
    app: SailPointApp, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    pruned = InvalidInputError("its calls are pruned", field="startDate", accepted="2026-01-01 and later")
    break_engine(app, monkeypatch, pruned)

    reply = await client.get("/api-usage/v1/count")

    assert_is_an_error_response(reply, 400, "400.1.3 Illegal value")
    assert reply.json()["messages"][0]["text"] == (
        'Value of "startDate" is empty or contains invalid data. '
        "Its calls are pruned. Accepted: 2026-01-01 and later."
    )


async def test_every_reply_is_one_json_document(client: httpx.AsyncClient) -> None:
    replies = [await client.get(path) for path in ("/v3", "/v2025/api-usage/count", "/api-usage/v1/count")]

    assert [type(json.loads(reply.content)) for reply in replies] == [dict] * 3


def break_engine(app: SailPointApp, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    async def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(app.engine, "usage", fail)


async def test_days_whose_calls_or_counts_were_pruned_are_refused_with_the_earliest_instant(
    app: SailPointApp, client: httpx.AsyncClient
) -> None:
    app.store.prune_calls(date(2026, 3, 10))
    app.store.prune_counts(date(2026, 2, 1))

    whole_days = await client.get("/api-usage/v1/count", params={"filters": 'startDate eq "2026-03-01"'})
    cut_day = await client.get("/api-usage/v1/count", params={"filters": 'startDate gt "2026-03-01"'})
    months = await client.get("/account-usages/v1/acc-1/summaries")

    assert whole_days.status_code == 200
    for refused, earliest in ((cut_day, "2026-03-10T00:00:00Z"), (months, "2026-02-01T00:00:00Z")):
        assert_is_an_error_response(refused, 400, "400.1.3 Illegal value")
        text = refused.json()["messages"][0]["text"]
        assert text.startswith("The request cannot be answered. The c")
        assert text.endswith(f"Accepted: an instant from {earliest} on.")
