"""Genesys's own Python SDK, unmodified, against a real server with a real login."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.dialects.genesys.genesys_server import GenesysServer, serving
from tests.dialects.genesys.purecloud_sdk import PureCloudSdk, running


@pytest.fixture(scope="module")
def sdk() -> Iterator[PureCloudSdk]:
    with running() as sdk:
        yield sdk


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GenesysServer]:
    with serving(tmp_path_factory.mktemp("genesys"), ready_within=0) as server:
        yield server


def rows(result: Any, *fields: str) -> list[tuple[Any, ...]]:
    assert result["query_status"] == "Complete"
    return [tuple(row[field] for field in fields) for row in result["results"]]


def test_the_organization_is_asked_and_polled(sdk: PureCloudSdk, server: GenesysServer) -> None:
    result = sdk.run(
        server,
        """
body = of(sdk.ApiUsageOrganizationQuery, interval="2026-03-01/2026-03-02", granularity="Day",
          metrics=["Status200", "Status400", "Status429", "Requests"],
          group_by=["OAuthClientId", "TemplateUri"])
posted = usage.post_usage_query(body)
result = [posted.results_uri == f"/api/v2/usage/query/{posted.execution_id}/results",
          polled(usage.get_usage_query_execution_id_results, posted.execution_id)]
""",
    )

    assert result[0] is True
    fields = ("date", "client_name", "template_uri", "status200", "status400", "status429", "requests")
    assert rows(result[1], *fields) == [
        ("2026-03-01T00:00:00+00:00", "Billing", "api/v2/users/{userId}", 1, 2, 1, 3),
        ("2026-03-02T00:00:00+00:00", "", "api/v2/users/{userId}", 1, 0, 0, 1),
        ("2026-03-02T00:00:00+00:00", "Billing", "api/v2/conversations/calls", 1, 0, 0, 1),
        ("2026-03-02T00:00:00+00:00", "Reports", "api/v2/users/{userId}", 1, 0, 0, 2),
    ]
    assert {row["status500"] for row in result[1]["results"]} == {None}


def test_a_search_is_asked_and_paged(sdk: PureCloudSdk, server: GenesysServer) -> None:
    result = sdk.run(
        server,
        """
body = of(sdk.ApiUsageSimpleSearch, interval="2026-03/2026-03", oauth_client_names=["Billing", "Reports"],
          http_methods=["GET", "POST"],
          template_uris=["api/v2/users/{userId}", "/api/v2/conversations/calls"],
          metrics=["Date", "ClientName", "Status200"])
posted = usage.post_usage_simplesearch(body)
polled(usage.get_usage_simplesearch_execution_id_results, posted.execution_id)
result, after = [], None
while True:
    given = {"after": after} if after else {}
    page = usage.get_usage_simplesearch_execution_id_results(posted.execution_id, page_size=3, **given)
    result.append(json.loads(page.to_json()))
    after = page.cursors and page.cursors.after
    if not after:
        break
""",
    )

    fields = ("date", "client_name", "status200")
    assert [rows(page, *fields) for page in result] == [
        [
            ("2026-03-01T00:00:00+00:00", "Billing", 1),
            ("2026-03-02T00:00:00+00:00", "Billing", 1),
            ("2026-03-02T00:00:00+00:00", "Reports", 1),
        ],
        [("2026-03-15T00:00:00+00:00", "Billing", 1)],
    ]


def test_a_job_of_the_organization_is_polled_and_paged(sdk: PureCloudSdk, server: GenesysServer) -> None:
    result = sdk.run(
        server,
        """
body = of(sdk.OrganizationPublicApiUsageQueryRequest, interval="2026-03-01/2026-03-31", granularity="Week",
          group_by=["OauthClientId", "UserId", "HttpMethod"],
          http_methods=["GET", "POST"], template_uris=["api/v2/users/{userId}", "api/v2/conversations/calls"],
          sort_by=[of(sdk.UsageQuerySortBy, field_name="requestCount", order="Desc")])
posted = usage.post_usage_aggregates_query_jobs(body)
polled(usage.get_usage_aggregates_query_job, posted.id)
uri = f"/api/v2/usage/aggregates/query/jobs/{posted.id}"
result, after = [posted.results_uri == posted.self_uri == uri], {}
while True:
    page = usage.get_usage_aggregates_query_job(posted.id, page_size=4, **after)
    result.append(json.loads(page.to_json()))
    if page.next_uri is None:
        break
    after = {"after": page.next_uri.partition("after=")[2]}
