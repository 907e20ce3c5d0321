"""Jobs, which are to follow Genesys's queries; numbers were worked out by hand from ``calls.json``."""

from typing import Any

import httpx
import pytest

from tests.dialects.genesys.genesys_app import GenesysApp
from tests.dialects.genesys.jobs import (
    CLIENT_JOBS,
    JOBS,
    MARCH,
    begun,
    entities,
    refusal,
    requests,
    succeeded,
)

USERS, QUEUES = "api/v2/users/{userId}", "api/v2/routing/queues"
BILLING = {"id": "client-1", "name": "Billing"}
REPORTS = {"id": "client-2", "name": "Reports"}


async def test_a_job_tells_where_its_results_are(client: httpx.AsyncClient) -> None:
    posted = await client.post(JOBS, json=MARCH)
    result = await client.get(posted.json()["resultsUri"])

    uri = f"{JOBS}/{posted.json()['id']}"
    assert (posted.status_code, result.status_code) == (200, 200)
    assert posted.json() == {"id": posted.json()["id"], "resultsUri": uri, "selfUri": uri}
    assert list(result.json()) == ["queryStatus", "entities", "selfUri"]
    assert result.json()["selfUri"] == uri


async def test_a_job_without_a_grouping_groups_by_every_column(client: httpx.AsyncClient) -> None:
    rows = await entities(client, metrics=["Requests"])

    assert rows == [
        {"httpMethod": "GET", "templateUri": USERS, "requestCount": 1},
        {
            "httpMethod": "GET",
            "templateUri": USERS,
            "requestCount": 2,
            "oauthClient": BILLING,
            "user": {"id": "user-1"},
        },
        {
            "httpMethod": "POST",
            "templateUri": "api/v2/conversations/calls",
            "requestCount": 1,
            "oauthClient": BILLING,
            "user": {"id": "user-1"},
        },
        {
            "httpMethod": "GET",
            "templateUri": USERS,
            "requestCount": 2,
            "oauthClient": BILLING,
            "user": {"id": "user-2"},
        },
        {
            "httpMethod": "DELETE",
            "templateUri": USERS,
            "requestCount": 1,
            "oauthClient": REPORTS,
            "user": {"id": "user-3"},
        },
        {
            "httpMethod": "GET",
            "templateUri": USERS,
            "requestCount": 2,
            "oauthClient": REPORTS,
            "user": {"id": "user-3"},
        },
        {
            "httpMethod": "GET",
            "templateUri": QUEUES,
            "requestCount": 2,
            "oauthClient": {"id": "client-3"},
        },
    ]


async def test_a_job_counts_by_day_and_client(client: httpx.AsyncClient) -> None:
    rows = await entities(
        client, interval="2026-03-02/2026-03-03", granularity="day", groupBy=["oauthClientName"]
    )

    none = {"status200": 0, "status300": 0, "status400": 0, "status429": 0, "status500": 0}
    assert rows == [
        none | {"date": "2026-03-02", "requestCount": 1, "status200": 1},
        none | {"date": "2026-03-02", "requestCount": 1, "status200": 1, "oauthClient": BILLING},
        none
        | {"date": "2026-03-02", "requestCount": 2, "status200": 1, "status500": 1, "oauthClient": REPORTS},
        none | {"date": "2026-03-03", "requestCount": 1, "status300": 1, "oauthClient": REPORTS},
    ]


async def test_a_clients_job_counts_its_calls_only(client: httpx.AsyncClient) -> None:
    rows = await entities(client, CLIENT_JOBS, groupBy=["OrganizationId", "HttpMethod"])

    assert rows == [
        {
            "httpMethod": "GET",
            "requestCount": 4,
            "status200": 2,
            "status300": 0,
            "status400": 2,
            "status429": 1,
            "status500": 0,
            "organizationId": "acme",
        },
        {
            "httpMethod": "POST",
            "requestCount": 1,
            "status200": 1,
            "status300": 0,
            "status400": 0,
            "status429": 0,
            "status500": 0,
            "organizationId": "acme",
        },
    ]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"oauthClientIds": ["client-1", "client-3", "nobody"]}, [4, 1, 2]),
        ({"userIds": ["user-2", "user-3"]}, [1, 4]),
        ({"userIds": [""]}, [1, 2]),
        ({"httpMethods": ["post", "delete"]}, [1, 1]),
        ({"templateUris": ["/api/v2/users/{userId}"], "userIds": ["user-3"]}, [1, 2]),
        ({"oauthClientIds": ["client-2"], "userIds": ["user-1"]}, []),
        ({"oauthClientIds": None, "userIds": [], "platforms": []}, [1, 7, 1, 2]),
    ],
)
async def test_every_filter_of_a_job_must_hold(
    client: httpx.AsyncClient, filters: dict[str, Any], expected: list[int]
) -> None:
    counts = await requests(client, groupBy=["HttpMethod", "TemplateUri"], **filters)

    assert sorted(counts) == sorted(expected)


