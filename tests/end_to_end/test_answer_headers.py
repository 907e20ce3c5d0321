"""What browsers and caches are told with every answer."""

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from calltally.control.permissions import DEFAULT
from tests.end_to_end.server_process import ServerProcess


@pytest.fixture(scope="module")
def visitor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with ServerProcess(tmp_path_factory.mktemp("headers") / "data") as server:
        token = server.token(server.new_client("acme", *DEFAULT))
        with server.visitor(token) as visitor:
            yield visitor


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/usage"),
        ("GET", "/v1/clients"),
        ("POST", "/v1/calls"),
        ("PUT", "/v1/calls"),
        ("POST", "/oauth/token"),
        ("GET", "/oauth//token"),
        ("GET", "/healthz"),
        ("GET", "/metrics"),
        ("GET", "/openapi"),
        ("GET", "/openapi.json"),
        ("GET", "/nowhere"),
        ("GET", "/v2025/api-usage/count"),
        ("GET", "/api/v2/nowhere"),
    ],
)
def test_every_answer_is_taken_for_what_it_says_it_is(visitor: httpx.Client, method: str, path: str) -> None:
    answer = visitor.request(method, path)

    assert answer.headers.get_list("X-Content-Type-Options") == ["nosniff"]
    assert answer.headers.get_list("Referrer-Policy") == ["no-referrer"]
    assert "Strict-Transport-Security" not in answer.headers
    stored = not path.replace("//", "/").startswith(("/v1/", "/oauth/"))
    assert (answer.headers.get("Cache-Control") == "no-store") is not stored


def test_the_page_of_the_api_may_load_and_run_nothing(visitor: httpx.Client) -> None:
    policy = visitor.get("/openapi").headers["Content-Security-Policy"]

    allowed = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert allowed["default-src"] == "'none'"
    assert allowed["frame-ancestors"] == allowed["base-uri"] == allowed["form-action"] == "'none'"
    assert allowed["style-src"].startswith("'sha256-")
    assert "script-src" not in allowed


def test_what_vendors_say_of_caching_is_left_to_them(visitor: httpx.Client) -> None:
    headers = {"X-SailPoint-Experimental": "true"}
    for path in ("/v2025/api-usage/count", "/api/v2/usage/query/e-1/results", "/usage/api-calls/daily"):
        assert visitor.get(path, headers=headers).headers.get("Cache-Control") != "no-store"


@pytest.mark.parametrize(
    ("preference", "listed"),
    [
        ("return=minimal", ["conflict"]),
        ("respond-async, Return=Minimal", ["conflict"]),
        ("return=representation", ["duplicate", "conflict"]),
        ("", ["duplicate", "conflict"]),
    ],
)
def test_duplicates_are_not_listed_for_a_sender_who_prefers_that(
    visitor: httpx.Client, preference: str, listed: list[str]
) -> None:
    call = {"id": f"prefers {preference}", "time": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"}
    visitor.post("/v1/calls", json=call)

    again = visitor.post("/v1/calls", json=[call, {**call, "status": 500}], headers={"Prefer": preference})

    reply = again.json()
    assert (reply["duplicate"], reply["conflict"]) == (1, 1)
    assert [each["verdict"] for each in reply["verdicts"]] == listed