""",
    )

    assert result[0] is True
    assert [page["query_status"] for page in result[1:]] == ["Succeeded", "Succeeded"]
    fields = ("date", "http_method", "status200", "status400", "status429", "status500", "request_count")
    found = [
        (
            (row["oauth_client"] or {}).get("name"),
            (row["user"] or {}).get("id"),
            *(row[field] for field in fields),
        )
        for page in result[1:]
        for row in page["entities"]
    ]
    assert found == [
        ("Billing", "user-2", "2026-02-23", "GET", 0, 2, 1, 0, 2),
        ("Reports", "user-3", "2026-03-02", "GET", 1, 0, 0, 1, 2),
        ("Billing", "user-1", "2026-02-23", "GET", 1, 0, 0, 0, 1),
        (None, None, "2026-03-02", "GET", 1, 0, 0, 0, 1),
        ("Billing", "user-1", "2026-03-02", "POST", 1, 0, 0, 0, 1),
        ("Billing", "user-1", "2026-03-09", "GET", 1, 0, 0, 0, 1),
    ]
    assert {row["template_uri"] for page in result[1:] for row in page["entities"]} == {None}


def test_a_job_of_a_client_is_polled(sdk: PureCloudSdk, server: GenesysServer) -> None:
    result = sdk.run(
        server,
        """
body = of(sdk.ClientPublicApiUsageQueryRequest, interval="2026-03-01/2026-03-31", metrics=["Requests"],
          organization_ids=["acme"])
posted = usage.post_usage_client_client_id_aggregates_query_jobs("client-2", body)
result = polled(usage.get_usage_client_client_id_aggregates_query_job, "client-2", posted.id)
""",
    )

    assert result["query_status"] == "Succeeded"
    fields = ("organization_id", "http_method", "template_uri", "request_count", "status200", "date")
    assert [tuple(row[field] for field in fields) for row in result["entities"]] == [
        ("acme", "DELETE", "api/v2/users/{userId}", 1, None, None),
        ("acme", "GET", "api/v2/users/{userId}", 2, None, None),
    ]


def test_a_job_that_is_refused_is_an_exception_with_the_error_model(
    sdk: PureCloudSdk, server: GenesysServer
) -> None:
    result = sdk.run(
        server,
        """
good = {"interval": "2026-03/2026-03"}
sender = sdk.UsageApi(client(*sender))
foreign = sdk.UsageApi(client(*foreign))
forged = sdk.ApiClient(); forged.access_token = "forged"
nobody = sdk.UsageApi(forged)
posted = usage.post_usage_aggregates_query_jobs(good)
result = [
    seen(usage.post_usage_aggregates_query_jobs, {}),
    seen(usage.post_usage_aggregates_query_jobs, good | {"userIds": ["u"] * 1001}),
    seen(usage.get_usage_aggregates_query_job, posted.id, page_size=1001),
    seen(nobody.post_usage_aggregates_query_jobs, good),
    seen(sender.post_usage_client_client_id_aggregates_query_jobs, "client-1", good),
    seen(foreign.get_usage_aggregates_query_job, posted.id),
    seen(usage.get_usage_client_client_id_aggregates_query_job, "client-1", posted.id),
]
""",
        sender=server.new_client("calls:send"),
        foreign=server.new_client("usage:read", organization="globex"),
    )

    assert [refusal[:2] for refusal in result] == [
        [400, "constraint.validation"],
        [400, "query.too.long"],
        [400, "invalid.query.param.value"],
        [401, "bad.credentials"],
        [403, "missing.any.permissions"],
        [404, "not.found"],
        [404, "not.found"],
    ]


@pytest.mark.parametrize("api", ["usage", "oauth"])
def test_a_client_is_asked_about_and_summed_up_through_both_api_classes(
    sdk: PureCloudSdk, server: GenesysServer, api: str
) -> None:
    result = sdk.run(
        server,
        f"api = {api}\n"
        """
body = of(sdk.ApiUsageClientQuery, interval="2026-03/2026-03", group_by=["TemplateUri", "HttpMethod"])
posted = api.post_oauth_client_usage_query("client-2", body)
asked = polled(api.get_oauth_client_usage_query_result, posted.execution_id, "client-2")
short = api.get_oauth_client_usage_summary("client-3")
long = api.get_oauth_client_usage_summary("client-3", days="30")
result = [asked, *(polled(api.get_oauth_client_usage_query_result, one.execution_id, "client-3")
                   for one in (short, long))]
