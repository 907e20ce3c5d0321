"""Who may ask what, who sees whose executions, and in which order a request is judged."""

import httpx
import pytest

from tests.dialects.genesys.genesys_app import GenesysApp

QUERY, SEARCH = "/api/v2/usage/query", "/api/v2/usage/simplesearch"
CLIENT, SUMMARY = "/api/v2/oauth/clients/client-1/usage/query", "/api/v2/oauth/clients/client-1/usage/summary"
MARCH = {"interval": "2026-03/2026-03"}


async def statuses(client: httpx.AsyncClient, token: str | None) -> list[int]:
    """What a token gets of the questions, and then of their results, in the order of the operations."""
    executions = [await ask(client, path) for path in (QUERY, SEARCH, CLIENT, SUMMARY)]
    client.headers.pop("Authorization", None)
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return [
        (await client.post(QUERY, json=MARCH, headers=headers)).status_code,
        (await client.get(executions[0], headers=headers)).status_code,
        (await client.post(SEARCH, json=MARCH, headers=headers)).status_code,
        (await client.get(executions[1], headers=headers)).status_code,
        (await client.post(CLIENT, json=MARCH, headers=headers)).status_code,
        (await client.get(executions[2], headers=headers)).status_code,
        (await client.get(SUMMARY, headers=headers)).status_code,
        (await client.get(executions[3], headers=headers)).status_code,
    ]


async def ask(client: httpx.AsyncClient, path: str) -> str:
    """Asks about March; returns where the results are."""
    reply = await (client.get(path) if path.endswith("summary") else client.post(path, json=MARCH))
    assert reply.status_code == 200
    results_uri: str = reply.json()["resultsUri"]
    return results_uri


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("acme-token", [200] * 8),
        ("oauth-token", [200] * 8),
        ("organization-token", [200, 200, 403, 403, 403, 403, 403, 403]),
        ("search-token", [403, 403, 200, 200, 403, 403, 403, 403]),
        ("client-token", [403, 403, 403, 403, 200, 200, 200, 200]),
        ("sender-token", [403] * 8),
        ("forged", [401] * 8),
        (None, [401] * 8),
    ],
)
async def test_every_operation_asks_for_a_token_and_any_one_of_its_permissions(
    client: httpx.AsyncClient, token: str | None, expected: list[int]
) -> None:
    assert await statuses(client, token) == expected


async def test_no_organization_sees_the_executions_of_another(
    app: GenesysApp, client: httpx.AsyncClient
) -> None:
    uris = [await ask(client, path) for path in (QUERY, SEARCH, CLIENT, SUMMARY)]

    async with app.client("globex-token") as foreign:
        replies = [await foreign.get(uri) for uri in uris]

    assert [(reply.status_code, reply.json()["code"]) for reply in replies] == [(404, "not.found")] * 4


async def test_a_colleague_sees_the_executions_of_the_same_organization(
    app: GenesysApp, client: httpx.AsyncClient
) -> None:
    uri = await ask(client, QUERY)

    async with app.client("colleague-token") as colleague:
        assert (await colleague.get(uri)).json() == (await client.get(uri)).json()


async def test_two_organizations_with_the_same_ids_see_their_own_calls_and_names_only(
    app: GenesysApp,
) -> None:
    async with app.client("globex-token") as client:
        queried = (await client.get(await ask(client, QUERY))).json()["results"]
        of_client = (await client.get(await ask(client, CLIENT))).json()["results"]
        posted = await client.post(SEARCH, json=MARCH | {"oauthClientNames": ["Billing"]})
        searched = (await client.get(posted.json()["resultsUri"])).json()["results"]

    assert [(row["clientName"], row["requests"]) for row in queried] == [("Their Billing", 1)]
    assert [row["requests"] for row in of_client] == [1]
    assert searched == []


async def test_an_execution_is_found_at_the_path_of_its_kind_and_client_only(
    client: httpx.AsyncClient,
) -> None:
    paths = [
        "/api/v2/usage/query/{}/results",
        "/api/v2/usage/simplesearch/{}/results",
        "/api/v2/oauth/clients/client-1/usage/query/results/{}",
        "/api/v2/oauth/clients/client-2/usage/query/results/{}",
    ]
    ids = {path: (await ask(client, path)).split("/") for path in (QUERY, SEARCH, CLIENT, SUMMARY)}
    found = {
        asked: [(await client.get(path.format(max(parts, key=len)))).status_code for path in paths]
        for asked, parts in ids.items()
    }

    assert found == {
        QUERY: [200, 404, 404, 404],
        SEARCH: [404, 200, 404, 404],
        CLIENT: [404, 404, 200, 404],
        SUMMARY: [404, 404, 200, 404],
    }


async def test_a_request_is_judged_by_token_then_permission_then_media_type_then_body(
    app: GenesysApp,
) -> None:
    async def code(token: str, content_type: str) -> str:
        async with app.client(token) as client:
            headers = {"Content-Type": content_type}
            reply = await client.post(QUERY, content=b"nonsense", headers=headers)
        answer: str = reply.json()["code"]
        return answer

    assert await code("", "text/plain") == "authentication.required"
    assert await code("sender-token", "text/plain") == "missing.any.permissions"
    assert await code("acme-token", "text/plain") == "unsupported.media.type"
    assert await code("acme-token", "application/json") == "bad.request"
