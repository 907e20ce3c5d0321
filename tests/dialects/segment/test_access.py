"""Who may ask, in which order a request is judged, and what nobody else is shown."""

import httpx
import pytest

from tests.dialects.segment.segment_app import PATHS, PER_SOURCE, WORKSPACE, SegmentApp
from tests.dialects.segment.test_error_shape import assert_is_an_error_response, error_of


async def get(client: httpx.AsyncClient, path: str, token: str | None) -> httpx.Response:
    client.headers.pop("Authorization", None)
    return await client.get(path, headers={} if token is None else {"Authorization": f"Bearer {token}"})


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("token", "challenge"),
    [
        (None, 'Bearer realm="calltally"'),
        ("forged", 'Bearer realm="calltally", error="invalid_token"'),
        ("sender-token", 'Bearer realm="calltally", error="insufficient_scope", scope="usage:read"'),
    ],
)
async def test_a_token_that_is_missing_wrong_or_without_permission_is_401_before_anything_else(
    client: httpx.AsyncClient, path: str, token: str | None, challenge: str
) -> None:
    reply = await get(client, f"{path}?pagination.count=0", token)

    assert_is_an_error_response(reply, 401, "unauthorized")
    assert reply.headers["WWW-Authenticate"] == challenge


async def test_a_missing_permission_is_named(client: httpx.AsyncClient) -> None:
    reply = await get(client, PER_SOURCE, "sender-token")

    assert error_of(reply)["message"] == "one of these permissions is needed: usage:read"


async def test_two_organizations_with_the_same_sources_see_their_own_calls_only(
    client: httpx.AsyncClient,
) -> None:
    period = "?period=2026-03-01&pagination.count=1000"
    per_source = (await get(client, PER_SOURCE + period, "globex-token")).json()["data"]
    workspace = (await get(client, WORKSPACE + period, "globex-token")).json()["data"]

    rows = [(row["sourceId"], row["apiCalls"]) for row in per_source["dailyPerSourceAPICallsUsage"]]
    assert rows == [("src-a", "0"), ("src-z", "0")] * 2 + [("src-a", "1"), ("src-z", "1")] * 13
    assert [row["apiCalls"] for row in workspace["dailyWorkspaceAPICallsUsage"]] == ["0"] * 2 + ["2"] * 13


async def test_a_cursor_of_another_organization_shows_ones_own_rows(client: httpx.AsyncClient) -> None:
    theirs = (await get(client, f"{PER_SOURCE}?period=2026-03-01&pagination.count=3", "globex-token")).json()
    cursor = theirs["data"]["pagination"]["next"]

    reply = await get(
        client, f"{PER_SOURCE}?period=2026-03-01&pagination.count=2&pagination.cursor={cursor}", "acme-token"
    )

    rows = reply.json()["data"]["dailyPerSourceAPICallsUsage"]
    assert [(row["timestamp"][:10], row["sourceId"]) for row in rows] == [
        ("2026-03-03", ""),
        ("2026-03-03", "src-a"),
    ]


async def test_an_organization_without_calls_has_days_but_no_sources(
    app: SegmentApp, client: httpx.AsyncClient
) -> None:
    assert app.store.position == 1
    workspace = (await get(client, f"{WORKSPACE}?period=2025-12-01", "acme-token")).json()["data"]
    per_source = (await get(client, f"{PER_SOURCE}?period=2025-12-01", "acme-token")).json()["data"]

    assert [row["apiCalls"] for row in workspace["dailyWorkspaceAPICallsUsage"]] == ["0"] * 31
    assert per_source["dailyPerSourceAPICallsUsage"] == []
    assert per_source["pagination"]["totalEntries"] == 0