""",
    )

    fields = ("template_uri", "http_method", "requests")
    assert rows(result[0], *fields) == [
        ("api/v2/users/{userId}", "DELETE", 1),
        ("api/v2/users/{userId}", "GET", 2),
    ]
    assert rows(result[1], *fields) == rows(result[2], *fields) == [("api/v2/routing/queues", "GET", 2)]


def test_dictionaries_and_unset_fields_are_bodies_too(sdk: PureCloudSdk, server: GenesysServer) -> None:
    result = sdk.run(
        server,
        """
posted = usage.post_usage_query({"interval": "2026-03-15/2026-03-15", "groupBy": ["organizationId"]})
result = polled(usage.get_usage_query_execution_id_results, posted.execution_id)
""",
    )

    assert rows(result, "organization_id", "requests", "date") == [("acme", 1, None)]


def test_refusals_are_exceptions_with_the_error_model(sdk: PureCloudSdk, server: GenesysServer) -> None:
    result = sdk.run(
        server,
        """
good = {"interval": "2026-03/2026-03"}
sender = sdk.UsageApi(client(*sender))
forged = sdk.ApiClient(); forged.access_token = "forged"
nobody = sdk.UsageApi(forged)
posted = usage.post_usage_query(good)
result = [
    seen(usage.post_usage_query, {}),
    seen(usage.post_usage_query, of(sdk.ApiUsageOrganizationQuery, interval="2026/2026", granularity="Hour")),
    seen(usage.get_oauth_client_usage_summary, "client-1", days="many"),
    seen(nobody.post_usage_query, good),
    seen(sender.post_usage_query, good),
    seen(usage.get_usage_query_execution_id_results, "nothing"),
    seen(foreign_usage.get_usage_query_execution_id_results, posted.execution_id)
    if (foreign_usage := sdk.UsageApi(client(*foreign))) else None,
]
""",
        sender=server.new_client("calls:send"),
        foreign=server.new_client("usage:read", organization="globex"),
    )

    assert [refusal[:2] for refusal in result] == [
        [400, "constraint.validation"],
        [400, "invalid.value"],
        [400, "invalid.query.param.value"],
        [401, "bad.credentials"],
        [403, "missing.any.permissions"],
        [404, "not.found"],
        [404, "not.found"],
    ]
    assert "[outdated_sdk_version]" in result[1][2]


def test_the_vendors_own_permissions_open_their_operations(sdk: PureCloudSdk, server: GenesysServer) -> None:
    result = sdk.run(
        server,
        """
searcher = sdk.UsageApi(client(*searcher))
good = {"interval": "2026-03/2026-03"}
searched, queried = seen(searcher.post_usage_simplesearch, good), seen(searcher.post_usage_query, good)
result = ["execution_id" in searched, queried[0]]
""",
        searcher=server.new_client("usage:simpleSearch:view"),
    )

    assert result == [True, 403]


def test_a_request_too_many_is_repeated_by_the_sdk_after_the_time_it_is_told(
    sdk: PureCloudSdk, tmp_path: Any
) -> None:
    with serving(tmp_path, requests=2, per_seconds=1) as server:
        result = sdk.run(
            server,
            """
began = time.monotonic()
posted = [usage.post_usage_query({"interval": "2026-03/2026-03"}) for _ in range(5)]
result = [len({one.execution_id for one in posted}), time.monotonic() - began]
""",
        )

    assert result[0] == 5
    assert 1 <= result[1] < 20


def test_a_request_too_many_is_an_exception_where_the_sdk_does_not_repeat(
    sdk: PureCloudSdk, tmp_path: Any
) -> None:
    with serving(tmp_path, requests=1, per_seconds=60) as server:
        result = sdk.run(
            server,
            """
from urllib3.util import Retry
repeated, Retry.RETRY_AFTER_STATUS_CODES = Retry.RETRY_AFTER_STATUS_CODES, frozenset()
usage.post_usage_query({"interval": "2026-03/2026-03"})
result = seen(usage.post_usage_query, {"interval": "2026-03/2026-03"})
Retry.RETRY_AFTER_STATUS_CODES = repeated
""",
        )

    assert result[:2] == [429, "too.many.requests.retry.after"]
    assert result[2].startswith("Rate limit exceeded the maximum. Retry the request in [")