@pytest.mark.parametrize(
    ("organizations", "expected"), [(["globex", "acme"], [5]), (["globex"], []), ([], [5])]
)
async def test_a_clients_calls_are_of_its_own_organization(
    client: httpx.AsyncClient, organizations: list[str], expected: list[int]
) -> None:
    counts = await requests(client, CLIENT_JOBS, groupBy=["OrganizationId"], organizationIds=organizations)

    assert counts == expected


async def test_a_job_is_sorted_as_it_is_told(client: httpx.AsyncClient) -> None:
    by_count = [{"fieldName": "requestCount", "order": "Desc"}, {"fieldName": "UserId", "order": "desc"}]
    by_user = [{"fieldName": "userId"}, {"fieldName": "userId", "order": "Desc"}]

    counted = await entities(client, groupBy=["UserId"], metrics=["Requests"], sortBy=by_count)
    named = await entities(client, groupBy=["UserId"], metrics=["Requests"], sortBy=by_user)

    assert counted == [
        {"requestCount": 3, "user": {"id": "user-3"}},
        {"requestCount": 3, "user": {"id": "user-1"}},
        {"requestCount": 3},
        {"requestCount": 2, "user": {"id": "user-2"}},
    ]
    assert [row["requestCount"] for row in named] == [3, 3, 2, 3]


async def test_a_job_is_sorted_by_templates_as_they_are_shown(client: httpx.AsyncClient) -> None:
    last_first = [{"fieldName": "templateUri", "order": "Desc"}]

    rows = await entities(client, groupBy=["TemplateUri"], metrics=["Requests"], sortBy=last_first)

    assert [(row["templateUri"], row["requestCount"]) for row in rows] == [
        (USERS, 8),
        (QUEUES, 2),
        ("api/v2/conversations/calls", 1),
    ]


async def test_filters_of_more_than_a_thousand_values_are_too_long_a_query(
    client: httpx.AsyncClient,
) -> None:
    status, code, message = await refusal(client, userIds=["u"] * 600, templateUris=["t"] * 401)
    fits = await client.post(JOBS, json=MARCH | {"userIds": ["u"] * 600, "templateUris": ["t"] * 400})

    assert (status, code) == (400, "query.too.long")
    assert message == "The query is too long. Its filters have 1001 values, of at most 1000"
    assert fits.status_code == 200


