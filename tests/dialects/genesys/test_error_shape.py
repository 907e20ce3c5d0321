"""Whatever goes wrong below Genesys's prefix is told in Genesys's shape."""

import asyncio
import logging
import re
from typing import Any

import httpx
import pytest

from calltally.control.executions import Executions
from calltally.dialects.genesys.contract import OPERATIONS, Operation
from calltally.errors import BusyError, OutOfServiceError
from tests.dialects.genesys.genesys_app import GenesysApp

QUERY = "/api/v2/usage/query"
MARCH = {"interval": "2026-03/2026-03"}
UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
BESIDE = [
    *("", "/", "/x", "/usage", "/usage/", "/usage/x", "/usage/x/y/z", "/usage/query/x", "/usage/query/x/y"),
    *("/usage/query/x/results/y", "/usage/query/x/results/y/z", "/usage/simplesearch/x", "/oauth"),
    *("/oauth/x", "/oauth/clients", "/oauth/clients/x", "/oauth/clients/x/y", "/oauth/clients/x/usage"),
    *("/oauth/clients/x/usage/y", "/oauth/clients/x/usage/query/y", "/oauth/clients/x/usage/query/results"),
    *("/usage/aggregates", "/usage/aggregates/query", "/usage/aggregates/query/x", "/usage/client"),
    *("/usage/aggregates/query/jobs/x/y", "/usage/client/x", "/usage/client/x/aggregates/query"),
    *("/usage/client/x/y", "/usage/client/x/aggregates/query/jobs/y/z"),
    *("/oauth/clients/x/usage/query/results/y/z", "/oauth/clients/x/usage/summary/y", "/users/me/%2F/%25"),
]


def assert_is_an_error(reply: httpx.Response, status: int, code: str) -> None:
    assert reply.status_code == status
    body = reply.json()
    expected = ["message", "code", "status", "contextId", "details", "errors"]
    if "messageParams" in body:
        expected[3:3] = ["messageWithParams", "messageParams"]
        assert body["message"] == body["messageWithParams"].format(**body["messageParams"])
    assert list(body) == expected
    assert (body["code"], body["status"], body["details"], body["errors"]) == (code, status, [], [])
    assert body["contextId"] == reply.headers["ININ-Correlation-Id"]
    assert_has_the_common_headers(reply)


def assert_has_the_common_headers(reply: httpx.Response) -> None:
    assert reply.headers["Content-Type"] == "application/json"
    assert re.fullmatch(UUID, reply.headers["ININ-Correlation-Id"])


def path_of(operation: Operation) -> str:
    return operation.path.format(clientId="client-1", executionId="x", jobId="x")


def test_there_are_eleven_operations() -> None:
    assert len(OPERATIONS) == 11


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_each_path_refuses_every_other_method_without_a_token(
    client: httpx.AsyncClient, operation: Operation
) -> None:
    del client.headers["Authorization"]

    others = [method for method in METHODS if method != operation.method]
    replies = [await client.request(method, path_of(operation)) for method in others]

    for reply in replies:
        assert_is_an_error(reply, 405, "method.not.allowed")
        assert reply.headers["Allow"] == operation.method


@pytest.mark.parametrize("rest", BESIDE)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
async def test_unknown_paths_are_not_found_without_a_token(
    client: httpx.AsyncClient, method: str, rest: str
) -> None:
    del client.headers["Authorization"]

    assert_is_an_error(await client.request(method, f"/api/v2{rest}"), 404, "not.found")


async def test_paths_beside_the_prefix_are_left_to_others(client: httpx.AsyncClient) -> None:
    assert "ININ-Correlation-Id" not in (await client.get("/api/v22/usage")).headers
    assert "ININ-Correlation-Id" not in (await client.get("/api")).headers


@pytest.mark.parametrize(
    "operation", [one for one in OPERATIONS if "executionId" in one.path or "jobId" in one.path]
)
@pytest.mark.parametrize(
    "execution_id", ["x", "%00", "%25FF", "%2F", "é", "7b0f4f4c-8f0a-4b5e-9d6b-0d1f5f7f3c11"]
)
async def test_an_execution_that_never_was_is_not_found(
    client: httpx.AsyncClient, operation: Operation, execution_id: str
) -> None:
    path = operation.path.format(clientId="client-1", executionId=execution_id, jobId=execution_id)

    assert_is_an_error(await client.get(path), 404, "not.found")


@pytest.mark.parametrize("client_id", ["%00", "%25FF", "é", "a%2Fb", "%F0%9F%98%80"])
async def test_strange_characters_in_client_ids_are_clients_nobody_has(
    client: httpx.AsyncClient, client_id: str
) -> None:
    posted = await client.post(f"/api/v2/oauth/clients/{client_id}/usage/query", json=MARCH)
    asked = await client.get(f"/api/v2/oauth/clients/{client_id}/usage/summary")
    results = [(await client.get(reply.json()["resultsUri"])).json() for reply in (posted, asked)]

    assert (posted.status_code, asked.status_code) == (200, 200)
    assert results == [{"results": [], "queryStatus": "Complete"}] * 2


