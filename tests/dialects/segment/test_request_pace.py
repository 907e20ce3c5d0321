"""Each client has its own pace on all of Segment's operations together."""

import asyncio
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx
import pytest

from tests.dialects.segment.segment_app import PER_SOURCE, WORKSPACE, SegmentApp
from tests.dialects.segment.test_error_shape import assert_is_an_error_response, error_of

TWO_A_MINUTE = [{"requests": 2, "per_seconds": 60}]
GOOD = f"{WORKSPACE}?period=2026-03-01"

two_a_minute = pytest.mark.parametrize("app", TWO_A_MINUTE, indirect=True)


async def statuses(client: httpx.AsyncClient, *paths: str, token: str = "acme-token") -> list[int]:
    headers = {"Authorization": f"Bearer {token}"}
    return [(await client.get(path, headers=headers)).status_code for path in paths]


async def test_a_client_may_ask_200_times_a_minute_and_is_told_where_it_stands(
    client: httpx.AsyncClient,
) -> None:
    before = time.time()
    first, second = await client.get(GOOD), await client.get(f"{PER_SOURCE}?period=2026-03-01")

    assert (first.headers["X-RateLimit-Consumed"], first.headers["X-RateLimit-Remaining"]) == ("1", "199")
    assert (second.headers["X-RateLimit-Consumed"], second.headers["X-RateLimit-Remaining"]) == ("2", "198")
    reset = parsedate_to_datetime(second.headers["X-RateLimit-Reset"])
    assert second.headers["X-RateLimit-Reset"].endswith(" +0000")
    assert before + 59 <= reset.timestamp() <= time.time() + 62
    assert reset > datetime.now(UTC)


@two_a_minute
async def test_a_request_too_many_is_told_when_to_come_back(client: httpx.AsyncClient) -> None:
    replies = [await client.get(GOOD) for _ in range(4)]

    assert [reply.status_code for reply in replies] == [200, 200, 429, 429]
    assert_is_an_error_response(replies[3], 429, "RequestError")
    seconds = int(replies[3].headers["Retry-After"])
    assert 1 <= seconds <= 61
    assert error_of(replies[3])["message"] == "Too many requests"
    assert error_of(replies[3])["data"] == {
        "remainingPoints": 0,
        "msBeforeNext": seconds * 1000,
        "consumedPoints": 2,
    }


@two_a_minute
async def test_both_operations_share_a_pace(client: httpx.AsyncClient) -> None:
    assert await statuses(client, GOOD, f"{PER_SOURCE}?period=2026-03-01", GOOD) == [200, 200, 429]


@two_a_minute
async def test_every_client_is_counted_apart(client: httpx.AsyncClient) -> None:
    assert await statuses(client, GOOD, GOOD, GOOD) == [200, 200, 429]
    assert await statuses(client, GOOD, token="globex-token") == [200]


@two_a_minute
async def test_requests_of_nobody_and_for_nothing_are_not_counted(client: httpx.AsyncClient) -> None:
    assert await statuses(client, GOOD, GOOD, GOOD, token="forged") == [401, 401, 401]
    assert await statuses(client, "/usage/x", "/usage/x", "/usage/x", GOOD, GOOD) == [404, 404, 404, 200, 200]


@two_a_minute
async def test_refused_permissions_and_parameters_are_counted(client: httpx.AsyncClient) -> None:
    assert await statuses(client, WORKSPACE, WORKSPACE, GOOD) == [422, 422, 429]
    assert await statuses(client, GOOD, GOOD, GOOD, token="sender-token") == [401, 401, 429]


@pytest.mark.parametrize("app", [{"requests": 1, "per_seconds": 1}], indirect=True)
async def test_refused_requests_do_not_prolong_the_wait(app: SegmentApp, client: httpx.AsyncClient) -> None:
    assert app.options["per_seconds"] == 1
    assert await statuses(client, GOOD, GOOD, GOOD) == [200, 429, 429]

    await asyncio.sleep(1.1)

    assert await statuses(client, GOOD) == [200]