@pytest.mark.parametrize(
    ("fields", "code", "told"),
    [
        ({"interval": None}, "constraint.validation", "must not be blank"),
        ({"interval": "yesterday"}, "invalid.value", "[yesterday]"),
        ({"interval": "2025-03-13/2025-03-20"}, "constraint.validation", "it can start on 2025-03-14"),
        ({"interval": "2025-12-01/2026-03-02"}, "constraint.validation", "more than 90 days after"),
        ({"granularity": "Hour"}, "invalid.value", "Day, Week, Month"),
        ({"metrics": ["Date"]}, "invalid.value", "Status200"),
        ({"groupBy": ["OrganizationId"]}, "invalid.value", "OauthClientName, OauthClientId, UserId"),
        ({"groupBy": ["Platform"]}, "invalid.value", "HttpMethod, TemplateUri"),
        ({"httpMethods": ["FETCH"]}, "invalid.value", "GET"),
        ({"platforms": ["web"]}, "constraint.validation", "omit platforms"),
        ({"userIds": [7]}, "invalid.value", "strings"),
        ({"sortBy": "date"}, "invalid.value", "a list of objects with fieldName and order"),
        ({"sortBy": ["date"]}, "invalid.value", "objects with fieldName and order"),
        ({"sortBy": [{"fieldName": "date"}]}, "invalid.value", "oauthClientId, userId, httpMethod"),
        ({"sortBy": [{"order": "Asc"}]}, "invalid.value", "[fieldName]"),
        ({"sortBy": [{"fieldName": "userId", "order": "up"}]}, "invalid.value", "Asc, Desc"),
        ({"sortBy": [{"field": "userId"}]}, "invalid.property", "[UsageQuerySortBy]"),
        ({"organizationIds": ["acme"]}, "invalid.property", "[OrganizationPublicApiUsageQueryRequest]"),
        ({"oauthClientNames": ["x"]}, "invalid.property", "[oauthClientNames]"),
    ],
)
async def test_a_job_that_can_never_work_is_refused(
    client: httpx.AsyncClient, fields: dict[str, Any], code: str, told: str
) -> None:
    status, refused_with, message = await refusal(client, **fields)

    assert (status, refused_with) == (400, code)
    assert told in message


@pytest.mark.parametrize(
    ("fields", "code", "told"),
    [
        ({"groupBy": ["UserId"]}, "invalid.value", "OrganizationId, HttpMethod, TemplateUri"),
        ({"sortBy": [{"fieldName": "userId"}]}, "invalid.value", "[fieldName]"),
        ({"userIds": ["user-1"]}, "invalid.property", "[ClientPublicApiUsageQueryRequest]"),
    ],
)
async def test_a_clients_job_knows_no_users(
    client: httpx.AsyncClient, fields: dict[str, Any], code: str, told: str
) -> None:
    status, refused_with, message = await refusal(client, CLIENT_JOBS, **fields)

    assert (status, refused_with) == (400, code)
    assert told in message


@pytest.mark.parametrize("interval", ["2025-03-14/2025-06-12", "2026-01/2026-03", "2026-03-15/2026-05-30"])
async def test_a_job_covers_up_to_ninety_days_after_its_first(
    client: httpx.AsyncClient, interval: str
) -> None:
    reply = await client.post(JOBS, json={"interval": interval})

    assert reply.status_code == 200


@pytest.mark.parametrize("app", [{"options": {"ready_within": 0}}], indirect=True)
@pytest.mark.parametrize("path", [JOBS, CLIENT_JOBS])
async def test_a_job_that_runs_shows_nothing_yet(
    app: GenesysApp, client: httpx.AsyncClient, path: str
) -> None:
    app.gate.shut()

    posted = await client.post(path, json=MARCH)
    running = await client.get(posted.json()["resultsUri"])

    assert (posted.status_code, running.status_code) == (202, 202)
    assert running.json() == {"queryStatus": "Running", "selfUri": posted.json()["selfUri"]}


@pytest.mark.parametrize("app", [{"options": {"ready_within": 0}}], indirect=True)
async def test_a_job_that_was_running_is_answered_after_a_restart(
    app: GenesysApp, client: httpx.AsyncClient
) -> None:
    app.gate.shut()
    fields = {
        "groupBy": ["UserId"],
        "sortBy": [{"fieldName": "requestCount"}],
        "userIds": ["user-1", "user-2"],
    }
    posted = await client.post(JOBS, json=MARCH | fields)
    await app.dialect.stop()
    app.gate.open()
    app.dialect = app.new_dialect()
    await app.dialect.start()

    async with app.client() as later:
        result = await succeeded(later, posted.json()["resultsUri"])

    assert [row["requestCount"] for row in result["entities"]] == [2, 3]


@pytest.mark.parametrize("app", [{"options": {"max_rows": 6}}], indirect=True)
async def test_a_job_with_too_many_rows_fails_and_tells_why(client: httpx.AsyncClient) -> None:
    uri = await begun(client)

    reply = await client.get(uri)

    error = reply.json()["errorBody"]
    assert (reply.status_code, reply.json()["queryStatus"]) == (202, "Failed")
    assert (error["code"], error["status"]) == ("response.entity.too.large", 400)
    assert "more than 6 rows" in error["message"]
    assert error["contextId"] == uri.rpartition("/")[2]


