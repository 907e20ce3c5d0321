"""Who may ask what, and in which order a request is judged."""

import httpx
import pytest

API_USAGE = ["/api-usage/v1/count", "/api-usage/v1/summary"]
ACTIVITY = [
    "/source-usages/v1/src-1/status",
    "/source-usages/v1/src-1/summaries",
    "/account-usages/v1/acc-1/summaries",
]


async def status(client: httpx.AsyncClient, path: str, token: str | None, **headers: str) -> int:
    authorization = {} if token is None else {"Authorization": f"Bearer {token}"}
    client.headers.pop("Authorization", None)
    return (await client.get(path, headers=authorization | headers)).status_code


@pytest.mark.parametrize("path", API_USAGE + ACTIVITY)
async def test_every_operation_asks_for_a_token_and_a_permission(
    client: httpx.AsyncClient, path: str
) -> None:
    assert await status(client, path, "acme-token") == 200
    assert await status(client, path, None) == 401
    assert await status(client, path, "forged") == 401
    assert await status(client, path, "sender-token") == 403


async def test_sailpoints_own_scopes_open_their_own_operations_only(client: httpx.AsyncClient) -> None:
    assert [await status(client, path, "api-usage-token") for path in API_USAGE] == [200, 200]
    assert [await status(client, path, "api-usage-token") for path in ACTIVITY] == [403, 403, 403]
    assert [await status(client, path, "activity-token") for path in API_USAGE] == [403, 403]
    assert [await status(client, path, "activity-token") for path in ACTIVITY] == [200, 200, 200]


async def test_a_request_is_judged_by_token_then_permission_then_header_then_parameters(
    client: httpx.AsyncClient,
) -> None:
    path = "/v2025/api-usage/count?filters=nonsense"
    experimental = {"X-SailPoint-Experimental": "true"}

    assert await status(client, path, None) == 401
    assert await status(client, path, "sender-token") == 403
    assert "Experimental" in (await client.get(path, headers={"Authorization": "Bearer acme-token"})).text
    assert await status(client, path, "acme-token", **experimental) == 400


async def test_two_organizations_with_the_same_ids_see_their_own_calls_only(
    client: httpx.AsyncClient,
) -> None:
    client.headers["Authorization"] = "Bearer globex-token"

    assert (await client.get("/api-usage/v1/count")).json() == {"NumberOfCalls": 2}
    assert (await client.get("/account-usages/v1/acc-1/summaries")).json() == [
        {"date": "2026-03-01", "count": 1}
    ]
    assert (await client.get("/source-usages/v1/src-1/summaries")).json() == [
        {"date": "2026-03-01", "count": 1.0}
    ]
    assert (await client.get("/source-usages/v1/src-named/status")).json() == {"status": "INCOMPLETE"}


@pytest.mark.parametrize("app", [{"experimental_header": "always"}], indirect=True)
async def test_the_experimental_header_can_be_demanded_everywhere(client: httpx.AsyncClient) -> None:
    assert await status(client, "/api-usage/v1/count", "acme-token") == 400
    assert await status(client, "/v2025/api-usage/count", "acme-token") == 400
    assert await status(client, "/source-usages/v1/src-1/status", "acme-token") == 200


@pytest.mark.parametrize("app", [{"experimental_header": "never"}], indirect=True)
async def test_the_experimental_header_can_be_waived(client: httpx.AsyncClient) -> None:
    assert await status(client, "/v2025/api-usage/count", "acme-token") == 200
    assert (
        await status(client, "/v2025/api-usage/count", "acme-token", **{"X-SailPoint-Experimental": ""})
        == 200
    )
