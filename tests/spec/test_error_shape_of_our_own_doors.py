"""Whatever is refused at our own doors is refused in one shape: RFC 9457 problem details."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from litestar.exceptions import HTTPException, ValidationException

from calltally.api.problems import problem_of
from calltally.api.usage_parameters import NAMES
from calltally.errors import (
    BusyError,
    CalltallyError,
    DamagedDataError,
    InvalidInputError,
    NotAllowedError,
    NotAuthenticatedError,
    NotFoundError,
    OutOfServiceError,
    TooLargeError,
    TooManyRequestsError,
    TooSlowError,
    UnsupportedMediaTypeError,
)
from calltally.store.memory.memory_store import MemoryUsageStore
from tests.call_batches import a_call
from tests.usage_app import UsageApp, usage_app


@pytest.fixture(scope="module")
def app() -> Iterator[UsageApp]:
    with usage_app() as app:
        app.count(a_call(), a_call(status=404), a_call(user_id="=1"))
        yield app


def problem(response: httpx.Response) -> Any:
    """The problem that a response tells, whose status must be the response's."""
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == response.status_code
    assert set(body) <= {"title", "status", "detail", "errors"}
    return body


# What a caller sees


def test_a_fault_names_the_field_the_value_received_and_what_would_be_accepted(app: UsageApp) -> None:
    body = problem(app.get("/v1/usage?limit=ten"))

    assert body == {
        "title": "Bad Request",
        "status": 400,
        "detail": "'ten' is not a whole number from 1 to 10000",
        "errors": [
            {
                "detail": "'ten' is not a whole number from 1 to 10000",
                "field": "limit",
                "received": "ten",
                "accepted": "a whole number from 1 to 10000",
            }
        ],
    }


def test_all_faults_of_a_request_are_told_together(app: UsageApp) -> None:
    body = problem(app.get("/v1/usage?limit=ten&granularity=minute&color=red"))

    assert body["detail"] == "3 things are wrong; errors names the first 3"
    assert [error["field"] for error in body["errors"]] == ["color", "granularity", "limit"]


def test_of_very_many_faults_the_first_hundred_are_named(app: UsageApp) -> None:
    body = problem(app.get(f"/v1/usage?group_by={','.join(map(str, range(5000)))}"))

    assert body["detail"] == "5000 things are wrong; errors names the first 100"
    assert [error["received"] for error in body["errors"]] == [str(number) for number in range(100)]


def test_without_credentials_the_challenge_says_no_error(app: UsageApp) -> None:
    response = app.client.get("/v1/usage?limit=ten")

    assert problem(response)["status"] == 401
    assert response.headers["www-authenticate"] == 'Bearer realm="calltally"'


def test_with_wrong_credentials_the_challenge_says_invalid_token(app: UsageApp) -> None:
    response = app.get("/v1/outcomes", caller="stranger")

    assert problem(response)["status"] == 401
    assert response.headers["www-authenticate"] == 'Bearer realm="calltally", error="invalid_token"'


@pytest.mark.parametrize("path", ["/v1/usage", "/v1/outcomes"])
def test_a_caller_without_the_permission_is_told_which_scope_it_takes(app: UsageApp, path: str) -> None:
    response = app.get(path, caller="sender")

    assert problem(response)["detail"] == "one of these permissions is needed: usage:read"
    assert response.headers["www-authenticate"] == (
        'Bearer realm="calltally", error="insufficient_scope", scope="usage:read"'
    )


def test_an_unknown_path_is_a_problem(app: UsageApp) -> None:
    assert problem(app.get("/v1/usages"))["status"] == 404


def test_a_wrong_method_is_a_problem_that_names_the_right_ones(app: UsageApp) -> None:
    response = app.client.post("/v1/usage")

    assert problem(response)["status"] == 405
    assert "GET" in response.headers["allow"].split(", ")


