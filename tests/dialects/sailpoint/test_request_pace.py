"""Each client has its own pace on each API version."""

import httpx
import pytest

TWO_A_MINUTE = [{"requests": 2, "per_seconds": 60}]

pytestmark = pytest.mark.parametrize("app", TWO_A_MINUTE, indirect=True)


async def statuses(client: httpx.AsyncClient, *paths: str, token: str = "acme-token") -> list[int]:
    headers = {"Authorization": f"Bearer {token}"}
    return [(await client.get(path, headers=headers)).status_code for path in paths]


async def test_a_request_too_many_is_told_when_to_come_back(client: httpx.AsyncClient) -> None:
    replies = [await client.get("/api-usage/v1/count") for _ in range(3)]

    assert [reply.status_code for reply in replies] == [200, 200, 429]
    assert replies[2].json() == {"message": " Rate Limit Exceeded "}
    assert 1 <= int(replies[2].headers["Retry-After"]) <= 60
    assert len(replies[2].headers["SLPT-Request-ID"]) == 32


async def test_the_operations_of_a_version_share_its_pace(client: httpx.AsyncClient) -> None:
    paths = ["/v3/source-usages/x/status", "/v3/account-usages/x/summaries", "/v3/source-usages/y/summaries"]

    assert await statuses(client, *paths) == [200, 200, 429]


async def test_every_version_is_counted_apart(client: httpx.AsyncClient) -> None:
    paths = [f"/{version}/source-usages/x/status" for version in ("beta", "v3", "v2024", "v2025", "v2026")]

    assert await statuses(client, *paths, *paths, "/source-usages/v1/x/status") == [200] * 11


async def test_every_client_is_counted_apart(client: httpx.AsyncClient) -> None:
    path = "/source-usages/v1/x/status"

    assert await statuses(client, path, path, path) == [200, 200, 429]
    assert await statuses(client, path, token="globex-token") == [200]


async def test_requests_of_nobody_and_for_nothing_are_not_counted(client: httpx.AsyncClient) -> None:
    path = "/api-usage/v1/count"

    assert await statuses(client, path, path, path, token="forged") == [401, 401, 401]
    assert await statuses(client, "/api-usage/v1/x", "/api-usage/v1/x", path, path) == [404, 404, 200, 200]


async def test_refused_permissions_and_parameters_are_counted(client: httpx.AsyncClient) -> None:
    bad = "/api-usage/v1/summary?limit=-1"

    assert await statuses(client, bad, bad, "/api-usage/v1/count") == [400, 400, 429]
    assert await statuses(client, bad, bad, bad, token="sender-token") == [403, 403, 429]