async def test_an_answer_has_the_common_headers_too(client: httpx.AsyncClient) -> None:
    posted = await client.post(QUERY, json=MARCH)
    result = await client.get(posted.json()["resultsUri"])

    assert_has_the_common_headers(posted)
    assert_has_the_common_headers(result)
    assert posted.headers["ININ-Correlation-Id"] != result.headers["ININ-Correlation-Id"]


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/xml", "application/json; charset=utf-16", "json", "*/*"]
)
async def test_what_is_no_json_is_an_unsupported_media_type(
    client: httpx.AsyncClient, content_type: str
) -> None:
    reply = await client.post(QUERY, content=b"{}", headers={"Content-Type": content_type})

    assert_is_an_error(reply, 415, "unsupported.media.type")


async def test_a_packed_body_is_an_unsupported_media_type(client: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}

    assert_is_an_error(
        await client.post(QUERY, content=b"{}", headers=headers), 415, "unsupported.media.type"
    )


@pytest.mark.parametrize(
    "headers",
    [{}, {"Content-Type": "Application/JSON"}, {"Content-Type": 'application/json; charset="UTF-8"'}],
)
async def test_json_may_come_under_its_own_name_or_under_none(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    reply = await client.post(QUERY, content=b'{"interval":"2026/2026"}', headers=headers)

    assert reply.status_code == 200


@pytest.mark.parametrize("app", [{"options": {"max_body": 100}}], indirect=True)
async def test_a_body_over_the_limit_is_too_large_whether_announced_or_not(client: httpx.AsyncClient) -> None:
    async def parts() -> Any:
        for _ in range(11):
            yield b" " * 10

    announced = await client.post(QUERY, content=b" " * 101)
    unannounced = await client.post(QUERY, content=parts())
    just_right = await client.post(QUERY, content=b'{"interval":"2026/2026"}'.ljust(100))

    for reply in (announced, unannounced):
        assert_is_an_error(reply, 413, "request.entity.too.large")
        assert reply.json()["message"] == "The request is over the size limit. Maximum bytes: 100"
        assert "Retry-After" not in reply.headers
    assert just_right.status_code == 200


@pytest.mark.parametrize("app", [{"body_seconds": 0.05}], indirect=True)
async def test_a_body_that_stalls_is_a_timeout_of_the_client(client: httpx.AsyncClient) -> None:
    async def parts() -> Any:
        yield b'{"interval":'
        await asyncio.sleep(5)
        yield b'"2026/2026"}'

    reply = await client.post(QUERY, content=parts())

    assert_is_an_error(reply, 408, "client.timeout")
    assert reply.headers["Connection"] == "close"


@pytest.mark.parametrize("app", [{"body_budget": 10}], indirect=True)
async def test_a_body_too_many_must_be_sent_again_later(client: httpx.AsyncClient) -> None:
    reply = await client.post(QUERY, json=MARCH)

    assert_is_an_error(reply, 503, "service.unavailable")
    assert int(reply.headers["Retry-After"]) >= 1


@pytest.mark.parametrize("app", [{"options": {"requests": 2, "per_seconds": 60}}], indirect=True)
async def test_a_request_too_many_must_be_repeated_later(client: httpx.AsyncClient) -> None:
    await client.post(QUERY, json={})
    await client.post(QUERY, json={})

    reply = await client.post(QUERY, json={})

    assert_is_an_error(reply, 429, "too.many.requests.retry.after")
    seconds = reply.headers["Retry-After"]
    assert 1 <= int(seconds) <= 60
    assert reply.json()["message"] == (
        f"Rate limit exceeded the maximum. Retry the request in [{seconds}] seconds"
    )


@pytest.mark.parametrize("app", [{"bounds": {"max_kept": 1}}], indirect=True)
async def test_an_execution_too_many_must_be_repeated_later(client: httpx.AsyncClient) -> None:
    await client.post(QUERY, json=MARCH)

    reply = await client.post(QUERY, json=MARCH)

    assert_is_an_error(reply, 429, "too.many.requests.retry.after")
    assert reply.headers["Retry-After"] == "60"


async def test_a_challenge_comes_with_every_401(client: httpx.AsyncClient) -> None:
    client.headers["Authorization"] = "Bearer forged"
    wrong = await client.post(QUERY, json=MARCH)
    del client.headers["Authorization"]
    missing = await client.post(QUERY, json=MARCH)

    assert_is_an_error(wrong, 401, "bad.credentials")
    assert wrong.headers["WWW-Authenticate"] == 'Bearer realm="calltally", error="invalid_token"'
    assert_is_an_error(missing, 401, "authentication.required")
    assert missing.headers["WWW-Authenticate"] == 'Bearer realm="calltally"'


async def test_a_busy_server_asks_to_come_back(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_executions(monkeypatch, BusyError("the disk is full", retry_after=3))

    reply = await client.post(QUERY, json=MARCH)

    assert_is_an_error(reply, 503, "service.unavailable")
    assert reply.headers["Retry-After"] == "3"
    assert "disk" not in reply.text


async def test_a_server_about_to_end_says_so(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_executions(monkeypatch, OutOfServiceError("/secret/file is gone"))

    reply = await client.post(QUERY, json=MARCH)

    assert_is_an_error(reply, 503, "service.unavailable")
    assert "secret" not in reply.text


@pytest.mark.parametrize("app", [{"options": {"answer_timeout": 0.02}}], indirect=True)
async def test_an_answer_that_takes_too_long_is_given_up(app: GenesysApp, client: httpx.AsyncClient) -> None:
    app.gate.shut()

    reply = await client.post(QUERY, json=MARCH)

    assert_is_an_error(reply, 504, "request.timeout")


async def test_an_unexpected_error_tells_nothing_but_is_logged_under_its_correlation_id(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    break_executions(monkeypatch, RuntimeError("the secret is xyzzy"))

    with caplog.at_level(logging.ERROR):
        reply = await client.post(QUERY, json=MARCH)

    assert_is_an_error(reply, 500, "internal.server.error")
    assert "xyzzy" not in reply.text
    assert reply.json()["contextId"] in caplog.text
    assert "the secret is xyzzy" in caplog.text


def break_executions(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(Executions, "keep", fail)
