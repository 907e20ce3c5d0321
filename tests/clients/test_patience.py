"""Whether and when a request is repeated."""

from collections.abc import Callable

import httpx
import pytest

from calltally.clients.retry_after import retry_after
from calltally.clients.retry_policy import Patience, RetryPolicy


def patience(
    *,
    policy: RetryPolicy = RetryPolicy(),  # noqa: B008 - it is frozen
    until: float | None = None,
    now: Callable[[], float] = lambda: 100.0,
    chance: float = 0.0,
) -> Patience:
    return Patience(policy, now, until, lambda: chance)


def response(status: int, **headers: str) -> httpx.Response:
    return httpx.Response(status, headers={name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": " 0 "}, 0),
        ({"Retry-After": "Sun, 15 Mar 2026 12:00:09 GMT", "Date": "Sun, 15 Mar 2026 12:00:00 GMT"}, 9),
        ({"Retry-After": "Sun, 15 Mar 2026 11:00:00 GMT", "Date": "Sun, 15 Mar 2026 12:00:00 GMT"}, 0),
        ({"Retry-After": "Sun, 15 Mar 2020 11:00:00 GMT"}, 0),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "1.5"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": ""}, None),
        ({}, None),
    ],
)
def test_a_response_tells_how_long_to_wait_in_seconds_or_by_a_date(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert retry_after(httpx.Headers(headers)) == seconds


def test_a_wait_without_end_is_read_and_not_waited_for() -> None:
    endless = response(429, Retry_After="9" * 5000)

    assert retry_after(endless.headers) == float("inf")
    assert patience().pause_after("GET", endless) is None


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_refused_request_is_repeated_after_the_time_it_is_told(method: str, status: int) -> None:
    assert patience().pause_after(method, response(status, Retry_After="7")) == 7


def test_a_little_chance_is_added_so_that_not_everybody_comes_back_at_once() -> None:
    assert patience(chance=1.0).pause_after("GET", response(429, Retry_After="7")) == 7.5


def test_pauses_that_nobody_told_double_up_to_the_longest() -> None:
    waiting = patience(policy=RetryPolicy(attempts=6, first_pause=1, longest_pause=5))

    assert [waiting.pause_after("GET", response(503)) for _ in range(6)] == [1, 2, 4, 5, 5, None]


def test_pauses_that_nobody_told_are_shortened_by_chance_up_to_a_half() -> None:
    assert patience(policy=RetryPolicy(first_pause=1), chance=1.0).pause_after("GET", response(503)) == 0.5


@pytest.mark.parametrize("status", [408, 502, 504])
def test_what_may_have_been_done_is_repeated_only_if_it_does_nothing(status: int) -> None:
    assert patience().pause_after("GET", response(status)) == 0.5
    assert patience().pause_after("POST", response(status)) is None


@pytest.mark.parametrize("status", [200, 302, 400, 401, 404, 500, 501])
def test_other_answers_are_final(status: int) -> None:
    assert patience().pause_after("GET", response(status, Retry_After="1")) is None


@pytest.mark.parametrize("error", [httpx.ReadTimeout(""), httpx.RemoteProtocolError(""), httpx.ReadError("")])
def test_a_post_that_was_broken_off_is_not_repeated(error: httpx.RequestError) -> None:
    assert patience().pause_after_failure("GET", error) == 0.5
    assert patience().pause_after_failure("POST", error) is None


@pytest.mark.parametrize("error", [httpx.ConnectError(""), httpx.ConnectTimeout(""), httpx.PoolTimeout("")])
def test_a_post_that_was_never_sent_is_repeated(error: httpx.RequestError) -> None:
    assert patience().pause_after_failure("POST", error) == 0.5


def test_a_pause_that_would_end_too_late_is_not_made() -> None:
    policy = RetryPolicy(total_seconds=10)

    assert patience(policy=policy).pause_after("GET", response(429, Retry_After="10")) == 10
    assert patience(policy=policy).pause_after("GET", response(429, Retry_After="11")) is None
    assert patience(until=105).pause_after("GET", response(429, Retry_After="6")) is None


def test_the_total_time_begins_with_the_first_attempt() -> None:
    clock = iter([0.0, 9.5])
    waiting = patience(policy=RetryPolicy(total_seconds=10), now=lambda: next(clock))

    assert waiting.pause_after("GET", response(429, Retry_After="1")) is None


def test_one_attempt_means_no_repetition() -> None:
    assert patience(policy=RetryPolicy(attempts=1)).pause_after("GET", response(503)) is None


def test_an_attempt_gets_what_is_left_of_the_time_but_a_second_at_least() -> None:
    assert patience().timeout() is None
    assert patience(until=108).timeout() == 8
    assert patience(until=100.2).timeout() == 1