def test_an_unforeseen_error_is_a_500_that_tells_nothing_of_it(
    app: UsageApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("disk sda1 is on fire")

    monkeypatch.setattr(MemoryUsageStore, "usage", fail)

    assert problem(app.get("/v1/usage")) == {"title": "Internal Server Error", "status": 500}


# Bad input: a clear problem that names the parameter, never a 5xx


@pytest.mark.parametrize(
    ("promise", "query_string", "field"),
    [
        ("an impossible date", "from=2026-02-30", "from"),
        ("an instant without an offset", "to=2026-03-01T00:00:00", "to"),
        ("a NUL character", "client_id=a%00b", "client_id"),
        ("a number beyond 64 bits", "limit=18446744073709551616", "limit"),
        ("a number of five thousand digits", f"limit={'9' * 5000}", "limit"),
        ("a text of thirty thousand characters", f"granularity={'x' * 30_000}", "granularity"),
        ("a single parameter given twice", "from=2026-03-01&from=2026-03-02", "from"),
        ("an unknown parameter", "where=1", "where"),
        ("another organization's name", "organization=globex", "organization"),
        ("a field in the wrong case", "Client_ID=a", "Client_ID"),
        ("bytes that are no UTF-8", "client_id=%C3%28", "query string"),
        ("an encoded surrogate", "client_id=%ED%A0%80", "query string"),
        ("two thousand parameters", "&".join(["client_id=a"] * 2000), "query string"),
        ("a cursor that is garbage", "cursor=%F0%9F%90%8C", "cursor"),
        ("a path for a time zone", "time_zone=../../etc/passwd", "time_zone"),
        ("a millennium of hours", "from=1970-01-01&granularity=hour", "granularity"),
    ],
)
def test_bad_input_gets_a_problem_that_names_the_parameter(
    app: UsageApp, promise: str, query_string: str, field: str
) -> None:
    response = app.get(f"/v1/usage?{query_string}")

    errors = problem(response)["errors"]
    assert (response.status_code, errors[0]["field"]) == (400, field), promise
    assert errors[0]["accepted"], promise
    assert len(response.content) < 2000, promise


_texts = st.text(max_size=20) | st.sampled_from(
    [
        "2026-03-01",
        "9999-12-31",
        "UTC",
        "Asia/Tokyo",
        "day",
        "hour",
        "route,status",
        "-calls",
        "1",
        "csv",
        "2xx",
    ]
)
_query_strings = st.lists(st.tuples(st.sampled_from(NAMES) | st.text(max_size=5), _texts), max_size=6).map(
    lambda pairs: "&".join(
        f"{quote(name, errors='replace')}={quote(text, errors='replace')}" for name, text in pairs
    )
)


@given(_query_strings | st.binary(max_size=40).map(quote), st.text("ab/*;,q=.019 csvtexjon", max_size=30))
@example("", "text/csv;q=inf")
@example("", "text/csv;q=1.2.3, */*;q=nan")
def test_any_query_string_gets_an_answer_or_a_problem(app: UsageApp, query_string: str, accept: str) -> None:
    for path in ("/v1/usage", "/v1/outcomes"):
        response = app.get(f"{path}?{query_string}", accept=accept)

        assert response.status_code == 200 or problem(response)["status"] == 400


# Every kind of error has its status


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InvalidInputError("it is wrong"), 400),
        (NotAuthenticatedError("who are you", credentials_were_sent=False), 401),
        (NotAllowedError(("usage:read",)), 403),
        (NotFoundError("no such client"), 404),
        (TooSlowError("no part of the body came"), 408),
        (TooLargeError(10), 413),
        (UnsupportedMediaTypeError("text/plain"), 415),
        (TooManyRequestsError(limit=1, window=1, retry_after=1), 429),
        (DamagedDataError("frame 7"), 500),
        (CalltallyError("anything"), 500),
        (KeyError("anything"), 500),
        (HTTPException("secret", status_code=500), 500),
        (ExceptionGroup("mixed", [InvalidInputError("a"), KeyError("b")]), 500),
        (BusyError("the disk is full", retry_after=7), 503),
        (OutOfServiceError("the disk failed"), 503),
    ],
)
def test_each_kind_of_error_has_its_status(error: Exception, status: int) -> None:
    told = problem_of(error)

    assert told.status == status == json.loads(told.body)["status"]
    assert (b"content-type", b"application/problem+json") in told.headers


@pytest.mark.parametrize(
    "error", [DamagedDataError("frame 7"), KeyError("frame 7"), HTTPException("frame 7", status_code=500)]
)
def test_our_own_faults_are_told_without_details(error: Exception) -> None:
    assert json.loads(problem_of(error).body) == {"title": "Internal Server Error", "status": 500}


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (BusyError("the disk is full", retry_after=7), b"7"),
        (TooManyRequestsError(limit=1, window=1, retry_after=0), b"1"),
    ],
)
def test_who_may_come_again_is_told_when(error: Exception, seconds: bytes) -> None:
    assert (b"retry-after", seconds) in problem_of(error).headers


def test_a_server_that_is_about_to_end_does_not_tell_why() -> None:
    told = problem_of(OutOfServiceError("cannot write /var/lib/calltally/journal/7"))

    assert b"/var/lib" not in told.body
    assert (b"retry-after", b"5") in told.headers


def test_what_does_not_fit_a_signature_is_told_as_faults() -> None:
    error = ValidationException("no", extra=[{"message": "Expected `int`", "key": "days", "source": "body"}])

    assert json.loads(problem_of(error).body)["errors"] == [{"detail": "Expected `int`", "field": "days"}]


@pytest.mark.parametrize(
    ("received", "shown"),
    [
        ("x" * 300, "x" * 199 + "…"),
        ("\ud800", "?"),
        (2**64, "18446744073709551616"),
        (7, 7),
        (True, "true"),
        (["a", "b"], "['a', 'b']"),
        ("", ""),
    ],
)
def test_any_received_value_can_be_shown(received: object, shown: object) -> None:
    told = problem_of(InvalidInputError("it is wrong", received=received))

    assert json.loads(told.body)["errors"][0]["received"] == shown