@pytest.mark.parametrize("app", [{"options": {"time_limit": 0.02}}], indirect=True)
async def test_a_job_that_takes_too_long_fails(app: GenesysApp, client: httpx.AsyncClient) -> None:
    app.gate.shut()
    uri = await begun(client)

    reply = await client.get(uri)

    assert (reply.status_code, reply.json()) == (202, {"queryStatus": "Failed", "selfUri": uri})


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("acme-token", [200, 200, 200, 200]),
        ("organization-token", [200, 200, 403, 403]),
        ("client-token", [403, 403, 200, 200]),
        ("oauth-token", [403, 403, 403, 403]),
        ("search-token", [403, 403, 403, 403]),
        ("sender-token", [403, 403, 403, 403]),
        ("forged", [401, 401, 401, 401]),
        ("", [401, 401, 401, 401]),
    ],
)
async def test_a_job_asks_for_a_token_with_its_own_permission(
    app: GenesysApp, client: httpx.AsyncClient, token: str, expected: list[int]
) -> None:
    uris = [await begun(client, path) for path in (JOBS, CLIENT_JOBS)]

    async with app.client(token) as visitor:
        replies = [
            await visitor.post(JOBS, json=MARCH),
            await visitor.get(uris[0]),
            await visitor.post(CLIENT_JOBS, json=MARCH),
            await visitor.get(uris[1]),
        ]

    assert [reply.status_code for reply in replies] == expected


async def test_no_organization_sees_the_jobs_of_another(app: GenesysApp, client: httpx.AsyncClient) -> None:
    uris = [await begun(client, path) for path in (JOBS, CLIENT_JOBS)]

    async with app.client("globex-token") as foreign:
        replies = [await foreign.get(uri) for uri in uris]
        own = await requests(foreign, groupBy=["OauthClientId"])

    assert [(reply.status_code, reply.json()["code"]) for reply in replies] == [(404, "not.found")] * 2
    assert own == [1]


async def test_a_job_is_found_at_its_own_path_only(client: httpx.AsyncClient) -> None:
    paths = [
        JOBS + "/{}",
        CLIENT_JOBS + "/{}",
        CLIENT_JOBS.replace("client-1", "client-2") + "/{}",
        "/api/v2/usage/query/{}/results",
        "/api/v2/usage/simplesearch/{}/results",
        "/api/v2/oauth/clients/client-1/usage/query/results/{}",
    ]
    asked = {path: (await begun(client, path)).rpartition("/")[2] for path in (JOBS, CLIENT_JOBS)}
    query = (await client.post("/api/v2/usage/query", json=MARCH)).json()["executionId"]

    found = {
        path: [(await client.get(one.format(job_id))).status_code for one in paths]
        for path, job_id in {**asked, "query": query}.items()
    }

    assert found == {
        JOBS: [200, 404, 404, 404, 404, 404],
        CLIENT_JOBS: [404, 200, 404, 404, 404, 404],
        "query": [404, 404, 404, 200, 404, 404],
    }


async def test_a_client_whose_id_has_a_slash_has_jobs(client: httpx.AsyncClient) -> None:
    path = "/api/v2/usage/client/client%2F%C3%A9%20%252F/aggregates/query/jobs"

    rows = await entities(client, path, interval="2025-12-31/2025-12-31", metrics=["Requests"])

    assert rows == [{"httpMethod": "GET", "templateUri": USERS, "requestCount": 1, "organizationId": "acme"}]


@pytest.mark.parametrize("app", [{"options": {"lag_days": 1}}], indirect=True)
async def test_a_job_leaves_out_today_where_answers_lag(client: httpx.AsyncClient) -> None:
    assert await requests(client, groupBy=["OauthClientId"], oauthClientIds=["client-1"]) == [4]


@pytest.mark.parametrize("app", [{"options": {"requests": 2, "per_seconds": 60}}], indirect=True)
async def test_jobs_count_against_the_rate_limit(client: httpx.AsyncClient) -> None:
    uri = await begun(client)
    await client.get(uri)

    reply = await client.get(uri)

    assert (reply.status_code, reply.json()["code"]) == (429, "too.many.requests.retry.after")
