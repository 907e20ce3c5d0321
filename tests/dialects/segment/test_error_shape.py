"""Whatever goes wrong below ``/usage`` is told in Segment's envelope."""

import logging
from datetime import date
from typing import Any

import httpx
import pytest

from calltally.errors import BusyError, InvalidInputError, OutOfServiceError
from tests.dialects.segment.segment_app import PATHS, PER_SOURCE, WORKSPACE, SegmentApp

BESIDE = [
    *("/usage", "/usage/", "/usage/x", "/usage/daily", "/usage/mtu/daily", "/usage/mtu/sources/daily"),
    *("/usage/api-calls", "/usage/api-calls/sources", "/usage/api-calls/sources/x", "/usage/api-calls/x"),
    *("/usage/api-calls/daily/x", "/usage/api-calls/sources/daily/x/y", "/usage/api-calls/dailyx"),
]
MEMBERS = {"type", "message", "field", "data", "status"}


def assert_is_an_error_response(reply: httpx.Response, status: int, kind: str) -> None:
    assert reply.status_code == status, reply.text
    body = reply.json()
    assert list(body) == ["errors"]
    assert body["errors"]
    assert [(error["type"], error["status"]) for error in body["errors"]] == [(kind, status)] * len(
        body["errors"]
    )
    assert all(set(error) <= MEMBERS and error["message"] for error in body["errors"])
    assert reply.headers["Content-Type"] == "application/json"


def error_of(reply: httpx.Response) -> Any:
    (error,) = reply.json()["errors"]
    return error


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE"])
async def test_each_path_answers_get_and_refuses_every_other_method(
    client: httpx.AsyncClient, path: str, method: str
) -> None:
    reply = await client.request(method, f"{path}?period=2026-03-01")

    assert (reply.status_code, reply.headers["Allow"]) == (405, "GET")
    if method != "HEAD":
        assert_is_an_error_response(reply, 405, "method-not-allowed")


@pytest.mark.parametrize("path", BESIDE)
async def test_unknown_paths_are_not_found_without_a_token(client: httpx.AsyncClient, path: str) -> None:
    del client.headers["Authorization"]

    assert_is_an_error_response(await client.get(path), 404, "not-found")
    assert_is_an_error_response(await client.post(path, json={}), 404, "not-found")


async def test_paths_beside_the_prefix_are_left_to_others(client: httpx.AsyncClient) -> None:
    assert "errors" not in (await client.get("/usages/api-calls/daily")).json()


async def test_a_bad_parameter_is_named_with_its_value_and_what_is_accepted(
    client: httpx.AsyncClient,
) -> None:
    reply = await client.get(f"{WORKSPACE}?period=2026-03-01&pagination[count]=1001")

    assert_is_an_error_response(reply, 422, "input-validation")
    assert error_of(reply)["field"] == "pagination.count"
    assert error_of(reply)["message"] == (
        '"pagination.count" must be a whole number from 1 to 1000; received: "1001"'
    )


async def test_every_fault_is_an_error_of_its_own(client: httpx.AsyncClient) -> None:
    reply = await client.get(f"{PER_SOURCE}?pagination.count=0&pagination.cursor=MA%3D%3D")

    assert_is_an_error_response(reply, 422, "input-validation")
    assert [error["field"] for error in reply.json()["errors"]] == [
        "period",
        "pagination.count",
        "pagination.cursor",
    ]


async def test_of_very_many_faults_the_first_hundred_are_told(client: httpx.AsyncClient) -> None:
    reply = await client.get(PER_SOURCE + "?period=2026-03-01" + "&pagination.count=x" * 500)

    assert_is_an_error_response(reply, 422, "input-validation")
    assert len(reply.json()["errors"]) == 100


async def test_a_long_value_is_told_shortened(client: httpx.AsyncClient) -> None:
    reply = await client.get(WORKSPACE, params={"period": "x" * 5000})

    assert_is_an_error_response(reply, 422, "input-validation")
    assert len(reply.content) < 600


async def test_a_query_string_that_is_not_utf_8_is_refused(client: httpx.AsyncClient) -> None:
    reply = await client.get(f"{WORKSPACE}?period=2026-03-01&x=%FF")

    assert_is_an_error_response(reply, 422, "input-validation")


@pytest.mark.parametrize("path", PATHS)
async def test_a_busy_engine_asks_to_come_back(
    app: SegmentApp, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    break_engine(app, monkeypatch, BusyError("the store is behind", retry_after=3))

    reply = await client.get(f"{path}?period=2026-03-01")

    assert_is_an_error_response(reply, 503, "unavailable")
    assert reply.headers["Retry-After"] == "3"


async def test_a_server_that_ends_asks_to_come_back_without_telling_why(
    app: SegmentApp, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_engine(app, monkeypatch, OutOfServiceError("/var/secret is full"))

    reply = await client.get(f"{WORKSPACE}?period=2026-03-01")

    assert_is_an_error_response(reply, 503, "unavailable")
    assert reply.headers["Retry-After"] == "5"
    assert "secret" not in reply.text


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("the secret is 42"),
        ExceptionGroup("the secret is 42", [InvalidInputError("x"), RuntimeError("42")]),
        ExceptionGroup("the secret is 42", [RuntimeError("42")]),
    ],
)
async def test_an_unexpected_error_tells_nothing_but_is_logged_under_its_request_id(
    app: SegmentApp,
    client: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    break_engine(app, monkeypatch, error)

    with caplog.at_level(logging.ERROR):
        reply = await client.get(f"{PER_SOURCE}?period=2026-03-01")

    assert_is_an_error_response(reply, 500, "server")
    assert error_of(reply)["message"] == "An internal fault occurred"
    assert error_of(reply)["data"]["requestId"] in caplog.text
    assert "the secret is 42" in caplog.text


async def test_what_the_store_refuses_is_a_fault_of_the_request(
    app: SegmentApp, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    pruned = InvalidInputError("its calls are pruned", field="period", accepted="2026-01-01 and later")
    break_engine(app, monkeypatch, pruned)

    reply = await client.get(f"{WORKSPACE}?period=2020-03-01")

    assert_is_an_error_response(reply, 422, "input-validation")
    assert error_of(reply)["message"] == "its calls are pruned; accepted: 2026-01-01 and later"
    assert error_of(reply)["field"] == "period"


@pytest.mark.parametrize("path", [f"{WORKSPACE}?period=2026-03-01", WORKSPACE, "/usage/x"])
async def test_answers_and_refusals_have_the_media_type_that_accept_prefers(
    client: httpx.AsyncClient, path: str
) -> None:
    v1 = "application/vnd.segment.v1+json"
    headers = [("Accept", "application/json;q=0.5"), ("Accept", v1)]

    assert (await client.get(path, headers=headers)).headers["Content-Type"] == v1
    assert (await client.get(path, headers={"Accept": "text/html"})).headers[
        "Content-Type"
    ] == "application/json"


def break_engine(app: SegmentApp, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    async def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(app.engine, "usage", fail)


async def test_a_month_whose_counts_were_pruned_is_refused_with_the_earliest_instant(
    app: SegmentApp, client: httpx.AsyncClient
) -> None:
    app.store.prune_calls(date(2026, 3, 1))
    app.store.prune_counts(date(2026, 3, 1))

    for path in ("/usage/api-calls/daily", "/usage/api-calls/sources/daily"):
        answered = await client.get(path, params={"period": "2026-03-10", "pagination.count": 5})
        refused = await client.get(path, params={"period": "2026-02-10", "pagination.count": 5})

        assert answered.status_code == 200
        assert_is_an_error_response(refused, 422, "input-validation")
        assert error_of(refused)["field"] == "period"
        assert error_of(refused)["message"].endswith("accepted: an instant from 2026-03-01T00:00:00Z on")
